"""Tests of the repair of typos within a column."""

from collections.abc import Sequence

import pyarrow as pa
import pytest

from etl_agent.clean.typos import RepairTypos


def repaired(cells: Sequence[str | None]) -> list[str | None]:
    """Learn the values of a column from its cells and repair them."""
    data = pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})
    step = RepairTypos(columns=("x",))
    after: list[str | None] = step.fit(step.observe(data)).apply(data).column("x").to_pylist()
    return after


TOWNS = [town for town in ("Lisbon", "Porto", "Braga", "Coimbra", "Setubal", "Portimao") for _ in range(60)]
SLIPS = ["Lisbno", "Lsibon", "Lisbonn", "Proto", "Coimbrra", "Coimra", "Setubla", "Portimaqo", "Portmao", "Bragga"]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("Ciombra", "Coimbra"),
        ("Coimbr", "Coimbra"),
        ("oCimbra", "Coimbra"),
        ("Coimbrea", "Coimbra"),
        ("Coimbea", "Coimbra"),
        ("Coimbbra", "Coimbra"),
        ("Portiimao", "Portimao"),
        ("Coimbra***", "Coimbra"),
    ],
)
def test_one_slip(wrong: str, right: str) -> None:
    """A rare value one slip away from a frequent one becomes that one, where slips are seen to happen."""
    assert repaired([*TOWNS, *SLIPS, wrong])[-1] == right


@pytest.mark.parametrize("value", ["Faro", "Evora", "Por", "", "***", "COIMBRA", "coimbra", "Lisbon 2", "x" * 100_000])
def test_other_values_stay(value: str) -> None:
    """Rare values of their own, destroyed ones and other spellings in capitals are no slips."""
    assert repaired([*TOWNS, *SLIPS, value])[-1] == value


def test_one_lone_slip_in_a_long_value() -> None:
    """A single slip among thousands of cells is enough where the word is long and nothing else is near."""
    cells = [kind for kind in ("approved", "rejected", "under investigation") for _ in range(700)]
    assert repaired([*cells, "under investigtaion"])[-1] == "under investigation"


@pytest.mark.parametrize(
    "cells",
    [
        ["A1"] * 50 + ["A2", "A3", "B1"],
        ["Station 1"] * 500 + ["Station 2", "Station 7", "Station 11"],
        ["2019"] * 80 + ["2020", "2109", "219"],
        ["Grade A"] * 90 + ["Grade B", "Grade C", "Grade D", "Grade E", "Grade F"],
        ["John"] * 50 + ["Joan"] * 40 + ["Anna"] * 40 + ["Anne"] * 30 + ["Jan"] * 20 + ["Jon", "Ana", "Hanna", "Ann"],
        ["North Gate"] * 60 + [f"{end} Gate" for end in ("Forth", "Worth", "Norte")] + ["Norte Quay", "Norte Yard"] * 2,
        ["Iraq"] * 300 + ["Chad", "Mali", "Peru", "Cuba", "Togo"] * 20 + ["Iran", "Oman", "Fiji", "Niue", "Laos"],
        ["M", "F"] * 100 + ["X", "MF"],
        ["S", "M", "L"] * 100 + ["XL", "XS", "XXL"],
        ["12.5"] * 40 + ["12.6", "125", "12.50", "-12.5"],
        ["nb_qr-1", "nb_st-2", "nb_uv-3"] * 30 + ["nd_qr-1", "nd_st-2", "nd_uv-3"],
    ],
    ids=[
        "codes",
        "stations",
        "years",
        "grades",
        "names",
        "words",
        "countries",
        "sexes",
        "sizes",
        "numbers",
        "prefixes",
    ],
)
def test_values_that_are_meant_stay(cells: list[str]) -> None:
    """Values that differ by one character and are all meant stay as they are."""
    assert repaired(cells) == cells


def test_a_sign_that_hides_letters() -> None:
    """Several letters replaced by one sign are found where a single frequent value fits what is left."""
    cells = ["59692", "59157", "51406", "74476", "74486"] * 30
    others = ["xx692", "59xx2", "5xx57", "5x4x6", "xx157", "5x6x2", "5140x", "x4486", "x9xx2"]
    wrong = ["5x692", "5969x", "x91x7", "514x6", "xx406", "744x6", "74x76"]
    right = ["59692", "59692", "59157", "51406", "51406", "744x6", "74476"]
    assert repaired([*cells, *others, *wrong])[-7:] == right


