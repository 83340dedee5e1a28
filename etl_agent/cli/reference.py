"""The pages of docs/reference, made from the code."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

import click

from etl_agent.clean.examples import Example
from etl_agent.cli.entry import cli
from etl_agent.cli.failure import PROGRAM
from etl_agent.orchestrate.catalog import Entry, Parameter, catalogue
from etl_agent.orchestrate.json_schema import json_schema

__all__ = ["pages"]

_MADE = "<!-- Made from the code by `make docs`; do not edit. -->\n"


def pages() -> dict[str, str]:
    """Return the text of every page, by file name."""
    entries = catalogue()
    return {
        "steps.md": _page("Cleaning steps", _steps(_of(entries, "step"))),
        "pipeline_file.md": _page("The pipeline file", _sections(entries)),
        "reject_reasons.md": _page("Reject reasons", _table("reason", _of(entries, "reject reason"))),
        "exit_codes.md": _page("Exit codes", _table("code", _of(entries, "exit code"))),
        "command_line.md": _page("The command line", _commands()),
        "pipeline.schema.json": json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n",
    }


def _page(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"# {title}", "", _MADE, *lines]).rstrip() + "\n"


def _of(entries: Iterable[Entry], kind: str) -> list[Entry]:
    return [entry for entry in entries if entry.kind == kind]


def _steps(entries: list[Entry]) -> Iterator[str]:
    for family, members in groupby(entries, key=lambda entry: entry.family):
        yield f"## {str(family).capitalize()}\n"
        for entry in members:
            yield f"### {entry.name}\n"
            yield from _told(entry)
            yield f"Scope `{entry.scope}`, change `{entry.change}`, version {entry.version}.\n"
            yield from _parameters(entry.parameters)
            yield from _examples(entry.examples)


def _sections(entries: tuple[Entry, ...]) -> Iterator[str]:
    yield "Each section with its keys. The cleaning steps under `clean` are in [steps.md](steps.md).\n"
    yield "For completion in an editor, begin the file with a line that names the schema:\n"
    yield "```yaml\n# yaml-language-server: $schema=../docs/reference/pipeline.schema.json\n```\n"
    for entry in _of(entries, "section"):
        yield f"## {entry.name}\n"
        yield from _told(entry)
        yield from _parameters(entry.parameters)
    for title, kind in (
        ("Write dispositions", "write disposition"),
        ("Merge strategies", "merge strategy"),
        ("Drift modes", "drift mode"),
    ):
        yield f"## {title}\n"
        yield from _table("name", _of(entries, kind))


def _told(entry: Entry) -> Iterator[str]:
    yield f"{_literal(entry.summary)}\n"
    if entry.description:
        yield f"{_literal(entry.description)}\n"


def _parameters(parameters: tuple[Parameter, ...]) -> Iterator[str]:
    if not parameters:
        return
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    for each in parameters:
        default = "required" if each.default is None else f"`{each.default}`"
        yield f"| `{each.name}` | {_cell(each.type)} | {_cell(default)} | {_cell(_literal(each.description))} |"
    yield ""


def _examples(examples: tuple[Example, ...]) -> Iterator[str]:
    if not examples:
        return
    yield "| with | before | after |"
    yield "|---|---|---|"
    for each in examples:
        shown = (each.parameters, _columns(each.before), _columns(each.after))
        yield "| " + " | ".join(_cell(f"`{json.dumps(part, ensure_ascii=False)}`") for part in shown) + " |"
    yield ""


def _columns(columns: Mapping[str, list[str | None]]) -> object:
    return columns["x"] if list(columns) == ["x"] else columns


def _table(head: str, entries: list[Entry]) -> Iterator[str]:
    yield f"| {head} | meaning |"
    yield "|---|---|"
    yield from (f"| `{entry.name}` | {_cell(_literal(entry.summary))} |" for entry in entries)
    yield ""


def _commands() -> Iterator[str]:
    context = click.Context(cli, info_name=PROGRAM, max_content_width=100, terminal_width=100)
    yield from _command(cli, context)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    """Show the help of a command, then of those below it."""
    yield f"## {context.command_path}\n"
    yield f"```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from _command(below, click.Context(below, info_name=name, parent=context, terminal_width=100))


def _literal(text: str) -> str:
    return text.replace("``", "`")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
