"""Splitting and combining: no text is lost, no column is overwritten."""

import pyarrow as pa
import pytest

from etl_agent.clean.parts import Combine, Split
from etl_agent.errors import ConfigurationError


def table(**columns: list[str | None]) -> pa.RecordBatch:
    """Make text columns."""
    return pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def test_split_never_loses_text() -> None:
    """The parts joined again are the cell."""
    data = table(x=["a-b-c", "a", "-", "", None, "--", "a-"])
    for start in ("left", "right"):
        after = Split.model_validate({"column": "x", "by": "-", "into": ["p", "q"], "start": start}).apply(data)
        parts = zip(after.column("p").to_pylist(), after.column("q").to_pylist(), strict=True)
        assert [p if q is None else f"{p}-{q}" for p, q in parts] == data.column("x").to_pylist()


def test_split_separator_is_literal() -> None:
    """A separator that looks like a pattern is none."""
    after = Split(column="x", by=".", into=("p", "q")).apply(table(x=["a.b", "ab"]))
    assert after.column("p").to_pylist() == ["a", "ab"]


def test_new_columns_never_overwrite() -> None:
    """Split and combine refuse names that are taken, also at run time."""
    data = table(x=["a b"], y=["keep"])
    with pytest.raises(ConfigurationError):
        Split(column="x", by=" ", into=("y", "z")).apply(data)
    with pytest.raises(ConfigurationError):
        Combine(columns=("x", "y"), into="x").apply(data)


def test_combine_keeps_empty_parts() -> None:
    """Null is left out; the empty string is a part like others."""
    after = Combine(columns=("a", "b"), into="c", by="-").apply(table(a=["", None, None], b=["x", "x", None]))
    assert after.column("c").to_pylist() == ["-x", "x", None]
