"""Runs at the same time: no row is lost or doubled, nobody hears of a lock of the database, and who waits knows why."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.load.targets import query
from tests.run.crashes import SCENARIOS, Crashes

FIRST = next(scenario for scenario in SCENARIOS if scenario.name == "first load")
RUNS = 5


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashes]:
    """Give what begins runs in each kind of target."""
    folder = tmp_path_factory.mktemp("together")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'none.db'}"
    else:
        url = request.getfixturevalue("postgres_server").render_as_string(hide_password=False)
    with Crashes(folder, url) as made:
        for number in range(RUNS):
            rows = "".join(f"{number * 100 + row},v\n" for row in range(20))
            (folder / "data" / f"part{number}.csv").write_text(f"id,v\n{rows}")
        yield made


@pytest.fixture
def crashes(shared: Crashes) -> Crashes:
    """Give it with an empty target."""
    shared.prepare(FIRST)
    return shared


def pipeline(crashes: Crashes, *, file: int = 0, table: str = "t", **load: Any) -> dict[str, Any]:
    """Make a pipeline of one file."""
    files = [f"data/part{file}.csv"]
    load = {"to": crashes.url, "table": table, **load}
    return {"version": 1, "name": f"p{file}", "extract": {"files": files, "delimiter": ","}, "load": load}


def ids(crashes: Crashes, table: str = "t") -> list[int]:
    """Return the keys in a table."""
    return sorted(int(row[0]) for row in query(crashes.url, f"SELECT id FROM {table}"))


def all_ids(*, runs: int) -> list[int]:
    """Return the keys of the first files."""
    return [number * 100 + row for number in range(runs) for row in range(20)]


@pytest.mark.parametrize("mode", ["append", "merge"])
def test_the_same_file_at_once_is_loaded_once(crashes: Crashes, mode: str) -> None:
    """Those that wait find it loaded."""
    key = {"primary_key": ["id"]} if mode == "merge" else {}
    made = [pipeline(crashes, write_disposition=mode, **key)] * RUNS
    assert crashes.together(made, "--wait=60s") == [(0, "")] * RUNS
    assert ids(crashes) == all_ids(runs=1)


def test_different_files_at_once_are_all_loaded(crashes: Crashes) -> None:
    """Each waits for the one before."""
    made = [pipeline(crashes, file=number) for number in range(RUNS)]
    assert crashes.together(made, "--wait=60s") == [(0, "")] * RUNS
    assert ids(crashes) == all_ids(runs=RUNS)


def test_who_does_not_wait_is_told_for_whom(crashes: Crashes) -> None:
    """Of runs into one table those that come too late exit with 75 and name the holder; the next time they load."""
    made = [pipeline(crashes, file=number) for number in range(RUNS)]
    ended = crashes.together(made)
    assert {code for code, _ in ended} <= {0, 75}
    assert any(code == 0 for code, _ in ended)
    assert all("another run holds table t: " in said for code, said in ended if code)
    assert [code for code, _ in crashes.together(made, "--wait=60s")] == [0] * RUNS
    assert ids(crashes) == all_ids(runs=RUNS)


def test_different_tables_at_once_wait_their_turn_unasked(crashes: Crashes) -> None:
    """In one SQLite file too: nobody hears that the database is locked."""
    made = [pipeline(crashes, file=number, table=f"t{number}") for number in range(RUNS)]
    assert crashes.together(made) == [(0, "")] * RUNS
    for number in range(RUNS):
        assert ids(crashes, f"t{number}") == [number * 100 + row for row in range(20)]


def test_a_run_that_may_skip_does_so_at_once(crashes: Crashes) -> None:
    """While another run holds the table it exits with 0 within a second, and loads nothing; later it loads."""
    apply = next(n for n, event in enumerate(crashes.events(FIRST), 1) if "call" in event and "Tx.apply" in event)
    crashes.prepare(FIRST)
    made = [pipeline(crashes)]
    first = crashes.begin(FIRST, event=apply, signal=signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert crashes.together(made, "--skip-if-running") == [(0, "")]
        assert time.monotonic() - began < 3  # of which the start takes the most on a busy machine
    finally:
        assert crashes.resume(first) == 0


def test_no_lock_survives_a_kill(crashes: Crashes) -> None:
    """A run that was killed in the middle of its load keeps nobody from loading."""
    apply = next(n for n, event in enumerate(crashes.events(FIRST), 1) if "call" in event and "Tx.apply" in event)
    crashes.prepare(FIRST)
    assert crashes.run(FIRST, event=apply) == -signal.SIGKILL
    wait = () if crashes.kind == "sqlite" else ("--wait=10s",)  # a server takes a moment to see that a client has gone
    assert crashes.together([pipeline(crashes, table="t")], *wait) == [(0, "")]
    assert ids(crashes) == all_ids(runs=1)
