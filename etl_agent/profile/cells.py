"""The cells of a batch, encoded once for all that a profile asks of them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from etl_agent.batch import as_mask
from etl_agent.hashing import hash_cells
from etl_agent.profile.sketches import Hashes
from etl_agent.profile.spelled import Spelled

__all__ = ["Cells", "RowHashes", "hashed"]

_NONE = np.zeros(0, np.int32)


@dataclass(frozen=True)
class Cells:
    """The cells of a column of text.

    Args:
        spelled: the distinct values, with the rows of each.
        codes: for each cell the place of its value; the number of values for a null.
    """

    spelled: Spelled
    codes: NDArray[np.int32]

    @staticmethod
    def of(text: pa.Array) -> Cells:
        """Encode a column (``pa.string()``)."""
        encoded = text.dictionary_encode()
        size = len(encoded.dictionary)
        codes = np.frombuffer(encoded.indices.buffers()[1], np.int32)[: len(text)] if len(text) else _NONE
        if encoded.indices.null_count:
            codes = np.where(as_mask(encoded.indices.is_valid()), codes, np.int32(size))
        return Cells(Spelled(encoded.dictionary, np.bincount(codes, minlength=size)[:size].astype(np.int64)), codes)

    @property
    def nulls(self) -> int:
        """Cells without a value."""
        return len(self.codes) - int(self.spelled.rows.sum())

    @cached_property
    def hashes(self) -> Hashes:
        """The hash of each distinct value."""
        return hashed(self.spelled.values)


@dataclass(frozen=True)
class RowHashes:
    """The hashes of whole rows, which neither the order of columns nor one without a value changes."""

    sums: Hashes

    def add(self, name: str, cells: Cells) -> None:
        """Add the cells of a column to the rows."""
        salt = np.uint64(zlib.crc32(name.encode()) * 0x9E3779B97F4A7C15 % 2**64)
        self.sums[:] += np.append(_mixed(cells.hashes + salt), np.uint64(0))[cells.codes]

    @property
    def hashes(self) -> Hashes:
        """The hash of each row."""
        return _mixed(self.sums)


def hashed(values: pa.StringArray) -> Hashes:
    """Return the hash of each value."""
    return _mixed(hash_cells(values)) if len(values) else np.zeros(0, np.uint64)


def _mixed(hashes: Hashes) -> Hashes:
    """Spread hashes evenly over 64 bits (the finaliser of SplitMix64), which estimates rely on."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))
