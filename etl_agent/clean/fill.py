"""Missing values: nulls are filled with a constant, the previous value, the median or the most frequent value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import as_mask
from etl_agent.clean.distribution import combined_spreads, quantile, spread
from etl_agent.clean.step import CarryStep, Change, Columns, FittedStep, RowStep, chosen, replaced
from etl_agent.clean.values import CellText, plain
from etl_agent.errors import DataRefused
from etl_agent.frozen import Frozen, Names

__all__ = ["Fill", "FillMedian", "FillMode", "FillPrevious", "Filling"]

_MOST_GROUPS = 200_000  # groups whose last values are remembered
_MOST_VALUES = 10_000  # different values that are counted


class Fill(RowStep):
    """Put a value where there is none; the empty string is a value.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "value": "unknown"} | ["a", null, ""] | ["a", "unknown", ""] |
    | {"columns": ["x"], "value": 0} | ["1", null] | ["1", "0"] |
    """

    step: Literal["fill"] = "fill"
    columns: Columns
    """The columns to fill."""
    value: CellText
    """What to put in."""

    change: ClassVar[Change] = "fill"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Fill each column with one kernel call."""
        for name in self.reads(data.schema.names):
            data = replaced(data, name, _filled(data.column(name), self.value))
        return data


def _filled(column: pa.Array, value: str) -> pa.Array:
    return pc.fill_null(column, pa.scalar(value, pa.string())) if column.null_count else column


class FillPrevious(CarryStep):
    """Put the last value before it where there is none, over the whole dataset or within groups.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | [null, "1", null, null, "2", null] | [null, "1", "1", "1", "2", "2"] |
    | {"columns": ["x"], "by": ["g"]} | {"g": ["a", "b", "a", "b"], "x": ["1", null, null, "2"]} | {"g": ["a", "b", "a", "b"], "x": ["1", null, "1", "2"]} |
    """  # noqa: E501  a row of a table is one line

    step: Literal["fill_previous"] = "fill_previous"
    columns: Columns
    """The columns to fill."""
    by: Names = ()
    """Columns that form groups: only values of the same group are carried on. At most 200,000 groups."""

    change: ClassVar[Change] = "fill"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the columns to fill and those that form groups."""
        return tuple(dict.fromkeys((*self.writes(names), *self.by)))

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the columns to fill."""
        return tuple(name for name in chosen(self.columns, names) if name not in self.by)

    def start(self) -> dict[tuple[str | None, ...], dict[str, str]]:
        """Return that no value was seen."""
        return {}

    def carry(self, data: pa.RecordBatch, state: Any) -> tuple[pa.RecordBatch, Any]:
        """Fill the nulls, those at the beginning from the batches before.

        Raises:
            DataRefused: there are more groups than can be remembered.
        """
        if not len(data):
            return data, state
        groups, number = self._groups(data)
        if len(state.keys() | set(groups)) > _MOST_GROUPS:
            raise DataRefused(
                f"there are more than {_MOST_GROUPS} groups, and the last value of each must be remembered",
                where=f"clean, step {self.name}, by {', '.join(self.by)}",
                next_command="group by fewer columns, or sort the file and leave 'by' out",
            )
        carried = {group: dict(held) for group, held in state.items()}
        order = np.argsort(number, kind="stable")
        for name in self.writes(data.schema.names):
            column, source = data.column(name), _last_before(data.column(name), number=number, order=order)
            held = pa.array([state.get(group, {}).get(name) for group in groups], pa.string()).take(pa.array(number))
            filled = pc.coalesce(column.take(pa.array(source, mask=source < 0)), held)
            data = replaced(data, name, filled)
            ends = order[np.flatnonzero(np.diff(number[order], append=-1))]
            for group, value in zip(groups, filled.take(pa.array(ends)).to_pylist(), strict=True):
                if value is not None:
                    carried.setdefault(group, {})[name] = value
        return data, carried

    def _groups(self, data: pa.RecordBatch) -> tuple[list[tuple[str | None, ...]], np.ndarray[Any, np.dtype[np.int64]]]:
        """Return the groups of a batch, and the place of each row's group among them."""
        if not self.by:
            return [()], np.zeros(len(data), np.int64)
        number = np.zeros(len(data), np.int64)
        for name in self.by:
            codes = data.column(name).dictionary_encode(null_encoding="encode")
            number = number * len(codes.dictionary) + codes.indices.to_numpy(zero_copy_only=False)
            number = np.unique(number, return_inverse=True)[1].astype(np.int64)
        firsts = pa.array(np.unique(number, return_index=True)[1])
        columns = [data.column(name).take(firsts).to_pylist() for name in self.by]
        return list(zip(*columns, strict=True)), number


