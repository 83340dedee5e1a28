"""Whether a rare value is a slip of the pen for a frequent one, judged by how alike the column's sure values are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl_agent.batch import Mask
from etl_agent.profile.coded import Codes

__all__ = ["Slips", "alike", "slip_odds"]

_MOST_SURE = 400  # frequent values that are compared; the most frequent
_MOST_RARE = 800  # rare values that are compared
_LONGEST = 256  # characters of a value that is compared
_TIMES = 4  # how many times as frequent a value must be to be what a rare one was meant to be
_LEAST = 3  # rows that make a value sure: twice can be the same slip copied
_DWARFED = 20  # a value so many times rarer than one that it is like is itself in question
_BLOT_LEAST, _BLOT_MOST = 4, 24  # letters of a value some of which one sign can have overwritten
_CAP = 6.0

Odds = NDArray[np.float64]


@dataclass(frozen=True)
class Slips:
    """Values, how often each stands, and which of them may be slips for which others.

    Args:
        values: every value of a column once.
        counts: rows of each.
        numbered: whether values that differ in their digits alone differ in earnest.
    """

    values: list[str]
    counts: Codes
    numbered: bool = True


def slip_odds(slips: Slips, old: Codes, new: Codes) -> tuple[Odds, Mask]:
    """Return for some changes the log odds that the old value was a slip for the new one, and whether it can be one.

    A rare value that is like a frequent one is either a slip, or a value that happens to be like it. How often the
    latter happens is seen among the column's frequent values, which are surely no slips: names like Jon and John,
    codes like A1 and A2 are alike there too. So many of the rare values that are like a frequent one are expected to
    be right; what is beyond that are slips.

    Source: the false discovery rate of a two-groups model, Efron, "Large-Scale Inference" (2010), chapter 2.

    Args:
        slips: the values of a column.
        old: places of the values before.
        new: places of the values after, one for each before.
    """
    counts = slips.counts
    can = (counts[new] >= _LEAST) & (counts[new] >= _TIMES * counts[old])
    can[can] = alike(slips, old[can], new[can])
    odds = np.full(len(old), -_CAP)
    if not can.any():
        return odds, can
    frequent = np.flatnonzero(counts >= _LEAST)
    sure = frequent[np.argsort(-counts[frequent], kind="stable")[:_MOST_SURE]]
    among = _matrix(slips, sure, sure) & ~np.eye(len(sure), dtype=np.bool_)
    sound = ~(among & (counts[sure][None, :] >= _DWARFED * counts[sure][:, None])).any(axis=1)
    twins = int(among[np.ix_(sound, sound)].any(axis=1).sum())
    by_chance = (twins + 0.5) / (int(sound.sum()) + 1)
    for level in np.unique(counts[old[can]]).tolist():
        rare = _evenly(np.flatnonzero((counts > 0) & (counts <= level)), _MOST_RARE)
        beside = _matrix(slips, rare, sure) & (counts[sure][None, :] >= _TIMES * counts[rare][:, None])
        found = int(beside.any(axis=1).sum())
        beyond = (len(rare) - found + 0.5) * by_chance / max(1 - by_chance, 1e-9)
        expected = min(beyond, by_chance * _rare_by_spectrum(counts, level))
        false = float(np.clip(expected / max(found, 1), 1e-9, 1 - 1e-9))
        odds[can & (counts[old] == level)] = np.clip(np.log((1 - false) / false), -_CAP, _CAP)
    return odds, can


def _rare_by_spectrum(counts: Codes, level: int) -> float:
    """Estimate how many right values there are of at most so many rows, from how many there are of a few more.

    Where nearly all frequent values are alike, the rare ones that are unlike tell nothing; but where there are no
    values of a few rows, there are hardly any of one. Values by their rows follow 1 / (k * (k + 1)): of at most m
    rows there are (4 * m + 1) / 3 times as many as of m + 1 to 4 * m.

    Source: the Yule-Simon distribution with exponent 1, as for words and names, Simon, "On a class of skew
    distribution functions" (1955).
    """
    more = int(np.count_nonzero((counts > level) & (counts <= 4 * level)))
    return (more + 0.5) * (4 * level + 1) / 3


def alike(slips: Slips, old: Codes, new: Codes) -> Mask:
    """Tell which pairs of values are so alike that one can be a slip of the pen for the other."""
    from rapidfuzz.distance import OSA

    first, second = _folded(slips, old), _folded(slips, new)
    return np.array(
        [
            (
                OSA.distance(one, other, score_cutoff=4) <= min(_reach(len(one)), _reach(len(other)))
                and not (slips.numbered and _renumbered(one, other))
            )
            or _is_blot(one, other)
            for one, other in zip(first, second, strict=True)
        ],
        np.bool_,
    )


def _evenly(codes: Codes, limit: int) -> Codes:
    return codes if len(codes) <= limit else codes[np.linspace(0, len(codes) - 1, limit).astype(np.int64)]


def _reach(length: int) -> int:
    """Return how many slips a value of some characters may have: one in the first ten, one more for each ten."""
    return 0 if length < 3 else min(1 + length // 10, 4)


def _folded(slips: Slips, codes: Codes) -> list[str]:
    return [slips.values[code][:_LONGEST].casefold() for code in codes.tolist()]


def _matrix(slips: Slips, left: Codes, right: Codes) -> Mask:
    """Tell which values are alike, each with each."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cdist

    if not len(left) or not len(right):
        return np.zeros((len(left), len(right)), np.bool_)
    first, second = _folded(slips, left), _folded(slips, right)
    reaches = (np.array([_reach(len(text)) for text in texts], np.int64) for texts in (first, second))
    distance = cdist(first, second, scorer=OSA.distance, score_cutoff=4, dtype=np.uint8)
    found: Mask = distance <= np.minimum.outer(*reaches)
    for row, place in zip(*np.nonzero(found), strict=True):
        if slips.numbered and _renumbered(first[row], second[place]):
            found[row, place] = False
    return found | _blots(first, second)


