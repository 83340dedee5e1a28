"""Column steps: nothing is lost by accident."""

import pyarrow as pa
import pytest
from pydantic import ValidationError

from etl_agent.clean.columns import Combine, Constant, Drop, Rename, Select, Split
from etl_agent.errors import ConfigurationError


def table(**columns: list[str | None]) -> pa.RecordBatch:
    """Make text columns."""
    return pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def test_rename_onto_another_column_is_refused() -> None:
    """Two columns never share a name."""
    with pytest.raises(ConfigurationError, match="two columns 'b'") as caught:
        Rename(columns={"a": "b"}).names_after(["a", "b"])
    assert caught.value.where == "step rename"


def test_two_columns_cannot_get_one_name() -> None:
    """A new name that is given twice is a mistake of the spec."""
    with pytest.raises(ValidationError, match="'c' is named twice"):
        Rename(columns={"a": "c", "b": "c"})


def test_one_name_needs_no_list() -> None:
    """A single column may be named without brackets."""
    assert Drop.model_validate({"columns": "ab"}) == Drop(columns=("ab",))
    assert Select.model_validate({"columns": "ab"}) == Select(columns=("ab",))


def test_swap() -> None:
    """Two columns may swap their names."""
    assert Rename(columns={"a": "b", "b": "a"}).names_after(["a", "b", "c"]) == ("b", "a", "c")


def test_drop_needs_its_columns() -> None:
    """A column to drop that is not there is a mistake, not a wish fulfilled."""
    assert Drop(columns=("a",)).reads(["b"]) == ("a",)


@pytest.mark.parametrize("bad", [(), ("a", "a"), ("",)])
def test_select_names_each_column_once(bad: tuple[str, ...]) -> None:
    """No columns, a column twice and a nameless column are mistakes."""
    with pytest.raises(ValidationError):
        Select(columns=bad)


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


@pytest.mark.parametrize(("value", "cell"), [(True, "true"), (7, "7"), ("1.10", "1.10"), (None, None)])
def test_constant_writes_canonical_text(value: object, cell: str | None) -> None:
    """Truth values and whole numbers of YAML become the text that cells hold."""
    after = Constant.model_validate({"column": "x", "value": value}).apply(table(x=["a"]))
    assert after.column("x").to_pylist() == [cell]


def test_constant_refuses_a_float() -> None:
    """1.10 without quotes is 1.1 by the time we see it."""
    with pytest.raises(ValidationError, match="in quotes"):
        Constant.model_validate({"column": "x", "value": 1.10})
