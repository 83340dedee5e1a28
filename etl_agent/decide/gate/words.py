"""Whether values of several words hold a slip of the pen in one of them, judged by the words of the column."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from etl_agent.decide.gate.effect import ColumnEffect
from etl_agent.decide.gate.likeness import Slips, slip_odds

__all__ = ["word_odds"]

_WORD = re.compile(r"\w+(?:['\u2019]\w+)?")
_MOST_CHARACTERS = 400_000  # of a column that its words are taken from
_LONGEST = 400  # characters of a value that is looked into
_SLIPS = 2  # words of a value that may hold a slip
_SHORT = 4  # letters of a word that can hold one: shorter words are alike by chance


def word_odds(effect: ColumnEffect, places: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return for some changes the log odds that each word that changes was a slip for the new one; -inf if not.

    Args:
        effect: the changes of one column.
        places: of the different changes that are judged.
    """
    pairs = effect.pairs
    odds = np.full(len(places), -np.inf)
    changed = [
        _changed(old, new)
        for old, new in zip(effect.texts(pairs.before[places]), effect.texts(pairs.after[places]), strict=True)
    ]
    if not any(changed):
        return odds
    words = _words(effect)
    for pair in (pair for each in changed for pair in each):
        for word in pair:
            words.setdefault(word, 0)
    at = {word: place for place, word in enumerate(words)}
    slips = Slips(list(words), np.array(list(words.values()), np.int64))
    flat = sorted({pair for each in changed for pair in each})
    old, new = (np.array([at[pair[side]] for pair in flat], np.int64) for side in (0, 1))
    found, can = slip_odds(slips, old, new)
    of_pair = {pair: float(odd) if able else -np.inf for pair, odd, able in zip(flat, found, can, strict=True)}
    for place, each in enumerate(changed):
        if each:
            odds[place] = min(of_pair[pair] for pair in each)
    return odds


def _changed(old: str, new: str) -> list[tuple[str, str]]:
    """Return the words that change between two values; none where more changes than a slip or two."""
    if max(len(old), len(new)) > _LONGEST or _WORD.sub("", old) != _WORD.sub("", new):
        return []
    before, after = _WORD.findall(old.casefold()), _WORD.findall(new.casefold())
    if len(before) != len(after):
        return []
    differ = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    if len(before) < 2 or len(differ) > _SLIPS or any(min(map(len, pair)) < _SHORT for pair in differ):
        return []
    return differ


def _words(effect: ColumnEffect) -> dict[str, int]:
    """Count the words of the column by the different values that they stand in."""
    held = np.flatnonzero(effect.counts > 0)
    texts = effect.texts(held)
    every = max(sum(min(len(text), _LONGEST) for text in texts) // _MOST_CHARACTERS, 1)
    counts: Counter[str] = Counter()
    for text in texts[::every]:
        counts.update(set(_WORD.findall(text[:_LONGEST].casefold())))
    return dict(counts)
