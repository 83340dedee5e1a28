"""A process that has imported everything once, and forks a fresh command for each request: a kill costs no start.

Run as a script. Each line of the standard input is a request, each line of the standard output its answer.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import json
import mmap
import os
import resource
import signal
import socket
import struct
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import etl_agent
from tests.run.watched_calls import Fault, Watch, named, watched

_PACKAGE = Path(etl_agent.__file__).parent
_LATE = (
    "adbc_driver_manager",
    "adbc_driver_sqlite",
    "pandera.pandas",
    "pandera.accessors.pandas_accessor",
    "pandera.api.geopandas",
    "pandera.backends.pandas.builtin_checks",
    "pandera.backends.pandas.builtin_hypotheses",
    "pandera.backends.pandas.register",
    "pandera.strategies.pandas_strategies",
    "psycopg",
    "pyarrow.acero",
    "pyarrow.csv",
    "pyarrow.dataset",
    "pyarrow.pandas_compat",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "etl_agent.cli.run",
    "etl_agent.load.ledger_tables",
    "etl_agent.load.postgres",
    "etl_agent.load.sqlite",
    "etl_agent.orchestrate.file",
    "etl_agent.run.runner",
    "etl_agent.validate.user_schema",
)
_LONGEST = 15  # seconds for a run that is watched
_TRACED = tuple(str(_PACKAGE / floor) + os.sep for floor in ("load", "run"))


def main() -> None:
    """Answer requests until the input ends."""
    _import_all()
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


def _import_all() -> None:
    """Import what commands import late; no thread and no connection may be made before the fork."""
    for name in _LATE:
        importlib.import_module(name)
    gc.freeze()  # a collection would write to the pages of everything that was imported


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run one command and wait for its end; or wait until it stops itself, and later for its end."""
    if request.get("inside"):
        return _inside(request)
    if "wait_for" in request:
        return {"code": os.waitstatus_to_exitcode(os.waitpid(request["wait_for"], 0)[1])}
    if request.get("watch") is not None:
        return _watch(request)
    child = os.fork()
    if child == 0:
        _child(request)
    if request.get("background"):
        return {"pid": child}
    if request.get("until_stopped"):
        os.waitpid(child, os.WUNTRACED)
        return {"pid": child}
    return {"code": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}


def _watch(request: dict[str, Any]) -> dict[str, Any]:
    """Run one command whose calls are watched, and import what it imported, so that the next one need not."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        _child(request, channel=theirs)
    theirs.close()
    wanted = request["watch"]
    fault = Fault(**wanted["fault"]) if wanted.get("fault") else None
    record = Path(wanted["record"]) if wanted.get("record") else None
    look = _let_look if wanted.get("look") else None
    site_of = _SITES.of if wanted.get("sites") else None
    with ours:
        longest = wanted.get("longest", _LONGEST)
        watch = Watch(child, ours, record=record, fault=fault, look=look, site_of=site_of, longest=longest)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if wanted.get("modules"):
        for name in Path(wanted["modules"]).read_text().split():
            with contextlib.suppress(ImportError):  # what one command could not import, the next may have to look for
                importlib.import_module(name)
    return {"code": code, "met": watch.met, "hung": watch.hung}


def _let_look() -> None:
    """Let who asks for this look at the target, while a thread of the child waits."""
    print(json.dumps({"look": True}), flush=True)
    sys.stdin.readline()


def _inside(request: dict[str, Any]) -> dict[str, Any]:
    """Run one command in this process, which costs no fork; what it imports and learns, the forked ones need not."""
    from etl_agent.cli import main as command
    from etl_agent.run import runner

    runner.BATCH_ROWS = request["batch_rows"]
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.stdout.flush()
    kept = os.dup(1), os.dup(2)
    try:
        _speak_into(request)
        code = command(request["arguments"])
        sys.stdout.flush()
    finally:
        for number, handle in enumerate(kept, start=1):
            os.dup2(handle, number)
            os.close(handle)
    if request.get("warm"):
        gc.collect()
        gc.freeze()
    return {"code": code}


def _speak_into(request: dict[str, Any]) -> None:
    for number, name in ((1, "stdout"), (2, "stderr")):
        opened = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, number)
        os.close(opened)


def _name_threads() -> None:
    """Let each thread of Python's tell its name as the first thing that it does."""
    begin = threading.Thread._bootstrap  # type: ignore[attr-defined]  # the only place before anything else

    def bootstrap(thread: threading.Thread) -> None:
        named(thread.name.removeprefix("etl-agent-"))
        begin(thread)

    threading.Thread._bootstrap = bootstrap  # type: ignore[attr-defined]  # as above


