"""Repair of cells that contradict the rest of their row."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from etl_agent.clean.dependencies import FillDependencies, RepairDependencies
from etl_agent.clean.gaps import MOST_NULLS
from etl_agent.clean.likeness import edits, likeness
from etl_agent.clean.tallied_rows import added_rows, rows_of, tallied_rows

SHOPS = [
    ("S01", "Harbour Books", "Bristol", "Avon", "0117"),
    ("S02", "Mill Lane Garden", "Norwich", "Norfolk", "01603"),
    ("S03", "Castle Toys", "Durham", "County Durham", "0191"),
    ("S04", "Penny Farthing", "Norwich", "Norfolk", "01603"),
    ("S05", "The Copper Kettle", "Ludlow", "Shropshire", "01584"),
    ("S06", "Oak & Ash", "Bristol", "Avon", "0117"),
    ("S07", "Blue Door Bakery", "Durham", "County Durham", "0191"),
    ("S08", "Quayside Fish", "Ludlow", "Shropshire", "01584"),
]
NAMES = ("shop", "name", "city", "county", "dial")

Table = dict[str, list[str | None]]


def shops(rows: int = 160) -> Table:
    """Make sales rows: the shop settles all other columns, the city settles county and dialling code."""
    columns: Table = {name: [SHOPS[at % 8][place] for at in range(rows)] for place, name in enumerate(NAMES)}
    columns["amount"] = [f"{(at * 37) % 1000}.50" for at in range(rows)]
    return columns


def batch(columns: Table) -> pa.RecordBatch:
    """Make a batch of text columns."""
    return pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def repaired(columns: Table) -> Table:
    """Learn and repair all columns of a table."""
    data = batch(columns)
    step = RepairDependencies(columns="all")
    after: Table = step.fit(step.observe(data)).apply(data).to_pydict()
    return after


def changed(columns: Table) -> set[tuple[str, int, str | None]]:
    """Name the cells that the repair changes: column, row, new value."""
    after = repaired(columns)
    return {
        (name, row, after[name][row])
        for name, cells in columns.items()
        for row, cell in enumerate(cells)
        if after[name][row] != cell
    }


def test_clean_table_stays() -> None:
    """Nothing is changed where nothing contradicts anything."""
    assert changed(shops()) == set()


@pytest.mark.parametrize(
    ("column", "row", "wrong"),
    [("city", 8, "Bristl"), ("name", 3, "Penny Fathring"), ("county", 10, "Cuonty Durham"), ("shop", 12, "S0S")],
)
def test_misspelling_is_repaired(column: str, row: int, wrong: str) -> None:
    """A misspelled cell becomes what the other columns of its row say."""
    table = shops()
    right = table[column][row]
    table[column][row] = wrong
    assert changed(table) == {(column, row, right)}


def test_other_value_is_repaired_where_columns_agree() -> None:
    """A correct value of another row is replaced where independent columns contradict it."""
    table = shops()
    table["county"][8], table["name"][20] = "Shropshire", "The Coper Kettle"
    assert changed(table) == {("county", 8, "Avon"), ("name", 20, "The Copper Kettle")}


def test_contradictions_of_a_faultless_table_are_meant() -> None:
    """Where nothing is misspelled, what breaks a rule is an exception, however many columns agree against it."""
    table = shops()
    table["county"][8] = "Shropshire"
    assert changed(table) == set()


def test_wrong_key_does_not_spread() -> None:
    """A row whose key is another row's keeps its cells: they agree with each other, and it is the key that is wrong."""
    table = shops()
    table["shop"][8] = "S02"
    assert all(column == "shop" for column, _, _ in changed(table))


def test_single_witness_does_not_overwrite_a_good_value() -> None:
    """With one column against another nobody knows which of the two is wrong."""
    table: Table = {"zip": ["10", "20", "30", "40"] * 20, "city": ["Ulm", "Bonn", "Trier", "Hof"] * 20}
    table["city"][7] = "Bonn"
    assert changed(table) == set()


def test_a_word_more_is_meant() -> None:
    """A second branch with a number behind its name is not the first one misspelled."""
    table = shops()
    table["name"][3] = "Penny Farthing #2"
    table["name"][10] = "Castle Toys II"
    assert changed(table) == set()


def test_systematic_noise_is_not_voted_in() -> None:
    """Where most rows of a group carry the same stray sign, it is not written into the others."""
    table = shops(80)
    for at in range(0, 80, 8):
        table["name"][at] = "Harbour Books*"
    table["name"][8] = "Harbour Books"
    assert ("name", 8, "Harbour Books*") not in changed(table)


