"""Which database a command looks back into, when no pipeline runs."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from etl_agent.cli.context import PREFIX, project_of
from etl_agent.errors import ConfigurationError, EtlAgentError, NoInput, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.load.ledger_tables import LedgerTables
    from etl_agent.load.target import Target
    from etl_agent.orchestrate.sequential import PipelineSpec

__all__ = ["Place", "ledger", "pipelines_at_hand", "target_of", "target_options"]

_DATABASE_URL = "DATABASE_URL"
_FILES = ("*.yaml", "*.yml")

_VARIABLE = re.compile(r"\$\{\w+(?::-[^{}]*)?\}")
_DEFAULT = re.compile(r":-([^{}]*)\}")

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Place:
    """Where the tables ``_etl_*`` are.

    Args:
        url: the target, the variables in it not yet filled in.
        schema: the schema of the tables in Postgres; the connection's own when absent.
        folder: where relative paths in the URL begin.
        options: what a next command must say to find the same place.
    """

    url: str
    schema: str | None
    folder: Path
    options: str = ""

    def open(self, *, read_only: bool) -> Target:
        """Open the target."""
        from etl_agent.load.target import open_target

        return open_target(self.url, read_only=read_only, recover=True, folder=self.folder)


def target_options(function: Function) -> Function:
    """Give ``--to`` and ``--schema`` to a command; they arrive as ``to`` and ``db_schema``."""
    to = click.option(
        "--to",
        metavar="URL",
        envvar=f"{PREFIX}_TO",
        help="The database to look into: sqlite:///w.db, postgresql://...  By default the one that the project's "
        "pipelines load into, else DATABASE_URL.",
    )
    schema = click.option("--schema", "db_schema", envvar=f"{PREFIX}_SCHEMA", help="The tables' schema in Postgres.")
    return to(schema(function))


def target_of(to: str | None, *, schema: str | None, pipelines: Sequence[Path] = ()) -> Place:
    """Decide which database is meant.

    It is what ``--to`` says; else where the given pipelines load; else where all pipelines of the project load; else
    ``DATABASE_URL``.

    Args:
        to: the URL of ``--to``; a relative path in it begins in the working folder.
        schema: the schema of ``--schema``.
        pipelines: pipeline files that were named.

    Raises:
        UsageError: nothing says which database is meant.
        ConfigurationError: the pipelines load into several, or none of their files can be read.
    """
    if to is not None:
        return Place(to, schema, Path.cwd(), _said(to, schema))
    project = project_of(pipelines[0] if pipelines else None)
    specs = _named(pipelines) if pipelines else _of_project(project)
    places = _places(specs, schema, project)
    if len(places) == 1:
        return next(iter(places.values()))
    if places:
        raise ConfigurationError(
            "the pipelines load into several databases or schemas; say which one with --to and --schema",
            choices=sorted(places),
        )
    if os.environ.get(_DATABASE_URL):
        return Place(f"${{{_DATABASE_URL}}}", schema, Path.cwd())
    raise UsageError(
        "nothing says which database to look into: no pipeline file here names one, and DATABASE_URL is not set",
        next_command="the same command with --to sqlite:///FILE or --to postgresql://...",
    )


@contextmanager
def ledger(place: Place) -> Iterator[tuple[Connection, LedgerTables] | None]:
    """Give a connection to read the tables ``_etl_*`` with; None where nothing was ever loaded."""
    from etl_agent.run.history import ledger_in

    with place.open(read_only=True) as target, target.reading() as connection:
        tables = ledger_in(connection, schema=place.schema)
        yield None if connection is None or tables is None else (connection, tables)


def pipelines_at_hand(pipelines: Sequence[Path]) -> list[PipelineSpec]:
    """Read the given pipeline files, or else those of the project that can be read."""
    if pipelines:
        return _named(pipelines)
    try:
        return _of_project(project_of())
    except EtlAgentError:
        return []


def _named(pipelines: Sequence[Path]) -> list[PipelineSpec]:
    from etl_agent.orchestrate.file import read_pipeline

    return [read_pipeline(path) for path in pipelines]


def _of_project(project: Path) -> list[PipelineSpec]:
    """Read the project's pipelines; files with mistakes are passed over while others can be read."""
    from etl_agent.orchestrate.file import read_pipeline

    files = sorted(file for pattern in _FILES for file in (project / "pipelines").glob(pattern))
    specs: list[PipelineSpec] = []
    wrong: EtlAgentError | None = None
    for file in files:
        try:
            specs.append(read_pipeline(file))
        except (ConfigurationError, NoInput) as error:
            wrong = error
    if wrong is not None and not specs:
        raise wrong
    return specs


def _places(specs: Sequence[PipelineSpec], schema: str | None, project: Path) -> dict[str, Place]:
    """Find the different places that pipelines load into, by how they are shown: without passwords."""
    places: dict[str, Place] = {}
    for spec in specs:
        own = schema or spec.load.db_schema
        shown = spec.load.shown if own is None else f"{spec.load.shown} --schema {own}"
        places.setdefault(shown, Place(spec.load.to, own, project, _said(None, schema)))
    return places


def _said(to: str | None, schema: str | None) -> str:
    """Repeat the options that a next command needs; a password is never repeated."""
    where = "" if to is None else f" --to {shlex.quote(_without_password(to))}"
    return where + ("" if schema is None else f" --schema {shlex.quote(schema)}")


def _without_password(to: str) -> str:
    """Show a URL with its variables as they were typed, and what they default to; passwords have stars."""
    from etl_agent.load.url import parse_url, shown

    if "$" not in to:
        return shown(to)
    typed = _DEFAULT.sub(lambda default: f":-{shown(default[1])}}}", to)
    try:
        return parse_url(typed).without_secrets(typed)
    except ConfigurationError:
        return typed if _VARIABLE.fullmatch(typed) else shown(to)
