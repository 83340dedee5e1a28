"""Missing markers: a word or a sign is one only where the rest of the column says so."""

import pytest

from etl_agent.decide.propose import markers

NUMBERS = [str(number) for number in range(10, 70)]
CITIES = ["Rome", "Oslo", "Lima"] * 20


def test_words_of_programs_become_null_among_numbers(cleaned) -> None:
    """N/A in a column of numbers is no value, whatever else the table holds."""
    assert cleaned({"x": [*NUMBERS, "N/A", "NULL"]}, markers.propose)["x"] == [*NUMBERS, None, None]


def test_words_of_programs_stay_where_the_table_knows_no_null(cleaned) -> None:
    """A table that has N/A in a column of words, and no null at all, writes it on purpose."""
    cells = [*CITIES, "N/A"]
    assert cleaned({"x": cells}, markers.propose)["x"] == cells
    assert cleaned({"x": cells, "y": [*CITIES, None]}, markers.propose)["x"] == [*CITIES, None]


def test_words_are_markers_only_among_measures(cleaned) -> None:
    """ "unknown" beside nulls cannot be a number, but it can be a category."""
    assert cleaned({"x": [*NUMBERS, None, None, "Unknown"]}, markers.propose)["x"] == [*NUMBERS, None, None, None]
    words = [*CITIES, None, None, "unknown"]
    assert cleaned({"x": words}, markers.propose)["x"] == words


@pytest.mark.parametrize("marker", ["empty", "-", "?", "none"])
def test_one_marker_for_all_stays(cleaned, marker: str) -> None:
    """A column that has its own marker and no null is consistent."""
    cells = [*NUMBERS, *[marker] * 15]
    assert cleaned({"x": cells}, markers.propose)["x"] == cells


def test_signs_beside_nulls_become_null(cleaned) -> None:
    """Where null is one of the ways to say it, signs alone say it too, among words as well."""
    assert cleaned({"x": [*CITIES, None, None, "-", "***"]}, markers.propose)["x"] == [*CITIES, *[None] * 4]


def test_the_convention_of_a_column_of_text_wins(cleaned) -> None:
    """A few nulls and other signs follow the marker that nearly all missing cells have."""
    cells = [*["."] * 40, "A-12", "B-7", None, "***"]
    assert cleaned({"x": cells}, markers.propose)["x"] == [*["."] * 40, "A-12", "B-7", ".", "."]


def test_nulls_among_measures_are_never_filled(cleaned) -> None:
    """In a column of numbers a null stays one, even where most missing values are signs."""
    cells = [*NUMBERS, *["-"] * 30, None]
    assert cleaned({"x": cells}, markers.propose)["x"] == cells


@pytest.mark.parametrize("values", [["+", "-", None], ["*", None, None], ["★★★", "★", None, "-"], ["p", "*", None]])
def test_columns_of_signs_stay(cleaned, values: list[str | None]) -> None:
    """Where signs are what the column is made of, they are values: test results, footnotes, ratings."""
    cells = values * 20
    assert cleaned({"x": cells}, markers.propose)["x"] == cells


def test_namibia_stays(cleaned) -> None:
    """NA among codes of countries is a value, also beside nulls."""
    cells = ["DE", "NA", "FR", None] * 10
    assert cleaned({"x": cells}, markers.propose)["x"] == cells


def test_noise_of_constant_columns_is_left(cleaned) -> None:
    """Signs in a column of one value stand for that value, not for none."""
    cells = [*["S"] * 60, "***", None]
    assert cleaned({"x": cells}, markers.propose)["x"] == cells


def test_keys_stay(cleaned) -> None:
    """A column of a key is not looked at."""
    cells = [*NUMBERS, "N/A"]
    assert cleaned({"x": cells}, markers.propose, keys=["x"])["x"] == cells


def test_a_word_as_frequent_as_other_answers_is_one(cleaned) -> None:
    """Where "null" stands as often as "yes" and "no", and null itself hardly at all, it is what was answered."""
    answers = [*["yes", "no", "null"] * 40, None]
    assert cleaned({"x": answers}, markers.propose)["x"] == answers
    rare = [*["yes", "no"] * 40, "null", "null", None]
    assert cleaned({"x": rare}, markers.propose)["x"] == [*["yes", "no"] * 40, None, None, None]
