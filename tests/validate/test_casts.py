"""Casts are strict: a cell has a value of the type or it does not fit; nothing is rounded or lost."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.shape import parse_type
from etl_agent.validate.casts import cast

LONG = "0" * 300


def values(kind, *cells, timezone=None, zoned=False):
    """Cast cells to Python values; 'misfit' where a cell does not fit."""
    type_ = parse_type(kind, zoned=zoned)
    read = cast(pa.array(cells, pa.string()), to=type_, timezone=timezone)
    read.values.validate(full=True)
    assert read.values.type == type_.arrow
    found = read.values.to_pylist()
    for misfit in read.misfits:
        for place in misfit.cells.nonzero()[0].tolist():
            assert found[place] is None
            found[place] = "misfit"
    return found


@pytest.mark.parametrize(
    ("kind", "cells", "expected"),
    [
        ("integer", ["7", "-7", "+7", "007", "-0", LONG + "7", None], [7, -7, 7, 7, 0, 7, None]),
        ("integer", [str(2**63 - 1), str(-(2**63))], [2**63 - 1, -(2**63)]),
        ("decimal(5,2)", ["1.5", ".5", "-.5", "5.", "1.500", "01.5"], ["1.5", "0.5", "-0.5", "5", "1.5", "1.5"]),
        ("decimal(5,2)", ["1.5" + LONG, "-0.00", "000"], ["1.50", "0.00", "0.00"]),
        ("decimal(2,2)", [".5", "00.55", "0"], ["0.50", "0.55", "0.00"]),
        ("decimal(76,2)", ["9" * 74 + ".99"], ["9" * 74 + ".99"]),
        ("decimal(38,0)", ["9" * 38, "-" + "9" * 38], ["9" * 38, "-" + "9" * 38]),
        ("float", ["1.5", "1e5", "-.5", "+1"], [1.5, 1e5, -0.5, 1.0]),
        ("boolean", ["true", "false", None], [True, False, None]),
        ("date", ["2024-02-29", "2000-02-29", "0001-01-01"], [dt.date(2024, 2, 29), dt.date(2000, 2, 29), dt.date.min]),
        ("time", ["12:30", "12:30:01.5"], [dt.time(12, 30), dt.time(12, 30, 1, 500000)]),
        ("timestamp", ["2024-02-29T12:30", "2024-02-29 12:30:00.5"],
         [dt.datetime(2024, 2, 29, 12, 30), dt.datetime(2024, 2, 29, 12, 30, 0, 500000)]),
        ("text", ["NA", "", None, "00123"], ["NA", "", None, "00123"]),
    ],
)  # fmt: skip
def test_cells_that_fit_have_exactly_their_value(kind, cells, expected):
    """Each of these spellings has one value, whether it stands alone or beside others."""
    if kind.startswith("decimal"):
        expected = [Decimal(value) for value in expected]
    assert values(kind, *cells) == expected
    assert [values(kind, cell)[0] for cell in cells] == expected


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        (
            "integer",
            ["", "7.0", "0x1F", "1e3", "--7", "+-7", "7-", " 7", "1_0", "１", str(2**63), str(-(2**63) - 1), "9" * 99],
        ),
        ("decimal(5,2)", ["", ".", "-", "1.505", "1000", "1e2", "1,5", "1.2.3", "nan", "+-1", "1.5" + LONG + "1"]),
        ("decimal(38,0)", ["9" * 39, "1.5"]),
        ("float", ["", "nan", "inf", "-Infinity", "1e999", "0x1p3", "1f", "."]),
        ("boolean", ["", "True", "TRUE", "1", "yes", "t"]),
        ("date", ["", "2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01", "20240229", "0000-01-01", "2024-2-9"]),
        ("time", ["", "24:00", "12:60", "12:30:01.1234567", "12"]),
        ("timestamp", ["", "2024-02-29", "2024-02-29 12", "2024-02-29 24:00", "2024-02-29 12:30Z", "0000-01-01 00:00"]),
    ],
)
def test_cells_that_do_not_fit_are_told(kind, cells):
    """None of these is coerced to null or to another value, alone or in company."""
    assert values(kind, *cells) == ["misfit"] * len(cells)
    assert [values(kind, cell)[0] for cell in cells] == ["misfit"] * len(cells)


def test_local_times_are_instants_of_their_zone():
    """Winter and summer have their own offset, and a cell's own offset wins."""
    found = values(
        "timestamp", "2024-01-01 12:00", "2024-07-01 12:00", "2024-10-27 02:30+01:00", "2024-07-01 12:00Z",
        timezone="Europe/Berlin", zoned=True,
    )  # fmt: skip
    assert [value.isoformat() for value in found] == [
        "2024-01-01T11:00:00+00:00",
        "2024-07-01T10:00:00+00:00",
        "2024-10-27T01:30:00+00:00",
        "2024-07-01T12:00:00+00:00",
    ]


def test_local_times_that_a_zone_skipped_or_had_twice_are_told_apart():
    """The hour that spring skips and the hour that autumn doubles have reasons of their own."""
    cells = pa.array(["2024-03-31 02:30", "2024-10-27 02:30", "2024-10-27", "2024-01-01 12:00"])
    read = cast(cells, to=parse_type("timestamp", zoned=True), timezone="Europe/Berlin")
    told = {misfit.check: misfit.cells.nonzero()[0].tolist() for misfit in read.misfits}
    assert told == {
        "timestamp in Europe/Berlin": [2],
        "timestamp in Europe/Berlin: this local time happened twice, an offset is needed": [1],
        "timestamp in Europe/Berlin: this local time was skipped": [0],
    }


def test_an_instant_without_zone_must_bring_its_offset():
    """``timezone: offset`` refuses local times."""
    found = values("timestamp", "2024-01-01 12:00", "2024-01-01 12:00+02:00", zoned=True)
    assert found[0] == "misfit"
    assert found[1] == dt.datetime(2024, 1, 1, 10, tzinfo=dt.UTC)


def test_an_instant_outside_the_years_of_sql_does_not_fit():
    """An offset can lead beyond the year 9999, a zone before the year 1."""
    cells = ("9999-12-31 23:59:59-05:00", "0001-01-01 00:00:00")
    assert values("timestamp", *cells, timezone="Europe/Berlin", zoned=True) == ["misfit", "misfit"]


def test_a_slice_of_a_column_is_cast_as_its_copy():
    """Where a column begins in its buffers makes no difference."""
    cells = pa.array(["x", "12", None, "13", "0x1"])
    read = cast(cells.slice(1, 3), to=parse_type("integer"))
    assert read.values.to_pylist() == [12, None, 13]
    assert read.misfits == ()


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text("0123456789.+-eExZ: T", max_size=24)), max_size=8))
def test_integers_and_decimals_agree_with_python(cells):
    """What Python reads as an exact number of these digits is that number here, and nothing else fits."""
    for cell, integer, decimal in zip(cells, values("integer", *cells), values("decimal(12,3)", *cells), strict=True):
        plain = cell is not None and set(cell) <= set("0123456789.+-")
        try:
            number = Decimal(cell) if plain else None
        except ArithmeticError:
            number = None
        whole = number is not None and "." not in cell and abs(number) < 2**63
        assert integer == (None if cell is None else int(cell) if whole else "misfit")
        exact = number is not None and abs(number) < 10**9 and number == round(number, 3)
        assert decimal == (None if cell is None else number if exact else "misfit")
