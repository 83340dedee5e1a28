"""Kill a run at its system calls, one after the other, run it again, and count what was lost, doubled or seen in part.

    python benchmarks/crash_sweep.py --every 25

prints a Markdown table. Each run is killed by ``kill -9`` at a system call of its main thread between the first touch
of the database and the exit (strace injects the signal); a reader of its own looks at the target every few
milliseconds meanwhile; then the same command runs twice more. ``--every 1`` kills at each call.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from postgres import server

from tests.run.crashes import DOUBLED_OR_LOST, LEFT_BEHIND, PARTIAL, RERUN, SCENARIOS, Crashes, Scenario, can_trace

_HEAD = (
    "target",
    "load",
    "calls",
    "kills",
    "before commit",
    "after commit",
    "reads meanwhile",
    "lost or doubled",
    "seen in part",
    "reruns that failed",
    "left behind",
)


@dataclass
class Row:
    """A line of the table."""

    calls: int = 0
    kills: int = 0
    committed: int = 0
    looks: int = 0
    problems: dict[str, int] = field(default_factory=dict)

    def cells(self) -> list[str]:
        """Return the figures in the order of the heading."""
        counts = (self.calls, self.kills, self.kills - self.committed, self.committed, self.looks)
        found = (self.problems.get(kind, 0) for kind in (DOUBLED_OR_LOST, PARTIAL, RERUN, LEFT_BEHIND))
        return [f"{number:,}" for number in (*counts, *found)]


def main() -> None:
    """Sweep over the chosen targets and write modes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=25, metavar="N", help="kill at every Nth call (default 25)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the loads whose name holds this")
    parser.add_argument("--target", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--url", help="maintenance database of a PostgreSQL server; by default one is started")
    options = parser.parse_args()
    if not can_trace():
        parser.exit(1, "this needs strace, and a kernel that lets it watch a process\n")
    scenarios = [scenario for scenario in SCENARIOS if options.only in scenario.name]
    began = time.monotonic()
    total = Row()
    print(f"| {' | '.join(_HEAD)} |\n|{'---|' * 2}{'--:|' * (len(_HEAD) - 2)}")
    for target in ("sqlite", "postgres") if options.target == "both" else (options.target,):
        with _crashes(target, options.url) as crashes:
            for scenario in scenarios:
                row = _sweep(crashes, scenario, every=options.every)
                print(f"| {target} | {scenario.name} | {' | '.join(row.cells())} |", flush=True)
                _add(total, row)
    print(f"| both | all | {' | '.join(total.cells())} |" if options.target == "both" else "")
    print(f"\n{total.kills:,} kills in {time.monotonic() - began:,.0f} s", file=sys.stderr)
    sys.exit(1 if total.problems else 0)


@contextlib.contextmanager
def _crashes(target: str, url: str | None) -> Iterator[Crashes]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crash-sweep-")))
        place = f"sqlite:///{folder / 'none.db'}"
        if target == "postgres":
            place = stack.enter_context(stack.enter_context(server(url)).database())
        yield stack.enter_context(Crashes(folder, place))


def _sweep(crashes: Crashes, scenario: Scenario, *, every: int) -> Row:
    calls = crashes.syscalls(scenario)
    row = Row(calls=len(calls))
    first = len(scenario.name) % every  # so that not every load is killed at the same calls
    for call in calls[first::every]:
        outcome = crashes.kill(scenario, syscall=call)
        row.kills += outcome.killed
        row.committed += outcome.killed and outcome.committed
        row.looks += outcome.looks
        for problem in outcome.problems:
            print(f"{scenario.name}, killed at {call[0]} number {call[1]}: {problem}", file=sys.stderr, flush=True)
            kind = next(kind for kind in (DOUBLED_OR_LOST, PARTIAL, RERUN, LEFT_BEHIND) if kind in problem)
            row.problems[kind] = row.problems.get(kind, 0) + 1
    return row


def _add(total: Row, row: Row) -> None:
    total.calls += row.calls
    total.kills += row.kills
    total.committed += row.committed
    total.looks += row.looks
    for kind, times in row.problems.items():
        total.problems[kind] = total.problems.get(kind, 0) + times


if __name__ == "__main__":
    main()
