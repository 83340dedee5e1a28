"""``etl-agent explain``: show the plan that a run would execute."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from etl_agent.cli.context import command, json_option, print_json, project_of
from etl_agent.cli.failure import safe
from etl_agent.cli.model import asking
from etl_agent.cli.values import AS_OF, VARIABLE

__all__ = ["explain"]


@command()
@click.argument("pipelines", metavar="PIPELINE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--as-of", type=AS_OF, metavar="DAY", help="The day that {date} in paths stands for (YYYY-MM-DD).")
@click.option("--var", "variables", type=VARIABLE, multiple=True, metavar="NAME=VALUE", help="Fill {NAME} in paths.")
@click.option("--model", metavar="NAME", help="Ask this model for routes by: model; without, explaining asks none.")
@json_option
def explain(
    pipelines: tuple[Path, ...],
    *,
    as_of: date | None,
    variables: tuple[tuple[str, str], ...],
    model: str | None,
    as_json: bool,
) -> int:
    """Show what a run would do, without touching the target.

    Files are opened and their headers matched; the steps are listed as they would run, with the number of passes
    over the data and why. The exit code is 65 if the headers do not fit.
    """
    from etl_agent.orchestrate.file import read_pipelines
    from etl_agent.run.explain import explain_pipeline
    from etl_agent.run.options import RunOptions

    specs = read_pipelines(pipelines)
    project = project_of(pipelines[0])
    # to look at a plan costs nothing and sends nothing, unless the model is named right here
    ask = asking(model, no_model=model is None, project=project)
    options = RunOptions(variables=dict(variables), as_of=as_of, ask=ask)
    told = [explain_pipeline(spec, project=project, options=options) for spec in specs]
    if as_json:
        print_json([explanation.as_dict() for explanation in told])
    else:
        for number, explanation in enumerate(told):
            if number:
                click.echo()
            _print(explanation.as_dict())
    return 65 if any(explanation.headers.refused for explanation in told) else 0


def _print(told: dict[str, Any]) -> None:
    def say(text: str) -> None:
        click.echo(safe(text))  # a name may hold a line break, and is no line of its own

    load = told["load"]
    mode = (load["strategy"] and f"{load['write_disposition']} ({load['strategy']})") or load["write_disposition"]
    key = f" on {', '.join(load['primary_key'])}" if load["primary_key"] else ""
    say(f"{told['pipeline']} -> {load['table']} in {load['to']}: {mode}{key}")
    if load["absent"] != "keep":
        say(f"  {_ABSENT[load['absent']]}")
    say(f"  {len(told['passes'])} {'pass' if len(told['passes']) == 1 else 'passes'} over the data:")
    for number, reason in enumerate(told["passes"], start=1):
        say(f"    {number}. {reason}")
    say("  extract:")
    for file in told["files"]:
        say(f"    {file['file']}  {file['encoding']}, delimiter {file['delimiter']!r}, {file['bytes']:,} bytes")
    for line in told["header_differences"]:
        say(f"    {line}")
    for decision in told["decisions"]:
        say(f"  {decision['node']}: {decision['chosen']}, by {decision['policy']}: {decision['reason']}")
        for dropped in decision["dropped"]:
            say(f"    dropped {dropped['step']} on {', '.join(dropped['columns'])}: {dropped['reason']}")
    say("  clean:" if told["steps"] else "  clean: no step")
    for step in told["steps"]:
        parameters = ", ".join(f"{name}: {_short(value)}" for name, value in step["parameters"].items())
        waits = " (fitted by the survey)" if step["waits"] else ""
        say(f"    {step['label']}{waits}  {parameters}".rstrip())
    budget = told["budget"]
    most = f", at most {budget['max_rejects']} rows" if budget["max_rejects"] is not None else ""
    say(f"  validate: at most {budget['max_reject_share']:.1%} rejected{most}; drift: {_drift(told['drift'])}")
    for column in told["contract"] or ():
        say(f"    {column['column']}  {column['type']}{'' if column['nullable'] else ', never null'}")


_ABSENT = {
    "delete": "the files are a full snapshot: rows of the table whose key they lack are deleted",
    "close": "the files are a full snapshot: current versions whose key they lack are closed",
}


def _drift(drift: dict[str, str]) -> str:
    return ", ".join(f"{name} {mode}" for name, mode in drift.items())


def _short(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
