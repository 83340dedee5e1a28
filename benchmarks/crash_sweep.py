"""Kill runs at their system calls, one after the other, run them again, and count what was lost, doubled or half seen.

    python benchmarks/crash_sweep.py --every 1 --workers 2 --record sweep.jsonl     # everything; again to go on
    python benchmarks/crash_sweep.py --depth 3 --sample 50 --seed 1                 # the runs after a kill die too
    python benchmarks/crash_sweep.py --only append --defect "commit early"          # must find something

prints a Markdown table. Each run is killed by ``kill -9`` before a system call of one of its threads, between the first
touch of the database and the exit; then the same command runs again. Threads are told apart by name and calls counted
for each thread and kind of call apart, so that the same call is met again; what threads share by chance may not be
("not met": that run ended by itself, and is looked at all the same). Before, a reader looks at the target at each call
of a run that can change what there is to see, while the call waits. Calls that wait for threads (futex) come last.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import util
from pathlib import Path
from typing import Any, TextIO

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psycopg
from postgres import server

from tests.run.crash_server import DEFECTS
from tests.run.crashes import PROBLEMS, SCENARIOS, Crashes, Place, can_watch

_HEAD = ("target", "load", "calls", "kills", "not met", "before commit", "after commit", "looks of a reader")
_FOUND = ("seen in part", "reruns that failed", "lost or doubled", "ledger wrong", "left behind")
_AT_ONCE = 10  # kills that a worker is given: some seconds
_TELL = 10  # seconds between two words of progress
_BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}

Kill = tuple[Place, ...]
"""Where a run is killed, and the runs after it."""


@dataclass
class Row:
    """A line of the table."""

    calls: int = 0
    kills: int = 0
    missed: int = 0
    committed: int = 0
    looks: int = 0
    problems: Counter[str] = field(default_factory=Counter)

    def add(self, line: dict[str, Any]) -> None:
        """Count what a line of the record says."""
        self.calls = max(self.calls, line.get("calls", 0))
        self.looks += line.get("looks", 0)
        self.kills += line.get("killed", 0)
        self.missed += len(line.get("places", ())) - line.get("killed", 0)
        self.committed += line.get("committed", False) and line["killed"] > 0
        for problem in line["problems"]:
            self.problems[next(kind for kind in PROBLEMS if kind in problem)] += 1

    def cells(self) -> list[str]:
        """Return the figures in the order of the heading."""
        counts = (self.calls, self.kills, self.missed, self.kills - self.committed, self.committed, self.looks)
        return [f"{number:,}" for number in (*counts, *(self.problems[kind] for kind in PROBLEMS))]


class Record:
    """What was done, in memory and in a file that another sweep goes on from.

    Args:
        file: opened to read and append; None keeps nothing.
    """

    def __init__(self, file: TextIO | None) -> None:
        self.rows: dict[tuple[str, str], Row] = {}
        self.done: set[str] = set()
        self._file = file
        if file is not None:
            file.seek(0)
            for line in file:
                self._count(json.loads(line))

    def add(self, line: dict[str, Any]) -> None:
        """Keep a line, and say what is wrong."""
        self._count(line)
        if self._file is not None:
            print(json.dumps(line), file=self._file, flush=True)
        for problem in line["problems"]:
            print(f"{line['target']}, {line['load']}, {line.get('places')}: {problem}", file=sys.stderr, flush=True)

    def has(self, target: str, load: str, kill: Kill | None) -> bool:
        """Tell whether this was done."""
        return _key(target, load, kill) in self.done

    def _count(self, line: dict[str, Any]) -> None:
        self.rows.setdefault((line["target"], line["load"]), Row()).add(line)
        self.done.add(_key(line["target"], line["load"], line.get("places")))


def _key(target: str, load: str, kill: Any) -> str:
    return json.dumps([target, load, kill])


def main() -> None:
    """Sweep over the chosen targets and loads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=25, metavar="N", help="kill at every Nth call (default 25)")
    parser.add_argument("--sample", type=int, metavar="N", help="kill at N calls of each load instead, by chance")
    parser.add_argument("--seed", type=int, default=1, help="of --sample and --depth")
    parser.add_argument("--depth", type=int, default=1, metavar="N", help="kill also the N - 1 runs after the kill")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the loads whose name holds this")
    parser.add_argument("--target", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes side by side (default 1)")
    parser.add_argument("--record", type=Path, metavar="FILE", help="keep what was done, and go on from what is there")
    parser.add_argument("--defect", choices=list(DEFECTS), help="do something wrong on purpose: it must be found")
    parser.add_argument("--url", help="maintenance database of a PostgreSQL server; by default one is started")
    parser.add_argument("--folder", type=Path, default=_fast(), help="where all is done (default %(default)s)")
    options = parser.parse_args()
    if not can_watch():
        parser.exit(1, "this needs a kernel that lets the calls of a process be watched (Linux 5.5 or later, x86-64)\n")
    tempfile.tempdir = str(options.folder)
    began, kills = time.monotonic(), 0
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(options.record.open("a+")) if options.record else None
        record = Record(file)
        for target in ("sqlite", "postgres") if options.target == "both" else (options.target,):
            kills += _sweep(target, options, record)
    print(f"| {' | '.join((*_HEAD, *_FOUND))} |\n|{'---|' * 2}{'--:|' * (len(_HEAD) + len(_FOUND) - 2)}")
    for (target, load), row in record.rows.items():
        print(f"| {target} | {load} | {' | '.join(row.cells())} |")
    total = [sum(int(row.cells()[at].replace(",", "")) for row in record.rows.values()) for at in range(11)]
    print(f"| all | all | {' | '.join(f'{number:,}' for number in total)} |")
    seconds = time.monotonic() - began
    print(f"\n{kills:,} kills in {seconds:,.0f} s: {kills / seconds:.1f} a second", file=sys.stderr)
    sys.exit(1 if any(row.problems for row in record.rows.values()) else 0)


def _fast() -> Path:
    """Choose memory where there is some: a kill does not care whether a disk was reached, and syncs cost nothing."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() else Path(tempfile.gettempdir())


def _sweep(target: str, options: argparse.Namespace, record: Record) -> int:
    """Sweep over the loads into one target, and return how many runs were killed."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crash-sweep-")))
        url = stack.enter_context(_postgres(options.url)) if target == "postgres" else None
        context = multiprocessing.get_context("spawn")
        loads = [name for name in _BY_NAME if options.only in name]
        pool = stack.enter_context(ProcessPoolExecutor(options.workers, context, _open, (str(folder), url)))
        chosen = {name: pool.submit(_calls, name) for name in loads}
        if options.defect is None:
            looks = [pool.submit(_look_on, target, name) for name in loads if not record.has(target, name, None)]
            for look in as_completed(looks):
                record.add(look.result())
        tasks: list[tuple[str, Kill]] = []
        for name, listed in chosen.items():
            kills = _choose(name, listed.result(), options)
            tasks += [(name, kill) for kill in kills if not record.has(target, name, kill)]
        tasks.sort(key=lambda task: task[1][0][1] == "futex")  # the rest stays in its order
        shares = [tasks[start : start + _AT_ONCE] for start in range(0, len(tasks), _AT_ONCE)]
        waiting = [pool.submit(_kill, target, share, options.defect) for share in shares]
        return sum(_told(waiting, record, target=target, tasks=len(tasks)))


