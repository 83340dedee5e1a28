"""Fingerprints: the same data are the same, and drift is seen."""

import numpy as np
import pyarrow as pa
import pytest

from etl_agent.profile.fingerprint import Fingerprint, differences, fingerprint
from etl_agent.profile.kinds import kind_of
from etl_agent.profile.table import TableFacts

ROWS = 2000


def table(seed: int = 1, rows: int = ROWS, **columns: list[str | None]) -> pa.RecordBatch:
    """Make a table of a number, a category, a date, a code and free text, of other rows for another seed."""
    rng = np.random.default_rng(seed)
    words = np.array(["red", "grey", "blue", "green"])
    made: dict[str, list[str | None]] = {
        "id": [str(100_000 + seed * rows + row) for row in range(rows)],
        "amount": [f"{number:.2f}" for number in rng.lognormal(3, 1, rows)],
        "colour": words[rng.choice(4, rows, p=[0.5, 0.3, 0.15, 0.05])].tolist(),
        "day": [
            f"{d:02}/{m:02}/2025" for d, m in zip(rng.integers(1, 29, rows), rng.integers(1, 13, rows), strict=True)
        ],
        "note": [" ".join(words[rng.integers(0, 4, rng.integers(2, 9))]) for _ in range(rows)],
    }
    return pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in (made | columns).items()})


def taken(data: pa.RecordBatch, **options: object) -> Fingerprint:
    """Take a fingerprint."""
    kinds = {name: kind_of(facts) for name, facts in TableFacts.observe(data).columns.items()}
    return fingerprint(data, kinds, **options)  # type: ignore[arg-type]  # as the test names them


def with_cells(data: pa.RecordBatch, name: str, change, every: int = 3) -> pa.RecordBatch:  # type: ignore[no-untyped-def]  # any function of a cell
    """Change every third cell of a column."""
    cells = [change(cell) if row % every == 0 else cell for row, cell in enumerate(data.column(name).to_pylist())]
    return data.set_column(data.schema.get_field_index(name), name, pa.array(cells, pa.string()))


BEFORE = taken(table())


@pytest.mark.parametrize("seed", range(2, 8))
def test_other_rows_of_the_same_origin_are_the_same(seed: int) -> None:
    """New numbers, new days and new identifiers are no drift."""
    assert differences(BEFORE, table(seed)) == ()


DRIFTS = {
    "nulls": ("amount", lambda _: None, "amount", "writing"),
    "null words": ("colour", lambda _: "N/A", "colour", "writing"),
    "another category": ("colour", lambda _: "pink", "colour", "values"),
    "cents for euros": ("amount", lambda cell: f"{float(cell) * 100:.2f}", "amount", "numbers"),
    "decimal comma": ("amount", lambda cell: cell.replace(".", ","), "amount", "writing"),
    "month first": ("day", lambda cell: "/".join([cell[3:5], cell[:2], cell[6:]]), "day", "writing"),
    "capitals in text": ("note", str.upper, "note", "writing"),
    "quotes": ("note", lambda cell: f'"{cell}"', "note", "writing"),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_is_seen_where_it_is(drift: str) -> None:
    """Of every kind of drift in a third of a column's cells the column and what differs are named."""
    column, change, named, what = DRIFTS[drift]
    found = differences(BEFORE, with_cells(table(9), column, change))
    assert (named, what) in {(each.column, each.what) for each in found}
    assert {each.column for each in found} == {named}


def test_columns_that_come_and_go_are_drift() -> None:
    """A renamed column is one that is gone and one that is new."""
    now = table(2).rename_columns(["nr", "amount", "colour", "day", "note"])
    assert [str(each) for each in differences(BEFORE, now)] == ["the column nr is new", "the column id is gone"]


def test_a_few_rows_are_no_alarm() -> None:
    """What chance explains in a small file is no drift."""
    assert differences(BEFORE, table(5, rows=12)) == ()
    assert differences(BEFORE, table(5, rows=0)) == ()


def test_no_text_of_a_cell_is_kept() -> None:
    """A fingerprint holds patterns, digests and bounds; of a sensitive column not even those of its values."""
    assert "grey" not in BEFORE.model_dump_json()
    (colour,) = [each for each in taken(table(), sensitive={"colour"}).columns if each.name == "colour"]
    assert (colour.values, colour.bounds) == ({}, ())


def test_a_fingerprint_survives_json() -> None:
    """It is kept in a file."""
    assert Fingerprint.model_validate_json(BEFORE.model_dump_json()) == BEFORE
