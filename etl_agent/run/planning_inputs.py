"""What the user gave a planner, looked at: files as datasets, SQL files, and the pipelines that are there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from etl_agent.errors import ConfigurationError, EtlAgentError, FileRefused, UsageError, near
from etl_agent.extract.columns import places
from etl_agent.extract.spec import Extract, fold
from etl_agent.load.sql_files import read_queries, read_statements
from etl_agent.orchestrate.file import read_pipeline
from etl_agent.orchestrate.planner.given import Source, UserSql
from etl_agent.orchestrate.planner.grouping import FileHeader, group_files
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.profile.first_row import cells_among_names
from etl_agent.profile.profile import Profile
from etl_agent.run.profiling import profile_dataset
from etl_agent.run.reading import open_files

if TYPE_CHECKING:
    from etl_agent.extract.dataset import Dataset

__all__ = ["digests_of", "empty_files", "pipelines_in", "sources_of", "user_sql_of"]

_SHOWN = 5


def sources_of(
    files: Sequence[str], *, project: Path, sensitive: Sequence[str], header: bool | None = None, as_of: date
) -> tuple[tuple[Source, ...], tuple[tuple[str, str], ...]]:
    """Open the files, group and profile them; return the datasets, and name and SHA-256 (hex) of each file.

    Args:
        files: files and globs.
        project: the folder that relative paths begin in.
        sensitive: columns of which no value may be shown, stored or told.
        header: whether the first lines of the files name the columns; by default that is found out.
        as_of: the day that ``{date}`` in paths stands for.

    Raises:
        FileRefused: a file cannot be read, or its first line is plainly a row, of which nothing may become a name.
        UsageError: a sensitive column is in none of the files.
        EtlAgentError: of the class that says why a file cannot be read.
    """
    headers: list[FileHeader] = []
    digests: list[tuple[str, str]] = []
    for file in dict.fromkeys(files):
        extract = Extract(files=(file,), header=header)
        with _opened(extract, project, as_of) as dataset:
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
        extract = Extract(files=group.files, header=header)
        with _opened(extract, project, as_of) as dataset:
            profile = profile_dataset(dataset)
            lacking = [zip(dataset.names, places(dataset.names, file.header), strict=True) for file in dataset.files]
        if header is None:
            _refuse_rows_for_names(dataset, profile)
        made.append(
            Source(
                group.name,
                group.files,
                profile,
                sensitive=frozenset(sensitive) & set(dataset.names),
                partial=frozenset(name for found in lacking for name, place in found if place is None),
                empty=tuple(tally.file for tally in dataset.tallies() if not tally.good + tally.bad),
                header=header if header is not None or any(file.dialect.header for file in dataset.files) else False,
            )
        )
    return tuple(made), tuple(digests)


def empty_files(sources: Iterable[Source]) -> Iterator[str]:
    """Tell of each file that holds no row: what a plan makes of it, it makes of the names of its columns."""
    for source in sources:
        for file in source.empty:
            yield f"{file}: the file has a header and no row"


@contextmanager
def _opened(extract: Extract, project: Path, as_of: date) -> Iterator[Dataset]:
    """Open files; what is advised for a pipeline file becomes something that can be done where there is none yet."""
    try:
        with open_files(extract, project=project, as_of=as_of) as (dataset, _):
            yield dataset
    except FileRefused as error:
        ways = "mend the file, or leave it out"
        bare = extract.model_copy(update={"header": False})
        opens = [_succeeds(partial(_look, one, project, as_of)) for one in (extract, bare)]
        if opens == [False, True]:  # then it is the header that is wrong
            ways += ", or say --no-header if its first line is a row"
        if error.next_command:
            ways += f"; a pipeline file of your own can say how to read it ({error.next_command})"
        error.next_command = ways
        raise


def _look(extract: Extract, project: Path, as_of: date) -> None:
    """Open files as far as their headers."""
    with open_files(extract, project=project, as_of=as_of):
        pass


def _refuse_rows_for_names(dataset: Dataset, profile: Profile) -> None:
    """Refuse a file whose first line is a row: its cells would be taken for names, told, and stand in the table."""
    bare = [file.name for file in dataset.files if not file.dialect.header]
    if 0 < len(bare) < len(dataset.files):
        raise FileRefused(
            "the file has no header, and others that are read with it have one",
            where=bare[0],
            next_command="give it a header, or leave it out and plan for it by itself with --no-header",
        )
    known = {fold(name): facts for name, facts in profile.facts.columns.items()}
    for file in dataset.files:
        names = dict(zip(file.header, (known[fold(name)] for name in file.header), strict=True))
        cells = cells_among_names(file.header, names) if file.dialect.header else ()
        if cells:
            many = ", ".join(map(str, cells[:_SHOWN])) + (", ..." if len(cells) > _SHOWN else "")
            raise FileRefused(
                f"the first line looks like a row and not like a header: its cell{'s' * (len(cells) > 1)} {many} "
                "cannot well be the name of a column",
                where=file.name,
                next_command="the same command with --no-header if it is a row, or --header if it is none",
            )


def user_sql_of(file: str, project: Path) -> UserSql:
    """Look at an SQL file: its queries make a check, anything else a transform."""
    path = PurePosixPath(file)
    read_statements(project / path)
    return UserSql(path.stem, path, check=_succeeds(lambda: read_queries(project / path)))


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (ConfigurationError, FileRefused):
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
