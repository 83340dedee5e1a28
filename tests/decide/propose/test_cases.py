"""Letter case: the column's own comes back where accidents changed it, and stays where it tells values apart."""

import pytest

from etl_agent.decide.propose import cases

STATES = ["OK", "FAIL", "n/k", "Open"] * 25
CODES = [f"{letter}{number:02d}-b" for letter in "FGHK" for number in range(40)]


def struck(cells: list[str], change: object, *, every: int = 17) -> list[str]:
    """Change the case of every so many cells."""
    assert callable(change)
    return [change(cell) if place % every == 0 else cell for place, cell in enumerate(cells)]


def test_short_values_follow_their_usual_spelling(cleaned) -> None:
    """Categories of two letters come back, too, if several of them were struck."""
    cells = ["FT", "PT", "IA", "WA"] * 25
    assert cleaned({"x": struck(cells, str.lower)}, cases.propose)["x"] == cells
    assert cleaned({"x": struck(cells, str.title)}, cases.propose)["x"] == cells
    assert cleaned({"x": struck(["kg", "mL"] * 50, str.upper)}, cases.propose)["x"] == ["kg", "mL"] * 50


@pytest.mark.parametrize("change", [str.upper, str.title])
def test_codes_follow_their_pattern(cleaned, change: object) -> None:
    """A code that stands there once is written as the others are."""
    assert cleaned({"x": struck(CODES, change)}, cases.propose)["x"] == CODES


def test_codes_in_one_style_follow_it(cleaned) -> None:
    """Where all letters of a column are capitals, or small, patterns do not matter."""
    cells = [f"{'AB CD EF'[place % 6 : place % 6 + 2]}{place * 7919 % 1000}" for place in range(200)]
    assert cleaned({"x": struck(cells, str.lower)}, cases.propose)["x"] == cells


@pytest.mark.parametrize(
    "cells",
    [
        [*["MW"] * 90, *["kW"] * 40, *["mW"] * 12, *["Mw"] * 4, *["nm"] * 6, *["Nm"] * 4],
        ["Y", "N", "Y", "N", "U", "y/n"] * 30,
        ["T", "F", "t", "true", "trace"] * 20,
        ["Co", "CO", "NO", "No", "Cs", "CS"] * 20,
        [*["GET", "POST"] * 100, "get", "get", "get"],
        [
            *[f"#{number:06x}" for number in range(7000000, 7000100)],
            *[f"#{number:06X}" for number in range(14000000, 14000100)],
        ],
    ],
)
def test_case_that_tells_values_apart_stays(cleaned, cells: list[str]) -> None:
    """Units, elements, answers and methods are left where case may be meant."""
    assert cleaned({"x": cells}, cases.propose)["x"] == cells


def test_other_species_are_no_accident(cleaned) -> None:
    """Genes of man are written TP53 and those of mice Trp53: two patterns in use."""
    human = [f"{'ABCDE'[n % 5]}{'XYZ'[n % 3]}L{n}" for n in range(120)]
    mouse = [gene.capitalize() for gene in human[:40]]
    assert cleaned({"x": [*human, *mouse]}, cases.propose)["x"] == [*human, *mouse]


def test_names_are_left(cleaned) -> None:
    """Capitals in few names are how somebody writes his own."""
    cells = [
        f"{first} {last}" for first in ("Ann", "Tom", "Eva", "Jan") for last in ("Lee", "May", "Fox", "Bell", "Hill")
    ]
    named = struck(cells * 6, str.upper, every=30)
    kept = [cell for place, cell in enumerate(named) if place % 30 == 0]
    now = cleaned({"x": [f"{cell} {chr(97 + place // 10)}q" for place, cell in enumerate(named)]}, cases.propose)["x"]
    assert all(now[place * 30].startswith(cell) for place, cell in enumerate(kept))


def test_keys_stay(cleaned) -> None:
    """A column of a key is not looked at."""
    cells = struck(CODES, str.upper)
    assert cleaned({"x": cells}, cases.propose, keys=["x"])["x"] == cells


def test_categories_of_mixed_case_come_back_one_by_one(cleaned) -> None:
    """Each value has its own usual spelling, whatever style the accidents are in."""
    assert cleaned({"x": struck(STATES, str.lower)}, cases.propose)["x"] == STATES


def test_case_that_goes_with_another_column_stays(cleaned) -> None:
    """Where the small letters are those of one species, they say which it is."""
    genes = ["TP5", "BR2", "MYC9", "KR7"] * 60
    species = ["mouse" if place % 15 in (3, 7) else "man" for place in range(240)]
    cells = [gene.capitalize() if kind == "mouse" else gene for gene, kind in zip(genes, species, strict=True)]
    assert cleaned({"x": cells, "species": species}, cases.propose)["x"] == cells
    assert cleaned({"x": cells}, cases.propose)["x"] == genes
