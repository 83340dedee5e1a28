"""The type of a column, with the steps that bring its cells into it: tried on the sample, and never just assumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Mask, as_mask
from etl_agent.clean.booleans import Booleans
from etl_agent.clean.dates import POSIX_CENTURY, Dates, Timestamps
from etl_agent.clean.numbers import Numbers
from etl_agent.clean.step import FittedStep, RowStep
from etl_agent.clean.times import Times
from etl_agent.errors import AmbiguousFormat
from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.kinds import ColumnKind
from etl_agent.profile.months import Language, languages
from etl_agent.profile.words import TRUTHS
from etl_agent.shape import ColumnType, parse_type
from etl_agent.validate.casts import cast

__all__ = ["Typed", "Wanted", "ambiguous", "codes_among", "open_step", "typed", "wanted_of"]

Wanted = Literal["integer", "number", "boolean", "date", "time", "timestamp"]

_Step = TypeVar("_Step", bound=FittedStep)

_DOUBLE_DIGITS = 15  # digits that a binary double holds exactly: SQLite keeps longer decimals as text
_USUAL_DIGITS = 18
_MOST_DIGITS = 38
_WIDEST_DIGITS = 76
_ROOM_DIGITS = 3  # digits of room before the point: later values may be a thousand times as large
_CENTS = 2  # decimals of amounts; whole ones alone do not show them
_ONE = "column"
"""What a column is called while it is tried alone."""

_CODE_DIGITS = 6  # digits of names (articles, accounts, branches): all have as many, and some begin with 0 one day


@dataclass(frozen=True)
class Typed:
    """A column read as a type.

    Args:
        type: the type, as a contract has it.
        timezone: ``offset`` where each cell brings its own.
        step: what brings the cells into it; None where they have it.
        misfits: which rows of the sample have no value of the type.
        nulls: whether the sample has a null in it.
    """

    type: str
    timezone: str | None
    step: RowStep | None
    misfits: Mask
    nulls: bool


def wanted_of(kind: ColumnKind, facts: ColumnFacts, *, name: str, amounts: bool = False) -> Wanted | None:
    """Tell as what a column can be read without harm, by the look of it; None where it had better stay text.

    Args:
        kind: what the column means.
        facts: the facts of all its cells.
        name: its header.
        amounts: whether shares and measures with a unit count as numbers, by the user's word.
    """
    numerals = facts.numerals
    if kind.kind in ("date", "timestamp", "time"):
        return kind.kind
    if kind.kind == "constant":
        forms = facts.forms.rows
        return next((word for word in ("date", "timestamp") if forms.get(word, 0) == facts.values), None)
    if kind.kind == "boolean":
        return "integer" if kind.formats == ("1/0",) else "boolean"
    if kind.kind in ("percent", "quantity"):
        return "number" if amounts else None
    if numerals.padded or _is_code(kind, facts):
        return None  # a zero in front would be lost
    if kind.kind in ("number", "money"):
        return "number" if "version" not in name.lower() else None  # 1.10 is not 1.1 there
    if kind.kind == "integer" or (kind.kind == "identifier" and facts.forms.rows.get("integer", 0) == _told(facts)):
        return "integer"
    return None


def _told(facts: ColumnFacts) -> int:
    return facts.values - sum(facts.null_spellings.counts.values())


def _is_code(kind: ColumnKind, facts: ColumnFacts) -> bool:
    """Tell whether digits are a name of fixed length, which may begin with a zero tomorrow."""
    return kind.kind == "identifier" and facts.shortest == facts.longest and (facts.longest or 0) >= _CODE_DIGITS


def ambiguous(cells: pa.StringArray, wanted: Wanted) -> bool:
    """Tell whether the cells leave two readings open, so that a run would refuse them."""
    step = open_step(wanted)
    return isinstance(step, FittedStep) and _fitted(step, cells) is None


def codes_among(cells: pa.StringArray, read: Typed) -> bool:
    """Tell whether cells that are no value of a type mix letters and digits, so that all may be codes: 136, 136A."""
    misfits = cells.filter(pa.array(read.misfits))
    mixed = pc.and_(pc.match_substring_regex(misfits, r"\pL"), pc.match_substring_regex(misfits, r"\d"))
    return bool(mixed.true_count)


def open_step(wanted: Wanted) -> RowStep:
    """Return the step for a type that leaves to each file's cells how they are read, and refuses them in doubt."""
    steps: Mapping[Wanted, RowStep] = {
        "date": Dates(columns=(_ONE,)),
        "timestamp": Timestamps(columns=(_ONE,)),
        "time": Times(columns=(_ONE,)),
        "boolean": Booleans(columns=(_ONE,)),
        "number": Numbers(columns=(_ONE,)),
        "integer": Numbers(columns=(_ONE,)),
    }
    return steps[wanted]


def typed(
    cells: pa.StringArray,
    *,
    wanted: Wanted,
    kind: ColumnKind,
    bounds: Sequence[str] = (),
    forced: bool = False,
) -> Typed:
    """Read a column of the sample as a type.

    Args:
        cells: its cells, without blanks around them and with null spellings made null.
        wanted: the type.
        kind: what the column means.
        bounds: values that the type must hold.
        forced: whether the user asks for the type: then cells are read as far as they go.

    Returns:
        How the best way went: the least step of those that leave fewest rows without a value.
    """
    tried: list[Typed] = []
    for step in _steps(cells, wanted, kind, forced=forced):
        read = _after(step, cells)
        for type_, timezone in _types(read, wanted, kind, bounds):
            misfits = as_mask(pc.is_valid(read)) & as_mask(pc.is_null(_values(read, type_, timezone)))
            tried.append(Typed(type_, timezone, step, misfits, bool(read.null_count)))
        if not all(each.misfits.any() for each in tried):
            break
    return min(tried, key=lambda each: int(each.misfits.sum()))


