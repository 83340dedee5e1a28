"""Which unread words of a goal could change what is destroyed, what is loaded, or where rows go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from etl_agent.errors import UsageError, near, one_slip
from etl_agent.orchestrate.planner.given import Source
from etl_agent.orchestrate.planner.language.lexicon import (
    DESTRUCTIVE,
    EXCLUDERS,
    FILLERS,
    GENERIC_TABLES,
    NEGATORS,
    NOBODY,
    OF_TABLES,
    UNIVERSAL,
)
from etl_agent.orchestrate.planner.language.phrases import vocabulary
from etl_agent.orchestrate.planner.reading.binding import Bound
from etl_agent.orchestrate.planner.reading.clauses import Clauses
from etl_agent.orchestrate.planner.reading.mentions import Names
from etl_agent.orchestrate.planner.reading.values import NUMBERS

__all__ = ["Unread", "require_some", "unclear"]

_SHORTEST = 4  # letters of a word that may be the name of a dataset with a slip: shorter ones are like too many
_MOST = 12  # names that a message lists


@dataclass(frozen=True)
class Unread:
    """A word, or a phrase, that nothing was made of.

    Args:
        text: as it stands in the goal.
        place: where it begins.
        phrase: the phrase, if it is one.
    """

    text: str
    place: int
    phrase: Bound | None = None


def unclear(
    unread: Iterable[Unread], *, phrases: Sequence[Bound], refused: Sequence[Bound], clauses: Clauses,
    sources: Sequence[Source],
) -> Iterator[str]:  # fmt: skip
    """Return what has to be made clear before anything is loaded, in the order of the goal.

    Args:
        unread: what nothing was made of.
        phrases: all phrases.
        refused: those that destroy and are not plainly said.
        clauses: the parts of the goal.
        sources: the datasets.
    """
    for one in unread:
        if one.phrase is not None:
            if one.phrase in refused or _destroys(one.phrase, clauses):
                yield one.text
            continue
        key = clauses.tokens[one.place].key
        if key in DESTRUCTIVE and not _negated(one.place, clauses):
            yield one.text
        elif (start := _target(one.place, clauses)) is not None:
            yield clauses.text[clauses.tokens[start].start : clauses.tokens[one.place].start] + one.text
        elif key in NEGATORS and (first := _dataset_before(one.place, phrases, clauses)) is not None:
            yield clauses.text[clauses.tokens[first].start : clauses.tokens[one.place].end]
        elif key in NEGATORS | EXCLUDERS and (end := _dataset_behind(one.place, phrases, clauses)) is not None:
            yield clauses.text[clauses.tokens[one.place].start : clauses.tokens[end].end]
        elif _slip(key, sources):
            yield one.text


def require_some(goal: Clauses, *, phrases: Sequence[Bound], unread: Sequence[Unread], names: Names) -> None:
    """Refuse a goal of which nothing was understood, so that it would mean to load whatever there is.

    Raises:
        UsageError: it names no dataset, asks for nothing, and holds other words, or none at all.
    """
    sources = names.sources
    keys = [token.key for token in goal.tokens if token.says]
    slips = any(_slip(goal.tokens[one.place].key, sources) for one in unread)
    asked = any(phrase.own or phrase.match.phrase.ask not in ("take", "aside", "then") for phrase in phrases)
    loads = any(key.startswith(_VERBS) for key in keys)
    alone = (loads or UNIVERSAL & set(keys)) if not unread else loads and UNIVERSAL & set(keys)
    if asked or (not slips and (alone or _mostly_known(goal, names))):
        return
    datasets = [source.name for source in sources]
    hints = [
        f"{one.text} -> {hit}"
        for one in unread
        if names.column(one.text[:80]) is None
        for hit in _near(one.text[:80], datasets)
    ]
    raise UsageError(
        "nothing of the goal was understood: goals are read in English, and name datasets "
        f"({', '.join(datasets[:_MOST])})",
        choices=hints[:_MOST] or datasets[:_MOST],
    )


_VERBS = ("load", "import", "ingest", "put", "bring", "get", "take", "read", "copy", "insert")
"""How the words begin that say to load, with nothing else said."""


def _mostly_known(goal: Clauses, names: Names) -> bool:
    """Whether most words that say something are words of the language or names, so that it is English."""
    places = [place for place in range(len(goal.tokens)) if goal.says(place)]
    known = [place for place in places if _known(goal.tokens[place].key) or any(names.column_at(goal.tokens, place))]
    return 2 * len(known) > len(places)


def _known(word: str) -> bool:
    return word in vocabulary() or word in NEGATORS


def _near(word: str, datasets: Sequence[str]) -> Iterator[str]:
    """Return the dataset, or the words of the language, that a word may be with a slip."""
    key = word.casefold()
    if found := near(word, datasets, most=1) if len(key) > _SHORTEST else ():
        yield from found
    elif len(key) >= _SHORTEST - 1 and not _known(key):
        keywords = sorted(known for known in vocabulary() if len(known) >= _SHORTEST - 1 and one_slip(key, known))
        yield from keywords[:1]


def _destroys(phrase: Bound, clauses: Clauses) -> bool:
    """Whether a phrase that nothing can be made of destroys: "delete books", and not "replacing nothing"."""
    keys = {clauses.tokens[place].key for place in phrase.match.places}
    return (
        phrase.match.phrase.ask == "nothing"
        and not phrase.match.negated
        and bool(keys & DESTRUCTIVE - NOBODY)
        and (not keys & NOBODY)
    )


def _negated(place: int, clauses: Clauses) -> bool:
    clause = clauses.clause_at(place)
    around = [clauses.tokens[at].key for at in range(clause.start, min(place + 2, clause.stop))]
    return any(key in NEGATORS or key in NOBODY for key in around)


def _target(place: int, clauses: Clauses) -> int | None:
    """Return where a phrase begins that says where rows go, if a word ends it: "into X", "goes to X", "as table X"."""
    at = place - 1
    nouns = False
    while at >= 0 and (clauses.tokens[at].key in FILLERS or clauses.tokens[at].key in GENERIC_TABLES):
        nouns = nouns or clauses.tokens[at].key in _PLACES
        at -= 1
    start = max(at + 1, clauses.clause_at(place).start)
    if nouns and clauses.tokens[place - 1].key in _PLACES and start == clauses.clause_at(place).start:
        return start  # "..., table sales"
    if at < 0:
        return None
    key, before = clauses.tokens[at].key, clauses.tokens[at - 1].key if at else ""
    behind = clauses.tokens[place + 1].key if place + 1 < len(clauses.tokens) else ""
    if behind in GENERIC_TABLES and clauses.tokens[place].key in OF_TABLES | NUMBERS.keys():
        return None
    if key in ("into", "onto") or (key == "to" and before in _GOES):
        return at
    return at if key in ("in", "as", "to", "under") and (nouns or behind in ("schema", "table")) else None


_PLACES = frozenset(("schema", "table", "database", "db"))
_GOES = frozenset(("go", "goes", "going", "sent", "send", "written", "write", "belong", "belongs", "moved", "move"))


def _dataset_behind(place: int, phrases: Sequence[Bound], clauses: Clauses) -> int | None:
    """Return the last place of a dataset that is named in the same clause behind a word."""
    clause = clauses.clause_at(place)
    found = [p for p in phrases if p.own and p.match.phrase.ask == "take" and place < p.match.start < clause.stop]
    return found[0].match.places[-1] if found else None


def _dataset_before(place: int, phrases: Sequence[Bound], clauses: Clauses) -> int | None:
    """Return the first place of a dataset that a negation directly follows: "customers: do not load"."""
    at = place - 1
    while at >= 0 and clauses.tokens[at].key in (":", "-", "do", "does", "please"):
        at -= 1
    found = [p for p in phrases if p.own and p.match.phrase.ask == "take" and p.match.places[-1] == at]
    return found[0].match.places[0] if found else None


def _slip(key: str, sources: Sequence[Source]) -> bool:
    """Whether a word is the name of a dataset but for one letter."""
    return len(key) >= _SHORTEST and any(one_slip(key, source.name.casefold()) for source in sources)
