"""Put known errors into cells that look clean, so that what a cleaning does to them can be counted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.batch import as_mask
from etl_agent.clean.missing import MARKERS
from etl_agent.decide.corruption import maker
from etl_agent.profile.coded import CodedTable
from etl_agent.profile.patterns import collapsed_patterns

__all__ = ["KINDS", "ErrorKind", "Injected", "Truth", "inject", "looks_clean"]

ErrorKind = Literal[
    "typo",
    "blot",
    "noise",
    "blank",
    "case",
    "format",
    "marker",
    "null_word",
    "missing",
    "other_value",
    "dependency",
    "swap",
    "spill",
]
"""null_word: a word where no value was. missing: no value where one was. other_value: a value of another row.
dependency: the same, in a column that another column determines. swap: the values of two neighbours exchanged.
spill: a value behind that of its left neighbour, in the neighbour's cell. The others: ``corruption.VALUE_KINDS``."""

KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)

_NULL_WORDS = (*MARKERS, "NA", "-", "--", "?", "none", "missing", "unknown")
_EXAMPLES = 200  # values of a column that choose the style of its errors
_DRAWS = 8  # draws for another row's value that differs
_WITNESSES = 3  # rows that must agree on a dependent value: with fewer, not even a person could tell which is wrong
_HOLDS = 0.99  # of the rows must agree with the dependency: the cells that look clean may hold an error or two
_TRIVIAL = 0.9  # a value in more than this share of the rows is "determined" by anything


@dataclass(frozen=True, slots=True)
class Truth:
    """The cells of one column that are wrong now.

    Args:
        rows: their places, ascending.
        before: what they were.
        kinds: what was done to them, one a row.
    """

    rows: NDArray[np.int64]
    before: pa.StringArray
    kinds: tuple[ErrorKind, ...]


@dataclass(frozen=True)
class Injected:
    """Rows with known errors.

    Args:
        clean: the rows as they were.
        data: the rows with the errors.
        truth: the wrong cells by column; a column without any is not named.
    """

    clean: pa.RecordBatch
    data: pa.RecordBatch
    truth: Mapping[str, Truth]

    @property
    def errors(self) -> int:
        """Wrong cells."""
        return sum(len(truth.rows) for truth in self.truth.values())


