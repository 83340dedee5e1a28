"""What a target holds of a table, for the tests of undo: its rows without the runs' own numbers, files and entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from etl_agent.load.statements import LINEAGE
from etl_agent.run.undo import Undone, undo
from tests.run.project import Project, quoted

__all__ = ["Held", "held", "take_back"]


@dataclass(frozen=True)
class Held:
    """What an undo must bring back.

    Args:
        columns: the table's columns; none where there is no table.
        rows: its rows, with the runs that wrote them.
        files: the content that is in it, with the runs that loaded it.
        entries: what is open in quarantine, and what is in another state without being settled by a run.
        statuses: the runs in effect.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    files: tuple[tuple[Any, ...], ...]
    entries: tuple[tuple[Any, ...], ...]
    runs: tuple[int, ...]


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
