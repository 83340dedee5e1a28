"""The kinds of values that options take."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import click

__all__ = ["AGE", "AS_OF", "MONEY", "PAST", "VARIABLE", "WAIT"]

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


class _Wait(click.ParamType[float]):
    """A time like 30s, 5m or 1h, in seconds.

    Args:
        units: the letters that may stand behind the number.
        examples: times that a person may mean.
        bare: whether a number alone is taken as seconds.
    """

    name = "time"

    def __init__(self, *, units: str = "smh", examples: str = "30s, 5m or 1h", bare: bool = True) -> None:
        self.units = units
        self.examples = examples
        self.bare = bare

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the time."""
        if isinstance(value, int | float):
            return float(value)
        match = re.fullmatch(rf"(\d+(?:\.\d+)?)([{self.units}]{'?' if self.bare else ''})", value.strip())
        if match is None:
            self.fail(f"{value!r} is no time; for example {self.examples}", param, ctx)
        return float(match[1]) * _SECONDS[match[2] or "s"]


class _Day(click.ParamType[date]):
    """A day like 2026-11-22."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the day."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day; for example 2026-11-22", param, ctx)


class _Variable(click.ParamType[tuple[str, str]]):
    """A pair NAME=VALUE."""

    name = "variable"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Read the pair."""
        if isinstance(value, tuple):
            return value
        name, separator, text = value.partition("=")
        if not separator or not name.isidentifier():
            self.fail(f"{value!r} is not of the form NAME=VALUE; for example shop=berlin", param, ctx)
        return name, text


class _Money(click.ParamType[Decimal]):
    """An amount like 0.50."""

    name = "money"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Read the amount."""
        if isinstance(value, Decimal):
            return value
        if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value.strip()):
            self.fail(f"{value!r} is no amount; for example 0.50", param, ctx)
        return Decimal(value.strip())


WAIT = _Wait()
AGE = _Wait(units="smhdw", examples="90m, 26h, 8d or 2w")
PAST = _Wait(units="smhdw", examples="90d, 26w or 12h", bare=False)  # who forgets a unit must not delete by seconds
MONEY = _Money()
AS_OF = _Day()
VARIABLE = _Variable()
