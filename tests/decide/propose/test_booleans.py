"""Truth values: few spellings follow the two words of the many."""

import pytest

from etl_agent.decide.propose import booleans

WORDS = ["Yes", "No", "Yes"] * 15


def test_few_spellings_follow_the_convention(cleaned) -> None:
    """Other words for the same truth are written as the column writes it; null stays."""
    cells = [*WORDS, "Y", "no", "TRUE", "0", None]
    assert cleaned({"x": cells}, booleans.propose)["x"] == [*WORDS, "Yes", "No", "Yes", "No", None]


@pytest.mark.parametrize(
    "cells",
    [
        WORDS,
        ["N", "E", "S", "W"] * 15,
        ["M", "F"] * 30,
        ["1", "0", "2"] * 15,
        [*["yes"] * 40, "y"],
        [*["Y", "N"] * 15, *["yes", "no"] * 10],
        ["on", "no", "by"] * 15,
    ],
)
def test_other_columns_stay(cleaned, cells: list[str]) -> None:
    """Consistent columns, words with another meaning, one word alone and two customs are left."""
    assert cleaned({"x": cells}, booleans.propose)["x"] == cells
