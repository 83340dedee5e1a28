"""Numbers: foreign marks go where the rest of the column leaves one reading."""

import pytest

from etl_agent.decide.propose import numbers

WHOLE = [str(number) for number in range(800, 20_000, 300)]
TENTHS = [f"{number / 10:.1f}" for number in range(355, 400)]
THREE = [f"{number / 1000:.3f}" for number in range(500, 9_000, 137)]
TRIMMED = [str(number / 1000) for number in range(501, 9_000, 137)]


@pytest.mark.parametrize(
    ("column", "cell", "wanted"),
    [
        (WHOLE, "900.0", "900"),
        (WHOLE, "1,500", "1500"),
        (TENTHS, "36,6", "36.6"),
        (THREE, "1,947", "1.947"),
        (TRIMMED, "1,947", "1.947"),
        (["1500.25", "980.50"] * 20, "1,234.50", "1234.50"),
    ],
)
def test_one_reading_is_taken(cleaned, column: list[str], cell: str, wanted: str) -> None:
    """A number in a foreign form is written as the others where it fits among them in one way."""
    assert cleaned({"x": [*column, cell]}, numbers.propose)["x"] == [*column, wanted]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        (WHOLE, "900.5"),
        (WHOLE, "1,5"),
        (WHOLE, "990,000"),
        (TENTHS, "36,65"),
        (TENTHS, "99,9"),
        (["0.5", "1.234", "999.75", "1500.5"] * 10, "1,234"),
        (["3.0", "4.5", "2.0"] * 10, "3"),
        (["3", "4.5", "2", "3.5"] * 10, "3.0"),
        (["A-1", "B-2", "C-3"] * 10, "3.0"),
        (["1,234", "2,345", "3,456"] * 10, "4567"),
    ],
)
def test_two_readings_or_none_stay(cleaned, column: list[str], cell: str) -> None:
    """What does not fit, fits twice, or stands among other things is left."""
    assert cleaned({"x": [*column, cell]}, numbers.propose)["x"] == [*column, cell]
