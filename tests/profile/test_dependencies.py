"""Approximate functional dependencies between columns."""

import time

import numpy as np
import pyarrow as pa
import pytest

from etl_agent.profile.coded import CodedTable
from etl_agent.profile.dependencies import Dependency, Pairs, dependencies


def coded(**columns: list[str | None]) -> CodedTable:
    """Code a table given by its columns."""
    return CodedTable.of(
        pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
    )


def found(table: CodedTable) -> dict[tuple[str, str], Dependency]:
    """Find the dependencies by their two columns."""
    return {(each.given, each.column): each for each in dependencies(table)}


def test_exact_dependency_has_strength_one() -> None:
    """A column that settles another without exception does so with strength 1, and not the other way round."""
    table = coded(city=["Ulm", "Bonn", "Köln"] * 10, state=["BW", "NRW", "NRW"] * 10)
    assert found(table)["city", "state"] == Dependency("city", "state", 3, 30, 30, 1.0)
    assert ("state", "city") not in found(table) or found(table)["state", "city"].strength < 0.5


def test_noise_weakens() -> None:
    """Of a hundred rows five that disagree leave a strength of about nineteen twentieths."""
    cells = [f"v{at % 10}" for at in range(100)]
    noisy = [f"w{at % 10}" if at >= 5 else f"x{at}" for at in range(100)]
    dependency = found(coded(a=cells, b=noisy))["a", "b"]
    assert dependency.agreement == pytest.approx(85 / 90)
    assert 0.9 < dependency.strength < 0.95


def test_key_settles_nothing() -> None:
    """A key has no two rows that could disagree."""
    assert dependencies(coded(id=[str(at) for at in range(50)], x=["a", "b"] * 25)) == ()


def test_constant_is_settled_by_nothing() -> None:
    """A column with one value is no dependency of any other."""
    assert dependencies(coded(a=["x", "y"] * 20, b=["c"] * 40)) == ()


def test_skew_is_no_dependency() -> None:
    """A column that nearly always holds one value agrees with every group by chance."""
    draw = np.random.default_rng(1)
    rare = np.where(draw.random(400) < 0.05, "yes", "no").tolist()
    groups = draw.integers(0, 40, 400).astype(str).tolist()
    assert ("g", "rare") not in found(coded(g=groups, rare=rare))


def test_independent_columns_are_none() -> None:
    """Columns drawn independently of each other settle nothing, also where the groups are small."""
    draw = np.random.default_rng(2)
    columns = {f"c{size}": draw.integers(0, size, 600).astype(str).tolist() for size in (3, 30, 250)}
    assert dependencies(coded(**columns)) == ()


def test_nulls_do_not_count() -> None:
    """Rows without a value in either column say nothing."""
    table = coded(a=["x", "y", "x", None] * 10, b=["1", "2", None, "3"] * 10)
    assert found(table)["a", "b"].rows == 20


def test_few_rows_say_nothing() -> None:
    """Below ten rows that could have disagreed there is no dependency."""
    assert dependencies(coded(a=["x", "y"] * 5, b=["1", "2"] * 5)) == ()


def test_pairs_turn() -> None:
    """The pairs of two columns can be read from either side."""
    table = coded(a=["x", "y", "x", None], b=["2", "1", "2", "1"])
    pairs = Pairs.of(table.columns["a"].codes, table.columns["b"])
    assert list(zip(pairs.left, pairs.right, pairs.counts, strict=True)) == [(0, 1, 2), (1, 0, 1)]
    assert list(zip(pairs.turned.left, pairs.turned.right, pairs.turned.counts, strict=True)) == [(0, 1, 1), (1, 0, 2)]


def test_fast_on_a_wide_sample() -> None:
    """A sample of 33,000 rows and 20 columns takes less than two seconds of processor time."""
    draw = np.random.default_rng(3)
    columns = {f"c{at}": draw.integers(0, 10 ** (1 + at % 4), 33_000).astype(str).tolist() for at in range(20)}
    table = coded(**columns)
    start = time.process_time()
    dependencies(table)
    assert time.process_time() - start < 2


def test_only_pairs_that_are_asked_for() -> None:
    """Of the dependencies those are looked for that are named, in their direction only."""
    table = coded(a=["x", "y"] * 20, b=["p", "q"] * 20, c=["u", "v"] * 20)
    asked = [("b", "a"), ("a", "c")]
    assert [(each.given, each.column) for each in dependencies(table, among=asked)] == [("a", "c"), ("b", "a")]
