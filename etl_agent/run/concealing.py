"""Sensitive values in what is shown of a run: stars stand for them; what is kept and exported stays exact."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from etl_agent.extract.spec import fold
from etl_agent.run.changes import ChangeRow
from etl_agent.run.correction import written_cells
from etl_agent.run.history import layout_of
from etl_agent.run.quarantine import Entry, in_parts
from etl_agent.run.result import FileLayout

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.load.ledger_tables import LedgerTables

__all__ = ["STARS", "concealed_changes", "concealed_entries", "concealed_record"]

STARS = "***"
"""Stands for what is not shown."""


def concealed_entries(connection: Connection, tables: LedgerTables, entries: Sequence[Entry]) -> list[Entry]:
    """Hide the cells of sensitive columns in raw records; a record whose cells cannot be told apart is hidden whole.

    Args:
        connection: to read with.
        tables: the ledger, whose runs say which columns are sensitive.
        entries: the entries to show.
    """
    outcomes = _outcomes(connection, tables, {entry.run_id for entry in entries})
    return [_concealed(entry, outcomes.get(entry.run_id, {})) for entry in entries]


def concealed_changes(rows: Iterable[ChangeRow], *, sensitive: Collection[str]) -> list[ChangeRow]:
    """Hide the values of sensitive columns in changes; patterns tell no value and stay."""
    return [_concealed_change(row) if row.column in sensitive else row for row in rows]


def _concealed_change(row: ChangeRow) -> ChangeRow:
    if row.kind == "pattern":
        return replace(row, example_before=_starred(row.example_before), example_after=_starred(row.example_after))
    return replace(row, before=_starred(row.before), after=_starred(row.after))


def _starred(value: str | None) -> str | None:
    return STARS if value else value


def _outcomes(connection: Connection, tables: LedgerTables, run_ids: Iterable[int]) -> dict[int, Mapping[str, Any]]:
    import sqlalchemy as sa

    runs = tables.runs.c
    found: dict[int, Mapping[str, Any]] = {}
    for part in in_parts(run_ids):
        query = sa.select(runs.run_id, runs.outcome).where(runs.run_id.in_(part))
        found |= {int(run_id): json.loads(outcome or "{}") for run_id, outcome in connection.execute(query)}
    return found


def _concealed(entry: Entry, outcome: Mapping[str, Any]) -> Entry:
    sensitive = {fold(name) for name in outcome.get("sensitive", ())}
    if not sensitive or entry.raw is None:
        return entry
    layouts = (layout_of(file) for file in outcome.get("files", ()) if file["file"] == entry.file)
    return replace(entry, raw=concealed_record(entry.raw, next(layouts, None), sensitive))


def concealed_record(raw: str, layout: FileLayout | None, sensitive: Collection[str]) -> str:
    """Hide the cells of sensitive columns in a raw record; all of it where its cells cannot be told apart.

    Args:
        raw: the record as text.
        layout: how its file is written, if that is known.
        sensitive: the columns, their names folded.
    """
    if layout is None:
        return STARS
    hidden = [fold(name) in sensitive for name in layout.header]
    if not any(hidden):
        return raw
    cells = written_cells(raw, layout)
    if cells is None:
        return STARS
    texts = [cell.decode("utf-8", "surrogatepass") for cell in cells]
    return (layout.delimiter or "").join(
        STARS if hide and text else text for text, hide in zip(texts, hidden, strict=True)
    )
