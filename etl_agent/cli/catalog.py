"""``etl-agent catalog``: what pipeline and strategy files may say, from the code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

import click

from etl_agent.cli.context import command, json_option, print_json, project_of
from etl_agent.cli.failure import safe, safe_lines
from etl_agent.errors import ConfigurationError, UsageError, did_you_mean

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from etl_agent.decide.strategy import Strategy
    from etl_agent.orchestrate.catalog import Entry

__all__ = ["catalog"]

_PLURALS = {
    "family of dirt": "families of dirt",
    "merge strategy": "merge strategies",
    "policy": "policies",
    "strategy": "strategies",
    "wish": "wishes",
}


@command()
@click.argument("name", required=False)
@json_option
def catalog(name: str | None, *, as_json: bool) -> None:
    """List all that pipeline and strategy files may say, and all that a run may answer.

    Cleaning steps, sections with their keys, strategies (also your own in pipelines/strategies/), families of dirt,
    conditions, measures, semantic kinds, policies, reject reasons, what a goal may wish for, what is found about
    plans, exit codes. With a NAME tell all of it; the name of a kind lists its members.
    """
    from etl_agent.orchestrate.catalog import catalogue

    entries = catalogue(_strategies())
    listed = name is None or any(entry.kind == name for entry in entries)
    if name is not None:
        entries = _named(name, entries)
    if as_json:
        print_json([asdict(entry) for entry in entries])
        return
    from rich.console import Console

    console = Console(soft_wrap=False, highlight=False)
    if listed:
        _list(console, entries)
        return
    for entry in entries:
        _tell(console, entry)


def _strategies() -> Mapping[str, Strategy] | None:
    """Read the project's strategies; one with a mistake is no reason to withhold the words it should be written in."""
    from etl_agent.orchestrate.strategies import strategies_in

    try:
        return strategies_in(project_of())
    except ConfigurationError as error:
        click.echo(safe(f"{error}; only the shipped strategies are listed"), err=True)
        return None


def _named(name: str, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Find what has a name, or is of a kind, or of a family of steps; the last part of a section's path will do."""
    found = tuple(
        entry for entry in entries if name in (entry.name, entry.name.rpartition(".")[2], entry.kind, entry.family)
    )
    if not found:
        names = dict.fromkeys(entry.name for entry in entries)
        hint = did_you_mean(name, names)
        raise UsageError(f"the catalogue has nothing named {name!r}{hint}", next_command="etl-agent catalog")
    return found


def _list(console: Console, entries: tuple[Entry, ...]) -> None:
    from rich.table import Table

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
            table.add_row(*(_plain(str(cell)) for cell in (entry.name, *middle, entry.summary)))
        console.print(table)
        console.print()


def _plain(text: str) -> Text:
    from rich.text import Text

    return Text(safe_lines(text.replace("``", "`")))


def _tell(console: Console, entry: Entry) -> None:
    from rich.padding import Padding
    from rich.text import Text

    console.print(Text(f"{entry.name} ({entry.kind})", style="bold"))
    console.print(_plain(entry.summary))
    if entry.description:
        console.print(_plain(f"\n{entry.description}"))
    if entry.kind == "step":
        facts = f"family {entry.family}, scope {entry.scope}, change {entry.change}, version {entry.version}"
        console.print(Text(f"\n{facts}"))
    for parameter in entry.parameters:
        default = "required" if parameter.default is None else f"default {parameter.default}"
        console.print(Text(f"\n  {parameter.name}: {parameter.type} ({default})"))
        console.print(Padding(_plain(parameter.description), (0, 0, 0, 4)))
    for example in entry.examples:
        console.print()
        if example.parameters or entry.kind == "step":
            console.print(Text(f"  with   {json.dumps(example.parameters, ensure_ascii=False)}"))
        console.print(Text(f"  before {json.dumps(example.before, ensure_ascii=False)}"))
        console.print(Text(f"  after  {json.dumps(example.after, ensure_ascii=False)}"))
    console.print()
