"""Constants: noise stands for the only value that there is."""

import pytest

from etl_agent.decide.propose import constants


def test_signs_and_the_nulls_beside_them_become_the_value(cleaned) -> None:
    """Where signs show that cells were destroyed, the one value is put back."""
    assert cleaned({"x": [*["S"] * 100, "***", "***", None]}, constants.propose)["x"] == ["S"] * 103


def test_slips_of_the_value_are_no_second_one(cleaned) -> None:
    """A value with a sign too many is left to others, and does not hide that the column is constant."""
    assert cleaned({"x": [*["S"] * 100, "zS", "***"]}, constants.propose)["x"] == [*["S"] * 100, "zS", "S"]


@pytest.mark.parametrize(
    "cells",
    [
        [*["Y"] * 100, None, None],
        [*["Y"] * 100, *["***"] * 40],
        [*["S"] * 100, "T", "***"],
        [*["S"] * 20, "***"],
        ["***"] * 100,
    ],
)
def test_thin_evidence_is_left(cleaned, cells: list[str | None]) -> None:
    """Nulls alone are an answer, two values are none, and few cells prove nothing."""
    assert cleaned({"x": cells}, constants.propose)["x"] == cells
