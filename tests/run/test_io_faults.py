"""Whatever call fails and whatever runs out: the run says so in one line, loads nothing, and the next one is right."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.run.crashes import SCENARIOS, Crashes
from tests.run.io_faults import fail, faults, limit
from tests.run.output_faults import COMMANDS, Command, Outputs
from tests.run.watched_calls import Fault, can_watch

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}

watched = pytest.mark.skipif(not can_watch(), reason="this needs Linux on x86-64 that lets a process be watched")


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def crashes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashes]:
    """Give what makes runs fail into each kind of target."""
    folder = tmp_path_factory.mktemp("faults")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'none.db'}"
    else:
        url = request.getfixturevalue("postgres_server").render_as_string(hide_password=False)
    with Crashes(folder, url) as made:
        yield made


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outputs]:
    """Give what makes commands fail that write files."""
    with Outputs(tmp_path_factory.mktemp("outputs")) as made:
        yield made


def chosen(found: list[Fault], *, most: int, seed: str) -> list[Fault]:
    """Choose faults, of as many kinds of call and error as there is room for."""
    chance = random.Random(seed)
    kinds: dict[tuple[str, str, str | None], list[Fault]] = {}
    for fault in found:
        if fault.how not in ("ENOMEM", "EAGAIN"):  # Python may wait for ever for a thread that cannot begin
            kinds.setdefault((fault.name, fault.how, fault.lasting), []).append(fault)
    return [chance.choice(kinds[kind]) for kind in chance.sample(sorted(kinds, key=str), min(most, len(kinds)))]


@watched
@pytest.mark.parametrize("name", ["first load", "merge upsert, 2 files"])
def test_a_call_that_fails_loads_nothing(crashes: Crashes, name: str) -> None:
    """Kinds of call and error chosen by a seed; benchmarks/fault_sweep.py goes through all calls."""
    scenario = BY_NAME[name]
    for fault in chosen(faults(crashes, scenario), most=6 if crashes.kind == "sqlite" else 2, seed=name):
        outcome = fail(crashes, scenario, fault)
        assert not outcome.problems, f"{fault}: {outcome.problems}"


@watched
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_call_that_fails_leaves_files_whole(outputs: Outputs, command: Command) -> None:
    """Every command that writes a file leaves it as it was, or as it is to be, whether it was there or not."""
    for number, fault in enumerate(chosen(outputs.faults(command), most=3, seed=command.name)):
        outcome = outputs.fail(command, fault, there=number % 2 == 1)
        assert not outcome.problems, f"{fault}: {outcome.problems}"


@pytest.mark.parametrize("size", [700, 40_000])
def test_files_that_may_not_grow_load_nothing(crashes: Crashes, size: int) -> None:
    """The write that comes to the limit is short, as on a full disk; each one after it fails."""
    outcome = limit(crashes, BY_NAME["append"], RLIMIT_FSIZE=size)
    assert not outcome.problems, outcome.problems
    assert outcome.code in ((73, 74) if crashes.kind == "sqlite" else (0, 73, 74))


@pytest.mark.parametrize("more", [16 << 20, 1 << 30])
def test_memory_that_runs_out_loads_nothing(crashes: Crashes, more: int) -> None:
    """The process may take so many bytes of addresses more than it has when the command begins."""
    crashes.final(BY_NAME["append"])  # by then all is imported, so that the size of a process is known
    outcome = limit(crashes, BY_NAME["append"], RLIMIT_AS=crashes.size + more)
    assert not outcome.problems, outcome.problems


@pytest.mark.parametrize("most", [5, 9])
def test_handles_that_run_out_load_nothing(crashes: Crashes, most: int) -> None:
    """The process may have so many files open."""
    outcome = limit(crashes, BY_NAME["append"], RLIMIT_NOFILE=most)
    assert not outcome.problems, outcome.problems
    assert outcome.code in (66, 69, 73, 74)
