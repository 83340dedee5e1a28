"""Slips of the keyboard between two texts: which single one turns a text into another, and which texts are so near."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Kind", "Near", "Neighbours", "changed", "slip"]

Kind = Literal["letters", "foreign", "masked", "noise", "blot"]
"""letters: letters or blanks were lost, added, replaced, doubled or swapped. foreign: a letter or sign came among
digits, or in the place of one. masked: several characters were replaced by one and the same. noise: a run of one sign
was added at an end. blot: a sign that is known to get into values, in the place of others or between them."""

LONGEST = 500
"""Characters of the longest text that is compared."""

_SHORT = 16  # characters of a text that is found by what is left when one of them is taken away
_MOST = 200  # texts with the same half that are compared with one text; more of them are a family, and say nothing
_ALPHABET = 26


class Near(NamedTuple):
    """How a text may have come from another one by a slip.

    Args:
        kind: the kind of the slip.
        at: where it is in the text that was meant.
        shared: letters and digits of the word with the slip that are the same on both sides; half of them where the
            slip is at an end of the word, where languages inflect.
        chance: how likely a slip of this kind is this one.
        sign: the sign that the slip put in, in small letters; empty where it put in none but those that were there.
    """

    kind: Kind
    at: int
    shared: float
    chance: float
    sign: str = ""


def slip(seen: str, meant: str, *, blots: str = "") -> Near | None:
    """Tell the single slip that made a text of another one, or None where there is none that has a meaning.

    A digit more, less, or another one makes another number: that is no slip that can be told. A digit in the place of
    a letter, in a word that has none, is one.

    Args:
        seen: what is there.
        meant: what may have been meant.
        blots: signs that are known to get into values.
    """
    near = _slip(seen, meant, blots) if seen != meant and meant else None
    return near._replace(kind="blot") if near is not None and near.sign and near.sign in blots else near


def _slip(seen: str, meant: str, blots: str) -> Near | None:
    if abs(len(seen) - len(meant)) > 1:
        return _noise(seen, meant)
    head, more, less = changed(seen, meant)
    wrong, right = seen[head : head + more], meant[head : head + less]
    size = len(meant)
    match len(wrong), len(right):
        case 1, 0:
            return _near(meant, wrong, right, head, chance=1 / (_ALPHABET * (size + 1))) or _noise(seen, meant)
        case 0, 1:
            return _near(meant, wrong, right, head, chance=1 / size)
        case 1, 1:
            return _near(meant, wrong, right, head, chance=1 / (_ALPHABET * size))
        case 2, 2 if wrong == right[::-1]:
            return _near(meant, wrong, right, head, chance=1 / size)
        case _:
            return _masked(seen, meant, blots) if len(seen) == len(meant) else None


def changed(seen: str, meant: str) -> tuple[int, int, int]:
    """Return where two texts begin to differ, and how many characters of each differ from there on."""
    head = _common(seen, meant)
    tail = min(_common(seen[::-1], meant[::-1]), min(len(seen), len(meant)) - head)
    return head, len(seen) - tail - head, len(meant) - tail - head


def _common(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least


def _near(meant: str, wrong: str, right: str, at: int, *, chance: float) -> Near | None:
    """Describe the slip that put ``wrong`` where ``right`` was meant."""
    start, stop = _word(meant, at, at + len(right))
    word = meant[start:stop]
    if any(map(str.isdigit, wrong)) and not (word.isalpha() and len(right) == 1):
        return None
    if any(map(str.isdigit, right)) and not _hidden(wrong, right):
        return None
    shared: float = sum(map(str.isalnum, word)) - (len(right) == 1 and right.isalnum())
    if (
        len(right) < 2
        and not right.isdigit()
        and (at + len(right) >= stop or (at <= start and len(wrong) != len(right)))
    ):
        shared /= 2
    odd = any(map(str.isdigit, word)) or any(not sign.isalpha() and not sign.isspace() for sign in wrong + right)
    added = wrong if len(wrong) > len(right) and wrong not in meant[max(0, at - 1) : at + 1] else ""
    sign = wrong if len(wrong) == len(right) == 1 else added
    return Near("foreign" if odd else "letters", at, shared, chance, sign.casefold())


def _hidden(wrong: str, right: str) -> bool:
    """Say whether one sign hides a digit; a blank does not, since blanks get between values and around them."""
    return len(wrong) == len(right) == 1 and not wrong.isspace()


def _word(text: str, start: int, stop: int) -> tuple[int, int]:
    """Return where the word with the slip begins and ends; where a blank is concerned, both its neighbours count."""
    while start > 0 and text[start - 1].isalnum():
        start -= 1
    while stop < len(text) and text[stop].isalnum():
        stop += 1
    return start, stop


def _masked(seen: str, meant: str, blots: str) -> Near | None:
    places = [at for at, (one, other) in enumerate(zip(seen, meant, strict=True)) if one != other]
    sign = seen[places[0]].casefold()
    if sign.isdigit() or sign.isspace() or any(seen[at].casefold() != sign for at in places):
        return None
    shared = sum(map(str.isalnum, meant)) - len(places)
    if shared < 1 or (2 * len(places) > len(meant) and sign not in blots):
        return None
    return Near("masked", places[0], shared, 1 / (_ALPHABET * len(meant)), sign)


def _noise(seen: str, meant: str) -> Near | None:
    """Tell whether a run of one sign was added at an end."""
    if seen.startswith(meant):
        run, at = seen[len(meant) :], len(meant)
    elif seen.endswith(meant):
        run, at = seen[: -len(meant)], 0
    else:
        return None
    if len(set(run)) != 1 or run[0].isalnum() or run[0].isspace() or run[0] in meant:
        return None
    return Near("noise", at, sum(map(str.isalnum, meant)), 1 / _ALPHABET, run[0])


class Neighbours:
    """Find the texts of a collection that are one slip away from a text, without comparing it with all of them.

    A short text is found by what is left when one of its characters is taken away, a longer one by the half that the
    slip left as it was; one with several characters replaced by the same among those of its length.

    Source: Bocek, Hunt, Stiller, "Fast similarity search in large dictionaries" (2007), for the deletions.
    """

    def __init__(self, texts: Sequence[str], *, masks: bool = False, blots: str = "") -> None:
        """Index texts.

        Args:
            texts: the texts, none of them twice.
            masks: look for several characters replaced by one, too.
            blots: signs that are known to get into values.
        """
        self._blots = blots
        self._texts = frozenset(texts)
        self._by_key: dict[tuple[object, ...], list[str]] = defaultdict(list)
        for text in texts:
            for key in _keys(text, len(text)):
                self._by_key[key].append(text)
        self._by_size: dict[int, tuple[list[str], NDArray[np.uint32]]] = {}
        if masks:
            sized: dict[int, list[str]] = defaultdict(list)
            for text in texts:
                sized[len(text)].append(text)
            self._by_size = {size: (same, _signs(same)) for size, same in sized.items() if 1 < size <= LONGEST}

    def of(self, text: str) -> Iterator[tuple[str, Near]]:
        """Find the texts that may have been meant, in the order of the alphabet; the text itself is none."""
        if not self._texts or not 0 < len(text) <= LONGEST:
            return
        for other in sorted(self._candidates(text)):
            if near := slip(text, other, blots=self._blots):
                yield other, near

    def _candidates(self, text: str) -> set[str]:
        found: set[str] = set()
        for size in (len(text) - 1, len(text), len(text) + 1):
            for key in _keys(text, size):
                same = self._by_key.get(key, ())
                if len(same) <= _MOST:
                    found.update(same)
        for bare in (text.rstrip(text[-1]), text.lstrip(text[0])):
            if bare in self._texts:
                found.add(bare)
        found.update(self._masked(text))
        found.discard(text)
        return found

    def _masked(self, text: str) -> Iterator[str]:
        """Find the texts of the same length that differ only where one and the same character stands in this one."""
        same, signs = self._by_size.get(len(text), ([], None))
        if signs is None or len(same) > _MOST:
            return
        own, small = _signs([text])[0], text.casefold()
        for sign in {sign for sign in small if small.count(sign) > 1 and not sign.isdigit()}:
            open_to = np.array([each.casefold() != sign for each in text])
            if 2 * np.count_nonzero(open_to) >= len(text) or sign in self._blots:
                for place in np.flatnonzero((signs[:, open_to] == own[open_to]).all(axis=1)):
                    yield same[place]


def _signs(texts: Sequence[str]) -> NDArray[np.uint32]:
    """Return texts of one length as rows of code points."""
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    return points.reshape(len(texts), -1)


def _keys(text: str, size: int) -> Iterator[tuple[object, ...]]:
    """Make the keys under which a text is found among those of a size."""
    if not 0 < size <= LONGEST or not text:
        return
    if size <= _SHORT:
        yield "short", text
        for at in range(len(text)):
            yield "short", text[:at] + text[at + 1 :]
    else:
        half = (size - 1) // 2
        yield "head", size, text[:half]
        yield "tail", size, text[-half:]
