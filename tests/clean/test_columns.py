"""Column steps: nothing is lost by accident."""

import pyarrow as pa
import pytest
from pydantic import ValidationError

from etl_agent.clean.columns import Constant, Drop, Rename, Select
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


@pytest.mark.parametrize(("value", "cell"), [(True, "true"), (7, "7"), ("1.10", "1.10"), (None, None)])
def test_constant_writes_canonical_text(value: object, cell: str | None) -> None:
    """Truth values and whole numbers of YAML become the text that cells hold."""
    after = Constant.model_validate({"column": "x", "value": value}).apply(table(x=["a"]))
    assert after.column("x").to_pylist() == [cell]


def test_constant_refuses_a_float() -> None:
    """1.10 without quotes is 1.1 by the time we see it."""
    with pytest.raises(ValidationError, match="in quotes"):
        Constant.model_validate({"column": "x", "value": 1.10})
