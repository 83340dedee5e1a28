"""Laws: a kernel answers what pandera's own check answers, on any values."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.pandas import Check

from etl_agent.shape import parse_type
from etl_agent.validate.checks import column_check
from etl_agent.validate.dtypes import arrow_storage
from etl_agent.validate.kernels import kernel

WORDS = st.text("aAb01.@\n é", max_size=4)
NUMBERS = st.integers(-5, 5)
DECIMALS = st.decimals(-5, 5, places=2)
DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2024, 1, 9))
TIMES = st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2))


def ordered(bound, above=None):
    """Every comparison with a bound, and ranges of all four kinds."""
    sides = [(low, high) for low in (0, 1) for high in (0, 1) if above is not None]
    ranges = [Check.in_range(bound, above, include_min=low, include_max=high) for low, high in sides]
    return [
        Check.eq(bound),
        Check.ne(bound),
        Check.gt(bound),
        Check.ge(bound),
        Check.lt(bound),
        Check.le(bound),
        *ranges,
    ]


def listed(*values):
    return [Check.isin(list(values)), Check.notin(list(values))]


TEXT_CHECKS = [
    *listed("a", "ab", ""),
    Check.str_matches("^(?:a|b0)$"),
    Check.str_matches("a|b"),
    Check.str_contains("[0-9]$"),
    Check.str_startswith("a"),
    Check.str_endswith("\n"),
    Check.str_length(1, 2),
    Check.str_length(min_value=1),
    Check.str_length(max_value=1),
    Check.str_length(max_value=2),
    Check.str_length(exact_value=2),
    Check.eq("a"),
]

CASES = [
    ("text", WORDS, TEXT_CHECKS),
    ("integer", NUMBERS, [*ordered(1, 3), *ordered(0.5), *listed(1, 2, -3)]),
    (
        "decimal(12,2)",
        DECIMALS,
        [*ordered(Decimal("0.5"), Decimal(2)), *ordered(1), *listed(Decimal("1.00"), Decimal(2))],
    ),
    ("decimal(60,2)", DECIMALS, [*ordered(Decimal("0.5"))]),
    ("float", st.floats(-5, 5), [*ordered(0.5, 1.5), *ordered(1), *listed(0.5, 1.0)]),
    ("boolean", st.booleans(), [Check.eq(True), *listed(True)]),
    ("date", DAYS, [*ordered(dt.date(2024, 1, 4), dt.date(2024, 1, 6)), *listed(dt.date(2024, 1, 2))]),
    ("time", st.times(), [*ordered(dt.time(12))]),
    ("timestamp", TIMES, [*ordered(dt.datetime(2024, 1, 1, 12)), *listed(dt.datetime(2024, 1, 1))]),
]


def pandera_says(check, values, kind):
    """Which rows pandera refuses, by validating them one column at a time and reading all failure cases."""
    dtype = arrow_storage(parse_type(kind)).dtype
    schema = pandera.DataFrameSchema({"x": pandera.Column(dtype, checks=[check], nullable=True)})
    frame = pd.DataFrame({"x": pd.Series(pd.arrays.ArrowExtensionArray(values))})
    try:
        schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        assert set(errors.failure_cases["schema_context"]) == {"Column"}
        return sorted(errors.failure_cases["index"].tolist())
    return []


@pytest.mark.parametrize(("kind", "cells", "checks"), CASES, ids=[case[0] for case in CASES])
def test_a_kernel_agrees_with_pandera(kind, cells, checks):
    """The rows that a kernel fails are the rows that pandera fails, nulls among them."""
    type_ = parse_type(kind)

    @settings(max_examples=6, deadline=None)
    @given(st.lists(st.one_of(st.none(), cells), min_size=4, max_size=20))
    def law(drawn):
        values = pa.array(drawn, type_.arrow)
        for check in checks:
            compiled = column_check(check, column="x", storage=arrow_storage(type_))
            found = np.flatnonzero(compiled.failing(values, misfit=None)).tolist()
            assert found == pandera_says(check, values, kind), check.error

    law()


@pytest.mark.parametrize(("kind", "checks"), [(case[0], case[2]) for case in CASES], ids=[case[0] for case in CASES])
def test_built_in_checks_of_plain_values_have_a_kernel(kind, checks):
    """What contracts are made of does not take the detour over pandas."""
    missing = [check.error for check in checks if kernel(check, arrow=parse_type(kind).arrow) is None]
    assert missing == []


def test_a_check_of_the_users_own_has_no_kernel():
    """Not even if it is called like a built-in one."""
    assert kernel(Check(lambda column: column > 1, name="greater_than"), arrow=pa.int64()) is None
    assert kernel(Check.gt(1, groupby="y"), arrow=pa.int64()) is None
