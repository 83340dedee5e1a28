"""What a person sees of rejected rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from etl_agent.cli.failure import safe

if TYPE_CHECKING:
    from rich.table import Table

    from etl_agent.cli.target_of import Place
    from etl_agent.rejects import Reason
    from etl_agent.run.quarantine import Entry

__all__ = ["counted", "show_entries"]

_LONGEST = 80  # characters of a raw line that are shown


def counted(rows: int) -> str:
    """Say how many rows."""
    return "1 row" if rows == 1 else f"{rows:,} rows"


def show_entries(
    total: int, reasons: Mapping[Reason, int], entries: Sequence[Entry], *, status: str, place: Place
) -> None:
    """Show rejected rows: first their reasons with how many rows have each, then the rows.

    Args:
        total: all that were asked for.
        reasons: rows by reason.
        entries: the first of the rows.
        status: what was asked for.
        place: the database, for the next command.
    """
    from etl_agent.cli.report import print_table

    click.echo(f"{counted(total)} in quarantine" + ("" if status == "all" else f", {status}"))
    click.echo()
    print_table(_reasons(reasons))
    click.echo()
    print_table(_entries(entries))
    if len(entries) < total:
        click.echo(f"and {total - len(entries):,} more; next: the same command with --limit {total}")
    elif status == "open":
        click.echo(f"next: etl-agent quarantine export -o rejected.csv{place.options}")


def _reasons(reasons: Mapping[Reason, int]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    from etl_agent.orchestrate.meanings import REASONS

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("rows", justify="right")
    table.add_column("reason")
    table.add_column("meaning")
    for reason, rows in reasons.items():
        table.add_row(f"{rows:,}", escape(safe(str(reason))), escape(REASONS.get(reason.code, "")))
    return table


def _entries(entries: Sequence[Entry]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("id", justify="right")
    mixed = any(entry.status != "open" for entry in entries)
    for name in (*(("status",) if mixed else ()), "file:line", "stage", "step", "reasons", "raw"):
        table.add_column(name)
    for entry in entries:
        where = entry.file if entry.line is None else f"{entry.file}:{entry.line}"
        reasons = "; ".join(map(str, entry.reasons))
        raw = safe(entry.raw or "")
        shown = raw if len(raw) <= _LONGEST else raw[: _LONGEST - 1] + "…"
        texts = (safe(where), safe(entry.stage), safe(entry.step or ""), safe(reasons), shown)
        fate = (safe(_fate(entry)),) if mixed else ()
        table.add_row(str(entry.id), *map(escape, (*fate, *texts)))
    return table


def _fate(entry: Entry) -> str:
    return entry.status if entry.replayed_by is None else f"{entry.status} by run {entry.replayed_by}"
