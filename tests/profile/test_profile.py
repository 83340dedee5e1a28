"""The profile of a dataset: it depends on the rows alone, and shows no more of them than it may."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.profile import sample
from etl_agent.profile.profile import Profile

ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.sampled_from(["", "7", "1,234.5", "n/a", "x"])),
        st.sampled_from(["2024-02-29", "3/4/2024", "13/4/2024", "soon"]),
        st.text(max_size=3),
    ),
    max_size=12,
)


def observed(rows, first=0, names=("a", "b", "c"), **settings):
    data = pa.RecordBatch.from_arrays(
        [pa.array([row[place] for row in rows], pa.string()) for place in range(len(names))], names=list(names)
    )
    return Profile.observe(data, np.arange(first, first + len(rows)), **settings)


def of(**columns):
    """Profile a small dataset."""
    data = pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
    return Profile().combine(Profile.observe(data, np.arange(data.num_rows)))


def column(profile, name="a", **settings):
    return next(found for found in profile.as_dict(**settings)["columns"] if found["name"] == name)


@settings(max_examples=40, deadline=None)
@given(ROWS, ROWS, ROWS)
def test_pieces_merge_to_the_whole_in_any_order_and_grouping(one, two, three):
    """The laws of a profile: batches make the whole, whatever merges first."""
    starts = (0, len(one), len(one) + len(two))
    a, b, c = (observed(rows, start) for rows, start in zip((one, two, three), starts, strict=True))
    whole = Profile().combine(observed([*one, *two, *three])).as_dict()
    for merged in (a.combine(b).combine(c), a.combine(b.combine(c)), c.combine(a, b), Profile().combine(c, b, a)):
        assert merged.as_dict() == whole


def test_a_profile_of_more_rows_than_the_sample_holds_depends_on_the_rows_alone(monkeypatch):
    """Thousands of values, more than are counted one by one: the same profile in any batches and order."""
    monkeypatch.setattr(sample, "SAMPLE_ROWS", 500)
    rng = np.random.default_rng(7)
    rows = [(f"k{number}", str(rng.zipf(1.5)), f"t{rng.integers(4000)}") for number in range(6000)]
    pieces = [observed(rows[start : start + 700], start) for start in range(0, 6000, 700)]
    whole = Profile().combine(observed(rows))
    forwards, backwards = Profile().combine(*pieces), Profile()
    for piece in reversed(pieces):
        backwards = backwards.combine(piece)
    assert not whole.sample.whole
    assert whole.as_dict() == forwards.as_dict() == backwards.as_dict()


def test_an_empty_profile_can_be_shown():
    """No rows, or no columns, is a profile too."""
    assert Profile().as_dict()["rows"] == 0
    assert column(of(a=[]))["kind"] == "empty"


def test_malformed_records_are_counted_beside_the_rows():
    """They are in no other figure."""
    merged = observed([("1", "2", "3")], malformed=2).combine(observed([], malformed=3))
    assert (merged.malformed, merged.rows) == (5, 1)


def test_rows_that_repeat_are_counted():
    """To the letter, and but for case and blanks; null is not the empty text."""
    told = of(a=["x y", "x y", "X Y", "xy", None, ""], b=["1", "1", "1", "1 ", None, None]).as_dict()
    assert told["duplicates"] == {"rows": 1, "exact": True}
    assert told["sample"] == {"rows": 6, "whole": True, "duplicates": 1, "alike": 2}


def test_duplicates_of_a_large_dataset_are_estimated(monkeypatch):
    """By rows that are followed through the whole dataset, not by those that happen to be in a sample together."""
    monkeypatch.setattr(sample, "SAMPLE_ROWS", 500)
    rows = [(str(number), str(number % 7), "z") for number in range(20_000)]
    merged = Profile().combine(observed(rows), observed(rows[:4000], 20_000))
    found = merged.as_dict()["duplicates"]
    assert not found["exact"]
    assert found["rows"] == pytest.approx(4000, rel=0.15)


def test_the_order_of_columns_does_not_make_rows_differ():
    """A file with its columns in another order, or without a column that is null anyway, holds the same rows."""
    left = observed([("1", "x", None)])
    right = observed([("x", "1")], 1, names=("b", "a"))
    assert left.combine(right).as_dict()["duplicates"]["rows"] == 1


def test_keys_are_found_alone_and_in_pairs():
    """Neither measures nor texts are keys, however unique; a pair is one only if chance would make rows repeat."""
    days, shops = 40, 30
    found = of(
        id=[str(number) for number in range(days * shops)],
        shop=[f"S{number % shops:02d}" for number in range(days * shops)],
        day=[f"2024-{1 + number // shops // 28:02d}-{1 + number // shops % 28:02d}" for number in range(days * shops)],
        weight=[f"{number * 0.731:.3f}" for number in range(days * shops)],
        colour=[("red", "green", "blue")[number * number % 3] for number in range(days * shops)],
    ).as_dict()
    assert [key["columns"] for key in found["keys"]] == [("id",)]
    assert [key["columns"] for key in found["key_pairs"]] == [("shop", "day")]


def test_a_key_that_few_rows_break_is_shown_with_them():
    """Dirt does not hide a key, and is told."""
    (key,) = of(id=[*(str(number) for number in range(500)), "1", None]).as_dict()["keys"]
    assert (key["columns"], key["repeats"], key["nulls"], key["exact"]) == (("id",), 1, 1, True)


def test_dependencies_and_constants():
    """A column that settles another is named; one that never varies settles nothing."""
    cities = ["Bonn", "Ulm", "Kiel", "Jena"] * 30
    told = of(
        city=cities, land=[{"Bonn": "NW", "Ulm": "BW", "Kiel": "SH", "Jena": "TH"}[c] for c in cities], x=["1"] * 120
    )
    pairs = {(found["given"], found["column"]) for found in told.as_dict()["dependencies"]}
    assert pairs == {("city", "land"), ("land", "city")}


def test_frequent_values_beyond_those_counted_one_by_one_are_estimated(monkeypatch):
    """Only values that are surely frequent are shown, and marked as estimates."""
    monkeypatch.setattr(sample, "SAMPLE_ROWS", 2000)
    cells = [(f"n{number}" if number % 2 else "top", "", "") for number in range(12_000)]
    ((value, rows, exact),) = [tuple(item.values()) for item in column(Profile().combine(observed(cells)))["frequent"]]
    assert (value, exact) == ("top", False)
    assert rows == pytest.approx(6000, rel=0.15)


def test_counts_of_a_small_dataset_are_exact_however_many_values_there_are():
    """The sample is the dataset: 5,000 distinct values are counted, not estimated."""
    shown = column(of(a=[f"n{number % 5000}" for number in range(9000)]))
    assert (shown["distinct"], shown["distinct_exact"], shown["once"]) == (5000, True, 1000)
    assert shown["frequent"][0] == {"value": "n0", "rows": 2, "exact": True}


def test_rare_values_and_patterns_are_those_beside_frequent_ones():
    """A value of two cells in a thousand is rare; in a column where all are alike none is."""
    usual = [f"kind {letter}" for letter in "ABCDEFGHIJKL"] * 50
    shown = column(of(a=[*usual, "kimd A"]))
    assert shown["rare"] == [{"value": "kimd A", "rows": 1, "exact": True}]
    assert column(of(a=usual))["rare"] == []


SECRET = [f"secret{number}" if number % 3 else f"{4711 + number} bottles" for number in range(60)]


@pytest.mark.parametrize("settings", [{"values": False}, {"sensitive": {"a"}}])
@pytest.mark.parametrize(
    "cells",
    [
        SECRET,
        [f"{4711 + number} secrets" for number in range(60)],
        ["4711.5", "4712.5", "secret"] * 30,
        ["2047-11-04", "2047-11-05", "secret"] * 30,
        ["secret", "4711"] * 30,
    ],
)
def test_no_value_is_shown_that_may_not_be(cells, settings):
    """Neither frequent nor rare ones, nor the ends of ranges, quantiles, bars or units."""
    profile = of(a=cells, b=cells)
    shown = json.dumps(column(profile, "a", **settings))
    assert not any(piece in shown for piece in ("secret", "471", "2047", "bottles"))
    assert any(piece in json.dumps(column(profile, "a")) for piece in ("secret", "471", "2047"))


def test_relations_show_no_value_either():
    """Values that spilled are counted, not named."""
    towns = {"Bonn": "NW", "Ulm": "BW", "Kiel": "SH", "Jena": "TH"}
    rows = [
        (f"{town} {land}", None) if at % 6 == 0 else (town, land)
        for at, (town, land) in enumerate([*towns.items()] * 30)
    ]
    told = of(town=[row[0] for row in rows], land=[row[1] for row in rows]).as_dict(values=False)
    assert not any(land in json.dumps(told) for land in towns.values())
