"""The bytes of one input, unpacked: files, members of archives, and spooled pipes, bounded and watched for change."""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Protocol, Self, cast

import pyarrow as pa

from etl_agent.errors import CannotWrite, FileRefused, NoInput, PermissionRefused, TryLater

__all__ = ["Limits", "Source", "Stream", "sources_of", "spool"]

Packing = Literal["plain", "gzip", "zstd", "bz2", "xz", "zip"]

_MAGIC: tuple[tuple[bytes, Packing], ...] = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
)
_BZ2 = b"1AY&SY"  # stands at the fourth byte
_RATIO_GRACE = 64 << 20  # bytes; small files may be packed as tightly as they like
_COPY = 1 << 20


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a compressed file may unpack.

    Args:
        size: bytes in all.
        ratio: times the compressed size, once 64 MiB have been unpacked.
    """

    size: int
    ratio: float


@dataclass(frozen=True, slots=True)
class Source:
    """One input that can be read again and again.

    Args:
        name: what users know it by.
        path: the file that holds it.
        packing: how it is packed.
        member: its name within a zip file.
        packed_size: bytes as they lie in the file.
        identity: device, inode, size (bytes) and time of change (ns) of the file when it was first seen.
    """

    name: str
    path: Path
    packing: Packing
    member: str | None
    packed_size: int
    identity: tuple[int, int, int, int]

    def open(self, limits: Limits) -> Stream:
        """Open it for one pass from the first byte to the last."""
        with _mapped(self.name), ExitStack() as stack:
            file = stack.enter_context(self.path.open("rb", buffering=0))
            if _identity(os.fstat(file.fileno())) != self.identity:
                raise _changed(self.name)
            unpacked = stack.enter_context(_unpacked(file, self.packing, self.member))
            return Stream(self, unpacked, limits=limits, closing=stack.pop_all())


class Stream:
    """One pass over the unpacked bytes of a source."""

    def __init__(self, source: Source, unpacked: _Readable, *, limits: Limits, closing: ExitStack) -> None:
        self._source = source
        self._unpacked = unpacked
        self._closing = closing
        self._packed = source.packing != "plain"
        ratio_bound = max(_RATIO_GRACE, int(source.packed_size * limits.ratio))
        self._limits = limits
        self._bound = min(limits.size, ratio_bound) if self._packed else sys.maxsize
        self.size = 0
        """Bytes read so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, size: int) -> bytes:
        """Read so many bytes, fewer only at the end, where none are left and the file must be unchanged.

        Raises:
            FileRefused: the file is truncated or damaged, or unpacks to more than is allowed.
            TryLater: the file changed since it was first seen.
        """
        parts: list[bytes] = []
        left = size
        with _mapped(self._source.name):
            while left and (part := self._unpacked.read(left)):
                parts.append(part)
                left -= len(part)
        self.size += size - left
        if self.size > self._bound:
            raise self._too_large()
        if left:
            self._check_unchanged()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def skip(self, size: int) -> None:
        """Pass over so many bytes."""
        if not self._packed:
            cast(IO[bytes], self._unpacked).seek(size, os.SEEK_CUR)
            self.size += size
            return
        while size > 0 and (part := self.read(min(size, _COPY))):
            size -= len(part)

    def close(self) -> None:
        """Close the file."""
        self._closing.close()

    def _check_unchanged(self) -> None:
        source = self._source
        try:
            now = _identity(source.path.stat())
        except FileNotFoundError as error:
            raise _changed(source.name) from error
        if now != source.identity or (not self._packed and self.size != source.packed_size):
            raise _changed(source.name)

    def _too_large(self) -> FileRefused:
        if self._bound == self._limits.size:
            return FileRefused(
                f"it unpacks to more than {self._limits.size:,} bytes (max_decompressed_bytes)", where=self._source.name
            )
        return FileRefused(
            f"it unpacks to more than {self._limits.ratio:g} times its {self._source.packed_size:,} bytes (max_ratio)",
            where=self._source.name,
        )


