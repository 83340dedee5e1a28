"""The columns of a dataset: those of all headers, matched by name, and the added ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from etl_agent.errors import ConfigurationError
from etl_agent.extract.spec import AddColumn, fold

__all__ = ["added", "constants", "places", "union"]


def union(headers: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Join headers; a name that differs from an earlier one only in case or outer blanks is that one."""
    seen: dict[str, str] = {}
    for header in headers:
        for name in header:
            seen.setdefault(fold(name), name)
    return tuple(seen.values())


def places(names: Sequence[str], header: Sequence[str]) -> tuple[int | None, ...]:
    """Return for each column of the dataset its place in a file, or None where the file lacks it."""
    own = {fold(name): place for place, name in enumerate(header)}
    return tuple(own.get(fold(name)) for name in names)


def added(names: Sequence[str], add: Mapping[str, AddColumn]) -> tuple[str, ...]:
    """Name the added columns.

    Raises:
        ConfigurationError: the files have a column of that name.
    """
    taken = {fold(name): name for name in names}
    for name in add:
        if fold(name) in taken:
            own = taken[fold(name)]
            raise ConfigurationError(f"the files have a column {own!r} already", where=f"extract.add.{name}")
        taken[fold(name)] = name
    return tuple(add)


def constants(add: Mapping[str, AddColumn], file: str) -> tuple[str, ...]:
    """Return the values of the added columns in a file.

    Raises:
        ConfigurationError: a pattern does not match the file's name.
    """
    values: list[str] = []
    base = file.rsplit("/", 1)[-1]
    for name, column in add.items():
        if column.value is not None:
            values.append(column.value)
            continue
        match = re.search(column.pattern, base)
        if match is None or match[1] is None:
            raise ConfigurationError(
                f"the pattern {column.pattern!r} does not match the file name {base!r}", where=f"extract.add.{name}"
            )
        values.append(match[1])
    return tuple(values)
