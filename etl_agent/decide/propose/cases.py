"""Letter case: values that were typed in another case than the rest of their column."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Mask
from etl_agent.clean.case_form import CaseAs, CaseStyle, cased_pattern, in_style
from etl_agent.clean.categories import MapValues
from etl_agent.decide.convention import cells, is_convention, matching
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.decide.respelling import LEAST, respelled, rows_of, scattered
from etl_agent.profile.coded import CodedColumn
from etl_agent.profile.patterns import masked_patterns

__all__ = ["propose"]

_STYLES: tuple[CaseStyle, ...] = get_args(CaseStyle)
_KERNELS: Mapping[CaseStyle, Callable[[pa.StringArray], pa.StringArray]] = {
    "upper": pc.utf8_upper,
    "lower": pc.utf8_lower,
    "title": pc.utf8_title,
}
_KNOWN = 0.2  # of the words of a column must come again: else words say nothing
_AS_KNOWN = 0.75  # of that share must the words of the values in question come again in the column's case
_WORD = re.compile(r"[^\W\d_]+")


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose the column's own case for the few values that were typed in another one.

    A spelling goes if the same value stands there in another case far more often, and if all values are struck alike:
    where only one value has two spellings, or some have far more than others (MW and mW), case tells them apart; where
    it goes with another column, as TP53 and Trp53 with the species, it is that column's rule. A
    code that does not stand there otherwise follows the case that nearly all codes of its pattern have, if its letters
    stand elsewhere in that case. Names and texts without digits are left: how those are written is free.
    """
    for name, column in evidence.coded.columns.items():
        if name in evidence.keys or len(column.values) < 2:
            continue
        spellings = _respelled(column)
        if spellings and scattered(evidence.coded, spellings, of=name):
            figures = {
                "spellings": len(spellings),
                "values": len(set(spellings.values())),
                "cells": rows_of(column, spellings),
            }
            reason = "values stand there in another case too, far more often, and all alike"
            yield Proposal(MapValues(columns=(name,), values=dict(sorted(spellings.items()))), reason, figures)
        if is_convention(cells(column, matching(column, r"\d")), int(column.counts.sum())):
            for proposal, values in _customs(name, column, without=frozenset(spellings)):
                if scattered(evidence.coded, values, of=name):
                    yield proposal


def _respelled(column: CodedColumn) -> dict[str, str]:
    """Return the usual spelling for each that only differs in case from it."""
    found: dict[str, str] = {}
    for kernel in _KERNELS.values():
        found |= respelled(column, kernel(column.values), among=_lettered(column))
    return {other: value for other, value in found.items() if value not in found}


def _lettered(column: CodedColumn) -> Mask:
    return matching(column, r"\pL")


@dataclass(frozen=True)
class _Words:
    """The words of the values that keep to a custom.

    Args:
        values: those values.
        rows: rows of each.
    """

    values: Sequence[str]
    rows: Sequence[int]

    @cached_property
    def counts(self) -> Counter[str]:
        """Rows of each word, as it is written."""
        found: Counter[str] = Counter()
        for value, rows in zip(self.values, self.rows, strict=True):
            for word in _WORD.findall(value):
                found[word] += rows
        return found

    @property
    def repeated(self) -> float:
        """The share of the words that come again."""
        every = self.counts.total()
        return sum(rows for rows in self.counts.values() if rows > 1) / every if every else 0.0

    def known(self, values: Sequence[str], rows: Sequence[int]) -> float:
        """Return the share of the words of other values that are among these."""
        others = _Words(values, rows).counts
        every = others.total()
        return sum(rows for word, rows in others.items() if word in self.counts) / every if every else 0.0


def _customs(name: str, column: CodedColumn, *, without: frozenset[str]) -> Iterable[tuple[Proposal, Sequence[str]]]:
    """Propose the case of the column, or that of the values with the same pattern; with the values that change."""
    styled = {style: in_style(column.values, style) for style in _STYLES}
    lettered = cells(column, _lettered(column))
    for to in ("upper", "lower"):
        if is_convention(cells(column, styled[to]), lettered):
            steps = [CaseAs(columns=(name,), of=(style,), to=to) for style in _STYLES if style != to]
            custom = styled[to]
            break
    else:
        patterns, custom = _patterns(column)
        steps = [CaseAs(columns=(name,), of=(style,), patterns=patterns) for style in _STYLES if patterns]
    kept = np.flatnonzero(custom)
    words = _Words([column.texts[place] for place in kept], column.counts[kept].tolist())
    counts = dict(zip(column.texts, column.counts.tolist(), strict=True))
    for step in steps:
        changed = {value: now for value, now in _changed(step, column, custom) if value not in without}
        rows = {value: counts[value] for value in changed}
        if _proven(words, changed, rows):
            figures = {"cells": sum(rows.values()), "values": len(changed), "rows": lettered}
            reason = "few codes are in another case than their pattern, and have the same letters"
            yield Proposal(step, reason, figures), [*changed]


def _proven(words: _Words, changed: Mapping[str, str], rows: Mapping[str, int]) -> bool:
    if len(changed) < 2 or sum(rows.values()) < LEAST or words.repeated < _KNOWN:
        return False
    return words.known([*changed.values()], [*rows.values()]) >= _AS_KNOWN * words.repeated


def _changed(step: CaseAs, column: CodedColumn, custom: Mask) -> Iterable[tuple[str, str]]:
    """Return the values that a step changes, and what becomes of them."""
    after = step.apply(pa.RecordBatch.from_arrays([column.values], names=list(step.columns))).column(0).to_pylist()
    pairs = zip(column.texts, after, custom.tolist(), strict=True)
    return [(before, now) for before, now, kept in pairs if before != now and not kept]


def _patterns(column: CodedColumn) -> tuple[tuple[str, ...], Mask]:
    """Return the patterns in which nearly all values with the same signs are written, and which values are."""
    written = _written(column)
    groups: dict[str, Counter[str]] = {}
    for pattern, rows in zip(written, column.counts.tolist(), strict=True):
        if pattern is not None and "A" in pattern.upper():
            groups.setdefault(pattern.replace("Aa", "A").upper(), Counter())[pattern] += rows
    usual = {
        pattern
        for counts in groups.values()
        for pattern, rows in counts.most_common(1)
        if is_convention(rows, counts.total())
    }
    return tuple(sorted(usual)), np.array([pattern in usual for pattern in written], np.bool_)


def _written(column: CodedColumn) -> list[str | None]:
    """Return how the words of each value are written, from the few shapes that the values have."""
    shapes = pc.if_else(pc.string_is_ascii(column.values), masked_patterns(column.values), column.values)
    encoded = shapes.dictionary_encode()
    patterns = pa.array([cased_pattern(shape) for shape in encoded.dictionary.to_pylist()], pa.string())
    written: list[str | None] = patterns.take(encoded.indices).to_pylist()
    return written
