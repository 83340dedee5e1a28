"""Let the calls of a run fail, limit its means, and cut its way to the server, and count what was lost or doubled.

    python benchmarks/fault_sweep.py calls                # each system call of a load with each error that it can have
    python benchmarks/fault_sweep.py outputs              # the same of commands that write files
    python benchmarks/fault_sweep.py limits               # sizes of files and of memory, numbers of open files
    python benchmarks/fault_sweep.py postgres --rounds 300

prints a Markdown table; every promise that did not hold stands on stderr, and the exit code is then 1.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from postgres import server

from tests.run.crashes import SCENARIOS, Crashes
from tests.run.io_faults import Faulted, fail, faults, limit
from tests.run.output_faults import COMMANDS, Outputs
from tests.run.postgres_faults import FAULTS, every, try_load
from tests.run.watched_calls import can_watch

_FILE_SIZES = (300, 700, 1_500, 3_000, 5_000, 9_000, 17_000, 33_000, 65_000, 129_000, 257_000)
_MEMORY = tuple(1 << power for power in range(16, 31))  # less, and Python may wait for a thread that never began
_HANDLES = (*range(4, 40, 2), 48, 64)
_PIECES = 60  # of what a client says in a run of the tests' size
_MODES = ("append", "replace", "merge")

Round = tuple[str, str, list[str]]
"""What was done, how the run ended, and the promises that did not hold."""


def main() -> None:
    """Sweep, print the table, and tell by the exit code whether every promise held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["calls", "outputs", "limits", "postgres"])
    parser.add_argument("--every", type=int, default=1, metavar="N", help="each Nth call and error (default 1)")
    parser.add_argument("--rounds", type=int, default=300, metavar="N", help="rounds of postgres (default 300)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=["sqlite", "postgres"], default="sqlite", help="of calls and limits")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the loads or commands whose name holds this")
    options = parser.parse_args()
    if options.what in ("calls", "outputs") and not can_watch():
        parser.exit(1, "this needs Linux on x86-64, and a kernel that lets a process be watched\n")
    began = time.monotonic()
    ends: dict[str, Counter[str]] = {}
    wrong = 0
    sweep = {"postgres": _postgres, "outputs": _outputs}.get(options.what, _crashes)
    for kind, ended, problems in sweep(options):
        ends.setdefault(kind, Counter())[ended] += 1
        wrong += bool(problems)
        for problem in problems:
            print(f"{kind}: {problem}", file=sys.stderr, flush=True)
    print("| fault | rounds | how runs ended |\n|---|--:|---|")
    for kind, counts in ends.items():
        told = ", ".join(f"{ended}: {times:,}" for ended, times in sorted(counts.items()))
        print(f"| {kind} | {counts.total():,} | {told} |")
    total = sum(counts.total() for counts in ends.values())
    print(f"\n{total:,} rounds, {wrong:,} with a promise that did not hold")
    print(f"{time.monotonic() - began:,.0f} s", file=sys.stderr)
    sys.exit(1 if wrong else 0)


def _crashes(options: argparse.Namespace) -> Iterator[Round]:
    """Let calls fail, or set limits, in every load that was chosen."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fault-sweep-")))
        url = f"sqlite:///{folder / 'none.db'}"
        if options.target == "postgres":
            url = stack.enter_context(stack.enter_context(server(None)).database())
        crashes = stack.enter_context(Crashes(folder, url))
        for scenario in SCENARIOS:
            if options.only not in scenario.name or scenario.command != ("run",):
                continue
            if options.what == "calls":
                every_fault = faults(crashes, scenario)
                first = len(scenario.name) % options.every  # so that not every load fails at the same calls
                for fault in every_fault[first :: options.every]:
                    outcome = fail(crashes, scenario, fault)
                    told = [f"{scenario.name}, {fault}: {problem}" for problem in outcome.problems]
                    yield scenario.name, _ended(outcome), told
                continue
            crashes.final(scenario)  # by then all is imported, so that the size of a process is known
            for name, sizes in (
                ("RLIMIT_FSIZE", _FILE_SIZES),
                ("RLIMIT_AS", _memory(crashes)),
                ("RLIMIT_NOFILE", _HANDLES),
            ):
                for size in sizes:
                    outcome = limit(crashes, scenario, **{name: size})
                    told = [f"{scenario.name}, {name} {size}: {problem}" for problem in outcome.problems]
                    yield name, _ended(outcome), told


def _outputs(options: argparse.Namespace) -> Iterator[Round]:
    """Let calls fail in every command that writes a file; every other time the file is there already."""
    with tempfile.TemporaryDirectory(prefix="fault-sweep-") as place, Outputs(Path(place)) as outputs:
        for command in COMMANDS:
            if options.only not in command.name:
                continue
            for number, fault in enumerate(outputs.faults(command)):
                if number % options.every == 0:
                    outcome = outputs.fail(command, fault, there=number % 2 == 1)
                    told = [f"{command.name}, {fault}: {problem}" for problem in outcome.problems]
                    yield command.name, _ended(outcome), told


def _ended(outcome: Faulted) -> str:
    if not outcome.met:
        return "the call was not made"
    if outcome.hung:
        return "Python waits for a thread without memory"
    return f"exit {outcome.code}" if outcome.code >= 0 else "ended by the C library"


def _memory(crashes: Crashes) -> Iterable[int]:
    return [crashes.size + more for more in _MEMORY]


def _postgres(options: argparse.Namespace) -> Iterator[Round]:
    """Cut the way to a server at moments that a seed chooses."""
    chance = random.Random(options.seed)
    with server(None) as own, tempfile.TemporaryDirectory(prefix="fault-sweep-") as place:
        os.environ["ETL_AGENT_SCRATCH"] = place
        for number in range(options.rounds):
            fault, mode = FAULTS[number % len(FAULTS)], chance.choice(_MODES)
            pieces = chance.randrange(1, _PIECES)
            folder = Path(place) / f"round{number}"
            folder.mkdir()
            with own.database() as url:
                ended, wrong = try_load(_by_option(url), folder, every(pieces)[fault], mode=mode)
            yield fault, ended, [f"round {number}, {mode}, {pieces} pieces: {problem}" for problem in wrong]


def _by_option(url: str) -> str:
    """Write the socket's folder as an option, as the tests do."""
    info, _, rest = url.partition("@")
    folder, _, name = rest.partition("/")
    return f"{info.replace('postgresql:', 'postgresql+psycopg:')}@/{name}?host={folder}"


if __name__ == "__main__":
    main()
