"""Tests of the repair of values that broke the shape of their column."""

from collections.abc import Sequence

import pyarrow as pa
import pytest

from etl_agent.clean.misshapen import RepairShapes


def repaired(cells: Sequence[str | None]) -> list[str | None]:
    """Learn the shapes of a column from its cells and repair them."""
    data = pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})
    step = RepairShapes(columns=("x",))
    after: list[str | None] = step.fit(step.observe(data)).apply(data).column("x").to_pylist()
    return after


CODES = [f"AB-{number:04d}" for number in range(1000, 1100)]
DAYS = [f"20{year:02d}/{month:02d}/{day:02d}" for year in range(10, 20) for month in range(1, 13) for day in (7, 19)]
KEYS = [f"{number * 2654435761 % 2**32:08x}-{number * 40503 % 2**16:04x}" for number in range(1, 200)]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("A-B1234", "AB-1234"),
        ("AB1-234", "AB-1234"),
        ("AB-1x234", "AB-1234"),
        ("ABq-1234", "AB-1234"),
        ("AB1234", "AB-1234"),
        ("AB-1234***", "AB-1234"),
        ("B-1234", "AB-1234"),
    ],
)
def test_one_way_back(wrong: str, right: str) -> None:
    """A value that one slip broke comes back, where others show that slips happen all over the column."""
    others = ["A-B1000", "AB-1z001", "ABq-1002", "AB1003", "AB1-004"]
    assert repaired([*CODES, *others, wrong])[-1] == right


@pytest.mark.parametrize("wrong", ["AB-123", "AB-12345", "AB-12x4", "AB-", "****", "", "AC-1234", "Q1-77"])
def test_several_ways_back(wrong: str) -> None:
    """A lost digit, one too many, a digit that something hides, another value: nothing tells what was meant."""
    others = ["A-B1000", "AB-1z001", "ABq-1002", "AB1003", "AB1-004"]
    assert repaired([*CODES, *others, wrong])[-1] == wrong


def test_variants_at_one_place_are_meant() -> None:
    """A letter that always stands behind the number is a form of its own."""
    variants = [f"AB-{number}{letter}" for number, letter in zip(range(2000, 2008), "abcdabcd", strict=True)]
    assert repaired([*CODES, *variants])[-8:] == variants


def test_odd_values_of_another_kind_stay() -> None:
    """Where most odd values have no way back, the column has values of other kinds, and one that has is chance."""
    odd = ["none yet 1", "see 12", "p. 7", "old 88/2", "n 5", "CD1-003"]
    assert repaired([*CODES, *odd])[-6:] == odd


@pytest.mark.parametrize(
    ("wrong", "after"),
    [
        ("2012/0/719", "2012/07/19"),
        ("20120/7/19", "2012/07/19"),
        ("201207/19", "2012/07/19"),
        ("2012/1/319", "2012/1/319"),
    ],
)
def test_days_are_of_the_calendar(wrong: str, after: str) -> None:
    """A date is repaired to a day of the calendar, or not at all."""
    others = ["2010/0/107", "20z11/02/19", "2012/03/19***", "2013/0419"]
    assert repaired([*DAYS, *others, wrong])[-1] == after


def test_mixed_runs_have_an_alphabet() -> None:
    """Among hexadecimal digits a letter beyond f is foreign, one up to f may be any."""
    first, second, third = KEYS[3], KEYS[5], KEYS[6]
    wrong = [f"{first[:3]}q{first[3:]}", f"{second[:8]}{second[9:]}", f"{third[:3]}a{third[3:]}"]
    others = [f"{KEYS[7]}***", f"{KEYS[8][:11]}y{KEYS[8][11:]}"]
    assert repaired([*KEYS, *others, *wrong])[-3:] == [first, second, wrong[2]]


@pytest.mark.parametrize(
    "cells",
    [
        [str(number) for number in range(1, 200)] + ["1 0", "12.5"],
        [f"{number}.{number % 7}" for number in range(50, 150)] + ["105", "1.55"],
        [f"room {number}" for number in (1, 2) for _ in range(40)] + ["room 11", "room 3"],
        [f"1.{number % 10}.0-rc{number % 4}" for number in range(80)] + ["1.10-rc1", "1.2-rc3"],
        [f"word{'s' * (number % 5)}" for number in range(80)] + ["w ord"],
        [f"{number}-{number + 9}" for number in range(1, 180)] + ["12312", "1-2-3"],
        ["M", "F"] * 60 + ["xM"],
    ],
    ids=["numbers", "decimals", "rooms", "versions", "words", "ranges", "letters"],
)
def test_free_forms_stay(cells: list[str]) -> None:
    """Numbers of any length, words and forms that vary have no shape to break."""
    assert repaired(cells) == cells


def test_repeated_odd_values_are_meant() -> None:
    """A code of another form that stands there twice is no slip of one that hardly stands there more often."""
    slips = ["A-B1000", "ABq-1002", "AB1003", "AB-1x005", "AB1-006"]
    assert repaired([*CODES, *slips, "AB-1050R", "AB-1050R"])[-2:] == ["AB-1050R", "AB-1050R"]


def test_long_hostile_values_cost_little() -> None:
    """A value of a million signs is left as it is, at once."""
    long = "1-" * 500_000
    assert repaired([*CODES, long, "A" * 1_000_000])[-2:] == [long, "A" * 1_000_000]


def test_too_many_values_are_left_alone() -> None:
    """A column whose values are too many to be counted is left alone."""
    cells = [f"AB-{number:06d}" for number in range(41_000)] + ["A-B000001"]
    assert repaired(cells)[-1] == "A-B000001"
