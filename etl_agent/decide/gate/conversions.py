"""Which unit a number was converted into, by the table of units."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import cache

from etl_agent.clean.units import UNITS

__all__ = ["conversion_targets"]

_ROUNDED = Fraction(1, 10**5)  # conversions without a decimal end keep six digits after the point


def conversion_targets(number: Decimal, unit: str, result: Decimal) -> frozenset[str]:
    """Return the units in which a number with a unit is the result; empty where there is none.

    Args:
        number: what stood before the unit.
        unit: the unit, as it was written.
        result: the number that was written instead.
    """
    if max(abs(number.adjusted()), abs(result.adjusted())) > 30:
        return frozenset()
    found = set()
    for kind, (factor, offset) in _spelled().get(unit.casefold(), ()):
        base: Fraction = Fraction(number) * factor + offset
        for target, (to_factor, to_offset) in UNITS[kind].items():
            exact = (base - to_offset) / to_factor
            if abs(exact - Fraction(result)) <= _ROUNDED * max(Fraction(1), abs(exact)):
                found.add(target)
    return frozenset(found)


@cache
def _spelled() -> dict[str, list[tuple[str, tuple[Fraction, Fraction]]]]:
    """Return the units by their spelling without case; mW and MW share one, and the numbers tell them apart."""
    table: dict[str, list[tuple[str, tuple[Fraction, Fraction]]]] = {}
    for kind, units in UNITS.items():
        for unit, scale in units.items():
            for word in {unit.casefold(), unit.casefold().lstrip("°"), f"{unit.casefold()}s"}:
                table.setdefault(word, []).append((kind, scale))
    return table