def _child(request: dict[str, Any], *, channel: socket.socket | None = None) -> None:
    """Be the command; the end is the kernel's, so that no handler of the server's runs."""
    code = 70
    try:
        _speak_into(request)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        for name, most in request.get("limits", {}).items():
            number = getattr(resource, name)
            resource.setrlimit(number, (most, resource.getrlimit(number)[1]))
        signal.alarm(request.get("longest", 0))

        from etl_agent.cli import main as command
        from etl_agent.run import runner

        runner.BATCH_ROWS = request["batch_rows"]
        if request.get("defect"):
            DEFECTS[request["defect"]]()
        before = set(sys.modules)
        if channel is not None:
            _name_threads()
            watched(channel, names=request["watch"].get("names"))
            if request["watch"].get("sites"):
                threading.setprofile(_SITES.note)
                sys.setprofile(_SITES.note)
        hook = _Hook(request) if request.get("event") is not None or request.get("events") else None
        if hook is not None:
            sys.settrace(hook.enter)
        for _ in range(request.get("times", 1)):
            code = command(request["arguments"])
            if code:
                break
        sys.settrace(None)
        sys.setprofile(None)
        if request.get("watch", {}).get("modules"):
            Path(request["watch"]["modules"]).write_text("\n".join(sorted(set(sys.modules) - before)))
        if hook is not None and request.get("events"):
            Path(request["events"]).write_text("\n".join(hook.seen))
        sys.stdout.flush()
    finally:
        os._exit(code)


_WAITING = "run/flow.py"  # threads wait for each other there, so its lines are never as many twice


class _Hook:
    """Count the lines of load/ and run/ that the main thread comes to, and send a signal at one of them."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._at = request.get("event")
        self._signal = request.get("signal", signal.SIGKILL)
        self._keep = bool(request.get("events"))
        self._count = 0
        self.seen: list[str] = []

    def enter(self, frame: FrameType, _event: str, _argument: object) -> Any:
        path = frame.f_code.co_filename
        if not path.startswith(_TRACED) or path.endswith(_WAITING):
            return None
        self._one(frame, "call")
        return self._line

    def _line(self, frame: FrameType, event: str, _argument: object) -> Any:
        if event == "line":
            self._one(frame, "line")
        return self._line

    def _one(self, frame: FrameType, event: str) -> None:
        self._count += 1
        if self._keep:
            place = Path(frame.f_code.co_filename).relative_to(_PACKAGE)
            self.seen.append(f"{event} {place} {frame.f_code.co_qualname} {frame.f_lineno}")
        if self._count == self._at:
            os.kill(os.getpid(), self._signal)


def _commit_early() -> None:
    """Make the rows final before the files are on record."""
    from etl_agent.run import commit

    record_files = commit.record_files

    def early(connection: Any, *arguments: Any, **options: Any) -> None:
        connection.connection.driver_connection.commit()
        record_files(connection, *arguments, **options)

    commit.record_files = early


def _keep_active() -> None:
    """Leave the files of rows that were taken out of the table on record as loaded."""
    from etl_agent.run import commit

    commit.deactivate = lambda *_, **__: None  # type: ignore[assignment]  # whatever it is given


def _forget_files() -> None:
    """Do not write down which files were loaded."""
    from etl_agent.run import commit

    commit.record_files = lambda *_, **__: None  # type: ignore[assignment]  # whatever it is given


def _leave_scratch() -> None:
    """Never sweep what a killed run left."""
    from etl_agent.run import scratch

    scratch._sweep = lambda _parent: None


DEFECTS = {
    "commit early": _commit_early,
    "keep files active": _keep_active,
    "forget files": _forget_files,
    "leave scratch": _leave_scratch,
}
"""What is done wrong on purpose, to show that it is found."""


class _Sites:
    """Where each thread of a child is in load/ and run/, in memory that the server reads too."""

    _SLOTS, _SIZE, _HEAD = 64, 4096, struct.Struct("=II")

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, self._SLOTS * self._SIZE)
        self._slots = itertools.count()
        self._own = threading.local()  # asking for the thread's number would be a system call each time

    def note(self, frame: FrameType, event: str, _argument: object) -> None:
        """Write down where this thread is; a hook for ``sys.setprofile``."""
        if event == "c_return":
            return
        at: FrameType | None = frame if event != "return" else frame.f_back
        places = []
        while at is not None:
            code = at.f_code
            if code.co_filename.startswith(_TRACED):
                places.append(f"{code.co_filename[len(str(_PACKAGE)) + 1 :]}:{code.co_qualname}:{at.f_lineno}")
            at = at.f_back
        text = " < ".join(places).encode()[: self._SIZE - self._HEAD.size]
        start = getattr(self._own, "start", None)
        if start is None:
            start = self._own.start = next(self._slots) % self._SLOTS * self._SIZE
            self._own.thread = threading.get_native_id()
        self._memory[start + self._HEAD.size : start + self._HEAD.size + len(text)] = text
        self._HEAD.pack_into(self._memory, start, self._own.thread, len(text))

    def of(self, thread: int) -> str:
        """Tell where a thread is; nothing of threads that run no Python."""
        for start in range(0, self._SLOTS * self._SIZE, self._SIZE):
            number, size = self._HEAD.unpack_from(self._memory, start)
            if number == thread:
                return self._memory[start + self._HEAD.size : start + self._HEAD.size + size].decode(errors="replace")
        return ""


_SITES = _Sites()


if __name__ == "__main__":
    main()
