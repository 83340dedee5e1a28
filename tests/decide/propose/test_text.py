"""Text hygiene: what nobody sees goes where it is an exception."""

import pytest

from etl_agent.decide.propose import text


def test_few_outer_blanks_go(cleaned) -> None:
    """Blanks around a minority of the values are taken away."""
    assert cleaned({"x": ["a", "b", " c ", "d"]}, text.propose)["x"] == ["a", "b", "c", "d"]


def test_padded_columns_stay(cleaned) -> None:
    """A column whose values are all padded is consistent."""
    assert cleaned({"x": ["a  ", "b  ", "cd "]}, text.propose)["x"] == ["a  ", "b  ", "cd "]


def test_double_blanks_go_only_where_single_ones_are_more_frequent(cleaned) -> None:
    """A value with two blanks is dirt beside the same value with one, and a spelling of its own elsewhere."""
    cells = ["New York"] * 3 + ["New  York", "Rio"]
    assert cleaned({"x": cells}, text.propose)["x"] == ["New York"] * 4 + ["Rio"]
    own = ["right  kind"] * 3 + ["left kind", "New  York", "New York"]
    assert cleaned({"x": own}, text.propose)["x"] == own


def test_unseen_characters_and_wrong_encodings_go(cleaned) -> None:
    """Zero-width blanks and UTF-8 that was read as Latin-1 are repaired in the few cells that have them."""
    cells = ["a", "b", "c\u200b", "schÃ¶n", "d"]
    assert cleaned({"x": cells}, text.propose)["x"] == ["a", "b", "c", "schön", "d"]


def test_clean_columns_are_not_named(cleaned) -> None:
    """Where nothing is found, nothing is proposed; keys are never looked at."""
    assert cleaned({"x": ["a", "b c", None, ""], "k": ["1 ", "2", "3", "4"]}, text.propose, keys=["k"])["k"][0] == "1 "


NAMED = [f"{first} {last}" for first in ("Ann", "Tom", "Eva", "Jan", "Ida") for last in ("Lee", "May", "Fox", "Bell")]


def test_blanks_inside_go_where_all_others_have_one(cleaned) -> None:
    """A name that stands there once has one blank, too, if names of its pattern have."""
    odd = ["Noa  Brown", "Pia  Berg", "Ben  Holm"]
    assert cleaned({"x": [*NAMED * 3, *odd]}, text.propose)["x"][-3:] == ["Noa Brown", "Pia Berg", "Ben Holm"]


@pytest.mark.parametrize(
    "odd", [["Noa  B.  Brown"] * 3, ["See p. 3.  Then go"] * 3, ["Noa  Brown"], [f"Noa  Brown{n:x}" for n in range(20)]]
)
def test_blanks_inside_stay_where_they_may_be_meant(cleaned, odd: list[str]) -> None:
    """Two gaps in one cell, a sentence's end, and more than few cells are no accident."""
    cells = [*NAMED * 3, *["See p. 7. Then go", "Tom E. Winter"] * 12, *odd]
    assert cleaned({"x": cells}, text.propose)["x"] == cells
