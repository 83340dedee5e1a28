"""Writing of batches as one RFC 4180 file that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.errors import CannotCreate, CannotWrite, PermissionRefused

__all__ = ["CsvWriter"]

_PACKINGS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
_SPECIAL = r'^$|[",\r\n]|^\x{FEFF}'


class CsvWriter:
    """Write batches of text as UTF-8, with commas, LF line ends and quotes where they are needed.

    Null is written as nothing and the empty string as ``""``, so reading the file gives back the same cells. In a
    file of one column a null is therefore an empty line, which reads back with ``blank_lines: null``.

    A path is written by way of a temporary file in the same folder, which takes the path's place when the ``with``
    block ends well and is removed when it does not. A path that ends in .gz, .zst or .bz2 is compressed. A path that
    is no regular file (a pipe, ``/dev/stdout``) and a file object are written directly.

    Args:
        target: the path, or a binary file object, which is left open.
        names: the columns.
        header: whether the first line names them; no for a copy of a file that had no header.

    Raises:
        CannotCreate: the folder does not exist, or the path is a folder.
        PermissionRefused: the folder or file may not be written.
        CannotWrite: the disk is full or fails.
    """

    def __init__(self, target: Path | IO[bytes], names: Sequence[str], *, header: bool = True) -> None:
        self._names = tuple(names)
        self._target = target.resolve() if isinstance(target, Path) else None
        self._part: Path | None = None
        self._file: IO[bytes] = self._create(target.resolve()) if isinstance(target, Path) else target
        packing = _PACKINGS.get(self._target.suffix.lower()) if self._target is not None else None
        sink = pa.PythonFile(self._file, mode="w")
        self._sink: Any = pa.CompressedOutputStream(sink, packing) if packing is not None else sink
        self._packed = packing is not None
        self.rows = 0
        """Rows written so far."""
        if header:
            self._guarded(self._sink.write, _header(self._names))

    def write(self, data: pa.RecordBatch) -> None:
        """Append the rows of a batch; its columns must be those that the writer was made with."""
        if tuple(data.schema.names) != self._names:
            raise ValueError(f"the batch has columns {data.schema.names}, the file {list(self._names)}")
        if len(data):
            self._guarded(self._sink.write, _text(data))
            self.rows += len(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.discard()
        else:
            self.close()

    def close(self) -> None:
        """Finish the file and put it in its place."""
        self._guarded(self._finish)

    def discard(self) -> None:
        """Remove what was written; whatever the path held before stays as it is."""
        with contextlib.suppress(OSError):  # a full disk does not take the end of a compressed stream either
            if self._packed:
                self._sink.close()
        with contextlib.suppress(OSError):
            if self._target is not None:
                self._file.close()
        with contextlib.suppress(OSError):
            if self._part is not None:
                self._part.unlink(missing_ok=True)

    def _create(self, path: Path) -> IO[bytes]:
        try:
            if path.is_dir():
                raise CannotCreate("this is a folder", where=str(path))
            if path.exists() and not path.is_file():
                return path.open("wb")
            part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
            file = part.open("xb")
        except PermissionError as error:
            raise PermissionRefused("the file may not be written", where=str(path)) from error
        except OSError as error:
            raise CannotCreate(f"the file cannot be created: {error.strerror}", where=str(path)) from error
        self._part = part
        return file

    def _finish(self) -> None:
        if self._packed:
            self._sink.close()  # writes the end of the compressed stream, and closes the file
        else:
            self._sink.flush()
        if self._target is None:
            return
        if not self._file.closed:
            self._file.close()
        if self._part is not None:
            with self._part.open("rb") as written:
                os.fsync(written.fileno())
            self._part.replace(self._target)

    def _guarded(self, act: Any, *arguments: Any) -> None:
        try:
            act(*arguments)
        except BrokenPipeError:
            raise
        except OSError as error:
            self.discard()
            where = str(self._target) if self._target is not None else None
            raise CannotWrite(f"writing failed: {error.strerror or error}", where=where) from error


def _header(names: Sequence[str]) -> bytes:
    return bytes(_text(pa.RecordBatch.from_pydict({str(at): [name] for at, name in enumerate(names)})))


def _text(data: pa.RecordBatch) -> memoryview:
    """Return the rows as CSV text; Arrow's own writer would quote every cell."""
    lines = pc.binary_join_element_wise(*(_cells(column) for column in data.columns), ",")
    lines = pc.binary_join_element_wise(lines, "\n", "")
    _, ends, text = lines.buffers()
    offsets = memoryview(ends).cast("i")
    return memoryview(text)[offsets[lines.offset] : offsets[lines.offset + len(lines)]]


def _cells(column: pa.StringArray) -> pa.StringArray:
    special = pc.match_substring_regex(column, _SPECIAL)
    if pc.any(special).as_py():
        quoted = pc.binary_join_element_wise('"', pc.replace_substring(column, '"', '""'), '"', "")
        column = pc.if_else(special, quoted, column)
    return pc.fill_null(column, "")
