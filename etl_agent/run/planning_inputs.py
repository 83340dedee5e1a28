"""What the user gave a planner, looked at: files as datasets, SQL files, and the pipelines that are there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path, PurePosixPath

from etl_agent.errors import ConfigurationError, EtlAgentError, UsageError, near
from etl_agent.extract.columns import places
from etl_agent.extract.spec import Extract
from etl_agent.load.sql_files import read_queries, read_statements
from etl_agent.orchestrate.file import read_pipeline
from etl_agent.orchestrate.planner.given import Source, UserSql
from etl_agent.orchestrate.planner.grouping import FileHeader, group_files
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.run.profiling import profile_dataset
from etl_agent.run.reading import open_files

__all__ = ["digests_of", "pipelines_in", "sources_of", "user_sql_of"]


def sources_of(
    files: Sequence[str], *, project: Path, sensitive: Sequence[str], as_of: date
) -> tuple[tuple[Source, ...], tuple[tuple[str, str], ...]]:
    """Open the files, group and profile them; return the datasets, and name and SHA-256 (hex) of each file.

    Args:
        files: files and globs.
        project: the folder that relative paths begin in.
        sensitive: columns of which no value may be shown, stored or told.
        as_of: the day that ``{date}`` in paths stands for.

    Raises:
        UsageError: a sensitive column is in none of the files.
        EtlAgentError: of the class that says why a file cannot be read.
    """
    headers: list[FileHeader] = []
    digests: list[tuple[str, str]] = []
    for file in dict.fromkeys(files):
        with open_files(Extract(files=(file,)), project=project, as_of=as_of) as (dataset, _):
            headers.append(FileHeader(file, dataset.names))
            digests += [(candidate.name, candidate.digest()) for candidate in dataset.candidates]
    columns = dict.fromkeys(name for header in headers for name in header.columns)
    for name in sensitive:
        if name not in columns:
            raise UsageError(
                f"no file has the column {name!r}",
                where="--sensitive",
                choices=near(name, columns) or tuple(columns),
            )
    made = []
    for group in group_files(headers):
        with open_files(Extract(files=group.files), project=project, as_of=as_of) as (dataset, _):
            profile = profile_dataset(dataset)
            lacking = [zip(dataset.names, places(dataset.names, file.header), strict=True) for file in dataset.files]
        partial = frozenset(name for found in lacking for name, place in found if place is None)
        made.append(Source(group.name, group.files, profile, frozenset(sensitive) & set(dataset.names), partial))
    return tuple(made), tuple(digests)


def user_sql_of(file: str, project: Path) -> UserSql:
    """Look at an SQL file: its queries make a check, anything else a transform."""
    path = PurePosixPath(file)
    read_statements(project / path)
    return UserSql(path.stem, path, check=_succeeds(lambda: read_queries(project / path)))


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except ConfigurationError:
        return False
    return True


def digests_of(sql: Iterable[UserSql], project: Path) -> Iterable[tuple[str, str]]:
    """Return name and SHA-256 (hex) of each SQL file."""
    for each in sql:
        yield str(each.file), hashlib.sha256((project / each.file).read_bytes()).hexdigest()


def pipelines_in(project: Path) -> tuple[Mapping[str, PipelineSpec], Mapping[str, EtlAgentError]]:
    """Read the pipelines that are there; those that cannot be read, by the name of their file, with why."""
    existing: dict[str, PipelineSpec] = {}
    broken: dict[str, EtlAgentError] = {}
    folder = project / "pipelines"
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        try:
            spec = read_pipeline(path)
        except EtlAgentError as error:
            broken[path.stem] = error
        else:
            existing[spec.name] = spec
    return existing, broken
