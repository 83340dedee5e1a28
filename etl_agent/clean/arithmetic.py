"""Arithmetic on exact decimals: the digits of every result are known before a row is seen, so that none overflows."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.clean.typed import MOST_PLACES, Maker, Mismatch, Term, Values, as_kind, called, named, number
from etl_agent.shape import ColumnType

__all__ = ["absolute", "digits_of", "negative", "over", "places_of", "rounded", "summed", "times"]


def _numbers(*terms: Term) -> None:
    for term in terms:
        if term.kind.kind != "decimal":
            advice = "cast it: integer(x) or decimal(x, 2)" if term.kind.kind == "text" else "it takes numbers"
            raise Mismatch(f"this is {named(term.kind)}, not a number; {advice}", term=term)


def digits_of(term: Term) -> tuple[int, int]:
    """Return the digits of a number in all, and those after the point."""
    return term.kind.precision or 0, term.kind.scale or 0


def _wide(kernel: Callable[..., Values], kind: ColumnType, *terms: Term) -> Term:
    """Call an arithmetic kernel on decimals as wide as its result, and cut the result to its known digits."""
    narrow = (kind.precision or 0) <= 38
    wide = pa.decimal128 if narrow else pa.decimal256
    types = [wide(*digits_of(term)) for term in terms]

    def calculate(*values: Values) -> Values:
        return pc.cast(kernel(*(pc.cast(value, to) for value, to in zip(values, types, strict=True))), kind.arrow)

    return called(kind, calculate, *terms)


def summed(kernel: Callable[..., Values]) -> Maker:
    """Make the sum or the difference of two numbers."""

    def make(left: Term, right: Term) -> Term:
        _numbers(left, right)
        (p, s), (q, t) = digits_of(left), digits_of(right)
        places = max(s, t)
        return _wide(kernel, number(max(p - s, q - t) + places + 1, places), left, right)

    return make


def times(left: Term, right: Term) -> Term:
    """Multiply two numbers."""
    _numbers(left, right)
    (p, s), (q, t) = digits_of(left), digits_of(right)
    return _wide(pc.multiply, number(p + q + 1, s + t), left, right)


_QUOTIENT_PLACES = MOST_PLACES + 2  # one more than any rounding looks at, and one to spare


def over(left: Term, right: Term) -> Term:
    """Divide, cutting after more places than a rounding may ask for: so rounding the quotient rounds the true one."""
    _numbers(left, right)
    (p, s), (q, t) = digits_of(left), digits_of(right)
    more = max(0, _QUOTIENT_PLACES - (s + q - t + 1))
    places = max(4, s + more + q - t + 1)  # as Arrow's kernel has it
    dividend = as_kind(left, number(p + more, s + more))

    def divided(a: Values, b: Values) -> Values:
        return pc.divide(a, pc.if_else(pc.equal(b, pa.scalar(Decimal(0), b.type)), pa.scalar(None, b.type), b))

    return _wide(divided, number(p - s + t + places, places), dividend, right)


def negative(term: Term) -> Term:
    """Turn the sign."""
    return called(term.kind, pc.negate, term)


def absolute(term: Term) -> Term:
    """Take the sign away."""
    return called(term.kind, pc.abs, term)


def rounded(mode: str) -> Maker:
    """Make a function that keeps so many places."""

    def make(term: Term, places: Term | None = None) -> Term:
        (p, s), keep = digits_of(term), places_of(places) if places else 0
        if keep >= s:
            return as_kind(term, number(p - s + keep, keep))
        wide, kind = number(p + 1, s), number(p - s + 1 + keep, keep)

        def cut(values: Values) -> Values:
            return pc.cast(pc.round(pc.cast(values, wide.arrow), ndigits=keep, round_mode=mode), kind.arrow)

        return called(kind, cut, term)

    return make


def places_of(term: Term) -> int:
    """Read a number of places that stands in the expression."""
    value = term.value
    if not isinstance(value, Decimal) or value != int(value) or not 0 <= value <= MOST_PLACES:
        raise Mismatch(f"the number of places is a whole number from 0 to {MOST_PLACES}", term=term)
    return int(value)