def _last_before(
    column: pa.Array, *, number: np.ndarray[Any, np.dtype[np.int64]], order: np.ndarray[Any, np.dtype[np.int64]]
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return for each row the row of its group's last value up to it, or -1.

    Args:
        column: the values.
        number: the group of each row.
        order: the rows sorted by group, within a group as they stand.
    """
    place = np.arange(len(order))
    present = as_mask(pc.is_valid(column))[order]
    last = np.maximum.accumulate(np.where(present, place, -1))
    begins = np.flatnonzero(np.diff(number[order], prepend=-1))
    first = np.repeat(begins, np.diff(begins, append=len(order)))
    source = np.full(len(order), -1, np.int64)
    source[order] = np.where(last >= first, order[last], -1)
    return source


class Filling(Frozen):
    """What fills the nulls of one column."""

    column: str
    """The column."""
    value: str | None
    """What to put in, or null to leave them."""


class _FillLearned(FittedStep):
    """What steps that fill with a learned value have in common."""

    columns: Columns
    """The columns to fill."""
    learned: tuple[Filling, ...] | None = None
    """What fills each column; left out by hand, written by a lock."""

    change: ClassVar[Change] = "fill"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    @property
    def fitted(self) -> bool:
        """Whether the values are learned."""
        return self.learned is not None

    def _pinned(self, values: dict[str, str | None]) -> Self:
        learned = tuple(Filling(column=column, value=value) for column, value in sorted(values.items()))
        return self.model_copy(update={"learned": learned})

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Fill each column with what was learned for it."""
        values = {each.column: each.value for each in self.learned or ()}
        for name in self.reads(data.schema.names):
            if (value := values.get(name)) is not None:
                data = replaced(data, name, _filled(data.column(name), value))
        return data


class FillMedian(_FillLearned):
    """Put the median of a column's numbers where there is none.

    Of two middle numbers the lower one is taken. It is exact up to 20,000 different numbers in a column, else within
    0.4 % of its size. Where a column has no numbers, its nulls stay.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["1.50", null, "3", "20", "n/a"] | ["1.50", "3", "3", "20", "n/a"] |
    """

    step: Literal["fill_median"] = "fill_median"

    def observe(self, data: pa.RecordBatch) -> dict[str, Any]:
        """Summarise the numbers of each column."""
        return {name: spread(data.column(name)) for name in self.reads(data.schema.names)}

    def combine(self, left: Any, right: Any) -> dict[str, Any]:
        """Merge the summaries."""
        merged = dict(left)
        for name, summary in right.items():
            merged[name] = combined_spreads(merged[name], summary) if name in merged else summary
        return merged

    def fit(self, summary: Any) -> Self:
        """Pin the median of each column."""
        medians = {name: quantile(each, share=0.5) for name, each in summary.items()}
        return self._pinned({name: None if middle is None else plain(middle) for name, middle in medians.items()})


class FillMode(_FillLearned):
    """Put the most frequent value of a column where there is none.

    Of equally frequent ones the first in the order of the alphabet is taken. A column with more than 10,000 different
    values has no typical one: its nulls stay.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["a", "b", null, "b"] | ["a", "b", "b", "b"] |
    """

    step: Literal["fill_mode"] = "fill_mode"

    def observe(self, data: pa.RecordBatch) -> dict[str, dict[str, int] | None]:
        """Count the values of each column; None where there are too many."""
        return {name: _counted(pc.drop_null(data.column(name))) for name in self.reads(data.schema.names)}

    def combine(self, left: Any, right: Any) -> dict[str, Any]:
        """Add the counts."""
        merged = dict(left)
        for name, counts in right.items():
            merged[name] = _added(merged[name], counts) if name in merged else counts
        return merged

    def fit(self, summary: Any) -> Self:
        """Pin the most frequent value of each column."""
        return self._pinned(
            {name: min(counts, key=lambda value: (-counts[value], value), default=None) if counts else None
             for name, counts in summary.items()}
        )  # fmt: skip


def _counted(cells: pa.Array) -> dict[str, int] | None:
    counts = pc.value_counts(cells)
    if len(counts) > _MOST_VALUES:
        return None
    return dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True))


def _added(left: dict[str, int] | None, right: dict[str, int] | None) -> dict[str, int] | None:
    if left is None or right is None:
        return None
    merged = dict(left)
    for value, count in right.items():
        merged[value] = merged.get(value, 0) + count
    return merged if len(merged) <= _MOST_VALUES else None
