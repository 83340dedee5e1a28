"""A DataFrame as a dataset: its values as exact text, in a temporary file that is read like any other."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.errors import CannotWrite, FileRefused
from etl_agent.extract.dataset import Dataset
from etl_agent.extract.reader import Rules
from etl_agent.extract.source import sources_of
from etl_agent.extract.spec import Extract
from etl_agent.extract.writer import CsvWriter

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_dataset", "text_of"]

_ROWS = 100_000
_MOST_CELL_BYTES = 8 << 20


def frame_dataset(frame: pd.DataFrame, *, name: str, scratch: Path | None = None) -> Dataset:
    """Write a DataFrame to a temporary file and open that as a dataset.

    Raises:
        FileRefused: it has no columns, or their labels are not names that can be told apart.
        CannotWrite: the temporary folder is full.
    """
    names = [str(label) for label in frame.columns]
    if not names:
        raise FileRefused("the DataFrame has no columns", where=name)
    with ExitStack() as opening:
        try:
            folder = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="frame-", dir=scratch)))
        except OSError as error:
            raise CannotWrite(f"no temporary folder can be made: {error.strerror}") from error
        path = folder / "frame.csv"
        with CsvWriter(path, names) as writer:
            for batch in _batches(frame, names):
                writer.write(batch)
        spec = Extract(
            files=(str(path),),
            encoding="utf-8",
            delimiter=",",
            quote='"',
            preamble=0,
            blank_lines="null",
            max_cell_bytes=_MOST_CELL_BYTES,
        )
        rules = Rules(blank_is_null=True, max_cell=_MOST_CELL_BYTES, lines=_MOST_CELL_BYTES)
        (source,) = sources_of(path, name=name, scratch=folder)
        closing = ExitStack()
        dataset = Dataset(spec, [source], rules=rules, closing=closing)
        closing.push(opening.pop_all())
    return dataset


def _batches(frame: pd.DataFrame, names: list[str]) -> Iterator[pa.RecordBatch]:
    schema = pa.schema([pa.field(str(place), pa.string()) for place in range(len(names))])
    for start in range(0, len(frame), _ROWS):
        part = frame.iloc[start : start + _ROWS]
        columns = [_column(part.iloc[:, place]) for place in range(len(names))]
        batch = pa.RecordBatch.from_arrays(columns, schema=schema)
        yield batch.rename_columns(names)


def _column(series: pd.Series[Any]) -> pa.Array:
    """Return a column as text: by kernel where its type has one exact text, value by value where it has not."""
    missing = series.isna().to_numpy()
    if series.dtype.kind in "iub" and not missing.any():
        return pc.cast(pa.Array.from_pandas(series), pa.string())
    texts = [None if gone else text_of(value) for value, gone in zip(series.tolist(), missing.tolist(), strict=True)]
    return pa.array(texts, pa.string())


def text_of(value: Any) -> str:
    """Write a value so that nothing of it is lost.

    >>> text_of(True), text_of(Decimal("1.10")), text_of(datetime(2025, 4, 3, 12, 30))
    ('true', '1.10', '2025-04-03 12:30:00')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value)
