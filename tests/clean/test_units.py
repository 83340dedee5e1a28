"""Units: conversion is exact, and only declared kinds of unit are understood."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from etl_agent.clean.decimals import linear
from etl_agent.clean.units import UNITS, Units


def read(cells: list[str | None], *, to: str, bare: str | None = None, digits: int = 6) -> list[str | None]:
    data = pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})
    result: list[str | None] = (
        Units(columns=("x",), to=to, bare=bare, digits=digits).apply(data).column("x").to_pylist()
    )
    return result


@pytest.mark.parametrize(
    ("cell", "to", "after"),
    [
        ("0 °C", "°F", "32"),
        ("-40 °F", "°C", "-40"),
        ("98.6F", "°C", "37"),
        ("100 °C", "K", "373.15"),
        ("1 in", "cm", "2.54"),
        ('5"', "mm", "127"),
        ("1 mi", "km", "1.609344"),
        ("36 km/h", "m/s", "10"),
        ("1 m/s", "mph", "2.236936"),
        ("1 m2", "ft²", "10.763910"[:-1]),
        ("2.50 kg", "kg", "2.50"),
        ("+2.50 kg", "kg", "2.50"),
        ("1500 mW", "W", "1.5"),
        ("2 MW", "W", "2000000"),
        ("0.000000000000000000000001 km", "nm", "0.000000000001"),
        ("123456789012345678901234567890 g", "kg", "123456789012345678901234567.89"),
    ],
)
def test_conversions(cell: str, to: str, after: str) -> None:
    """Values known by definition come out exactly."""
    assert read([cell], to=to) == [after]


@pytest.mark.parametrize("cell", ["5", "5 kg", "°C", "five °C", "1,5 °C", "1 °C 2", "", "9" * 200 + " °F"])
def test_what_is_no_such_number_stays(cell: str) -> None:
    """Another kind of unit, no unit or no number: the cell stays as it is."""
    assert read([cell, None], to="°C") == [cell, None]


def test_bare_numbers_have_the_declared_unit() -> None:
    """Numbers without unit are converted only where their unit is declared."""
    assert read(["1500", "2 kg"], to="kg", bare="g") == ["1.5", "2"]


def test_wrong_units_are_mistakes() -> None:
    """An unknown unit, or one of another kind, is found before any row flows, with its near matches."""
    with pytest.raises(ValidationError, match="kg"):
        Units(columns=("x",), to="kgg")
    with pytest.raises(ValidationError, match="mass"):
        Units(columns=("x",), to="m", bare="kg")


def test_no_unit_is_of_two_kinds() -> None:
    """A unit's name says its kind."""
    names = [name for units in UNITS.values() for name in units]
    assert len(names) == len(set(names))


def test_units_fit_each_other() -> None:
    """Units that are defined by others come out as their definitions say."""
    length, mass, volume, area = (UNITS[kind] for kind in ("length", "mass", "volume", "area"))
    inch, foot = length["in"][0], length["ft"][0]
    assert (foot, length["yd"][0], length["mi"][0]) == (12 * inch, 36 * inch, 63360 * inch)
    assert (mass["oz"][0] * 16, mass["st"][0]) == (mass["lb"][0], 14 * mass["lb"][0])
    assert (volume["gal"][0], volume["fl oz"][0] * 128) == (231 * inch**3, volume["gal"][0])
    assert (area["ft²"][0], area["ac"][0]) == (foot**2, 43560 * foot**2)
    assert UNITS["pressure"]["psi"][0] == mass["lb"][0] * Fraction("9.80665") / inch**2
    assert UNITS["speed"]["mph"][0] == length["mi"][0] / 3600


@pytest.mark.parametrize("micro", ["\u00b5m", "\u03bcm", "um"])
def test_micro_has_two_code_points(micro: str) -> None:
    """The micro sign and the Greek letter both stand for a millionth."""
    assert read([f"5 {micro}"], to="mm") == ["0.005"]
    assert "\u00b5m" in UNITS["length"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.decimals(-(10**20), 10**20, places=5), min_size=1, max_size=8),
    st.fractions(min_value=-100, max_value=100, max_denominator=1000).filter(bool),
    st.fractions(min_value=-100, max_value=100, max_denominator=1000),
    st.integers(0, 12),
)
def test_linear_is_exact_arithmetic(numbers: list[Decimal], factor: Fraction, offset: Fraction, digits: int) -> None:
    """The fast integers and the slow decimals give what fractions give, rounded half to even."""
    cells = pa.array([format(number, "f") for number in numbers])
    after = linear(cells, factor=factor, offset=offset, digits=digits).to_pylist()
    for number, text in zip(numbers, after, strict=True):
        exact = Fraction(number) * factor + offset
        ends = all((1000**60 * part).denominator == 1 for part in (factor, offset))
        assert Fraction(text) == (exact if ends else round(exact, digits))
        assert not ("." in text and text.endswith("0"))
