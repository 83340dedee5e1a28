"""Runs that are asked to end while they wait for something that does not come."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from etl_agent.load.target import open_target
from tests.fake_postgres import serving
from tests.load.targets import kind, plain, query
from tests.run.forked import Begun, Forked

__all__ = ["SIGNALS", "STAGES", "Ended", "asked_to_end", "make_table"]

SIGNALS: Mapping[str, int] = {"SIGTERM": 143, "SIGINT": 130, "--timeout": 124, "SIGKILL": -9}
"""What ends a run, and its exit code."""

_ENDLESS = {
    "sqlite": "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c;",
    "postgres": "SELECT pg_sleep(600);",
}
_TIMEOUT = 1.5  # seconds from the start of the run, by when it is where it waits


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Args:
        code: its exit code.
        said: what it said on stderr.
        seconds: from the signal to the end.
        free: from the end until another run could have the table, in seconds.
        problems: promises that did not hold; none.
    """

    code: int
    said: str
    seconds: float
    free: float
    problems: list[str] = field(default_factory=list)


@dataclass
class _Wait:
    """What a run waits for.

    Args:
        url: the target.
        folder: the project.
        load: more of its load section.
        options: of the command.
    """

    url: str
    folder: Path
    load: dict[str, Any] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)
    reached: Callable[[Begun], bool] = lambda _: True
    to: str | None = None


@contextlib.contextmanager
def _reading(wait: _Wait) -> Iterator[None]:
    """A file that another process is still writing: a pipe that does not end."""
    pipe = wait.folder / "in.csv"
    pipe.unlink()
    os.mkfifo(pipe)
    opened: list[int] = []

    def reached(_begun: Begun) -> bool:
        with contextlib.suppress(OSError):  # nobody reads yet
            opened.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
            os.write(opened[0], b"id,v\n9,x\n" * 100)
        return bool(opened)

    wait.reached = reached
    yield
    for handle in opened:
        os.close(handle)
    pipe.unlink()
    _write(wait.folder)


@contextlib.contextmanager
def _staging(wait: _Wait) -> Iterator[None]:
    """A table that another session holds, which the loader's thread copies into."""
    with psycopg.connect(plain(wait.url)) as other:
        other.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        wait.reached = lambda _: _waiting(
            wait.url, "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
        )
        yield


@contextlib.contextmanager
def _merging(wait: _Wait) -> Iterator[None]:
    """A statement of the load's transaction that does not end."""
    (wait.folder / "endless.sql").write_text(_ENDLESS[kind(wait.url)])
    wait.load |= {"after_sql": ["endless.sql"], "write_disposition": "merge", "primary_key": "id"}
    wait.reached = (
        _is_writing(wait.url)
        if kind(wait.url) == "sqlite"
        else lambda _: _waiting(
            wait.url, "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"
        )
    )
    yield


