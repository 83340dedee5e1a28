"""A run that is killed anywhere, and run again, has neither lost nor doubled a row, and nobody saw a part of it."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator, Sequence

import pytest

from tests.run.crashes import SCENARIOS, Crashes, Scenario, can_trace

BOUNDARIES = (
    "Target.begin",
    "Books.add",
    "Tx.drop",
    "Tx.conflicts",
    "Tx.apply",
    "Record.write",
    "record_files",
    "close_refused",
    "record_run",
    "Record.commit",
    "Record.__exit__",
    "scratch_folder",
)
"""Where one stage of a load ends and the next begins."""

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
MODES = [
    BY_NAME[name]
    for name in (
        "first load",
        "append, 2 files",
        "replace",
        "replace, 2 files, with a key",
        "merge upsert",
        "merge upsert, 2 files",
    )
]
TRACED = can_trace()  # else runs are killed at lines of load/ and run/, which needs nothing


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def crashes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashes]:
    """Give what kills runs into each kind of target."""
    folder = tmp_path_factory.mktemp("crashes")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'none.db'}"
    else:
        url = request.getfixturevalue("postgres_server").render_as_string(hide_password=False)
    with Crashes(folder, url) as made:
        yield made


def last(events: list[str], function: str) -> int:
    """Number the last entry into a function, counted from 1."""
    (found,) = lasts(events, [function])
    return found


def lasts(events: list[str], functions: Sequence[str]) -> list[int]:
    """Number the last entry into each function that the run comes to; rows that go straight in are never dropped."""
    found = {}
    for number, event in enumerate(events, start=1):
        what, _, name, _ = event.split()
        if what == "call" and name in functions:
            found[name] = number
    assert set(functions) - set(found) <= {"Tx.drop"}
    return list(found.values())


def check(crashes: Crashes, scenario: Scenario, *, places: list[int] | list[tuple[str, int]]) -> None:
    """Kill a run at each place and run it again; a place is a line by its number, or a system call."""
    for place in places:
        hook = {"event": place} if isinstance(place, int) else {"syscall": place}
        outcome = crashes.kill(scenario, **hook)
        assert not outcome.problems, f"{scenario.name}, killed at {place}: {outcome.problems}"


def sample(crashes: Crashes, scenario: Scenario, *, size: int) -> list[int] | list[tuple[str, int]]:
    """Choose some of the system calls of a run, half of them around the commit; lines where strace cannot be used."""
    chance = random.Random(scenario.name)
    places = crashes.syscalls(scenario) if TRACED else list(range(1, len(crashes.events(scenario)) + 1))
    end = places[len(places) * 2 // 3 :]
    return [*chance.sample(places, size - size // 2), *chance.sample(end, size // 2)]


@pytest.mark.parametrize("scenario", MODES, ids=lambda scenario: scenario.name)
def test_a_kill_at_a_stage_boundary_loses_and_doubles_nothing(crashes: Crashes, scenario: Scenario) -> None:
    """At each boundary in one of the modes."""
    share = BOUNDARIES[MODES.index(scenario) :: len(MODES)]
    check(crashes, scenario, places=lasts(crashes.events(scenario), share))


@pytest.mark.parametrize("scenario", MODES, ids=lambda scenario: scenario.name)
def test_a_kill_at_a_system_call_loses_and_doubles_nothing(crashes: Crashes, scenario: Scenario) -> None:
    """At calls chosen by a seed, between the first touch of the database and the exit."""
    check(crashes, scenario, places=sample(crashes, scenario, size=2))


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_kills_at_all_boundaries_in_all_modes(crashes: Crashes, scenario: Scenario) -> None:
    """Every boundary in every mode; benchmarks/crash_sweep.py goes through all system calls."""
    check(crashes, scenario, places=lasts(crashes.events(scenario), BOUNDARIES))


@pytest.mark.parametrize("function", ["Books.add", "record_run", "scratch_folder"])
def test_a_terminated_run_rolls_back_and_sweeps(crashes: Crashes, function: str) -> None:
    """SIGTERM ends a run with 143 and leaves nothing behind: the load is there whole or not at all."""
    scenario = BY_NAME["merge upsert, 2 files"]
    final, events = crashes.final(scenario), crashes.events(scenario)
    crashes.prepare(scenario)
    before = crashes.state()
    assert crashes.run(scenario, event=last(events, function), signal=signal.SIGTERM) == 143
    assert crashes.said.strip() == "etl-agent: terminated"
    assert crashes.state() == (final if function == "scratch_folder" else before)
    assert crashes.leftovers() == []
    assert crashes.run(scenario, times=2) == 0
    assert crashes.state() == final


def test_the_second_of_two_runs_at_once_names_the_first(crashes: Crashes) -> None:
    """While a run loads a table, another run into it ends with 75 and says which process holds it."""
    scenario = BY_NAME["append"]
    final = crashes.final(scenario)
    stage = last(crashes.events(scenario), "Books.add")
    crashes.prepare(scenario)
    first = crashes.begin(scenario, event=stage, signal=signal.SIGSTOP)
    try:
        assert crashes.run(scenario) == 75
        assert f"another run holds table t: process {first} " in crashes.said.replace("etl-agent process", "process")
    finally:
        code = crashes.resume(first)
    assert code == 0
    assert crashes.state() == final
    assert crashes.leftovers() == []


def test_what_a_killed_run_left_is_swept_by_the_next(crashes: Crashes) -> None:
    """A scratch folder, and a stage file beside an SQLite database, stay behind a kill and go with the next run."""
    scenario = BY_NAME["merge upsert"]
    apply = last(crashes.events(scenario), "Tx.apply")
    crashes.prepare(scenario)
    assert crashes.run(scenario, event=apply) == -signal.SIGKILL
    left = crashes.leftovers()
    assert [name for name in left if name.startswith("etl-agent-")]
    if crashes.kind == "sqlite":
        assert [name for name in left if name.endswith(".stage")]
    assert crashes.run(scenario, wait="20s") == 0
    assert crashes.leftovers() == []


def test_a_reader_is_told_of_a_commit_that_was_killed(crashes: Crashes) -> None:
    """A dry run may not undo the half commit of a killed process, and says so; the next run does."""
    scenario = BY_NAME["first load"]
    if crashes.kind != "sqlite" or not TRACED:
        pytest.skip("only SQLite leaves this to the next writer, and only strace stops it there")
    calls = crashes.syscalls(scenario)
    crashes.final(scenario)
    crashes.prepare(scenario)
    committing = next(call for call in calls if call[0] == "unlink")  # of the journal: with it the commit is there
    assert crashes.run(scenario, syscall=committing) == -signal.SIGKILL
    assert crashes.run(scenario, more=["--dry-run"]) == 69
    assert "killed in the middle of a commit" in crashes.said
    assert crashes.run(scenario) == 0