def test_numbers_are_not_spelled() -> None:
    """A number that differs by a digit is another number, not a misspelling."""
    table: Table = {"street": ["Elm", "Oak", "Ash", "Yew"] * 20, "number": ["101", "205", "333", "470"] * 20}
    table["number"][5] = "206"
    assert changed(table) == set()


def test_neighbours_that_are_meant_stay() -> None:
    """Where values that differ by a letter are all meant, such a difference says nothing."""
    names = ["Jon Hart", "John Hart", "Ann Lee", "Anne Lee", "Eric Bay", "Erik Bay", "Mia Poe", "Mya Poe"]
    table: Table = {"desk": [str(at % 8) for at in range(160)], "clerk": [names[at % 8] for at in range(160)]}
    table["clerk"][16] = "Jan Hart"
    assert changed(table) == set()


def test_repeated_exceptions_are_meant() -> None:
    """Exceptions that repeat are part of the data, also where two columns say otherwise."""
    table = shops(320)
    for at in range(0, 320, 40):
        table["county"][at] = "Somerset"
    for at in range(2, 320, 40):
        table["county"][at] = "Tyne and Wear"
    assert {cell for cell in changed(table) if cell[0] == "county"} == set()


def test_explained_exceptions_stay() -> None:
    """Rows that break a rule because of another column's value are right."""
    table: Table = {
        "code": [f"M{at % 6}" for at in range(180)],
        "label": [f"measure {'abcdef'[at % 6]}" for at in range(180)],
        "state": ["al" if at % 20 else "ak" for at in range(180)],
    }
    table["average"] = [f"{state}_{code}" for state, code in zip(table["state"], table["code"], strict=True)]
    assert changed(table) == set()


def test_sources_that_disagree_stay() -> None:
    """Where a third of the rows of every entity say something else, no rule holds."""
    draw = np.random.default_rng(4)
    table: Table = {
        "flight": [f"F{at % 30}" for at in range(600)],
        "gate": [f"G{at % 30 if draw.random() < 0.67 else draw.integers(90)}" for at in range(600)],
    }
    assert changed(table) == set()


def test_many_to_many_stays() -> None:
    """Columns that only go together often are left alone."""
    draw = np.random.default_rng(5)
    table: Table = {
        "genre": draw.choice(["rock", "jazz", "folk"], 300).tolist(),
        "label": draw.choice(["Blue", "Red", "Green", "Gray"], 300).tolist(),
        "rating": draw.integers(1, 6, 300).astype(str).tolist(),
    }
    assert changed(table) == set()


@pytest.mark.parametrize("seed", range(5))
def test_accidents_of_small_tables_stay(seed: int) -> None:
    """Columns of a few rows, drawn at random, settle each other by accident, and nothing follows."""
    draw = np.random.default_rng(seed)
    sizes = (2, 3, 5, 10, 20)
    table: Table = {f"c{size}": draw.integers(0, size, 40).astype(str).tolist() for size in sizes}
    assert changed(table) == set()


def test_nulls_stay() -> None:
    """A repair fills no null."""
    table = shops()
    table["city"][8] = None
    assert changed(table) == set()


def test_unknown_values_are_voted_on() -> None:
    """A misspelling that the sample did not hold is repaired in a row that it did not hold."""
    step = RepairDependencies(columns="all")
    known = step.fit(step.observe(batch(shops())))
    table = shops(8)
    table["city"][0] = "Bristoll"
    assert known.apply(batch(table)).column("city")[0].as_py() == "Bristol"


def test_unknown_key_says_nothing() -> None:
    """A row of an entity that was never seen keeps its cells."""
    step = RepairDependencies(columns="all")
    known = step.fit(step.observe(batch(shops())))
    table = shops(1) | {"shop": ["S99"], "name": ["Bath Spa Sweets"], "city": ["Bath"], "dial": ["01225"]}
    assert known.apply(batch(table)).to_pydict() == table


def test_only_chosen_columns_change() -> None:
    """Other columns have a say and stay as they are."""
    table = shops()
    table["city"][8], table["name"][3] = "Bristl", "Peny Farthing"
    step = RepairDependencies(columns=("city",))
    after = step.fit(step.observe(batch(table))).apply(batch(table)).to_pydict()
    assert after["city"][8] == "Bristol"
    assert after["name"][3] == "Peny Farthing"


def test_narrowed_repairs_the_same() -> None:
    """A step narrowed to a column repairs it as the whole step does."""
    table = shops()
    table["city"][8] = "Bristl"
    step = RepairDependencies(columns="all")
    step = step.fit(step.observe(batch(table)))
    narrow = step.narrowed(("city",))
    assert narrow.writes(list(table)) == ("city",)
    assert narrow.apply(batch(table)).column("city").equals(step.apply(batch(table)).column("city"))


