"""Reading a goal in English into wishes by rules, and saying of which words nothing was made."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from etl_agent.errors import UsageError
from etl_agent.masking import masked
from etl_agent.orchestrate.planner.given import Source, UserSql
from etl_agent.orchestrate.planner.language.lexicon import STOP_WORDS
from etl_agent.orchestrate.planner.language.tokens import Token, tokenize
from etl_agent.orchestrate.planner.reading.agreeing import agreed, with_forbidden_modes
from etl_agent.orchestrate.planner.reading.binding import Bound, bound
from etl_agent.orchestrate.planner.reading.clauses import Clauses
from etl_agent.orchestrate.planner.reading.doubtful import Unread, require_some, unclear
from etl_agent.orchestrate.planner.reading.making import Maker, keyed_of
from etl_agent.orchestrate.planner.reading.mentions import Names
from etl_agent.orchestrate.planner.reading.parsing import matched
from etl_agent.orchestrate.planner.reading.plainly import not_plain
from etl_agent.orchestrate.planner.reading.resolving import Resolver
from etl_agent.orchestrate.planner.reading.taking import leaving, taken_of
from etl_agent.orchestrate.planner.wishes import After, Reading, Wish

__all__ = ["LONGEST_GOAL", "read_goal"]

LONGEST_GOAL = 4000
"""Characters that a goal may have: a page and a half, more than anybody says in one breath."""


def read_goal(goal: str, sources: Sequence[Source], sql: Sequence[UserSql] = ()) -> Reading:
    """Read what a goal asks for.

    Every word of the goal is in the ``words`` of a wish, or says nothing by itself (``STOP_WORDS``, marks), or is
    among ``not_understood``. Credentials are masked before anything is read.

    Args:
        goal: what the user wants, in English, at most 4,000 characters.
        sources: the datasets that there are.
        sql: the SQL files that there are.

    Raises:
        UsageError: the goal is too long, contradicts itself, or uses words for a column or an SQL file that name none
            (near names are given) or several.
    """
    if len(goal) > LONGEST_GOAL:
        raise UsageError(f"the goal has {len(goal):,} characters, and at most {LONGEST_GOAL:,} are read")
    text = masked(_plain(goal))
    tokens = tuple(tokenize(text))
    names = Names(tuple(sources), tuple(sql))
    phrases = list(bound(matched(tokens, names), tokens))
    named = taken_of(phrases, sources)

    def words(phrase: Bound) -> str:
        return _said(text, tokens, phrase.match.places)

    clauses = Clauses(text, tokens, [phrase.match for phrase in phrases])
    refused = not_plain(phrases, clauses, names)
    taken = tuple(named)
    resolver = Resolver(names, taken)
    keyed = keyed_of(phrases, scope=resolver.scope)
    maker = Maker({source.name: source for source in sources}, sql, taken, resolver, words, keyed)
    takes = tuple(maker.takes(named, [*leaving(phrases), *(p for p in phrases if p.match.phrase.ask == "aside")]))
    made: list[Wish] = [wish for wish in takes if named[wish.source] is None]
    odd: list[Bound] = []
    before: Bound | None = None
    waiting: tuple[str, tuple[str, ...]] | None = None
    before_then: Bound | None = None
    for phrase in phrases:
        idle = phrase.match.negated or phrase in refused or _goes_on(phrase, before, refused)
        wishes = () if idle else tuple(maker.make(phrase, before=before))
        if not (wishes and "again" in phrase.match.phrase.says):
            before = phrase
        if not wishes and phrase.match.phrase.ask not in ("take", "leave", "then", "aside"):
            odd.append(phrase)
        wishes = (*(wish for wish in takes if named[wish.source] is phrase), *wishes)
        if waiting and phrase.own:
            wishes = (*wishes, *_then(waiting, phrase.own, taken))
        elif before_then is not None and phrase.match.phrase.ask != "sql":
            odd.append(before_then)
        ask = phrase.match.phrase.ask
        waiting = (words(phrase), phrase.previous) if ask == "then" else None
        loud = any(_means(tokens[place], text) for place in phrase.match.places)
        before_then = phrase if ask == "then" and loud else None
        made.extend(wishes)
    odd += [before_then] if before_then is not None else []
    made, odd = with_forbidden_modes(made, odd, scope=maker.resolver.scope, words=words)
    unread = tuple(_leftover(text, tokens, phrases, odd))
    require_some(clauses, phrases=phrases, unread=unread, names=names)
    return Reading(
        wishes=agreed(made),
        not_understood=tuple(one.text for one in unread),
        unclear=tuple(unclear(unread, phrases=phrases, refused=refused, clauses=clauses, sources=sources)),
    )


def _goes_on(phrase: Bound, before: Bound | None, refused: Sequence[Bound]) -> bool:
    """Whether a phrase goes on with one that nothing is made of."""
    return "again" in phrase.match.phrase.says and before is not None and before in refused


def _plain(goal: str) -> str:
    """Put a blank for each character that shows nothing, or that could change how a terminal shows the rest."""
    return "".join(" " if char != "\n" and unicodedata.category(char)[0] == "C" else char for char in goal)


def _then(waiting: tuple[str, tuple[str, ...]], later: Iterable[str], taken: Sequence[str]) -> Iterator[Wish]:
    words, earlier = waiting
    for name in later:
        for first in earlier:
            if first != name and first in taken and name in taken and first not in later:
                yield After(source=name, first=first, words=words)


def _said(text: str, tokens: Sequence[Token], places: Sequence[int]) -> str:
    """Return words of a goal as they stand there, without those between them that are not meant."""
    said = ""
    for place, following in zip(places, [*places[1:], None], strict=True):
        said += text[tokens[place].start : tokens[place].end]
        if following is not None:
            said += " " if tokens[following].start > tokens[place].end else ""
    return said


def _leftover(text: str, tokens: Sequence[Token], phrases: Iterable[Bound], odd: Sequence[Bound]) -> Iterator[Unread]:
    """Return what nothing was made of: phrases as a whole, and single words, in the order of the goal."""
    taken = {place for phrase in phrases for place in phrase.match.places}
    whole = {phrase.match.places[0]: phrase for phrase in odd}
    at = 0
    while at < len(tokens):
        if at in whole:
            yield Unread(_said(text, tokens, whole[at].match.places), at, whole[at])
        elif _means(tokens[at], text) and at not in taken:
            start = end = at
            while (
                end + 2 < len(tokens) and tokens[end + 1].text == "-" and _glued(tokens, end) and end + 2 not in taken
            ):
                end += 2
            yield Unread(text[tokens[at].start : tokens[end].end], start)
            at = end
        at += 1


def _means(token: Token, text: str) -> bool:
    """Whether a token says something: a word in capitals does, as "US" in a goal that is not all in capitals."""
    loud = len(token.text) > 1 and token.text.isupper() and not text.isupper()
    return token.says and (loud or token.key not in STOP_WORDS)


def _glued(tokens: Sequence[Token], at: int) -> bool:
    return tokens[at].end == tokens[at + 1].start and tokens[at + 1].end == tokens[at + 2].start
