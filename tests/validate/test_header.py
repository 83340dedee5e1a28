"""Headers are matched by name, and every difference of every file is told before loading."""

import pyarrow as pa
import pytest

from etl_agent.errors import Drifted
from etl_agent.validate.header import match_header, unknown_cells


def test_equal_headers_have_no_differences():
    """Nothing to say, nothing refused."""
    report = match_header(["a", "b"], files=[("x.csv", ["a", "b"])])
    assert report.lines == ()
    report.raise_if_refused()


def test_another_order_is_told_and_harmless():
    """Columns go by name; their order is reported only."""
    report = match_header(["a", "b"], files=[("x.csv", ["b", "a"])])
    assert report.lines == ("x.csv: columns in another order",)
    assert not report.refused


@pytest.mark.parametrize(("old", "new"), [("order_id", "Order ID"), ("order_id", "orderId"), ("customer", "custmer")])
def test_a_renamed_column_is_suspected(old, new):
    """A missing and an extra column that look alike are told as one."""
    report = match_header([old, "b"], files=[("x.csv", [new, "b"])])
    assert report.files[0].renamed == {old: new}
    assert report.lines == (f"x.csv: {new!r} looks like {old!r} renamed",)


def test_every_difference_of_every_file_is_in_the_error():
    """One error names both files and all their columns, and what to type next."""
    report = match_header(["a", "b"], files=[("x.csv", ["a"]), ("y.csv", ["a", "b", "new"]), ("z.csv", ["a", "b"])])
    with pytest.raises(Drifted, match=r"2 of 3 files.*x\.csv: missing 'b' \| y\.csv: extra 'new'") as caught:
        report.raise_if_refused()
    assert caught.value.next_command


@pytest.mark.parametrize("drift", ["evolve", "freeze", "quarantine", "discard_value"])
def test_a_missing_column_is_refused_in_every_mode(drift):
    """No mode can make up a column that rows need."""
    assert match_header(["a", "b"], files=[("x.csv", ["a"])], drift=drift).refused


@pytest.mark.parametrize(
    ("drift", "where"), [("evolve", "added"), ("quarantine", "quarantined"), ("discard_value", "discarded")]
)
def test_each_mode_says_what_becomes_of_an_extra_column(drift, where):
    """An extra column is added, quarantined or discarded, and in these modes refuses nothing."""
    report = match_header(["a"], files=[("x.csv", ["a", "n"]), ("y.csv", ["m", "a", "n"])], drift=drift)
    found = {"added": report.added, "quarantined": report.quarantined, "discarded": report.discarded}
    assert found == {**dict.fromkeys(found, ()), where: ("n", "m")}
    assert not report.refused


def test_an_optional_column_may_be_missing():
    """Its absence is told and harmless; its presence is no drift."""
    report = match_header(["a"], files=[("x.csv", ["a"]), ("y.csv", ["a", "o"])], optional=["o"])
    assert not report.refused
    assert report.lines == ("x.csv: without 'o', which may be missing",)


def test_only_values_in_an_unknown_column_are_found():
    """Null in an unknown column is no value; the empty string is one."""
    data = pa.RecordBatch.from_pydict({"n": pa.array([None, "", "x"], pa.string())})
    (finding,) = unknown_cells(data, names=["n", "gone"])
    assert finding.failed.tolist() == [False, True, True]
    assert (finding.reason.code, finding.reason.column) == ("extra-cell", "n")