@contextlib.contextmanager
def _its_turn(wait: _Wait) -> Iterator[None]:
    """Another process's transaction on the SQLite file."""
    other = sqlite3.connect(wait.url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    wait.reached = lambda _: any(wait.folder.glob("*.stage"))
    yield
    other.execute("ROLLBACK")
    other.close()


@contextlib.contextmanager
def _another_run(wait: _Wait) -> Iterator[None]:
    """Another run in the same table."""
    wait.options += ["--wait", "10m"]
    with open_target(wait.url) as target, target.lock("t"):
        yield


@contextlib.contextmanager
def _a_retry(wait: _Wait) -> Iterator[None]:
    """A database that is not there, which is tried again in ten minutes."""
    log = wait.folder / "log.jsonl"
    wait.options += ["--retries", "3", "--retry-wait", "10m", "--log", str(log)]
    wait.to = f"postgresql://u@/d?host={wait.folder}"
    wait.reached = lambda _: log.exists() and '"retry"' in log.read_text()
    yield


@contextlib.contextmanager
def _connecting(wait: _Wait) -> Iterator[None]:
    """A server that takes a connection and says nothing."""
    taken: list[int] = []

    def answer(connection: socket.socket) -> None:
        taken.append(1)
        while connection.recv(1_000):
            pass

    wait.reached = lambda _: bool(taken)
    with serving(answer) as port:
        wait.to = f"postgresql://u@127.0.0.1:{port}/d"
        yield


STAGES: Mapping[str, Callable[[_Wait], contextlib.AbstractContextManager[None]]] = {
    "reading": _reading,
    "staging": _staging,
    "merging": _merging,
    "its turn": _its_turn,
    "another run": _another_run,
    "a retry": _a_retry,
    "connecting": _connecting,
}
"""What a run waits for; staging is of Postgres, its turn is of SQLite."""


def make_table(url: str) -> None:
    """Make the table ``t``, of two rows."""
    query(url, "CREATE TABLE t (id text, v text, _etl_run_id bigint)")
    query(url, "INSERT INTO t VALUES ('1', 'a', 1), ('2', 'b', 1)")


def asked_to_end(forked: Forked, url: str, folder: Path, *, stage: str, by: str) -> Ended:
    """Let a run wait for something, ask it to end, and say what is wrong then.

    Args:
        forked: begins runs.
        url: the target, after ``make_table``.
        folder: the project, where the SQLite file is too.
        stage: one of ``STAGES``.
        by: one of ``SIGNALS``.
    """
    _write(folder)
    before = query(url, "SELECT id, v FROM t ORDER BY id")
    wait = _Wait(url, folder, options=["--timeout", f"{_TIMEOUT}s"] if by == "--timeout" else [])
    with STAGES[stage](wait):
        began = time.monotonic()
        run = forked.begin("run", *wait.options, str(_pipeline(wait)), environment={"ETL_AGENT_SCRATCH": str(folder)})
        while not wait.reached(run) and time.monotonic() - began < 30:
            time.sleep(0.01)
        time.sleep(max(0, (began + 0.3) - time.monotonic()))  # where it does not show that it waits
        if by != "--timeout":
            os.kill(run.pid, signal.Signals[by])
        asked = began + _TIMEOUT if by == "--timeout" else time.monotonic()
        code, said = forked.end(run)
        seconds = time.monotonic() - asked
        problems = [] if stage in ("another run", "staging", "its turn") else _left(folder, by=by, stage=stage)
        free = 0.0 if stage in ("another run", "a retry", "connecting") else _until_free(url)
    if query(url, "SELECT id, v FROM t ORDER BY id") != before:
        problems.append("something was loaded")
    wait = _Wait(url, folder)
    again, why = forked.end(
        forked.begin("run", "--wait", "20s", str(_pipeline(wait)), environment={"ETL_AGENT_SCRATCH": str(folder)})
    )
    if again or len(query(url, "SELECT id FROM t")) != len(before) + 1:
        problems.append(f"the next run ended with {again}: {why}")
    problems += _left(folder, by="", stage="")
    return Ended(code, said, seconds, free, problems)


def _left(folder: Path, *, by: str, stage: str) -> list[str]:
    """Name what a run should have removed; one that is killed, or stuck in a read, leaves it to the next."""
    if by == "SIGKILL" or stage == "reading":
        return []
    return [
        f"{path.name} was left behind"
        for path in folder.iterdir()
        if path.name.endswith((".stage", ".lock", "-journal")) or path.name.startswith("etl-agent-")
    ]


def _until_free(url: str) -> float:
    """Tell how long it takes until the table's lock can be had, in seconds."""
    began = time.monotonic()
    with open_target(url) as target, target.lock("t", wait=20):
        return time.monotonic() - began


def _write(folder: Path) -> None:
    (folder / "in.csv").write_text(f"id,v\n{time.time_ns()},new\n")


def _pipeline(wait: _Wait) -> Path:
    path = wait.folder / "pipelines" / "p.yaml"
    path.parent.mkdir(exist_ok=True)
    extract = {"files": ["in.csv"], "delimiter": ",", "encoding": "utf-8"}
    load = {"to": wait.to or wait.url, "table": "t", **wait.load}
    path.write_text(json.dumps({"version": 1, "name": "p", "extract": extract, "load": load}))
    return path


def _waiting(url: str, statement: str) -> bool:
    return bool(query(url, statement))


def _is_writing(url: str) -> Callable[[Begun], bool]:
    def reached(_begun: Begun) -> bool:
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=0)
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        finally:
            other.close()
        return False

    return reached
