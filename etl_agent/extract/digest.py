"""The SHA-256 of a file's decompressed bytes, its identity under any name and packing."""

from __future__ import annotations

import hashlib

from etl_agent.extract.source import Stream

__all__ = ["HashedStream", "digest_of"]

_STEP = 1 << 20


class HashedStream:
    """A stream whose bytes are hashed as they are read.

    Args:
        stream: the file from its first byte on.
        wanted: whether to hash at all.
    """

    def __init__(self, stream: Stream, *, wanted: bool) -> None:
        self._stream = stream
        self._hash = hashlib.sha256() if wanted else None

    def read(self, size: int, /) -> bytes:
        """Read so many bytes, fewer only at the end."""
        part = self._stream.read(size)
        if self._hash is not None:
            self._hash.update(part)
        return part

    def pass_over(self, size: int) -> None:
        """Read so many bytes for the digest only."""
        while size > 0 and (part := self.read(min(size, _STEP))):
            size -= len(part)

    def digest(self) -> str | None:
        """Return the digest of what was read, in hexadecimal digits; None if it was not wanted."""
        return None if self._hash is None else self._hash.hexdigest()


def digest_of(stream: Stream) -> str:
    """Read a stream to its end and return its digest, in hexadecimal digits."""
    digest = hashlib.sha256()
    while part := stream.read(_STEP):
        digest.update(part)
    return digest.hexdigest()