def test_the_likelier_of_two() -> None:
    """Of two values that may have been meant one is taken only if it is far likelier."""
    cells = ["planter"] * 400 + ["painter"] * 390 + ["carpenter"] * 300 + ["mason"] * 200
    slips = ["carpetner", "carpenterr", "crpenter", "masson", "pantier", "lpanter"]
    assert repaired([*cells, *slips, "panter"])[-1] == "panter"
    assert repaired([*cells, *slips])[-1] == "planter"


def test_unseen_slips_are_repaired() -> None:
    """What was learned from a sample repairs slips that the sample does not have."""
    step = RepairTypos(columns=("x",))
    sample = pa.RecordBatch.from_pydict({"x": pa.array([*TOWNS, *SLIPS])})
    pinned = step.fit(step.observe(sample))
    after = pinned.apply(pa.RecordBatch.from_pydict({"x": ["Setbual", "Faro", "Lisbon"]}))
    assert after.column("x").to_pylist() == ["Setubal", "Faro", "Lisbon"]


def test_long_values_cost_little() -> None:
    """Thousands of long values with the same beginning are compared in bounded time."""
    head = "a" * 200
    cells = [f"{head}{chr(98 + number % 20)}{'c' * (number % 200)}" for number in range(4000)]
    assert repaired(cells) == cells


def test_a_value_that_comes_back_is_meant() -> None:
    """A rare value that stands there again and again, one slip from a frequent one, is none, however many slips are."""
    slips = ["Lisbno", "Lsibon", "Lisbonn", "Proto", "Coimbrra", "Coimra", "Setubla", "Portimaqo", "Bragga", "Lixbon"]
    cells = [*TOWNS, *slips, *["Listbon"] * 4]
    assert repaired(cells)[-4:] == ["Listbon"] * 4
    assert repaired(cells[:-3])[-1] == "Lisbon"


def test_a_digit_within_a_word() -> None:
    """A digit in the place of a letter is a slip in a word without digits, and not behind it."""
    assert repaired([*TOWNS, *SLIPS, "C0imbra", "Coimbra2"])[-2:] == ["Coimbra", "Coimbra2"]


def test_a_slip_that_a_rare_value_explains_as_well() -> None:
    """Where a rare value, too, may have been meant, nothing is repaired."""
    cells = [name for name in ("Johansen", "Pedersen", "Mortensen") for _ in range(20)]
    slips = ["Johnasen", "Pedresen", "Mortnesen", "Johansenn", "Pederssen", "Mortenssen", "Johaxsen", "Pedexsen"]
    assert repaired([*cells, *slips, "Morqensen"])[-1] == "Mortensen"
    assert repaired([*cells, *slips, "Marqensen", "Morqensen"])[-1] == "Morqensen"


WORDS = [word for word in ("Lisbon", "Porto", "Braga", "Coimbra", "Setubal", "Portimao") for _ in range(60)]
BLOTTED = [f"{word[:at]}x{word[at + 1 :]}" for word in ("Lisbon", "Porto", "Coimbra", "Setubal") for at in range(5)]


def test_a_sign_that_gets_into_every_column() -> None:
    """A sign that slips of the whole table put in is one in short values, too, where only one of them fits."""
    answers = (["yes", "no"] * 200)[: len(WORDS) + len(BLOTTED) - 4]
    data = pa.RecordBatch.from_pydict(
        {"town": [*WORDS, *BLOTTED], "answer": [*answers, "yxs", "xo", "yex", "xxx"]},
    )
    step = RepairTypos(columns=("town", "answer"))
    pinned = step.fit(step.observe(data))
    assert pinned.apply(data).column("answer").to_pylist()[-4:] == ["yes", "no", "yes", "xxx"]
    alone = RepairTypos(columns=("answer",))
    assert alone.fit(alone.observe(data)).apply(data).column("answer").to_pylist()[-4:] == ["yxs", "xo", "yex", "xxx"]
    told = RepairTypos(columns=("answer",), channel=pinned.channel)
    assert told.fit(told.observe(data)).apply(data).column("answer").to_pylist()[-4:] == ["yes", "no", "yes", "xxx"]


def test_an_odd_sign_in_short_values_that_no_table_shows() -> None:
    """Without other slips of the same sign, short values are left alone."""
    cells = ["A", "B", "C"] * 100 + ["XL", "S", "XS"]
    assert repaired(cells) == cells
