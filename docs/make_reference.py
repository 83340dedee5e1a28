#!/usr/bin/env python3
"""Write docs/reference from the code: python docs/make_reference.py [--check].

With --check nothing is written; the exit code is 1 if a page is not what the code says.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from etl_agent.cli.entry import cli
from etl_agent.orchestrate.catalog import Entry, Parameter, catalogue

__all__ = ["main", "pages"]

FOLDER = Path(__file__).parent / "reference"
WRITTEN = "<!-- Written by docs/make_reference.py from the code: do not edit. -->"
OUTCOMES = {
    "write disposition": "Write dispositions",
    "merge strategy": "Merge strategies",
    "drift mode": "Drift modes",
    "reject reason": "Reject reasons",
    "exit code": "Exit codes",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, compare only")
    check = parser.parse_args(arguments).check
    wanted = pages()
    present = {path.name: path.read_text() for path in FOLDER.glob("*.md")}
    stale = sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))
    if check:
        for name in stale:
            print(f"docs/reference/{name} is not what the code says; next: make docs", file=sys.stderr)
        return int(bool(stale))
    FOLDER.mkdir(exist_ok=True)
    for name in stale:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name])
        else:
            (FOLDER / name).unlink()
    return 0


def pages() -> dict[str, str]:
    """Return the text of every page, by its file name."""
    entries = catalogue()
    return {
        "README.md": _page("Reference", _index()),
        "steps.md": _page("Cleaning steps", _steps([entry for entry in entries if entry.kind == "step"])),
        "pipeline_file.md": _page("The pipeline file", _sections([e for e in entries if e.kind == "section"])),
        "outcomes.md": _page("Modes, reasons and exit codes", _outcomes(entries)),
        "commands.md": _page("Commands", _commands()),
    }


def _page(title: str, lines: Iterable[str]) -> str:
    return "\n".join([WRITTEN, "", f"# {title}", "", *lines]).rstrip() + "\n"


def _index() -> Iterable[str]:
    yield "Written from the code, so that it cannot disagree with it. `etl-agent catalog` prints the same."
    yield ""
    yield "* [The pipeline file](pipeline_file.md): every key of every section"
    yield "* [Cleaning steps](steps.md): what each does, its parameters, before and after"
    yield "* [Modes, reasons and exit codes](outcomes.md): what a run may do and answer"
    yield "* [Commands](commands.md): the command line"


def _steps(entries: Sequence[Entry]) -> Iterable[str]:
    families = [(family, list(group)) for family, group in groupby(entries, key=lambda entry: entry.family)]
    for family, group in families:
        links = " · ".join(f"[`{entry.name}`](#{entry.name})" for entry in group)
        yield f"* {family}: {links}"
    yield ""
    yield 'Cells are JSON: `null` is no value, `""` is the empty text. Rows that a step takes out are not in *after*.'
    yield ""
    for family, group in families:
        yield f"## {str(family).capitalize()}"
        yield ""
        for entry in group:
            yield from _step(entry)


def _step(entry: Entry) -> Iterable[str]:
    yield f"### {entry.name}"
    yield ""
    yield _prose(entry.summary)
    yield ""
    if entry.description:
        yield _prose(entry.description)
        yield ""
    yield f"Scope `{entry.scope}`, change `{entry.change}`, version {entry.version}."
    yield ""
    yield from _parameters(entry.parameters)
    if entry.examples:
        yield "| with | before | after |"
        yield "|---|---|---|"
        for example in entry.examples:
            cells = (example.parameters, example.before, example.after)
            yield f"| {' | '.join(_code(_json(cell)) for cell in cells)} |"
        yield ""


def _sections(entries: Sequence[Entry]) -> Iterable[str]:
    yield "A file has one pipeline. Keys that are not listed here are mistakes, and so is a key that stands twice."
    yield ""
    for entry in entries:
        yield f"## {_code(entry.name)}"
        yield ""
        yield _prose(entry.summary)
        yield ""
        if entry.description:
            yield _prose(entry.description)
            yield ""
        yield from _parameters(entry.parameters)


def _outcomes(entries: Sequence[Entry]) -> Iterable[str]:
    for kind, title in OUTCOMES.items():
        yield f"## {title}"
        yield ""
        yield "| | |"
        yield "|---|---|"
        for entry in entries:
            if entry.kind == kind:
                yield f"| `{entry.name}` | {_cell(entry.summary)} |"
        yield ""


def _commands() -> Iterable[str]:
    context = click.Context(cli, info_name="etl-agent", max_content_width=100, terminal_width=100)
    yield "```text"
    yield cli.get_help(context)
    yield "```"
    yield ""
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        yield from _command(command, click.Context(cli, info_name="etl-agent"), name=name)


def _command(command: click.Command | None, parent: click.Context, *, name: str) -> Iterable[str]:
    if command is None:
        return
    context = click.Context(command, parent=parent, info_name=name, max_content_width=100, terminal_width=100)
    yield f"## {context.command_path}"
    yield ""
    yield "```text"
    yield command.get_help(context)
    yield "```"
    yield ""
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            yield from _command(command.get_command(context, below), context, name=below)


def _parameters(parameters: Sequence[Parameter]) -> Iterable[str]:
    if not parameters:
        return
    yield "| key | value | default | |"
    yield "|---|---|---|---|"
    for parameter in parameters:
        default = "**required**" if parameter.default is None else _code(parameter.default)
        yield f"| `{parameter.name}` | {_cell(parameter.type)} | {default} | {_cell(parameter.description)} |"
    yield ""


def _json(value: Any) -> str:
    """Write JSON whose invisible characters can be seen."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)


def _prose(text: str) -> str:
    """Turn the docstrings' double backticks into Markdown's single ones."""
    return re.sub(r"``(.+?)``", lambda match: _code(match[1]), text)


def _cell(text: str) -> str:
    """Write prose for a table's cell; a stroke within code is kept by its own escape."""
    parts = re.split(r"(``.+?``)", " ".join(text.split()))
    return "".join(_code(part[2:-2]) if part.startswith("``") else part.replace("|", "\\|") for part in parts)


def _code(text: str) -> str:
    """Write text as code that may stand in a table."""
    text = text.replace("|", "\\|")
    fence = "``" if "`" in text else "`"
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


if __name__ == "__main__":
    sys.exit(main())
