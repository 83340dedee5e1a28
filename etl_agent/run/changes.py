"""The change ledger: which cells a step changed, from what to what, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.clean.step import Change

__all__ = ["CellChanges", "ChangeLedger", "ChangeRow", "changed_cells"]

MOST_PAIRS = 1_000
"""Pairs kept exactly for each step and column; what comes after is counted in one row."""

_PAIR_COLUMNS = ["before", "after", "rows", "example_before", "example_after"]


@dataclass(frozen=True, slots=True)
class CellChanges:
    """The cells of one column that one step changed in one batch.

    Args:
        step: the step's label in its plan, for example ``2 strip``.
        column: the column.
        total: changed cells.
        pairs: what changed, once each in the order of first appearance, without what only adds to the rest.
            Columns ``before`` and ``after`` (text; null stays null), ``rows`` (int64), ``example_before`` and
            ``example_after`` (text; null unless the pair is one of patterns).
        by_pattern: whether ``before`` and ``after`` are patterns (``9`` digits, ``A`` and ``a`` letters).
    """

    step: str
    column: str
    total: int
    pairs: pa.Table
    by_pattern: bool


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One row of the ledger; ``kind`` is pair, pattern, or rest for what is beyond the kept pairs."""

    step: str
    column: str
    kind: str
    before: str | None
    after: str | None
    rows: int
    example_before: str | None = None
    example_after: str | None = None


def changed_cells(
    before: pa.RecordBatch,
    after: pa.RecordBatch,
    *,
    columns: Sequence[str],
    step: str,
    change: Change,
    known: Callable[[str, str], pa.Array | None] = lambda step, column: None,  # noqa: ARG005  the protocol's names
) -> tuple[CellChanges, ...]:
    """Compare the columns that a step may have changed.

    Args:
        before: the columns before the step.
        after: the columns after it, as many rows.
        columns: the names to compare; one that is not on both sides was added, dropped or renamed and has no
            changed cells.
        step: the step's label.
        change: the step's class of change; changes of mere format are grouped by pattern.
        known: gives the ``before`` values of a step and column whose ledger takes no new pairs, or None
            (``ChangeLedger.known``); other cells are then only counted.
    """
    found = []
    for name in columns:
        if before.schema.get_field_index(name) < 0 or after.schema.get_field_index(name) < 0:
            continue
        old, new = before.column(name), after.column(name)
        mask = _differs(old, new)
        if mask is None or not mask.true_count:
            continue
        old, new = old.filter(mask), new.filter(mask)
        total = len(old)
        if change == "format":
            pairs = _by_pattern(old, new)
        else:
            if (full := known(step, name)) is not None:
                again = pc.is_in(old, value_set=full)
                old, new = old.filter(again), new.filter(again)
            pairs = _grouped(old, new)
        found.append(CellChanges(step, name, total, pairs, change == "format"))
    return tuple(found)


def _differs(old: pa.Array, new: pa.Array) -> pa.BooleanArray | None:
    """Return which cells differ; None where the two are the same memory, as a step leaves a column it did not touch."""
    nulls_differ = pc.xor(old.is_valid(), new.is_valid())
    if _same_text(old, new):  # then nothing but nulls can differ, and no text need be compared
        return nulls_differ if nulls_differ.true_count else None
    return pc.or_(pc.fill_null(pc.not_equal(old, new), pa.scalar(value=False)), nulls_differ)


def _same_text(old: pa.Array, new: pa.Array) -> bool:
    if old.offset != new.offset:
        return False
    pairs = zip(old.buffers()[1:], new.buffers()[1:], strict=True)
    return all(
        one is not None and other is not None and (one.address, one.size) == (other.address, other.size)
        for one, other in pairs
    )


def _grouped(old: pa.Array, new: pa.Array) -> pa.Table:
    nothing = pa.nulls(len(old), pa.string())
    return _added(_pairs(old, new, examples=(nothing, nothing)))


def _by_pattern(old: pa.Array, new: pa.Array) -> pa.Table:
    return _added(_pairs(_pattern(old), _pattern(new), examples=(old, new)))


def _pairs(before: pa.Array, after: pa.Array, *, examples: tuple[pa.Array, pa.Array]) -> pa.Table:
    ones = pa.array(np.ones(len(before), np.int64))
    return pa.table([before, after, ones, *examples], names=_PAIR_COLUMNS)