def inject(
    sample: pa.RecordBatch,
    *,
    seed: int,
    share: float,
    kinds: Sequence[ErrorKind] = KINDS,
    keys: Collection[str] = (),
    eligible: Mapping[str, NDArray[np.bool_]] | None = None,
) -> Injected:
    """Put errors into some cells; the same arguments always make the same errors.

    The errors of a column have their style in common (one other spelling of its dates, one sign of noise), as the
    errors of real files do. A kind that fits no cell of a column leaves its part to the others.

    Args:
        sample: rows as text columns.
        seed: another one makes other errors.
        share: of the eligible cells of each column that become wrong, between 0 and 1.
        kinds: of errors, in equal parts.
        keys: columns that are left alone.
        eligible: for a column the cells that may become wrong, or stand for no value; by default ``looks_clean``.

    Raises:
        ValueError: the share is not between 0 and 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share is between 0 and 1, not {share}")
    table = _Table(sample, frozenset(keys))
    for name in table.open:
        column = sample.column(name)
        may = looks_clean(column) if eligible is None or name not in eligible else eligible[name]
        null = as_mask(column.is_null())
        _spoil(table, name, rows=np.flatnonzero(may & ~null), kinds=kinds, share=share, seed=seed)
        if "null_word" in kinds:
            may_be_word = null if eligible is None or name not in eligible else null & may
            _write_null_words(table, name, rows=np.flatnonzero(may_be_word), share=share, seed=seed)
    return table.injected()


def looks_clean(column: pa.StringArray) -> NDArray[np.bool_]:
    """Say which cells hold a value that looks right: one that is frequent, or whose pattern is.

    What went wrong by accident is rarely the same twice. So a value that occurs three times, or one of a pattern that
    a tenth of the column has, is most often what was meant.
    """
    encoded = column.dictionary_encode()
    values = encoded.dictionary
    codes = pc.fill_null(encoded.indices, len(values)).to_numpy(zero_copy_only=False)
    counts = np.bincount(codes, minlength=len(values) + 1)[:-1]
    patterns = collapsed_patterns(values).dictionary_encode().indices.to_numpy(zero_copy_only=False)
    common = np.bincount(patterns, weights=counts)[patterns] >= 0.1 * counts.sum() if len(values) else counts > 0
    marker = as_mask(pc.is_in(values, pa.array(MARKERS, pa.string())))
    good = np.append(((counts >= _WITNESSES) | common) & ~marker, False)
    clean: NDArray[np.bool_] = good[codes]
    return clean


class _Table:
    """The cells while they are being spoilt: no cell twice, so that each error is of one kind."""

    def __init__(self, sample: pa.RecordBatch, keys: frozenset[str]) -> None:
        self.clean = sample
        self.names: list[str] = sample.schema.names
        self.open = [name for name in self.names if name not in keys]
        self.before: dict[str, list[str | None]] = {name: sample.column(name).to_pylist() for name in self.names}
        self.cells = {name: list(cells) for name, cells in self.before.items()}
        self.spoilt: dict[str, dict[int, ErrorKind]] = {name: {} for name in self.names}

    @cached_property
    def witnesses(self) -> Mapping[str, NDArray[np.int64]]:
        """For each column that another one determines: the rows that share the determining value of each row."""
        coded = CodedTable.of(self.clean)
        found: dict[str, NDArray[np.int64]] = {}
        for name in self.open:
            target = coded.columns[name]
            if not len(target.counts) or target.counts.max() > _TRIVIAL * coded.rows:
                continue
            for other, source in coded.columns.items():
                if other == name or not len(source.values) or len(source.values) * _WITNESSES > coded.rows:
                    continue
                joint = source.codes * (len(target.values) + 1) + target.codes
                pairs, first, times = np.unique(joint, return_index=True, return_counts=True)
                most = np.zeros(len(source.values), np.int64)
                known = source.codes[first] >= 0
                np.maximum.at(most, source.codes[first][known], times[known])
                if most.sum() >= _HOLDS * source.counts.sum() and len(pairs) > 1:
                    rows = np.append(source.counts, 0)[source.codes]
                    found[name] = np.maximum(found[name], rows) if name in found else rows
        return found

    def write(self, row: int, values: Mapping[str, str | None], kind: ErrorKind) -> bool:
        """Put wrong values into a row, if every one is a change of a cell that is still right."""
        if any(row in self.spoilt[name] or self.cells[name][row] == value for name, value in values.items()):
            return False
        for name, value in values.items():
            self.cells[name][row] = value
            self.spoilt[name][row] = kind
        return True

    def injected(self) -> Injected:
        """Return the rows with what was done to them."""
        truth = {}
        for name, spoilt in self.spoilt.items():
            if spoilt:
                rows = np.array(sorted(spoilt), np.int64)
                before = self.clean.column(name).take(pa.array(rows))
                truth[name] = Truth(rows, before, tuple(spoilt[row] for row in rows.tolist()))
        columns = [
            pa.array(self.cells[name], pa.string()) if name in truth else self.clean.column(name) for name in self.names
        ]
        return Injected(self.clean, pa.RecordBatch.from_arrays(columns, names=self.names), truth)


_Spoiler = Callable[[int, Random], Mapping[str, str | None] | None]
"""Says what the cells of a row would be with an error in one column; None where it has no place for this error."""


def _spoil(
    table: _Table, name: str, *, rows: NDArray[np.int64], kinds: Sequence[ErrorKind], share: float, seed: int
) -> None:
    """Spoil a share of some rows of a column, by each kind in turn."""
    random = Random(f"{seed}:{name}")  # noqa: S311 - made errors, no secret
    spoilers = [(kind, made) for kind in kinds if (made := _spoiler(table, name, kind, seed=seed))]
    wanted = round(share * len(rows))
    if not spoilers or not wanted:
        return
    order = rows.tolist()
    random.shuffle(order)
    turn = random.randrange(len(spoilers))
    for row in order:
        for offset in range(len(spoilers)):
            kind, spoil = spoilers[(turn + offset) % len(spoilers)]
            values = spoil(row, random)
            if values and table.write(row, values, kind):
                wanted -= 1
                turn += offset + 1
                break
        if not wanted:
            return


def _write_null_words(table: _Table, name: str, *, rows: NDArray[np.int64], share: float, seed: int) -> None:
    random = Random(f"{seed}:{name}:null_word")  # noqa: S311 - made errors, no secret
    word = random.choice(_NULL_WORDS)
    for row in random.sample(rows.tolist(), round(share * len(rows))):
        table.write(row, {name: word}, "null_word")


def _spoiler(table: _Table, name: str, kind: ErrorKind, *, seed: int) -> _Spoiler | None:
    """Return what makes errors of a kind in a column; None where the column has no place for them."""
    cells = table.before[name]
    place = table.open.index(name)
    match kind:
        case "null_word":
            return None
        case "missing":
            return lambda _row, _: {name: None}
        case "other_value":
            return lambda row, random: {name: _another(cells, row, random)}
        case "dependency":
            rows = table.witnesses.get(name)
            if rows is None:
                return None
            return lambda row, random: {name: _another(cells, row, random)} if rows[row] >= _WITNESSES else None
        case "swap" | "spill":
            if not place:
                return None
            return _with_neighbour(table, name, table.open[place - 1], swap=kind == "swap")
        case _:
            style = Random(f"{seed}:{name}:{kind}")  # noqa: S311 - made errors, no secret
            values = [value for value in dict.fromkeys(cells) if value]
            style.shuffle(values)
            corrupt = maker(kind)(style, values[:_EXAMPLES]) if values else None
            if corrupt is None:
                return None
            return lambda row, random: (
                {name: spoilt} if (value := cells[row]) and (spoilt := corrupt(value, random)) is not None else None
            )


def _another(cells: Sequence[str | None], row: int, random: Random) -> str | None:
    """Draw a value of another row that is not this one's; this one's where the column hardly has another."""
    for _ in range(_DRAWS):
        drawn = cells[random.randrange(len(cells))]
        if drawn is not None and drawn != cells[row]:
            return drawn
    return cells[row]


def _with_neighbour(table: _Table, name: str, left: str, *, swap: bool) -> _Spoiler:
    right_cells, left_cells = table.before[name], table.before[left]

    def spoil(row: int, random: Random) -> Mapping[str, str | None] | None:  # noqa: ARG001 - all spoilers alike
        mine, other = right_cells[row], left_cells[row]
        if mine is None or (swap and other is None):
            return None
        if swap:
            return {left: mine, name: other}
        return {left: mine if other is None else f"{other} {mine}", name: None}

    return spoil
