"""The change ledger: which cells a step changed, from what to what, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.clean.step import Change
from etl_agent.profile.patterns import collapsed_patterns

__all__ = ["CellChanges", "ChangeLedger", "ChangeRow", "changed_cells"]

MOST_PAIRS = 1_000
"""Pairs kept exactly for each step and column; what comes after is counted in one row."""

_PAIR_COLUMNS = ["before", "after", "rows", "example_before", "example_after"]
_PAIR_SCHEMA = pa.schema([(name, pa.int64() if name == "rows" else pa.string()) for name in _PAIR_COLUMNS])
_LOOK, _FEW = 1_024, 64  # cells that are looked at, and values among them up to which a column may have few
_MOST_CODES = 1 << 16  # pairs of values that are counted by code


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
        if _has_few_values(old) and not _same_text(old, new):
            pairs = _few_pairs(old, new)
            if pairs is not None:
                if len(pairs):
                    total = pc.sum(pairs["rows"]).as_py()
                    pairs = _patterns_of(pairs) if change == "format" else pairs
                    found.append(CellChanges(step, name, total, pairs, change == "format"))
                continue
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


def _has_few_values(values: pa.Array) -> bool:
    """Tell whether a column looks like one of few values, by its first cells."""
    return len(values) >= _LOOK and len(values.slice(0, _LOOK).unique()) <= _FEW


def _few_pairs(old: pa.Array, new: pa.Array) -> pa.Table | None:
    """Count the changed pairs of columns of few values by their codes; None where there are many after all."""
    before, after = (values.dictionary_encode(null_encoding="encode") for values in (old, new))
    width = len(after.dictionary)
    if len(before.dictionary) * width > _MOST_CODES:
        return None
    codes = before.indices.to_numpy().astype(np.int64) * width + after.indices.to_numpy()
    rows = np.bincount(codes)
    first = np.zeros(len(rows), np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # the last to be written is the first of its code
    seen = np.flatnonzero(rows)
    olds, news = before.dictionary.take(pa.array(seen // width)), after.dictionary.take(pa.array(seen % width))
    differ = _differs(olds, news)
    if differ is None:
        return pa.table([[]] * len(_PAIR_COLUMNS), schema=_PAIR_SCHEMA)
    changed = seen[differ.to_numpy(zero_copy_only=False)]
    changed = changed[np.argsort(first[changed])]
    nothing = pa.nulls(len(changed), pa.string())
    return pa.table(
        [
            before.dictionary.take(pa.array(changed // width)),
            after.dictionary.take(pa.array(changed % width)),
            pa.array(rows[changed]),
            nothing,
            nothing,
        ],
        schema=_PAIR_SCHEMA,
    )


def _patterns_of(pairs: pa.Table) -> pa.Table:
    """Add pairs up by their patterns; the pair itself is the example."""
    old, new = pairs["before"].combine_chunks(), pairs["after"].combine_chunks()
    shown = [collapsed_patterns(old), collapsed_patterns(new), pairs["rows"], old, new]
    return _added(pa.table(shown, schema=_PAIR_SCHEMA))


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
    return _added(_pairs(collapsed_patterns(old), collapsed_patterns(new), examples=(old, new)))


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
