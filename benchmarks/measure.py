"""Run a command and measure what it costs: wall seconds, CPU seconds, peak memory."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

__all__ = ["Cost", "ServerClock", "median", "run"]

_SAMPLE_SECONDS = 0.05
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # what the kernel counts ru_maxrss in, bytes


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command cost.

    Args:
        wall: seconds from start to exit.
        cpu: user and system seconds of the process and of all its children.
        server: CPU seconds of the database server meanwhile; None where it cannot be measured.
        rss: peak resident memory in bytes; of all its processes together, sampled, where there are several.
        exit_code: of the command.
        output: the last of what it printed, for the message when it fails.
    """

    wall: float
    cpu: float
    server: float | None
    rss: int
    exit_code: int
    output: str


def run(argv: Sequence[str], *, env: Mapping[str, str] | None = None, server_cpu: ServerClock | None = None) -> Cost:
    """Run a command to its end.

    Args:
        argv: the command, without a shell.
        env: variables to add to this process's own.
        server_cpu: the clock of a database server that works for the command.
    """
    before = server_cpu.seconds() if server_cpu else None
    with tempfile.TemporaryFile() as printed:
        started = time.perf_counter()
        child = subprocess.Popen(argv, stdout=printed, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
        watch = _Watch(child.pid)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)  # or Popen would wait for it again
        sampled = watch.peak()
        printed.seek(0)
        output = printed.read().decode(errors="replace")
    after = server_cpu.seconds() if server_cpu else None
    # a child starts as a copy of this process, so the kernel never says less than our own peak
    peak = usage.ru_maxrss if usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss else 0
    return Cost(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        server=after - before if after is not None and before is not None else None,
        rss=max(peak * _RSS_UNIT, sampled),
        exit_code=child.returncode,
        output=output[-2000:].strip(),
    )


def median(values: Sequence[float | None]) -> float | None:
    """Return the median of the values that there are."""
    present = [value for value in values if value is not None]
    return statistics.median(present) if present else None


class ServerClock:
    """The CPU seconds of a database server: its first process, those it has reaped and those that live.

    Args:
        pid: of the server's first process.
    """

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)

    def seconds(self) -> float:
        """Return the CPU seconds spent so far."""
        time.sleep(0.1)  # the session that just ended is reaped by the server, and only then counted
        times = self._process.cpu_times()
        total = times.user + times.system + times.children_user + times.children_system
        for child in self._process.children():
            try:
                spent = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += spent.user + spent.system
        return total


class _Watch:
    """Sample the resident memory of a process and its children until told to stop."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def peak(self) -> int:
        """Stop, and return the largest sum seen, in bytes."""
        self._done.set()
        self._thread.join()
        return self._peak

    def _sample(self) -> None:
        while not self._done.wait(_SAMPLE_SECONDS):
            try:
                process = psutil.Process(self._pid)
                family = [process, *process.children(recursive=True)]
                self._peak = max(self._peak, sum(member.memory_info().rss for member in family))
            except psutil.Error:
                continue  # one of them ended between the list and the question
