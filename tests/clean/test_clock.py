"""The form of the clock: times are read where nothing else can be meant."""

import pyarrow as pa
import pytest
from pydantic import ValidationError

from etl_agent.clean.clock import ClockAs


def after(like: str, *cells: str | None) -> list[str | None]:
    """Run the step on a column x."""
    step = ClockAs(columns=("x",), like=like)
    return step.apply(pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})).column("x").to_pylist()


@pytest.mark.parametrize(
    ("like", "written"),
    [
        ("9:05 a.m.", "9:15 p.m."),
        ("09:05 AM", "09:15 PM"),
        ("9:05am", "9:15pm"),
        ("9:05A", "9:15P"),
        ("9:05", "21:15"),
        ("09:05", "21:15"),
        ("09:05:00 AM", "09:15:00 PM"),
    ],
)
def test_an_example_shows_the_form(like: str, written: str) -> None:
    """A quarter past nine in the evening is written like five past nine in the morning."""
    assert after(like, "9:15 P.M.") == [written]


def test_noon_and_midnight_have_their_hours() -> None:
    """Twelve o'clock is the first hour of its half of the day."""
    cells = ["12:00 a.m.", "12:00 p.m.", "12:00 noon", "12:00 midnight", "11:00 noon"]
    assert after("09:05", *cells) == ["00:00", "12:00", "12:00", "00:00", "11:00 noon"]
    assert after("9:05 AM", "0:30", "00:00", "12:00 noon") == ["12:30 AM", "12:00 AM", "12:00 PM"]


@pytest.mark.parametrize(
    "cell",
    ["Mar 4 8:25 a.m.", "Thu 14-Mar-19 8:25A", "2019-03-14 8:25 a.m.", "8:25 a.m.Mar 14", "8:25 a.m.  Thu 14-Mar-19"],
)
def test_dates_beside_a_time_go(cell: str) -> None:
    """A date before or behind the time is no part of it."""
    assert after("9:05 a.m.", cell) == ["8:25 a.m."]


@pytest.mark.parametrize(
    "cell",
    ["before 9:05 AM", "9:05 AM UTC", "9:05+02:00", "9:05 AM 12", "1:9:05 AM", "9:5 AM", "25:00", "9:05 AM/9:10 AM",
     "ratio 9:05", "13:05 PM", "8:25:30 AM"],
)  # fmt: skip
def test_what_may_mean_something_else_stays(cell: str) -> None:
    """Zones, spans, limits, hours that no clock has and seconds that would be lost stay."""
    assert after("9:05 a.m.", cell) == [cell]


def test_an_example_that_shows_nothing_is_refused() -> None:
    """The form is given by one fixed time, so that it can be told from an instruction."""
    with pytest.raises(ValidationError, match="five past nine"):
        ClockAs(columns=("x",), like="10:05")


def test_hostile_cells_are_not_read() -> None:
    """A cell of a million signs costs no more than looking for a colon."""
    cell = "1:" * 500_000
    assert after("9:05", cell, "( " * 30 + "9:05") == [cell, "( " * 30 + "9:05"]
