"""The conditions of branches: a closed vocabulary of measures, joined by ``all``, ``any`` and ``not``.

Whether a condition holds can be unknown, where there is nothing to measure (the least number of a column without
numbers): then neither it nor its ``not`` holds, ``all`` of it and a false one is false, ``any`` of it and a true one
is true.

Source: Kleene, "Introduction to Metamathematics" (1952), section 64: the strong three-valued logic, as in SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Field, Tag

from etl_agent.clean.step import unknown_column
from etl_agent.decide.comparison import Measure
from etl_agent.decide.measures import Measures, Reading
from etl_agent.decide.proposal import Figure
from etl_agent.decide.vocabulary import MEASURES, HasColumn
from etl_agent.frozen import Frozen, by_key

__all__ = ["EACH", "AllOf", "AnyOf", "Condition", "Not", "Outcome", "about", "columns_of", "holds", "leaves"]

EACH = "$column"
"""Stands in the conditions of a strategy for each of the columns in turn."""


class AllOf(Frozen):
    """Hold where all of some conditions hold."""

    all_: Annotated[tuple[Condition, ...], Field(min_length=1)] = Field(alias="all")
    """The conditions."""


class AnyOf(Frozen):
    """Hold where at least one of some conditions holds."""

    any_: Annotated[tuple[Condition, ...], Field(min_length=1)] = Field(alias="any")
    """The conditions."""


class Not(Frozen):
    """Hold where a condition is known not to hold."""

    not_: Condition = Field(alias="not")
    """The condition."""


if TYPE_CHECKING:
    Condition = Measure | AllOf | AnyOf | Not
else:
    _Measured = Annotated[Union[MEASURES], Field(discriminator="measure")]  # noqa: UP007  the members are a tuple
    _MEMBERS: Mapping[str, Any] = {"measure": _Measured, "all": AllOf, "any": AnyOf, "not": Not}
    Condition = Annotated[
        Union[tuple(Annotated[member, Tag(key)] for key, member in _MEMBERS.items())],  # noqa: UP007  it is a table
        by_key(_MEMBERS),
    ]
    """A condition on a measure, or one made of others; told apart by exactly one of their keys."""
    for _composed in (AllOf, AnyOf, Not):
        _composed.model_rebuild()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a condition holds, and why.

    Args:
        holds: whether it holds. One of which that cannot be told does not.
        reason: what each measure was, in words.
        figures: what each measure was, by its name.
    """

    holds: bool
    reason: str
    figures: Mapping[str, Figure]


def holds(condition: Condition, measures: Measures) -> Outcome:
    """Tell whether a condition holds; every measure in it is read, also those that cannot change the answer.

    Args:
        condition: the condition.
        measures: what the dataset measures.

    Raises:
        ConfigurationError: it is about a column that is not there, and does not ask for it with ``has_column``.
    """
    for name in columns_of(condition):
        if name not in measures.names:
            raise unknown_column(name, measures.names)
    readings = [leaf.read(measures) for leaf in leaves(condition)]
    figures = {reading.name: reading.figure for reading in readings if reading.figure is not None}
    said = "; ".join(dict.fromkeys(reading.said for reading in readings))
    return Outcome(_truth(condition, iter(readings)) is True, said, figures)


def leaves(condition: Condition) -> tuple[Measure, ...]:
    """Return the conditions on single measures, in the order in which they stand."""
    match condition:
        case AllOf():
            return tuple(leaf for part in condition.all_ for leaf in leaves(part))
        case AnyOf():
            return tuple(leaf for part in condition.any_ for leaf in leaves(part))
        case Not():
            return leaves(condition.not_)
    return (condition,)


def columns_of(condition: Condition) -> tuple[str, ...]:
    """Name the columns that must be there for a condition to be asked: those it does not itself ask for."""
    found = leaves(condition)
    asked_for = {leaf.column for leaf in found if isinstance(leaf, HasColumn)}
    names = dict.fromkeys(name for leaf in found for name in leaf.columns())
    return tuple(name for name in names if name not in asked_for)


def about(condition: Condition, *, column: str) -> Condition:
    """Return a condition with a column's name wherever it says ``$column``."""
    match condition:
        case AllOf():
            return AllOf(all_=tuple(about(part, column=column) for part in condition.all_))
        case AnyOf():
            return AnyOf(any_=tuple(about(part, column=column) for part in condition.any_))
        case Not():
            return Not(not_=about(condition.not_, column=column))
    if getattr(condition, "column", None) == EACH:
        return condition.model_copy(update={"column": column})
    return condition


_OPPOSITE: Mapping[bool | None, bool | None] = {True: False, False: True, None: None}


def _truth(condition: Condition, readings: Iterator[Reading]) -> bool | None:
    """Join the readings of the leaves, which come in their order."""
    match condition:
        case AllOf():
            return _least([_truth(part, readings) for part in condition.all_])
        case AnyOf():
            return _OPPOSITE[_least([_OPPOSITE[_truth(part, readings)] for part in condition.any_])]
        case Not():
            return _OPPOSITE[_truth(condition.not_, readings)]
    return next(readings).holds


def _least(truths: Sequence[bool | None]) -> bool | None:
    if False in truths:
        return False
    return None if None in truths else True
