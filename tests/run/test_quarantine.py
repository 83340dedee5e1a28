"""Rows in quarantine are found, counted, exported and discarded, and none of it changes a row."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from etl_agent.errors import ConfigurationError
from etl_agent.load.ledger_tables import LedgerTables
from etl_agent.load.target import open_target
from etl_agent.rejects import Reason
from etl_agent.run.correction import export_entries, split
from etl_agent.run.formulas import as_formula, without_formula
from etl_agent.run.history import ledger_in
from etl_agent.run.quarantine import Filters, count_entries, discard, find_entries, reasons_of
from etl_agent.run.result import FileLayout
from tests.run.project import Project

HALF: dict[str, Any] = {"max_reject_share": 0.9}
CONTRACT: dict[str, Any] = {
    "id": "text",
    "n": {"type": "integer", "nullable": True},
    "v": {"type": "text", "nullable": True},
}
OPEN = Filters(status=("open",))
CSV = 'id,n,v\n1,1,a\n2,x,=cmd()\n3,3\n4,y,""\n5,5,e\n'


@contextmanager
def ledger(project: Project) -> Iterator[tuple[Connection, LedgerTables]]:
    """Read the ledger of a project's target."""
    with open_target(project.url, read_only=True) as target, target.reading() as connection:
        tables = ledger_in(connection, schema=None)
        assert connection is not None
        assert tables is not None
        yield connection, tables


def exported(project: Project, filters: Filters = OPEN) -> list[dict[str, str]]:
    """Export entries and read the file as a spreadsheet would."""
    path = project.folder / "out.csv"
    with ledger(project) as found:
        export_entries(*found, filters, path)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_entries_are_narrowed_by_every_filter(project: Project) -> None:
    """Each filter alone and all together leave the entries that they describe."""
    project.write("in.csv", CSV)
    run = project.run(contract=CONTRACT, validate=HALF)
    cases = {
        Filters(): [2, 3, 4],
        Filters(table="other"): [],
        Filters(pipelines=("p",)): [2, 3, 4],
        Filters(pipelines=("q",)): [],
        Filters(run_id=run.run_id): [2, 3, 4],
        Filters(status=("replayed", "discarded")): [],
        Filters(reason="type-error"): [2, 4],
        Filters(reason="missing-cell", status=("open",)): [3],
        Filters(reason="nul-byte"): [],
    }
    with ledger(project) as found:
        lines = {filters: [(entry.line or 0) - 1 for entry in find_entries(*found, filters)] for filters in cases}
        counted = {filters: count_entries(*found, filters) for filters in cases}
    assert lines == cases
    assert counted == {filters: len(ids) for filters, ids in cases.items()}


def test_a_reason_is_not_taken_for_its_name_in_a_check(project: Project) -> None:
    """A pattern that spells the JSON of another reason does not make the row one of that reason."""
    project.write("in.csv", "id\nx\n1\n")
    nasty = {"id": {"type": "text", "matches": '\\d|"code": "extra-cell"'}}
    project.run(contract=nasty, validate=HALF)
    with ledger(project) as found:
        assert count_entries(*found, Filters(reason="extra-cell")) == 0
        assert count_entries(*found, Filters(reason="constraint-error")) == 1


def test_reasons_are_counted_each_and_commonest_first(project: Project) -> None:
    """A row with two reasons counts under both."""
    project.write("in.csv", "id,n\n1,x\n,y\n3,3\n")
    project.run(contract={"id": "text", "n": "integer"}, validate=HALF)
    with ledger(project) as found:
        counts = reasons_of(*found, Filters())
    assert list(counts.items()) == [(Reason("type-error", "n", "integer"), 2), (Reason("required-value", "id"), 1)]


def test_an_export_splits_cells_and_keeps_what_cannot_be_split(project: Project) -> None:
    """Cells stand under the names of their file; a malformed line stands whole in a column of its own."""
    project.write("in.csv", CSV)
    project.run(contract=CONTRACT, validate=HALF)
    rows = exported(project)
    assert [(row["_etl_file"], row["_etl_line"], row["_etl_raw"]) for row in rows] == [
        ("in.csv", "3", ""),
        ("in.csv", "4", "3,3"),
        ("in.csv", "5", ""),
    ]
    assert [(row["id"], row["n"], row["v"]) for row in rows] == [("2", "x", "'=cmd()"), ("", "", ""), ("4", "y", "")]
    assert rows[0]["_etl_reasons"] == "n: type-error (integer)"


