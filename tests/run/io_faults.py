"""Runs whose system calls fail, or whose means are limited: loud, nothing half loaded, and the next run is right."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.run.crashes import Crashes, Scenario
from tests.run.watched_calls import Call, Fault, read_calls

__all__ = ["NEVER_BEGAN", "Faulted", "fail", "faults", "faults_of", "limit", "wrong_words"]

FULL, GONE, SHORT = ("ENOSPC", "ENOSPC"), ("EIO", "EIO"), ("short", None)
"""A disk that is full from then on, one that is broken from then on, and half of the bytes, once."""

_WRITTEN: tuple[tuple[str, str | None], ...] = (("ENOSPC", None), ("EIO", None), SHORT, ("short", "ENOSPC"))
_ON_FILES: Mapping[str, tuple[tuple[str, str | None], ...]] = {
    "openat": (("EMFILE", None), ("EIO", None), ("EACCES", None)),
    "mkdir": (("ENOSPC", None), ("EIO", None), ("EACCES", None)),
    "write": _WRITTEN,
    "pwrite64": _WRITTEN,
    "truncate": (("EIO", None),),
    "ftruncate": (("EIO", None),),
    "fallocate": (("ENOSPC", None),),
    "fsync": (("EIO", None), ("ENOSPC", None), GONE),
    "fdatasync": (("EIO", None), ("ENOSPC", None), GONE),
    "close": (("EIO", None),),
    "read": (("EIO", None), SHORT),
    "pread64": (("EIO", None), SHORT),
    "getdents64": (("EIO", None),),
    "newfstatat": (("EIO", None),),
    "unlink": (("EIO", None),),
    "unlinkat": (("EIO", None),),
    "rmdir": (("EIO", None),),
    "rename": (("EIO", None), ("ENOSPC", None)),
    "flock": (("ENOLCK", None),),
    "fcntl": (("EIO", None),),
    "mmap": (("ENOMEM", None),),
}
_ON_NEW_FILES = (FULL, ("ENOSPC", None), ("EMFILE", "EMFILE"))
_ON_CONNECTIONS: Mapping[str, tuple[tuple[str, str | None], ...]] = {
    "connect": (("ECONNREFUSED", None), ("ETIMEDOUT", None)),
    "sendto": (("ECONNRESET", None), ("EPIPE", None), ("ETIMEDOUT", None), SHORT),
    "recvfrom": (("ECONNRESET", None), ("ETIMEDOUT", None), SHORT),
}
_ON_THE_KERNEL: Mapping[str, tuple[tuple[str, str | None], ...]] = {
    "mmap": (("ENOMEM", None),),
    "clone3": (("EAGAIN", None),),
    "socket": (("EMFILE", None),),
    "pipe2": (("EMFILE", None),),
    "eventfd2": (("EMFILE", None),),
    "epoll_create1": (("EMFILE", None),),
}
_LOCKING = frozenset({5, 6, 7, 36, 37, 38})  # what fcntl does about locks
_WRITES = frozenset({"write", "pwrite64"})

_SAYS: Mapping[str, frozenset[int]] = {  # 65 and 78 would blame the user, and 70 us
    "ENOSPC": frozenset({73, 74}),
    "EACCES": frozenset({66, 73, 74, 77}),
    "ECONNREFUSED": frozenset({69}),
    "ECONNRESET": frozenset({69}),
    "EPIPE": frozenset({69}),
    "ETIMEDOUT": frozenset({69}),
}
_SAID = frozenset({66, 69, 73, 74, 75, 77})
"""Exit codes that say what failed, but for those above."""

NEVER_BEGAN = "Exception ignored in thread started by"
"""What Python says of a thread that has no memory for its first step; it waits for it all the same, and for ever."""

_NO_MEMORY = "etl-agent: out of memory"
_LONGEST = 20  # seconds for a run whose means are limited
_LOADER = 127  # the exit code of glibc's dynamic loader


@dataclass
class Faulted:
    """What one fault did.

    Args:
        code: the exit code.
        said: what stood on stderr.
        met: whether the call was made; threads that share work do not always share it alike.
        hung: whether the run had to be killed, since Python waited for a thread that had no memory to begin.
        committed: whether the load was there.
        problems: promises that did not hold; none.
    """

    code: int
    said: str
    met: bool = True
    hung: bool = False
    committed: bool = False
    problems: list[str] = field(default_factory=list)


def faults(crashes: Crashes, scenario: Scenario) -> list[Fault]:
    """Name each call of a run that can fail, in every thread, with each way in which it can.

    The run is watched from the moment when it opens its pipeline file. Calls on files that are not its own (modules
    of Python, devices) are left out, and those on its own words.
    """
    record = crashes.folder / "record"
    for _ in range(2):  # the first run imports what is not there yet
        crashes.prepare(scenario)
        watch = {"record": str(record), "modules": str(crashes.folder / "modules")}
        assert crashes.run(scenario, watch=watch, more=_log(crashes)) == 0, crashes.said
    calls = read_calls(record)
    first = next(number for number, call in enumerate(calls) if call.place.endswith("pipelines/p.yaml"))
    return list(faults_of(calls[first:], crashes.folder))


def faults_of(calls: Sequence[Call], folder: Path) -> Iterator[Fault]:
    """Name each call with each way in which it can fail; files count where they are in the folder."""
    connections = {call.place for call in calls if call.name == "connect"}  # and no socket between our own threads
    for call in calls:
        if call.name in _ON_CONNECTIONS and call.place not in connections:
            continue
        for how, lasting in _ways(call, folder):
            yield Fault(call.thread, call.name, call.ordinal, how, lasting, place=call.place)


def _ways(call: Call, folder: Path) -> tuple[tuple[str, str | None], ...]:
    if call.name in _ON_CONNECTIONS:
        return _ON_CONNECTIONS[call.name]
    if not call.place:
        return _ON_THE_KERNEL.get(call.name, ())
    if not call.place.startswith(f"{folder}{os.sep}") or Path(call.place).name in ("stdout", "stderr"):
        return ()
    if call.name == "fcntl" and call.arguments[1] not in _LOCKING:
        return ()
    ways = _ON_FILES.get(call.name, ())
    if call.name == "openat" and call.arguments[2] & os.O_CREAT and not call.there:
        ways += _ON_NEW_FILES
    return tuple(way for way in ways if way[0] != "short" or call.arguments[2] > 1)


def fail(crashes: Crashes, scenario: Scenario, fault: Fault) -> Faulted:
    """Let one call of a run fail, and prove what the run says and leaves."""
    return _prove(crashes, scenario, fault=fault, watch={"fault": asdict(fault)}, more=_log(crashes))


def limit(crashes: Crashes, scenario: Scenario, **limits: int) -> Faulted:
    """Run with limits of the process, such as ``RLIMIT_FSIZE``, and prove what the run says and leaves."""
    return _prove(crashes, scenario, limits=limits, longest=_LONGEST)


def _log(crashes: Crashes) -> list[str]:
    folder = crashes.folder / "log"
    folder.mkdir(exist_ok=True)
    return [f"--log={folder / 'runs.jsonl'}"]


def _prove(crashes: Crashes, scenario: Scenario, *, fault: Fault | None = None, **hooks: Any) -> Faulted:
    final = crashes.final(scenario)
    crashes.prepare(scenario)
    before = crashes.state()
    answer = crashes.ask(scenario, **hooks)
    code, said = int(answer["code"]), crashes.said.strip()
    damage = _damage(crashes)
    after = crashes.state()
    hung = bool(answer.get("hung")) or code == -signal.SIGALRM
    outcome = Faulted(code, said, met=answer.get("met", True), hung=hung, committed=after == final)
    problems = outcome.problems
    if hung and not said.startswith(NEVER_BEGAN):
        problems.append("the run did not end")
    if damage:
        problems.append(f"the database is damaged: {damage}")
    if code == 0 and after != final:
        problems.append("a run that failed in part said that all was well")
    if code != 0:
        problems += wrong_words(code, said, fault)
        in_doubt = "it is not known whether" in said and after == final  # no disk is left to ask
        if after != before and not in_doubt:
            problems.append("a run that failed has loaded" + ("" if after == final else " a part"))
        if fault is not None and not fault.lasting and "runs.jsonl" in fault.place:
            problems.append("a log that failed has failed the load")
    if again := crashes.run(scenario, wait="20s"):
        problems.append(f"the next run ended with {again}: {crashes.said.strip()}")
    found = crashes.state()
    if found != final:
        problems.append(f"rows are lost or doubled: {found} instead of {final}")
    problems += found.faults
    problems += [f"{name} was left behind" for name in crashes.leftovers()]
    return outcome


def wrong_words(code: int, said: str, fault: Fault | None = None) -> list[str]:
    """Say what is wrong with how a run told that it failed; nothing is."""
    if code == _LOADER or (code < 0 and (fault is None or fault.how in ("ENOMEM", "EAGAIN"))):
        return []  # the C library ended the process in its own words: it had no memory left to go on
    wrong = []
    right = _SAYS.get(fault.how, _SAID) if fault is not None else _SAID
    if code not in right and not (code == 70 and said.startswith(_NO_MEMORY)):
        wrong.append(f"exit {code}: {said}")
    if not said.startswith("etl-agent: ") or "\n" in said:
        wrong.append(f"not one line: {said!r}")
    return wrong


def _damage(crashes: Crashes) -> str:
    """Let SQLite look for damage, over a connection that may undo what was left half done."""
    if crashes.kind != "sqlite" or not os.path.exists(crashes.path):
        return ""
    with contextlib.closing(sqlite3.connect(crashes.path)) as connection:
        (said,) = connection.execute("PRAGMA integrity_check").fetchone()
    return "" if said == "ok" else str(said)
