"""Propose to bring rare spellings of categories to the usual ones."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow.compute as pc

from etl_agent.clean.categories import MapValues
from etl_agent.clean.clusters import ClusterValues
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.decide.respelling import respelled, rows_of, scattered
from etl_agent.profile.coded import CodedColumn
from etl_agent.profile.kinds import Kind

__all__ = ["propose"]

_WORDS: tuple[Kind, ...] = ("category", "text", "boolean")

_WAYS = (
    (r"^([^,]*[^,\s])\s([^,\s]+)$", r"\2, \1"),  # Ann Lee: Lee, Ann
    (r"^(-?\d+)\.(\d+)$", r"\1,\2"),  # 6.99: 6,99
    (r"^(\d+(?:\.\d+)?) (\pL+)$", r"\1\2"),  # 20 mL: 20mL
    (r"^(\d+(?:\.\d+)?) ?(\pL+)$", r"\1\2."),  # 20 mL: 20mL.
)
"""Other ways to write a value (RE2 syntax), in which nothing but order, blanks and marks is different."""


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose for each column of words in which a value has one usual spelling and few rare ones.

    Of words, only case, blanks and punctuation are looked at. That names with other accents or with their words in
    another order are the same is for a person to say: José is not Jose, and Ajax against Feyenoord is the other match;
    but Lee, Ann is Ann Lee, and 6,99 is 6.99, where several values of a column are written in both ways and one of
    them is an accident.
    """
    for name, column in evidence.coded.columns.items():
        if name in evidence.keys:
            continue
        if evidence.kinds[name] in _WORDS:
            yield from _clustered(name, evidence)
        for pattern, other in _WAYS:
            fits = np.asarray(pc.match_substring_regex(column.values, pattern).to_numpy(zero_copy_only=False), np.bool_)
            if fits.sum() < 2:
                continue
            spellings = respelled(column, pc.replace_substring_regex(column.values, pattern, other), among=fits)
            if spellings and scattered(evidence.coded, spellings, of=name):
                yield _spelled(name, column, spellings)


def _clustered(name: str, evidence: Evidence) -> Iterable[Proposal]:
    step = evidence.pinned(ClusterValues(columns=(name,)))
    if not isinstance(step, ClusterValues) or not step.learned:
        return
    usual = step.learned[0].usual
    column = evidence.coded.columns[name]
    figures = {"spellings": len(usual), "values": len(set(usual.values())), "cells": rows_of(column, usual)}
    yield Proposal(step, "a value that has a usual spelling is here and there written otherwise", figures)


def _spelled(name: str, column: CodedColumn, spellings: dict[str, str]) -> Proposal:
    figures = {"spellings": len(spellings), "values": len(set(spellings.values())), "cells": rows_of(column, spellings)}
    reason = "several values are here and there written in another way, and all alike"
    return Proposal(MapValues(columns=(name,), values=dict(sorted(spellings.items()))), reason, figures)
