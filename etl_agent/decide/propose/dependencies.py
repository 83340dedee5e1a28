"""Dependencies: cells that contradict what other columns of their row say."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow.compute as pc

from etl_agent.batch import as_mask
from etl_agent.clean.dependencies import RepairDependencies
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal

__all__ = ["propose"]


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose the repair of each column in which the vote of the others changes something."""
    names = tuple(name for name in evidence.names if name not in evidence.keys)
    if not names:
        return
    step = RepairDependencies(columns=names).taught(evidence.coded)
    after = step.apply(evidence.sample)
    for name in names:
        before = evidence.sample.column(name)
        cells = int(np.count_nonzero(as_mask(pc.not_equal(after.column(name), before))))
        if cells:
            narrowed = step.narrowed((name,))
            yield Proposal(
                narrowed,
                "some cells contradict what other columns of their row settle",
                {"column": name, "cells": cells, "rules": _rules(narrowed, name)},
            )


def _rules(step: RepairDependencies, name: str) -> int:
    """Count the rules that speak of a column."""
    return sum(rule.column == name for rule in step.learned.rules) if step.learned else 0
