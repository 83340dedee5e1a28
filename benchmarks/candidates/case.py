"""A step on a table whose truth is known, and what the step does to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.clean.step import KeyStep, RowStep, SiftStep, Step, replaced
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.gate.removals import removed_rows
from etl_agent.profile.coded import CodedTable
from etl_agent.profile.nulls import null_sort

__all__ = ["Case", "Dependent", "Exchanged", "Outcome", "Shifted", "Sort", "Subject", "outcome", "with_cells"]

Sort = Literal["format", "value", "fill", "null", "remove"]


@dataclass(frozen=True)
class Subject:
    """A table to try steps on.

    Args:
        name: of the table.
        dirty: as it is found.
        clean: the truth, cell by cell the same table.
    """

    name: str
    dirty: pa.RecordBatch
    clean: pa.RecordBatch

    @cached_property
    def coded(self) -> CodedTable:
        """The truth as codes."""
        return CodedTable.of(self.clean)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self.clean.schema.names)

    def random(self, purpose: str) -> Random:
        """Return a generator that gives the same numbers whenever it is asked for the same purpose."""
        return Random(f"{self.name}:{purpose}")

    def cells(self, name: str) -> list[str | None]:
        """Return the true cells of a column."""
        found: list[str | None] = self.clean.column(name).to_pylist()
        return found


@dataclass(frozen=True)
class Case:
    """A step that is put before the gate.

    Args:
        kind: what the step is meant to show: ``typo map``, ``false dependency``.
        sort: the class of its change.
        step: the step, pinned.
        dirty: the rows that it is tried on.
        truth: what these rows should be.
        extra: rows that should not be there.
    """

    kind: str
    sort: Sort
    step: Step
    dirty: pa.RecordBatch
    truth: pa.RecordBatch
    extra: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Cells, or rows, that a step puts right and makes wrong; a value that is made up is wrong unless it is true."""

    right: int
    wrong: int

    @property
    def harmful(self) -> bool:
        """Whether it makes more wrong than right."""
        return self.wrong > self.right

    @property
    def sound(self) -> bool:
        """Whether it does good, and at most one cell of ten that it touches becomes wrong."""
        return self.right > 0 and self.wrong <= 0.1 * (self.right + self.wrong)


def outcome(case: Case) -> Outcome:
    """Count what a step does, by the truth."""
    if isinstance(case.step, SiftStep | KeyStep):
        gone, stays = removed_rows(case.step, case.dirty)
        extra = case.extra if case.extra is not None else np.zeros(len(gone), np.bool_)
        # Of two equal rows it does not matter which one leaves.
        fine = extra | (extra[stays] & gone)
        gone &= fine | ~_equal_rows(case.dirty, stays)  # a copy that was there before is no loss
        return Outcome(int((gone & fine).sum()), int((gone & ~fine).sum()))
    after = Evidence(case.dirty, case.dirty.num_rows).after(case.step).sample
    right = wrong = 0
    for name in case.truth.schema.names:
        if name not in after.schema.names:
            wrong += case.truth.num_rows
            continue
        before, now, meant = case.dirty.column(name), after.column(name), case.truth.column(name)
        was, is_ = _same(before, meant), _same(now, meant)
        gap, still = _missing(before), _missing(now)
        right += int((is_ & ~was).sum())
        # One wrong value for another is neither right nor wrong, nor is one spelling of no value for another.
        wrong += int((((was & ~is_) & ~(gap & still)) | (gap & ~still & ~is_)).sum())
    return Outcome(right, wrong)


def _same(left: pa.Array, right: pa.Array) -> NDArray[np.bool_]:
    null = pc.and_(left.is_null(), right.is_null())
    same = pc.or_(pc.fill_null(pc.equal(left, right), fill_value=False), null)
    found: NDArray[np.bool_] = same.to_numpy(zero_copy_only=False)
    return found


def _equal_rows(data: pa.RecordBatch, stays: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which rows are equal to the row that stays for them, and are not that row."""
    whole = CodedTable.of(data).joint(data.schema.names)
    return (whole == whole[stays]) & (stays != np.arange(len(stays)))


def _missing(cells: pa.Array) -> NDArray[np.bool_]:
    return np.array([cell is None or null_sort(cell) is not None for cell in cells.to_pylist()], np.bool_)


def with_cells(data: pa.RecordBatch, name: str, cells: Sequence[str | None]) -> pa.RecordBatch:
    """Return the rows with other cells in a column."""
    return replaced(data, name, pa.array(cells, pa.string()))


class _Made(RowStep):
    """The part that steps share which only this benchmark knows."""

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  they are asked for nothing else
        """Name no column: the gate is told nothing of what such a step looks at."""
        return ()

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name every column."""
        return tuple(names)


class Dependent(_Made):
    """Write the value that belongs to the value of another column, over what stands there, or into nulls alone."""

    step: Literal["dependent"] = "dependent"
    change = "value"
    given: tuple[str, ...]
    column: str
    values: dict[str, str]
    nulls_only: bool = False

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Look each row up."""
        given = [data.column(name).to_pylist() for name in self.given]
        keys = ["\x1f".join(map(str, row)) for row in zip(*given, strict=True)]
        cells = data.column(self.column).to_pylist()
        made = [
            self.values.get(key, cell) if (cell is None) == self.nulls_only else cell
            for key, cell in zip(keys, cells, strict=True)
        ]
        return with_cells(data, self.column, made)


class Exchanged(_Made):
    """Exchange the cells of two columns."""

    step: Literal["exchanged"] = "exchanged"
    change = "value"
    first: str
    second: str

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Exchange them."""
        first, second = data.column(self.first), data.column(self.second)
        return replaced(replaced(data, self.first, second), self.second, first)


class Shifted(_Made):
    """Move the cells of a column one row down."""

    step: Literal["shifted"] = "shifted"
    change = "format"
    column: str

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Move them."""
        cells = data.column(self.column).to_pylist()
        return with_cells(data, self.column, [*cells[-1:], *cells[:-1]])


def chosen(items: Sequence[str], random: Random, count: int) -> Iterator[str]:
    """Draw some of the items."""
    yield from random.sample(list(items), min(count, len(items)))
