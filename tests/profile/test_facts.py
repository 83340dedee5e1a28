"""Column facts: exact where they say so, mergeable, and bounded."""

import collections
import dataclasses
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.infer import infer_type, widen, widened
from etl_agent.profile.patterns import masked_patterns
from etl_agent.profile.quantiles import Quantiles
from etl_agent.profile.sketches import Distinct, Frequent
from etl_agent.profile.table import TableFacts
from etl_agent.shape import TEXT, Column, Shape, parse_type
from etl_agent.validate.casts import cast

CELLS = st.lists(
    st.one_of(
        st.none(),
        st.sampled_from(
            [
                "",
                "7",
                "-1.50",
                "x",
                "É9",
                "2024-02-29",
                "3/4/2024",
                "13.4.24",
                "$1,234",
                "5 kg",
                "n/a",
                "yes",
                "a@b.org",
            ]
        ),
        st.text(max_size=4),
    )
)


def facts(*cells):
    return ColumnFacts.observe(pa.array(cells, pa.string()))


def distinct(values):
    return ColumnFacts.observe(pa.array(values)).distinct


def plain(column):
    """What two facts must share to be the same facts."""
    return json.dumps(_data(column), sort_keys=True)


def _data(value):
    if dataclasses.is_dataclass(value):
        return {field.name: _data(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return sorted([str(key), _data(item)] for key, item in value.items())
    return value.tolist() if isinstance(value, np.ndarray) else value


def test_nulls_and_empty_strings_are_counted_apart():
    """An empty string is a value, null is none."""
    seen = facts(None, "", "ab", "ab")
    assert (seen.rows, seen.nulls, seen.empties, seen.values) == (4, 1, 1, 3)
    assert (seen.shortest, seen.longest, seen.characters) == (0, 2, 4)


@settings(max_examples=60, deadline=None)
@given(CELLS, CELLS)
def test_facts_of_parts_merge_to_the_facts_of_the_whole(left, right):
    """Seen in two parts, in either order, or at once: the same facts."""
    whole = plain(facts(*left, *right))
    assert plain(facts(*left).combine(facts(*right))) == whole
    assert plain(facts(*right).combine(facts(*left))) == whole


@settings(max_examples=60, deadline=None)
@given(CELLS)
def test_small_columns_are_counted_exactly(cells):
    """Distinct values, frequent values and patterns are exact while there are few."""
    seen, values = facts(*cells), [cell for cell in cells if cell is not None]
    assert seen.distinct.count == len(set(values))
    assert seen.frequent == Frequent(dict(collections.Counter(values)), 0)


def test_frequent_values_of_a_wide_column_are_within_their_error():
    """With more values than are kept, counts are too low by at most the error that is told."""
    rng = np.random.default_rng(5)
    cells = [str(number) for number in rng.zipf(1.3, 20_000) if number < 10**6]
    parts = [facts(*cells[start : start + 3000]) for start in range(0, len(cells), 3000)]
    seen = parts[0]
    for part in parts[1:]:
        seen = seen.combine(part)
    true = collections.Counter(cells)
    assert 0 < len(seen.frequent.counts) <= 256
    assert all(0 <= true[value] - count <= seen.frequent.error for value, count in seen.frequent.counts.items())
    assert max(true[value] for value in true if value not in seen.frequent.counts) <= seen.frequent.error


def test_many_distinct_values_are_estimated_within_a_tenth():
    """200,000 values in overlapping parts are estimated, and the estimate says that it is one."""
    parts = [[str(number) for number in range(start, start + 60_000)] for start in range(0, 150_000, 35_000)]
    seen = Distinct()
    for part in parts:
        seen = seen.combine(distinct(part))
    true = len({value for part in parts for value in part})
    assert not seen.exact
    assert abs(seen.count - true) < true / 10
    assert seen.smallest.nbytes <= 2048 * 8


def test_quantiles_are_within_one_percent():
    """Of positive and negative numbers, merged from parts."""
    numbers = np.random.default_rng(3).normal(0, 100, 20_001)
    ones = np.ones(len(numbers), np.int64)
    seen = Quantiles.of(numbers[:9000], ones[:9000]).combine(Quantiles.of(numbers[9000:], ones[9000:]))
    for share in (0, 0.05, 0.25, 0.75, 0.95, 1):
        true = float(np.quantile(numbers, share, method="lower"))
        assert seen.at(share) == pytest.approx(true, rel=0.011)


def test_patterns_show_the_form_and_not_the_value():
    """Digits, capitals and other letters; one sign for one character."""
    shown = masked_patterns(pa.array(["AB-12 x", "Éa9", None, "日本", "", "x" * 65]).slice(0, 6)).to_pylist()
    assert shown == ["AA-99 a", "aa9", None, "aa", "", None]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["7", "-12", "0"], "integer"),
        ([str(2**63)], "decimal(38,0)"),
        (["1.10", "-0.25", "0.00"], "decimal(18,2)"),
        (["1.1", "1.10"], "text"),
        (["1", "1.10"], "text"),
        (["-0.00"], "text"),
        (["9" * 20 + ".5"], "decimal(38,1)"),
        (["9" * 40], "text"),
        (["007"], "text"),
        (["-0"], "text"),
        (["+5"], "text"),
        (["1E5"], "text"),
        (["1", "NA"], "text"),
        (["1", ""], "text"),
        (["true", "false"], "boolean"),
        (["True"], "text"),
        (["2024-02-29"], "date"),
        (["2023-02-29"], "text"),
        (["12:30:00"], "time"),
        (["12:30"], "text"),
        (["2024-02-29 12:30:00"], "timestamp"),
        (["2024-02-29T12:30:00"], "text"),
        ([], "text"),
    ],
)
def test_a_type_is_inferred_only_where_every_value_comes_back(cells, kind):
    """Beside nulls, which say nothing."""
    assert str(infer_type(facts(*cells, None))) == kind


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text("0123456789.-+:Ttrue ", max_size=6), min_size=1, max_size=4))
def test_inferred_types_write_every_value_back(cells):
    """The law of inference: cast and written again, a cell is what it was."""
    kind = infer_type(facts(*cells))
    read = cast(pa.array(cells), to=kind)
    assert read.misfits == ()
    if kind.kind in ("integer", "decimal"):
        assert [
            format(value, "f") if kind.kind == "decimal" else str(value) for value in read.values.to_pylist()
        ] == cells


