"""Whether a goal asks plainly for what destroys: rows of a table that are replaced, a column that is left out."""

from __future__ import annotations

from collections.abc import Sequence

from etl_agent.orchestrate.planner.language.lexicon import CONDITIONS, FILLERS, REPORTS
from etl_agent.orchestrate.planner.language.phrases import vocabulary
from etl_agent.orchestrate.planner.reading.binding import Bound, sources_of
from etl_agent.orchestrate.planner.reading.clauses import Clauses
from etl_agent.orchestrate.planner.reading.mentions import Names
from etl_agent.orchestrate.planner.reading.parsing import Match

__all__ = ["not_plain"]


def _destroys(match: Match) -> bool:
    """Whether a phrase asks for something that cannot be had back by another run."""
    says = match.phrase.says
    return match.phrase.ask == "drop" or says.get("mode") == "replace" or says.get("strategy") == "delete-insert"


def not_plain(phrases: Sequence[Bound], clauses: Clauses, names: Names) -> list[Bound]:
    """Return the phrases that destroy, or say where rows go, not plainly, so that nothing is to be made of them.

    In the clause of such a phrase, every word has to be understood, and nothing may be negated; its sentence holds no
    condition and is no question; what it is done to is a dataset, a table or rows, or, for a column that is left out,
    the whole name of the column.
    """
    made = [phrase for phrase in phrases if not phrase.match.negated]
    odd = [phrase for phrase in made if _says_where(phrase.match) and not _one_place(phrase, clauses, names)]
    taking = [phrase for phrase in made if _destroys(phrase.match)]
    return odd + [phrase for phrase in taking if phrase not in odd and not _plain(phrase, phrases, odd, clauses, names)]


def _plain(phrase: Bound, phrases: Sequence[Bound], odd: Sequence[Bound], clauses: Clauses, names: Names) -> bool:
    clause, sentence = clauses.clause(phrase.match), clauses.sentence(phrase.match)
    others = [other for other in phrases if other is not phrase and other.match.start in clause]
    return not (
        any(clauses.unread(place) or _reports(place, clauses) for place in clause)
        or any(_conditional(place, clauses) for place in sentence)
        or _asked(sentence, clauses)
        or any(_void(other.match) or other in odd for other in others)
        or _elsewhere(phrase.match, clauses, names)
        or _instead(phrase, others, clauses)
        or _other_object(phrase.match, clauses, names)
    )


def _says_where(match: Match) -> bool:
    return match.phrase.ask == "into" or match.found.slot("target") is not None


def _one_place(phrase: Bound, clauses: Clauses, names: Names) -> bool:
    """Whether a phrase says of one dataset, without odd words in between, where it goes: not "in schema sales"."""
    match = phrase.match
    one = match.found.slot("target") is None or len(phrase.own or names.sources) == 1
    return one and not any(clauses.unread(place) for place in range(match.start, match.found.end))


def _reports(place: int, clauses: Clauses) -> bool:
    if place in clauses.taken:
        return False
    key, behind = (token.key for token in (*clauses.tokens[place : place + 2], clauses.tokens[place])[:2])
    return key in REPORTS or (key in ("can", "could") and behind == "be")  # "can you replace" asks, all the same


def _conditional(place: int, clauses: Clauses) -> bool:
    token = clauses.tokens[place]
    if place in clauses.taken:
        return False
    first = place == 0 or not clauses.tokens[place - 1].says
    return token.key in CONDITIONS or (token.key == "should" and first)


def _asked(sentence: range, clauses: Clauses) -> bool:
    places = [*sentence, sentence.stop] if sentence.stop < len(clauses.tokens) else [*sentence]
    return any(clauses.tokens[place].text == "?" and place not in clauses.taken for place in places)


def _void(match: Match) -> bool:
    return match.phrase.ask == "nothing" or (bool(match.negated) and match.phrase.ask not in ("take", "leave"))


def _elsewhere(match: Match, clauses: Clauses, names: Names) -> bool:
    """Whether one dataset is to take the place of another, as in "replace orders with customers"."""
    earlier: set[str] = set()
    joined = False
    for place in match.found.used:
        named = [name for _, name in names.source_at(clauses.tokens, place)][:1]
        if named and joined and earlier and named[0] not in earlier:
            return True
        if named and not joined:
            earlier.update(named)
        joined = joined or clauses.tokens[place].key in _INSTEAD
    of, later = sources_of(match, "sources"), sources_of(match, "later")
    return bool(of) and not set(later) <= set(of)


def _instead(phrase: Bound, others: Sequence[Bound], clauses: Clauses) -> bool:
    """Whether phrases behind name what is to stand there instead: "replace the table books with the loans"."""
    behind = [other for other in others if other.match.start >= phrase.match.found.end]
    new = [other for other in behind if clauses.tokens[other.match.start].key in _INSTEAD]
    old = {name for other in (phrase, *behind) if other not in new for name in other.own}
    return bool(old) and any(not set(other.own) <= old for other in new)


_INSTEAD = frozenset(("with", "by", "from", "using"))


def _other_object(match: Match, clauses: Clauses, names: Names) -> bool:
    """Whether the verb has another object behind it: "wipe phone", "drop the created books table"."""
    place = match.found.end
    tokens = clauses.tokens
    while place < len(tokens) and tokens[place].key in FILLERS:
        place += 1
    if place >= len(tokens) or not tokens[place].says or tokens[place].key in vocabulary():
        return False
    if match.phrase.ask == "drop":
        return any(names.source_at(tokens, place)) or any(names.column_at(tokens, place))
    named = any(slot in ("sources", "later", "object", "keys", "weak_keys") for slot, _ in match.found.slots)
    return not named and any(names.column_at(tokens, place)) and not any(names.source_at(tokens, place))
