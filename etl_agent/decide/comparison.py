"""Conditions on a single measure, and the bounds that a number can be compared with."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Annotated, Generic, Self, TypeVar

from pydantic import Field, model_validator

from etl_agent.decide.measures import Measures, Reading
from etl_agent.frozen import Frozen

__all__ = ["Compared", "Count", "Measure", "Number", "Share"]

Bound = TypeVar("Bound", bound=float)

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Measure(Frozen, ABC):
    """A condition on one measure. Each subclass has a literal ``measure`` field, its name in pipeline files."""

    @property
    def name(self) -> str:
        """The measure and what it is of."""
        return str(getattr(self, "measure"))  # noqa: B009  every subclass has it, as another literal

    def columns(self) -> tuple[str, ...]:
        """Name the columns that must be there."""
        return ()

    @abstractmethod
    def read(self, measures: Measures) -> Reading:
        """Measure, and tell whether the condition holds."""


class Compared(Measure, Generic[Bound]):
    """A measure that is a number; where several bounds are given, all of them must hold."""

    gt: Bound | None = None
    """It is greater than this."""
    ge: Bound | None = None
    """It is this or greater."""
    lt: Bound | None = None
    """It is less than this."""
    le: Bound | None = None
    """It is this or less."""
    eq: Bound | None = None
    """It is exactly this."""
    between: tuple[Bound, Bound] | None = None
    """It lies between these two, or is one of them."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        said = self._bounds()
        if not said:
            raise ValueError("a number is compared by one of: gt, ge, lt, le, eq, between")
        low = max((bound for sign, bound in said if sign in {"gt", "ge", "eq"}), default=-inf)
        high = min((bound for sign, bound in said if sign in {"lt", "le", "eq"}), default=inf)
        if low > high or (low == high and {("gt", low), ("lt", high)} & set(said)):
            raise ValueError(f"no number is {_wanted(said)}")
        return self

    def _bounds(self) -> list[tuple[str, float]]:
        low, high = self.between or (None, None)
        pairs = [("gt", self.gt), ("ge", self.ge), ("lt", self.lt), ("le", self.le), ("eq", self.eq)]
        pairs += [("ge", low), ("le", high)]
        return [(sign, bound) for sign, bound in pairs if bound is not None]

    @abstractmethod
    def measured(self, measures: Measures) -> float | None:
        """Return the number, or None where there is nothing to measure."""

    def read(self, measures: Measures) -> Reading:
        """Measure, and compare."""
        figure = self.measured(measures)
        name = f"{self.name}({', '.join(self._of())})" if self._of() else self.name
        if figure is None:
            return Reading(name, None, None, f"{name}: there is nothing to measure")
        bounds = self._bounds()
        holds = all(_HOLDS[sign](figure, bound) for sign, bound in bounds)
        return Reading(name, figure, holds, f"{name} is {_shown(figure)}, {'' if holds else 'not '}{_wanted(bounds)}")

    def _of(self) -> tuple[str, ...]:
        """Name what the number is of."""
        return self.columns()


_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
}
_WORDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most", "eq": "exactly"}


def _wanted(bounds: Sequence[tuple[str, float]]) -> str:
    return " and ".join(f"{_WORDS[sign]} {_shown(bound)}" for sign, bound in bounds)


def _shown(number: float) -> str:
    if float(number).is_integer():
        return f"{int(number):,}"
    return f"{number:.4g}" if abs(number) < 10_000 else f"{number:,.2f}"
