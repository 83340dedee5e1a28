"""Undo: a run is taken back, its table, quarantine and files as they were before it; all of it or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.run.project import Project
from tests.run.undoing import held, take_back

_CONTRACT = {"id": "integer", "name": {"type": "text", "nullable": True}}
_MERGE = {"write_disposition": "merge", "primary_key": ["id"]}
_MODES: dict[str, dict[str, Any]] = {
    "append": {"write_disposition": "append"},
    "append by key": {"write_disposition": "append", "primary_key": ["id"]},
    "replace": {"write_disposition": "replace"},
    "replace by key": {"write_disposition": "replace", "primary_key": ["id"]},
    "upsert": _MERGE,
    "delete-insert": {**_MERGE, "strategy": "delete-insert"},
    "insert-only": {**_MERGE, "strategy": "insert-only"},
    "scd2": {**_MERGE, "strategy": "scd2"},
}
_LENIENT = {"validate": {"max_reject_share": 0.99}}


@pytest.mark.parametrize("mode", _MODES)
def test_runs_are_undone_one_by_one_down_to_the_empty_target(project: Project, mode: str) -> None:
    """After each undo, newest first, table, files and quarantine are as they were before that run."""
    days = ("1,a\n2,b\n3,\nx,y\n", "2,b\n3,c\n4,d\n", '4,""\n5,e\nz,z\n')
    before, ran = [], []
    for number, rows in enumerate(days):
        before.append(held(project))
        project.write(f"{number}.csv", f"id,name\n{rows}")
        ran.append(project.run(f"{number}.csv", contract=_CONTRACT, **_LENIENT, **_MODES[mode]).run_id)
    for run_id, was in reversed(list(zip(ran, before, strict=True))):
        take_back(project, run_id)
        assert held(project) == was
