"""Crash a Postgres server under loads, run loads together, and ask them to end, and count what does not hold.

    python benchmarks/server_faults.py crashes --rounds 60     # a server that goes and comes back, at chosen moments
    python benchmarks/server_faults.py together --rounds 36    # 2, 4 and 8 runs at once, both databases
    python benchmarks/server_faults.py endings --rounds 3      # SIGTERM, SIGINT, --timeout, SIGKILL while a run waits
    python benchmarks/server_faults.py refusals --rounds 20    # how soon a second run into a table is refused

prints a Markdown table; every promise that did not hold stands on stderr, and the exit code is then 1.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from etl_agent.load.target import open_target
from etl_agent.run import runner
from tests.run.endings import SIGNALS, STAGES, asked_to_end, make_table
from tests.run.forked import Forked
from tests.run.own_server import OwnServer, own_server
from tests.run.server_crashes import MODES, MOMENTS, load_over_a_crash
from tests.run.together import PLOTS, Scene, together

_HOWS = ("kill -9", "immediate", "fast")
_PIECES = 60  # of what a client says in a run of the tests' size
_COUNTS = (2, 4, 8)
_ELSEWHERE = {"sqlite": {"staging", "a retry", "connecting"}, "postgres": {"its turn"}}

Round = tuple[str, str, float, list[str]]
"""What was done, how it ended, how long that took in seconds, and the promises that did not hold."""


class _Stand:
    """What rounds are played on.

    Args:
        server: a Postgres server of our own.
        place: a folder.
        forked: begins runs.
    """

    def __init__(self, server: OwnServer, place: Path, forked: Forked) -> None:
        self.server = server
        self.forked = forked
        self._place = place
        self._rounds = 0

    @contextlib.contextmanager
    def empty(self, database: str) -> Iterator[tuple[str, Path]]:
        """Give an empty target and an empty folder."""
        self._rounds += 1
        folder = self._place / f"round{self._rounds}"
        folder.mkdir()
        if database == "sqlite":
            yield f"sqlite:///{folder / 'target.db'}", folder
            return
        with self.server.empty() as url:
            yield url, folder


def main() -> None:
    """Play the rounds, print the table, and tell by the exit code whether every promise held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=list(_PLAYS))
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="how many (default 20)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    ends: dict[str, Counter[str]] = {}
    times: dict[str, list[float]] = {}
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="server-faults-") as name, contextlib.ExitStack() as stack:
        place = Path(name)
        os.environ["ETL_AGENT_SCRATCH"] = name
        forked = stack.enter_context(Forked(place))
        forked.end(forked.begin("--version"))  # by then it has imported everything
        stand = _Stand(stack.enter_context(own_server()), place, forked)
        for kind, ended, seconds, problems in _PLAYS[options.what](stand, options.rounds, random.Random(options.seed)):
            ends.setdefault(kind, Counter())[ended] += 1
            times.setdefault(kind, []).append(seconds)
            wrong += bool(problems)
            for problem in problems:
                print(f"{kind}: {problem}", file=sys.stderr, flush=True)
    print("| what | rounds | how it ended | median, s | longest, s |\n|---|--:|---|--:|--:|")
    for kind, counts in ends.items():
        told = ", ".join(f"{ended}: {rounds:,}" for ended, rounds in sorted(counts.items()))
        spent = times[kind]
        print(f"| {kind} | {counts.total():,} | {told} | {statistics.median(spent):.2f} | {max(spent):.2f} |")
    total = sum(counts.total() for counts in ends.values())
    print(f"\n{total:,} rounds, {wrong:,} with a promise that did not hold")
    print(f"{time.monotonic() - began:,.0f} s", file=sys.stderr)
    sys.exit(1 if wrong else 0)