def _values(read: pa.StringArray, type_: str, timezone: str | None) -> pa.Array:
    return cast(read, to=parse_type(type_, zoned=timezone is not None)).values


def _after(step: RowStep | None, cells: pa.StringArray) -> pa.StringArray:
    if step is None:
        return cells
    return step.apply(pa.RecordBatch.from_arrays([cells], names=[_ONE])).column(0)


def _steps(cells: pa.StringArray, wanted: Wanted, kind: ColumnKind, *, forced: bool) -> Iterator[RowStep | None]:
    """Offer what may bring the cells into the type, the least first. None: they have it already."""
    yield None
    match wanted:
        case "date" | "timestamp":
            yield from _moments(cells, wanted, forced=forced)
        case "time":
            yield Times(columns=(_ONE,))
        case "boolean":
            yield _booleans(kind)
        case "integer" | "number":
            yield from _numbers(cells, kind, forced=forced)


def _moments(cells: pa.StringArray, wanted: Wanted, *, forced: bool) -> Iterator[RowStep]:
    """Offer the formats that the cells settle, with the names of months in English and then in other languages."""
    others: list[Language] = [language for language in languages() if language != "en"] if _has_letters(cells) else []
    moments = Timestamps if wanted == "timestamp" else Dates
    first: Language = "en"
    for language, century in product((first, *others), (None, POSIX_CENTURY) if forced else (None,)):
        fitted = _fitted(moments(columns=(_ONE,), months=(language,), two_digit_years=century), cells)
        if fitted is None:
            continue
        formats = fitted.learned[0].formats if fitted.learned else ("%Y-%m-%d",)
        plain = fitted.model_copy(update={"formats": formats, "learned": None})
        yield plain
        if wanted == "timestamp" and forced:
            yield plain.model_copy(update={"date_alone": "midnight"})


def _has_letters(cells: pa.StringArray) -> bool:
    return bool(pc.any(pc.match_substring_regex(cells, r"\pL{3}")).as_py())


def _booleans(kind: ColumnKind) -> Booleans:
    """Read the usual spellings of yes and no, and those of the column's language."""
    usual = Booleans(columns=(_ONE,))
    pairs = [TRUTHS[name] for name in kind.formats if kind.kind == "boolean" and TRUTHS[name][0] not in usual.true]
    if not pairs:
        return usual
    true, false = (tuple(pair[side] for pair in pairs) for side in (0, 1))
    return Booleans(columns=(_ONE,), true=(*usual.true, *true), false=(*usual.false, *false))


def _numbers(cells: pa.StringArray, kind: ColumnKind, *, forced: bool) -> Iterator[RowStep]:
    """Offer plain numbers, and those with a sign of per cent, a unit or an exponent where the column has such."""
    offers: list[dict[str, object]] = [{}]
    if kind.kind == "percent":
        offers.append({"percent": "points"})
    elif kind.kind == "quantity" and kind.unit:
        offers.append({"units": (kind.unit,)})
    if forced or kind.kind == "number":  # among whole numbers 1E5 may be a code
        offers.append({**offers[-1], "scientific": True})
    for offer in offers:
        fitted = _fitted(Numbers.model_validate({"columns": (_ONE,), **offer}), cells)
        if fitted is None:
            return
        marks = fitted.learned[0] if fitted.learned else None
        if marks is not None:
            found = {name: getattr(marks, name) for name in ("decimal_mark", "thousands_mark", "currency")}
            yield fitted.model_copy(update={**found, "learned": None})


def _fitted(step: _Step, cells: pa.StringArray) -> _Step | None:
    """Let the cells settle what is open; None where they leave two readings open."""
    try:
        return step.fit(step.observe(pa.RecordBatch.from_arrays([cells], names=[_ONE])))
    except AmbiguousFormat:
        return None


def _types(
    read: pa.StringArray, wanted: Wanted, kind: ColumnKind, bounds: Sequence[str]
) -> Iterator[tuple[str, str | None]]:
    """Offer the types that may hold the cells, with where their zone comes from."""
    match wanted:
        case "timestamp":
            yield "timestamp", None
            yield "timestamp", "offset"
        case "integer" | "number":
            yield _number_type(read, wanted, kind, bounds), None
        case _:
            yield wanted, None


def _number_type(read: pa.StringArray, wanted: Wanted, kind: ColumnKind, bounds: Sequence[str]) -> str:
    """Choose a number type that is wide enough for the cells, for the bounds, and for larger cells tomorrow."""
    facts = ColumnFacts.observe(pa.concat_arrays([read, pa.array(bounds, pa.string())]))
    forms = facts.forms
    if wanted == "integer" and not forms.scale:
        return "integer" if forms.whole <= _USUAL_DIGITS or not forms.large else f"decimal({_MOST_DIGITS},0)"
    same = len(forms.scales) == 1 and kind.kind != "money" and wanted == "number" and not forms.rows.get("integer", 0)
    scale = forms.scale if same else max(forms.scale, _CENTS)
    for digits in (_DOUBLE_DIGITS, _USUAL_DIGITS, _MOST_DIGITS, _WIDEST_DIGITS):
        if forms.whole + _ROOM_DIGITS + scale <= digits:
            return str(ColumnType("decimal", digits, scale))
    return str(ColumnType("decimal", _WIDEST_DIGITS, min(scale, _WIDEST_DIGITS - 1)))
