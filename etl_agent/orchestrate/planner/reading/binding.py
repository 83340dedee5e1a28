"""Which datasets each phrase of a goal is about: those that it names, or those that it stands beside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from etl_agent.orchestrate.planner.language.tokens import Token
from etl_agent.orchestrate.planner.reading.parsing import Match

__all__ = ["Bound", "bound", "sources_of"]


@dataclass(frozen=True)
class Bound:
    """A phrase with the datasets that it is about.

    Args:
        match: the phrase.
        own: datasets that the phrase itself names.
        beside: datasets named before it in its sentence, or above it in its list; without them, behind it.
        previous: datasets named last before it, in whatever sentence.
    """

    match: Match
    own: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    previous: tuple[str, ...] = ()


def sources_of(match: Match, *slots: str) -> tuple[str, ...]:
    """Return the datasets that a phrase names, in its order."""
    found = [name for slot, held in match.found.slots if slot in slots and isinstance(held, tuple) for name in held]
    return tuple(dict.fromkeys(str(name) for name in found))


def bound(matches: Sequence[Match], tokens: Sequence[Token]) -> Iterator[Bound]:
    """Bind each phrase, in the order of the goal.

    A phrase that names no dataset is about the datasets named last before it in its sentence; a list of items is about
    those of the line above it. Datasets that are named one after the other, with nothing said about them in between,
    are one group: "load orders and then customers, newest wins".
    """
    group: tuple[str, ...] = ()
    heading: tuple[str, ...] = ()
    previous: tuple[str, ...] = ()
    said = False
    at = 0
    for number, match in enumerate(matches):
        for place in range(at, match.start):
            kind = tokens[place].kind
            if kind == "bullet":
                if place and tokens[place - 1].text == ":":
                    heading = group
                group, said = heading, bool(heading)
            elif kind == "break":
                group, said, heading = (), False, ()
        at = match.start
        own = tuple(dict.fromkeys((*sources_of(match, "sources"), *sources_of(match, "later"))))
        if match.phrase.ask == "leave":
            yield Bound(match, own, group, previous)
            continue
        if own:
            naming = match.phrase.ask == "take"
            group = tuple(dict.fromkeys((*group, *own))) if naming and group and not said else own
            said = not naming
        elif match.phrase.ask != "then":
            said = True
        beside = group or (_behind(match, matches[number + 1 :], tokens) if match.phrase.ask == "mode" else ())
        yield Bound(match, own, beside, previous)
        if own:
            previous = own


def _behind(match: Match, later: Sequence[Match], tokens: Sequence[Token]) -> tuple[str, ...]:
    """Return the datasets that are named next in the same sentence: "with upsert, load orders"."""
    for following in later:
        if any(tokens[place].kind in ("break", "bullet") for place in range(match.start, following.start)):
            return ()
        if named := sources_of(following, "sources", "later"):
            return named if following.phrase.ask == "take" else ()
    return ()
