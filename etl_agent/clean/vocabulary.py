"""A vocabulary that corrects: the texts that are meant, and how near another text must be to be a slip of one."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from pydantic import Field

from etl_agent.clean.spelling import LONGEST, Kind, Near, Neighbours
from etl_agent.frozen import Frozen

__all__ = ["Vocabulary", "vocabulary_of"]

_MEANT = 3  # times that a text stands there at least for others to be slips of it
_WRONG = 0.02  # share of corrections that may be wrong
_ODDS = 30.0  # how much likelier one meant text must be than the next one
_CARELESS = 0.5  # share of the places of a text where slips may happen; more, and nothing is what it seems
_RATE = 0.001  # of texts with a slip where nothing is known yet: of cells that people typed, about one in a thousand
_OFTENER = 5  # how much more frequent a text is than one of its many slips
_FORM = 0.25  # share of the texts with one word that make another word a form: no single slip is so frequent
_WORD = re.compile(r"\w+")
_SHARED: Mapping[Kind, float] = {"letters": 1.0, "foreign": 2.0, "masked": 2.0, "noise": 1.0}
"""Letters and digits that are the same at least: with fewer, A1 and B1 would be slips of each other."""
_SHARED_BY_WORDS: Mapping[Kind, float] = {"letters": 7.0}
"""The same for words: a language has about as many words of seven letters as of five, but their possible neighbours are
spread over 26 ** 2 times as many strings."""
_SAME_PLACE = 3  # slips at one place of one text that count: forms of a text differ at one place, slips happen anywhere
_MOST_MEANT = 5_000
_MOST_RARE = 20_000
_COMPARED = 2_000  # rare texts that are compared with each other, to see how near texts are that are all meant


class Vocabulary(Frozen):
    """What was learned of some texts: those that are meant, and what is a slip."""

    words: tuple[str, ...] = ()
    """The texts that are meant."""
    counts: tuple[int, ...] = ()
    """How often each stands there."""
    least: dict[Kind, float] = Field(default_factory=dict)
    """For each kind of slip how many letters the word with it must share with the one that was meant."""
    kept: tuple[str, ...] = ()
    """Texts that stand there too often to be slips, although they are near to one that is meant."""
    forms: tuple[str, ...] = ()
    """Words that tell texts from those near to them, and are meant."""
    slips: int = 0
    """How many of the texts that it was learned from are corrected."""
    near: int = 0
    """How many of them are rare and near to one that is meant."""
    far: int = 0
    """How many of them are rare and near to none."""

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.words) | frozenset(self.kept)

    @cached_property
    def _folded(self) -> frozenset[str]:
        return frozenset(map(str.casefold, self.words))

    @cached_property
    def _counted(self) -> dict[str, int]:
        return dict(zip(self.words, self.counts, strict=True))

    @cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours(self.words, masks="masked" in self.least)

    def corrected(self, text: str) -> str | None:
        """Return what was meant by a text that is surely a slip, else None."""
        if not self.least or text in self._known or text.casefold() in self._folded:
            return None
        best = _likeliest(self._neighbours.of(text), self._counted)
        if best is None or best.near.shared < self.least.get(best.near.kind, float("inf")):
            return None
        return None if self._formed(text, best.meant) else best.meant

    def _formed(self, text: str, meant: str) -> bool:
        return bool(self.forms) and not (_words(text) - _words(meant)).isdisjoint(self.forms)


class _Guess(NamedTuple):
    meant: str
    near: Near


def _likeliest(found: Iterable[tuple[str, Near]], counts: Mapping[str, int]) -> _Guess | None:
    """Return the text that was meant, if it is far likelier than every other.

    By Bayes: how often a text is meant, times how likely a slip makes this of it.
    """
    weighed = sorted(((counts[meant] * near.chance, meant, near) for meant, near in found), reverse=True)
    if not weighed or (len(weighed) > 1 and weighed[0][0] < _ODDS * weighed[1][0]):
        return None
    return _Guess(weighed[0][1], weighed[0][2])


def vocabulary_of(counts: Mapping[str, int], *, words: bool = False) -> Vocabulary:
    """Learn which texts are meant, and whether those near to them are slips.

    Texts that are all meant are near to each other now and then, too (Hansen and Hanson, Unit A and Unit B). How often
    is seen on pairs that are surely meant: both frequent, or both rare. From that follows how many of the rare texts
    would be near to a frequent one by chance; the more letters a slip must leave the same, the fewer. The least number
    of letters is taken at which at most two in a hundred of those found are chance. Where rare texts are all far from
    frequent ones, or where meant texts are as near as these, nothing is corrected.

    Source: Storey, Tibshirani, "Statistical significance for genomewide studies" (2003), for the share of false finds;
    Kernighan, Church, Gale, "A spelling correction program based on a noisy channel model" (1990), for the choice.

    Args:
        counts: how often each text stands there.
        words: the texts are words of a language, which has many that are near to each other (stone and store, place and
            palace): a slip is only what stands there once and shares seven letters, and no masks are looked for.
    """
    usable = {text: count for text, count in counts.items() if 0 < len(text) <= LONGEST and any(map(str.isalnum, text))}
    frequent = sorted(
        (text for text, count in usable.items() if count >= _MEANT), key=lambda text: (-usable[text], text)
    )
    if not frequent or len(frequent) > _MOST_MEANT or len(usable) - len(frequent) > _MOST_RARE:
        return Vocabulary()
    sieve = _Sieve(usable, frequent, words=words)
    floor = _SHARED_BY_WORDS if words else _SHARED
    least = {kind: letters for kind, at_least in floor.items() if (letters := sieve.least(kind, at_least)) is not None}
    slips = {
        text for text, guess in sieve.guesses.items() if guess.near.shared >= least.get(guess.near.kind, float("inf"))
    }
    meant = tuple(sorted(text for text in frequent if text not in sieve.guesses))
    return Vocabulary(
        words=meant if least else (),
        counts=tuple(usable[text] for text in meant) if least else (),
        least=least,
        kept=tuple(sorted(sieve.kept)) if least else (),
        forms=tuple(sorted(sieve.forms)) if least else (),
        slips=sum(usable[text] for text in slips),
        near=sum(usable[text] for text in sieve.guesses),
        far=sum(usable[text] for text in sieve.far),
    )


class _Sieve:
    """Texts near to a frequent one, and how often texts that are meant are as near."""

    def __init__(self, counts: Mapping[str, int], frequent: Sequence[str], *, words: bool) -> None:
        self.counts, self.rows, self._once = counts, sum(counts.values()), words
        self.guesses: dict[str, _Guess] = {}
        self.kept: set[str] = set()
        self.forms: set[str] = set()
        self.far: list[str] = []
        self._words = _Words(counts)
        self._folded: dict[str, str] = {}
        for text in reversed(frequent):
            self._folded[text.casefold()] = text
        index = Neighbours(frequent, masks=not words)
        found = {text: list(index.of(text)) for text in sorted(counts) if not self._written_otherwise(text)}
        for text, others in found.items():
            self._sort(text, others)
        chained = [text for text, guess in self.guesses.items() if guess.meant in self.guesses]
        for text in chained:
            del self.guesses[text]
        meant = [text for text in frequent if text not in self.guesses]
        self.meant, self.meant_rows = len(meant), sum(counts[text] for text in meant)
        self._frequent_chance = self._chance_of_frequent(meant, found)
        self._rare_chance, self._rare_pairs = self._chance_of_rare()

    def _written_otherwise(self, text: str) -> bool:
        """Say whether a text is a more frequent one in other capitals: that is no slip, and not of a third one."""
        return self._folded.get(text.casefold(), text) != text

    def _sort(self, text: str, found: list[tuple[str, Near]]) -> None:
        """Say whether a text may be a slip of a frequent one, is rare and far from all, or as frequent as they are."""
        count = self.counts[text]
        oftener = [(meant, near) for meant, near in found if self._may_slip(count, meant)]
        if guess := _likeliest(oftener, self.counts):
            if word := self._words.form(text, guess.meant):
                self.forms.add(word)
            else:
                self.guesses[text] = guess
                return
        if not oftener and found and count > 1:
            self.kept.add(text)
        if count < _MEANT:
            self.far.append(text)

    def _may_slip(self, count: int, meant: str) -> bool:
        """Say whether a text is rare enough to be one of the many slips of another one.

        There are more slips than characters, so that one of them is seldom so frequent: by Poisson's law, beyond three
        standard deviations hardly ever.
        """
        of = self.counts[meant]
        expected = _CARELESS * of / len(meant)
        most = 1 if self._once else 1 + expected + 3 * expected**0.5
        return of >= _OFTENER * count - 2 and count <= most

    def _chance_of_frequent(
        self, meant: Sequence[str], found: Mapping[str, list[tuple[str, Near]]]
    ) -> Mapping[Kind, list[float]]:
        """See how near frequent texts are to each other that are meant for sure."""
        chance: dict[Kind, list[float]] = defaultdict(list)
        for text in meant:
            for other, near in found.get(text, ()):
                if other not in self.guesses:
                    chance[near.kind].append(near.shared)
        return chance

    def _chance_of_rare(self) -> tuple[Mapping[Kind, list[float]], int]:
        """See how near rare texts are to each other that are near to no frequent one."""
        chance: dict[Kind, list[float]] = defaultdict(list)
        some = self.far[:: 1 + len(self.far) // _COMPARED]
        index = Neighbours(some)
        for text in some:
            for _, near in index.of(text):
                chance[near.kind].append(near.shared)
        return chance, len(some) * (len(some) - 1)

    def least(self, kind: Kind, at_least: float) -> float | None:
        """Return how many letters a slip of a kind must leave the same, or None where none may be corrected."""
        by_shared: dict[float, list[tuple[str, _Guess]]] = defaultdict(list)
        for text, guess in self.guesses.items():
            if guess.near.kind == kind:
                by_shared[guess.near.shared].append((text, guess))
        places: Counter[tuple[str, int]] = Counter()
        found, rows, best = 0, 0, None
        for letters in sorted((shared for shared in by_shared if shared >= at_least), reverse=True):
            for text, guess in by_shared[letters]:
                places[guess.meant, guess.near.at] += 1
                found += places[guess.meant, guess.near.at] <= _SAME_PLACE
                rows += self.counts[text]
            if self._by_chance(kind, letters, rows) <= _WRONG * (found - 1 + min(1.0, _RATE * self.rows)):
                best = letters
        return best

    def _by_chance(self, kind: Kind, letters: float, rows: int) -> float:
        """Estimate how many rare texts that are meant are so near to a frequent one.

        Rare texts that are near to each other may be slips, too: about as many as slips are among the frequent ones.
        More than that, beyond two standard deviations, and they tell how near texts are that are meant.
        """
        near = sum(shared >= letters for shared in self._frequent_chance.get(kind, ())) + 2.0**-letters
        pairs = self.meant * (self.meant - 1)
        rare = sum(shared >= letters for shared in self._rare_chance.get(kind, ())) / 2  # each pair was seen twice
        slips = rows / self.meant_rows * sum(self.counts[text] for text in self.far)
        if rare > slips + 2 * slips**0.5:
            near, pairs = near + 2 * (rare - slips), pairs + self._rare_pairs
        return float(near / (pairs + 1) * self.meant * (len(self.far) + 1))


class _Words:
    """The words of texts, to tell forms from slips: a word that stands in many of them is one, however rare each is."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts: Counter[str] = Counter(word for text in texts for word in _words(text))

    def form(self, seen: str, meant: str) -> str | None:
        """Return a word in which two texts differ and that is a word of other texts, too."""
        wrong, right = _words(seen), _words(meant)
        often = max((self._texts[word] for word in right - wrong), default=0)
        for word in sorted(wrong - right):
            if self._texts[word] >= max(_MEANT, _FORM * often):
                return word
        return None


def _words(text: str) -> set[str]:
    return {match[0] for match in _WORD.finditer(text)}
