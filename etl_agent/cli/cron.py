"""``etl-agent cron``: pipelines in the user's crontab."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from etl_agent.cli.brief import brief_asked
from etl_agent.cli.commands import Listed
from etl_agent.cli.context import command, json_option, print_json, project_of, quiet_option, shared_options
from etl_agent.cli.failure import complain, safe
from etl_agent.cli.group import LazyGroup
from etl_agent.errors import CannotCreate, ConfigurationError, NoInput, near

if TYPE_CHECKING:
    from etl_agent.run.cron_entry import CronEntry

__all__ = ["COMMANDS", "add", "cron", "line", "list_command", "remove"]

_HERE = "etl_agent.cli.cron"

COMMANDS: Mapping[str, Listed] = {
    "add": Listed(f"{_HERE}:add", "Put a pipeline into the crontab, or in the place of its entry there."),
    "list": Listed(f"{_HERE}:list_command", "List the entries of pipelines in the crontab."),
    "remove": Listed(f"{_HERE}:remove", "Take a pipeline out of the crontab."),
    "line": Listed(f"{_HERE}:line", "Print the line that `cron add` would put into the crontab."),
}
"""The commands of the group."""

_INSTEAD = "etl-agent cron line PIPELINE SCHEDULE"

Function = TypeVar("Function", bound=Callable[..., Any])


@click.group(cls=LazyGroup, listed=COMMANDS)
@shared_options
def cron() -> None:
    """Put pipelines into the crontab, list them, and take them out."""


def _entry_arguments(function: Function) -> Function:
    """Give what an entry is made from; it arrives as ``pipeline``, ``schedule`` and ``options``."""
    for argument in (
        click.argument("options", metavar="[-- OPTION...]", nargs=-1, type=click.UNPROCESSED),
        click.argument("schedule", metavar="SCHEDULE"),
        click.argument("pipeline", metavar="PIPELINE", type=click.Path(path_type=Path)),
    ):
        function = argument(function)
    return function


@command()
@_entry_arguments
@quiet_option
def add(pipeline: Path, *, schedule: str, options: tuple[str, ...], quiet: bool) -> None:
    """Put a pipeline into the crontab, or in the place of its entry there.

    SCHEDULE is cron's, in quotes: "15 2 * * *" is every day at 02:15. What stands behind -- are more options of `run`.
    The lines of others are not touched. DATABASE_URL and other variables come from the project's .env.
    """
    from etl_agent.run.cron_entry import log_of
    from etl_agent.run.crontab_file import alone, read_crontab, variables_in, with_entry, write_crontab

    entry = _entry(pipeline, schedule, options)
    instead = f"etl-agent cron line {shlex.quote(str(pipeline))} {shlex.quote(schedule)}"
    with alone():
        before = read_crontab(instead=instead)
        _refuse_unset(pipeline, more=variables_in(before))
        if f" --log {shlex.quote(str(log_of(project_of(pipeline))))} " in entry.command:
            _make_folder(log_of(project_of(pipeline)).parent)
        after = with_entry(before, entry)
        if after != before:
            write_crontab(after, instead=instead)
    if not quiet:
        click.echo(safe(entry.line))


@command()
@json_option
def list_command(*, as_json: bool) -> None:
    """List the entries of pipelines in the crontab."""
    from etl_agent.run.crontab_file import entries_in, read_crontab

    entries = entries_in(read_crontab(instead=_INSTEAD))
    if as_json:
        print_json([_told(entry) for entry in entries])
        return
    for entry in entries:
        gone = "" if Path(entry.pipeline).exists() else "  (the file is gone)"
        click.echo(safe(f"{entry.schedule}  {entry.pipeline}{gone}"))
    if not entries:
        click.echo('no pipeline is in the crontab; next: etl-agent cron add pipelines/NAME.yaml "15 2 * * *"')


@command()
@click.argument("pipeline", metavar="PIPELINE", type=click.Path(path_type=Path))
@quiet_option
def remove(pipeline: Path, *, quiet: bool) -> None:
    """Take a pipeline out of the crontab; its file need not be there any more."""
    from etl_agent.run.crontab_file import alone, entries_in, read_crontab, without_entry, write_crontab

    path = os.path.abspath(pipeline)  # noqa: PTH100  links stay as they are, as in the entry
    with alone():
        before = read_crontab(instead=_INSTEAD)
        present = [entry.pipeline for entry in entries_in(before)]
        if path not in present:
            raise NoInput(
                "it is not in the crontab", where=path, choices=near(path, present), next_command="etl-agent cron list"
            )
        write_crontab(without_entry(before, path), instead=_INSTEAD)
    if not quiet:
        click.echo(safe(f"{path}: taken out of the crontab"))


@command()
@_entry_arguments
def line(pipeline: Path, *, schedule: str, options: tuple[str, ...]) -> None:
    """Print the line that `cron add` would put into the crontab.

    SCHEDULE is cron's, in quotes; what stands behind -- are more options of `run`.
    """
    entry = _entry(pipeline, schedule, options)
    click.echo(entry.line)
    try:
        _refuse_unset(pipeline, more={})
    except ConfigurationError as error:
        complain(safe(str(error)))


def _entry(pipeline: Path, schedule: str, options: tuple[str, ...]) -> CronEntry:
    """Make an entry, after holding its pipeline, its schedule and its options against what a run will make of them."""
    from etl_agent.orchestrate.file import read_pipeline
    from etl_agent.run.cron_entry import entry_of
    from etl_agent.run.schedule import read_schedule

    when = read_schedule(schedule)
    read_pipeline(pipeline)
    _check_options(pipeline, options)
    return entry_of(pipeline, when, project=project_of(pipeline), options=options)


def _check_options(pipeline: Path, options: tuple[str, ...]) -> None:
    """Let ``run`` read the options now, rather than at night."""
    from etl_agent.cli.run import run

    asked = brief_asked.get()
    try:
        run.make_context("etl-agent run", [*options, str(pipeline)], parent=None).close()
    finally:
        brief_asked.set(asked)


def _refuse_unset(pipeline: Path, *, more: Mapping[str, str]) -> None:
    from dotenv import dotenv_values

    from etl_agent.orchestrate.file import read_pipeline
    from etl_agent.run.cron_entry import refuse_unset

    project = project_of(pipeline)
    own = dotenv_values(project / ".env", encoding="utf-8")
    known = {**{name: value for name, value in own.items() if value is not None}, **more}
    refuse_unset(read_pipeline(pipeline).load.to, known=known, project=project)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise CannotCreate(
            f"the folder of the log cannot be made: {error.strerror}",
            where=str(folder),
            next_command="the same command with -- --log FILE at its end",
        ) from error


def _told(entry: CronEntry) -> dict[str, Any]:
    return {
        "schedule": entry.schedule,
        "pipeline": entry.pipeline,
        "command": entry.command,
        "there": Path(entry.pipeline).exists(),
    }
