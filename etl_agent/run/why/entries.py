"""Entries of the quarantine that hold a key, by the texts of their raw records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from etl_agent.extract.spec import fold
from etl_agent.run.correction import split
from etl_agent.run.quarantine import Entry, Filters, find_entries, layouts_of
from etl_agent.run.why.account import Account

if TYPE_CHECKING:
    from etl_agent.run.history import PastRun
    from etl_agent.run.result import FileLayout
    from etl_agent.run.why.archive import Archive

__all__ = ["rejected", "replayed"]

_MOST = 900
"""Entries that are looked at, the newest: as many as one statement of every SQLite may name."""


def rejected(archive: Archive, table: str, texts: Mapping[str, str]) -> list[Entry]:
    """Find the entries of a table whose records hold the texts: in the key's columns, where their cells can be told."""
    import sqlalchemy as sa

    entries = archive.tables.quarantine.c
    holding = [entries.raw.contains(text, autoescape=True) for text in texts.values()]
    query = sa.select(entries.id).where(entries.table_name == table, *holding).order_by(entries.id.desc()).limit(_MOST)
    ids = tuple(int(number) for (number,) in archive.connection.execute(query))
    if not ids:
        return []
    filters = Filters(ids=ids)
    layouts = layouts_of(archive.connection, archive.tables, filters)
    found = find_entries(archive.connection, archive.tables, filters)
    return [entry for entry in found if _holds(entry, layouts.get((entry.run_id, entry.file)), texts)]


def _holds(entry: Entry, layout: FileLayout | None, texts: Mapping[str, str]) -> bool:
    cells = split(entry.raw, layout)
    if layout is None or cells is None:  # malformed: its cells are only what stands between delimiters
        parts = (entry.raw or "").split((layout.delimiter if layout else None) or ",")
        found = {part.strip().strip("\"'").strip() for part in parts}
        return all(text.strip() in found for text in texts.values())
    named = {fold(name): cell for name, cell in zip(layout.header, cells, strict=True)}
    everywhere = {cell.strip() for cell in cells if cell is not None}
    return all(
        (named[fold(name)] or "").strip() == text.strip() if fold(name) in named else text.strip() in everywhere
        for name, text in texts.items()
    )


def replayed(archive: Archive, run: PastRun, texts: Mapping[str, str]) -> tuple[list[Account], list[str]]:
    """Find the entries that a run replayed whose records hold the key, or the only one that there is."""
    import sqlalchemy as sa

    entries = archive.tables.quarantine.c
    own = run.result.run_id
    mine = (entries.replayed_by == own, entries.status == "replayed")
    query = sa.select(entries.id).where(*mine).limit(_MOST)
    ids = tuple(int(number) for (number,) in archive.connection.execute(query))
    filters = Filters(ids=ids)
    layouts = layouts_of(archive.connection, archive.tables, filters) if ids else {}
    found = list(find_entries(archive.connection, archive.tables, filters)) if ids else []
    named = [entry for entry in found if _holds(entry, layouts.get((entry.run_id, entry.file)), texts)]
    note = f"run {own} replayed rows of the quarantine; how they were corrected is not kept"
    gone = run.result.balance.read - len(found) if len(found) < _MOST else 0
    if gone > 0:
        note += f", and {gone:,} of the {run.result.balance.read:,} entries were pruned"
    if named or (len(found) == 1 and gone <= 0):  # what is left of several need not be the one
        return list(archive.of_entries(named or found)), [note]
    unknown = Account(outcome="replayed", said=f"written by run {own}", run=run)
    return [unknown], [f"{note}, and none of the {len(found)} rows held this key before"]
