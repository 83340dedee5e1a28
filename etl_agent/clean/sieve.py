"""The sieve that tells slips from texts that are meant: how near texts are to each other that surely are meant."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from etl_agent.clean.channel import SIGNS, Channel
from etl_agent.clean.spelling import Kind, Near, Neighbours

__all__ = ["MEANT", "Guess", "Sieve", "likeliest", "words_in"]

MEANT = 3
"""Times that a text stands there at least for others to be slips of it."""

_WRONG = 0.02  # share of corrections that may be wrong
_ODDS = 30.0  # how much likelier one meant text must be than the next one
_OFTENER = 5  # how much more frequent a text is than one of its many slips
_FORM = 0.25  # share of the texts with one word that make another word a form: no single slip is so frequent
_COMES_BACK = 0.05  # how likely it must be that any slip comes back so often as one does
_RATE = 0.001  # of texts with a slip where nothing is known yet: of cells that people typed, about one in a thousand
_KINDS = 4  # of slips: lost, more, others, swapped; those that put in a sign hardly come back, and are seen once
_COPIED = 9  # letters shared from which on a slip that was copied with its row is likelier than two near texts: 2 ** -9
_SAME_PLACE = 3  # slips at one place of one text that count: forms of a text differ at one place, slips happen anywhere
_COMPARED = 2_000  # rare texts that are compared with each other, to see how near texts are that are all meant
_WORD = re.compile(r"\w+")
_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


class Guess(NamedTuple):
    """What may have been meant by a text, and the slip that made it."""

    meant: str
    near: Near


def likeliest(found: Iterable[tuple[str, Near]], counts: Mapping[str, int]) -> Guess | None:
    """Return the text that was meant, if it is far likelier than every other.

    By Bayes: how often a text is meant, times how likely a slip makes this of it.
    """
    weighed = sorted(((counts[meant] * near.chance, meant, near) for meant, near in found), reverse=True)
    if not weighed or (len(weighed) > 1 and weighed[0][0] < _ODDS * weighed[1][0]):
        return None
    return Guess(weighed[0][1], weighed[0][2])


def words_in(text: str) -> set[str]:
    """Return the words of a text."""
    return {match[0] for match in _WORD.finditer(text)}


class Sieve:
    """Texts near to a frequent one, and how often texts that are meant are as near."""

    def __init__(
        self, counts: Mapping[str, int], frequent: Sequence[str], *, channel: Channel, words: bool = False
    ) -> None:
        """Sort texts.

        Args:
            counts: how often each stands there.
            frequent: those that others may be slips of, the most frequent first.
            channel: what is known of slips from other columns.
            words: the texts are words of a language: no two slips give the same word, words with another first letter
                are others (fountain and mountain), and no masks are looked for.
        """
        self.counts, self._channel, self._once = counts, channel, words
        self.rows = sum(counts.values())
        self.guesses: dict[str, Guess] = {}
        self.kept: set[str] = set()
        self.forms: set[str] = set()
        self.far: list[str] = []
        found = self._found(frequent)
        if not any(found.values()):
            return
        self._words, self._slips = _Words(counts), _Slips(counts, channel, meant=len(frequent))
        for text, others in found.items():
            if guess := likeliest(self._oftener(text, others), counts):
                self._slips.add(text, guess)
        for text, others in found.items():
            self._sort(text, others)
        for text in [text for text, guess in self.guesses.items() if guess.meant in self.guesses]:
            del self.guesses[text]
        signs = Counter(guess.near.sign for guess in self.guesses.values())
        for text, guess in list(self.guesses.items()):
            if guess.near.kind == "masked" and signs[guess.near.sign] == 1:  # once, it is rather another text
                del self.guesses[text]
        if self.guesses:
            self._weigh([text for text in frequent if text not in self.guesses], found)

    def _found(self, frequent: Sequence[str]) -> dict[str, list[tuple[str, Near]]]:
        """Find for every text the frequent ones that it may be a slip of.

        No slip leaves all signs but the digits as they were, so texts that differ in their digits alone, as most dates
        and codes of a column do, are not compared. Nor is a number looked at, since any number may be meant, nor a text
        that is a more frequent one in other capitals: that is no slip, and not of a third one.
        """
        folded: dict[str, str] = {}
        for text in reversed(frequent):
            folded[text.casefold()] = text
        bare = {text: _DIGITS.sub("", text) for text in self.counts}
        usual, _ = Counter(bare[text] for text in frequent).most_common(1)[0]
        self._foreign = set(self._channel.blots) - {sign for text in folded for sign in text}
        masks, blots = not self._once, self._channel.blots
        index = Neighbours(frequent, masks=masks, blots=blots)
        of_usual = Neighbours([text for text in frequent if bare[text] != usual], masks=masks, blots=blots)
        found: dict[str, list[tuple[str, Near]]] = {}
        for text in sorted(self.counts):
            if _NUMBER.fullmatch(text):
                found[text] = []
            elif folded.get(text.casefold(), text) == text:
                found[text] = list((of_usual if bare[text] == usual else index).of(text))
        return found

    def _oftener(self, text: str, found: Iterable[tuple[str, Near]]) -> list[tuple[str, Near]]:
        return [(meant, near) for meant, near in found if self.counts[meant] >= _OFTENER * self.counts[text] - 2]

    def _sort(self, text: str, found: list[tuple[str, Near]]) -> None:
        """Say whether a text may be a slip of a frequent one, is rare and far from all, or as frequent as they are."""
        count = self.counts[text]
        oftener = [
            (meant, near)
            for meant, near in self._oftener(text, found)
            if (count == 1 and near.at > 0 if self._once else self._slips.may_be(text, Guess(meant, near)))
        ]
        if guess := likeliest(oftener, self.counts):
            if word := self._words.form(text, guess.meant):
                self.forms.add(word)
            else:
                self.guesses[text] = guess
                return
        if not oftener and found and count > 1:
            self.kept.add(text)
        if count < MEANT and not self._blotted(text):
            self.far.append(text)

    def _blotted(self, text: str) -> bool:
        """Say whether a text surely has a slip, whatever was meant."""
        return not self._foreign.isdisjoint(text.casefold())

    def _weigh(self, meant: Sequence[str], found: Mapping[str, list[tuple[str, Near]]]) -> None:
        """See how near texts are that surely are meant, and rare ones that are near to no frequent one."""
        self._meant_rows = sum(self.counts[text] for text in meant)
        self._meant_sizes = Counter(map(len, meant))
        self._near_frequent: dict[Kind, list[float]] = defaultdict(list)
        for text in meant:
            for other, near in found.get(text, ()):
                if other not in self.guesses and other.casefold() != text.casefold():
                    self._near_frequent[near.kind].append(near.shared)
        self._near_rare: dict[Kind, list[float]] = defaultdict(list)
        some = self.far[:: 1 + len(self.far) // _COMPARED]
        index = Neighbours(some, blots=self._channel.blots)
        for text in some:
            for _, near in index.of(text):
                self._near_rare[near.kind].append(near.shared)
        rivalled = [text for text, guess in self.guesses.items() if self._rivalled(guess, index.of(text))]
        for text in rivalled:
            del self.guesses[text]
        self.kept.update(rivalled)
        self._frequent_pairs = _pairs(self._meant_sizes, self._meant_sizes) - len(meant)
        self._rare_pairs = _pairs(Counter(map(len, some)), Counter(map(len, some))) - len(some)
        self._far_pairs = _pairs(Counter(map(len, self.far)), self._meant_sizes)

    def _rivalled(self, guess: Guess, rare: Iterable[tuple[str, Near]]) -> bool:
        """Say whether a rare text, too, may have been meant."""
        weight = self.counts[guess.meant] * guess.near.chance
        return any(weight < _ODDS * self.counts[other] * near.chance for other, near in rare)

    def least(self, kind: Kind, at_least: float) -> float | None:
        """Return how many letters a slip of a kind must leave the same, or None where none may be corrected."""
        by_shared: dict[float, list[tuple[str, Guess]]] = defaultdict(list)
        for text, guess in self.guesses.items():
            if guess.near.kind == kind:
                by_shared[guess.near.shared].append((text, guess))
        places: Counter[tuple[str, int]] = Counter()
        found, rows, best, one = 0, 0, None, 0
        for letters in sorted((shared for shared in by_shared if shared >= at_least), reverse=True):
            for text, guess in by_shared[letters]:
                places[guess.meant, guess.near.at] += 1
                found += places[guess.meant, guess.near.at] <= _SAME_PLACE
                rows += self.counts[text]
                one = max(one, _comparable(len(guess.meant), self._meant_sizes))
            if self._by_chance(kind, letters, rows, one) <= _WRONG * (
                found - 1 + min(1.0, max(self._channel.rate, _RATE) * self.rows)
            ):
                best = letters
        return best

    def _by_chance(self, kind: Kind, letters: float, rows: int, one: int) -> float:
        """Estimate how many rare texts that are meant are so near to a frequent one.

        Rare texts that are near to each other may be slips, too: about as many as slips are among the frequent ones.
        More than that, beyond two standard deviations, and they tell how near texts are that are meant. Only texts
        whose lengths differ by one at most can be near to each other.

        Args:
            kind: the kind of slip.
            letters: how many letters are the same at least.
            rows: rows with such slips.
            one: how many of the texts that are meant one more rare text could be near to.
        """
        near = (
            sum(shared >= letters for shared in self._near_frequent.get(kind, ()))
            + self._channel.prior(kind) * 2.0**-letters
        )
        pairs = self._frequent_pairs
        rare = sum(shared >= letters for shared in self._near_rare.get(kind, ())) / 2  # each pair was seen twice
        slips = rows / self._meant_rows * sum(self.counts[text] for text in self.far)
        if rare > slips + 2 * slips**0.5:
            near, pairs = near + 2 * (rare - slips), pairs + self._rare_pairs
        return float(near / (pairs + 1) * (self._far_pairs + one))


def _comparable(size: int, sizes: Mapping[int, int]) -> int:
    """Count the texts whose length differs from a size by one at most."""
    return sizes.get(size - 1, 0) + sizes.get(size, 0) + sizes.get(size + 1, 0)


def _pairs(one: Mapping[int, int], other: Mapping[int, int]) -> int:
    """Count the pairs of texts whose lengths differ by one at most, by how many texts of each length there are."""
    return sum(count * _comparable(size, other) for size, count in one.items())


class _Slips:
    """What slips did to the texts of a column, as far as it is seen: how many there are, and what signs they put in."""

    def __init__(self, counts: Mapping[str, int], channel: Channel, *, meant: int) -> None:
        self._counts, self._channel, self._meant = counts, channel, meant
        self._total = sum(counts.values())
        self._rows: Counter[str] = Counter()
        self._once: Counter[str] = Counter()
        self._signs: Counter[str] = Counter()

    def add(self, text: str, guess: Guess) -> None:
        """Take a text for a slip."""
        self._rows[guess.meant] += self._counts[text]
        self._once[guess.meant] += self._counts[text] == 1
        if guess.near.sign:
            self._signs[guess.near.sign] += 1

    def may_be(self, text: str, guess: Guess) -> bool:
        """Say whether a text stands there so seldom that it may be a slip of another one.

        Many slips are needed for one of them to come back: there are as many ways to slip as the texts that are meant
        have characters, times the signs that may be put in. Where by the other slips of that text, of the column and of
        the dataset it is not even likely once in twenty times that any slip comes back so often (by Poisson's law), the
        text is meant. Slips that come back count only as far as there are others that do not: where all do, they are
        meant. A sign that is neither letter nor digit gets to one place rather than to any. Where texts are long, that
        a slip was copied with its row is likelier than that two are so near to each other.
        """
        count = self._counts[text]
        if count == 1 or guess.near.shared >= _COPIED:
            return True
        of_all = min(self._rows.total() - count, _KINDS * self._once.total())
        of_one = min(self._rows[guess.meant] - count, _KINDS * self._once[guess.meant])
        slips = max(of_one, max(of_all / self._total, self._channel.rate) * self._counts[guess.meant])
        sign = guess.near.sign
        share, size = self._share(sign), 1 if sign and not sign.isalnum() else len(guess.meant)
        ways = self._meant * size / max(share, 1 / SIGNS)
        return ways * _at_least(count, mean=slips * share / size) >= _COMES_BACK

    def _share(self, sign: str) -> float:
        """Return how often a slip puts in a sign, as other texts show it; two of four kinds put in none."""
        if not sign:
            return 0.5
        known, seen = self._channel.share(sign), max(self._signs.total() - 1, 0)  # all but the slip itself
        return (max(self._signs[sign] - 1, 0) + SIGNS * known) / (seen + SIGNS)


def _at_least(count: int, *, mean: float) -> float:
    """Return how likely a Poisson variable is at least so large."""
    if mean <= 0:
        return 0.0
    if count <= mean:
        return 1.0
    term = math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))
    return min(1.0, term / (1 - mean / (count + 1)))


class _Words:
    """The words of texts, to tell forms from slips: a word that stands in many of them is one, however rare each is."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts: Counter[str] = Counter(word for text in texts for word in words_in(text))

    def form(self, seen: str, meant: str) -> str | None:
        """Return a word in which two texts differ and that is a word of other texts, too."""
        wrong, right = words_in(seen), words_in(meant)
        often = max((self._texts[word] for word in right - wrong), default=0)
        for word in sorted(wrong - right):
            if self._texts[word] >= max(MEANT, _FORM * often):
                return word
        return None
