"""What values say, however they are written."""

import pyarrow as pa
import pytest

from etl_agent.profile.coded import CodedColumn
from etl_agent.profile.meaning import meanings


def said(value: str, *, among: list[str]) -> str | None:
    """Say what a value means in a column of others."""
    column = CodedColumn.of(pa.array([value, *among * 3], pa.string()))
    return meanings(column)[column.texts.index(value)]


@pytest.mark.parametrize(
    "value",
    [
        "9:05 p.m.",
        "09:05 PM",
        "9:05pm",
        "9:05pDec 1",
        "12/02/2011 9:05 p.m.",
        "9:05 p.m. (-05:00)",
        "9:05 p.m.&nbsp(Estimated)",
        "Thu  21:05",
        "21:05:00",
    ],
)
def test_a_time_of_day_is_read_out_of_what_stands_around_it(value: str) -> None:
    """In a column of times the date, the weekday, the offset and the remark beside a time are noise."""
    assert said(value, among=["8:00 a.m.", "11:45 p.m."]) == "21:05:00"


@pytest.mark.parametrize("value", ["9:05", "9:05 - 9:30 p.m.", "Not available", "25:10 p.m.", "7:10 at gate", "noon"])
def test_what_may_be_read_in_two_ways_says_nothing(value: str) -> None:
    """Where times have halves of the day, one without is open, and so are two times and none."""
    assert said(value, among=["8:00 a.m.", "11:45 p.m."]) is None


def test_midnight_and_noon() -> None:
    """Twelve in the morning is the start of the day."""
    assert said("12:00 a.m.", among=["8:00 a.m."]) == "00:00:00"
    assert said("12:00 p.m.", among=["8:00 a.m."]) == "12:00:00"


def test_a_clock_of_24_hours_needs_no_half() -> None:
    """In a column of 24 hours a short time is one in the morning."""
    assert said("7:10", among=["07:20", "19:20"]) == "07:10:00"
    assert said("7:10 pm", among=["07:20", "19:20"]) == "19:10:00"


def test_a_group_of_numbers_is_read_out_of_what_stands_around_it() -> None:
    """In a column of dates or telephone numbers the only such group in a value is what it says."""
    phones = ["212-555-0199", "313-555-0101"]
    assert said("tel. 646-555-0142 (home)", among=phones) == said("646-555-0142", among=phones) == "646-555-0142"
    assert said("646-555-0142 or 646-555-0143", among=phones) == "646-555-0142 or 646-555-0143"
    assert said("1646-555-0142-9", among=phones) == "1646-555-0142-9"


def test_numbers_with_a_point_are_not_taken_out_of_words() -> None:
    """A measure with a unit and one without are not known to be the same."""
    assert said("12.5 oz", among=["12.5", "7.25"]) != said("12.5", among=["12.5", "7.25"])


def test_words_say_the_same_in_any_case() -> None:
    """Case, width, blanks and signs at the ends do not count; all else does."""
    words = ["Main Street", "High Street"]
    assert said("main  STREET.", among=words) == said("Main Street", among=words)
    assert said("Main-Street", among=words) != said("Main Street", among=words)
    assert said("Élan", among=words) != said("Elan", among=words)


def test_signs_alone_keep_saying_what_they_say() -> None:
    """A value of signs only is not folded away."""
    assert said("...", among=["Main Street"]) == "..."


def test_a_long_value_says_nothing_but_itself() -> None:
    """Hostile lengths cost nothing: they are not searched."""
    text = "9:05 " * 20_000
    assert said(text, among=["9:05", "10:10"]) == text
