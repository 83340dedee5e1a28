"""The change ledger counts every changed cell, and keeps the first pairs exactly."""

import pyarrow as pa
import pytest

from etl_agent.clean.kernels import nulled
from etl_agent.run.changes import MOST_PAIRS, ChangeLedger, changed_cells


def batch(**columns: list[str | None]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def ledger_of(*pairs: tuple[pa.RecordBatch, pa.RecordBatch], change="value") -> ChangeLedger:
    ledger = ChangeLedger()
    for before, after in pairs:
        ledger.add(changed_cells(before, after, columns=before.schema.names, step="1 s", change=change))
    return ledger


def test_null_and_empty_are_different_values():
    """A null that becomes '' is a changed cell, and a null that stays null is not."""
    ledger = ledger_of((batch(x=[None, None, "a"]), batch(x=["", None, "a"])))
    assert [(row.before, row.after, row.rows) for row in ledger.rows()] == [(None, "", 1)]


def test_pairs_are_exact_up_to_the_cap_and_the_rest_is_one_row():
    """The first pairs keep exact counts over later batches; the sum of all rows is the changed cells."""
    cells = [str(n) for n in range(MOST_PAIRS + 50)]
    one = (batch(x=cells), batch(x=[f"{cell}!" for cell in cells]))
    rows = list(ledger_of(one, one).rows())
    assert rows[0].rows == 2 and rows[0].before == "0"
    assert len(rows) == MOST_PAIRS + 1
    assert (rows[-1].kind, rows[-1].rows) == ("rest", 100)
    assert sum(row.rows for row in rows) == 2 * len(cells)


def test_the_split_into_batches_does_not_matter():
    """The ledger of a whole table is the ledger of its pieces."""
    old = [str(n % 1_500) for n in range(4_000)]
    new = [f"{cell}!" for cell in old]
    whole = ledger_of((batch(x=old), batch(x=new)))
    pieces = ledger_of(*[(batch(x=old[i : i + 7]), batch(x=new[i : i + 7])) for i in range(0, 4_000, 7)])
    assert list(whole.rows()) == list(pieces.rows())


def test_format_changes_are_kept_by_pattern_with_an_example():
    """Ten thousand reformatted dates make one row that shows one of them."""
    old = [f"{n % 12 + 1:02}/{n % 28 + 1:02}/2025" for n in range(10_000)]
    new = [f"2025-{cell[:2]}-{cell[3:5]}" for cell in old]
    (row,) = ledger_of((batch(x=old), batch(x=new)), change="format").rows()
    assert (row.kind, row.before, row.after, row.rows) == ("pattern", "9/9/9", "9-9-9", 10_000)
    assert (row.example_before, row.example_after) == ("01/01/2025", "2025-01-01")


def test_a_new_column_has_no_changed_cells():
    """A column that was not there before, or is not there after, counts no change."""
    assert changed_cells(batch(x=["a"]), batch(y=["b"]), columns=["x", "y"], step="1 s", change="value") == ()


def test_nulls_put_into_shared_text_are_changes():
    """A step that marks nulls without copying the text is counted all the same."""
    before = batch(x=["a", "-", "-"])
    after = pa.RecordBatch.from_pydict({"x": nulled(before.column("x"), pa.array([False, True, True]))})
    assert after.column("x").buffers()[2].address == before.column("x").buffers()[2].address
    (row,) = ledger_of((before, after)).rows()
    assert (row.before, row.after, row.rows) == ("-", None, 2)


def test_an_untouched_column_costs_no_entry():
    """The same memory on both sides is no change."""
    same = batch(x=["a", None])
    assert list(ledger_of((same, same)).rows()) == []


@pytest.mark.parametrize("change", ["value", "format"])
def test_columns_of_few_values_are_counted_the_same_way(change):
    """Counting by codes gives the pairs, the order, the totals and the examples of counting cell by cell."""
    cells = [None, "yes", "NO", "Yes", "", "no"]
    old = [cells[(n * n) % 6] for n in range(3_000)]
    new = [None if cell == "" else cell and cell.lower() for cell in old]
    whole = ledger_of((batch(x=old), batch(x=new)), change=change)
    pieces = ledger_of(
        *[(batch(x=old[i : i + 500]), batch(x=new[i : i + 500])) for i in range(0, 3_000, 500)], change=change
    )
    assert list(whole.rows()) == list(pieces.rows())
    assert whole.total == sum(a != b for a, b in zip(old, new, strict=True))
