"""Dates and times: formats are decided by all cells, and only days of the calendar are read."""

from __future__ import annotations

import datetime
from functools import reduce
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from etl_agent.clean.dates import Dates, Timestamps
from etl_agent.errors import AmbiguousFormat
from etl_agent.profile.months import languages, month_numbers

Cell = str | None


def batch(cells: list[Cell]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})


def read(cells: list[Cell], *, kind: type[Dates | Timestamps] = Dates, size: int = 2, **parameters: Any) -> list[Cell]:
    step = kind.model_validate({"columns": ["x"], **parameters})
    if not step.fitted:
        pieces = [cells[start : start + size] for start in range(0, max(len(cells), 1), size)]
        step = step.fit(reduce(step.combine, [step.observe(batch(piece)) for piece in pieces]))
    result: list[Cell] = step.apply(batch(cells)).column("x").to_pylist()
    return result


@pytest.mark.parametrize(
    ("cells", "after"),
    [
        (["03/04/2025", "13/04/2025"], ["2025-04-03", "2025-04-13"]),
        (["03/04/2025", "04/13/2025"], ["2025-03-04", "2025-04-13"]),
        (["3.4.2025", "31.12.2024"], ["2025-04-03", "2024-12-31"]),
        (["2025/4/3", "20250403", "2025.04.03"], ["2025-04-03"] * 3),
        (["3 Apr 2025", "3-April-2025", "3rd apr 2025", "Apr 3, 2025", "April 3 2025"], ["2025-04-03"] * 5),
        (["Thu, 3 Apr 2025", "2025-Apr-03", "03APR2025"], ["2025-04-03"] * 3),
        (["03/03/2025"], ["2025-03-03"]),
        (["2025-04-03 00:00:00", "2025-04-03T00:00"], ["2025-04-03"] * 2),
    ],
)
def test_formats_are_found(cells: list[Cell], after: list[Cell]) -> None:
    """Each format is found, and a day beyond 12 settles the order."""
    assert read(cells) == after


@pytest.mark.parametrize(
    "cells",
    [
        ["03/04/2025"],
        ["03.04.2025", "05/13/2025"],
        ["03/04/2025", "13/04/2025", "04/13/2025"],
        ["03/04/2025", "2025-04-03", "3 Apr 2025"],
    ],
)
def test_two_readings_are_refused(cells: list[Cell]) -> None:
    """Where no cell settles the order of day and month, or cells contradict each other, both readings are named."""
    with pytest.raises(AmbiguousFormat) as caught:
        read(cells)
    assert "2025-04-03" in str(caught.value)
    assert "2025-03-04" in str(caught.value)


def test_the_order_of_most_cells_prevails_where_no_cell_is_in_doubt() -> None:
    """A cell that the order of the others cannot read stays as it is; with as many of both there is no order."""
    cells: list[Cell] = ["13/04/2025", "14/04/2025", "04/13/2025"]
    assert read(cells) == ["2025-04-13", "2025-04-14", "04/13/2025"]
    with pytest.raises(AmbiguousFormat, match="as many cells"):
        read(["13/04/2025", "04/13/2025"])


def test_cell_that_two_declared_formats_read_differently_stays() -> None:
    """Of several declared formats none is preferred."""
    formats = ["%d/%m/%Y", "%m/%d/%Y"]
    assert read(["03/04/2025", "13/04/2025", "03/03/2025"], formats=formats) == [
        "03/04/2025",
        "2025-04-13",
        "2025-03-03",
    ]


@pytest.mark.parametrize(
    "cell",
    ["2023-13-45", "2023-02-30", "29.02.2023", "29.02.1900", "31.04.2025", "0.1.2025", "1.13.2025", "yesterday", "",
     "2025-04-03 12:30:00", "12:30", "2025", "1.2.25", "20251301", "45750"],
)  # fmt: skip
def test_what_is_no_day_stays(cell: str) -> None:
    """A cell that the calendar does not have, or that has more than a date, stays for the contract to judge."""
    assert read([cell, "31.12.2024", "30.12.2024"])[0] == cell


def test_leap_days() -> None:
    """29 February is read in leap years only."""
    assert read(["29.02.2024", "29.02.2000", "29.02.2100"]) == ["2024-02-29", "2000-02-29", "29.02.2100"]