def _added(pairs: pa.Table) -> pa.Table:
    """Add up the rows of equal pairs, in the order of first appearance, each with its first example."""
    # Arrow's groups come in no promised order, so each carries the place where it was first seen
    placed = pairs.append_column("place", pa.array(np.arange(len(pairs))))
    groups = placed.group_by(["before", "after"], use_threads=False)
    summed = groups.aggregate([("place", "min"), ("rows", "sum")]).sort_by("place_min")
    first = pairs.take(summed["place_min"])
    return first.set_column(first.schema.get_field_index("rows"), "rows", summed["rows_sum"])


def _pattern(values: pa.Array) -> pa.Array:
    """Write runs of digits as 9, of capitals as A, of other letters as a: ``03/04/2025`` becomes ``9/9/9``."""
    if len(values) == 0:
        return values
    # a filtered array begins at 0 and owns its buffers, so the bytes can be mapped in place by numpy
    ends = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1]
    data = values.buffers()[2]
    text = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]] if data else np.empty(0, np.uint8)
    starts = ends - ends[0]
    letters = _CLASSES[text]
    keep = np.ones(len(letters), np.bool_)
    keep[1:] = (letters[1:] != letters[:-1]) | ~_COLLAPSED[letters[1:]]
    keep[starts[:-1][starts[:-1] < len(letters)]] = True
    kept_before = np.concatenate(([0], np.cumsum(keep, dtype=np.int32)))
    offsets = kept_before[starts].astype(np.int32)
    parts = [values.is_valid().buffers()[1], pa.py_buffer(offsets), pa.py_buffer(letters[keep])]
    return pa.StringArray.from_buffers(len(values), parts[1], parts[2], parts[0], values.null_count)


def _classes() -> NDArray[np.uint8]:
    """Map each byte to its class; a byte of a letter beyond ASCII counts as a small letter."""
    classes = np.arange(256, dtype=np.uint8)
    for first, last, letter in (("0", "9", "9"), ("A", "Z", "A"), ("a", "z", "a")):
        classes[ord(first) : ord(last) + 1] = ord(letter)
    classes[128:] = ord("a")
    return classes


_CLASSES = _classes()
_COLLAPSED = np.isin(np.arange(256), [ord(letter) for letter in "9Aa"])


@dataclass(slots=True)
class _Column:
    """What is kept of one step and column: at most MOST_PAIRS pairs, and the rows beyond them."""

    by_pattern: bool
    pairs: pa.Table
    rest: int = 0


class ChangeLedger:
    """Add up the changes of all batches, in order; the sum of its rows is the number of changed cells."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, str], _Column] = {}
        self._known: dict[tuple[str, str], pa.Array] = {}
        self.total = 0

    def add(self, changes: Sequence[CellChanges]) -> None:
        """Add a batch's changes; batches come in dataset order, so the kept pairs are the first ones."""
        for change in changes:
            self.total += change.total
            key = (change.step, change.column)
            kept = self._columns.setdefault(key, _Column(change.by_pattern, change.pairs.slice(0, 0)))
            # the kept pairs stand first, so a full ledger takes no new pair and still counts the old ones exactly
            merged = _added(pa.concat_tables([kept.pairs, change.pairs]))
            kept.pairs = merged.slice(0, MOST_PAIRS)
            kept.rest += change.total - (pc.sum(change.pairs["rows"]).as_py() or 0)
            kept.rest += pc.sum(merged["rows"].slice(MOST_PAIRS)).as_py() or 0
            if len(kept.pairs) == MOST_PAIRS:
                self._known[key] = kept.pairs["before"].combine_chunks()

    def known(self, step: str, column: str) -> pa.Array | None:
        """Return the ``before`` values of a full step and column; they never change again. Safe in any thread."""
        return self._known.get((step, column))

    def by_column(self) -> dict[tuple[str, str], int]:
        """Return the changed cells of each step and column."""
        return {key: kept.rest + (pc.sum(kept.pairs["rows"]).as_py() or 0) for key, kept in self._columns.items()}

    def rows(self) -> Iterator[ChangeRow]:
        """Yield the ledger's rows: the kept pairs of each step and column, then one for the rest."""
        for (step, column), kept in self._columns.items():
            kind = "pattern" if kept.by_pattern else "pair"
            for pair in kept.pairs.to_pylist():
                yield ChangeRow(step=step, column=column, kind=kind, **pair)
            if kept.rest:
                yield ChangeRow(step, column, "rest", None, None, kept.rest)
