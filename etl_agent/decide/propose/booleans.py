"""Truth values that are spelled otherwise than nearly all others of their column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from etl_agent.clean.categories import MapValues
from etl_agent.decide.convention import is_convention
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.profile.coded import CodedColumn
from etl_agent.profile.words import TRUTHS

__all__ = ["propose"]

_MEANINGS = {word: (pair, side) for pair, words in TRUTHS.items() for side, word in enumerate(words)}
_LONGEST = max(map(len, _MEANINGS)) + 2
_LEAST = 2  # rows of each of the two words: one could be a slip itself


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose the two words that are the convention of a column of truth values for the other spellings.

    Nearly all cells must be one of two words of one pair, both of them seen, in one case: yes and no, Y and N. A
    column that also holds words with another meaning (N, E, S, W) has no such convention.
    """
    for name, column in evidence.coded.columns.items():
        if name in evidence.keys:
            continue
        spelled = _spelled(column)
        pair = _convention(column, spelled)
        if pair is None:
            continue
        others = {text: pair[side] for text, (_, side) in spelled.items() if text != pair[side]}
        if others:
            rows = sum(int(column.counts[column.texts.index(text)]) for text in others)
            figures = {"cells": rows, "spellings": len(others), "rows": int(column.counts.sum())}
            reason = "nearly all truth values of the column are spelled in one way"
            yield Proposal(MapValues(columns=(name,), values=dict(sorted(others.items()))), reason, figures)


def _spelled(column: CodedColumn) -> Mapping[str, tuple[str, int]]:
    """Return the values that spell a truth, with the pair of words that they belong to and their side of it."""
    return {
        text: _MEANINGS[folded]
        for text in column.texts
        if len(text) <= _LONGEST and (folded := text.strip().casefold()) in _MEANINGS
    }


def _convention(column: CodedColumn, spelled: Mapping[str, tuple[str, int]]) -> tuple[str, str] | None:
    """Return the words for true and for false; None where they are not nearly all that the column holds."""
    rows = dict(zip(column.texts, column.counts.tolist(), strict=True)) if spelled else {}
    best: list[str] = []
    for side in (0, 1):
        words = [text for text, (_, its) in spelled.items() if its == side and rows[text] >= _LEAST]
        if not words:
            return None
        best.append(max(words, key=lambda text: (rows[text], text)))
    true, false = best
    whole = int(column.counts.sum())
    if spelled[true][0] != spelled[false][0] or not is_convention(rows[true] + rows[false], whole):
        return None
    return true, false
