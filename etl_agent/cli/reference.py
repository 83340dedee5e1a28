"""The pages of docs/reference, made from the code."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

import click

from etl_agent.clean.examples import Example
from etl_agent.cli.entry import cli
from etl_agent.cli.failure import PROGRAM
from etl_agent.orchestrate.catalog import BOUNDS, Entry, catalogue
from etl_agent.orchestrate.described import Parameter
from etl_agent.orchestrate.json_schema import json_schema

__all__ = ["pages"]

_MADE = "<!-- Made from the code by `make docs`; do not edit. -->\n"
_STRATEGY_FILE = "strategy file"


def pages() -> dict[str, str]:
    """Return the text of every page, by file name."""
    entries = catalogue()
    return {
        "steps.md": _page("Cleaning steps", _steps(_of(entries, "step"))),
        "pipeline_file.md": _page("The pipeline file", _sections(entries)),
        "conditions.md": _page("Conditions", _conditions(entries)),
        "strategies.md": _page("Cleaning strategies", _strategies(entries)),
        "reject_reasons.md": _page("Reject reasons", _table("reason", _of(entries, "reject reason"))),
        "goals.md": _page("Goals", _goals(entries)),
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
    yield (
        "Each section with its keys. What stands under `clean` are steps ([steps.md](steps.md)), routes, which choose "
        "a strategy ([strategies.md](strategies.md)), and branches, which ask a condition "
        "([conditions.md](conditions.md)); they are told apart by the keys `step`, `route` and `when`.\n"
    )
    yield "For completion in an editor, begin the file with a line that names the schema:\n"
    yield "```yaml\n# yaml-language-server: $schema=../docs/reference/pipeline.schema.json\n```\n"
    for entry in _of(entries, "section"):
        if not entry.name.startswith(_STRATEGY_FILE):
            yield from _section(entry, title=entry.name)
    for title, kind in (
        ("Write dispositions", "write disposition"),
        ("Merge strategies", "merge strategy"),
        ("Drift modes", "drift mode"),
    ):
        yield f"## {title}\n"
        yield from _table("name", _of(entries, kind))


def _section(entry: Entry, *, title: str) -> Iterator[str]:
    yield f"## {title}\n"
    yield from _told(entry)
    yield from _parameters(entry.parameters)


def _conditions(entries: tuple[Entry, ...]) -> Iterator[str]:
    yield "What a branch asks before it takes one of its arms, and a strategy before it suits a dataset or a column.\n"
    yield "```yaml\n- when: {all: [{measure: row_count, ge: 100}, {not: {measure: drifted}}]}"
    yield "  then: [{step: email, columns: [email]}]\n```\n"
    yield (
        "A condition is about one measure, or made of others; it has exactly one of the keys `measure`, `all`, `any`, "
        "`not`. Where there is nothing to measure, neither a condition nor its `not` holds. One about a column that "
        "is not there is a mistake, unless it asks `has_column` for it too.\n"
    )
    yield "## Measures\n"
    yield "| measure | what it is of | a number | meaning |"
    yield "|---|---|---|---|"
    measures = _of(entries, "measure")
    for entry in measures:
        own = ", ".join(f"`{each.name}`" for each in entry.parameters if each.name not in BOUNDS)
        number = next((each.type for each in entry.parameters if each.name == BOUNDS[0]), "")
        yield f"| `{entry.name}` | {own} | {number} | {_cell(_literal(entry.summary))} |"
    yield "\nThe keys of what they are of:\n"
    keys = {each.name: each for entry in reversed(measures) for each in entry.parameters}
    yield from _parameters(tuple(each for name, each in keys.items() if name not in BOUNDS))
    yield "A number is compared by at least one of:\n"
    yield from _parameters(tuple(keys[name] for name in BOUNDS))
    yield "## Made of others\n"
    yield from _table("key", _of(entries, "condition"))
    yield "## Semantic kinds\n"
    yield from _table("kind", _of(entries, "semantic kind"))


def _strategies(entries: tuple[Entry, ...]) -> Iterator[str]:
    yield (
        "A strategy is a named list of steps. A route chooses one of several; `etl-agent clean --strategy NAME` takes "
        "one. Every step of it is measured on the data first, and left out where it would do harm.\n"
    )
    yield "## Who chooses\n"
    yield from _table("policy", _of(entries, "policy"))
    yield "## The shipped ones\n"
    for entry in _of(entries, "strategy"):
        yield f"### {entry.name}\n"
        yield from _told(entry)
        yield from _examples(entry.examples)
    yield "## Families of dirt\n"
    yield "What `propose` may name in a strategy, in the order in which they are asked. `auto` asks all of them.\n"
    yield from _table("family", _of(entries, "family of dirt"))
    yield "## A file of your own\n"
    yield "It lies in `pipelines/strategies/` and is named as the strategy is. For an editor:"
    yield "`etl-agent schema --strategy > pipelines/strategies/schema.json`.\n"
    for entry in _of(entries, "section"):
        if entry.name.startswith(_STRATEGY_FILE):
            yield from _section(entry, title=entry.name)


def _goals(entries: tuple[Entry, ...]) -> Iterator[str]:
    yield (
        "What `etl-agent plan` can make of a goal: the closed vocabulary that rules, and a model where one is "
        "configured, read its words into. Nothing else can come of a goal; words that nothing was made of are named.\n"
    )
    for entry in _of(entries, "wish"):
        yield from _section(entry, title=entry.name)
    yield "## Findings\n"
    yield "What checks, rehearsal and runs find out about a plan; what can be mended is evidence to revise it.\n"
    yield from _table("finding", _of(entries, "finding"))


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
    heads = ("with", "before", "after") if any(each.parameters for each in examples) else ("before", "after")
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for each in examples:
        shown = (each.parameters, _columns(each.before), _columns(each.after))[-len(heads) :]
        yield "| " + " | ".join(_cell(f"`{_json(part)}`") for part in shown) + " |"
    yield ""


def _json(value: object) -> str:
    """Write a value as JSON; what nobody sees is spelled out."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)


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
