"""A run that is killed anywhere, and run again, has neither lost nor doubled a row, and nobody saw a part of it."""

from __future__ import annotations

import random
import re
import signal
from collections.abc import Iterator, Sequence

import pytest

from tests.run.crash_server import DEFECTS
from tests.run.crashes import SCENARIOS, Crashes, Place, Scenario, can_watch
from tests.run.watched_calls import Call

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
UNLIKE = tuple(
    BY_NAME[name]
    for name in (
        "first load",
        "append, 2 files",
        "append with a key",
        "replace",
        "merge upsert, 2 files",
        "merge delete-insert",
        "merge insert-only",
        "merge scd2",
        "reload",
        "replay",
        "snapshot, absent rows closed",
        "undo of a merge",
    )
)
"""Loads that have code of their own; the others only repeat it."""

PRIVATE = frozenset(
    {"brk", "exit", "futex", "getcwd", "geteuid", "getpid", "getrandom", "gettid", "madvise", "mmap", "mprotect"}
    | {"mremap", "munmap", "poll", "prctl", "rseq", "rt_sigaction", "rt_sigprocmask", "set_robust_list", "uname"}
)
"""Calls that nobody else can see: a run that dies at one leaves what it leaves at the next one."""

NETWORK = frozenset({"connect", "recvfrom", "sendto"})
"""Calls that a server can see; all others leave it as it was, and leave here what the runs into SQLite leave."""

watched = pytest.mark.skipif(not can_watch(), reason="this kernel does not let the calls of a process be watched")


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
    """Number the last entry into each function that the run comes to."""
    found = {}
    for number, event in enumerate(events, start=1):
        what, _, name, _ = event.split()
        if what == "call" and name in functions:
            found[name] = number
    return list(found.values())


def place(call: Call) -> Place:
    """Tell where a run is killed, so that it comes to that call again."""
    return call.thread, call.name, call.ordinal


def seen_outside(crashes: Crashes, call: Call) -> bool:
    """Tell whether somebody else can see a call."""
    return call.name in NETWORK if crashes.kind == "postgres" else call.name not in PRIVATE


def site(call: Call) -> tuple[str, str, str]:
    """Tell the kind of thread, the call, and the function of load/ or run/ that it is made from."""
    function = re.sub(r":\d+$", "", call.site.partition(" < ")[0])
    return re.sub(r"[ _]\d+$", "", call.thread), call.name, function


def first_of_each_site(crashes: Crashes) -> Iterator[tuple[Scenario, Place]]:
    """Give a call of each site, in the first of the loads that comes to it."""
    known = set()
    for scenario in UNLIKE:
        for call in crashes.calls(scenario, sites=True):
            if seen_outside(crashes, call) and (found := site(call)) not in known:
                known.add(found)
                yield scenario, place(call)


def check(crashes: Crashes, scenario: Scenario, *places: Place) -> int:
    """Kill runs one after the other, run once more, and return how many died."""
    outcome = crashes.kill(scenario, *places)
    assert not outcome.problems, f"{scenario.name}, killed at {places}: {outcome.problems}"
    return outcome.killed


@watched
def test_a_kill_at_any_call_site_loses_and_doubles_nothing(crashes: Crashes) -> None:
    """At each call that somebody else can see, from each function of load/ and run/, in each kind of thread."""
    places = list(first_of_each_site(crashes))
    killed = sum(check(crashes, scenario, at) for scenario, at in places)
    assert killed > len(places) * 0.9  # which thread makes a call that is made once is chance


@watched
@pytest.mark.parametrize("scenario", sorted(set(BY_NAME) - {scenario.name for scenario in UNLIKE}))
def test_a_kill_at_a_call_by_chance_loses_and_doubles_nothing(crashes: Crashes, scenario: str) -> None:
    """At any call of any thread, chosen by a seed."""
    check(crashes, BY_NAME[scenario], place(random.Random(scenario).choice(crashes.calls(BY_NAME[scenario]))))


