"""Which dataset is loaded before which: at the user's word, and parents before the rows that refer to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from etl_agent.errors import UsageError
from etl_agent.orchestrate.planner.draft import By
from etl_agent.orchestrate.planner.drafting.asked import quoted
from etl_agent.orchestrate.planner.drafting.keys import column_words, is_own_key, names_the_thing
from etl_agent.orchestrate.planner.given import Source
from etl_agent.orchestrate.planner.wishes import After
from etl_agent.profile.kinds import Kind

__all__ = ["Edge", "Reference", "edges_of", "ordered", "references"]

_NAMES: frozenset[Kind] = frozenset({"identifier", "category", "integer", "text", "postal_code", "email", "constant"})
"""Kinds that a column can have which refers to the key of another dataset."""


@dataclass(frozen=True)
class Reference:
    """A column whose values look like keys of another dataset.

    Args:
        child: the dataset with the column.
        column: the column.
        parent: the other dataset.
        key: its key.
    """

    child: str
    column: str
    parent: str
    key: str


@dataclass(frozen=True)
class Edge:
    """A dataset that is loaded before another.

    Args:
        first: the one that is loaded before.
        then: the one that is loaded later.
        reason: why.
        by: who says so.
        words: the words of the goal that say so, for an error.
    """

    first: str
    then: str
    reason: str
    by: By
    words: str = ""


def references(sources: Sequence[Source], keys: Mapping[str, Sequence[str]]) -> Iterator[Reference]:
    """Find the columns that refer to other datasets, by their names and by what kind of values they hold.

    Args:
        sources: the datasets.
        keys: the key of each dataset, as far as it is known.
    """
    for parent in sources:
        key = _own_key(parent, keys.get(parent.name, ()))
        if key is None:
            continue
        for child in sources:
            for column in child.columns if child is not parent else ():
                own = tuple(keys.get(child.name, ())) == (column,)
                if not own and _named_after(column, child, parent, key) and _many_to_one(column, child, parent, key):
                    yield Reference(child.name, column, parent.name, key)


def _own_key(source: Source, known: Sequence[str]) -> str | None:
    """Return the one column that is the key of a dataset: the one that is settled, or that says so by its name."""
    if known:
        return known[0] if len(known) == 1 else None
    return next((name for name in source.columns if is_own_key(name, source)), None)


def _many_to_one(column: str, child: Source, parent: Source, key: str) -> bool:
    """Tell whether values repeat more in the column than in the key, or whether names tell one from the other."""
    shares = [
        source.profile.distinct[name].count / max(source.profile.rows, 1)
        for source, name in ((child, column), (parent, key))
    ]
    if is_own_key(key, parent) and not is_own_key(column, child):
        return shares[0] <= shares[1]
    return shares[0] < shares[1]


def _named_after(column: str, child: Source, parent: Source, key: str) -> bool:
    if child.profile.kinds[column].kind not in _NAMES:
        return False
    words, key_words = column_words(column), column_words(key)
    if words == key_words and len(words) > 1:
        return True
    # customer_id refers to id of customers; the last word of both says what it is
    return len(words) > 1 and words[-1:] == key_words and names_the_thing(words[-2], parent.name)


def edges_of(
    afters: Sequence[After], found: Sequence[Reference], *, taken: Sequence[str], notes: list[str]
) -> tuple[Edge, ...]:
    """List what is loaded before what; what would go round in a circle is left out, unless the user says all of it.

    Args:
        afters: the wishes for an order.
        found: the columns that refer to other datasets.
        taken: the datasets that are loaded.
        notes: takes what a person should know.

    Raises:
        UsageError: the user asks for a circle.
    """
    wanted: list[Edge] = []
    for wish in sorted(afters, key=lambda wish: wish.by != "goal"):
        if wish.first not in taken or wish.source not in taken:
            if wish.by == "goal" and wish.source in taken:
                notes.append(f"{wish.source}: {quoted(wish)} names {wish.first}, which is not loaded here")
            continue
        said = f"the goal says so ({quoted(wish)})" if wish.by == "goal" else "a model chose this order"
        wanted.append(Edge(wish.first, wish.source, said, wish.by, quoted(wish)))
    for reference in found:
        reason = f"its column {reference.column} refers to {reference.key} of {reference.parent}"
        wanted.append(Edge(reference.parent, reference.child, reason, "profile"))
    kept: list[Edge] = []
    for edge in wanted:
        if any((edge.first, edge.then) == (other.first, other.then) for other in kept):
            continue
        if (way := _way(kept, edge.then, edge.first)) is None:
            kept.append(edge)
        elif edge.by == "goal":
            words = " and ".join(dict.fromkeys((*(other.words for other in way), edge.words)))
            raise UsageError(
                f"the goal asks for an order that goes round in a circle: {words}",
                where=edge.then,
                next_command="leave one of them out",
            )
        elif edge.by == "model":
            notes.append(f"{edge.then}: a model's order goes round in a circle; not taken")
    return tuple(kept)


def _way(edges: Sequence[Edge], start: str, end: str) -> tuple[Edge, ...] | None:
    """Find a way along the edges; empty where start and end are one, None where there is none."""
    ways: dict[str, tuple[Edge, ...]] = {start: ()}
    open_ = [start]
    while open_:
        here = open_.pop()
        for edge in edges:
            if edge.first == here and edge.then not in ways:
                ways[edge.then] = (*ways[here], edge)
                open_.append(edge.then)
    return ways.get(end)


def ordered(names: Sequence[str], edges: Sequence[Edge]) -> tuple[str, ...]:
    """Put datasets behind those that are loaded before them, and keep their order where nothing is said.

    Args:
        names: the datasets, in the order of the goal.
        edges: what is loaded before what, without a circle.
    """
    left, done = list(names), list[str]()
    while left:
        waiting = {edge.then for edge in edges if edge.first in left}
        ready = next(name for name in left if name not in waiting)
        left.remove(ready)
        done.append(ready)
    return tuple(done)
