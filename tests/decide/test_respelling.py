"""Two ways to write a value: one is an accident where all values are struck alike."""

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.decide.respelling import respelled, rows_of
from etl_agent.profile.coded import CodedColumn


def found(cells: list[str]) -> dict[str, str]:
    column = CodedColumn.of(pa.array(cells, pa.string()))
    every = pc.is_valid(column.values).to_numpy(zero_copy_only=False)
    return respelled(column, pc.utf8_lower(column.values), among=every)


def test_values_that_are_struck_alike_are_found() -> None:
    """Each spelling leads to the usual one."""
    assert found([*["FT"] * 90, *["PT"] * 60, *["ft"] * 6, *["pt"] * 3]) == {"ft": "FT", "pt": "PT"}


def test_a_value_that_is_struck_more_often_is_meant() -> None:
    """Where one of three values has nearly all the other spellings, it is another value."""
    assert not found([*["MW"] * 90, *["KW"] * 90, *["GW"] * 90, *["mw"] * 25, *["kw"] * 1])


def test_few_cells_prove_nothing() -> None:
    """Two cells, or values that hardly stand there, are left."""
    assert not found([*["FT"] * 90, *["PT"] * 60, "ft", "pt"])
    assert not found(["Ab", "ab", "Cd", "cd", "Ef", "ef", *[f"Z{n}" for n in range(90)]])


def test_rows_are_counted() -> None:
    """The cells of all spellings are counted."""
    column = CodedColumn.of(pa.array(["a", "b", "b", "c"]))
    assert rows_of(column, {"b": "B", "a": "A"}) == 3
