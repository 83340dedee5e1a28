"""From the short form of a contract to a pandera schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from etl_agent.errors import ConfigurationError, Drifted, Unfit
from etl_agent.shape import ColumnType
from etl_agent.validate.casts import cast
from etl_agent.validate.dtypes import arrow_storage
from etl_agent.validate.formats import PATTERNS
from etl_agent.validate.spec import ColumnContract, Compare, Operator, Validate

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pandera

__all__ = ["DISTINCT", "to_pandera"]


def to_pandera(spec: Validate, *, types: Mapping[str, ColumnType] | None = None) -> pandera.DataFrameSchema:
    """Compile a contract that is written in a pipeline file to a pandera schema on Arrow-backed columns.

    Args:
        spec: a ``validate`` section whose contract has columns by name.
        types: types to use instead of the contract's, where a survey widened them.

    Raises:
        ConfigurationError: the contract is none of that form, or a check cannot be judged on a widened type.
    """
    import pandera.pandas as pandera

    if not isinstance(spec.contract, Mapping):
        raise ConfigurationError("only a contract with columns by name is compiled to pandera")
    several = len(spec.unique) > 1
    return pandera.DataFrameSchema(
        {name: _column(name, column, types=types or {}) for name, column in spec.contract.items()},
        checks=[_compare(check) for check in spec.checks] + [_distinct(names) for names in spec.unique if several],
        unique=list(spec.unique[0]) if spec.unique and not several else None,
        strict=spec.drift.columns == "freeze",
    )


def _column(name: str, column: ColumnContract, *, types: Mapping[str, ColumnType]) -> pandera.Column:
    import pandera.pandas as pandera

    column_type = types.get(name, column.column_type)
    return pandera.Column(
        arrow_storage(column_type).dtype,
        checks=_checks(name, column, column_type),
        nullable=column.nullable,
        unique=column.unique,
        required=column.required,
        description=column.description,
        metadata={"type": str(column_type), "timezone": column.timezone, "sensitive": column.sensitive},
    )


def _checks(name: str, column: ColumnContract, column_type: ColumnType) -> list[pandera.Check]:
    """Write each promise as one built-in check, named as it stands in the contract."""
    from pandera.pandas import Check

    checks: list[Check] = []
    if column_type.kind == "text" and (column.min is not None or column.max is not None):
        raise Drifted(
            f"the values no longer fit {column.type}, and as text its min and max cannot be judged",
            where=f"validate.contract.{name}",
            next_command="correct the values, or remove min and max from the contract",
            unfit=[Unfit(name, "type")],
        )

    def value(bound: str) -> Any:
        return _value(bound, column_type, zone=column.zone, where=f"validate.contract.{name}")

    if column.min is not None:
        checks.append(Check.ge(value(column.min), error=f"min: {column.min}"))
    if column.max is not None:
        checks.append(Check.le(value(column.max), error=f"max: {column.max}"))
    if column.matches is not None:
        checks.append(Check.str_matches(_whole(column.matches), error=f"matches: {column.matches}"))
    if column.format is not None:
        checks.append(Check.str_matches(_whole(PATTERNS[column.format]), error=f"format: {column.format}"))
    if column.one_of is not None:
        checks.append(Check.isin([value(bound) for bound in column.one_of], error=_one_of(column.one_of)))
    if column.min_length is not None:
        checks.append(Check.str_length(min_value=column.min_length, error=f"min_length: {column.min_length}"))
    if column.max_length is not None:
        checks.append(Check.str_length(max_value=column.max_length, error=f"max_length: {column.max_length}"))
    return checks


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$"


def _one_of(values: Sequence[str], *, most: int = 10) -> str:
    rest = f", and {len(values) - most} more" if len(values) > most else ""
    return f"one_of: {', '.join(values[:most])}{rest}"


def _value(bound: str, column_type: ColumnType, *, zone: str | None, where: str) -> Any:
    """Read a bound as a value of the column's type."""
    read = cast(pa.array([bound], pa.string()), to=column_type, timezone=zone)
    if read.misfits:
        raise ConfigurationError(f"{bound!r} is no value of the type {column_type}", where=where)
    return read.values[0].as_py()


def _compare(check: Compare) -> pandera.Check:
    from pandera.pandas import Check

    operator, other = check.relation
    name = check.column
    compare = _OPERATORS[operator]
    # Null on either side passes: a check refuses what is false, not what is unknown.
    return Check(
        lambda frame: compare(frame[name], frame[other]).fillna(value=True), error=f"{name} {operator} {other}"
    )


def _distinct(names: Sequence[str]) -> pandera.Check:
    from pandera.pandas import Check

    subset = list(names)
    return Check(
        lambda frame: ~frame.duplicated(subset=subset, keep=False),
        name=DISTINCT,
        error=f"unique: {', '.join(names)}",
    )


DISTINCT = "unique_together"

_OPERATORS: Mapping[Operator, Callable[[pd.Series, pd.Series], pd.Series]] = {
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
}
