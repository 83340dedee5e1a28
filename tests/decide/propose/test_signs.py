"""Signs of codes: the same letters and digits are written with the column's own signs."""

import pytest

from etl_agent.decide.propose import signs

PHONES = [f"212-555-0{number}" for number in range(100, 140)]
CODES = [f"AB-{number}" for number in range(1000, 1040)]


@pytest.mark.parametrize(
    ("column", "cell", "wanted"),
    [
        (PHONES, "(212) 555-0199", "212-555-0199"),
        (PHONES, "2125550199", "212-555-0199"),
        (PHONES, " 212.555.0199", "212-555-0199"),
        (CODES, "CD 2000", "CD-2000"),
    ],
)
def test_other_signs_follow_the_convention(cleaned, column: list[str], cell: str, wanted: str) -> None:
    """Brackets, blanks, points and nothing at all become the signs of the column."""
    assert cleaned({"x": [*column, cell]}, signs.propose)["x"] == [*column, wanted]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        (PHONES, "2125-550-199"),
        (PHONES, "+1 212-555-0199"),
        (PHONES, "555-0199"),
        (CODES, "AB-C1000"),
        (CODES, "A-B1000"),
        ([f"2020-01-{day}" for day in range(10, 29)] * 2, "2020/01/13"),
        ([f"{number}.25" for number in range(100, 140)], "100-25"),
        (["1-2", "3-4", "5-6"] * 20, "12"),
        (["A+-B", "A--B"] * 30, "A B"),
    ],
)
def test_other_codes_stay(cleaned, column: list[str], cell: str) -> None:
    """Other parts, other lengths, dates, numbers and short codes are left."""
    assert cleaned({"x": [*column, cell]}, signs.propose)["x"] == [*column, cell]
