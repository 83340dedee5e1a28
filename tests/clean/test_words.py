"""Tests of the repair of words in values that are all different."""

import pyarrow as pa
import pytest

from etl_agent.clean.words import RepairWords

FIRST = ["Harbour", "Meadow", "Station", "Orchard", "Chapel", "Market", "Mill", "Castle", "Bridge", "Garden"]
SECOND = ["Pharmacy", "Restaurant", "Bakery", "Laundry", "Workshop", "Electrical", "Furniture", "Stationery"]
FIRMS = [f"{first} {second} {number}" for first in FIRST for second in SECOND for number in (1, 2)]


def repaired(cells: list[str]) -> list[str]:
    """Learn the words of a column from its cells and repair them."""
    data = pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})
    step = RepairWords(columns=("x",))
    after: list[str] = step.fit(step.observe(data)).apply(data).column("x").to_pylist()
    return after


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("Mill Resturant 9", "Mill Restaurant 9"),
        ("Castle Pharamcy", "Castle Pharmacy"),
        ("Old Furnniture, Inc.", "Old Furniture, Inc."),
    ],
)
def test_one_slip_in_a_long_word(wrong: str, right: str) -> None:
    """A word that stands there once, one slip inside away from a frequent one, becomes that one; the rest stays."""
    assert repaired([*FIRMS, wrong])[-1] == right


@pytest.mark.parametrize(
    "value",
    [
        "Mills Bakery",
        "Bridges Laundry",
        "Garten Pharmacy",
        "Wurniture Bakery",
        "Ma1ket Bakery",
        "Chappel Bakery",
        "Stations 3",
        "x" * 10_000,
    ],
)
def test_other_words_stay(value: str) -> None:
    """Inflected words, short ones that have many neighbours and words with digits stay as they are."""
    assert repaired([*FIRMS, value])[-1] == value


def test_words_that_come_back_are_meant() -> None:
    """A rare word that is in two values is one of its own."""
    cells = [*FIRMS, "Harbour Stationary 4", "Mill Stationary 5"]
    assert repaired(cells) == cells


def test_dense_words_are_left_alone() -> None:
    """Where words that are meant are as near to each other, nothing is repaired."""
    stems = ["Johansen", "Pedersen", "Andersen", "Christensen", "Mortensen", "Sorensen", "Rasmussen", "Petersen"]
    cells = [f"{stem[:-2]}{end} {number}" for stem in stems for end in ("en", "on") for number in range(6)]
    cells += ["Anderssen 1", "Johannsen 2", "Rasmusen 3"]
    assert repaired(cells) == cells
