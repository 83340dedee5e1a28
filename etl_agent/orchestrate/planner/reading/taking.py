"""Which datasets a goal asks for, and which it leaves out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from etl_agent.errors import UsageError
from etl_agent.orchestrate.planner.given import Source
from etl_agent.orchestrate.planner.reading.binding import Bound

__all__ = ["leaving", "taken_of"]


def taken_of(phrases: Sequence[Bound], sources: Sequence[Source]) -> dict[str, Bound | None]:
    """Return the datasets that a goal asks for, in its order, with the phrase that names each first.

    A goal that names none, or only some to leave out or to load first or last, asks for the others, too.

    Raises:
        UsageError: it leaves out every dataset.
    """
    left = {name for phrase in phrases if _leaves(phrase) for name in phrase.own}
    destroyed = {name for phrase in phrases if _takes_away(phrase) for name in phrase.own}
    named: dict[str, Bound | None] = {}
    for phrase in phrases:
        for name in () if _leaves(phrase) or phrase.match.phrase.ask == "nothing" else phrase.own:
            named.setdefault(name, phrase)
    if all(phrase is not None and phrase.match.phrase.ask in ("first", "last") for phrase in named.values()):
        rest = [source.name for source in sources if source.name not in named and source.name not in left]
        named.update(dict.fromkeys([name for name in rest if name not in destroyed] or rest))
    if both := sorted(left & named.keys()):
        raise UsageError(f"the goal both asks for {', '.join(both)} and leaves it out")
    if not named:
        raise UsageError("the goal leaves out every dataset", choices=[source.name for source in sources])
    _require_namesakes(named, sources, left=left)
    return named


def _require_namesakes(named: Mapping[str, Bound | None], sources: Sequence[Source], *, left: Collection[str]) -> None:
    """Let no file of a name that several datasets share be left out without a word.

    Raises:
        UsageError: a goal names one of them, and says nothing of the others.
    """
    for name, phrase in named.items():
        alike = [source for source in sources if re.fullmatch(rf"{re.escape(name)}_\d+", source.name)]
        if phrase is not None and any(source.name not in named and source.name not in left for source in alike):
            both = [source for source in sources if source.name == name] + alike
            files = "; ".join(f"{source.name}: {', '.join(source.files)}" for source in both)
            others = [source.name for source in alike]
            raise UsageError(
                f"{name!r} in the goal may be several datasets, as their columns differ ({files})",
                choices=[" and ".join([name, *others]), f"{name}, not {' and '.join(others)}"],
                next_command="name each of them in the goal",
            )


def _takes_away(phrase: Bound) -> bool:
    return "leaves" in phrase.match.phrase.says and not phrase.match.negated


def leaving(phrases: Iterable[Bound]) -> list[Bound]:
    """Return the phrases that leave a dataset out."""
    return [phrase for phrase in phrases if _leaves(phrase)]


def _leaves(phrase: Bound) -> bool:
    return (phrase.match.phrase.ask == "leave") != (phrase.match.phrase.ask == "take" and bool(phrase.match.negated))
