"""A vocabulary that corrects: the texts that are meant, and how near another text must be to be a slip of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property

from pydantic import Field

from etl_agent.clean.channel import Channel
from etl_agent.clean.sieve import MEANT, Sieve, likeliest, words_in
from etl_agent.clean.spelling import LONGEST, Kind, Neighbours
from etl_agent.frozen import Frozen

__all__ = ["Vocabulary", "channel_of", "vocabulary_of"]

_SHARED: Mapping[Kind, float] = {"letters": 1.0, "foreign": 2.0, "masked": 2.0, "noise": 1.0, "blot": 0.5}
"""Letters and digits that are the same at least: with fewer, A1 and B1 would be slips of each other."""
_SHARED_BY_WORDS: Mapping[Kind, float] = {"letters": 7.0}
"""The same for words: a language has about as many words of seven letters as of five, but their possible neighbours are
spread over 26 ** 2 times as many strings."""
_SEEN = 20  # slips that tell the habits of a channel: that half of them put in the same of 26 signs is no chance
_MOST_MEANT = 5_000
_MOST_RARE = 20_000


class Vocabulary(Frozen):
    """What was learned of some texts: those that are meant, and what is a slip."""

    words: tuple[str, ...] = ()
    """The texts that are meant."""
    counts: tuple[int, ...] = ()
    """How often each stands there."""
    least: dict[Kind, float] = Field(default_factory=dict)
    """For each kind of slip how many letters the word with it must share with the one that was meant."""
    blots: str = ""
    """Signs that are known to get into texts of the dataset."""
    kept: tuple[str, ...] = ()
    """Texts that stand there too often to be slips, although they are near to one that is meant."""
    forms: tuple[str, ...] = ()
    """Words that tell texts from those near to them, and are meant."""
    signs: dict[str, int] = Field(default_factory=dict)
    """How many different texts have a slip that put in a sign, for each sign."""
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
        return Neighbours(self.words, masks=not {"masked", "blot"}.isdisjoint(self.least), blots=self.blots)

    def corrected(self, text: str) -> str | None:
        """Return what was meant by a text that is surely a slip, else None."""
        if not self.least or text in self._known or text.casefold() in self._folded:
            return None
        best = likeliest(self._neighbours.of(text), self._counted)
        if best is None or best.near.shared < self.least.get(best.near.kind, float("inf")):
            return None
        return None if self._formed(text, best.meant) else best.meant

    def _formed(self, text: str, meant: str) -> bool:
        return bool(self.forms) and not (words_in(text) - words_in(meant)).isdisjoint(self.forms)


def vocabulary_of(counts: Mapping[str, int], *, channel: Channel | None = None, words: bool = False) -> Vocabulary:
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
        channel: what is known of the slips of the dataset from other columns.
        words: the texts are words of a language, which has many that are near to each other (stone and store, place and
            palace): a slip is only what stands there once and shares seven letters, and no masks are looked for.
    """
    usable = {text: count for text, count in counts.items() if 0 < len(text) <= LONGEST and any(map(str.isalnum, text))}
    frequent = sorted(
        (text for text, count in usable.items() if count >= MEANT), key=lambda text: (-usable[text], text)
    )
    if not frequent or len(frequent) > _MOST_MEANT or len(usable) - len(frequent) > _MOST_RARE:
        return Vocabulary()
    sieve = Sieve(usable, frequent, channel=channel or Channel(), words=words)
    if not sieve.guesses:
        return Vocabulary()
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
        blots=channel.blots if channel and "blot" in least else "",
        kept=tuple(sorted(sieve.kept)) if least else (),
        forms=tuple(sorted(sieve.forms)) if least else (),
        signs=dict(sorted(Counter(sieve.guesses[text].near.sign for text in slips).items())),
        slips=sum(usable[text] for text in slips),
        near=sum(usable[text] for text in sieve.guesses),
        far=sum(usable[text] for text in sieve.far),
    )


def channel_of(vocabularies: Iterable[Vocabulary]) -> Channel:
    """Learn from the slips that are sure in some columns how slips happen in their dataset."""
    with_slips = [each for each in vocabularies if each.slips]
    signs = sum((Counter(each.signs) for each in with_slips), Counter[str]())
    if signs.total() < _SEEN:
        return Channel()
    rows = sum(each.slips for each in with_slips)
    del signs[""]
    return Channel(
        rate=rows / (rows + sum(sum(each.counts) for each in with_slips)),
        signs={sign: count / signs.total() for sign, count in sorted(signs.items())},
    )
