"""Spellings of a column's values into which nothing is repaired."""

import pyarrow as pa
import pytest

from etl_agent.clean.spoilt import spoilt
from etl_agent.profile.coded import CodedColumn


def found(*cells: str | None) -> set[str]:
    """Name the spoilt values of a column."""
    column = CodedColumn.of(pa.array(cells, pa.string()))
    return {text for text, bad in zip(column.texts, spoilt(column), strict=True) if bad}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("Bonn", "Bonn*"), ("1944 N Elm", "1944  N Elm"), ("P17", "P17\xa0"), ("Köln", "?Köln"), ("12345", "12-345")],
)
def test_the_plainest_spelling_is_meant(right: str, wrong: str) -> None:
    """Signs and blanks that another row does without are accidents, also where more rows have them."""
    assert found(right, wrong, wrong, wrong, "other", None) == {wrong}


def test_the_usual_case_is_meant() -> None:
    """Of spellings that differ in case the one is meant that is written like the other values."""
    assert found("Elm Road", "elm road", "elm road", "Oak Lane", "Ash Way") == {"elm road"}


def test_a_much_more_frequent_spelling_is_meant() -> None:
    """Where a sign stands in nearly all rows, it belongs to the value, and the row without lost it."""
    assert found(*["Yahoo!"] * 30, "Yahoo", "Bing") == set()


def test_values_of_their_own_are_not_spoilt() -> None:
    """Values with other letters or digits are no spellings of each other, and values of signs alone have no stem."""
    assert found("A1", "A2", "A-10", "#", "*", "") == set()
    assert found() == set()
