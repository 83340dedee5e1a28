"""Typed values inside an expression: how they are read from canonical text, and how they are written back.

Every number is an exact decimal whose digits are known before any row is seen: a result never overflows, and is the
same whatever rows stand beside it. A cell that cannot be read as its declared type is null.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import as_mask
from etl_agent.clean.kernels import patched, per_value
from etl_agent.profile.forms import DATE as DAY
from etl_agent.shape import TEXT, ColumnType

__all__ = [
    "BOOLEAN",
    "DATE",
    "INTEGER",
    "MOST_DIGITS",
    "MOST_PLACES",
    "NULL",
    "TIMESTAMP",
    "Maker",
    "Mismatch",
    "Term",
    "as_kind",
    "called",
    "common",
    "constant",
    "named",
    "number",
    "read",
    "readable",
    "written",
]

MOST_DIGITS = 76
"""Digits of the widest decimal that Arrow has."""

MOST_PLACES = 18
"""Digits after the point that a cast or a rounding may ask for."""

_WHOLE = 18  # digits before the point that a cast reads
BOOLEAN, DATE, TIMESTAMP = ColumnType("boolean"), ColumnType("date"), ColumnType("timestamp")
INTEGER = ColumnType("decimal", 19, 0)
"""A whole number, wide enough for 64 bits."""

NULL = ColumnType("text", scale=-1)
"""The kind of ``null`` itself, which fits wherever another kind stands."""

Known = str | Decimal | bool | None
"""A value that stands in an expression."""

Values = Any
"""An Arrow array or scalar."""


@dataclass(frozen=True, slots=True)
class Term:
    """A part of an expression: what kind of values it gives, and how.

    Args:
        kind: the kind of its values.
        of: makes them from the columns; a scalar where every row gets the same.
        at: where it stands in the expression.
        value: the value itself, for one that stands in the expression.
        constant: whether ``value`` is known.
    """

    kind: ColumnType
    of: Callable[[pa.RecordBatch], Values]
    at: int = 0
    value: Known = None
    constant: bool = False


Maker = Callable[..., Term]
"""Makes a term out of the terms of its arguments, whose kinds have been checked."""


class Mismatch(Exception):
    """An argument does not suit its function.

    Args:
        what: what is wrong, and what to write instead.
        term: the argument, or None for the call as a whole.
    """

    def __init__(self, what: str, *, term: Term | None = None) -> None:
        super().__init__(what)
        self.term = term


def named(kind: ColumnType) -> str:
    """Return the word for a kind in messages: every decimal is a number."""
    return "null" if kind is NULL else "number" if kind.kind == "decimal" else kind.kind


def called(kind: ColumnType, kernel: Callable[..., Values], *given: Term) -> Term:
    """Make the term that calls a kernel with the values of other terms."""
    return Term(kind, lambda data: kernel(*(term.of(data) for term in given)))


def number(digits: int, places: int) -> ColumnType:
    """Return the kind of numbers with so many digits in all, and so many of them after the point.

    Raises:
        OverflowError: no decimal is that wide.
    """
    if digits > MOST_DIGITS:
        raise OverflowError(
            f"this could need {digits} digits, and {MOST_DIGITS} is the most: round or cast a part of it"
        )
    return ColumnType("decimal", digits, places)


def constant(value: Known, *, at: int) -> Term:
    """Make the term of a value that stands in the expression."""
    kind = NULL
    if isinstance(value, bool):
        kind = BOOLEAN
    elif isinstance(value, str):
        kind = TEXT
    elif isinstance(value, Decimal):
        places = max(0, -int(value.as_tuple().exponent))
        kind = number(max(len(value.as_tuple().digits), places + 1), places)
    scalar = pa.scalar(value, pa.string() if kind is NULL else kind.arrow)
    return Term(kind, lambda _: scalar, at, value, constant=True)


def common(kinds: Sequence[ColumnType]) -> ColumnType | None:
    """Return the kind that values of all these kinds fit into, or None where there is none."""
    known = [kind for kind in kinds if kind is not NULL]
    if not known:
        return TEXT
    names = {kind.kind for kind in known}
    if names == {"decimal"}:
        places = max(kind.scale or 0 for kind in known)
        return number(max((kind.precision or 0) - (kind.scale or 0) for kind in known) + places, places)
    if names == {"date", "timestamp"}:
        return TIMESTAMP
    return known[0] if len(names) == 1 else None


def as_kind(term: Term, kind: ColumnType) -> Term:
    """Make the values of a term values of a wider kind, as ``common`` found it."""
    if term.kind == kind:
        return term
    if term.kind is NULL:
        return Term(kind, lambda _: pa.scalar(None, kind.arrow), term.at)
    return Term(kind, lambda data: pc.cast(term.of(data), kind.arrow), term.at)


def read(text: Values, kind: ColumnType) -> Values:
    """Read text as values of a kind; what is not one in canonical form is null."""
    cells = pa.array([text.as_py()], pa.string()) if isinstance(text, pa.Scalar) else text
    values = _READERS[kind.kind](cells, kind)
    return values[0] if isinstance(text, pa.Scalar) else values


def _only(cells: pa.StringArray, pattern: str) -> pa.StringArray:
    """Make null of the cells that do not follow a pattern."""
    fits = pc.match_substring_regex(cells, pattern)
    return cells if fits.true_count == len(cells) else pc.if_else(fits, cells, pa.scalar(None, pa.string()))


def _numbers(cells: pa.StringArray, kind: ColumnType) -> pa.Array:
    places = kind.scale or 0
    whole = (kind.precision or 0) - places
    part = f"[0-9]{{1,{places}}}0{{0,20}}" if places else "0{1,20}"
    read_ = _only(cells, rf"^[+-]?0{{0,10}}[0-9]{{1,{whole}}}(?:\.{part})?$")
    longest = pc.max(pc.binary_length(read_)).as_py() or 0
    roomy = pa.decimal128(38, places) if longest <= 38 else pa.decimal256(MOST_DIGITS, places)
    return pc.cast(pc.cast(read_, roomy), kind.arrow)


def _truths(cells: pa.StringArray, kind: ColumnType) -> pa.Array:  # noqa: ARG001  every reader takes a kind
    return pc.equal(_only(cells, "^(?:true|false)$"), "true")


_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"


def _dates(cells: pa.StringArray, kind: ColumnType) -> pa.Array:
    return pc.cast(_only(cells, f"^{DAY}$"), kind.arrow)


def _timestamps(cells: pa.StringArray, kind: ColumnType) -> pa.Array:
    return pc.cast(_only(cells, f"^{DAY}(?:[ T]{_CLOCK})?$"), kind.arrow)


_READERS: dict[str, Callable[[pa.StringArray, ColumnType], pa.Array]] = {
    "text": lambda cells, _: cells,
    "decimal": _numbers,
    "boolean": _truths,
    "date": _dates,
    "timestamp": _timestamps,
}


def readable(places: int) -> ColumnType:
    """Return the kind of the numbers that a cast reads, with so many digits after the point."""
    return INTEGER if places == 0 else number(_WHOLE + places, places)


def written(values: Values, kind: ColumnType) -> Values:
    """Write values as canonical text."""
    if kind.kind == "text":
        return values
    text = pc.cast(values, pa.string())
    if kind.kind == "decimal" and (kind.scale or 0) > 6:
        return _on_array(text, _plain)
    if kind.kind == "timestamp":
        text = pc.replace_substring_regex(text, r"\.0+$", "")
        return pc.replace_substring_regex(text, r"(\.[0-9]*[1-9])0+$", r"\1")
    return text


def _plain(text: pa.StringArray) -> pa.StringArray:
    """Write out the numbers that Arrow writes with an exponent: those with six zeros or more after the point."""
    small = as_mask(pc.match_substring(text, "E"))
    return patched(text, small, lambda cells: per_value(cells, lambda cell: format(Decimal(cell), "f")))


def _on_array(text: Values, change: Callable[[pa.StringArray], pa.StringArray]) -> Values:
    return change(pa.array([text.as_py()], pa.string()))[0] if isinstance(text, pa.Scalar) else change(text)
