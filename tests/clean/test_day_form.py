"""Dates in one form: read where nothing else can be meant, and written as the column writes them."""

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from etl_agent.clean.day_form import DateAs, form_pattern

FORMS = ("%Y/%m/%d", "%-d.%-m.%Y", "%m-%d-%Y", "%d %b %Y", "%B %-d, %Y")


def after(step: DateAs, *cells: str | None) -> list[str | None]:
    """Run the step on a column x."""
    return step.apply(pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})).column("x").to_pylist()


@pytest.mark.parametrize("form", FORMS)
@given(day=st.dates(date(1000, 1, 1), date(9999, 12, 31)))
@settings(max_examples=25, deadline=None)
def test_every_date_is_written_in_the_form_that_its_pattern_describes(form: str, day: date) -> None:
    """What is written has the form, and is read back as the same day."""
    there = after(DateAs(columns=("x",), write=form, formats=("%Y-%m-%d",)), day.isoformat())[0]
    assert pc.match_substring_regex(pa.array([there]), form_pattern(form))[0].as_py()
    words = form.replace("%-", "%").replace("%B", "%b")
    assert after(DateAs(columns=("x",), write="%Y-%m-%d", formats=(words,)), there) == [day.isoformat()]


@pytest.mark.parametrize(
    "cell", ["2008/09/6", "2008/9/06", "2008/9/26 10:00", "2008/02/30", "26/09/2008", "2008/9", ""]
)
def test_what_is_no_date_for_sure_stays(cell: str) -> None:
    """Lost digits, times, days that the calendar has not and formats that are not named stay."""
    assert after(DateAs(columns=("x",), write="%Y/%m/%d", formats=("%Y/%m/%d",)), cell, None) == [cell, None]


def test_cells_that_two_formats_read_differently_stay() -> None:
    """3/4 is two days, 4/4 is one."""
    step = DateAs(columns=("x",), write="%Y-%m-%d", formats=("%d/%m/%Y", "%m/%d/%Y"))
    assert after(step, "03/04/2025", "04/04/2025") == ["03/04/2025", "2025-04-04"]


@pytest.mark.parametrize(
    "parameters",
    [{"write": "%Y-%m"}, {"write": "%Y-%m-%d %H"}, {"write": "%y-%m-%d"}, {"formats": ("excel",)}, {"formats": ()}],
)
def test_forms_that_lose_something_are_refused(parameters: dict[str, object]) -> None:
    """A form has year, month and day; centuries and serial numbers are not guessed."""
    with pytest.raises(ValidationError):
        DateAs(**{"columns": ("x",), "write": "%Y-%m-%d", "formats": ("%d.%m.%Y",), **parameters})
