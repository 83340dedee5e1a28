"""Runs that are killed and run again: what a reader may see meanwhile, and what must be there at the end."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.load.targets import kind, plain, query
from tests.run.crash_scenarios import SCENARIOS, Scenario, pipeline, write_data
from tests.run.crash_state import (
    NOTHING,
    Busy,
    State,
    difference,
    look_at_copy,
    look_at_postgres,
    look_at_sqlite,
    look_through,
)
from tests.run.watched_calls import Call, can_watch, read_calls

__all__ = [
    "DOUBLED_OR_LOST",
    "LEDGER",
    "LEFT_BEHIND",
    "PARTIAL",
    "PROBLEMS",
    "RERUN",
    "SCENARIOS",
    "Crashes",
    "Outcome",
    "Place",
    "Scenario",
    "State",
    "can_watch",
]

PARTIAL = "a reader saw part of a load, or failed"
RERUN = "the run after the kill ended"
DOUBLED_OR_LOST = "rows are lost or doubled"
LEDGER = "the ledger contradicts itself"
LEFT_BEHIND = "was left behind"
PROBLEMS = (PARTIAL, RERUN, DOUBLED_OR_LOST, LEDGER, LEFT_BEHIND)

_ROOT = Path(__file__).resolve().parents[2]
_WAIT = "20s"
_LONGEST = 120  # seconds for one run
_LONGEST_LOOKED_AT = 600
_DATABASE = "target.db"
_SEEN = {  # calls that change what a reader may see, or from when on
    "sqlite": ("close", "exit_group", "fcntl", "fdatasync", "fsync", "ftruncate", "openat", "pwrite64", "unlink"),
    "postgres": ("close", "connect", "exit_group", "recvfrom", "sendto"),
}

Place = tuple[str, str, int]
"""Where a run is killed: the thread, the name of the system call, and the how manieth of its name in its thread."""


@dataclass
class Outcome:
    """What one kill did, or several one after the other.

    Args:
        killed: how many processes died by the signal; fewer than places, if a place was not come to.
        committed: whether the load was there when the first one died.
        problems: promises that did not hold; none.
    """

    killed: int = 0
    committed: bool = False
    problems: list[str] = field(default_factory=list)


class Crashes(contextlib.AbstractContextManager["Crashes"]):
    """Kill runs into one kind of target and prove what they leave.

    Args:
        folder: an empty folder.
        url: an SQLite file in a folder of its own that does not exist yet, or an empty Postgres database.
        strategy: how Postgres copies a database; ``file_copy`` is faster where nothing is synced.
    """

    def __init__(self, folder: Path, url: str, *, strategy: str = "wal_log") -> None:
        self.folder = folder
        self.kind = kind(url)
        self._server_url = url
        self._url = url
        self._bases: dict[str, str] = {}
        self._newest: dict[str, int] = {}
        self._newest_run: int | None = None
        self._ends: dict[str, list[State]] = {}
        self._warm = False
        self._work: str | None = None
        self._maintenance: psycopg.Connection | None = None
        self._strategy = strategy
        self._scratch = folder / "scratch"
        for made in (self._scratch, folder / "pipelines", folder / "data", folder / "db"):
            made.mkdir(parents=True, exist_ok=True)
        write_data(folder / "data")
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
        if self._maintenance is not None:
            self._drop(self._work)
            for name in self._bases.values():
                self._drop(name)
            self._maintenance.close()

    # The run ---------------------------------------------------------------------------------------------------------

    def run(self, scenario: Scenario, **hooks: Any) -> int:
        """Run a scenario's command to its end, or to the signal that hooks ask for, and return the exit code."""
        return int(self.ask(scenario, **hooks)["code"])

    def ask(self, scenario: Scenario, *, before: Sequence[str] | None = None, **hooks: Any) -> dict[str, Any]:
        """Send a request for one run of a scenario.

        Args:
            scenario: what is run.
            before: files that are loaded instead, as work before.
            hooks: ``wait`` and ``more`` are options of the command, ``look`` is called when the server lets look; the
                others are the server's.
        """
        file = self.folder / "pipelines" / "p.yaml"
        file.write_text(json.dumps(pipeline(self._url, before or scenario.paths, scenario, before=before is not None)))
        options = [*hooks.pop("more", ()), *([f"--wait={hooks.pop('wait')}"] if "wait" in hooks else [])]
        command = scenario.command if before is None else ("run",)
        about = [f"--to={self._url}", str(self._newest_run)] if command == ("undo",) else [str(file)]
        look = hooks.pop("look", None)
        return self.exchange({**self._request([*command, "--quiet", *options, *about]), **hooks}, look=look)

    def _request(self, arguments: Sequence[str]) -> dict[str, Any]:
        return {
            "arguments": list(arguments),
            "folder": str(self.folder),
            "environment": {"ETL_AGENT_SCRATCH": str(self._scratch)},
            "stdout": str(self.folder / "stdout"),
            "stderr": str(self.folder / "stderr"),
            "batch_rows": 4,
        }

    def command(self, *arguments: str) -> int:
        """Run any other command, and return its exit code."""
        return int(self.exchange(self._request(arguments))["code"])

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
        for number, one in enumerate(pipelines):
            file = self.folder / "pipelines" / f"p{number}.yaml"
            file.write_text(json.dumps(one))
            said = self.folder / f"stderr of {number}"
            apart = {"stdout": os.devnull, "stderr": str(said), "background": True}
            begun.append((self.exchange({**self._request(["run", *options, str(file)]), **apart})["pid"], said))
        return [(int(self.exchange({"wait_for": process})["code"]), said.read_text()) for process, said in begun]

    @property
    def url(self) -> str:
        """The target as it is now."""
        return self._url

    def exchange(self, request: dict[str, Any], *, look: Callable[[], None] | None = None) -> dict[str, Any]:
        """Send one request to the server that forks, and return its answer.

        Args:
            request: what is wanted.
            look: is called when the server lets look, while a thread of the run waits.
        """
        assert self._server.stdin is not None and self._server.stdout is not None
        while True:
            watch = threading.Timer(_LONGEST, self._server.kill)  # a run that hangs must not hang the tests
            watch.start()
            try:
                self._server.stdin.write(json.dumps(request) + "\n")
                self._server.stdin.flush()
                answer = dict(json.loads(self._server.stdout.readline()))
            finally:
                watch.cancel()
            if "look" not in answer:
                return answer
            if look is not None:
                look()
            request = {}

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
        before = [["data/base.csv"]] if scenario.base else []
        before += [scenario.paths] if scenario.done else []
        key = json.dumps([dict(scenario.load), before]) if before else ""
        if key not in self._bases:
            self._bases[key] = self._new_target()
            for files in before:
                self._do(scenario, before=files)
            if before:
                ((self._newest[key],),) = query(self._url, "SELECT max(run_id) FROM _etl_runs")
        self._newest_run = self._newest.get(key)
        self._copy(self._bases[key])

    def _do(self, scenario: Scenario, **hooks: Any) -> None:
        if code := self.run(scenario, inside=True, **hooks):
            raise AssertionError(f"a run that nobody killed ended with {code}: {self.said}")

    def warm_up(self) -> None:
        """Let the server that forks do everything once, so that what it forks finds it done."""
        if not self._warm:
            self._warm = True
            for scenario in SCENARIOS[:2]:
                self.prepare(scenario)
                self.run(scenario, inside=True, warm=True)

    def ends(self, scenario: Scenario, *, runs: int) -> list[State]:
        """Return what is there before the run, after it, after it and another one, and so on."""
        known = self._ends.get(scenario.name, [])
        if len(known) <= runs:
            self.prepare(scenario)
            known = [self.state()]
            for _ in range(runs):
                self._do(scenario)
                known.append(self.state())
            assert not any(state.faults for state in known), known
            self._ends[scenario.name] = known
        return known[: runs + 1]

    def final(self, scenario: Scenario) -> State:
        """Return the state that a run leaves that nobody kills."""
        return self.ends(scenario, runs=1)[1]

    def state(self) -> State:
        """Look at the target, where nobody writes to it, in one snapshot."""
        if self.kind == "sqlite":
            return look_at_copy(self.path, beside=self.folder / "db" / "copy")
        return look_at_postgres(self._url)

    @property
    def path(self) -> Path:
        """The target's file."""
        return Path(self._url.removeprefix("sqlite:///"))

    def _new_target(self) -> str:
        if self.kind == "sqlite":
            folder = self.folder / "db" / f"base{len(self._bases)}"
            folder.mkdir()
            self._url = f"sqlite:///{folder / _DATABASE}"
            return str(folder)
        name = f"base_{uuid.uuid4().hex[:12]}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE template0")
        self._url = self._database(name)
        return name

    def _copy(self, base: str) -> None:
        if self.kind == "sqlite":
            folder = self.folder / "db" / "work"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(base, folder)
            self._url = f"sqlite:///{folder / _DATABASE}"
            return
        self._drop(self._work)
        self._work = f"work_{uuid.uuid4().hex[:12]}"
        until = time.monotonic() + 10
        while True:
            try:
                self._execute(f"CREATE DATABASE {self._work} TEMPLATE {base} STRATEGY {self._strategy}")
                break
            except psycopg.errors.ObjectInUse:  # the session of the run before is still ending
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)
        self._url = self._database(self._work)

    def _database(self, name: str) -> str:
        return re.sub(r"^([^?]*/)[^/?]*", rf"\g<1>{name}", self._server_url)

    def _drop(self, name: str | None) -> None:
        if name is not None:
            self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        if self._maintenance is None:
            self._maintenance = psycopg.connect(plain(self._server_url), autocommit=True)
        self._maintenance.execute(statement.encode())

    # The proof -------------------------------------------------------------------------------------------------------

    def kill(self, scenario: Scenario, *places: Place, defect: str | None = None, **hooks: Any) -> Outcome:
        """Kill a run, and the runs after it, each at its place; look at what each leaves, and let a last one end.

        A run may have happened or not, whole, when it died; and the last one must leave what it would have left if
        nobody had killed those that did not happen.

        Args:
            scenario: what is run.
            places: where each run is killed; none if hooks say how the one run ends.
            defect: what is wrong with the program, from the first run on; see ``DEFECTS``.
            hooks: as ``ask`` takes them.
        """
        tries: list[dict[str, Any]] = [{"watch": _killing(place)} for place in places] or [hooks]
        ends = self.ends(scenario, runs=len(tries) + 1)
        self.prepare(scenario)
        outcome, happened = Outcome(), 0
        for number, hook in enumerate(tries):
            answer = self.ask(scenario, defect=defect, **(hook | ({"wait": _WAIT} if number else {})))
            died = answer["code"] < 0 and not answer.get("hung")
            outcome.killed += died
            if not died and answer["code"]:
                outcome.problems.append(f"{RERUN} with {answer['code']}: {self.said.strip()}")
            found = self.state()
            happened = _settled(found, ends, happened, outcome)
            outcome.committed |= happened > 0 and number == 0
        if again := self.run(scenario, wait=_WAIT, inside=defect is None, defect=defect):
            outcome.problems.append(f"{RERUN} with {again}: {self.said.strip()}")
        found = self.state()
        if found != ends[happened + 1]:
            outcome.problems.append(f"{DOUBLED_OR_LOST}: {difference(found, ends[happened + 1])}")
        outcome.problems += [f"{LEDGER}: {fault}" for fault in found.faults]
        outcome.problems += [f"{name} {LEFT_BEHIND}" for name in self.leftovers()]
        return outcome

    def look_on(self, scenario: Scenario) -> tuple[int, list[str]]:
        """Let a reader look at each system call of a run that can change what there is to see, while the call waits.

        Returns:
            How often it looked, and what it saw that must not be seen.
        """
        ends = self.ends(scenario, runs=1)
        self.prepare(scenario)
        seen: list[State] = []
        wrong: list[str] = []
        looks = 0

        def look() -> None:
            nonlocal looks
            try:
                found = look_at_sqlite(self.path, patience=0) if reader is None else look_through(reader)
            except Busy:
                return  # it has to wait, and does not see anything wrong meanwhile
            looks += 1
            if found not in seen:
                seen.append(found)

        watch = {"watch": {"names": _SEEN[self.kind], "look": True, "longest": _LONGEST_LOOKED_AT}}
        reader = psycopg.connect(plain(self._url)) if self.kind == "postgres" else None
        with reader or contextlib.nullcontext():
            if code := self.run(scenario, look=look, **watch):
                wrong.append(f"{PARTIAL}: the run that was looked at ended with {code}: {self.said.strip()}")
        wrong += [
            f"{PARTIAL}: {difference(state, ends[0])}" for state in seen if state not in ends and state != NOTHING
        ]
        return looks, wrong

    def leftovers(self) -> list[str]:
        """Name what runs should have removed."""
        left = [path.name for path in self._scratch.iterdir()]
        if self.kind == "sqlite":
            beside = [path for path in self.path.parent.iterdir() if path.name != _DATABASE]
            left += [path.name for path in beside if not _says_nothing(path)]
        return left

    def events(self, scenario: Scenario) -> list[str]:
        """Name each line of load/ and run/ that a run comes to, in order."""
        self.prepare(scenario)
        place = self.folder / "events"
        assert self.run(scenario, events=str(place)) == 0, self.said
        return place.read_text().splitlines()

    def calls(self, scenario: Scenario, *, sites: bool = False) -> list[Call]:
        """List the system calls of a run, in all its threads, from the first touch of the database to the exit.

        Args:
            scenario: what is run.
            sites: whether to tell where in load/ and run/ each was made.
        """
        self.warm_up()
        self.prepare(scenario)
        record = self.folder / "record"
        watch = {"record": str(record), "names": (), "sites": sites}
        assert self.run(scenario, watch=watch) == 0, self.said
        calls = read_calls(record)
        first = next(n for n, call in enumerate(calls) if call.name == "connect" or _DATABASE in call.place)
        return calls[first:]


def _says_nothing(path: Path) -> bool:
    """Tell whether a file is a journal of SQLite's that was never begun: it goes with the next one."""
    return path.name.endswith("-journal") and path.read_bytes()[:1] in (b"", b"\0")


def _killing(place: Place) -> dict[str, Any]:
    thread, name, ordinal = place
    return {"names": [name], "fault": {"thread": thread, "name": name, "ordinal": ordinal, "how": "kill"}}


def _settled(found: State, ends: Sequence[State], happened: int, outcome: Outcome) -> int:
    """Return how many runs have happened, by what is there; a run has happened or not."""
    for runs in (happened, happened + 1):
        if found == ends[runs]:
            return runs
    if found != NOTHING or ends[happened].tables:
        outcome.problems.append(f"{PARTIAL}: {difference(found, ends[happened])}")
    return happened
