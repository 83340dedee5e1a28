"""Whatever call fails and whatever runs out: the run says so in one line, loads nothing, and the next one is right."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.run.crashes import SCENARIOS, Crashes, can_trace
from tests.run.io_faults import fail, faults, limit

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}

traced = pytest.mark.skipif(not can_trace(), reason="this needs strace, and a kernel that lets it watch a process")


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


@traced
@pytest.mark.parametrize("name", ["first load", "merge upsert, 2 files"])
def test_a_call_that_fails_loads_nothing(crashes: Crashes, name: str) -> None:
    """Calls chosen by a seed; benchmarks/fault_sweep.py goes through all of them."""
    scenario = BY_NAME[name]
    for fault in random.Random(name).sample(faults(crashes, scenario), 5):
        outcome = fail(crashes, scenario, fault)
        assert not outcome.problems, f"{fault}: {outcome.problems}"


@pytest.mark.parametrize("size", [700, 5_000, 40_000])
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
