"""Which of a model's wishes are taken: those that the data bear out and the user's own words leave room for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from etl_agent.orchestrate.planner.drafting.keys import broken_rows
from etl_agent.orchestrate.planner.given import Source
from etl_agent.orchestrate.planner.model.questions import (
    AfterChoice,
    Choice,
    CleanedChoice,
    DeduplicatedChoice,
    KeyChoice,
    NewestChoice,
    SecretChoice,
    SqlChoice,
    ValidChoice,
)
from etl_agent.orchestrate.planner.model.told import Told
from etl_agent.orchestrate.planner.wishes import (
    After,
    Cleaned,
    Deduplicated,
    Dropped,
    Key,
    Newest,
    RunSql,
    Secret,
    Valid,
    Wish,
)
from etl_agent.profile.kinds import Kind

__all__ = ["Refused", "accepted"]

_ORDERED: frozenset[Kind] = frozenset({"date", "timestamp", "time", "integer", "number", "identifier"})
"""Kinds of which one value is newer than another: moments, and numbers that are counted up."""
_MEASURES: frozenset[Kind] = frozenset({"number", "money", "percent", "quantity", "empty", "constant"})
"""Kinds that tell no rows apart: measures differ by chance."""
_AMOUNTS: frozenset[Kind] = frozenset({"integer", "number", "money", "percent", "quantity"})
_DAYS: frozenset[Kind] = frozenset({"date", "timestamp"})
_NUMBER = re.compile(r"[-+]?\d{1,18}(?:\.\d{1,18})?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Refused:
    """A wish of a model that is not taken.

    Args:
        wish: its kind.
        reason: why, as part of a sentence without text of the data.
    """

    wish: str
    reason: str


def accepted(choice: Choice, told: Told, wishes: Sequence[Wish]) -> Wish | Refused:
    """Take a wish of a model, or say why not.

    Args:
        choice: the wish.
        told: what the model was told.
        wishes: the wishes so far: the user's own, and those of the model that were taken.
    """
    known = told.columns[choice.source]
    named = _named(choice)
    if any(label not in known for label in named):
        return Refused(choice.wish, "the dataset has no such column")
    if len(set(named)) < len(named):
        return Refused(choice.wish, "it names a column twice")
    source, columns = told.sources[choice.source], tuple(known[label] for label in named)
    left_out = {wish.column for wish in wishes if isinstance(wish, Dropped) and wish.source == source.name}
    if left_out & set(columns):
        return Refused(choice.wish, "the goal leaves the column out")
    made = _made(choice, told, source=source, columns=columns, wishes=wishes)
    if isinstance(made, str):
        return Refused(choice.wish, made)
    return made.model_copy(update={"words": told.phrases[choice.phrase], "by": "model"})


def _made(
    choice: Choice, told: Told, *, source: Source, columns: tuple[str, ...], wishes: Sequence[Wish]
) -> Wish | str:
    """Make the wish that a choice stands for, or say why not."""
    own = [wish for wish in wishes if wish.source == source.name]
    match choice:
        case KeyChoice():
            return _key(source, columns, own)
        case NewestChoice():
            return _newest(source, columns, own)
        case DeduplicatedChoice():
            return _deduplicated(source, own)
        case ValidChoice():
            return _valid(choice, source, columns[0], own)
        case CleanedChoice():
            return _cleaned(choice, source, columns, own)
        case SecretChoice():
            return Secret(source=source.name, column=columns[0])
        case AfterChoice():
            return _after(source, told.sources[choice.first], wishes)
        case SqlChoice():
            return _sql(source, told.sql[choice.name], wishes)
    return "no such wish is known"


def _named(choice: Choice) -> tuple[str, ...]:
    """Return the labels of the columns that a wish names."""
    match choice:
        case KeyChoice() | CleanedChoice():
            return choice.columns
        case ValidChoice() | SecretChoice():
            return (choice.column,)
        case NewestChoice(column=str(column)):
            return (column,)
    return ()


def _key(source: Source, columns: tuple[str, ...], own: Iterable[Wish]) -> Wish | str:
    if any(isinstance(wish, Key) for wish in own):
        return "the key is settled"
    if not _is_key(source, columns):
        return "rows share these values, or lack them"
    if len(columns) > 1 and any(_is_key(source, _without(columns, column)) for column in columns):
        return "fewer of these columns are a key already"
    return Key(source=source.name, columns=columns)


def _newest(source: Source, columns: tuple[str, ...], own: Iterable[Wish]) -> Wish | str:
    if any(isinstance(wish, Newest) for wish in own):
        return "which row is newest is settled"
    if any(source.profile.kinds[column].kind not in _ORDERED for column in columns):
        return "the column holds neither times nor numbers"
    return Newest(source=source.name, column=columns[0] if columns else None)


def _deduplicated(source: Source, own: Iterable[Wish]) -> Wish | str:
    if any(isinstance(wish, Deduplicated) for wish in own):
        return "which rows are duplicates is settled"
    return Deduplicated(source=source.name)


def _valid(choice: ValidChoice, source: Source, column: str, own: Iterable[Wish]) -> Wish | str:
    values = tuple(str(value) for value in dict.fromkeys(choice.values))
    made: Valid
    match choice.check:
        case "required" | "unique" as flag:
            made = Valid.model_validate({"source": source.name, "column": column, flag: True})
        case "at_least" | "at_most" as side:
            if len(values) != 1 or not _bounds(values[0], source.profile.kinds[column].kind):
                return "a bound is one number or one day, as the column holds"
            made = Valid.model_validate(
                {"source": source.name, "column": column, "min" if side == "at_least" else "max": values[0]}
            )
        case "one_of":
            if not values:
                return "it names no values"
            made = Valid(source=source.name, column=column, one_of=values)
        case "integer" | "number" | "boolean" | "date" | "time" | "timestamp" as typed:
            made = Valid(source=source.name, column=column, type=typed)
        case form:
            made = Valid(source=source.name, column=column, format=form)
    checks = _checks(made)
    for wish in own:
        if isinstance(wish, Valid) and wish.column == column and checks & _checks(wish):
            return "what is good in the column is settled"
    return made


def _bounds(value: str, kind: Kind) -> bool:
    """Tell whether a value can be compared with those of a column."""
    if kind in _DAYS and _DAY.fullmatch(value):
        try:
            return bool(date.fromisoformat(value))
        except ValueError:
            return False
    return kind in _AMOUNTS and bool(_NUMBER.fullmatch(value))


def _checks(wish: Valid) -> frozenset[str]:
    """Name the checks of a wish; a type and a format say the same kind of thing."""
    made = wish.model_fields_set - {"source", "column", "words", "by", "wish"}
    return frozenset("type" if name == "format" else name for name in made if getattr(wish, name))


def _cleaned(choice: CleanedChoice, source: Source, columns: tuple[str, ...], own: Iterable[Wish]) -> Wish | str:
    for wish in own:
        if not isinstance(wish, Cleaned) or wish.how not in (choice.how, "everything"):
            continue
        if not wish.columns or set(columns) & set(wish.columns):
            return "it is to be cleaned so already"
    return Cleaned(source=source.name, columns=columns, how=choice.how)


def _after(source: Source, first: Source, wishes: Iterable[Wish]) -> Wish | str:
    """Take an order of two datasets, if the orders so far do not say the opposite."""
    before: dict[str, set[str]] = {}
    for wish in wishes:
        if isinstance(wish, After):
            before.setdefault(wish.source, set()).add(wish.first)
    reached, found = [first.name], {first.name}
    while reached:
        new = before.get(reached.pop(), set()) - found
        found |= new
        reached += new
    if source.name in found:
        return "it would come before itself"
    return After(source=source.name, first=first.name)


def _sql(source: Source, name: str, wishes: Iterable[Wish]) -> Wish | str:
    if any(isinstance(wish, RunSql) and wish.name == name for wish in wishes):
        return "when the SQL file runs is settled"
    return RunSql(source=source.name, name=name)


def _without(columns: tuple[str, ...], column: str) -> tuple[str, ...]:
    return tuple(each for each in columns if each != column)


def _is_key(source: Source, columns: tuple[str, ...]) -> bool:
    """Tell whether no two rows of the sample share their values in some columns, and none lacks one."""
    if any(source.profile.kinds[column].kind in _MEASURES for column in columns):
        return False
    repeats, nulls, rows = broken_rows(columns, source)
    return rows > 0 and not repeats and not nulls
