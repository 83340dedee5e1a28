"""The raw bytes of records: from the blocks of a batch while it lives, and from the file afterwards."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

import numpy as np

from etl_agent.batch import Positions
from etl_agent.errors import TryLater
from etl_agent.extract.source import Stream

__all__ = ["HeldBlocks", "read_at"]

_STEP = 1 << 20


class HeldBlocks:
    """Give raw bytes out of the blocks that a batch was read from, without copying more than what is asked for.

    Args:
        blocks: byte of the file at which each block begins and its bytes, in file order.
    """

    def __init__(self, blocks: Sequence[tuple[int, bytes]]) -> None:
        self._at = [at for at, _ in blocks]
        self._bytes = [raw for _, raw in blocks]

    def __call__(self, offsets: Positions, lengths: Positions) -> list[bytes]:
        """Return the bytes at each offset in the file."""
        found: list[bytes] = []
        for offset, length in zip(offsets.tolist(), lengths.tolist(), strict=True):
            block = bisect.bisect_right(self._at, offset) - 1
            start = offset - self._at[block]
            found.append(self._bytes[block][start : start + length])
        return found


def read_at(stream: Stream, offsets: Positions, lengths: Positions) -> list[bytes]:
    """Read pieces of a stream in one forward pass, in whatever order they are asked for; pieces may overlap.

    Args:
        stream: the file from its first byte on.
        offsets: first byte of each piece in the file.
        lengths: bytes of each piece.

    Raises:
        TryLater: the file is shorter than it was.
    """
    found = [b""] * len(offsets)
    held, at = b"", 0  # the bytes from ``at`` on that were read and may be asked for again
    for place in np.argsort(offsets, kind="stable").tolist():
        offset, length = int(offsets[place]), int(lengths[place])
        if offset >= at + len(held):
            stream.skip(offset - at - len(held))
            held, at = b"", offset
        elif offset > at:
            held, at = held[offset - at :], offset
        if length > len(held):
            held += stream.read(max(length - len(held), _STEP))
        if length > len(held):
            raise TryLater("the file became shorter while it was read")
        found[place] = held[:length]
    return found
