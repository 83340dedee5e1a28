"""The user's crontab: lines of pipelines are put in and taken out, and every other byte stays as it is."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from etl_agent.errors import CannotWrite, ConfigurationError, PermissionRefused, TryLater
from etl_agent.run.cron_entry import CronEntry

__all__ = [
    "alone",
    "entries_in",
    "has_crontab",
    "read_crontab",
    "variables_in",
    "with_entry",
    "without_entry",
    "write_crontab",
]

_NONE = re.compile(rb"no crontab for|no such file", re.IGNORECASE)
_FORBIDDEN = re.compile(rb"not allowed|permission denied|must be privileged", re.IGNORECASE)
_VARIABLE = re.compile(r"""\s*(?P<quote>["']?)(?P<name>\w+)(?P=quote)\s*=\s*(?P<value>.*?)\s*""")
_SECONDS = 30.0  # for the program to answer, and for another one of us to be done
_POLL = 0.05  # seconds


def has_crontab() -> bool:
    """Tell whether this machine has the program ``crontab``."""
    return shutil.which("crontab") is not None


@contextmanager
def alone() -> Iterator[None]:
    """Keep others of us from changing a crontab between our reading and our writing it.

    The lock is the kernel's, on the program itself, which is there for every user and is not written.

    Raises:
        TryLater: another one does not come to an end.
    """
    program = shutil.which("crontab")
    try:
        handle = os.open(program or "", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # no program, which is said when it is called, or one that only root may read
        yield
        return
    try:
        until = time.monotonic() + _SECONDS
        while not _locked(handle):
            if time.monotonic() >= until:
                raise TryLater("another command is changing a crontab", where="crontab")
            time.sleep(_POLL)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_crontab(*, instead: str) -> str:
    """Return the user's crontab; empty where there is none.

    Args:
        instead: the command that helps where there is no ``crontab``.

    Raises:
        ConfigurationError: there is no such program, or it does not answer.
        PermissionRefused: the user may not have a crontab.
    """
    done = _crontab("-l", instead=instead)
    if done.returncode == 0:
        return done.stdout.decode("utf-8", "surrogateescape")
    if _NONE.search(done.stderr):
        return ""
    raise _failure(done)  # whatever else it is, it is not an empty crontab: writing one would lose the lines


def write_crontab(text: str, *, instead: str) -> None:
    """Replace the user's crontab, and read it back.

    Args:
        text: all of it.
        instead: the command that helps where there is no ``crontab``.

    Raises:
        ConfigurationError: there is no such program, or it does not answer.
        PermissionRefused: the user may not have a crontab.
        CannotWrite: it was not taken.
    """
    done = _crontab("-", text=text, instead=instead)
    if done.returncode != 0:
        raise _failure(done)
    if entries_in(read_crontab(instead=instead)) != entries_in(text):
        raise CannotWrite("the crontab is not what was written; another program may have changed it", where="crontab")


def entries_in(text: str) -> tuple[CronEntry, ...]:
    """Return the entries of pipelines in a crontab, in their order."""
    return tuple(entry for line in text.split("\n") if (entry := CronEntry.read(line)) is not None)


def with_entry(text: str, entry: CronEntry) -> str:
    """Put an entry in the place of the one that its pipeline has, or at the end.

    >>> print(with_entry("@daily backup", CronEntry("15 2 * * *", "load", "/p.yaml")), end="")
    @daily backup
    15 2 * * * load # etl-agent: /p.yaml
    """
    lines, places = _parted(text, entry.pipeline)
    if places:
        lines[places[0]] = f"{entry.line}\n"
        return "".join(line for place, line in enumerate(lines) if place not in places[1:])
    ended = text if not text or text.endswith("\n") else f"{text}\n"
    return f"{ended}{entry.line}\n"


def without_entry(text: str, pipeline: str) -> str:
    """Take the entries of a pipeline out."""
    lines, places = _parted(text, pipeline)
    return "".join(line for place, line in enumerate(lines) if place not in places)


def variables_in(text: str) -> Mapping[str, str]:
    """Return the variables that a crontab sets for its commands."""
    found = (_VARIABLE.fullmatch(line) for line in text.split("\n"))
    return {match["name"]: match["value"].strip("\"'") for match in found if match is not None}


def _parted(text: str, pipeline: str) -> tuple[list[str], list[int]]:
    """Part a crontab into lines, and find those of a pipeline."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)  # splitlines() would part at more than the newline
    found = ((place, CronEntry.read(line)) for place, line in enumerate(lines))
    return lines, [place for place, entry in found if entry is not None and entry.pipeline == pipeline]


def _crontab(word: str, *, text: str | None = None, instead: str) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("crontab")
    if program is None:
        raise ConfigurationError(
            "there is no program crontab on this machine",
            next_command=f"{instead}, and give the line to your scheduler",
        )
    data = None if text is None else text.encode("utf-8", "surrogateescape")
    try:
        return subprocess.run(  # noqa: S603  the program is cron's own, and nothing of its call is anybody's text
            [program, word],
            input=data,
            capture_output=True,
            timeout=_SECONDS,
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(f"crontab does not answer: {type(error).__name__}", where=program) from None


def _failure(done: subprocess.CompletedProcess[bytes]) -> ConfigurationError | PermissionRefused | CannotWrite:
    said = " ".join(done.stderr.decode("utf-8", "replace").split()) or f"exit code {done.returncode}"
    if _FORBIDDEN.search(done.stderr):
        return PermissionRefused(said, where="crontab")
    return CannotWrite(said, where="crontab") if done.args[1] == "-" else ConfigurationError(said, where="crontab")
