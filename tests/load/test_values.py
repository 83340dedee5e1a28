"""Every value comes back from the target as it went in."""

from __future__ import annotations

import datetime as dt
import decimal
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.errors import DataRefused
from etl_agent.load.modes import Counts
from etl_agent.load.sqlite_types import stored
from etl_agent.load.target import open_target
from etl_agent.shape import ColumnType, parse_type
from tests.load.targets import kind, load_rows, query, shape, spec

FIFTY = Decimal("12345678901234567890123456789012345678901234567.890")
TINY = Decimal("0.000000000000000000000000000001")
NOON = dt.datetime(2025, 4, 3, 12, 30)
INSTANT = dt.datetime(2025, 10, 26, 0, 30, 0, 7, tzinfo=dt.UTC)
NAN = float("nan")
CENTS = [Decimal("1.10"), Decimal("-0.07"), None]
NEGATIVE = FIFTY.copy_negate()
TEXTS = ["", None, "\\.", "\\N", "a\r\nb", 'x "y"', ",", "'", "🦆é", " pad ", "NA", "00123", "1.10", "\t", "e\u0301"]
TIMES = [dt.time(1, 2, 3), dt.time(1, 2, 3, 40)]

EXACT: list[tuple[str, list[Any], list[Any], list[Any]]] = [
    # type, values, as SQLite holds them, as Postgres gives them
    ("text", TEXTS, TEXTS, TEXTS),
    ("integer", [2**63 - 1, -(2**63), 0, None], [2**63 - 1, -(2**63), 0, None], [2**63 - 1, -(2**63), 0, None]),
    ("decimal(50,3)", [FIFTY, NEGATIVE, None], [str(FIFTY), str(NEGATIVE), None], [FIFTY, FIFTY.copy_negate(), None]),
    ("decimal(38,30)", [TINY, Decimal(0)], [format(TINY, "f"), "0." + "0" * 30], [TINY, Decimal(0)]),
    ("decimal(12,2)", CENTS, [1.1, -0.07, None], CENTS),
    ("decimal(18,0)", [Decimal(10**18 - 1), None], [10**18 - 1, None], [Decimal(10**18 - 1), None]),
    ("float", *[[0.1, 5e-324, float("inf"), float("-inf"), None]] * 3),
    ("boolean", [True, False, None], [1, 0, None], [True, False, None]),
    (
        "date",
        [dt.date(2025, 4, 3), dt.date(1, 1, 1), None],
        ["2025-04-03", "0001-01-01", None],
        [dt.date(2025, 4, 3), dt.date(1, 1, 1), None],
    ),
    ("time", TIMES, ["01:02:03", "01:02:03.000040"], TIMES),
    ("timestamp", [NOON, None], ["2025-04-03 12:30:00", None], [NOON, None]),
    ("timestamp!", [INSTANT, None], ["2025-10-26 00:30:00.000007+00:00", None], [INSTANT, None]),
]  # fmt: skip


@pytest.mark.parametrize("direct", [False, True])
def test_values_are_exact(target_url: str, direct: bool) -> None:
    """A table of one column holds each value exactly, whatever its type, null and the empty string apart."""
    with open_target(target_url) as target:
        for place, (type_, values, sqlite, postgres) in enumerate(EXACT):
            load = spec(target_url, table=f"t{place}")
            load_rows(target, load, shape(v=type_), [(value,) for value in values], direct=direct)
            found = [value for (value,) in query(target_url, f"SELECT v FROM t{place}")]
            expected = sqlite if kind(target_url) == "sqlite" else postgres
            assert (type_, found) == (type_, expected)
            assert [type(value) for value in found] == [type(value) for value in expected]


def test_equal_values_are_unchanged(target_url: str) -> None:
    """A merge of the same values changes no row, whatever their type."""
    with open_target(target_url) as target:
        for place, (type_, values, *_) in enumerate(EXACT):
            of, rows = shape(k="integer", v=type_), list(enumerate(values))
            load = spec(target_url, table=f"t{place}", write_disposition="merge", primary_key=["k"])
            load_rows(target, load, of, rows)
            counts = load_rows(target, load, of, rows)
            assert (type_, counts) == (type_, Counts(staged=len(rows), unchanged=len(rows)))


def test_nan_is_kept_and_equal_to_itself(target_url: str) -> None:
    """NaN is no null: SQLite holds it as text, and a merge finds it unchanged."""
    of = shape(k="integer", v="float")
    load = spec(target_url, write_disposition="merge", primary_key=["k"])
    with open_target(target_url) as target:
        load_rows(target, load, of, [(1, NAN), (2, None), (3, 1.5)])
        assert load_rows(target, load, of, [(1, NAN), (2, None), (3, NAN)]) == Counts(staged=3, updated=1, unchanged=2)
    found = query(target_url, "SELECT v FROM t WHERE k = 1")[0][0]
    assert str(found).lower() == "nan"
    assert query(target_url, "SELECT k FROM t WHERE v IS NULL") == [(2,)]


@pytest.mark.postgres
def test_nul_is_refused_by_postgres(postgres_url: str) -> None:
    """A NUL that got as far as Postgres stops the load with its column's name, and nothing arrives."""
    with open_target(postgres_url) as target:
        with pytest.raises(DataRefused, match="22021"):
            load_rows(target, spec(postgres_url), shape(v="text"), [("a\0b",)])
        assert target.table_facts("t") is None


def test_nul_is_kept_by_sqlite(sqlite_url: str) -> None:
    """SQLite keeps a NUL inside a text."""
    with open_target(sqlite_url) as target:
        load_rows(target, spec(sqlite_url), shape(v="text"), [("a\0b",)])
    assert query(sqlite_url, "SELECT v FROM t") == [("a\0b",)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-(10**15) + 1, 10**15 - 1), min_size=1, max_size=20), st.integers(0, 15))
def test_short_decimals_have_their_own_double(whole: list[int], scale: int) -> None:
    """A decimal of at most 15 digits is the nearest double in SQLite, and reads back exactly."""
    kind_ = parse_type(f"decimal(15,{scale})")
    exact = decimal.Context(prec=40)
    values = [exact.scaleb(Decimal(number), -scale) for number in whole]
    found = stored(pa.array([None, *values], kind_.arrow).slice(1), kind=kind_).to_pylist()
    assert found == [float(value) for value in values] if scale else found == whole
    assert [round(Decimal(value), scale) for value in found] == values


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=30, min_value=-(10**7), max_value=10**7)
    )
)
def test_long_decimals_keep_every_digit(values: list[Decimal | None]) -> None:
    """A decimal beyond 15 digits is text with all digits of its scale and no exponent."""
    kind_ = ColumnType("decimal", 38, 30)
    found = stored(pa.array(values, kind_.arrow), kind=kind_).to_pylist()
    exact = decimal.Context(prec=60)
    assert [value if value is None else Decimal(value) for value in found] == values
    assert found == [
        value if value is None else format(value.quantize(Decimal(1).scaleb(-30), context=exact), "f")
        for value in values
    ]
