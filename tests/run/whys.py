"""Questions why, asked of a test's project."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from etl_agent.load.target import Target, open_target
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.run.history import ledger_in
from etl_agent.run.ledger import loaded_types
from etl_agent.run.why.account import Why
from etl_agent.run.why.archive import Archive
from etl_agent.run.why.by_key import why_row
from etl_agent.run.why.by_line import why_line
from etl_agent.run.why.held import HeldTable
from tests.run.project import Project

__all__ = ["why_of_key", "why_of_line"]


def why_of_key(
    project: Project,
    *words: str,
    spec: PipelineSpec | None = None,
    table: str = "t",
    given: Path | None = None,
    history: bool = True,
) -> Why:
    """Ask for a row by its key."""
    with _asking(project, () if spec is None else (spec,), given) as (target, archive):
        held = _held(target, archive, table)
        assert held is not None
        key = () if spec is None else spec.load.primary_key
        return why_row(archive, held, held.texts(words, primary_key=key), history=history)


def why_of_line(
    project: Project,
    file: str,
    line: int,
    *,
    spec: PipelineSpec | None = None,
    table: str | None = None,
    given: Path | None = None,
) -> Why:
    """Ask for the record on a line."""
    with _asking(project, () if spec is None else (spec,), given) as (target, archive):
        return why_line(archive, file=file, line=line, table=table, held=lambda name: _held(target, archive, name))


@contextmanager
def _asking(project: Project, specs: Sequence[PipelineSpec], given: Path | None) -> Iterator[tuple[Target, Archive]]:
    with open_target(project.url, read_only=True, folder=project.folder) as target, target.reading() as connection:
        tables = ledger_in(connection, schema=None)
        assert connection is not None
        assert tables is not None
        yield target, Archive(connection, tables, project.folder, specs, given)


def _held(target: Target, archive: Archive, table: str) -> HeldTable | None:
    facts = target.table_facts(table)
    if facts is None:
        return None
    types = loaded_types(archive.connection, table=table, schema=None) or {}
    return HeldTable(archive.connection, facts, types)
