"""The bridge between pandera's column types and ours."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.errors import ConfigurationError
from etl_agent.shape import TEXT, ColumnType

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Storage", "arrow_storage", "outside", "read_dtype", "series"]

_INT64_BITS = 64
_NANOSECONDS = (-(2**63) // 1000 + 1, (2**63 - 1) // 1000)  # what datetime64[ns] holds, in microseconds
_WIDEST = 76


@dataclass(frozen=True, slots=True)
class Storage:
    """How the values of a column are kept.

    Args:
        type: our type.
        dtype: the pandas dtype that the schema wants to see.
        name: the schema's type as its writer would say it.
        timezone: where cells without an offset are local times.
        limits: least and greatest value that the dtype holds, where it is narrower than our type: whole numbers,
            or microseconds since 1970.
        holds_null: whether the dtype has a null.
        categories: the values that the dtype knows, if it is an enumeration.
    """

    type: ColumnType
    dtype: Any
    name: str
    timezone: str | None = None
    limits: tuple[int, int] | None = None
    holds_null: bool = True
    categories: tuple[str, ...] | None = None

    @property
    def arrow_backed(self) -> bool:
        """Whether pandas keeps the values just as we do."""
        import pandas as pd

        return isinstance(self.dtype, pd.ArrowDtype) and bool(self.dtype.pyarrow_dtype == self.type.arrow)


def arrow_storage(column_type: ColumnType, *, timezone: str | None = None) -> Storage:
    """Keep a column as Arrow does, which is what contracts written in a pipeline file do."""
    import pandas as pd

    return Storage(column_type, pd.ArrowDtype(column_type.arrow), str(column_type), timezone)


def read_dtype(dtype: Any, *, where: str) -> Storage:
    """Read the type of a pandera column.

    Args:
        dtype: a pandera ``DataType``, or None where the schema leaves the type open, which means text.
        where: the column, for the error.

    Raises:
        ConfigurationError: a CSV file cannot hold such values.
    """
    if dtype is None:
        return arrow_storage(TEXT)
    import pandas as pd

    if isinstance(dtype.type, pd.ArrowDtype):
        return _of_arrow(dtype, where)
    return _of_pandas(dtype, where)


def series(values: pa.Array, *, storage: Storage, index: Any = None) -> pd.Series:
    """Make the pandas column that a schema wants to see; it shares memory where it can."""
    import pandas as pd

    if isinstance(storage.dtype, pd.ArrowDtype):
        wanted = storage.dtype.pyarrow_dtype
        values = values if values.type == wanted else values.cast(wanted)
        return pd.Series(pd.arrays.ArrowExtensionArray(values), index=index, copy=False)
    if isinstance(storage.dtype, pd.StringDtype):
        array = storage.dtype.__from_arrow__(pa.chunked_array([values]))  # type: ignore[attr-defined]  # the stubs lack it
        return pd.Series(array, index=index, copy=False)
    return pd.Series(pd.arrays.ArrowExtensionArray(values), index=index, copy=False).astype(storage.dtype)


def outside(values: pa.Array, *, limits: tuple[int, int]) -> pa.Array:
    """Tell which values a narrower dtype cannot hold; null for null."""
    numbers = values if pa.types.is_decimal(values.type) else values.cast(pa.int64())
    low, high = (pa.scalar(Decimal(limit)).cast(numbers.type) for limit in limits)
    return pc.or_(pc.less(numbers, low), pc.greater(numbers, high))


def _of_arrow(dtype: Any, where: str) -> Storage:
    arrow = dtype.type.pyarrow_dtype
    name = str(dtype)
    if pa.types.is_string(arrow) or pa.types.is_large_string(arrow):
        return Storage(TEXT, dtype.type, name)
    if pa.types.is_integer(arrow):
        return _integer(dtype.type, name, bits=arrow.bit_width, signed=pa.types.is_signed_integer(arrow))
    if pa.types.is_floating(arrow):
        return Storage(ColumnType("float"), dtype.type, name)
    if pa.types.is_boolean(arrow):
        return Storage(ColumnType("boolean"), dtype.type, name)
    if pa.types.is_decimal(arrow) and arrow.scale >= 0:
        return Storage(ColumnType("decimal", arrow.precision, arrow.scale), dtype.type, name)
    if pa.types.is_date32(arrow):
        return Storage(ColumnType("date"), dtype.type, name)
    if pa.types.is_time64(arrow):
        return Storage(ColumnType("time"), dtype.type, name)
    if pa.types.is_timestamp(arrow):
        return _timestamp(dtype.type, name, zone=arrow.tz, narrow=arrow.unit == "ns")
    raise _unknown(dtype, where)


def _of_pandas(dtype: Any, where: str) -> Storage:
    from pandera import dtypes

    name, nullable = str(dtype), getattr(dtype.type, "kind", "O") not in "iub" or hasattr(dtype.type, "na_value")
    if isinstance(dtype, dtypes.Category):
        categories = None if dtype.categories is None else tuple(dtype.categories)
        if categories is not None and not all(isinstance(category, str) for category in categories):
            raise _unknown(dtype, where)
        return Storage(TEXT, dtype.type, name, categories=categories)
    if isinstance(dtype, dtypes.Bool):
        return Storage(ColumnType("boolean"), dtype.type, name, holds_null=nullable)
    if isinstance(dtype, dtypes.Int):
        storage = _integer(dtype.type, name, bits=dtype.bit_width or _INT64_BITS, signed=bool(dtype.signed))
        return Storage(storage.type, dtype.type, name, limits=storage.limits, holds_null=nullable)
    if isinstance(dtype, dtypes.Float):
        return Storage(ColumnType("float"), dtype.type, name)
    if isinstance(dtype, dtypes.Decimal):
        return Storage(ColumnType("decimal", min(dtype.precision, _WIDEST), dtype.scale), dtype.type, name)
    if isinstance(dtype, dtypes.Timestamp):
        zone = getattr(dtype.type, "tz", None)
        return _timestamp(dtype.type, name, zone=None if zone is None else str(zone), narrow="[ns" in str(dtype.type))
    if isinstance(dtype, dtypes.Date):
        return Storage(ColumnType("date"), dtype.type, name)
    if isinstance(dtype, dtypes.String) or name == "object":
        return Storage(TEXT, dtype.type, name)
    raise _unknown(dtype, where)


def _integer(dtype: Any, name: str, *, bits: int, signed: bool) -> Storage:
    limits = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    if bits == _INT64_BITS:
        if signed:
            return Storage(ColumnType("integer"), dtype, name)
        return Storage(ColumnType("decimal", 20, 0), dtype, name, limits=limits)
    return Storage(ColumnType("integer"), dtype, name, limits=limits)


def _timestamp(dtype: Any, name: str, *, zone: str | None, narrow: bool) -> Storage:
    limits = _NANOSECONDS if narrow else None
    return Storage(ColumnType("timestamp", zoned=zone is not None), dtype, name, timezone=zone, limits=limits)


def _unknown(dtype: Any, where: str) -> ConfigurationError:
    return ConfigurationError(
        f"the type {dtype} cannot be read from a CSV file",
        where=where,
        choices=(
            "text",
            "integers",
            "floats",
            "decimals",
            "booleans",
            "dates",
            "times",
            "timestamps",
            "categories of text",
        ),
    )
