"""Tell early which rows are certainly the first of their key, so that they can go straight to the table."""

from __future__ import annotations

import numpy as np

from etl_agent.batch import Mask
from etl_agent.keys import Hashes

__all__ = ["Sieve"]

_BITS = 28  # 2**28 bits are 32 MiB; with two bits a key, 5 million keys leave 0.05 % of the rows in doubt


class Sieve:
    """Remember keys in a fixed number of bits: it may doubt a new key, but never trusts a repeated one.

    A row in doubt is held back until all keys are compared exactly.

    Source: B. H. Bloom, Space/Time Trade-offs in Hash Coding with Allowable Errors, CACM 13(7), 1970.
    """

    def __init__(self, *, bits: int = _BITS) -> None:
        self._shift = np.uint64(64 - bits)
        self._seen = np.zeros(1 << (bits - 3), np.uint8)

    def doubts(self, hashes: Hashes) -> Mask:
        """Remember the keys of a batch and return the rows that may not be the first of theirs.

        Args:
            hashes: one pair of hashes a row; batches come in dataset order.
        """
        doubt = np.ones(len(hashes), np.bool_)
        doubt[np.unique(hashes[:, 0], return_index=True)[1]] = False
        known = np.ones(len(hashes), np.bool_)
        for column in range(2):
            place = hashes[:, column] >> self._shift
            known &= (self._seen[place >> np.uint64(3)] & _bit(place)) != 0
        for column in range(2):
            place = hashes[:, column] >> self._shift
            np.bitwise_or.at(self._seen, place >> np.uint64(3), _bit(place))
        return doubt | known


def _bit(place: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.left_shift(np.uint8(1), (place & np.uint64(7)).astype(np.uint8))
