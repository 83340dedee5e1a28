"""How alike two values are, and what that says: is the one the other misspelled, or a value of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

__all__ = ["closest", "edits", "likeness", "one_slip", "soils", "weigh"]

_LONGEST = 256  # characters that are compared: bounds the work for long, hostile values
_MOST = 300  # values that are compared with each other; the neighbours of a few hundred show how dense a column is
_WIDEST = 1 / 3  # of two texts that differ in more than a third of their letters nobody says that one is misspelled
_OTHER_WORD = 1 / 2  # share of edits beyond which a word is another one
_BINS = 16  # distances up to that which are told apart
_MISSPELT = 0.5  # share of errors that are misspellings: the rest are other values, and nothing is known of the mix
_MOST_ODDS = 100.0  # how much likelier a misspelling may seem at most: the column may hold what was not seen
_DIGITS = re.compile(r"[0-9]+")
_NO_DIGITS = re.compile(r"[^0-9]+")
_NO_LETTERS = re.compile(r"[\W\d_]+")


def edits(one: str, other: str) -> float:
    """Tell which share of the characters must be inserted, deleted, replaced or swapped to turn one into the other.

    Values that differ in nothing but digits count as wholly different, whatever signs and blanks stand around these:
    every number is a word of its own, and ``A1``, be it ``A1*``, is no misspelling of ``A2``. So do those of as many
    words, one of which is another word, and those of which the one has words more, be the others misspelled or not:
    neither ``Lois Olson`` nor ``Olsen & Son`` is ``Tom Olson`` or ``Olson`` misspelled. Words run together, or torn
    apart, are none more.

    Returns:
        A share between 0 and 1.
    """
    words, others = one[:_LONGEST].split(), other[:_LONGEST].split()
    one, other = " ".join(words), " ".join(others)
    if one == other:
        return 0.0
    if not one or not other or _differ_in_numbers(one, other):
        return 1.0
    if len(words) == len(others) > 1:
        if not all(map(_alike, words, others)):
            return 1.0
    elif len(words) != len(others) and not one_slip("".join(words), "".join(others)):
        fewer, more = sorted((words, others), key=len)
        if _among(fewer, more):
            return 1.0
    distance, length = OSA.distance(one, other), max(len(one), len(other))
    return min(distance / length, _WIDEST) if distance == 1 < length else distance / length


def _shares(distances: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.float64]:
    """Turn distances into shares of edits; one slip counts for no more than the widest share, but in single letters."""
    shares = distances / np.maximum(lengths, 1)
    slip = (distances == 1) & (lengths > 1)
    return np.asarray(np.where(slip, np.minimum(shares, _WIDEST), shares), np.float64)


def _differ_in_numbers(one: str, other: str) -> bool:
    """Tell whether two different values are the same but for digits, or but for as many digits and any signs."""
    if _DIGITS.sub("", one) == _DIGITS.sub("", other):
        return True
    mine, yours = _NO_DIGITS.sub("", one), _NO_DIGITS.sub("", other)
    return len(mine) == len(yours) and mine != yours and _NO_LETTERS.sub("", one) == _NO_LETTERS.sub("", other)


def _alike(word: str, other: str) -> bool:
    """Tell whether two words may be one, misspelled."""
    return bool(OSA.distance(word, other) <= _OTHER_WORD * max(len(word), len(other)))


def _among(words: Sequence[str], others: Sequence[str]) -> bool:
    """Tell whether all words stand among the others, in this order, be it misspelled."""
    rest = iter(others)
    return all(any(_alike(word, other) for other in rest) for word in words)


def soils(value: str, winner: str) -> bool:
    """Tell whether the winner is the very value with signs or blanks more, or has some at its ends or hidden in it.

    Then it is rather the winner that is wrong, however many rows have it: an error may be systematic.
    """
    if winner != winner.strip() or not winner.isprintable():
        return True
    return len(winner) > len(value) and _stem(value) == _stem(winner)


def _stem(value: str) -> str:
    return "".join(letter for letter in value if letter.isalnum())


def one_slip(one: str, other: str) -> bool:
    """Tell whether one character inserted, deleted, replaced or swapped turns one value into the other."""
    return abs(len(one) - len(other)) <= 1 and bool(OSA.distance(one[:_LONGEST], other[:_LONGEST], score_cutoff=1) <= 1)


def likeness(values: Sequence[str]) -> tuple[float, ...]:
    """Learn from the values that are meant what it says that another value is close to one of them.

    The share of these values that have a neighbour within some distance is the chance that a correct value does.
    Where ``Jon`` and ``John`` are both meant, so is perhaps the next one; where all are far apart, a value close to
    one of them is that one misspelled. One value more is assumed, which has a neighbour with a chance of twice the
    distance: from few values little follows, least of all where they are short.

    Args:
        values: the values that are meant, the most frequent first.

    Returns:
        For each of 16 distances, rising to a third of the characters, the log-odds that a value so far from one that
        is meant is a misspelling of it; 0 where a value of its own is as likely.
    """
    texts = [value[:_LONGEST] for value in values[:_MOST]]
    shares = _WIDEST * np.arange(1, _BINS + 1) / _BINS
    near = np.searchsorted(_nearest(texts), shares, side="right")
    chances = (near + np.minimum(1.0, 2 * shares)) / (len(texts) + 1)
    odds = np.clip(_MISSPELT / chances, 1.0, _MOST_ODDS)
    return tuple(np.round(np.log(odds), 3).tolist()) if texts else ()


def weigh(shares: NDArray[np.float64], learned: Sequence[float]) -> NDArray[np.float64]:
    """Look up the log-odds that values which are some share of edits away from others are misspellings of them."""
    if not learned:
        return np.zeros(len(shares))
    at = np.ceil(shares * len(learned) / _WIDEST - 1e-9).astype(np.int64) - 1
    return np.where(at < len(learned), np.array(learned).take(np.clip(at, 0, len(learned) - 1)), 0.0)


def closest(values: Sequence[str], winners: Sequence[str], known: Sequence[str]) -> NDArray[np.bool_]:
    """Tell which values are at least as close to their winner as to any other known value; case does not count.

    A value with a sign that it has not to have is no closer to anything than to itself without.
    """
    folded = [text[:_LONGEST].casefold() for text in known]
    stems = {_stem(text) for text in folded}
    kept = np.ones(len(values), np.bool_)
    for at, (value, winner) in enumerate(zip(values, winners, strict=True)):
        one, other = value[:_LONGEST].casefold(), winner[:_LONGEST].casefold()
        own = OSA.distance(one, other)
        if _stem(one) in stems and _stem(one) != _stem(other):
            kept[at] = False
            continue
        distances = cdist([one], folded, scorer=OSA.distance, score_cutoff=own, dtype=np.int32)
        kept[at] = own == 0 or not (distances < own).any()
    return kept


def _nearest(texts: Sequence[str]) -> NDArray[np.float64]:
    """Find for each value how far its nearest neighbour is that differs in more than digits, in rising order."""
    if len(texts) < 2:
        return np.ones(len(texts))
    lengths = np.array([len(text) for text in texts])
    distances = cdist(texts, texts, scorer=OSA.distance, dtype=np.int32)
    shares = _shares(distances, np.maximum.outer(lengths, lengths))
    stems = np.unique([_DIGITS.sub("", text) for text in texts], return_inverse=True)[1]
    shares[np.equal.outer(stems, stems)] = 1.0
    return np.asarray(np.sort(shares.min(axis=1)), np.float64)
