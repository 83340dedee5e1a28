"""A process that has imported everything once, and forks a fresh command for each request: a kill costs no start.

Run as a script. Each line of the standard input is a request, each line of the standard output its answer.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import etl_agent
from tests.run.watched_calls import Fault, Watch, watched

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
    if "wait_for" in request:
        return {"code": os.waitstatus_to_exitcode(os.waitpid(request["wait_for"], 0)[1])}
    if request.get("watch") is not None:
        return _watch(request)
    child = os.fork()
    if child == 0:
        _child(request)
    if request.get("syscall") is not None or request.get("trace") is not None:
        os.waitpid(child, os.WUNTRACED)
        _attach(child, request)
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
    with ours:
        watch = Watch(child, ours, record=record, fault=fault)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if wanted.get("modules"):
        for name in Path(wanted["modules"]).read_text().split():
            with contextlib.suppress(ImportError):  # what one command could not import, the next may have to look for
                importlib.import_module(name)
    return {"code": code, "met": watch.met}


def _attach(child: int, request: dict[str, Any]) -> None:
    """Let strace watch the child, which waits; it goes on when strace has it."""
    command = ["strace", "-f", "-p", str(child)]
    if request.get("trace") is not None:
        command += ["-o", request["trace"]]
    else:
        name, ordinal = request["syscall"]  # strace counts the calls of each thread and each name apart
        what = request.get("inject", "signal=SIGKILL")
        command += ["-o", "/dev/null", "-e", f"inject={name}:{what}:when={ordinal}"]
    strace = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    assert strace.stderr is not None
    for line in strace.stderr:
        if "attached" in line:
            break
    threading.Thread(target=strace.communicate, daemon=True).start()
    os.kill(child, signal.SIGCONT)


def _child(request: dict[str, Any], *, channel: socket.socket | None = None) -> None:
    """Be the command; the end is the kernel's, so that no handler of the server's runs."""
    code = 70
    try:
        for number, name in ((1, "stdout"), (2, "stderr")):
            opened = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(opened, number)
            os.close(opened)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        for name, most in request.get("limits", {}).items():
            number = getattr(resource, name)
            resource.setrlimit(number, (most, resource.getrlimit(number)[1]))

        from etl_agent.cli import main as command
        from etl_agent.run import runner

        runner.BATCH_ROWS = request["batch_rows"]
        if request.get("syscall") is not None or request.get("trace") is not None:
            os.kill(os.getpid(), signal.SIGSTOP)
        before = set(sys.modules)
        if channel is not None:
            watched(channel)
        hook = _Hook(request) if request.get("event") is not None or request.get("events") else None
        if hook is not None:
            sys.settrace(hook.enter)
        for _ in range(request.get("times", 1)):
            code = command(request["arguments"])
            if code:
                break
        sys.settrace(None)
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


if __name__ == "__main__":
    main()
