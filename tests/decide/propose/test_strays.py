"""Stray signs: taken away where they fall on all values alike, and left where they belong to one."""

import pytest

from etl_agent.decide.propose import strays

CITIES = ["Rome", "Oslo", "Lima", "Cairo"] * 25
NUMBERS = [f"{number / 7:.2f}" for number in range(100)]
DAYS = [f"{day:02d}.{month:02d}.2016" for month in range(1, 7) for day in range(1, 29)]


def struck(cells: list[str], sign: str, *, every: int = 19, before: bool = False) -> list[str]:
    """Put a sign on every so many cells."""
    return [cell if place % every else (sign + cell if before else cell + sign) for place, cell in enumerate(cells)]


@pytest.mark.parametrize("sign", [";", "_", "`", "..", "//"])
@pytest.mark.parametrize("cells", [CITIES, NUMBERS, DAYS])
@pytest.mark.parametrize("before", [True, False])
def test_litter_goes(cleaned, cells: list[str], sign: str, before: bool) -> None:
    """A sign that says nothing goes from few cells, whatever the column holds, at both ends."""
    assert cleaned({"x": struck(cells, sign, before=before)}, strays.propose)["x"] == cells


def beside(cells: list[str]) -> dict[str, list[str]]:
    """Return a table in which a column is one of many."""
    return {
        "x": cells,
        **{f"y{place}": ["abcdefghijklm"[(n * (place + 3)) % 13] for n in range(len(cells))] for place in range(29)},
    }


def test_marks_go_where_they_lie_evenly(cleaned) -> None:
    """A star on few categories goes if neither the values nor the rest of the rows have anything to do with it."""
    assert cleaned(beside(struck(CITIES * 3, "*")), strays.propose)["x"] == CITIES * 3


def test_marks_stay_where_they_may_do_harm(cleaned) -> None:
    """In a table of one column a twentieth of all cells would lose a word on their value, if it was one."""
    assert cleaned({"x": struck(CITIES * 3, "*")}, strays.propose)["x"] == struck(CITIES * 3, "*")


@pytest.mark.parametrize("sign", ["*", "?", "+"])
@pytest.mark.parametrize("cells", [NUMBERS * 3, DAYS * 2])
def test_marks_on_measures_stay(cleaned, cells: list[str], sign: str) -> None:
    """12* and 1850? are estimates, and whatever says so of one number says nothing of the others."""
    assert cleaned(beside(struck(cells, sign)), strays.propose)["x"] == struck(cells, sign)


def test_marks_that_go_with_another_column_stay(cleaned) -> None:
    """Stars on the rows of one year are a remark on that year."""
    cells = [f"{cell}*" if place % 20 == 0 else cell for place, cell in enumerate(NUMBERS * 3)]
    years = ["2020" if place % 20 == 0 else str(2000 + place % 20) for place in range(300)]
    assert cleaned({"x": cells, "year": years}, strays.propose)["x"] == cells


@pytest.mark.parametrize(
    "cells",
    [
        ["A"] * 50 + ["B"] * 50 + ["A+"] * 9 + ["B+"] * 2 + ["C"] * 60,
        ["C"] * 60 + ["Java"] * 60 + ["C#"] * 14,
        ["O+", "O-", "A+", "A-", "AB+", "AB-"] * 20,
        [*[str(age) for age in range(18, 65)] * 4, *["65+"] * 8],
    ],
)
def test_signs_that_belong_to_some_values_stay(cleaned, cells: list[str]) -> None:
    """Grades, languages, blood groups and open ranges have a sign that others lack."""
    assert cleaned({"x": cells}, strays.propose)["x"] == cells


@pytest.mark.parametrize("signs", ["*", "+"])
def test_frequent_marks_stay(cleaned, signs: str) -> None:
    """A mark on one cell of six is a system, however evenly it lies."""
    cells = struck(CITIES, signs, every=6)
    assert cleaned({"x": cells}, strays.propose)["x"] == cells


def test_two_marks_are_a_language(cleaned) -> None:
    """Where one star and two daggers both occur, they say two things."""
    cells = struck(struck(NUMBERS * 3, "*", every=21), "†", every=20)
    assert cleaned({"x": cells}, strays.propose)["x"] == cells


def test_signs_that_stand_elsewhere_stay(cleaned) -> None:
    """In a column of lists a semicolon at the end may be the beginning of another item."""
    cells = [*struck(CITIES, ";"), "Rome; Oslo"]
    assert cleaned({"x": cells}, strays.propose)["x"] == cells


@pytest.mark.parametrize("sign", ["+", "~"])
def test_signs_before_numbers_stay(cleaned, sign: str) -> None:
    """About 5 is not 5, and +5 is a change by 5."""
    cells = struck(NUMBERS * 3, sign, before=True)
    assert cleaned({"x": cells}, strays.propose)["x"] == cells


def test_sentences_keep_their_end(cleaned) -> None:
    """Questions, colons and stars behind words that do not repeat are a part of the text."""
    words = [f"word{chr(97 + place % 26)} to {chr(97 + place // 26)}side".replace("0", "o") for place in range(200)]
    for sign in ("?", "*", ":", ".", ".."):
        cells = struck(words, sign)
        assert cleaned({"x": cells}, strays.propose)["x"] == cells


def test_one_value_alone_stays(cleaned) -> None:
    """A sign that only one value has may make it another one."""
    cells = [*CITIES, "Rome_", "Rome_", "Rome_"]
    assert cleaned({"x": cells}, strays.propose)["x"] == cells


def test_keys_stay(cleaned) -> None:
    """A column of a key is not looked at."""
    cells = struck(CITIES, ";")
    assert cleaned({"x": cells}, strays.propose, keys=["x"])["x"] == cells


def test_litter_on_the_only_value_goes(cleaned) -> None:
    """In a column of one value there is no other one to be struck; a mark may still make it a second value."""
    cells = ["MI"] * 200
    assert cleaned({"x": struck(cells, "_")}, strays.propose)["x"] == cells
    assert cleaned({"x": struck(cells, "+")}, strays.propose)["x"] == struck(cells, "+")