def test_long_hostile_values_are_bounded() -> None:
    """Values of a million characters take no time to speak of."""
    table = shops()
    table["name"] = [name and name + "x" * 100_000 for name in table["name"]]
    table["name"][3] = "y" * 1_000_000
    assert {column for column, _, _ in changed(table)} <= {"name"}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("abc", "abc", 0.0),
        ("abcd", "abdc", 0.25),
        ("A1", "A2", 1.0),
        ("A1*", " A2", 1.0),
        ("1x3", "123", 1 / 3),
        ("1*3", "123", 1 / 3),
        (" A  1", "A 1", 0.0),
        ("Lois Olson", "Tom Olson", 1.0),
        ("Olsen & Son", "Olson", 1.0),
        ("New York", "NewYork", 1 / 8),
        ("", "a", 1.0),
    ],
)
def test_edits(one: str, other: str, expected: float) -> None:
    """A share of edits counts swaps once; values that differ in digits alone are wholly different."""
    assert edits(one, other) == pytest.approx(expected)


def test_likeness_falls_with_distance() -> None:
    """The closer a value, the more surely it is a misspelling; among values that are close to each other, never."""
    apart = likeness(["Bristol", "Norwich", "Durham", "Ludlow", "Whitby", "Falmouth"])
    assert list(apart) == sorted(apart, reverse=True)
    assert apart[2] > 2
    assert max(likeness(["Jon", "John", "Ann", "Anne", "Eric", "Erik"])[-4:]) == 0


def test_tallied_rows_merge() -> None:
    """Counting in pieces is counting at once, in any order."""
    data = batch(shops())
    whole = tallied_rows(data, data.schema.names)
    pieces = [tallied_rows(data.slice(at, 50), data.schema.names) for at in (0, 50, 100, 150)]
    merge: Callable[..., object] = added_rows
    assert merge(merge(pieces[2], pieces[0]), merge(pieces[3], pieces[1])) == whole
    assert sum(whole["counts"]) == 160
    assert rows_of(whole).num_rows == 160


def filled(columns: Table, *, most_nulls: float = MOST_NULLS) -> Table:
    """Learn and fill all columns of a table."""
    data = batch(columns)
    step = FillDependencies(columns="all", most_nulls=most_nulls)
    after: Table = step.fit(step.observe(data)).apply(data).to_pydict()
    return after


def test_nulls_are_filled_with_what_the_row_settles() -> None:
    """A null gets the value that the other rows of its key have, and nothing else changes."""
    table = shops(640)
    table["city"][8], table["name"][3] = None, None
    assert filled(table) == shops(640)


def test_filling_repairs_nothing() -> None:
    """A misspelled cell stays."""
    table = shops(640)
    table["city"][8] = "Bristl"
    assert filled(table) == table


@pytest.mark.parametrize("rows", [80, 640])
def test_nulls_that_may_be_a_state_stay(rows: int) -> None:
    """Where it is not sure that hardly any cell is empty, a null may say something; one who knows better says so."""
    table = shops(rows)
    for at in range(0, rows, 27):
        table["county"][at] = None
    assert filled(table) == table
    assert filled(table, most_nulls=0.2) == shops(rows)


def test_nulls_in_place_of_dates_stay() -> None:
    """A date that is not there has not come yet, also where all other rows of the order have one."""
    table = shops(640)
    table["opened"] = [f"2019-0{at % 8 + 1}-17" for at in range(640)]
    table["opened"][8] = None
    assert filled(table) == table


def test_habitual_nulls_stay() -> None:
    """Where a third of a group has no value, or where another column's value goes with none, a null is meant."""
    table = shops()
    for at in range(0, 160, 24):
        table["county"][at] = None
    table["status"] = ["sold"] * 160
    for at in range(3, 160, 40):
        table["status"][at], table["dial"][at] = "void", None
    assert filled(table, most_nulls=1) == table


