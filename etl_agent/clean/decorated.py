"""Slips around numbers: what stands before, between and behind them (12 visitors, 5 Mill Lane), as texts of its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from etl_agent.clean.channel import Channel
from etl_agent.clean.spelling import changed
from etl_agent.clean.vocabulary import Vocabulary, vocabulary_of

__all__ = ["decoration_of", "undecorated"]

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_HOLE = "0"  # stands for any number: a digit, since slips are not looked for in digits
_NUMBERED = 0.5  # share of the rows with a number: fewer, and numbers are no part of the values' form
_FEWER = 0.5  # of the values: with more different texts around their numbers than that, values hardly share any


def decoration_of(counts: Mapping[str, int], *, channel: Channel | None = None) -> Vocabulary:
    """Learn from the values of a column what stands around their numbers, and what is a slip there.

    Args:
        counts: rows of each value.
        channel: what is known of the slips of the dataset from other columns.
    """
    around: Counter[str] = Counter()
    numbered = 0
    for value, rows in counts.items():
        text = _NUMBER.sub(_HOLE, value)
        around[text] += rows
        numbered += rows if _HOLE in text else 0
    if len(around) > _FEWER * len(counts) or numbered < _NUMBERED * around.total():
        return Vocabulary()
    return vocabulary_of(around, channel=channel)


def undecorated(value: str, decoration: Vocabulary) -> str | None:
    """Return a value with what stands around its numbers corrected, or None; its numbers stay as they are.

    A sign beside a number that no other one replaces may hide a digit of it (9x %), so nothing is done there.
    """
    text = _NUMBER.sub(_HOLE, value)
    meant = decoration.corrected(text) if _HOLE in text else None
    if meant is None or meant.count(_HOLE) != text.count(_HOLE):
        return None
    start, wrong, right = changed(text, meant)
    beside = text[max(start - 1, 0) : start + wrong + 1]
    if wrong > right and _HOLE in beside:
        return None
    numbers = iter(_NUMBER.findall(value))
    return "".join(next(numbers) if sign == _HOLE else sign for sign in meant)
