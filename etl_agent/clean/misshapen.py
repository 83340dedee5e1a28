"""Misshapen values: codes, dates and numbers that broke the shape of their column by one slip of the keyboard."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import pyarrow as pa

from etl_agent.clean.kernels import each, per_value
from etl_agent.clean.reshaping import Reshaped, Reshaper, Slip
from etl_agent.clean.shapes import Shape, matcher, shapes_of
from etl_agent.clean.step import Change, Columns, chosen
from etl_agent.clean.tally import TalliedStep
from etl_agent.frozen import Frozen

__all__ = ["ColumnShapes", "RepairShapes"]

_TRIED = 400  # misshapen values that the kinds of slips are told from, spread over the order of the alphabet
_SURE: tuple[Slip, ...] = ("swapped", "inside")
_REPAIRABLE = 0.25  # of the misshapen values: half of what random slips do has one way back, but see _slips
_PLACES = 3
_CROWDED = 0.5
_OFTENER = 5  # how much more frequent a value is than one of its many slips
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


class ColumnShapes(Frozen):
    """What was learned of one column."""

    column: str
    """The column."""
    shapes: tuple[Shape, ...] = ()
    """How its values are written, the most frequent first."""
    slips: tuple[Slip, ...] = ()
    """The slips that are repaired: those that no value could be meant to have."""
    noise: str = ""
    """Signs that are cut off at the ends."""
    kept: tuple[str, ...] = ()
    """Values without one of the shapes that stand there again and again, as slips do not: they are meant."""
    misshapen: int = 0
    """Rows seen that have none of the shapes."""
    repaired: int = 0
    """Of them, rows with a single way back."""


class RepairShapes(TalliedStep):
    """Bring a value that broke the shape of its column by one slip back to it, where there is one way only.

    The shape is learned: ``AB-1234`` is a run of two capitals, a hyphen and a run of four digits. Two neighbours that
    changed places, a foreign letter among digits, a lost hyphen have one way back; a lost digit has ten, so that value
    stays. Where the odd values of a column have one thing in common, such as a letter at the end, they are taken for a
    form of their own and stay as well. A date stays a day of the calendar. A column with too many values to be counted
    (40,000), or without digits, is left alone.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["A-10", "B-11", "B-12", "C-13", "C-14", "D-15", "D-16", "E-17", "F-18", "G-19", "H2-0", "K-2", null] | ["A-10", "B-11", "B-12", "C-13", "C-14", "D-15", "D-16", "E-17", "F-18", "G-19", "H-20", "K-2", null] |
    """  # noqa: E501  an example stands on one line

    step: Literal["repair_shapes"] = "repair_shapes"
    change: ClassVar[Change] = "value"

    columns: Columns
    """The columns to work on."""
    learned: tuple[ColumnShapes, ...] | None = None
    """What was learned of each column; learned from the data if it is left out."""

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    @property
    def fitted(self) -> bool:
        """Whether the shapes are known."""
        return self.learned is not None

    def fit(self, summary: Any) -> Self:
        """Learn the shapes of each column, and which slips happened there."""
        learned = tuple(_learned(name, counts or {}) for name, counts in sorted(summary.items()))
        return self.model_copy(update={"learned": learned})

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Repair each distinct value that has none of the shapes."""
        known = {each.column: each for each in self.learned or () if each.slips}
        names = [name for name in self.reads(data.schema.names) if name in known]
        for name in names:
            data = each(data, [name], lambda column, of=known[name]: _repaired(column, of))  # type: ignore[misc]  # mypy infers no type for a lambda's default
        return data


def _repaired(column: pa.StringArray, learned: ColumnShapes) -> pa.StringArray:
    known, kept = matcher(learned.shapes, strict=False), frozenset(learned.kept)
    reshaper = Reshaper(learned.shapes, noise=learned.noise)

    def change(value: str) -> str:
        if value in kept or _well_formed(value, known):
            return value
        repair = reshaper.reshaped(value)
        return repair.value if repair is not None and repair.slip in learned.slips else value

    return per_value(column, change)


def _well_formed(value: str, known: re.Pattern[str]) -> bool:
    """Say whether a value has one of the shapes, or is a plain number: that has no shape to break."""
    return bool(known.fullmatch(value) or _NUMBER.fullmatch(value))


def _learned(column: str, counts: Mapping[str, int]) -> ColumnShapes:
    """Learn the shapes of a column, and how the values that have none of them came about."""
    shapes = shapes_of(counts)
    if not shapes:
        return ColumnShapes(column=column)
    known = matcher(shapes, strict=False)
    odd = sorted(value for value in counts if not _well_formed(value, known) and any(map(str.isalnum, value)))
    noise = _noise(counts, odd)
    reshaper = Reshaper(shapes, noise=noise)
    tried = odd[:: 1 + len(odd) // _TRIED]
    found = {value: repair for value in tried if (repair := reshaper.reshaped(value))}
    kept = tuple(value for value, repair in found.items() if _repeated(value, repair, counts))
    found = {value: repair for value, repair in found.items() if value not in kept}
    slips = _slips(found, tried=len(tried))
    return ColumnShapes(
        column=column,
        shapes=shapes,
        slips=slips,
        noise=noise if "noise" in slips else "",
        kept=kept,
        misshapen=sum(counts[value] for value in tried),
        repaired=sum(counts[value] for value, repair in found.items() if repair.slip in slips),
    )


def _repeated(value: str, repair: Reshaped, counts: Mapping[str, int]) -> bool:
    """Say whether a misshapen value stands there too often to be a slip of the one that it would be repaired to.

    The same slip hits the same value twice where that value is frequent, and hardly where it is not.
    """
    return repair.slip not in _SURE and counts[value] > 1 and counts[value] * _OFTENER > counts.get(repair.value, 0)


def _noise(counts: Mapping[str, int], odd: Sequence[str]) -> str:
    """Return the signs that stand at the ends of misshapen values, and nowhere else."""
    ends = {sign for value in odd for sign in (value[0], value[-1]) if not sign.isalnum() and not sign.isspace()}
    if not ends:
        return ""
    without = set(odd)
    used = set("".join(value for value in counts if value not in without and any(map(str.isalnum, value))))
    return "".join(sorted(ends - used))


def _slips(found: Mapping[str, Reshaped], *, tried: int) -> tuple[Slip, ...]:
    """Tell which slips are accidents.

    Accidents happen anywhere; a form of its own (a letter behind the number, an optional part) makes its values differ
    at one place. So the weak kinds count only where they are scattered, and no place has most of them. A swap across a
    boundary, or a foreign sign amid a run, is nobody's form. Where few misshapen values have a way back, the column
    has values of other kinds, and those that do may be chance.
    """
    if not found or len(found) < _REPAIRABLE * tried:
        return ()
    places = Counter((repair.slip, repair.at) for repair in found.values())
    sure = tuple(slip for slip in _SURE if any(kind == slip for kind, _ in places))
    if len(places) < _PLACES or max(places.values()) > max(1, _CROWDED * places.total()):
        return sure
    return tuple(sorted({repair.slip for repair in found.values()}))
