"""What is amiss with a pipeline is told by its own past, and by nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from etl_agent.load.target import open_target
from etl_agent.run.history import ledger_in
from etl_agent.run.status import PastLoad, PipelineStatus, judge_history, pipelines_in, status_in
from etl_agent.run.usual import LEAST_PAST, usual_of
from tests.run.project import Project

NOW = datetime(2026, 3, 29, 4, 0, tzinfo=UTC)
HOUR = 3600.0


def past(rows: Iterable[int], *, every: float = 24 * HOUR, ago: float = HOUR) -> list[PastLoad]:
    """Make loads of so many rows, the newest first."""
    return [PastLoad("loaded", NOW - timedelta(seconds=ago + place * every), count) for place, count in enumerate(rows)]


def judged(runs: list[PastLoad], max_age: float | None = None) -> PipelineStatus:
    """Judge a past."""
    return judge_history(runs, pipeline="orders", table="orders", max_age=max_age, now=NOW)


def kinds(status: PipelineStatus) -> list[str]:
    """Name what is amiss."""
    return [problem.kind for problem in status.problems]


def test_a_regular_past_is_all_right() -> None:
    """Its interval and its volume are told."""
    status = judged(past([100] * 20))
    assert (kinds(status), status.usual_interval, status.usual_rows) == ([], 24 * HOUR, 100)


def test_no_load_at_all_is_a_problem() -> None:
    """A monitor that was set up before the first run says so."""
    assert kinds(judged([])) == ["never"]


@pytest.mark.parametrize(("hours", "amiss"), [(25, []), (26.1, ["old"])])
def test_an_age_over_the_limit_is_told_without_any_history(hours: float, amiss: list[str]) -> None:
    """One load is enough, for the limit was set by a person."""
    assert kinds(judged(past([5], ago=hours * HOUR), max_age=26 * HOUR)) == amiss


def test_loads_that_are_missing_are_told_and_counted() -> None:
    """Daily loads, and none for three days and an hour: two nights are missing."""
    status = judged(past([100] * 10, ago=73 * HOUR))
    assert kinds(status) == ["missed"]
    assert status.problems[0].text == ("about 2 loads are missing: the last is 3 d 1 h old, and they come every 24 h")


@pytest.mark.parametrize("hours", [23, 25, 35])
def test_a_load_that_is_a_little_late_is_not_missing(hours: float) -> None:
    """A clock change, a long queue, a run that is under way."""
    assert kinds(judged(past([100] * 10, ago=hours * HOUR))) == []


def test_a_pause_that_was_there_before_is_not_missing() -> None:
    """Loads of working days: on Sunday the last is two days old, as it was a week ago."""
    days = [day for day in range(2, 40) if (NOW - timedelta(days=day)).weekday() < 5]
    runs = [PastLoad("loaded", NOW - timedelta(days=day), 100) for day in days]
    assert NOW.weekday() == 6
    assert kinds(judged(runs)) == []


def test_with_too_few_loads_nothing_is_called_unusual() -> None:
    """It says how many more it needs; the limit of a person still holds."""
    status = judged(past([100_000, *[1] * (LEAST_PAST - 1)], ago=10_000 * HOUR))
    assert kinds(status) == []
    assert status.notes == ("1 more load must be on record to tell what is usual",)


@pytest.mark.parametrize(("rows", "amiss"), [(0, True), (12, True), (1000, True), (96, False), (110, False)])
def test_a_volume_unlike_all_before_is_told(rows: int, amiss: bool) -> None:
    """Far from the median in spreads, and unlike all that was seen."""
    status = judged(past([rows, *[100, 104, 97, 103, 99, 95, 101, 102, 98, 100]]))
    assert kinds(status) == (["volume"] if amiss else [])


def test_small_days_that_come_every_week_are_usual() -> None:
    """The shop is closed on Sundays."""
    weeks = [3, *[100, 104, 97, 103, 99, 95], 2, *[101, 102, 98, 100, 96, 99], 4]
    assert kinds(judged(past(weeks))) == []


def test_the_noise_of_counting_is_no_alarm() -> None:
    """A day's count of independent events: over 200 pasts of 30 days, at most one false alarm."""
    chance = random.Random(7)
    alarms = 0
    for _ in range(200):
        counts = [sum(chance.random() < 0.1 for _ in range(1000)) for _ in range(30)]
        alarms += kinds(judged(past(counts))) != []
    assert alarms <= 1


def test_a_refusal_after_the_last_load_is_told() -> None:
    """The table is not empty, but it is not new."""
    runs = [PastLoad("refused", NOW - timedelta(hours=2), 50), *past([100] * 10, ago=26 * HOUR)]
    status = judged(runs)
    assert [problem.text for problem in status.problems] == ["its newest run was refused, 2 h ago"]


def test_a_load_in_the_future_is_a_wrong_clock() -> None:
    """No age can be told then."""
    assert kinds(judged(past([100], ago=-2 * HOUR))) == ["clock"]


def test_a_series_without_spread_has_room_for_its_noise() -> None:
    """Always the same so far: the smallest change is no alarm."""
    usual = usual_of([100.0] * 10, noise=lambda _figure: 0.1)
    assert usual is not None
    assert not usual.is_far(140) and usual.is_far(145)


def test_the_record_of_both_databases_is_read(project: Project) -> None:
    """A load and then a refusal, with an open entry in quarantine."""
    project.write("in.csv", "id\n1\n2\n3,extra\n")
    project.run(validate={"max_reject_share": 0.5})
    project.write("in.csv", "id\n4,extra\n")
    project.run()
    with open_target(project.url, read_only=True) as target, target.reading() as connection:
        assert connection is not None
        tables = ledger_in(connection, schema=None)
        assert tables is not None
        assert pipelines_in(connection, tables) == (("p", "t"),)
        status = status_in(connection, tables, pipeline="p", table="t", max_age=HOUR, max_quarantined=0)
    assert (status.loads, status.quarantined, kinds(status)) == (1, 1, ["refused", "quarantine"])
    assert status.age is not None and 0 <= status.age < HOUR
