"""Stray signs: one and the same sign before or behind values that the column otherwise has without it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Mask, as_mask
from etl_agent.clean.stray import StraySigns
from etl_agent.decide.accidents import RARELY, even, independent
from etl_agent.decide.convention import cells, fitting, is_convention, matching
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.profile.coded import CodedColumn, Codes
from etl_agent.profile.nulls import null_sort
from etl_agent.profile.patterns import collapsed_patterns

__all__ = ["propose"]

_LITTER = frozenset("_`;|\\/~")
"""Signs that mean nothing at an end of a value, wherever it stands; also dots, if there are two."""

_LISTED = frozenset(",:")
"""Signs that mean nothing there either, unless the value is a text that may go on."""

_MARKS = frozenset("*#?+!^=&@†‡")
"""Signs that people put on values to say something of them (an estimate, a footnote, a doubt): only those that fall on
all values and all rows alike say nothing. A minus, a percent sign or a bracket says something of each value alone."""

_DOUBT = 0.01
"""A mark is left as soon as accidents would rather rarely look so: it is for them to look like accidents."""

_RISK = 0.0025
"""Of all cells of the table that may lose a mark: were they all meant in spite of all that speaks for accidents, no
more than one cell in 400 would be the worse for it."""

_MARKED = 0.1  # of the cells may carry a mark: more are a system, however evenly they lie
_LEAST = {False: 3, True: 10}  # cells that carry litter, or a mark: of fewer nobody sees how they are spread
_ENDS: tuple[tuple[Literal["start", "end"], int], ...] = (("end", -1), ("start", 0))
_LONGEST = 8  # signs of a run
_COVERED = 0.95  # of the cells must be known values or patterns without the sign
_UNLETTERED = r"^(?:[^\pL]*\d[^\pL]*|[-+]?[\d.,]+[eE][-+]?\d+)$"  # a number, a date, a time
_NUMBERED = "#"  # the one mark that says nothing of a number, but that it is one


@dataclass(frozen=True)
class _Struck:
    """The values of a column that have one run of signs at one end.

    Args:
        column: the column.
        step: what would take the run away.
        places: the values.
    """

    column: CodedColumn
    step: StraySigns
    places: Codes

    @property
    def mark(self) -> bool:
        """Whether the sign may say something of a value."""
        return self.step.run[0] in _MARKS or (self.step.run[0] == "~" and self.step.at == "start")

    @cached_property
    def bare(self) -> list[str]:
        """The values without the run."""
        size = len(self.step.run)
        texts = (self.column.texts[place] for place in self.places.tolist())
        return [text[size:] if self.step.at == "start" else text[:-size] for text in texts]

    @cached_property
    def known(self) -> Codes:
        """The place of each value without the run among the column's values; -1 where it is none."""
        found = pc.index_in(pa.array(self.bare, pa.string()), value_set=self.column.values)
        return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int64)

    @property
    def counts(self) -> Codes:
        """Rows of each value."""
        return self.column.counts[self.places]

    @property
    def rows(self) -> int:
        """Rows of all of them."""
        return int(self.counts.sum())

    @cached_property
    def others(self) -> Mask:
        """The values that are not struck."""
        found = np.ones(len(self.column.values), np.bool_)
        found[self.places] = False
        return found

    @property
    def only(self) -> bool:
        """Whether the column has but one value: then no other one could be struck."""
        rows = self.column.counts[self.known[self.known >= 0]]
        return bool(len(rows)) and is_convention(int(rows.max()), self.whole - self.rows)

    @property
    def foreign(self) -> bool:
        """Whether the run stands nowhere else in the column: neither inside these values nor in others."""
        texts = pa.concat_arrays([self.column.values.filter(pa.array(self.others)), pa.array(self.bare, pa.string())])
        return not pc.match_substring(texts, self.step.run).true_count

    @property
    def closed(self) -> bool:
        """Whether nearly all of them are values of the column without the run."""
        return bool(self.counts[self.known >= 0].sum() >= _COVERED * self.rows)

    @cached_property
    def fitting(self) -> bool:
        """Whether nearly all of them are values of the column without the run, or have a pattern that is its own."""
        found = fitting(self.column, pa.array(self.bare, pa.string()), among=self.others)
        return bool(self.counts[found].sum() >= _COVERED * self.rows)

    @property
    def formed(self) -> bool:
        """Whether the values have a form that tells them from words: nearly all others hold a digit."""
        return is_convention(cells(self.column, matching(self.column, r"\d") & self.others), self.whole - self.rows)

    @property
    def measured(self) -> bool:
        """Whether nearly all others are numbers, dates or times."""
        return is_convention(
            cells(self.column, matching(self.column, _UNLETTERED) & self.others), self.whole - self.rows
        )

    @property
    def whole(self) -> int:
        """Rows with a value."""
        return int(self.column.counts.sum())

    @cached_property
    def _comparable(self) -> Mask:
        """The other values that could have been struck: no nulls, and for litter none of a pattern that none has."""
        values = self.column.values
        found = self.others & np.array([null_sort(text) is None for text in self.column.texts], np.bool_)
        if self.mark:
            return found
        patterns = collapsed_patterns(pa.array(self.bare, pa.string()))
        return found & as_mask(pc.is_in(collapsed_patterns(values), value_set=patterns.unique()))

    @property
    def evenly(self) -> bool:
        """Whether each value has the run as often as its rows let expect."""
        classes = np.where(self.known >= 0, self.known, len(self.column.values) + np.arange(len(self.known)))
        size = len(self.column.values) + len(self.known)
        struck = np.bincount(classes, weights=self.counts, minlength=size).astype(np.int64)
        others = np.zeros(size, np.int64)
        others[: len(self.column.values)] = np.where(self._comparable, self.column.counts, 0)
        return even(struck, struck + others, chance=_DOUBT if self.mark else RARELY)


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose to take away signs that got before or behind values by accident.

    The sign stands nowhere else in the column, few cells have it, and without it they are values of the column or
    have a pattern that is its own. Accidents strike values as often as these stand there: a sign that one value has
    more often than another one, as in A+ or C#, belongs to it. Signs that may be a remark (Pass?, Iran*) must also be
    spread evenly over all that the other columns say, and few; they are left on numbers and dates (12*, 1850?), of
    which each has its own, and on words that are no category.
    """
    marked: list[_Struck] = []
    for name, column in evidence.coded.columns.items():
        if name in evidence.keys or len(column.values) < 2:
            continue
        found = [struck for struck in _candidates(name, column) if _accidental(struck)]
        marks = [struck for struck in found if struck.mark]
        marked += [struck for struck in marks if len(marks) == 1 and _unremarkable(struck, evidence, of=name)]
        yield from (_proposal(struck) for struck in found if not struck.mark)
    left = _RISK * evidence.sample.num_rows * len(evidence.names)
    for struck in sorted(marked, key=lambda each: each.rows):
        left -= struck.rows
        if left >= 0:
            yield _proposal(struck)


def _proposal(struck: _Struck) -> Proposal:
    figures = {"cells": struck.rows, "values": len(struck.places), "rows": struck.whole}
    return Proposal(struck.step, "a sign that stands nowhere else in the column is on few of its cells", figures)


def _candidates(name: str, column: CodedColumn) -> Iterator[_Struck]:
    """Group the values by the run of one sign at an end of them."""
    signs = pa.array(sorted(_LITTER | _LISTED | _MARKS | {"."}))
    for at, place in _ENDS:
        ends = pc.utf8_slice_codeunits(column.values, place, None if place else 1)
        runs: dict[str, list[int]] = {}
        for value in np.flatnonzero(as_mask(pc.is_in(ends, value_set=signs))).tolist():
            text = column.texts[value]
            rest = text.rstrip(text[-1]) if at == "end" else text.lstrip(text[0])
            size = len(text) - len(rest)
            if rest and size <= _LONGEST and not rest[place].isspace():
                runs.setdefault(text[place] * size, []).append(value)
        for run, places in runs.items():
            if run != ".":
                yield _Struck(column, StraySigns(columns=(name,), run=run, at=at), np.array(places, np.int64))


def _accidental(struck: _Struck) -> bool:
    """Say whether the sign looks like an accident, as far as the column alone can tell."""
    run = struck.step.run
    if struck.rows < _LEAST[struck.mark] or (len(set(struck.bare)) < 2 and not (struck.only and not struck.mark)):
        return False
    if not is_convention(struck.whole - struck.rows, struck.whole) or not struck.foreign or not struck.fitting:
        return False
    if struck.mark and (not struck.closed or struck.measured) and not (run[0] == _NUMBERED and struck.formed):
        return False
    if (run[0] in _LISTED or run[0] == ".") and not (struck.closed or struck.formed):
        return False
    return struck.evenly


def _unremarkable(struck: _Struck, evidence: Evidence, *, of: str) -> bool:
    """Say whether a mark is on few rows, which have nothing else in common."""
    rows = np.isin(struck.column.codes, struck.places)
    return bool(struck.rows <= _MARKED * struck.whole) and independent(rows, evidence.coded, of=of, chance=_DOUBT)
