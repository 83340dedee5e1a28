"""Tables as codes."""

import pyarrow as pa

from etl_agent.profile.coded import CodedColumn, CodedTable


def test_codes_follow_the_order_of_the_values() -> None:
    """Equal cells have equal codes, in the order of the values, and a null has none."""
    column = CodedColumn.of(pa.array(["b", "a", None, "b"], pa.string()))
    assert column.texts == ("a", "b")
    assert column.codes.tolist() == [1, 0, -1, 1]
    assert column.counts.tolist() == [1, 2]
    assert column.nulls == 1
    assert column.decoded(column.codes).to_pylist() == ["b", "a", None, "b"]


def test_joint_codes_number_the_combinations() -> None:
    """Rows have the same joint code when all their cells are equal, nulls among them."""
    data = pa.RecordBatch.from_pydict({"x": ["a", "a", None, None], "y": ["1", "1", "1", "2"]})
    assert CodedTable.of(data).joint(["x", "y"]).tolist() == [2, 2, 0, 1]


def test_a_column_of_nulls_has_no_values() -> None:
    """Nothing but nulls gives no values and only the code of null."""
    column = CodedColumn.of(pa.array([None, None], pa.string()))
    assert column.texts == ()
    assert column.codes.tolist() == [-1, -1]
