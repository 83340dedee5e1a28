"""Proposals to bring rare spellings to the usual ones."""

import pyarrow as pa

from etl_agent.decide.evidence import Evidence
from etl_agent.decide.propose.clusters import propose


def evidence(cells: list[str | None], *, keys: frozenset[str] = frozenset()) -> Evidence:
    data = pa.RecordBatch.from_pydict({"state": pa.array(cells, pa.string())})
    return Evidence(data, data.num_rows, keys)


def test_a_column_with_rare_spellings_gets_a_step() -> None:
    """The step is pinned by what was seen, and the figures count what it changes."""
    (found,) = propose(evidence(["In Progress"] * 30 + ["Done"] * 30 + ["in progress", "DONE", "DONE"]))
    assert found.step.writes(("state",)) == ("state",)
    assert found.evidence == {"spellings": 2, "values": 2, "cells": 3}


def test_nothing_is_proposed_without_need() -> None:
    """Columns without rare spellings, and keys, get no step."""
    assert not list(propose(evidence(["In Progress"] * 30 + ["Done"] * 30)))
    assert not list(propose(evidence(["In Progress"] * 30 + ["in progress"], keys=frozenset({"state"}))))
