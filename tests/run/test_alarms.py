"""How often a healthy pipeline raises an alarm, and how often a sick one raises none, over simulated years."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from etl_agent.run.status import PastLoad, judge_history

Volumes = Callable[[np.random.Generator, NDArray[np.int64]], NDArray[np.floating]]

NIGHT = datetime(2025, 1, 1, 2, 15, tzinfo=UTC)
YEAR = np.arange(365)
BEFORE = 61
"""Loads that a judgement looks at."""


def week(day: NDArray[np.int64]) -> NDArray[np.floating]:
    """Make weekends small."""
    return np.where(day % 7 >= 5, 0.3, 1.0)


def month(day: NDArray[np.int64]) -> NDArray[np.floating]:
    """Make the last days of months large."""
    return np.where(day % 30 == 29, 3.0, 1.0)


def counted(chance: np.random.Generator, rows: NDArray[np.floating]) -> NDArray[np.floating]:
    """Give rows the noise of independent events."""
    return chance.poisson(rows).astype(float)


HEALTHY: dict[str, Volumes] = {
    "even": lambda chance, day: counted(chance, 1000 + 0.0 * day),
    "few": lambda chance, day: counted(chance, 5 + 0.0 * day),
    "weeks": lambda chance, day: counted(chance, 1000 * week(day)),
    "closed on Sundays": lambda chance, day: counted(chance, np.where(day % 7 == 6, 0.0, 1000.0)),
    "growth": lambda chance, day: counted(chance, 1000 * 1.003**day),
    "fast growth": lambda chance, day: counted(chance, 1000 * 1.01**day),
    "decline": lambda chance, day: counted(chance, 1000 * 0.997**day),
    "a snapshot that grows": lambda chance, day: 5000 + np.cumsum(counted(chance, 20 + 0.0 * day)),
    "a year's season": lambda chance, day: counted(chance, 1000 + 500 * np.sin(2 * np.pi * day / 365)),
    "noise of a tenth": lambda chance, day: 1000 * chance.lognormal(0, 0.1, len(day)),
    "noise of a half": lambda chance, day: 1000 * chance.lognormal(0, 0.5, len(day)),
    "ends of months": lambda chance, day: counted(chance, 1000 * month(day)),
    "all of it": lambda chance, day: 1000 * week(day) * month(day) * 1.002**day * chance.lognormal(0, 0.1, len(day)),
}
STEADY = ("even", "weeks", "growth", "decline", "a snapshot that grows", "noise of a tenth")
"""Healthy years that never had a load of half the rows or twice as many without a pattern in it."""


def is_odd(rows: NDArray[np.floating]) -> bool:
    """Judge the last of some nightly loads by those before it."""
    loads = [PastLoad("loaded", NIGHT + timedelta(days=at), int(each)) for at, each in enumerate(rows)]
    found = judge_history(loads[::-1], pipeline="p", table="t", max_age=None, now=loads[-1].ended_at)
    return any(problem.kind == "volume" for problem in found.problems)


def nights(rows: NDArray[np.floating], *, step: int = 1) -> list[NDArray[np.floating]]:
    """Give what was on record on each night."""
    return [rows[max(0, night - BEFORE) : night + 1] for night in range(0, len(rows), step)]


@pytest.mark.parametrize("kind", HEALTHY)
def test_a_healthy_volume_raises_an_alarm_a_quarter_at_most(kind: str) -> None:
    """Three years of each; the first end of a month that was ever seen is one of the alarms."""
    chance = np.random.default_rng(11)
    years = [HEALTHY[kind](chance, YEAR) for _ in range(3)]
    alarms = sum(is_odd(seen) for rows in years for seen in nights(rows))
    assert alarms / len(years) <= 4


@pytest.mark.parametrize("share", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("kind", STEADY)
def test_an_empty_a_halved_and_a_doubled_load_are_told(kind: str, share: float) -> None:
    """Of a hundred nights that lose or double their rows, ninety-five are told at the least."""
    seen = [rows.copy() for rows in nights(HEALTHY[kind](np.random.default_rng(12), YEAR), step=3)[10:]]
    for rows in seen:
        rows[-1] *= share
    assert np.mean([is_odd(rows) for rows in seen]) >= 0.95


@pytest.mark.parametrize("kind", ["ends of months", "all of it", "noise of a half"])
def test_an_empty_load_is_told_however_uneven_the_past_is(kind: str) -> None:
    """None like it was there before."""
    seen = [rows.copy() for rows in nights(HEALTHY[kind](np.random.default_rng(13), YEAR), step=3)[10:]]
    for rows in seen:
        rows[-1] = 0
    assert np.mean([is_odd(rows) for rows in seen]) >= 0.95


RHYTHMS: dict[str, Callable[[datetime], bool]] = {
    "every hour": lambda _at: True,
    "every night": lambda at: at.hour == 2,
    "nights of working days": lambda at: at.hour == 2 and at.weekday() < 5,
    "hours of offices": lambda at: 8 <= at.hour < 19 and at.weekday() < 5,
    "twice a week": lambda at: at.hour == 2 and at.weekday() in (0, 3),
    "every month": lambda at: at.hour == 2 and at.day == 1,
}


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_a_healthy_rhythm_raises_three_alarms_a_year_at_most(rhythm: str) -> None:
    """Asked every three hours, with runs that take minutes, and more on some days."""
    chance = np.random.default_rng(14)
    hours = [NIGHT.replace(minute=0) + timedelta(hours=at) for at in range(365 * 24)]
    ends = [at + timedelta(seconds=float(chance.lognormal(6, 0.7))) for at in hours if RHYTHMS[rhythm](at)]
    loads = [PastLoad("loaded", at, 100) for at in ends]
    alarms, known, before = 0, 0, False
    for now in hours[::3]:
        while known < len(loads) and loads[known].ended_at <= now:
            known += 1
        seen = loads[max(0, known - 500) : known][::-1]
        late = bool(seen) and (now - seen[0].ended_at) > timedelta(minutes=90)  # else there is nothing to judge
        found = judge_history(seen, pipeline="p", table="t", max_age=None, now=now).problems if late else ()
        amiss = any(problem.kind == "missed" for problem in found)
        alarms, before = alarms + (amiss and not before), amiss
    assert alarms <= 3
