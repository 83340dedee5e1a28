"""What a target holds of a table, for the tests of undo: its rows without the runs' own numbers, files and entries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from etl_agent.load.statements import LINEAGE, VALID_FROM, VALID_TO
from etl_agent.run.result import RunResult
from etl_agent.run.undo import Undone, undo
from tests.run.project import Project, quoted

__all__ = ["CONTRACT", "LENIENT", "MERGE", "MODES", "REPLACE", "Held", "held", "load", "take_back", "without_runs"]

CONTRACT = {"id": "integer", "name": {"type": "text", "nullable": True}}
"""The columns of the tables."""

LENIENT = {"validate": {"max_reject_share": 0.99}}
"""Rows may be rejected."""

MERGE: dict[str, Any] = {"write_disposition": "merge", "primary_key": ["id"]}
REPLACE: dict[str, Any] = {"write_disposition": "replace"}

MODES: dict[str, dict[str, Any]] = {
    "append": {"write_disposition": "append"},
    "append by key": {"write_disposition": "append", "primary_key": ["id"]},
    "replace": REPLACE,
    "replace by key": {"write_disposition": "replace", "primary_key": ["id"]},
    "upsert": MERGE,
    "delete-insert": {**MERGE, "strategy": "delete-insert"},
    "insert-only": {**MERGE, "strategy": "insert-only"},
    "scd2": {**MERGE, "strategy": "scd2"},
    "upsert, absent deleted": {**MERGE, "absent": "delete"},
    "scd2, absent closed": {**MERGE, "strategy": "scd2", "absent": "close"},
}
"""Every way to write rows."""


@dataclass(frozen=True)
class Held:
    """What an undo must bring back.

    Args:
        columns: the table's columns; none where there is no table.
        rows: its rows, with the runs that wrote them.
        files: the content that is in it, with the runs that loaded it.
        entries: the quarantine of the runs in effect and of refused ones.
        runs: the runs in effect.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    files: tuple[tuple[Any, ...], ...]
    entries: tuple[tuple[Any, ...], ...]
    runs: tuple[int, ...]

    def of(self, earlier: Held) -> Held:
        """Leave out what was refused since an earlier look."""
        known = [entry for entry in self.entries if entry[1] != "refused" or entry in earlier.entries]
        return replace(self, entries=tuple(known))


def held(project: Project, *, table: str = "t") -> Held:
    """Look at a target from outside."""
    columns = _columns(project, table)
    rows = project.rows(", ".join(map(quoted, columns)), table=table) if columns else []
    if not _there(project, "_etl_runs"):
        return Held(columns, tuple(rows), (), (), ())
    files = project.ask(
        f"SELECT run_id, sha256, position FROM _etl_files WHERE active AND table_name = '{table}' ORDER BY 1, 3"
    )
    entries = project.ask(
        "SELECT id, status, replayed_by FROM _etl_quarantine AS e WHERE table_name = "
        f"'{table}' AND run_id IN (SELECT run_id FROM _etl_runs WHERE status IN ('loaded', 'refused')) ORDER BY 1"
    )
    runs = project.ask("SELECT run_id FROM _etl_runs WHERE status = 'loaded' ORDER BY 1")
    return Held(columns, tuple(rows), tuple(files), tuple(entries), tuple(row[0] for row in runs))


def load(project: Project, name: str, rows: str, *, reload: bool = False, **section: Any) -> RunResult:
    """Write a file of ids and names, and run it."""
    project.write(name, f"id,name\n{rows}")
    return project.run(name, contract=CONTRACT, reload=reload, **LENIENT, **section)


def without_runs(project: Project, *, table: str = "t") -> list[list[Any]]:
    """Look at what a table, its files and its open entries are, whichever runs made them and when."""
    there = [name for name in _columns(project, table) if name not in (LINEAGE, VALID_FROM, VALID_TO)]
    current = [f"{VALID_TO} IS NULL"] if VALID_TO in _columns(project, table) else []
    rows = project.rows(", ".join([*map(quoted, there), *current]), table=table) if there else []
    files = project.ask(f"SELECT sha256 FROM _etl_files WHERE active AND table_name = '{table}' ORDER BY 1")
    entries = project.ask(
        f"SELECT file, line, raw, reasons FROM _etl_quarantine WHERE status = 'open' AND table_name = '{table}' "
        "ORDER BY 1, 2, 3"
    )
    return [sorted(map(repr, rows)), files, entries]


def take_back(project: Project, run_id: int, **options: Any) -> Undone:
    """Undo a run."""
    return undo(run_id, to=project.url, folder=project.folder, **options)


def _columns(project: Project, table: str) -> tuple[str, ...]:
    if project.url.startswith("sqlite"):
        found = project.ask(f"SELECT name FROM pragma_table_info('{table}')")
    else:
        found = project.ask(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() "
            f"AND table_name = '{table}' ORDER BY ordinal_position"
        )
    names = tuple(row[0] for row in found)
    return tuple(sorted(names, key=lambda name: name == LINEAGE))


def _there(project: Project, table: str) -> bool:
    return bool(_columns(project, table))