@pytest.mark.parametrize(
    ("cell", "after"),
    [
        ("13/04/2025 9:05", "2025-04-13 09:05:00"),
        ("13/04/2025 9:05:07", "2025-04-13 09:05:07"),
        ("13/04/2025 09:05:07.120", "2025-04-13 09:05:07.120"),
        ("13/04/2025 12:05 AM", "2025-04-13 00:05:00"),
        ("13/04/2025 12:05 p.m.", "2025-04-13 12:05:00"),
        ("13/04/2025, 1:05PM", "2025-04-13 13:05:00"),
        ("2025-04-13T09:05:07Z", "2025-04-13 09:05:07+00:00"),
        ("2025-04-13 09:05:07 +0530", "2025-04-13 09:05:07+05:30"),
        ("2025-04-13T09:05:07-08", "2025-04-13 09:05:07-08:00"),
        ("Sun, 13 Apr 2025 09:05:07 GMT", "2025-04-13 09:05:07+00:00"),
        ("13/04/2025", "2025-04-13"),
        ("13/04/2025 24:05", "13/04/2025 24:05"),
        ("13/04/2025 13:05 PM", "13/04/2025 13:05 PM"),
        ("13/04/2025 09:60", "13/04/2025 09:60"),
        ("31/02/2025 09:05", "31/02/2025 09:05"),
        ("13/04/2025 09:05 CET", "13/04/2025 09:05 CET"),
    ],
)
def test_times(cell: str, after: str) -> None:
    """Times keep their fraction and offset; an hour that no clock shows stays as it is."""
    assert read([cell, "14/04/2025"], kind=Timestamps)[0] == after


def test_two_digit_years_need_a_declared_century() -> None:
    """Without the century two-digit years are not read."""
    assert read(["31.12.24"]) == ["31.12.24"]
    assert read(["31.12.49", "31.12.50"], two_digit_years=1950) == ["2049-12-31", "1950-12-31"]
    with pytest.raises(ValidationError, match="two_digit_years"):
        Dates(columns=("x",), formats=("%d.%m.%y",))
    with pytest.raises(AmbiguousFormat):
        read(["01.02.03"], two_digit_years=1950)


def test_declared_formats() -> None:
    """Declared formats read their cells, whatever others are there."""
    cells: list[Cell] = ["03.04.2025 12:30", "04/03/2025"]
    assert read(cells, kind=Timestamps, formats=["%d.%m.%Y %H:%M"]) == ["2025-04-03 12:30:00", "04/03/2025"]
    assert read(["3:05 PM on 4/3/2025"], kind=Timestamps, formats=["%I:%M %p on %m/%d/%Y"]) == ["2025-04-03 15:05:00"]
    assert read(["030425"], formats=["%d%m%y"], two_digit_years=1950) == ["2025-04-03"]
    assert read(["2025-04-03T01:02:03"], kind=Timestamps, formats=["%FT%T"]) == ["2025-04-03 01:02:03"]


@pytest.mark.parametrize("word", ["%d.%m", "%Q", "%d.%m.%Y %I:%M", "%d.%m.%Y.%d", "", "%d/%m/%Y %"])
def test_formats_that_cannot_be_read_are_mistakes(word: str) -> None:
    """A format must give one day, month and year, in known words."""
    with pytest.raises(ValidationError):
        Dates.model_validate({"columns": ["x"], "formats": [word]})


def test_excel_serial_numbers() -> None:
    """Serial numbers are read only where declared; 60 is a day that never was."""
    cells: list[Cell] = ["1", "59", "60", "61", "45750", "45750.5", "0", "99999999"]
    after = ["1900-01-01", "1900-02-28", "60", "1900-03-01", "2025-04-03", "2025-04-03 12:00:00", "0", "99999999"]
    assert read(cells, kind=Timestamps, formats="excel") == after


def test_month_names_of_other_languages() -> None:
    """Names of months are read in the declared languages."""
    assert read(["3. März 2025", "3. Dez 2025"], months=["de", "en"]) == ["2025-03-03", "2025-12-03"]
    assert read(["3 août 2025", "3 févr. 2025"], months=["fr"]) == ["2025-08-03", "2025-02-03"]
    assert read(["3 août 2025"]) == ["3 août 2025"]


def test_every_language_has_twelve_months() -> None:
    """In each language the names reach from 01 to 12, and no name means two months."""
    together = month_numbers(languages())
    for language in languages():
        numbers = month_numbers([language])
        assert sorted(set(numbers.values())) == [f"{month:02d}" for month in range(1, 13)]
        assert all(together[name] == number for name, number in numbers.items())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.dates(datetime.date(1000, 1, 1)), min_size=1, max_size=12),
    st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %b %Y", "%B %d, %Y", "%Y%m%d", "%d-%b-%Y"]),
)
def test_written_and_read_back(days: list[datetime.date], word: str) -> None:
    """A date written in a declared format comes back."""
    assert read([day.strftime(word) for day in days], formats=[word]) == [day.isoformat() for day in days]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dates(datetime.date(1000, 1, 1)), min_size=1, max_size=12), st.sampled_from("dm"))
def test_auto_is_right_or_refuses(days: list[datetime.date], first: str) -> None:
    """Left to the evidence, no date ever becomes another one."""
    word = "%d/%m/%Y" if first == "d" else "%m/%d/%Y"
    try:
        after = read([day.strftime(word) for day in days], size=3)
    except AmbiguousFormat:
        assert all(day.day <= 12 for day in days)
    else:
        assert after == [day.isoformat() for day in days]


def test_canonical_columns_are_returned_as_they_are() -> None:
    """Columns that are canonical already are not copied cell by cell."""
    data = batch(["2025-04-03", None])
    assert Dates(columns=("x",), formats=("%d.%m.%Y",)).apply(data).column("x").equals(data.column("x"))
