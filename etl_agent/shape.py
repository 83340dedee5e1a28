"""Our column types: the bridge from a contract to Arrow columns and to the target's column types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import pyarrow as pa

from etl_agent.errors import ConfigurationError, did_you_mean

__all__ = ["TEXT", "Column", "ColumnType", "Kind", "Shape", "is_type", "parse_type"]

Kind = Literal["text", "integer", "decimal", "float", "boolean", "date", "time", "timestamp"]

_DECIMAL = re.compile(r"decimal\(\s*(\d{1,2})\s*(?:,\s*(\d{1,2})\s*)?\)")
_LARGEST_PRECISION = 76  # digits of Arrow's widest decimal
_NARROW_PRECISION = 38  # digits of Arrow's decimal128


@dataclass(frozen=True, slots=True)
class ColumnType:
    """The type of a column.

    Args:
        kind: ``integer`` is 64 bits wide (larger whole numbers are ``decimal(p,0)``); ``timestamp`` without a
            timezone is a wall-clock time, with one it is an instant, kept as UTC.
        precision: digits in all, for a decimal (1 to 76).
        scale: digits after the point, for a decimal (0 to precision).
        zoned: whether a timestamp is an instant.
    """

    kind: Kind
    precision: int | None = None
    scale: int | None = None
    zoned: bool = False

    def __str__(self) -> str:
        if self.kind == "decimal":
            return f"decimal({self.precision},{self.scale})"
        return "timestamp with time zone" if self.zoned else self.kind

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type that holds its values."""
        if self.kind == "decimal":
            precision, scale = self.precision or _NARROW_PRECISION, self.scale or 0
            if precision <= _NARROW_PRECISION:
                return pa.decimal128(precision, scale)
            return pa.decimal256(precision, scale)
        if self.kind == "timestamp":
            return pa.timestamp("us", tz="UTC") if self.zoned else pa.timestamp("us")
        return {
            "text": pa.string(),
            "integer": pa.int64(),
            "float": pa.float64(),
            "boolean": pa.bool_(),
            "date": pa.date32(),
            "time": pa.time64("us"),
        }[self.kind]


TEXT = ColumnType("text")


def parse_type(text: str, *, zoned: bool = False) -> ColumnType:
    """Read a type as it stands in a contract.

    >>> str(parse_type("decimal(12,2)"))
    'decimal(12,2)'

    Args:
        text: one of the kinds, a decimal as ``decimal(precision,scale)``.
        zoned: whether a timestamp stands for an instant.

    Raises:
        ConfigurationError: the text names no type, or a decimal's digits are out of range.
    """
    if match := _DECIMAL.fullmatch(text.strip()):
        precision, scale = int(match[1]), int(match[2] or 0)
        if not 1 <= precision <= _LARGEST_PRECISION or scale > precision:
            raise ConfigurationError(
                f"{text} is out of range: a decimal has 1 to {_LARGEST_PRECISION} digits, no fewer than its scale"
            )
        return ColumnType("decimal", precision, scale)
    for kind in get_args(Kind):
        if kind == text.strip() and kind != "decimal":
            return ColumnType(kind, zoned=zoned and kind == "timestamp")
    kinds = [kind if kind != "decimal" else "decimal(p,s)" for kind in get_args(Kind)]
    raise ConfigurationError(f"{text!r} is no column type{did_you_mean(text, kinds)}", choices=kinds)


def is_type(text: str) -> bool:
    """Tell whether a text is a type as it stands in a contract."""
    try:
        parse_type(text)
    except ConfigurationError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Column:
    """A named, typed column.

    Args:
        name: exactly as it stands in the file's header, or as a step named it.
        type: what its values are.
        nullable: whether null is a good value.
    """

    name: str
    type: ColumnType = TEXT
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a dataset or a table, in order."""

    columns: tuple[Column, ...]

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(column.name for column in self.columns)

    def arrow(self) -> pa.Schema:
        """The Arrow schema of a batch of this shape."""
        return pa.schema([pa.field(column.name, column.type.arrow) for column in self.columns])
