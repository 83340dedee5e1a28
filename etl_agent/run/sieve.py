"""Tell early which rows are certainly the first of their key, so that they can go straight to the table."""

from __future__ import annotations

import numpy as np

from etl_agent.batch import Mask
from etl_agent.keys import Hashes

__all__ = ["Sieve"]

_BITS = 28  # 2**28 bits are 32 MiB; 5 million keys leave 1 % of the rows in doubt, 20 million 4 %


class Sieve:
    """Remember keys in a fixed number of bits: it may doubt a new key, but never trusts a repeated one.

    A row in doubt is held back until all keys are compared exactly.

    Source: B. H. Bloom, Space/Time Trade-offs in Hash Coding with Allowable Errors, CACM 13(7), 1970, with one bit a
    key: a second one would halve the doubts and double the cost.
    """

    def __init__(self, *, bits: int = _BITS) -> None:
        self._shift = np.uint64(64 - bits)
        self._seen = np.zeros(1 << (bits - 3), np.uint8)

    def doubts(self, hashes: Hashes) -> Mask:
        """Remember the keys of a batch and return the rows that may not be the first of theirs.

        Args:
            hashes: one pair of hashes a row; batches come in dataset order.
        """
        order = np.argsort(hashes[:, 0])  # sorted, the bits are looked up and set from one end of memory to the other
        keys = hashes[order, 0]
        place = keys >> self._shift
        byte = (place >> np.uint64(3)).astype(np.int64)
        bit = np.left_shift(np.uint8(1), (place & np.uint64(7)).astype(np.uint8))
        doubt = (self._seen[byte] & bit) != 0
        again = keys[1:] == keys[:-1]
        doubt[1:] |= again
        doubt[:-1] |= again  # which of them came first is told at the end
        if len(byte):
            starts = np.flatnonzero(np.diff(byte, prepend=-1))
            self._seen[byte[starts]] |= np.bitwise_or.reduceat(bit, starts)
        found = np.empty(len(doubt), np.bool_)
        found[order] = doubt
        return found
