"""Pandera schemas that users bring: a YAML file, or an object in a Python module of theirs."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from etl_agent.errors import ConfigurationError, near
from etl_agent.paths import importable

if TYPE_CHECKING:
    import pandera.pandas as pandera

__all__ = ["load_schema"]

_WHERE = "validate.contract"


def load_schema(reference: str, *, project: Path) -> pandera.DataFrameSchema:
    """Load the schema that a pipeline file names, and nothing else.

    Args:
        reference: the path of a pandera YAML file, relative to the project folder, or ``module:Schema``.
        project: the project folder; modules are looked for there first.

    Raises:
        ConfigurationError: there is no such file, module or object, it is no schema, or the schema has what
            cannot hold for a stream of rows (parsers, defaults, an index, statistical tests).
    """
    if reference.endswith((".yaml", ".yml")):
        schema = _from_yaml(reference, project)
    else:
        module, _, attribute = reference.partition(":")
        schema = _from_module(module, attribute, project)
    _refuse_unfit(schema)
    return schema


def _from_yaml(reference: str, project: Path) -> pandera.DataFrameSchema:
    from pandera.io.pandas_io import from_yaml

    path = project / reference
    if not path.is_file():
        beside = [*project.glob("*.y*ml"), *path.parent.glob("*.y*ml")]
        present = dict.fromkeys(str(file.relative_to(project)) for file in beside if file.is_relative_to(project))
        raise ConfigurationError(f"there is no file {reference}", where=_WHERE, choices=near(reference, present))
    try:
        schema = from_yaml(path)  # type: ignore[no-untyped-call]  # pandera does not annotate it
    except Exception as error:
        raise ConfigurationError(f"{reference} is no pandera schema: {_in_short(error)}", where=_WHERE) from error
    return _as_schema(schema, reference)


def _from_module(name: str, attribute: str, project: Path) -> pandera.DataFrameSchema:
    with importable(project):
        module = _import(name, project)
    found = vars(module).get(attribute)
    if found is None:
        schemas = [key for key, value in vars(module).items() if _is_schema(value)]
        raise ConfigurationError(
            f"the module {name} has no {attribute!r}", where=_WHERE, choices=near(attribute, schemas) or schemas
        )
    return _as_schema(found, f"{name}:{attribute}")


def _import(name: str, project: Path) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            modules = [path.stem for path in project.glob("*.py")] + [
                path.parent.name for path in project.glob("*/__init__.py")
            ]
            raise ConfigurationError(
                f"there is no module {name!r} in {project} or among the installed packages",
                where=_WHERE,
                choices=near(name, modules),
            ) from None
        raise ConfigurationError(
            f"the module {name} needs {error.name!r}, which is not installed", where=_WHERE
        ) from error
    except Exception as error:
        raise ConfigurationError(f"the module {name} cannot be imported: {_in_short(error)}", where=_WHERE) from error


def _is_schema(value: Any) -> bool:
    import pandera.pandas as pandera

    return isinstance(value, pandera.DataFrameSchema) or (
        isinstance(value, type) and issubclass(value, pandera.DataFrameModel) and value is not pandera.DataFrameModel
    )


def _as_schema(value: Any, reference: str) -> pandera.DataFrameSchema:
    import pandera.pandas as pandera

    if not _is_schema(value):
        raise ConfigurationError(
            f"{reference} is a {type(value).__name__}, not a schema",
            where=_WHERE,
            choices=("a pandera DataFrameSchema", "a pandera DataFrameModel"),
        )
    if isinstance(value, pandera.DataFrameSchema):
        return value
    try:
        schema: pandera.DataFrameSchema = value.to_schema()
    except Exception as error:
        raise ConfigurationError(f"{reference} is no complete model: {_in_short(error)}", where=_WHERE) from error
    return schema


def _refuse_unfit(schema: pandera.DataFrameSchema) -> None:
    """Refuse what would change values without a trace, or needs rows that are not there yet."""
    from pandera.pandas import Hypothesis

    parts = [("the schema", schema), *((f"column {name!r}", column) for name, column in schema.columns.items())]
    for place, part in parts:
        if part.parsers:
            raise ConfigurationError("a parser changes values unseen; use a cleaning step", where=f"{_WHERE}: {place}")
        if getattr(part, "default", None) is not None:
            raise ConfigurationError(
                "a default fills cells unseen; use the cleaning step constant", where=f"{_WHERE}: {place}"
            )
        for check in part.checks:
            if isinstance(check, Hypothesis):
                raise ConfigurationError(
                    "a statistical test needs all rows at once, but rows are judged as they stream by",
                    where=f"{_WHERE}: {place}",
                )
            if check.raise_warning:
                raise ConfigurationError(
                    "a check that only warns parts no rows; remove raise_warning or the check",
                    where=f"{_WHERE}: {place}",
                )
    if schema.index is not None:
        raise ConfigurationError("a CSV file has no index; declare it as a column", where=_WHERE)
    if schema.add_missing_columns:
        raise ConfigurationError(
            "add_missing_columns invents columns unseen; use a cleaning step, or required=False", where=_WHERE
        )


def _in_short(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
