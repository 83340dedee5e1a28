"""Affixes: units come off only where they tell nothing, and sizes prove that they are the same."""

import pytest

from etl_agent.decide.propose import affixes

SIZES = [str(size) for size in (330, 500, 750, 330, 500, 1000, 250, 330, 500, 750)]


def test_a_unit_in_several_spellings_comes_off(cleaned) -> None:
    """Where no spelling is the convention, the numbers stay alone, in their shortest form."""
    cells = [f"{size}.0 {unit}" for unit in ("ml", "mL", "ml.", "milliliters") for size in SIZES]
    assert cleaned({"x": cells}, affixes.propose)["x"] == SIZES * 4


def test_one_spelling_for_all_stays(cleaned) -> None:
    """A column that is written in one way is consistent."""
    cells = [f"{size} ml" for size in SIZES * 4]
    assert cleaned({"x": cells}, affixes.propose)["x"] == cells


def test_few_spellings_follow_the_convention(cleaned) -> None:
    """Where nearly all numbers have one affix, the others get it too, and keep their digits."""
    cells = [f"{size} ml" for size in SIZES * 9]
    assert cleaned({"x": [*cells, "500.0ml", "330 ML"]}, affixes.propose)["x"] == [*cells, "500.0 ml", "330 ml"]


def test_percent_signs_on_shares_come_off(cleaned) -> None:
    """Numbers of one size, with and without a percent sign, are written without."""
    shares = [f"0.0{digit}" for digit in range(3, 9)] * 10
    cells = [*shares, *(f"{share}%" for share in shares)]
    assert cleaned({"x": cells}, affixes.propose)["x"] == shares * 2


def test_percent_signs_on_numbers_a_hundred_times_as_large_stay(cleaned) -> None:
    """5% beside 0.05 is the same share, not the same number: it is left to who knows."""
    cells = [f"0.0{digit}" for digit in range(3, 9)] * 10 + [f"{digit}%" for digit in range(3, 9)] * 10
    assert cleaned({"x": cells}, affixes.propose)["x"] == cells


@pytest.mark.parametrize(
    "pair", [("kg", "lb"), ("kg", "g"), ("", "A"), ("", " East"), ("", " approx"), ("A", "B"), (" EUR", " USD")]
)
def test_what_may_be_part_of_the_value_stays(cleaned, pair: tuple[str, str]) -> None:
    """Two units, letters of house numbers and seats, unknown words and two currencies are not taken away."""
    cells = [f"{number}{affix}" for affix in pair for number in range(100, 160)]
    assert cleaned({"x": cells}, affixes.propose)["x"] == cells


def test_columns_of_words_and_numbers_stay(cleaned) -> None:
    """A column that only sometimes holds a number with a unit is none of numbers."""
    cells = [f"{size}{unit}" for unit in ("ml", " ml") for size in SIZES] + ["see label"] * 20
    assert cleaned({"x": cells}, affixes.propose)["x"] == cells


def test_rare_remarks_go_with_the_unit(cleaned) -> None:
    """Words behind the unit go where they are exceptions; where they are common they are part of the value."""
    cells = [f"{size} {unit}" for unit in ("ml", "mL", "ml.") for size in SIZES * 2]
    assert cleaned({"x": [*cells, "500 ml can"]}, affixes.propose)["x"][-1] == "500"
    doses = [f"{cell} daily" for cell in cells[:20]]
    assert cleaned({"x": [*cells, *doses]}, affixes.propose)["x"][-20:] == doses


def test_padded_numbers_keep_their_digits(cleaned) -> None:
    """Prices that are written with two digits after the point keep them when the sign goes."""
    prices = [f"{number}.50" for number in range(10, 40)]
    cells = [*prices, *(f"${price}" for price in prices)]
    assert cleaned({"x": cells}, affixes.propose)["x"] == prices * 2


def test_keys_are_left_alone(cleaned) -> None:
    """No proposal names a column of a key."""
    cells = [f"{size} {unit}" for unit in ("ml", "mL", "ml.") for size in SIZES]
    assert cleaned({"x": cells}, affixes.propose, keys=["x"])["x"] == cells


def test_hyphens_of_codes_are_no_minus(cleaned) -> None:
    """ST-04 is a station: neither is its number below zero nor are its letters stokes."""
    cells = [*[f"ST-{number:02d}" for number in range(60)] * 3, *[f"ST {number:02d}" for number in range(9)]]
    assert cleaned({"x": cells}, affixes.propose)["x"] == cells


def test_words_before_numbers_are_no_units(cleaned) -> None:
    """Unit 5 is a flat, and neither is m 5 a length."""
    for word in ("Unit", "m", "item"):
        cells = [*[f"{word} {number}" for number in range(1, 60)], "7", "8"]
        assert cleaned({"x": cells}, affixes.propose)["x"] == cells


def test_two_foreign_signs_among_bare_numbers_go(cleaned) -> None:
    """Where nearly all numbers stand alone, neither dollars nor percents are meant by the few."""
    numbers = [f"{number / 7 + 20:.3f}" for number in range(300)]
    cells = [f"${cell}" if n % 20 == 3 else f"{cell}%" if n % 20 == 7 else cell for n, cell in enumerate(numbers)]
    assert cleaned({"x": cells}, affixes.propose)["x"] == numbers


def test_two_signs_in_common_use_stay(cleaned) -> None:
    """Where amounts and shares share a column, each sign says which it is."""
    cells = [
        f"${n / 7 + 20:.3f}" if n % 3 == 1 else f"{n / 7 + 20:.3f}%" if n % 3 else f"{n / 7:.3f}" for n in range(300)
    ]
    assert cleaned({"x": cells}, affixes.propose)["x"] == cells