@pytest.mark.parametrize(
    ("kind", "cells", "wider"),
    [
        ("integer", ["7", "+7", "007"], "integer"),
        ("integer", ["7", "7.25"], "decimal(21,2)"),
        ("integer", [str(2**63)], "decimal(19,0)"),
        ("integer", ["7", "x"], "text"),
        ("decimal(5,2)", ["1.5"], "decimal(5,2)"),
        ("decimal(5,2)", ["1234.5"], "decimal(6,2)"),
        ("decimal(5,2)", ["1.505"], "decimal(6,3)"),
        ("decimal(5,2)", ["n/a"], "text"),
        ("date", ["2024-02-29"], "date"),
        ("date", ["2023-02-29"], "text"),
        ("timestamp", ["2024-02-29T12:30Z"], "timestamp"),
        ("boolean", ["yes"], "text"),
        ("float", ["1.5"], "float"),
        ("text", ["7"], "text"),
        ("integer", [], "integer"),
    ],
)
def test_a_type_widens_as_far_as_the_values_need(kind, cells, wider):
    """The narrowest type upwards of the contract's that holds everything; each value then fits it."""
    found = widen(parse_type(kind), facts(*cells, None))
    assert str(found) == wider


def test_only_columns_that_must_widen_are_named():
    """A text column of digits stays text: evolving widens, it does not infer."""
    shape = Shape((Column("id", TEXT), Column("n", parse_type("integer")), Column("gone", parse_type("date"))))
    seen = TableFacts.observe(pa.RecordBatch.from_pydict({"id": ["1", "2"], "n": ["1", "1.5"]}))
    assert {name: str(kind) for name, kind in widened(shape, facts=seen).items()} == {"n": "decimal(20,1)"}


def test_a_long_value_is_counted_and_not_kept():
    """Memory does not grow with hostile cells."""
    seen = facts("x" * 5000, "x" * 5000, "y")
    assert seen.frequent == Frequent({"y": 1}, 2)
    assert seen.longest == 5000


def test_a_column_that_some_batches_lack_is_null_there():
    """Rows are the dataset's rows for every column."""
    left = TableFacts.observe(pa.RecordBatch.from_pydict({"a": ["1", "2"]}))
    right = TableFacts.observe(pa.RecordBatch.from_pydict({"b": ["x"]}))
    both = TableFacts().combine(left).combine(right)
    assert [(name, column.rows, column.nulls) for name, column in both.columns.items()] == [("a", 3, 1), ("b", 3, 2)]


def test_the_facts_of_a_small_column_are_taken_once():
    """A plan of a wide file asks for them at every step."""
    assert facts("a", "b", None) is facts("a", "b", None)


def test_facts_that_were_taken_before_are_of_the_same_rows():
    """How often each value stands, and how many nulls there are, tells columns apart."""
    assert facts("a", "b", None).rows == 3
    assert (facts("a", "b", None, None).rows, facts("a", "b", None, None).nulls) == (4, 2)
    assert facts("a", "a", "b").frequent.top(1) == [("a", 2)]
