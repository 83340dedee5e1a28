"""Runs whose system calls fail, or whose means are limited: loud, nothing half loaded, and the next run is right."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.run.crashes import Crashes, Scenario, State

__all__ = ["FAULTS", "Fault", "Faulted", "fail", "faults", "limit"]

FAULTS: Mapping[str, tuple[str, ...]] = {
    "openat": ("EMFILE", "ENOSPC", "EIO"),
    "mkdir": ("ENOSPC", "EIO"),
    "write": ("ENOSPC", "EIO"),
    "pwrite64": ("ENOSPC", "EIO"),
    "ftruncate": ("ENOSPC", "EIO"),
    "fallocate": ("ENOSPC", "EIO"),
    "fsync": ("EIO", "ENOSPC"),
    "fdatasync": ("EIO", "ENOSPC"),
    "read": ("EIO",),
    "pread64": ("EIO",),
    "unlink": ("EIO",),
    "rename": ("EIO", "ENOSPC"),
    "flock": ("ENOLCK",),
    "fcntl": ("EIO",),
    "mmap": ("ENOMEM",),
    "socket": ("EMFILE",),
    "connect": ("ECONNREFUSED",),
    "recvfrom": ("ECONNRESET",),
}
"""How a call can fail: no space, a broken disk, no file handle left, no memory, a connection that is gone.

Of a connection only the reading fails: libpq answers a failed sending by reading why, and a connection that is still
there would never tell.
"""

_SAID = frozenset({66, 69, 73, 74, 75, 77})
"""Exit codes that say what failed; 65 and 78 would blame the user, and 70 us, but where memory ran out."""

_NO_MEMORY = "etl-agent: out of memory"

_LOADER = 127  # the exit code of glibc's dynamic loader

_CALL = re.compile(r"(?P<thread>\d+)\s+(?P<name>\w+)\(")


@dataclass(frozen=True)
class Fault:
    """A call that fails: the how manieth of its name in its thread, and how."""

    name: str
    ordinal: int
    error: str

    def __str__(self) -> str:
        return f"{self.name} number {self.ordinal} with {self.error}"


@dataclass
class Faulted:
    """What one fault did.

    Args:
        code: the exit code.
        said: what stood on stderr.
        committed: whether the load was there.
        problems: promises that did not hold; none.
    """

    code: int
    said: str
    committed: bool
    problems: list[str] = field(default_factory=list)


def faults(crashes: Crashes, scenario: Scenario) -> list[Fault]:
    """Name every call of a run's main thread that can fail, from the first touch of its own files to its exit."""
    crashes.prepare(scenario)
    place = crashes.folder / "trace"
    assert crashes.run(scenario, trace=str(place)) == 0, crashes.said
    time.sleep(0.05)  # strace writes its last lines when the process has gone
    lines = place.read_text(errors="replace").splitlines()
    main = lines[0].split(None, 1)[0]
    calls = [match for line in lines if (match := _CALL.match(line)) and match["thread"] == main]
    first = next(number for number, call in enumerate(calls) if "pipelines/p.yaml" in call.string)
    made: Counter[str] = Counter()
    found = []
    for number, call in enumerate(calls):
        made[call["name"]] += 1
        if number >= first:
            found += [Fault(call["name"], made[call["name"]], error) for error in FAULTS.get(call["name"], ())]
    return found


def fail(crashes: Crashes, scenario: Scenario, fault: Fault) -> Faulted:
    """Let one call of a run fail, and prove what the run says and leaves."""
    return _prove(crashes, scenario, syscall=(fault.name, fault.ordinal), inject=f"error={fault.error}")


def limit(crashes: Crashes, scenario: Scenario, **limits: int) -> Faulted:
    """Run with limits of the process, such as ``RLIMIT_FSIZE``, and prove what the run says and leaves."""
    return _prove(crashes, scenario, limits=limits)


def _prove(crashes: Crashes, scenario: Scenario, **hooks: Any) -> Faulted:
    final = crashes.final(scenario)
    crashes.prepare(scenario)
    before = crashes.state()
    code = crashes.run(scenario, **hooks)
    damage = _damage(crashes)
    after = crashes.state()
    outcome = Faulted(code, crashes.said.strip(), committed=after == final)
    problems = outcome.problems
    if damage:
        problems.append(f"the database is damaged: {damage}")
    if code == 0 and after != final:
        problems.append("a run that failed in part said that all was well")
    if code != 0:
        problems += _loudness(code, outcome.said)
        if after != before:
            problems.append("a run that failed has loaded" + ("" if after == final else " a part"))
    if again := crashes.run(scenario, wait="20s", times=2):
        problems.append(f"the next run ended with {again}: {crashes.said.strip()}")
    found = crashes.state()
    if found != final:
        problems.append(f"rows are lost or doubled: {_counts(found)} instead of {_counts(final)}")
    problems += [f"{name} was left behind" for name in crashes.leftovers()]
    return outcome


def _loudness(code: int, said: str) -> list[str]:
    wrong: list[str] = []
    if code < 0 or code == _LOADER:
        return wrong  # the C library ended the process in its own words: it had no memory left to go on
    if code not in _SAID and not (code == 70 and said.startswith(_NO_MEMORY)):
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


def _counts(state: State) -> str:
    return ", ".join(f"{len(part)} {name}" for name, part in zip(("rows", "entries", "files"), state, strict=True))
