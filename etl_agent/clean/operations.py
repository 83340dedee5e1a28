"""What the functions and operators of expressions do: each makes a term out of the terms that it is given."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.clean.arithmetic import digits_of, places_of, summed
from etl_agent.clean.typed import (
    BOOLEAN,
    DATE,
    INTEGER,
    NULL,
    TIMESTAMP,
    Maker,
    Mismatch,
    Term,
    Values,
    as_kind,
    called,
    common,
    named,
    number,
    read,
    readable,
    written,
)
from etl_agent.shape import TEXT, ColumnType

__all__ = [
    "as_text",
    "cast",
    "coalesce",
    "compared",
    "counted",
    "days",
    "decimal",
    "extreme",
    "if_else",
    "null_if",
    "one_of",
    "padded",
    "pattern",
    "plus",
    "simple",
    "substring",
    "with_text",
]


def simple(kind: ColumnType, kernel: Callable[..., Values]) -> Maker:
    """Make a function that is one kernel."""
    return lambda *given: called(kind, kernel, *given)


def with_text(kind: ColumnType, kernel: Callable[..., Values]) -> Maker:
    """Make a function whose other arguments are written in the expression, so that the kernel gets them as they are."""
    return lambda text, *rest: called(kind, lambda values: kernel(values, *(term.value for term in rest)), text)


def _shared(*given: Term) -> tuple[ColumnType, list[Term]]:
    """Bring terms to the kind that they have in common."""
    kind = common([term.kind for term in given])
    if kind is None:
        names = " and ".join(dict.fromkeys(named(term.kind) for term in given if term.kind is not NULL))
        raise Mismatch(
            f"{names} do not mix: cast one of them, for example with integer(x), decimal(x, 2), date(x) or text(x)"
        )
    return kind, [as_kind(term, kind) for term in given]


def compared(kernel: Callable[..., Values]) -> Maker:
    """Make a comparison of two values of one kind."""

    def make(left: Term, right: Term) -> Term:
        _, terms = _shared(left, right)
        return called(BOOLEAN, kernel, *terms)

    return make


def one_of(sought: Term, *listed: Term) -> Term:
    """Say whether a value is one of others."""
    _, terms = _shared(sought, *listed)

    def found(value: Values, *others: Values) -> Values:
        result = pc.equal(value, others[0])
        for other in others[1:]:
            result = pc.or_kleene(result, pc.equal(value, other))
        return result

    return called(BOOLEAN, found, *terms)


def plus(left: Term, right: Term) -> Term:
    """Add numbers, or put one text behind the other."""
    if {left.kind.kind, right.kind.kind} == {"text"}:
        return called(TEXT, lambda a, b: pc.binary_join_element_wise(a, b, ""), left, right)
    return summed(pc.add)(left, right)


def cast(kind: ColumnType) -> Callable[[Term], Term]:
    """Make a function that reads values as another kind."""

    def make(term: Term) -> Term:
        if term.kind is NULL:
            return as_kind(term, kind)
        if term.kind.kind == "text":
            return called(kind, lambda text: read(text, kind), term)
        if kind.kind == "decimal" and term.kind.kind == "decimal":
            return _placed(term, kind)
        if {kind.kind, term.kind.kind} <= {"date", "timestamp"}:
            floor = pc.floor_temporal if kind is DATE and term.kind is TIMESTAMP else lambda values: values
            return called(kind, lambda values: pc.cast(floor(values), kind.arrow), term)
        if kind == term.kind:
            return term
        raise Mismatch(f"a {named(term.kind)} cannot be read as a {named(kind)}", term=term)

    return make


def _placed(term: Term, kind: ColumnType) -> Term:
    """Give a number more places; fewer is for ``round`` to do, which says how."""
    p, s = digits_of(term)
    places = kind.scale or 0
    if places < s:
        raise Mismatch(f"this has {s} places, and only round(x, {places}) may cut some", term=term)
    return as_kind(term, number(p - s + places, places))


def decimal(term: Term, places: Term) -> Term:
    """Read as a number with so many places."""
    return cast(readable(places_of(places)))(term)


def as_text(term: Term) -> Term:
    """Write as canonical text."""
    return called(TEXT, lambda values: written(values, term.kind), term)


def if_else(condition: Term, yes: Term, no: Term) -> Term:
    """Choose by a condition, of which null is not true."""
    kind, (left, right) = _shared(yes, no)
    return called(kind, lambda c, a, b: pc.if_else(pc.fill_null(c, fill_value=False), a, b), condition, left, right)


def coalesce(*given: Term) -> Term:
    """Take the first value that is not null."""
    kind, terms = _shared(*given)
    return called(kind, pc.coalesce, *terms)


def null_if(term: Term, other: Term) -> Term:
    """Make null of the values that equal another."""
    kind, (left, right) = _shared(term, other)

    def nulled(a: Values, b: Values) -> Values:
        return pc.if_else(pc.fill_null(pc.equal(a, b), fill_value=False), pa.scalar(None, kind.arrow), a)

    return called(kind, nulled, left, right)


def extreme(kernel: Callable[..., Values]) -> Maker:
    """Make a function that takes the least or the greatest value."""

    def make(*given: Term) -> Term:
        kind, terms = _shared(*given)
        return called(kind, lambda *values: kernel(*values, skip_nulls=False), *terms)

    return make


def substring(text: Term, start: Term, count: Term | None = None) -> Term:
    """Cut characters out, counted from 1 at the start or from -1 at the end."""
    first = _whole(start)
    if first == 0:
        raise Mismatch("characters are counted from 1, or from -1 at the end", term=start)
    begin = first - 1 if first > 0 else first
    end = None if count is None else begin + _whole(count, least=0)
    if begin < 0 and end is not None and end >= 0:
        end = None
    return called(TEXT, lambda values: pc.utf8_slice_codeunits(values, begin, end), text)


def _whole(term: Term, *, least: int = -10_000) -> int:
    value = term.value
    if not isinstance(value, Decimal) or value != int(value) or not least <= value <= 10_000:
        raise Mismatch("this is a whole number written in the expression, of at most 10000", term=term)
    return int(value)


def padded(text: Term, width: Term, fill: Term) -> Term:
    """Fill up in front."""
    if len(str(fill.value)) != 1:
        raise Mismatch("this is one character", term=fill)
    size = _whole(width, least=0)
    return called(TEXT, lambda values: pc.utf8_lpad(values, size, str(fill.value)), text)


def pattern(kind: ColumnType, kernel: Callable[..., Values]) -> Maker:
    """Make a function of an RE2 pattern, which is tried out before any row."""

    def make(text: Term, *rest: Term) -> Term:
        try:
            kernel(pa.nulls(1, pa.string()), *(term.value for term in rest))
        except pa.ArrowInvalid as error:
            raise Mismatch(f"{error}; patterns are RE2's", term=rest[0]) from None
        return with_text(kind, kernel)(text, *rest)

    return make


def counted(kernel: Callable[..., Any], kind: ColumnType = INTEGER) -> Maker:
    """Make a function that gives whole numbers."""
    return simple(kind, lambda *values: pc.cast(kernel(*values), kind.arrow))


def days(start: Term, end: Term) -> Term:
    """Count the days from one date to another."""
    terms = [cast(DATE)(term) for term in (start, end)]
    return counted(pc.days_between)(*terms)