def _crashes(stand: _Stand, rounds: int, chance: random.Random) -> Iterator[Round]:
    """Let the server go at each moment in turn, and at pieces of what a client says that the seed chooses."""
    runner.BATCH_ROWS = 4
    for number in range(rounds):
        how, mode = _HOWS[number % len(_HOWS)], chance.choice(list(MODES))
        moment = (*MOMENTS, None)[number // len(_HOWS) % (len(MOMENTS) + 1)]
        at = moment or chance.randrange(1, _PIECES)
        began = time.monotonic()
        with stand.empty("postgres") as (url, folder):
            ended, wrong = load_over_a_crash(stand.server, url, folder, moment=at, mode=mode, how=how)
        told = [f"round {number}, {how} at {at}, {mode}: {problem}" for problem in wrong]
        tried = ended.partition(" after")
        yield f"{how}, {moment or 'anywhere'}", f"{tried[0]} by a retry" if tried[1] else ended, _since(began), told


def _together(stand: _Stand, rounds: int, chance: random.Random) -> Iterator[Round]:
    """Run every plot with 2, 4 and 8 at once on both databases."""
    for number in range(rounds):
        plot = list(PLOTS)[number % len(PLOTS)]
        database = ("sqlite", "postgres")[number // len(PLOTS) % 2]
        runs = _COUNTS[number // len(PLOTS) // 2 % len(_COUNTS)]
        began = time.monotonic()
        with stand.empty(database) as (url, folder):
            told = together(plot, runs=runs, folder=folder, url=url, forked=[stand.forked], chance=chance)
        ended = ", ".join(f"{code}: {times}" for code, times in sorted(Counter(told.codes).items()))
        problems = [f"round {number}, {runs} at once: {problem}" for problem in told.problems]
        yield f"{database}, {plot}, {runs} at once", f"({ended})", _since(began), problems


def _endings(stand: _Stand, rounds: int, _chance: random.Random) -> Iterator[Round]:
    """Ask runs to end, wherever they wait; the time is from the signal to the end."""
    for _ in range(rounds):
        for database, elsewhere in _ELSEWHERE.items():
            for stage, by in ((stage, by) for stage in STAGES if stage not in elsewhere for by in SIGNALS):
                with stand.empty(database) as (url, folder):
                    make_table(url)
                    ended = asked_to_end(stand.forked, url, folder, stage=stage, by=by)
                wrong = [] if ended.code == SIGNALS[by] else [f"{stage}: it ended with {ended.code}: {ended.said}"]
                late = ended.seconds > 2 and by != "SIGKILL"
                wrong += [f"{stage}: it took {ended.seconds:.2f} s"] if late else []
                wrong += [f"{stage}: the lock was free after {ended.free:.2f} s"] if ended.free > 5 else []
                yield f"{database}, {stage}, {by}", f"exit {ended.code}", ended.seconds, [*wrong, *ended.problems]


def _refusals(stand: _Stand, rounds: int, _chance: random.Random) -> Iterator[Round]:
    """Refuse a second run while a first one holds the table; the time is that of the whole command, but for imports."""
    for database in _ELSEWHERE:
        with stand.empty(database) as (url, folder):
            scene = Scene(folder, url, [stand.forked])
            words = ["run", scene.pipeline("p", file=0)]
            with open_target(url) as target, target.lock("t"):
                for _ in range(rounds):
                    began = time.monotonic()
                    code, said = stand.forked.end(stand.forked.begin(*words, environment=scene.environment))
                    seconds = _since(began)
                    named = f"process {os.getpid()} on {os.uname().nodename}" in said
                    wrong = [] if (code, named) == (75, True) else [f"it ended with {code}: {said}"]
                    wrong += [f"it took {seconds:.2f} s"] if seconds > 1 else []
                    yield f"{database}, a second run into the table", f"exit {code}", seconds, wrong


def _since(began: float) -> float:
    return time.monotonic() - began


_PLAYS: dict[str, Callable[[_Stand, int, random.Random], Iterator[Round]]] = {
    "crashes": _crashes,
    "together": _together,
    "endings": _endings,
    "refusals": _refusals,
}


if __name__ == "__main__":
    main()
