"""Missing markers: words and signs that stand for no value, told from values by what the rest of the column is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Mask, as_mask
from etl_agent.clean.missing import MARKERS, MissingAs, NullMarkers
from etl_agent.decide.convention import cells, is_convention, matching
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.profile.coded import CodedColumn
from etl_agent.profile.kinds import Kind
from etl_agent.profile.nulls import NULL_SPELLINGS, NullSort

__all__ = ["propose"]

_MEASURES: frozenset[Kind] = frozenset(
    {"integer", "number", "money", "percent", "quantity", "date", "time", "timestamp"}
)
"""Kinds of columns that no word can be a value of."""

_LEAST = 3
"""Cells that hold a value, on the mean, in a column of answers that come again."""

_NUMBER = r"^[-+]?\d+(?:[.,]\d+)*$"


@dataclass(frozen=True)
class _Missing:
    """How a column writes that there is no value.

    Args:
        nulls: cells that are null.
        markers: rows of each word and sign that stands for no value.
        measured: whether the column holds numbers, dates or times, so that no word can be a value of it.
        solid: whether nearly all its other cells hold letters or digits.
    """

    nulls: int
    markers: Mapping[str, int]
    measured: bool
    solid: bool

    @property
    def convention(self) -> str | None:
        """The one marker that the column uses, but for accidents; None where null is it or there is none."""
        whole = self.nulls + sum(self.markers.values())
        return next((word for word, rows in self.markers.items() if is_convention(rows, whole)), None)

    @property
    def consistent(self) -> bool:
        """Whether all missing cells look alike: that is no dirt, whatever they look like."""
        return not self.markers or (self.nulls == 0 and len(self.markers) == 1)


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose to write missing values in one way.

    Words that only programs write become null in columns of numbers, dates and times, and wherever the table writes
    null for missing values elsewhere, unless the word is as frequent as a column's other answers. Other words, and
    signs alone, are markers only where they cannot be values; a column that writes all its missing values in one such
    way keeps it, and where nearly all are written in one way the few others follow it, be they signs or, in columns of
    text, null.
    """
    columns = {name: column for name, column in evidence.coded.columns.items() if name not in evidence.keys}
    measured = {name for name, column in columns.items() if evidence.kinds[name] in _MEASURES or _digits(column)}
    has_nulls = any(column.nulls for column in evidence.coded.columns.values())
    programs = {name: _rows(column, np.isin(column.texts, MARKERS)) for name, column in columns.items()}
    chosen = [
        name
        for name, rows in programs.items()
        if rows and (name in measured or (has_nulls and not _answered(columns[name], rows)))
    ]
    if chosen:
        rows = sum(sum(programs[name].values()) for name in chosen)
        yield Proposal(NullMarkers(columns=tuple(chosen)), "programs write these words for no value", {"cells": rows})
    for name, column in columns.items():
        cleared = programs[name] if name in chosen else {}
        yield from _unified(name, _missing(column, measured=name in measured, cleared=cleared))


def _digits(column: CodedColumn) -> bool:
    """Say whether nearly all values are numbers, also where each stands once, as numbers of a small table do."""
    missing = _written(column, "sign", "word", "program")
    return is_convention(cells(column, matching(column, _NUMBER)), int(column.counts[~missing].sum()))


def _answered(column: CodedColumn, rows: Mapping[str, int]) -> bool:
    """Say whether a word is as frequent as the answers of a column usually are, and far more than null is."""
    most = max(rows.values())
    usual = int(column.counts.sum()) / len(column.values)
    return most >= usual >= _LEAST and most > 2 * column.nulls


def _rows(column: CodedColumn, values: Mask) -> dict[str, int]:
    return {column.texts[place]: int(column.counts[place]) for place in np.flatnonzero(values)}


def _written(column: CodedColumn, *sorts: NullSort) -> Mask:
    """Say which values are null spellings of some sorts, whatever their case."""
    folded = pc.utf8_lower(pc.utf8_trim_whitespace(column.values))
    words = [word for word, sort in NULL_SPELLINGS.items() if sort in sorts]
    return as_mask(pc.is_in(folded, value_set=pa.array(words)))


def _missing(column: CodedColumn, *, measured: bool, cleared: Mapping[str, int]) -> _Missing:
    markers = _written(column, "sign", "word", "program") if measured else _written(column, "sign")
    found = {text: rows for text, rows in _rows(column, markers).items() if text not in cleared}
    solid = as_mask(pc.match_substring_regex(column.values, r"[\pL\d]"))
    known = int(column.counts.sum()) - sum(cleared.values())
    others = known - sum(found.values())
    return _Missing(
        nulls=column.nulls + sum(cleared.values()),
        markers=found,
        measured=measured and 2 * others > known,
        solid=is_convention(cells(column, solid) - sum(cleared.values()), known) and not _constant(column, solid),
    )


def _constant(column: CodedColumn, solid: Mask) -> bool:
    """Say whether the column has but one value, so that its noise stands for that one."""
    rows = column.counts[solid]
    return bool(len(rows)) and is_convention(int(rows.max()), int(rows.sum()))


def _unified(name: str, missing: _Missing) -> Iterable[Proposal]:
    """Propose one spelling of what is missing in a column."""
    if missing.consistent:
        return
    convention = missing.convention
    figures = {"cells": sum(missing.markers.values()), "nulls": missing.nulls, "spellings": len(missing.markers)}
    if convention is None:
        if missing.measured or (missing.nulls and missing.solid):
            step = NullMarkers(columns=(name,), markers=tuple(missing.markers))
            reason = "missing values are written in several ways, and these cells cannot be values"
            yield Proposal(step, reason, figures)
        return
    others = tuple(marker for marker in missing.markers if marker != convention)
    reason = "nearly all missing values of the column are written in one way"
    nulls = bool(missing.nulls) and not missing.measured
    if others or nulls:
        yield Proposal(MissingAs(columns=(name,), write=convention, markers=others, nulls=nulls), reason, figures)