def test_two_rows_fill_nothing() -> None:
    """Two rows that have a value are too few to give it to a third."""
    table: Table = {
        "key": [str(at // 3) for at in range(90)],
        "value": [f"v{at // 3}" if at % 3 or at > 45 else None for at in range(90)],
    }
    assert filled(table, most_nulls=1) == table


STATIONS = [(f"ST-{at:02}", name) for at, name in enumerate(["Alder", "Birch", "Cedar", "Dogwood", "Elder", "Fir"])]


def readings(rows: int = 300) -> Table:
    """Make readings of stations, each of which has a code, a name and a latitude of its own."""
    return {
        "code": [STATIONS[at % 6][0] for at in range(rows)],
        "name": [STATIONS[at % 6][1] for at in range(rows)],
        "latitude": [f"5{at % 6}.1{at % 6}" for at in range(rows)],
        "value": [str(at * at % 89) for at in range(rows)],
    }


def misspelled(table: Table) -> Table:
    """Misspell a few names, so that the table is known to have errors."""
    for at in range(3, len(table["name"]), 50):
        name = str(table["name"][at])
        table["name"][at] = name[: at % 4] + "qwzjvxbgkf"[at // 50 % 10] + name[at % 4 :]
    return table


@pytest.mark.parametrize("column", ["code", "name"])
def test_two_columns_outvote_a_third_that_names_another_entity(column: str) -> None:
    """Of three columns that name the same thing the one is wrong that the two others contradict."""
    table = misspelled(readings())
    right, table[column][6] = table[column][6], table[column][9]
    assert (column, 6, right) in changed(table)
    assert repaired(table) == readings()


def test_numbers_need_more_evidence() -> None:
    """A number that another group has may be there by chance, unless wrong numbers are many and none of them is new."""
    table = misspelled(readings())
    table["latitude"][6] = table["latitude"][9]
    assert all(column == "name" for column, _, _ in changed(table))
    table = misspelled(readings(1200))
    for at in range(1, 1200, 37):
        table["latitude"][at] = readings()["latitude"][(at + 1 + at % 5) % 6]
    assert repaired(table) == readings(1200)


def test_what_a_value_settles_speaks_against_it() -> None:
    """A town that neither goes with the row's postal code nor with its state is wrong."""
    towns = [("10", "Ulm", "BW"), ("20", "Aalen", "BW"), ("30", "Hof", "BY"), ("40", "Bonn", "NW")]
    table: Table = {
        name: [towns[at % 4][place] for at in range(200)] for place, name in enumerate(("zip", "town", "state"))
    }
    table["town"][4], table["town"][9], table["town"][21] = "Bonn", "Ulm", "Aallen"
    assert changed(table) == {("town", 4, "Ulm"), ("town", 21, "Aalen")}


def test_an_exception_among_new_values_stays() -> None:
    """Where exceptions have values of their own, one that happens to be another group's is an exception, too."""
    table = shops(640)
    for at in range(0, 640, 40):
        table["dial"][at + at // 40 % 8] = f"0{2000 + at}"
    table["dial"][11] = "01584"
    assert {cell for cell in changed(table) if cell[0] == "dial"} == set()


def test_exceptions_that_choose_their_values_stay() -> None:
    """Accidents bring in any value; where nearly all exceptions have the same few ones, these are chosen."""
    table = misspelled(readings(1200))
    for at in range(0, 1200, 23):
        table["latitude"][at] = "52.12" if at % 3 else "53.13"
    assert all(column == "name" for column, _, _ in changed(table))


def test_short_values_that_recur_are_no_slips() -> None:
    """One slip turns a word of two letters into many others that are meant; hardly thrice into the same one."""
    draw = np.random.default_rng(7)
    table = misspelled(readings(1200))
    table["state"] = [
        "na" if at % 6 == 0 else str(draw.choice(["ok", "nok", "ko"], p=[0.96, 0.02, 0.02])) for at in range(1200)
    ]
    assert all(column == "name" for column, _, _ in changed(table))


def test_new_values_speak_for_exceptions() -> None:
    """Where new values break a rule as often as known ones, as prices do that change, both are meant."""
    table = shops(320) | {"price": [f"{at % 8 + 1}.50" for at in range(320)]}
    table["desk"] = [f"D{str(price)[0]}" for price in table["price"]]
    for at, price in ((8, "3.50"), (23, "5.50"), (41, "1.25"), (66, "3.75"), (95, "7.25")):
        table["price"][at] = price
    assert {cell for cell in changed(table) if cell[0] == "price"} == set()


@pytest.mark.parametrize(
    ("wrong", "right"), [("P-17", "P-107"), ("P-1107", "P-107"), ("P-108", "P-108"), ("P-777", "P-777")]
)
def test_a_slip_of_a_digit_shows_by_the_length(wrong: str, right: str) -> None:
    """A code with a digit more or less than any other is none; with another digit it may be a new one."""
    part = [at % 40 for at in range(400)]
    table: Table = {
        "code": [f"P-{100 + each}" for each in part],
        "name": [f"part {chr(65 + each)}{chr(90 - each % 26)}" for each in part],
    }
    table["code"][7] = wrong
    assert repaired(table)["code"][7] == right
