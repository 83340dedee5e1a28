"""Why a row is not in a table, or not current, is told by what was kept of it when no file can be read again."""

from __future__ import annotations

from typing import Any

import pytest

from etl_agent.run.concealing import STARS
from etl_agent.run.undo import undo
from etl_agent.run.why.account import Why
from tests.run.project import Project
from tests.run.whys import why_of_key, why_of_line

CONTRACT: dict[str, Any] = {"id": "integer", "name": {"type": "text", "max_length": 5}}
BASE, OTHER = "id,name\n1,ada\n2,bob\n", "id,name\n1,ada\n"
MERGE: dict[str, Any] = {"write_disposition": "merge", "primary_key": ["id"]}
DELETE: dict[str, Any] = {**MERGE, "absent": "delete"}
CLOSE: dict[str, Any] = {**MERGE, "strategy": "scd2", "absent": "close"}


def load(project: Project, content: str, **sections: Any) -> int:
    """Load a file that is written anew under one name, as a daily export is, and return the run."""
    project.write("in.csv", content)
    return project.run(**{"contract": CONTRACT, "validate": {"max_reject_share": 0.9}, **sections}).run_id


def held(why: Why) -> dict[str, Any]:
    """Return what the first account says that the row held, as plain data."""
    found: dict[str, Any] = why.as_dict()["records"][0]["held"]
    return found


@pytest.mark.parametrize(
    ("mode", "how"),
    [(DELETE, "(absent: delete)"), ({"write_disposition": "replace"}, "which replaced the table")],
    ids=["absent", "replace"],
)
def test_a_row_that_was_taken_out_names_the_run_and_what_it_held(
    project: Project, mode: dict[str, Any], how: str
) -> None:
    """Although the file was written over where it lay."""
    first = load(project, BASE, **mode)
    second = load(project, OTHER, **mode)
    load(project, "id,name\n1,ada\n3,cy\n", **mode)
    why = why_of_key(project, "id=2")
    assert (why.found, why.accounts[0].outcome, held(why)["name"]) == (False, "removed", "bob")
    assert f"the row that run {first} wrote was taken out by run {second}" in why.verdict and how in why.verdict


def test_a_row_of_another_key_than_the_primary_one_is_told_as_deleted_by_it(project: Project) -> None:
    """A merge by delete-insert takes out all rows of the keys in its files."""
    mode = {**MERGE, "strategy": "delete-insert"}
    load(project, BASE, **mode)
    second = load(project, "id,name\n2,eve\n", **mode)
    why = why_of_key(project, "name=bob")
    assert f"taken out by run {second}" in why.verdict and "(delete-insert)" in why.verdict
    assert held(why)["id"] == 2


def test_values_that_were_written_over_name_the_run(project: Project) -> None:
    """The row is there under its key, and held other values before."""
    load(project, BASE, **MERGE)
    second = load(project, "id,name\n2,eve\n", **MERGE)
    why = why_of_key(project, "name=bob")
    assert (why.accounts[0].outcome, held(why)["id"]) == ("updated", 2)
    assert f"written over by run {second}" in why.verdict


def test_a_record_at_hand_is_told_with_the_run_that_took_its_row_out(project: Project) -> None:
    """Not only that its file is out of the table; by its line and by its key."""
    load(project, BASE, **DELETE)
    old = project.write("old.csv", BASE)
    second = load(project, OTHER, **DELETE)
    load(project, "id,name\n1,ada\n3,cy\n", **DELETE)
    by_key = why_of_key(project, "id=2", given=old)
    assert (str(by_key.accounts[0].place), by_key.accounts[0].outcome) == ("in.csv:3", "removed")
    for why in (by_key, why_of_line(project, "old.csv", 3)):
        assert f"taken out by run {second}" in why.verdict and "(absent: delete)" in why.verdict


def test_a_key_that_a_later_run_rejected_is_told_by_that_run_first(project: Project) -> None:
    """The newest word on a key counts, and what was taken out before stands behind it."""
    load(project, BASE, **DELETE)
    load(project, OTHER, **DELETE)
    load(project, "id,name\n1,ada\n2,far too long\n", **DELETE)
    why = why_of_key(project, "id=2")
    assert [each.outcome for each in why.accounts] == ["quarantined", "removed"]


def test_values_of_sensitive_columns_are_starred(project: Project) -> None:
    """Also where they come from kept rows."""
    hidden = {**CONTRACT, "name": {"type": "text", "sensitive": True}}
    load(project, BASE, contract=hidden, **DELETE)
    load(project, OTHER, contract=hidden, **DELETE)
    assert (held(why_of_key(project, "id=2"))["id"], held(why_of_key(project, "id=2"))["name"]) == (2, STARS)


def test_what_an_undone_run_took_out_is_not_told_as_taken_out(project: Project) -> None:
    """The row is there again."""
    load(project, BASE, **DELETE)
    second = load(project, OTHER, **DELETE)
    undo(second, to=project.url, folder=project.folder)
    assert why_of_key(project, "id=2").found


def test_a_version_that_ended_names_its_end_and_the_run_that_closed_it(project: Project) -> None:
    """It is in the table, and not current; a key that is current says nothing of the kind."""
    first = load(project, BASE, **CLOSE)
    old = project.write("old.csv", BASE)
    second = load(project, OTHER, **CLOSE)
    why = why_of_key(project, "id=2")
    assert why.found and f"written by run {first}" in why.verdict
    assert "no version is current, the last one ended at" in why.verdict
    assert f"closed by run {second}" in why.verdict
    assert f"closed by run {second}" in why_of_line(project, str(old), 3).verdict
    assert "current" not in why_of_key(project, "id=1").verdict


@pytest.mark.parametrize("kind", ["decimal(6,2)", "date", "text", "boolean"])
def test_a_key_of_any_type_is_found(project: Project, kind: str) -> None:
    """Kept rows in SQLite have no types, and hold what the table's own column made of the value."""
    texts = {"decimal(6,2)": "2.50", "date": "2026-01-02", "text": "02", "boolean": "true"}
    other = {"decimal(6,2)": "1.50", "date": "2026-01-01", "text": "01", "boolean": "false"}
    contract = {"id": kind, "name": "text"}
    load(project, f"id,name\n{texts[kind]},bob\n{other[kind]},ada\n", contract=contract, **DELETE)
    second = load(project, f"id,name\n{other[kind]},ada\n", contract=contract, **DELETE)
    why = why_of_key(project, f"id={texts[kind]}")
    assert f"taken out by run {second}" in why.verdict and held(why)["name"] == "bob"


def test_rows_that_were_kept_in_another_type_are_left_out(project: Project) -> None:
    """A key of the new type cannot be compared with them, and nothing fails for it."""
    load(project, BASE, **DELETE)
    load(project, OTHER, **DELETE)
    if project.url.startswith("sqlite"):
        project.ask("ALTER TABLE t RENAME COLUMN id TO number")
        project.ask("ALTER TABLE t ADD COLUMN other TEXT")
        assert not why_of_key(project, "other=2").found
    else:
        project.ask("ALTER TABLE t ALTER COLUMN id TYPE numeric")
        assert not why_of_key(project, "id=2").found
