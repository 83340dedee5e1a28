"""Rows that a load takes out or writes over are kept as they were, exactly, under the run that changed them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.run.project import Project


def _kept(project: Project, run_id: int) -> list[tuple[Any, ...]]:
    """Return the rows that are kept of a run, with what it did to them."""
    ((place,),) = project.ask(f"SELECT kept_in FROM _etl_history WHERE run_id = {run_id}")
    return project.ask(f'SELECT _etl_change, id, name FROM "{place}" WHERE _etl_changed_by = {run_id} ORDER BY 2')


_BASE = "id,name\n1,a\n2,b\n3,c\n"
_CONTRACT = {"id": "integer", "name": "text"}


@pytest.mark.parametrize(
    ("load", "then", "kept"),
    [
        ({"write_disposition": "replace"}, "9,z", [("deleted", n, c) for n, c in ((1, "a"), (2, "b"), (3, "c"))]),
        (
            {"write_disposition": "replace", "primary_key": ["id"]},
            "1,a\n2,x",
            [("updated", 2, "b"), ("deleted", 3, "c")],
        ),
        ({"write_disposition": "merge", "primary_key": ["id"]}, "1,a\n2,x\n4,d", [("updated", 2, "b")]),
        (
            {"write_disposition": "merge", "strategy": "delete-insert", "primary_key": ["id"]},
            "1,a\n4,d",
            [("deleted", 1, "a")],
        ),
        ({"write_disposition": "merge", "strategy": "insert-only", "primary_key": ["id"]}, "1,x\n4,d", None),
        (
            {"write_disposition": "merge", "strategy": "scd2", "primary_key": ["id"]},
            "1,a\n2,x",
            [("closed", 2, "b")],
        ),
        ({"write_disposition": "append"}, "4,d", None),
    ],
    ids=["replace", "replace by key", "upsert", "delete-insert", "insert-only", "scd2", "append"],
)
def test_what_a_load_changes_is_kept_as_it_was(
    project: Project, load: dict[str, Any], then: str, kept: list[tuple[Any, ...]] | None
) -> None:
    """Each write mode keeps the rows that it writes over or takes out, and no other."""
    project.write("in.csv", _BASE)
    project.run(**load, contract=_CONTRACT)
    project.write("then.csv", f"id,name\n{then}\n")
    result = project.run("then.csv", **load, contract=_CONTRACT)
    if kept is None:
        asked = "SELECT rows_updated, rows_deleted FROM _etl_history WHERE run_id ="
        assert project.ask(f"{asked} {result.run_id}") == [(0, 0)]
        return
    assert _kept(project, result.run_id) == kept
    counts = [sum((change == "deleted") == gone for change, *_ in kept) for gone in (False, True)]
    ((updated, deleted),) = project.ask(
        f"SELECT rows_updated, rows_deleted FROM _etl_history WHERE run_id = {result.run_id}"
    )
    assert [updated, deleted] == counts


@pytest.mark.parametrize("load", [{"history": "none"}, {"lineage": "none"}], ids=["history", "lineage"])
def test_nothing_is_kept_where_it_is_not_wanted_or_cannot_serve(project: Project, load: dict[str, Any]) -> None:
    """Without lineage no undo can tell the rows of a run, so that kept rows would be of no use."""
    load = {"write_disposition": "replace", **load}
    project.write("in.csv", _BASE)
    project.run(**load, contract=_CONTRACT)
    project.write("then.csv", "id,name\n9,z\n")
    result = project.run("then.csv", **load, contract=_CONTRACT)
    asked = "SELECT kept_in, rows_deleted FROM _etl_history WHERE run_id ="
    assert project.ask(f"{asked} {result.run_id}") == [(None, 3)]