def sources_of(path: Path, *, name: str, scratch: Path) -> tuple[Source, ...]:
    """Look at a file and return the inputs that it holds: one, or each member of a zip file, sorted by name.

    A pipe is copied to the scratch folder first, because it can be read only once.

    Args:
        path: the file.
        name: what users know it by.
        scratch: an existing folder for the copy of a pipe.

    Raises:
        NoInput: there is no such file, or it is no regular file and no pipe.
        PermissionRefused: it may not be read.
        FileRefused: it is a zip file that is damaged, encrypted, or holds no file.
    """
    with _mapped(name):
        if stat.S_ISFIFO(path.stat().st_mode):
            with path.open("rb") as pipe:
                path = spool(pipe, scratch=scratch)
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise NoInput("this is no regular file", where=name)
            packing = _packing(file.read(10))
        if packing == "zip":
            return _members(path, name=name, identity=_identity(status))
        return (Source(name, path, packing, None, status.st_size, _identity(status)),)


def spool(pipe: IO[bytes], *, scratch: Path) -> Path:
    """Copy what can be read only once to a new file in the scratch folder.

    Raises:
        CannotWrite: the disk is full or fails.
    """
    try:
        with tempfile.NamedTemporaryFile(dir=scratch, prefix="spool-", delete=False) as copy:
            shutil.copyfileobj(pipe, copy, _COPY)
    except OSError as error:
        raise CannotWrite(f"the input cannot be copied to the scratch folder: {error.strerror}") from error
    return Path(copy.name)


def _packing(head: bytes) -> Packing:
    for magic, packing in _MAGIC:
        if head.startswith(magic):
            return packing
    return "bz2" if head.startswith(b"BZh") and head[4:10] == _BZ2 else "plain"


def _members(path: Path, *, name: str, identity: tuple[int, int, int, int]) -> tuple[Source, ...]:
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    if not infos:
        raise FileRefused("the zip file holds no file", where=name)
    if any(info.flag_bits & 1 for info in infos):
        raise FileRefused("the zip file is encrypted", where=name)
    if len({info.filename for info in infos}) < len(infos):
        raise FileRefused("the zip file holds two files of the same name", where=name)
    infos.sort(key=lambda info: info.filename)
    shown = [name] if len(infos) == 1 else [f"{name}/{info.filename}" for info in infos]
    return tuple(
        Source(label, path, "zip", info.filename, info.compress_size, identity)
        for label, info in zip(shown, infos, strict=True)
    )


@contextmanager
def _unpacked(file: IO[bytes], packing: Packing, member: str | None) -> Iterator[_Readable]:
    """Wrap a file in what unpacks it; every one of these refuses a truncated file and checks its checksums."""
    match packing:
        case "plain":
            yield file
        case "xz":
            with lzma.LZMAFile(file) as unpacked:
                yield unpacked
        case "zip":
            with zipfile.ZipFile(file) as archive, archive.open(cast(str, member)) as unpacked:
                yield cast(_Readable, unpacked)
        case _:
            with pa.CompressedInputStream(pa.PythonFile(file, mode="r"), packing) as unpacked:
                yield cast(_Readable, unpacked)


@contextmanager
def _mapped(name: str) -> Iterator[None]:
    """Turn the errors of the system and of the unpackers into ours."""
    try:
        yield
    except FileNotFoundError as error:
        raise NoInput("there is no such file", where=name) from error
    except PermissionError as error:
        raise PermissionRefused("the file may not be read", where=name) from error
    except IsADirectoryError as error:
        raise NoInput("this is a folder", where=name) from error
    except (EOFError, lzma.LZMAError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise FileRefused(f"the compressed file is truncated or damaged ({error})", where=name) from error
    except OSError as error:
        if error.errno is None:  # Arrow's unpackers say so without a number of the system
            raise FileRefused(f"the compressed file is truncated or damaged ({error})", where=name) from error
        raise NoInput(f"the file cannot be read: {error.strerror}", where=name) from error


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _changed(name: str) -> TryLater:
    return TryLater("the file changed while it was read", where=name)
