"""The reading of a goal's words as phrases that explains most of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from etl_agent.orchestrate.planner.language.lexicon import NEGATORS, STOP_WORDS
from etl_agent.orchestrate.planner.language.patterns import Found, Work
from etl_agent.orchestrate.planner.language.phrase import Phrase
from etl_agent.orchestrate.planner.language.phrases import phrases
from etl_agent.orchestrate.planner.language.tokens import Token
from etl_agent.orchestrate.planner.reading.mentions import Names
from etl_agent.orchestrate.planner.reading.slots import Slots

__all__ = ["Match", "matched"]

_FAR = 8  # words that may stand between "not" and what it turns round
_AUXILIARIES = frozenset(("do", "does", "did"))
_A_PHRASE = 0.05  # what a phrase costs: a reading in fewer pieces is the better one

_LEANING = 0.07  # what a phrase costs that says something only together with the one before it


@dataclass(frozen=True)
class Match:
    """A phrase that stands in a goal.

    Args:
        phrase: the phrase.
        start: the place of its first word.
        found: how it matches.
        negated: places of the words before it that turn it into its opposite.
    """

    phrase: Phrase
    start: int
    found: Found
    negated: tuple[int, ...] = ()

    @property
    def places(self) -> tuple[int, ...]:
        """The places of all its words."""
        return tuple(sorted({*self.negated, *self.found.used}))


def matched(tokens: Sequence[Token], names: Names) -> tuple[Match, ...]:
    """Choose the phrases that together explain most words of a goal, none of them twice."""
    slots = Slots(tokens, names)
    readers, unknown = slots.readers(), slots.unknown
    work = Work()
    best: list[float] = [0.0] * (len(tokens) + 1)
    chosen: list[Match | None] = [None] * (len(tokens) + 1)
    for at in range(len(tokens) - 1, -1, -1):
        best[at] = best[at + 1]
        if not (tokens[at].says or tokens[at].kind == "mark"):
            continue
        for name in slots.lists:
            deque(readers[name](at), maxlen=0)  # kept, so that a list is never read deeper than one item
        for phrase in phrases():
            if not phrase.pattern.begins(tokens[at]):
                continue
            cost = _LEANING if "again" in phrase.says else _A_PHRASE
            for found in phrase.pattern.matches(tokens, at, readers=readers, unknown=unknown, work=work):
                weight = found.weight - cost + best[found.end]
                if found.end > at and weight > best[at] + 1e-9:
                    best[at], chosen[at] = weight, Match(phrase, at, found)
    made: list[Match] = []
    at = 0
    while at < len(tokens):
        match = chosen[at]
        if match is None:
            at += 1
            continue
        made.append(_with_negation(match, made, tokens, unknown=unknown))
        at = match.found.end
    return tuple(made)


def _with_negation(match: Match, before: Sequence[Match], tokens: Sequence[Token], *, unknown: frozenset[int]) -> Match:
    """Find the words before a phrase that turn it into its opposite: "do not", "never", "instead of"."""
    taken = {place for other in before for place in other.places}
    places: list[int] = []
    passed: list[int] = []
    at = match.start - 1
    while at >= max(match.start - _FAR, 0) and tokens[at].kind == "word" and at not in taken:
        key = tokens[at].key
        if key in NEGATORS or (places and key in _AUXILIARIES):
            places = [at, *passed, *places]
            passed = []
        elif key in STOP_WORDS or key == "than":
            passed.insert(0, at)
        elif at not in unknown:
            break
        at -= 1
    if not places and before and before[-1].negated and before[-1].found.end <= match.start:
        gap = range(before[-1].found.end, match.start)
        between = [tokens[place].key for place in gap if place not in unknown]
        if between in (["or"], ["nor"]):
            places = [place for place in gap if place not in unknown]
    return replace(match, negated=tuple(places)) if places else match
