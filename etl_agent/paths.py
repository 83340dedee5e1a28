"""Where a pipeline's files are: the project folder, templates in paths, and the files that patterns match."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import IO, Any

from etl_agent.errors import ConfigurationError, NoInput, PermissionRefused, did_you_mean, near

__all__ = [
    "STDIN",
    "expand",
    "find_files",
    "from_environment",
    "importable",
    "let_go",
    "pipeline_files",
    "project_folder",
]

STDIN = "-"
"""The path that stands for the standard input."""

_PIPELINES = "pipelines"
_TEMPLATE = re.compile(r"\{\{|\}\}|\{([^{}:]*)(?::([^{}]*))?\}")
_ENVIRONMENT = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}")
_TABLE_FILE = re.compile(r".+\.csv(\.(gz|zst|zip|bz2|xz))?", re.IGNORECASE | re.DOTALL)  # a name may hold a line break
_MAGIC = re.compile(r"[*?\[]")


def project_folder(pipeline_file: Path) -> Path:
    """Return the folder that holds ``pipelines/``, or the file's own folder where it lies in no such folder.

    Args:
        pipeline_file: the pipeline file, absolute or relative to the working directory.
    """
    folder = pipeline_file.absolute().parent
    for parent in (folder, *folder.parents):
        if parent.name == _PIPELINES:
            return parent.parent
    return folder


def pipeline_files(project: Path) -> tuple[Path, ...]:
    """Return the pipeline files of a project, sorted by name."""
    return tuple(sorted(file for suffix in ("yaml", "yml") for file in (project / _PIPELINES).glob(f"*.{suffix}")))


def expand(pattern: str, *, project: Path, variables: Mapping[str, str], as_of: date) -> str:
    """Fill in the templates of a path: ``{date}``, ``{date:%Y%m%d}``, ``{project}`` and ``{name}`` of a variable.

    >>> expand("in/{shop}_{date:%Y%m%d}.csv", project=Path("/p"), variables={"shop": "kiel"}, as_of=date(2025, 4, 3))
    'in/kiel_20250403.csv'

    Args:
        pattern: the path; ``{{`` and ``}}`` stand for single braces.
        project: the project folder, for ``{project}``.
        variables: the values given by ``--var``.
        as_of: the day that ``{date}`` stands for.

    Raises:
        ConfigurationError: a template names no variable, or has a format where none may be.
    """

    def fill(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        name, form = match[1], match[2]
        if name == "date":
            return as_of.strftime(form) if form else as_of.isoformat()
        if form is not None:
            raise ConfigurationError(f"{match[0]} has a format, and only {{date:...}} may have one", where=pattern)
        if name == "project":
            return str(project)
        if name in variables:
            return variables[name]
        known = ["date", "project", *variables]
        raise ConfigurationError(
            f"{match[0]} names no variable" + did_you_mean(name, known, shown="{{{}}}".format),
            where=pattern,
            choices=[f"{{{choice}}}" for choice in known],
            next_command=f"--var {name}=VALUE" if name.isidentifier() else None,
        )

    return _TEMPLATE.sub(fill, pattern)


def from_environment(text: str, *, environ: Mapping[str, str] | None = None) -> str:
    """Fill in ``${NAME}`` and ``${NAME:-default}`` from the environment; ``$$`` stands for one dollar sign.

    The default also stands in for a variable that is set and empty. Values never appear in an error.

    >>> from_environment("${DB:-sqlite:///warehouse.db}", environ={})
    'sqlite:///warehouse.db'

    Args:
        text: as the user wrote it. What a variable holds is put in as it is, its dollar signs among the rest.
        environ: the variables; those of the process when absent.

    Raises:
        ConfigurationError: a variable is not set, or empty, and has no default.
    """
    variables = os.environ if environ is None else environ

    def fill(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name, default = match[1], match[2]
        found = variables.get(name) or default
        if found is not None:
            return found
        others = [other for other in variables if other != name]
        raise ConfigurationError(
            f"the environment variable {name} is {'empty' if name in variables else 'not set'}"
            + did_you_mean(name, others, shown=str),
            next_command=f"export {name}=... (or write it into .env)",
        )

    return _ENVIRONMENT.sub(fill, text)


def find_files(patterns: str | Iterable[str], *, project: Path) -> tuple[Path, ...]:
    """Find the files that paths, globs and folders name, sorted by path, each of them once.

    A folder stands for its ``*.csv`` files, compressed or not, without its subfolders; ``**`` in a glob goes down.
    Names that begin with a dot are found only if the pattern writes the dot.

    Args:
        patterns: one path, glob or folder, or several; relative ones are relative to the project folder.
        project: the project folder.

    Raises:
        NoInput: a path does not exist, or a glob or folder holds no file; near file names are given.
        PermissionRefused: a folder may not be read.
    """
    listed = [patterns] if isinstance(patterns, str) else list(patterns)
    try:
        found = [path for pattern in listed for path in _matches(pattern, project=project)]
    except PermissionError as error:
        raise PermissionRefused(f"{error.filename} may not be read") from error
    once: dict[Path, Path] = {}
    for path in sorted(found, key=lambda path: path.as_posix()):
        once.setdefault(path.resolve(), path)
    return tuple(once.values())


def _matches(pattern: str, *, project: Path) -> list[Path]:
    path = project / Path(pattern).expanduser()
    if path.is_dir():
        files = [file for file in path.iterdir() if _is_table(file)]
        if not files:
            raise NoInput("the folder holds no .csv file", where=pattern, choices=_names(path))
        return files
    if path.exists():
        return [path]
    if _MAGIC.search(pattern):
        files = [file for file in _glob(path) if not file.is_dir()]
        if not files:
            raise NoInput("no file matches", where=pattern, choices=_near_names(path))
        return files
    raise NoInput("there is no such file", where=pattern, choices=_near_names(path))


def _is_table(path: Path) -> bool:
    return not path.name.startswith(".") and _TABLE_FILE.fullmatch(path.name) is not None and not path.is_dir()


def _glob(path: Path) -> list[Path]:
    """Match a pattern, beginning at the deepest folder that is written without a wildcard."""
    fixed = next(place for place, part in enumerate(path.parts) if _MAGIC.search(part))
    pattern = Path(*path.parts[fixed:])
    hidden = any(part.startswith(".") for part in pattern.parts)
    found = Path(*path.parts[:fixed]).glob(str(pattern))
    return [file for file in found if hidden or not any(part.startswith(".") for part in file.parts[fixed:])]


def _near_names(path: Path) -> tuple[str, ...]:
    """Name the files whose names are nearest to one that is not there, or the folder that is missing first."""
    folder = path.parent
    while not folder.is_dir() and folder != folder.parent:
        path, folder = folder, folder.parent
    names = _names(folder, most=None)
    return near(path.name, names) or names[:10]


def _names(folder: Path, *, most: int | None = 10) -> tuple[str, ...]:
    names = sorted(file.name for file in folder.iterdir() if not file.name.startswith("."))
    return tuple(names[:most])


@contextlib.contextmanager
def importable(project: Path) -> Iterator[None]:
    """Let modules of the project folder be imported, before others of the same name."""
    folder = str(project.resolve())
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(folder)


def let_go(file: IO[Any]) -> None:
    """Close a scratch file that nobody reads any more, and say nothing of what it could not write to the end.

    Args:
        file: the file; it may be closed.
    """
    with contextlib.suppress(OSError):
        file.close()
