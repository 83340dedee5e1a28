"""What all commands share: the project folder, its ``.env``, and the options that every command has."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from etl_agent.cli.brief import brief_asked
from etl_agent.cli.failure import DEBUG
from etl_agent.errors import ConfigurationError

__all__ = [
    "PREFIX",
    "command",
    "enter_project",
    "json_option",
    "print_json",
    "print_version",
    "project_of",
    "quiet_option",
    "shared_options",
]

PREFIX = "ETL_AGENT"
"""Every option has an environment variable: this, the command, and the option (``ETL_AGENT_RUN_QUIET``)."""

_LIBRARIES = ("pyarrow", "pandas", "pandera", "pydantic", "SQLAlchemy", "psycopg", "click")
_PROJECT = "etl_agent.project"

Function = TypeVar("Function", bound=Callable[..., Any])


def project_of(pipeline_file: Path | None = None) -> Path:
    """Return the project folder, and read its ``.env``.

    It is what ``--project`` says; else the folder that holds the pipeline file's ``pipelines/``; else the nearest
    folder from the working directory upwards that holds ``pipelines/``; else the working directory.
    """
    chosen = click.get_current_context().meta.get(_PROJECT)
    if chosen is None and pipeline_file is not None:
        from etl_agent.paths import project_folder

        chosen = project_folder(pipeline_file)
    folder = chosen if chosen is not None else _folder_here()
    enter_project(folder)
    return folder


def enter_project(folder: Path) -> None:
    """Put the variables of a folder's ``.env`` into the environment; what is set there already stays.

    Raises:
        ConfigurationError: the file is not UTF-8 text.
    """
    file = folder / ".env"
    if not file.is_file():
        return
    from dotenv import load_dotenv

    try:
        load_dotenv(file, override=False, encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"not UTF-8 at byte {error.start}; save the file as UTF-8", where=str(file)) from error


def command(*, unattended: bool = False, **settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a command that has the shared options too.

    Args:
        unattended: whether cron calls it: without a terminal a failure is then one line of bounded length.
        settings: click's own.
    """

    def made(function: Callable[..., Any]) -> click.Command:
        return click.command(None, _Unattended if unattended else click.Command, **settings)(shared_options(function))

    return made


class _Unattended(click.Command):
    """A command that cron calls; wrong options are told in one line of bounded length too."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        brief_asked.set(True)  # the outermost edge takes it back
        return super().make_context(*args, **extra)


def shared_options(function: Function) -> Function:
    """Give ``--project`` and ``--debug`` to a command, so that they may stand before or after its name."""
    project = click.option(
        "--project",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        envvar=f"{PREFIX}_PROJECT",
        is_eager=True,  # its .env must be read before other options look into the environment
        expose_value=False,
        callback=_choose_project,
        help="Folder that holds pipelines/ and .env; paths in pipeline files are relative to it.",
    )
    debug = click.option(
        "--debug",
        is_flag=True,
        envvar=DEBUG,
        expose_value=False,
        callback=_set_debug,
        help="Show where an unexpected failure happened.",
    )
    return project(debug(function))


def json_option(function: Function) -> Function:
    """Give ``--json`` to a command; it arrives as ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, envvar=f"{PREFIX}_JSON", help="Print JSON on stdout.")(
        function
    )


def quiet_option(function: Function) -> Function:
    """Give ``--quiet`` to a command; it arrives as ``quiet``."""
    return click.option("--quiet", "-q", is_flag=True, envvar=f"{PREFIX}_QUIET", help="Print nothing on success.")(
        function
    )


def print_json(value: object) -> None:
    """Print a value as JSON, for programs; what a terminal would take for a command is escaped."""
    import json
    import re

    def escaped(found: re.Match[str]) -> str:
        return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]

    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    click.echo(re.sub(r"[^\n -~]", escaped, text))


def print_version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001  click's signature
    """Print the versions that a bug report needs."""
    if not value or ctx.resilient_parsing:
        return
    import platform
    import sqlite3
    from importlib.metadata import version

    click.echo(f"etl-agent {version('etl-agent')}")
    click.echo(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    click.echo(", ".join([*(f"{name} {version(name)}" for name in _LIBRARIES), f"SQLite {sqlite3.sqlite_version}"]))
    ctx.exit()


def _choose_project(ctx: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.meta[_PROJECT] = value.absolute()
    enter_project(ctx.meta.get(_PROJECT) or _folder_here())


def _set_debug(_ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001  click's signature
    if value:
        os.environ[DEBUG] = "1"


def _folder_here() -> Path:
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "pipelines").is_dir()), here)
