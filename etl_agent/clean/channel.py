"""The channel that texts went through: how often slips happen in a dataset, and which signs they put in."""

from __future__ import annotations

from functools import cached_property

from pydantic import Field

from etl_agent.clean.spelling import Kind
from etl_agent.frozen import Frozen

__all__ = ["SIGNS", "Channel"]

SIGNS = 26
"""Signs that a slip may put in, as far as it is not seen that it rather takes some."""

_BLOT = 0.5  # share of the signs put in that are this one


class Channel(Frozen):
    """What is known of the slips of a dataset from those that are sure.

    Source: Kernighan, Church, Gale, "A spelling correction program based on a noisy channel model" (1990).
    """

    rate: float = 0.0
    """Share of the cells that have a slip, between 0 and 1, in columns where slips are seen; 0 where none are known."""
    signs: dict[str, float] = Field(default_factory=dict)
    """Signs in small letters that slips put in, with their shares of all that are put in."""

    @cached_property
    def blots(self) -> str:
        """The sign that slips put in most of the time: an accident with a habit, such as unreadable letters."""
        return "".join(sign for sign, share in sorted(self.signs.items()) if share > _BLOT)

    def share(self, sign: str) -> float:
        """Return how often a slip puts in this sign, of all slips that do put in one."""
        return max(self.signs.get(sign, 0.0), 1 / SIGNS if not self.blots else 0.0)

    def prior(self, kind: Kind) -> float:
        """Return how much rarer two texts that are meant are near by a kind of slip than by any."""
        return 1 / SIGNS if kind == "blot" else 1.0
