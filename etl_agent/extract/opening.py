"""Finding and opening the files of an extract, or those that it falls back to."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from functools import partial
from pathlib import Path

from etl_agent.errors import NoInput
from etl_agent.extract.dataset import Dataset
from etl_agent.extract.reader import Rules
from etl_agent.extract.source import Source, sources_of, spool
from etl_agent.extract.spec import Extract
from etl_agent.paths import STDIN, expand, find_files

__all__ = ["open_dataset", "rules_of"]


def open_dataset(spec: Extract, *, project: Path, variables: Mapping[str, str], as_of: date, scratch: Path) -> Dataset:
    """Find the files of an extract, or those that it falls back to, and look at the beginning of each.

    Args:
        spec: what to read and how.
        project: the folder that relative paths are relative to.
        variables: the values of ``--var``, for templates in paths.
        as_of: the day that ``{date}`` stands for.
        scratch: an existing folder for copies of the standard input and of pipes.

    Raises:
        NoInput: no file matches, or a file is missing.
        FileRefused: a file's header, encoding, delimiter or packing is wrong throughout.
        ConfigurationError: a template or an added column cannot work.
        PermissionRefused: a file may not be read.
    """
    opened = partial(_dataset, spec, project=project, variables=variables, as_of=as_of, scratch=scratch)
    try:
        dataset = opened(spec.files)
    except NoInput as missing:
        if not spec.fallback:
            raise
        return _instead(opened, spec, missing.what)
    if spec.on_empty != "fallback" or next(dataset.batches(rows=1, digest=False), None) is not None:
        return dataset
    dataset.close()
    return _instead(opened, spec, "the files hold no row")


def rules_of(spec: Extract) -> Rules:
    """Return the reader's rules that an extract asks for."""
    return Rules(
        comment=None if spec.comment is None else spec.comment.encode(),
        footer=spec.footer,
        blank_is_null=spec.blank_lines == "null",
        max_cell=spec.max_cell_bytes,
    )


def _instead(opened: Callable[[Sequence[str]], Dataset], spec: Extract, why: str) -> Dataset:
    dataset = opened(spec.fallback)
    dataset.fell_back = f"{why}; read {', '.join(file.name for file in dataset.files[:3])} instead"
    return dataset


def _dataset(
    spec: Extract,
    patterns: Sequence[str],
    *,
    project: Path,
    variables: Mapping[str, str],
    as_of: date,
    scratch: Path,
) -> Dataset:
    patterns = [expand(text, project=project, variables=variables, as_of=as_of) for text in patterns]
    with ExitStack() as opening:
        sources = _sources(patterns, project=project, scratch=scratch, closing=opening)
        closing = ExitStack()
        dataset = Dataset(spec, sources, rules=rules_of(spec), closing=closing)
        closing.push(opening.pop_all())
    return dataset


def _sources(patterns: Sequence[str], *, project: Path, scratch: Path, closing: ExitStack) -> list[Source]:
    """Find the inputs; copies of what can be read only once are removed by ``closing``."""
    sources: list[Source] = []
    if STDIN in patterns:
        copy = spool(sys.stdin.buffer, scratch=scratch)
        closing.callback(copy.unlink, missing_ok=True)
        sources += sources_of(copy, name="stdin", scratch=scratch)
    named = [pattern for pattern in patterns if pattern != STDIN]
    for path in find_files(named, project=project) if named else ():
        found = sources_of(path, name=_shown(path, project), scratch=scratch)
        if found[0].path != path:
            closing.callback(found[0].path.unlink, missing_ok=True)
        sources += found
    return sources


def _shown(path: Path, project: Path) -> str:
    """Name a file as people know it, with bytes that are no text spelled out: no database would take them."""
    name = path.relative_to(project).as_posix() if path.is_relative_to(project) else path.as_posix()
    return os.fsencode(name).decode("utf-8", "backslashreplace")
