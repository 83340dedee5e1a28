"""Wishes of one goal held against each other: what was said twice is one wish, and what contradicts is an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from etl_agent.errors import UsageError
from etl_agent.orchestrate.planner.reading.binding import Bound
from etl_agent.orchestrate.planner.wishes import After, Budget, Into, Key, Mode, Newest, Wish

__all__ = ["agreed", "with_forbidden_modes"]


def with_forbidden_modes(
    made: Sequence[Wish],
    odd: Sequence[Bound],
    *,
    scope: Callable[[Bound], Sequence[str]],
    words: Callable[[Bound], str],
) -> tuple[list[Wish], list[Bound]]:
    """Let "append, do not replace" be one wish: a way of loading that is forbidden says nothing new beside another one.

    Args:
        made: the wishes.
        odd: phrases that nothing was made of.
        scope: the datasets that a phrase is about.
        words: its words.

    Returns:
        The wishes, and the phrases that nothing was made of all the same.

    Raises:
        UsageError: a way is both asked for and forbidden.
    """
    wishes, left = list(made), []
    for phrase in odd:
        says = phrase.match.phrase.says
        about = scope(phrase) if phrase.match.negated and "mode" in says else ()
        places = [at for at, wish in enumerate(wishes) if isinstance(wish, Mode) and wish.source in about]
        for at in places:
            wish = wishes[at]
            if (
                isinstance(wish, Mode)
                and wish.write_disposition == says["mode"]
                and wish.strategy == says.get("strategy")
            ):
                raise UsageError(f"the goal says both {wish.words!r} and {words(phrase)!r}")
            wishes[at] = _with_words(wish, words(phrase))
        if not places:
            left.append(phrase)
    return wishes, left


def agreed(made: Iterable[Wish]) -> tuple[Wish, ...]:
    """Return the wishes, each once.

    Where the newest row of a key is to win and nothing says how to load, the load is a merge.

    Raises:
        UsageError: two wishes contradict each other; the words of both are named.
    """
    once: list[Wish] = []
    for wish in made:
        same = next((at for at, other in enumerate(once) if _same(wish, other)), None)
        if same is None:
            once.append(wish)
        elif wish.words not in once[same].words:
            once[same] = _with_words(once[same], wish.words)
    once = _modes(once)
    for kind in (Key, Newest, Into, Budget):
        _one_each(once, kind)
    _no_circle(once)
    return tuple(once)


def _bare(wish: Wish) -> dict[str, Any]:
    return wish.model_dump(exclude={"words", "by"})


def _same(wish: Wish, other: Wish) -> bool:
    return type(wish) is type(other) and _bare(wish) == _bare(other)


def _with_words(wish: Wish, words: str) -> Wish:
    return wish.model_copy(update={"words": f"{wish.words}; {words}" if wish.words else words})


def _modes(wishes: list[Wish]) -> list[Wish]:
    """Make one of several ways to load a dataset that agree, and add the merge that the newest row of a key means."""
    made: list[Wish] = []
    for wish in wishes:
        at = next((n for n, other in enumerate(made) if _rival(wish, other)), None)
        other = made[at] if at is not None else None
        if isinstance(wish, Mode) and isinstance(other, Mode) and at is not None:
            narrow = _narrower(wish, other)
            made[at] = narrow.model_copy(update={"words": f"{other.words}; {wish.words}"})
        else:
            made.append(wish)
    moded = {wish.source for wish in made if isinstance(wish, Mode)}
    keyed = {wish.source for wish in made if isinstance(wish, Key)}
    for wish in tuple(made):
        if isinstance(wish, Newest) and wish.source in keyed - moded:
            made.append(Mode(source=wish.source, write_disposition="merge", words=wish.words))
            moded.add(wish.source)
    return made


def _rival(wish: Wish, other: Wish) -> bool:
    return isinstance(wish, Mode) and isinstance(other, Mode) and wish.source == other.source


def _narrower(wish: Mode, other: Mode) -> Mode:
    """Return the one of two ways that says more: to insert only what is new is also a way to append or to merge."""
    for one, two in ((wish, other), (other, wish)):
        adds = two.write_disposition == "append" and one.strategy == "insert-only"
        if adds or (one.write_disposition == two.write_disposition and two.strategy in (None, one.strategy)):
            return one
    raise _contradiction(other, wish)


def _one_each(wishes: Iterable[Wish], kind: type[Key | Newest | Into | Budget]) -> None:
    found: dict[str, Wish] = {}
    for wish in wishes:
        if isinstance(wish, kind):
            before = found.setdefault(wish.source, wish)
            if before is not wish and not (isinstance(wish, Newest) and _says_less(wish, before)):
                raise _contradiction(before, wish)


def _says_less(wish: Newest, before: Wish) -> bool:
    return wish.column is None or (isinstance(before, Newest) and before.column is None)


def _contradiction(first: Wish, second: Wish) -> UsageError:
    return UsageError(
        f"the goal contradicts itself about {second.source}: {first.words!r} and {second.words!r}",
        next_command="keep one of the two",
    )


def _no_circle(wishes: Iterable[Wish]) -> None:
    listed = [wish for wish in wishes if isinstance(wish, After)]
    before: dict[str, set[str]] = {}
    for wish in listed:
        known = before.get(wish.first, set())
        if wish.source in known or wish.source == wish.first:
            other = next((w for w in listed if w.source == wish.first), wish)
            raise _contradiction(other, wish)
        for name in [wish.source, *(n for n, firsts in before.items() if wish.source in firsts)]:
            before.setdefault(name, set()).update({wish.first, *known})