@watched
def test_kills_of_the_runs_after_a_kill_lose_and_double_nothing(crashes: Crashes) -> None:
    """The run after the kill dies too, and the one after that."""
    chance = random.Random(3)
    killed = 0
    for scenario in chance.sample(UNLIKE, 4):
        calls = [call for call in crashes.calls(scenario) if call.thread == "main" and seen_outside(crashes, call)]
        killed += check(crashes, scenario, *map(place, chance.sample(calls[: len(calls) * 2 // 3], 3)))
    assert killed > 8


@watched
def test_a_reader_sees_all_of_a_load_or_nothing(crashes: Crashes) -> None:
    """It looks at each call of the run that can change what there is to see, while the call waits."""
    for name in ("replace, 2 files, with a key", "merge scd2"):
        looks, wrong = crashes.look_on(BY_NAME[name])
        assert looks > 100
        assert not wrong


@watched
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_found(crashes: Crashes, defect: str) -> None:
    """What is done wrong on purpose does not stay hidden: these checks can fail."""
    scenario = BY_NAME["reload" if defect == "keep files active" else "append"]
    calls = [call for call in crashes.calls(scenario) if call.thread == "main" and seen_outside(crashes, call)]
    assert any(crashes.kill(scenario, place(call), defect=defect).problems for call in calls[-2:0:-15])


@pytest.mark.parametrize("mode", ["append", "replace", "merge"])
def test_an_undo_leaves_the_table_as_it_was(crashes: Crashes, mode: str) -> None:
    """So a killed undo that is run again, which must leave the same, does so too."""
    loads = {"append": "append, 2 files", "replace": "replace, 2 files, with a key", "merge": "merge upsert, 2 files"}
    names = {"append": "undo of an append", "replace": "undo of a replace", "merge": "undo of a merge"}
    before = crashes.ends(BY_NAME[loads[mode]], runs=1)[0]
    assert crashes.ends(BY_NAME[names[mode]], runs=1)[1].rows("t") == before.rows("t")


@pytest.mark.parametrize("scenario", ["append with a key", "merge scd2", "undo of a merge"])
def test_a_kill_between_two_stages_loses_and_doubles_nothing(crashes: Crashes, scenario: str) -> None:
    """At lines of load/ and run/, which needs nothing of the kernel."""
    events = lasts(crashes.events(BY_NAME[scenario]), BOUNDARIES)
    assert len(events) > 2
    for event in events:
        assert not crashes.kill(BY_NAME[scenario], event=event).problems


@pytest.mark.parametrize("function", ["Books.add", "record_run", "scratch_folder"])
def test_a_terminated_run_rolls_back_and_sweeps(crashes: Crashes, function: str) -> None:
    """SIGTERM ends a run with 143 and leaves nothing behind: the load is there whole or not at all."""
    scenario = BY_NAME["merge upsert, 2 files"]
    before, final = crashes.ends(scenario, runs=1)
    events = crashes.events(scenario)
    crashes.prepare(scenario)
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


def died_in_its_commit(crashes: Crashes) -> None:
    """Kill a first load just before its journal goes, with which the commit would be there."""
    scenario = BY_NAME["first load"]
    if crashes.kind != "sqlite":
        pytest.skip("only SQLite leaves this to the next writer")
    calls = crashes.calls(scenario)
    journal = next(call for call in calls if call.name == "unlink" and call.place.endswith("-journal"))
    crashes.prepare(scenario)
    fault = {"thread": "main", "name": "unlink", "ordinal": journal.ordinal, "how": "kill"}
    assert crashes.run(scenario, watch={"names": ["unlink"], "fault": fault}) == -signal.SIGKILL


@watched
def test_a_dry_run_is_told_of_a_commit_that_was_killed(crashes: Crashes) -> None:
    """A dry run may not undo the half commit of a killed process, and says so; the next run does."""
    died_in_its_commit(crashes)
    assert crashes.run(BY_NAME["first load"], more=["--dry-run"]) == 69
    assert "killed in the middle of a commit" in crashes.said
    assert crashes.run(BY_NAME["first load"]) == 0


@watched
@pytest.mark.parametrize("command", [("runs",), ("quarantine", "list")], ids=lambda words: words[0])
def test_what_only_reads_undoes_a_commit_that_was_killed(crashes: Crashes, command: tuple[str, ...]) -> None:
    """Commands that read work in that moment too: they undo the half commit, and say that nothing was loaded."""
    died_in_its_commit(crashes)
    assert crashes.command(*command, f"--to={crashes.url}") == 0, crashes.said
    assert crashes.state().tables == ()
    assert crashes.run(BY_NAME["first load"]) == 0
