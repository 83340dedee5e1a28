"""Propose to bring rare spellings of categories to the usual ones."""

from __future__ import annotations

from collections.abc import Iterable

from etl_agent.clean.clusters import ClusterValues
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.profile.kinds import Kind

__all__ = ["propose"]

_WORDS: tuple[Kind, ...] = ("category", "text", "boolean")


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose for each column of words in which a value has one usual spelling and few rare ones.

    Only case, blanks and punctuation are looked at. That names with other accents or with their words in another
    order are the same is for a person to say: José is not Jose, and Ajax against Feyenoord is the other match.
    """
    for name, kind in evidence.kinds.items():
        if kind not in _WORDS or name in evidence.keys:
            continue
        step = evidence.pinned(ClusterValues(columns=(name,)))
        if not isinstance(step, ClusterValues) or not step.learned:
            continue
        usual = step.learned[0].usual
        column = evidence.coded.columns[name]
        cells = sum(count for text, count in zip(column.texts, column.counts.tolist(), strict=True) if text in usual)
        figures = {"spellings": len(usual), "values": len(set(usual.values())), "cells": cells}
        yield Proposal(step, "a value that has a usual spelling is here and there written otherwise", figures)