def test_an_export_needs_no_file_and_knows_each_dialect(project: Project) -> None:
    """The files may be gone; what is needed of them is in the record of their run."""
    first = project.write("a.csv", "id;n;v\n1;1;a\n2;x;'b;c'\n")
    second = project.write("b.csv", "n;id\ny;3\n4;4\n")
    contract = {**CONTRACT, "v": {"type": "text", "nullable": True, "required": False}}
    project.run("*.csv", contract=contract, validate=HALF, extract={"delimiter": ";", "quote": "'"})
    first.unlink()
    second.unlink()
    assert [(row["id"], row["n"], row["v"]) for row in exported(project)] == [("2", "x", "b;c"), ("3", "y", "")]


def test_an_export_refuses_a_column_of_its_own_name(project: Project) -> None:
    """Two columns of one name could not be told apart on the way back."""
    project.write("in.csv", "_ETL_ID,n\n1,x\n2,2\n")
    project.run(contract={"_ETL_ID": "text", "n": "integer"}, validate=HALF)
    with pytest.raises(ConfigurationError, match="_ETL_ID"):
        exported(project)
    assert not (project.folder / "out.csv").exists()


def test_discarding_marks_only_open_entries(project: Project) -> None:
    """Discarded entries stay on record; what was decided before is left alone."""
    project.write("in.csv", CSV)
    project.run(contract=CONTRACT, validate=HALF)
    ids = [number for (number,) in project.quarantine("id")]
    for filters, rows in ((Filters(ids=(ids[0],)), 1), (Filters(), 2), (Filters(), 0)):
        with open_target(project.url) as target, target.record() as record:
            assert discard(record, filters) == rows
            record.commit()
    assert [number for (number,) in project.quarantine("id", status="discarded")] == ids


def test_an_open_entry_is_closed_when_its_content_is_loaded_again(project: Project) -> None:
    """A reload rejects the row anew: one entry waits, not two."""
    project.write("in.csv", CSV)
    project.write("other.csv", "id,n,v\n9,z,o\n8,8,p\n")
    project.run("other.csv", contract=CONTRACT, validate=HALF)
    project.run(contract=CONTRACT, validate=HALF)
    project.run(contract=CONTRACT, validate=HALF, reload=True)
    assert project.quarantine("file, line", status="closed") == [("in.csv", 3), ("in.csv", 4), ("in.csv", 5)]
    assert project.quarantine("file, line") == [("other.csv", 2), ("in.csv", 3), ("in.csv", 4), ("in.csv", 5)]


def test_a_replace_closes_what_waited_of_the_old_content(project: Project) -> None:
    """Rows of content that is no longer in the table cannot be replayed into the new one."""
    project.write("in.csv", CSV)
    project.run(contract=CONTRACT, validate=HALF, write_disposition="replace")
    project.write("in.csv", "id,n,v\n6,6,f\n7,z,g\n")
    project.run(contract=CONTRACT, validate=HALF, write_disposition="replace")
    assert len(project.quarantine(status="closed")) == 3
    assert project.quarantine() == [(3, "7,z,g")]


@given(st.text())
def test_a_neutralised_cell_is_no_formula_and_comes_back(text: str) -> None:
    """No cell begins as a formula does, unless it is a number with a sign, and every cell is restored exactly."""
    shown = without_formula(text)
    if re.fullmatch(r"[+-][0-9.,]+(?:[eE][+-]?[0-9]+)?%?", text) is None:
        assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert as_formula(shown) == text


@pytest.mark.parametrize(
    ("raw", "cells"),
    [
        ('1,"a,b",', ("1", "a,b", None)),
        ('1,"a ""b""\nc",""', ("1", 'a "b"\nc', "")),
        ("1,2", None),
        ('1,"2,3', None),
        (None, None),
    ],
)
def test_only_whole_records_are_split(raw: str | None, cells: tuple[str | None, ...] | None) -> None:
    """A record of another width, or with a loose quote, is never guessed at."""
    assert split(raw, FileLayout(("a", "b", "c"), ",", '"')) == cells