def _told(waiting: Sequence[Any], record: Record, *, target: str, tasks: int) -> Iterator[int]:
    """Keep what workers found, and say now and then how far they are."""
    began = said = time.monotonic()
    done = 0
    for share in as_completed(waiting):
        for line in share.result():
            record.add(line)
            done += 1
            yield line["killed"]
        if (now := time.monotonic()) > said + _TELL:
            said, pace = now, done / (now - began)
            left = (tasks - done) / pace / 60
            print(f"{target}: {done:,} of {tasks:,}, {pace:.1f} a second, {left:.0f} min", file=sys.stderr, flush=True)


def _choose(name: str, calls: Sequence[Place], options: argparse.Namespace) -> Iterator[Kill]:
    chance = random.Random(f"{options.seed} {name}")
    first = len(name) % options.every  # so that not every load is killed at the same calls
    some = calls[first :: options.every] if options.sample is None else _sample(chance, calls, options.sample)
    later = [place for place in calls if place[0] == "main"]  # what other threads do is less certain to come again
    for place in some:
        yield place, *(chance.choice(later) for _ in range(options.depth - 1))


def _sample(chance: random.Random, calls: Sequence[Place], size: int) -> Sequence[Place]:
    return chance.sample(calls, min(size, len(calls)))


@contextlib.contextmanager
def _postgres(url: str | None) -> Iterator[str]:
    """Give an empty database of a server; one of our own need not survive the machine."""
    with server(url) as own, own.database() as empty:
        if url is None:
            with psycopg.connect(empty, autocommit=True) as connection:
                for setting in ("fsync = off", "full_page_writes = off", "autovacuum = off"):
                    connection.execute(f"ALTER SYSTEM SET {setting}".encode())
                connection.execute("SELECT pg_reload_conf()")
        yield empty


# In the worker -------------------------------------------------------------------------------------------------------

_crashes: Crashes | None = None


def _open(folder: str, url: str | None) -> None:
    """Open what this worker kills: a folder, a server that forks and databases of its own."""
    global _crashes  # noqa: PLW0603  a worker's only state: tasks cannot bring it along
    own = Path(tempfile.mkdtemp(dir=folder))
    _crashes = Crashes(own, url or f"sqlite:///{own / 'none.db'}", strategy="file_copy")
    util.Finalize(None, _crashes.__exit__, args=(None, None, None), exitpriority=1)
    _crashes.warm_up()


def _calls(load: str) -> list[Place]:
    assert _crashes is not None
    _crashes.ends(_BY_NAME[load], runs=2)  # by then all is imported
    return [(call.thread, call.name, call.ordinal) for call in _crashes.calls(_BY_NAME[load])]


def _look_on(target: str, load: str) -> dict[str, Any]:
    assert _crashes is not None
    looks, problems = _crashes.look_on(_BY_NAME[load])
    calls = len(_crashes.calls(_BY_NAME[load]))
    return {"target": target, "load": load, "calls": calls, "looks": looks, "problems": problems}


def _kill(target: str, share: Sequence[tuple[str, Kill]], defect: str | None) -> list[dict[str, Any]]:
    assert _crashes is not None
    lines = []
    for load, kill in share:
        outcome = _crashes.kill(_BY_NAME[load], *kill, defect=defect)
        said = {"killed": outcome.killed, "committed": outcome.committed, "problems": outcome.problems}
        lines.append({"target": target, "load": load, "places": [list(place) for place in kill], **said})
    return lines


if __name__ == "__main__":
    main()
