"""What is asked of the values of a column, with who asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["CHECKS", "Asker", "Demand"]

CHECKS = ("required", "unique", "type", "format", "min", "max", "one_of")
"""What can be asked of a column, in the order in which it is told."""

Asker = Literal["goal", "model"]


@dataclass(frozen=True)
class Demand:
    """What is asked of the values of a column.

    Args:
        column: the column.
        checks: each check (``required``, ``min`` ...) with its value.
        askers: who asked for each of them.
        words: the words that ask for it.
    """

    column: str
    checks: Mapping[str, object] = field(default_factory=dict)
    askers: Mapping[str, Asker] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    @property
    def by_model(self) -> frozenset[str]:
        """The checks that a model asked for."""
        return frozenset(check for check, asker in self.askers.items() if asker == "model")

    def without(self, checks: AbstractSet[str]) -> Demand:
        """Leave some checks out."""
        kept = {check: value for check, value in self.checks.items() if check not in checks}
        return Demand(self.column, kept, {check: self.askers[check] for check in kept}, self.words)

    def said_alone(self) -> Demand:
        """Leave out what a model asked for."""
        return self.without(self.by_model)
