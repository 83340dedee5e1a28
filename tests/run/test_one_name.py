"""SQLite ignores the case of a table's name, and so do the ledgers: one table has one record."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.run.project import Project


@pytest.fixture
def here(tmp_path: Path) -> Project:
    """Give a project that loads into SQLite."""
    return Project(tmp_path, f"sqlite:///{tmp_path / 'w.db'}")


def test_the_same_file_is_loaded_once_whatever_the_case_of_the_table(here: Project) -> None:
    """Else the rows would be there twice."""
    here.write("in.csv", "id\n1\n2\n")
    here.run(table="orders")
    assert here.run(table="ORDERS").status == "nothing new"
    assert here.ask("SELECT DISTINCT table_name FROM _etl_files") == [("orders",)]


def test_what_a_replace_took_out_is_loaded_again_whatever_the_case_of_the_table(here: Project) -> None:
    """Else its rows would be gone, and their file counted as loaded."""
    here.write("a.csv", "id\n1\n")
    here.write("b.csv", "id\n2\n")
    here.run("a.csv", table="orders")
    here.run("b.csv", table="Orders", write_disposition="replace")
    assert here.run("a.csv", table="orders").status == "loaded"
    assert here.rows("id", table="orders") == [("1",), ("2",)]


def test_a_refusal_and_its_entries_stand_under_the_name_in_the_database(here: Project) -> None:
    """So the next load of the content closes them."""
    here.write("a.csv", "id\n1\n")
    here.run("a.csv", table="orders", contract={"id": "integer"})
    here.write("b.csv", "id\nx\n")
    assert here.run("b.csv", table="ORDERS", contract={"id": "integer"}).status == "refused"
    assert here.ask("SELECT DISTINCT table_name FROM _etl_runs") == [("orders",)]
    assert here.ask("SELECT DISTINCT table_name FROM _etl_quarantine") == [("orders",)]
