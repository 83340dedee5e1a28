"""What a person reads of a run: one line, and the balance sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from etl_agent.cli.failure import safe
from etl_agent.errors import counted

if TYPE_CHECKING:
    from rich.table import Table

    from etl_agent.run.result import RunResult

__all__ = ["balance_sheet", "next_command", "print_table", "summary_line", "summary_table"]

_MOST_REASONS = 10
_WIDEST = 10_000  # characters


def summary_line(result: RunResult) -> str:
    """Say in one line what became of the rows.

    For example ``orders: loaded 118 of 120 rows (118 inserted), 2 quarantined, in 0.4 s``.
    """
    balance = result.balance
    if result.status == "nothing new":
        return f"{result.pipeline}: nothing new, {result.message or 'already loaded'}"
    if result.status == "skipped":
        return f"{result.pipeline}: skipped, since {result.message}"
    if result.status == "refused":
        alone = ", ".join(decision.node for decision in result.fell_back)
        said = f", after {alone} was decided without a model" if alone else ""
        why = (result.message or "").removeprefix(f"{result.pipeline}: ")  # it names its place, which stands there
        return f"{result.pipeline}: refused, nothing was loaded{said}: {why}"
    verb = "would load" if result.status == "dry run" else "loaded"
    places = (("inserted", balance.inserted), ("updated", balance.updated), ("unchanged", balance.unchanged))
    loaded = ", ".join(f"{count:,} {name}" for name, count in places if count)
    others = (
        ("quarantined", balance.quarantined),
        ("deduplicated", balance.rows_deduplicated),
        ("filtered", balance.rows_filtered),
        ("removed", balance.removed),
    )
    rest = "".join(f", {count:,} {name}" for name, count in others if count)
    shown = f" ({loaded})" if loaded and result.status == "loaded" else ""
    return (
        f"{result.pipeline}: {verb} {balance.loaded:,} of {counted(balance.read)}{shown}{rest}, "
        f"in {result.seconds:.1f} s" + "".join(f"; {said}" for said in (result.message, result.warning) if said)
    )


def next_command(result: RunResult) -> str | None:
    """Return what a person would type next, if anything."""
    if result.status in ("loaded", "refused") and (result.balance.quarantined or result.reasons):
        return f"etl-agent quarantine list --run {result.run_id}"
    return None


def summary_table(results: Sequence[RunResult]) -> Table:
    """Show several runs, a row each."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("pipeline")
    for name in ("read", "inserted", "updated", "unchanged", "quarantined", "deduplicated", "filtered"):
        table.add_column(name, justify="right")
    table.add_column("status")
    for result in results:
        balance = result.balance
        counts = (
            balance.read,
            balance.inserted,
            balance.updated,
            balance.unchanged,
            balance.quarantined,
            balance.rows_deduplicated,
            balance.rows_filtered,
        )
        table.add_row(result.pipeline, *(f"{count:,}" for count in counts), result.status)
    return table


def balance_sheet(result: RunResult) -> Table:
    """Show where every row of a run is, with the reasons of those in quarantine."""
    from rich.markup import escape
    from rich.table import Table

    balance = result.balance
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column("place")
    table.add_column("rows", justify="right")

    def line(place: str, rows: int, *, indent: int = 0) -> None:
        table.add_row("  " * indent + escape(safe(place)), f"{rows:,}")

    line("read", balance.read)
    line("loaded", balance.loaded, indent=1)
    for place, rows in (
        ("inserted", balance.inserted),
        ("updated", balance.updated),
        ("unchanged", balance.unchanged),
    ):
        if rows:
            line(place, rows, indent=2)
    line("quarantined", balance.quarantined, indent=1)
    reasons = sorted(result.reasons.items(), key=lambda item: (-item[1], str(item[0])))
    for reason, rows in reasons[:_MOST_REASONS]:
        line(str(reason), rows, indent=2)
    if len(reasons) > _MOST_REASONS:
        line(f"and {len(reasons) - _MOST_REASONS} more reasons", sum(r for _, r in reasons[_MOST_REASONS:]), indent=2)
    for title, parts in (("deduplicated", balance.deduplicated), ("filtered", balance.filtered)):
        line(title, sum(parts.values()), indent=1)
        for name, rows in parts.items():
            line(name, rows, indent=2)
    if balance.removed:
        line("removed from the table", balance.removed)
    line("changed cells", result.changed_cells)
    for (step, column), cells in result.changes.items():
        line(f"{step}: {column}", cells, indent=1)
    return table


def print_table(table: Table) -> None:
    """Print a table as wide as its content, so that it reads the same in a terminal, a file and a log."""
    from rich.console import Console

    wide = Console(width=_WIDEST, emoji=False).measure(table).maximum
    Console(soft_wrap=True, highlight=False, emoji=False, width=wide).print(table)  # :name: in a cell is no picture
