"""``etl-agent catalog``: what pipeline files may say, from the code."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

import click

from etl_agent.cli.context import command, json_option, print_json
from etl_agent.errors import UsageError, near

if TYPE_CHECKING:
    from rich.console import Console

    from etl_agent.orchestrate.catalog import Entry

__all__ = ["catalog"]

_PLURALS = {"merge strategy": "merge strategies"}


@command()
@click.argument("name", required=False)
@json_option
def catalog(name: str | None, *, as_json: bool) -> None:
    """List steps, contract keys, reject reasons and exit codes.

    With a NAME (of a step, a section such as load, a write disposition, a reason, an exit code) tell all of it.
    """
    from etl_agent.orchestrate.catalog import catalogue

    entries = catalogue()
    if name is not None:
        entries = _named(name, entries)
    if as_json:
        print_json([asdict(entry) for entry in entries])
        return
    from rich.console import Console

    console = Console(soft_wrap=False, highlight=False)
    if name is None:
        _list(console, entries)
    for entry in entries if name is not None else ():
        _tell(console, entry)


def _named(name: str, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Find what has a name, or a kind, or a family of steps."""
    found = tuple(entry for entry in entries if name in (entry.name, entry.kind, entry.family))
    if not found:
        names = dict.fromkeys(entry.name for entry in entries)
        close = near(name, names)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise UsageError(f"the catalogue has nothing named {name!r}{hint}", next_command="etl-agent catalog")
    return found


def _list(console: Console, entries: tuple[Entry, ...]) -> None:
    from rich.table import Table
    from rich.text import Text

    for kind, group in groupby(entries, key=lambda entry: entry.kind):
        table = Table(
            title=_PLURALS.get(kind, f"{kind}s"), title_justify="left", box=None, pad_edge=False, title_style="bold"
        )
        table.add_column("name", no_wrap=True)
        if kind == "step":
            table.add_column("family", no_wrap=True)
            table.add_column("scope", no_wrap=True)
        table.add_column("what it is")
        for entry in group:
            middle = (entry.family, entry.scope) if kind == "step" else ()
            table.add_row(*(Text(str(cell)) for cell in (entry.name, *middle, entry.summary)))
        console.print(table)
        console.print()


def _tell(console: Console, entry: Entry) -> None:
    from rich.text import Text

    console.print(Text(f"{entry.name} ({entry.kind})", style="bold"))
    console.print(Text(entry.summary))
    if entry.description:
        console.print(Text(f"\n{entry.description}"))
    if entry.kind == "step":
        facts = f"family {entry.family}, scope {entry.scope}, change {entry.change}, version {entry.version}"
        console.print(Text(f"\n{facts}"))
    for parameter in entry.parameters:
        default = "required" if parameter.default is None else f"default {parameter.default}"
        console.print(Text(f"\n  {parameter.name}: {parameter.type} ({default})"))
        console.print(Text(f"    {parameter.description}"))
    for example in entry.examples:
        console.print(Text(f"\n  with   {json.dumps(example.parameters, ensure_ascii=False)}"))
        console.print(Text(f"  before {json.dumps(example.before, ensure_ascii=False)}"))
        console.print(Text(f"  after  {json.dumps(example.after, ensure_ascii=False)}"))
    console.print()
