"""Names of columns that are rather the cells of a row."""

from __future__ import annotations

import csv

import pyarrow as pa
import pytest

from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.first_row import cells_among_names


def found(*lines: str) -> tuple[int, ...]:
    """Look at a table whose first line is taken for names."""
    names, *rows = csv.reader(lines)
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    columns = {
        name: ColumnFacts.observe(pa.array([value or None for value in column], pa.string()))
        for name, column in zip(names, cells, strict=True)
    }
    return cells_among_names(names, columns)


@pytest.mark.parametrize(
    ("lines", "places"),
    [
        (("Hilma,hilma@x.org", "Bob,bob@y.net"), (2,)),
        (("1,ann,2020-01-01", "2,bob,2020-01-02", "3,cy,2020-01-03"), (1, 3)),
        (("ann,13.04.2025 10:00", "bob,14.04.2025 11:30"), (2,)),
        (("ann,10:15", "bob,11:20"), (2,)),
        (("ann,https://x.org/a", "bob,https://y.net/b"), (2,)),
        (("ann,+49 30 1234567", "bob,+49 40 7654321"), (2,)),
        (("ann,123-45-6789", "bob,987-65-4321"), (2,)),
        (("ann,12.50", "bob,7.25"), (2,)),
        (("ann,48213", "bob,99120"), (2,)),
        (("7,A1,berlin", "9,B2,paris"), (1, 2)),
    ],
)
def test_a_row_is_told_by_what_no_column_is_called(lines: tuple[str, ...], places: tuple[int, ...]) -> None:
    """An address, a day, a time, a long number, or two cells that are not counted alike, above others of their kind."""
    assert found(*lines) == places


@pytest.mark.parametrize(
    "lines",
    [
        ("id,name,email", "1,ann,a@x.org"),
        ("item,2019,2020,2021", "nut,1234,2345,3456", "bolt,1111,2222,1999"),
        ("2019,2020,2021", "1234,2345,3456"),
        ("1,2,3", "4,5,6"),
        ("city,q1,q2,q3", "bonn,a1,b2,c3"),
        ("dose,0.5,1.0,2.0", "ann,0.7,1.1,1.9"),
        ("5000,10000,20000", "6000,12345,23456"),
        ("name,2026-01-01,2026-02-01", "ann,12,14"),
        ("name,ann@x.org,bob@y.net", "monday,3,4"),
        ("when,2020-01-01", "2020-01-02,2020-01-03"),
        ("berth,B1", "hull,B2"),
        ("co2,pm10", "400,12"),
        ("ann,bob", "cy,dan"),
        ("a,b",),
    ],
)
def test_a_header_is_let_pass(lines: tuple[str, ...]) -> None:
    """Words, years and what counts its columns are names, also above cells that look alike."""
    assert found(*lines) == ()


def test_a_single_line_is_a_row_where_it_holds_an_address() -> None:
    """There is nothing below it to hold it against."""
    assert found("Hilma,hilma@x.org") == (2,)


def test_a_missing_value_above_numbers_is_no_name() -> None:
    """The first row may lack what others have."""
    assert found("N/A,ann@x.org", "12,bob@y.net", "14,cy@z.com") == (2,)


def test_dirty_cells_do_not_hide_a_row() -> None:
    """One cell in five may be anything."""
    assert found("ann@x.org", "b@x.org", "c@x.org", "d@x.org", "e@x.org", "unknown person") == (1,)


def test_long_names_take_no_long_look() -> None:
    """No address has thousands of letters, and patterns must not be tried on them."""
    assert found("1" * 100_000, "12", "13") == ()
