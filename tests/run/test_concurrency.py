"""Runs at the same time: no row is lost or doubled, nobody hears of a lock of the database, and who waits knows why."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl_agent.errors import HeldByAnother
from etl_agent.load import file_lock, postgres
from etl_agent.load.target import open_target
from tests.load.targets import query
from tests.run.forked import Forked
from tests.run.together import PLOTS, Scene, together

_RUNS = {
    "the same file": 8,
    "files into one table": 4,
    "files that replace a table": 2,
    "files into one table, nobody waits": 4,
    "tables of one database": 8,
    "tables, with readers, prune and undo beside": 2,
}


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forked]:
    """Give what begins runs."""
    with Forked(tmp_path_factory.mktemp("said")) as made:
        yield made


@pytest.fixture
def scene(tmp_path: Path, target_url: str, forked: Forked) -> Scene:
    """Give a project with an empty target, one of each kind in turn."""
    return Scene(tmp_path, target_url, [forked])


@pytest.mark.parametrize("plot", PLOTS)
def test_nothing_is_lost_or_doubled(forked: Forked, target_url: str, tmp_path: Path, plot: str) -> None:
    """Whoever has to wait, for whom, and however the runs are mixed; benchmarks/server_faults.py does it many times."""
    chance = random.Random(plot)
    assert (
        together(plot, runs=_RUNS[plot], folder=tmp_path, url=target_url, forked=[forked], chance=chance).problems == []
    )


def test_who_does_not_wait_does_not_sleep_either(target_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The holder is named at the first look at the lock: this bounds the time, on any machine."""
    naps: list[float] = []
    with open_target(target_url) as first, first.lock("t"), open_target(target_url) as second:
        monkeypatch.setattr(file_lock.time, "sleep", naps.append)
        monkeypatch.setattr(postgres.time, "sleep", naps.append)
        named = f"another run holds table t: .*process {os.getpid()} on {os.uname().nodename}"
        with pytest.raises(HeldByAnother, match=named) as refused, second.lock("t"):
            pass
    assert naps == []
    assert (refused.value.exit_code, refused.value.next_command) == (75, "repeat with --wait 5m")


def test_a_run_waits_as_long_as_it_is_told_and_then_loads(scene: Scene) -> None:
    """The holder frees the table in the middle of the wait."""
    with open_target(scene.url) as target, target.lock("t"):
        forked, run = scene.begin(0, "run", "--wait=5m", scene.pipeline("p", file=0))
        time.sleep(0.5)
    assert forked.end(run) == (0, "")
    assert scene.ids() == list(range(20))


def test_a_run_that_may_skip_does_so_and_says_nothing(scene: Scene) -> None:
    """While another run holds the table it exits with 0 and loads nothing; later it loads."""
    words = ["run", "--skip-if-running", scene.pipeline("p", file=0)]
    with open_target(scene.url) as target, target.lock("t"):
        forked, run = scene.begin(0, *words)
        assert forked.end(run) == (0, "")
        assert target.table_facts("t") is None
    forked, run = scene.begin(0, *words)
    assert forked.end(run) == (0, "")
    assert scene.ids() == list(range(20))


_HOLDER = """
import os, sys, time
from etl_agent.load.target import open_target
with open_target(sys.argv[1]) as target, target.lock("t"):
    if not (child := os.fork()):
        time.sleep(600)
    print(child, flush=True)
    time.sleep(600)
"""


def test_no_lock_survives_a_kill_though_a_child_does(target_url: str) -> None:
    """A process that was forked under the lock, by a step of the user's own for example, has no part in it."""
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, target_url], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    child = int(holder.stdout.readline())
    try:
        holder.kill()
        holder.wait()
        with open_target(target_url) as target, target.lock("t", wait=20):  # a server takes a moment to see it
            os.kill(child, 0)  # it lives
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        holder.stdout.close()


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Forked]]:
    """Give what begins runs on two hosts that have nothing in common but the server."""
    with contextlib.ExitStack() as stack:
        made = []
        for name in ("alpha", "beta"):
            folder = tmp_path_factory.mktemp(name)
            alone = ("unshare", "--uts", "--pid", "--mount", "--ipc", "--fork", "--kill-child")
            own = {place: str(folder) for place in ("HOME", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME")}
            if shutil.which("unshare") is None or subprocess.run([*alone, "true"], check=False).returncode:
                pytest.skip("only root may make hosts of its own")
            around = (*alone, "sh", "-c", f'hostname {name} && exec "$@"', "sh")
            made.append(stack.enter_context(Forked(folder, around=around, environment=own)))
        yield made


@pytest.mark.postgres
@pytest.mark.parametrize("plot", ["the same file", "files into one table"])
def test_two_hosts_share_a_database(hosts: list[Forked], postgres_url: str, tmp_path: Path, plot: str) -> None:
    """Nothing but the database keeps their runs apart."""
    chance = random.Random(plot)
    assert together(plot, runs=2, folder=tmp_path, url=postgres_url, forked=hosts, chance=chance).problems == []


@pytest.mark.postgres
def test_the_holder_on_another_host_is_named(hosts: list[Forked], postgres_url: str, tmp_path: Path) -> None:
    """By its host and its process there."""
    scene = Scene(tmp_path, postgres_url, hosts)
    (tmp_path / "hold.sql").write_text("SELECT pg_sleep(600);")
    first, holder = scene.begin(0, "run", scene.pipeline("first", file=0, before_sql=["hold.sql"]))
    try:
        until = time.monotonic() + 30
        while (
            not query(postgres_url, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'") and time.monotonic() < until
        ):
            time.sleep(0.01)
        second, run = scene.begin(1, "run", scene.pipeline("second", file=1))
        code, said = second.end(run)
    finally:
        query(postgres_url, "SELECT pg_cancel_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    assert first.end(holder)[0] == 75
    assert code == 75
    assert f"another run holds table t: etl-agent process {holder.pid} on alpha" in said
