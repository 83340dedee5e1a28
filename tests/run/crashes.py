"""Runs that are killed and run again: what a reader may see meanwhile, and what must be there at the end."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.load.targets import kind, plain

__all__ = [
    "DOUBLED_OR_LOST",
    "LEFT_BEHIND",
    "PARTIAL",
    "RERUN",
    "SCENARIOS",
    "Crashes",
    "Outcome",
    "Scenario",
    "can_trace",
]

PARTIAL = "a reader saw part of a load, or failed"
RERUN = "the run after the kill ended"
DOUBLED_OR_LOST = "rows are lost or doubled"
LEFT_BEHIND = "was left behind"

_ROOT = Path(__file__).resolve().parents[2]
_PAUSE = 0.003  # seconds between two looks of the reader
_WAIT = "20s"
_LONGEST = 120  # seconds for one run
_CALL = re.compile(r"(?P<thread>\d+)\s+(?P<name>\w+)\(")  # not its end, where another thread's call came between

State = tuple[Any, ...]
"""What a reader sees: the rows of the table, the entries of quarantine, and the active files."""


@dataclass(frozen=True)
class Scenario:
    """What is loaded, and how.

    Args:
        name: what the reports call it.
        load: keys of the load section.
        files: how many files the killed run loads.
        base: whether a run before loaded another file.
    """

    name: str
    load: Mapping[str, Any]
    files: int
    base: bool = True


_KEY = {"primary_key": ["id"]}
SCENARIOS = (
    Scenario("first load", {"write_disposition": "append"}, 1, base=False),
    Scenario("append", {"write_disposition": "append"}, 1),
    Scenario("append, 2 files", {"write_disposition": "append"}, 2),
    Scenario("append with a key", {"write_disposition": "append", **_KEY}, 2),
    Scenario("replace", {"write_disposition": "replace"}, 1),
    Scenario("replace, 2 files, with a key", {"write_disposition": "replace", **_KEY}, 2),
    Scenario("merge upsert", {"write_disposition": "merge", **_KEY}, 1),
    Scenario("merge upsert, 2 files", {"write_disposition": "merge", **_KEY}, 2),
    Scenario("merge delete-insert", {"write_disposition": "merge", "strategy": "delete-insert", **_KEY}, 2),
    Scenario("merge insert-only", {"write_disposition": "merge", "strategy": "insert-only", **_KEY}, 2),
    Scenario("merge scd2", {"write_disposition": "merge", "strategy": "scd2", **_KEY}, 2),
)
"""Every write mode, with one file and with two."""


@dataclass
class Outcome:
    """What one kill did.

    Args:
        killed: whether the process died by the signal; else it had ended before.
        code: its exit code, negative for a signal.
        committed: whether the load was there when it died.
        looks: how often the reader looked.
        problems: promises that did not hold; none.
    """

    killed: bool
    code: int
    committed: bool = False
    looks: int = 0
    problems: list[str] = field(default_factory=list)


def can_trace() -> bool:
    """Tell whether strace is here and the kernel lets it watch a process."""
    if shutil.which("strace") is None:
        return False
    command = ["strace", "-f", "-o", os.devnull, "-e", "inject=exit_group:signal=SIGKILL", "true"]
    return subprocess.run(command, check=False, capture_output=True).returncode in (-9, 137)


class Crashes(contextlib.AbstractContextManager["Crashes"]):
    """Kill runs into one kind of target and prove what they leave.

    Args:
        folder: an empty folder.
        url: an SQLite file in a folder of its own that does not exist yet, or an empty Postgres database.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.kind = kind(url)
        self._server_url = url
        self._url = url
        self._bases: dict[str, str] = {}
        self._finals: dict[str, State] = {}
        self._work: str | None = None
        self._scratch = folder / "scratch"
        for made in (self._scratch, folder / "pipelines", folder / "data", folder / "db"):
            made.mkdir(parents=True, exist_ok=True)
        _write_data(folder / "data")
        server = Path(__file__).with_name("crash_server.py")
        self._server = subprocess.Popen(
            [sys.executable, str(server)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(_ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the server may have been killed, with a request on the way
            self._server.stdin.close()
        self._server.wait(timeout=30)
        assert self._server.stdout is not None
        self._server.stdout.close()
        if self.kind == "postgres":
            self._drop(self._work)
            for name in self._bases.values():
                self._drop(name)

    # The run ---------------------------------------------------------------------------------------------------------

    def run(self, scenario: Scenario, **hooks: Any) -> int:
        """Run a scenario's pipeline to its end, or to the signal that hooks ask for, and return the exit code."""
        return int(self.ask(scenario, **hooks)["code"])

    def ask(self, scenario: Scenario, *, base: bool = False, **hooks: Any) -> dict[str, Any]:
        """Send a request for one run of a pipeline; ``wait`` and ``more`` are options of the command."""
        file = self.folder / "pipelines" / "p.yaml"
        files = ["data/base.csv"] if base else [f"data/new{number}.csv" for number in range(scenario.files)]
        file.write_text(json.dumps(_pipeline(self._url, files, scenario.load)))
        options = [*hooks.pop("more", ()), *([f"--wait={hooks.pop('wait')}"] if "wait" in hooks else [])]
        request = {
            "arguments": ["run", "--quiet", *options, str(file)],
            "folder": str(self.folder),
            "environment": {"ETL_AGENT_SCRATCH": str(self._scratch)},
            "stdout": str(self.folder / "stdout"),
            "stderr": str(self.folder / "stderr"),
            "batch_rows": 4,
            **hooks,
        }
        return self.exchange(request)

    def begin(self, scenario: Scenario, **hooks: Any) -> int:
        """Begin a run that stops itself by a signal, and return its process when it has stopped."""
        stderr = str(self.folder / "stderr of the first")
        return int(self.ask(scenario, until_stopped=True, stderr=stderr, **hooks)["pid"])

    def resume(self, process: int) -> int:
        """Let a run that stopped itself go on, and return its exit code."""
        os.kill(process, signal.SIGCONT)
        return int(self.exchange({"wait_for": process})["code"])

    def together(self, pipelines: Sequence[Mapping[str, Any]], *options: str) -> list[tuple[int, str]]:
        """Run pipelines at the same time, and return the exit code and the words of each."""
        begun = []
        for number, pipeline in enumerate(pipelines):
            file = self.folder / "pipelines" / f"p{number}.yaml"
            file.write_text(json.dumps(pipeline))
            said = self.folder / f"stderr of {number}"
            request = {
                "arguments": ["run", *options, str(file)],
                "folder": str(self.folder),
                "environment": {"ETL_AGENT_SCRATCH": str(self._scratch)},
                "stdout": os.devnull,
                "stderr": str(said),
                "batch_rows": 4,
                "background": True,
            }
            begun.append((self.exchange(request)["pid"], said))
        return [(int(self.exchange({"wait_for": process})["code"]), said.read_text()) for process, said in begun]

    @property
    def url(self) -> str:
        """The target as it is now."""
        return self._url

    def exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request to the server that forks, and return its answer."""
        assert self._server.stdin is not None and self._server.stdout is not None
        watch = threading.Timer(_LONGEST, self._server.kill)  # a run that hangs must not hang the tests
        watch.start()
        try:
            self._server.stdin.write(json.dumps(request) + "\n")
            self._server.stdin.flush()
            return dict(json.loads(self._server.stdout.readline()))
        finally:
            watch.cancel()

    @property
    def size(self) -> int:
        """Bytes of addresses that a run begins with."""
        pages = int(Path(f"/proc/{self._server.pid}/statm").read_text().split()[0])
        return pages * os.sysconf("SC_PAGE_SIZE")

    @property
    def said(self) -> str:
        """What the last run said on stderr."""
        return (self.folder / "stderr").read_text()

    # The target ------------------------------------------------------------------------------------------------------

    def prepare(self, scenario: Scenario) -> None:
        """Set the target to the state before the run."""
        key = json.dumps(dict(scenario.load)) if scenario.base else ""
        if key not in self._bases:
            self._bases[key] = self._new_target()
            if scenario.base and (code := self.run(scenario, base=True)):
                raise AssertionError(f"the run before the kill ended with {code}: {self.said}")
        self._copy(self._bases[key])

    def final(self, scenario: Scenario) -> State:
        """Return the state that a run leaves that nobody kills."""
        if scenario.name not in self._finals:
            self.prepare(scenario)
            if code := self.run(scenario):
                raise AssertionError(f"the run that nobody killed ended with {code}: {self.said}")
            self._finals[scenario.name] = self.state()
        return self._finals[scenario.name]

    def state(self) -> State:
        """Look at the target over a connection of our own, in one snapshot."""
        if self.kind == "sqlite":
            path = self.path
            if not path.exists():
                return ((), (), ())
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=30)) as connection:
                return _look(lambda statement: connection.execute(statement).fetchall(), connection)
        with psycopg.connect(plain(self._url)) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            return _look(lambda statement: connection.execute(statement.encode()).fetchall(), None)

    @property
    def path(self) -> Path:
        return Path(self._url.removeprefix("sqlite:///"))

    def _new_target(self) -> str:
        if self.kind == "sqlite":
            name = str(self.folder / "db" / f"base{len(self._bases)}.db")
            self._url = f"sqlite:///{name}"
            return name
        name = f"base_{uuid.uuid4().hex[:12]}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE template0")
        self._url = self._database(name)
        return name

    def _copy(self, base: str) -> None:
        if self.kind == "sqlite":
            folder = self.folder / "db" / "work"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            if Path(base).exists():
                shutil.copy(base, folder / "target.db")
            self._url = f"sqlite:///{folder / 'target.db'}"
            return
        self._drop(self._work)
        self._work = f"work_{uuid.uuid4().hex[:12]}"
        until = time.monotonic() + 10
        while True:
            try:
                self._execute(f"CREATE DATABASE {self._work} TEMPLATE {base}")
                break
            except psycopg.errors.ObjectInUse:  # the session of the run before is still ending
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)
        self._url = self._database(self._work)

    def _database(self, name: str) -> str:
        return re.sub(r"^([^?]*/)[^/?]*", rf"\g<1>{name}", self._server_url)

    def _drop(self, name: str | None) -> None:
        if name is not None:
            self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(plain(self._server_url), autocommit=True) as connection:
            connection.execute(statement.encode())

    # The proof -------------------------------------------------------------------------------------------------------

    def kill(self, scenario: Scenario, **hooks: Any) -> Outcome:
        """Kill a run, look on meanwhile, run it again, and compare with the run that nobody killed."""
        final = self.final(scenario)
        self.prepare(scenario)
        before = self.state()
        allowed = {before, final}
        with _Reader(self) as reader:
            code = self.run(scenario, **hooks)
        outcome = Outcome(killed=code < 0, code=code, looks=reader.looks)
        after = self.state()
        outcome.committed = after == final
        if any(state not in allowed for state in (*reader.seen, after)):
            outcome.problems.append(PARTIAL)
        outcome.problems += [f"{PARTIAL}: {error}" for error in reader.errors]
        if (again := self.run(scenario, wait=_WAIT, times=2)) != 0:
            outcome.problems.append(f"{RERUN} with {again}: {self.said.strip()}")
        found = self.state()
        if found != final:
            outcome.problems.append(f"{DOUBLED_OR_LOST}: {_difference(found, final)}")
        outcome.problems += [f"{name} {LEFT_BEHIND}" for name in self.leftovers()]
        return outcome

    def leftovers(self) -> list[str]:
        """Name what runs should have removed."""
        left = [path.name for path in self._scratch.iterdir()]
        if self.kind == "sqlite":
            known = {f"target.db{end}" for end in ("", "-journal", "-wal", "-shm")}  # SQLite sees to its own files
            left += [path.name for path in self.path.parent.iterdir() if path.name not in known]
        return left

    def events(self, scenario: Scenario) -> list[str]:
        """Name each line of load/ and run/ that a run comes to, in order."""
        self.prepare(scenario)
        place = self.folder / "events"
        assert self.run(scenario, events=str(place)) == 0, self.said
        return place.read_text().splitlines()

    def syscalls(self, scenario: Scenario) -> list[tuple[str, int]]:
        """Name the system calls of a run's main thread from the first touch of the database to its exit.

        Each is the name, and how many calls of that name the thread has made by then.
        """
        self.prepare(scenario)
        place = self.folder / "trace"
        assert self.run(scenario, trace=str(place)) == 0, self.said
        time.sleep(0.05)  # strace writes its last lines when the process has gone
        lines = place.read_text(errors="replace").splitlines()
        main = lines[0].split(None, 1)[0]
        found = [match for line in lines if (match := _CALL.match(line)) and match["thread"] == main]
        calls = [call for call in found if call["name"] != "futex"]  # how often threads wait is chance
        touch = "target.db" if self.kind == "sqlite" else "connect("
        first = next(number for number, call in enumerate(calls) if touch in call.string)
        made: Counter[str] = Counter()
        named = [(call["name"], made.update([call["name"]]) or made[call["name"]]) for call in calls]
        return named[first:]


class _Reader(contextlib.AbstractContextManager["_Reader"]):
    """Look at the target again and again while a run is under way."""

    def __init__(self, crashes: Crashes) -> None:
        self._crashes = crashes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.seen: set[State] = set()
        self.errors: list[str] = []
        self.looks = 0

    def __enter__(self) -> _Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.is_set():
            try:
                self.seen.add(self._crashes.state())
                self.looks += 1
            except sqlite3.OperationalError as error:
                if "unable to open" not in str(error):  # the file is not there yet
                    self.errors.append(f"a reader failed: {error}")
                    return
            self._stop.wait(_PAUSE)


def _look(ask: Any, connection: sqlite3.Connection | None) -> State:
    """Read rows, quarantine and files together."""
    if connection is not None:
        connection.isolation_level = None
        connection.execute("BEGIN")
        there = {name for (name,) in ask("SELECT name FROM sqlite_master WHERE type = 'table'")}
    else:
        there = {name for (name,) in ask("SELECT table_name FROM information_schema.tables")}
    rows = _found(ask, there, "t", "SELECT * FROM t")
    entries = _found(ask, there, "_etl_quarantine", "SELECT file, line, raw, status FROM _etl_quarantine")
    files = _found(ask, there, "_etl_files", "SELECT file, sha256, active FROM _etl_files")
    return rows, entries, files


def _found(ask: Any, there: set[str], table: str, statement: str) -> tuple[str, ...]:
    if table not in there:
        return ()
    rows = []
    for row in ask(statement):
        # The run's number and the moments of scd2 differ from run to run; which rows have an end does not.
        cells = [_plain(cell) for cell in row]
        rows.append(repr(cells))
    return tuple(sorted(rows))


def _plain(cell: Any) -> Any:
    if isinstance(cell, int) and cell > 1 << 40:
        return "run"
    if hasattr(cell, "isoformat") or (isinstance(cell, str) and re.match(r"20\d\d-\d\d-\d\d \d\d:", cell)):
        return "moment"
    return cell


def _difference(found: State, wanted: State) -> str:
    parts = []
    for what, have, want in zip(("row", "entry", "file"), found, wanted, strict=True):
        parts += [f"{what} too many {row}" for row in _minus(have, want)]
        parts += [f"{what} missing {row}" for row in _minus(want, have)]
    return "; ".join(parts[:5])


def _minus(left: Sequence[str], right: Sequence[str]) -> list[str]:
    rest = list(right)
    extra = []
    for one in left:
        if one in rest:
            rest.remove(one)
        else:
            extra.append(one)
    return extra


def _write_data(folder: Path) -> None:
    """Write a file that is loaded before, and two with new, changed, equal, repeated and bad rows."""
    head = "id,code,v\n"
    (folder / "base.csv").write_text(head + "".join(f"{n},B{n},base {n}\n" for n in range(10)))
    for number in range(2):
        first = 8 + 12 * number
        rows = [f"{n},N{n},new {n}\n" for n in range(first, first + 12)]
        rows[0] = f"{7 - number},B{7 - number},base {7 - number}\n"  # in the table, the same
        rows[1] = f"{5 - number},C{number},other\n"  # in the table, with other content
        rows.insert(4, f"{100 + number},M,too,many\n")
        rows.insert(7, f"x,T{number},no number\n")
        rows.insert(9, f"{200 + number},{rows[2].split(',')[1]},a code twice\n")
        rows.insert(11, rows[3])
        (folder / f"new{number}.csv").write_text(head + "".join(rows))


def _pipeline(url: str, files: Sequence[str], load: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": 1,
        "name": "p",
        "extract": {"files": list(files), "delimiter": ","},
        "validate": {
            "contract": {"id": {"type": "integer"}, "code": {"type": "text", "unique": True}, "v": {"type": "text"}},
            "max_reject_share": 0.6,
        },
        "clean": [{"step": "case", "columns": ["v"], "to": "upper"}],
        "load": {"to": url, "table": "t", **load},
    }
