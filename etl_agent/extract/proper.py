"""Which physical lines are proper records on their own, judged for a whole block at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etl_agent.batch import Mask
from etl_agent.extract.lines import Block
from etl_agent.extract.record import Grammar

__all__ = ["Doubts", "doubt"]


@dataclass(frozen=True, slots=True)
class Doubts:
    """What speaks against lines; every mask is as long as the block, or None where nothing does.

    Args:
        quotes: quotes that are odd in number or out of place.
        odd: quotes that are odd in number.
        nul: a NUL byte.
        undecodable: bytes that are not valid in the encoding.
        long: more bytes than a cell may have.
    """

    quotes: Mask | None
    odd: Mask | None
    nul: Mask | None
    undecodable: Mask | None
    long: Mask | None

    def any(self, lines: int) -> Mask:
        """Return the lines that anything speaks against."""
        masks = [mask for mask in (self.quotes, self.nul, self.undecodable, self.long) if mask is not None]
        return np.logical_or.reduce(masks) if masks else np.zeros(lines, bool)


def doubt(block: Block, grammar: Grammar, *, max_cell: int) -> Doubts:
    """Find the lines that must be read with care; every other line is a whole record, of whatever width.

    Args:
        block: the lines.
        grammar: the delimiter and the quote.
        max_cell: the most bytes of a cell.
    """
    quotes, odd = _quotes(block, grammar)
    long = block.ends - block.starts > max_cell
    return Doubts(quotes, odd, _nul(block), block.undecodable, long if long.any() else None)


def _nul(block: Block) -> Mask | None:
    if b"\0" not in block.text:
        return None
    mask = np.zeros(len(block), bool)
    places = np.flatnonzero(np.frombuffer(block.text, np.uint8) == 0)
    mask[np.searchsorted(block.starts, places, side="right") - 1] = True
    return mask


def _quotes(block: Block, grammar: Grammar) -> tuple[Mask | None, Mask | None]:
    """Judge each quote by its neighbours: the first of a line opens a cell, the second closes it, and so on.

    One that opens stands after a delimiter, at the start of the line, or after a quote (which makes the two an
    escaped one); one that closes stands before a delimiter, at the end of the line, or before a quote.
    """
    if grammar.quote is None or grammar.quote.encode() not in block.text:
        return None, None
    quote, part = ord(grammar.quote), ord(grammar.part)
    text = np.frombuffer(block.text, np.uint8)
    places = np.flatnonzero(text == quote)
    line = np.searchsorted(block.ends, places, side="right")
    number = np.bincount(line, minlength=len(block))
    first = np.cumsum(number) - number  # how many quotes stand before each line
    closes = (np.arange(len(places)) - first[line]) & 1
    before = text[np.maximum(places - 1, 0)]
    after = text[places + 1]  # the text ends in a line end
    opening = (before == part) | (before == quote) | (places == block.starts[line])
    if grammar.spaced:
        opening |= (before == ord(" ")) & (text[np.maximum(places - 2, 0)] == part) & (places - 2 >= block.starts[line])
    closing = (after == part) | (after == quote) | (places + 1 == block.ends[line])
    odd = (number & 1).astype(bool)
    wrong = odd.copy()
    wrong[line[~np.where(closes, closing, opening)]] = True
    return wrong, odd
