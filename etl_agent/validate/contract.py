"""From a ``validate`` section to a contract that judges batches."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from etl_agent.errors import ConfigurationError, near
from etl_agent.shape import TEXT, ColumnType, Shape
from etl_agent.validate.checks import ColumnCheck, RowCheck, column_check, pair_check, row_check
from etl_agent.validate.compiled import CompiledColumn
from etl_agent.validate.dtypes import Storage, arrow_storage, read_dtype
from etl_agent.validate.judging import Contract
from etl_agent.validate.kernels import null_passes
from etl_agent.validate.schema import DISTINCT, to_pandera
from etl_agent.validate.spec import ColumnContract, Validate
from etl_agent.validate.user_schema import load_schema

if TYPE_CHECKING:
    import pandera.pandas as pandera
    from pandera.api.checks import Check

    Sources = Mapping[str, pandera.Column]

__all__ = ["Contract", "compile_contract"]

_WHERE = "validate.contract"


def compile_contract(
    spec: Validate,
    *,
    project: Path,
    names: Sequence[str] | None = None,
    types: Mapping[str, ColumnType] | None = None,
) -> Contract:
    """Make the contract of a pipeline. pandera is imported only if there is one.

    Args:
        spec: the ``validate`` section.
        project: the folder that paths and modules are looked for in.
        names: the columns that reach the contract, after all steps; None if they are not known yet. Columns that
            the contract does not know are added as text under ``drift: {columns: evolve}``, else left behind.
        types: what a survey found: the types of the columns without a contract, or the widened types of those
            with one (``drift: {types: evolve}``).

    Raises:
        ConfigurationError: the contract cannot be loaded, or a column that it requires is not among the names.
    """
    found = dict(types or {})
    if spec.contract is None:
        return _without_schema(spec, names=names, types=found)
    if isinstance(spec.contract, str):
        schema = load_schema(spec.contract, project=project)
        storages = _read_storages(schema, names=names, types=found)
    else:
        schema = to_pandera(spec, types=found)
        storages = {name: _storage(column, found.get(name)) for name, column in spec.contract.items()}
    sources = _sources(schema, names=names)
    columns = [_column(name, sources[name], storage=storages[name]) for name in sources]
    if names is not None:
        _refuse_missing(columns, names=names)
        if spec.drift.columns == "evolve":
            known = {column.name for column in columns}
            columns += [_text(name) for name in names if name not in known]
    return Contract(
        shape=Shape(tuple(column.column for column in columns)),
        schema=schema,
        unique=_unique(spec, schema, sources=sources),
        sensitive=frozenset(name for name, source in sources.items() if (source.metadata or {}).get("sensitive")),
        required=tuple(column.name for column in columns if column.required),
        _columns=tuple(columns),
        _pair_checks=tuple(pair_check(compare) for compare in spec.checks),
        _row_checks=_row_checks(spec, schema, sources=sources),
        _certify_all=isinstance(spec.contract, str),
        _certifier=_certifier(schema, columns=columns, sources=sources),
        _types=spec.drift.types,
    )


def _without_schema(spec: Validate, *, names: Sequence[str] | None, types: Mapping[str, ColumnType]) -> Contract:
    """Make a contract of types alone: there is nothing that pandera could add to Arrow's own types."""
    if names is None:
        raise ConfigurationError("without a contract the columns must be known first", where="validate")
    columns = tuple(
        CompiledColumn(
            name, Storage(types.get(name, TEXT), None, str(types.get(name, TEXT))), nullable=True, required=True
        )
        for name in names
    )
    return Contract(
        shape=Shape(tuple(column.column for column in columns)),
        schema=None,
        unique=(),
        sensitive=frozenset(),
        required=tuple(names),
        _columns=columns,
        _pair_checks=(),
        _row_checks=(),
        _certify_all=False,
        _certifier=None,
        _types=spec.drift.types,
    )


def _storage(column: ColumnContract, widened: ColumnType | None) -> Storage:
    return arrow_storage(widened or column.column_type, timezone=column.zone)


def _read_storages(
    schema: pandera.DataFrameSchema, *, names: Sequence[str] | None, types: Mapping[str, ColumnType]
) -> dict[str, Storage]:
    return {
        name: arrow_storage(types[name])
        if name in types
        else read_dtype(column.dtype if column.dtype is not None else schema.dtype, where=f"{_WHERE}: column {name!r}")
        for name, column in _sources(schema, names=names).items()
    }