def _is_blot(one: str, other: str) -> bool:
    """Tell whether all the letters that differ were overwritten by one and the same sign, and at least half stayed."""
    if not _BLOT_LEAST <= len(one) == len(other) <= _BLOT_MOST:
        return False
    over = {sign for sign, meant in zip(one, other, strict=True) if sign != meant}
    stayed = sum(sign == meant for sign, meant in zip(one, other, strict=True))
    return len(over) == 1 and not over.pop().isdigit() and 2 * stayed >= len(one)


def _blots(first: list[str], second: list[str]) -> Mask:
    """Tell which of some texts are others with letters overwritten by one sign, each with each."""
    found = np.zeros((len(first), len(second)), np.bool_)
    by_length: dict[int, tuple[list[int], list[int]]] = {}
    for side, texts in enumerate((first, second)):
        for place, text in enumerate(texts):
            if _BLOT_LEAST <= len(text) <= _BLOT_MOST:
                by_length.setdefault(len(text), ([], []))[side].append(place)
    for length, (rows, places) in by_length.items():
        if not rows or not places:
            continue
        over = _signs([first[row] for row in rows], length)[:, None, :]
        meant = _signs([second[place] for place in places], length)[None, :, :]
        differ = over != meant
        most = np.where(differ, over, 0).max(axis=2)
        least = np.where(differ, over, np.iinfo(np.uint32).max).min(axis=2)
        digit = (most >= ord("0")) & (most <= ord("9"))
        stayed = 2 * (~differ).sum(axis=2) >= length
        found[np.ix_(rows, places)] = (most == least) & stayed & ~digit
    return found


def _signs(texts: list[str], length: int) -> NDArray[np.uint32]:
    return np.array(texts, f"U{length}").view(np.uint32).reshape(len(texts), length)


def _renumbered(one: str, other: str) -> bool:
    """Tell whether two values differ in their digits alone: numbering differs so, and so do years."""
    return one != other and _without_digits(one) == _without_digits(other)


def _without_digits(text: str) -> str:
    return "".join(sign for sign in text if not sign.isdigit())
