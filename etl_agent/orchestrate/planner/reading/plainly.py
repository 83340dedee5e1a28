"""Whether a goal asks plainly for what destroys: rows of a table that are replaced, a column that is left out."""

from __future__ import annotations

from collections.abc import Sequence

from etl_agent.orchestrate.planner.language.lexicon import CONDITIONS, FILLERS, REPORTS
from etl_agent.orchestrate.planner.language.phrases import vocabulary
from etl_agent.orchestrate.planner.reading.binding import Bound, sources_of
from etl_agent.orchestrate.planner.reading.clauses import Clauses
from etl_agent.orchestrate.planner.reading.mentions import Mention, Names
from etl_agent.orchestrate.planner.reading.parsing import Match

__all__ = ["destroys", "exact", "not_plain"]


def destroys(match: Match) -> bool:
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
    return [
        phrase
        for phrase in made
        if (destroys(phrase.match) and not _plain(phrase, phrases, clauses, names))
        or (_says_where(phrase.match) and not _one_place(phrase, clauses, names))
    ]


def exact(mention: Mention) -> bool:
    """Whether words are the whole name of a column, whatever its case, separators and plural."""
    return mention.rank == 0 and bool(mention.columns)


def _plain(phrase: Bound, phrases: Sequence[Bound], clauses: Clauses, names: Names) -> bool:
    clause, sentence = clauses.clause(phrase.match), clauses.sentence(phrase.match)
    others = [other for other in phrases if other is not phrase and other.match.start in clause]
    return not (
        any(clauses.unread(place) or _reports(place, clauses) for place in clause)
        or any(_conditional(place, clauses) for place in sentence)
        or _asked(sentence, clauses)
        or any(_void(other.match) for other in others)
        or _elsewhere(phrase.match, clauses, names)
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
    return place not in clauses.taken and clauses.tokens[place].key in REPORTS


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