def _sources(schema: pandera.DataFrameSchema, *, names: Sequence[str] | None) -> dict[str, pandera.Column]:
    """Name the columns of a schema; a column whose name is a pattern stands for all that match it."""
    sources: dict[str, pandera.Column] = {}
    for name, column in schema.columns.items():
        if not column.regex:
            sources[str(name)] = column
            continue
        if names is None:
            raise ConfigurationError(
                f"the column pattern {name!r} needs the columns of the data",
                where=_WHERE,
                choices=("plain column names",),
            )
        matching = [one for one in names if re.match(str(name), one) and one not in schema.columns]
        if not matching and column.required:
            raise ConfigurationError(f"no column matches {name!r}", where=_WHERE, choices=list(names)[:20])
        sources |= {one: column for one in matching if one not in sources}
    return sources


def _column(name: str, source: pandera.Column, *, storage: Storage) -> CompiledColumn:
    checks: list[ColumnCheck] = []
    if storage.categories is not None:
        from pandera.pandas import Check

        known = Check.isin(list(storage.categories), error=f"category: {', '.join(storage.categories[:10])}")
        checks.append(column_check(known, column=name, storage=arrow_storage(TEXT)))
    checks += [column_check(check, column=name, storage=storage) for check in source.checks if check.groupby is None]
    # A dtype without a null cannot hold one, whatever nullable says; pandera would refuse the dtype.
    nullable = bool(source.nullable) and storage.holds_null
    return CompiledColumn(name, storage, nullable=nullable, required=bool(source.required), checks=tuple(checks))


def _text(name: str) -> CompiledColumn:
    return CompiledColumn(name, arrow_storage(TEXT), nullable=True, required=False)


def _row_checks(spec: Validate, schema: pandera.DataFrameSchema, *, sources: Sources) -> tuple[RowCheck, ...]:
    grouped = [
        row_check(check, column=name)
        for name, source in sources.items()
        for check in source.checks
        if check.groupby is not None
    ]
    # A contract that is written in the pipeline file has no rows to judge beyond its pairs of columns.
    whole = _judged(schema.checks) if isinstance(spec.contract, str) else []
    return (*grouped, *(row_check(check) for check in whole))


def _judged(checks: Sequence[Check]) -> list[Check]:
    """Leave out uniqueness, which is judged over the whole dataset."""
    return [check for check in checks if check.name != DISTINCT]


def _unique(spec: Validate, schema: pandera.DataFrameSchema, *, sources: Sources) -> tuple[tuple[str, ...], ...]:
    single = [(name,) for name, source in sources.items() if source.unique]
    together = [tuple(schema.unique)] if schema.unique else []
    return tuple(dict.fromkeys([*single, *together, *spec.unique]))


def _certifier(
    schema: pandera.DataFrameSchema, *, columns: Sequence[CompiledColumn], sources: Sources
) -> pandera.DataFrameSchema:
    """Make the schema that certifies good rows: the same checks, without coercion and whole-dataset uniqueness."""
    import pandera.pandas as pandera

    return pandera.DataFrameSchema(
        {
            column.name: pandera.Column(
                column.storage.dtype,
                checks=_asked(sources[column.name].checks, storage=column.storage) if column.name in sources else [],
                nullable=column.nullable,
            )
            for column in columns
        },
        checks=_judged(schema.checks),
        strict=True,
    )


def _asked(checks: Sequence[Check], *, storage: Storage) -> list[Check]:
    """Spare pandera from dropping nulls before checks that pass them anyway."""
    if not storage.arrow_backed:
        return list(checks)
    asked = [copy.copy(check) for check in checks]
    for check in asked:
        check.ignore_na = check.ignore_na and not null_passes(check)
    return asked


def _refuse_missing(columns: Sequence[CompiledColumn], *, names: Sequence[str]) -> None:
    present = set(names)
    missing = [column.name for column in columns if column.required and column.name not in present]
    if missing:
        hints = tuple(dict.fromkeys(hint for name in missing for hint in near(name, present)))
        raise ConfigurationError(
            f"neither a file nor a step brings {', '.join(map(repr, missing))}, which the contract requires",
            where=_WHERE,
            choices=hints or tuple(names)[:20],
        )
