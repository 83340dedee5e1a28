"""Runs at the same time, with readers and writers of the record beside them, and what must be there at the end."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.load.targets import query
from tests.run.forked import Begun, Forked

__all__ = ["PLOTS", "Plot", "Scene", "Told", "together"]

ROWS = 20
"""Rows of a file; no two files have a key in common."""

_READERS = (("runs",), ("quarantine", "list"), ("runs", "--json"), ("prune", "--older-than", "1d"))
_KEY = {"primary_key": ["id"]}
_MODES: tuple[dict[str, Any], ...] = (
    {"write_disposition": "append"},
    {"write_disposition": "merge", **_KEY},
    {"write_disposition": "replace"},
    {"write_disposition": "merge", "strategy": "delete-insert", **_KEY},
    {"write_disposition": "append", **_KEY},
)


@dataclass(frozen=True)
class Told:
    """What became of a plot.

    Args:
        codes: the exit codes of the runs.
        said: what they said on stderr.
        problems: promises that did not hold; none.
    """

    codes: list[int]
    said: list[str]
    problems: list[str] = field(default_factory=list)


class Scene:
    """A project whose pipelines run at the same time.

    Args:
        folder: an empty folder.
        url: an empty target.
        forked: begins the runs; in turn, where there are several.
    """

    def __init__(self, folder: Path, url: str, forked: Sequence[Forked]) -> None:
        self.folder = folder
        self.url = url
        self.forked = forked
        (folder / "pipelines").mkdir()
        self.environment = {"ETL_AGENT_SCRATCH": str(folder / "scratch"), "ETL_AGENT_PROJECT": str(folder)}
        (folder / "scratch").mkdir()

    def pipeline(self, name: str, *, file: int, table: str = "t", **load: Any) -> str:
        """Write a pipeline of one file, with one row of three cells among its own of two."""
        first = file * 100
        rows = "".join(f"{first + row},{name}\n" for row in range(ROWS))
        (self.folder / f"part{file}.csv").write_text(f"id,v\n{rows}too,many,cells\n")
        path = self.folder / "pipelines" / f"{name}.yaml"
        extract = {"files": [f"part{file}.csv"], "delimiter": ","}
        load = {"to": self.url, "table": table, **load}
        rejects = {"max_rejects": 1}
        path.write_text(json.dumps({"version": 1, "name": name, "extract": extract, "validate": rejects, "load": load}))
        return str(path)

    def ids(self, table: str = "t") -> list[int]:
        """Return the keys in a table, sorted."""
        return sorted(int(row[0]) for row in query(self.url, f"SELECT id FROM {table}"))

    def begin(self, number: int, *words: str) -> tuple[Forked, Begun]:
        """Begin a command on the next of those that begin them."""
        forked = self.forked[number % len(self.forked)]
        return forked, forked.begin(*words, environment=self.environment)

    def all_at_once(self, commands: Sequence[Sequence[str]]) -> Told:
        """Run commands at the same time; none may speak of a locked database."""
        begun = [self.begin(number, *words) for number, words in enumerate(commands)]
        ended = [(*forked.end(one), one.out.read_text(errors="replace")) for forked, one in begun]
        told = Told([code for code, _, _ in ended], [err for _, err, _ in ended])
        for words, (code, err, out) in zip(commands, ended, strict=True):
            if words[0] == "status" and code == 1:  # something is amiss, as it says
                told.codes.remove(1)
                code = 0
            if "locked" in (err + out).replace("--locked", ""):
                told.problems.append(f"{words[0]} spoke of a lock of the database: {err or out}")
            if code not in (0, 75):
                told.problems.append(f"{' '.join(words)} ended with {code}: {err}")
            if code == 75 and " process " not in err:
                told.problems.append(f"{words[0]} named no holder: {err}")
        return told

    def books(self, *, runs: int) -> list[str]:
        """Hold the record against the number of runs that have loaded, each with one reject."""
        loaded = query(self.url, "SELECT count(*) FROM _etl_runs WHERE status = 'loaded'")
        open_ = query(self.url, "SELECT count(*) FROM _etl_quarantine WHERE status = 'open'")
        found = (loaded[0][0], open_[0][0])
        return [] if found == (runs, runs) else [f"{found} runs and entries on record instead of {runs}"]


Plot = Callable[[Scene, int, random.Random], Told]


def _keys(*files: int) -> list[int]:
    return sorted(file * 100 + row for file in files for row in range(ROWS))


def _same_file(scene: Scene, runs: int, chance: random.Random) -> Told:
    """The same pipeline many times: loaded once."""
    mode = chance.choice(_MODES)
    file = scene.pipeline("p", file=0, **mode)
    told = scene.all_at_once([["run", "--wait=5m", file]] * runs)
    if scene.ids() != _keys(0):
        told.problems.append(f"{mode}: {len(scene.ids())} rows")
    told.problems.extend(scene.books(runs=1))
    return told


def _same_table(scene: Scene, runs: int, chance: random.Random) -> Told:
    """Different files into one table: all loaded."""
    mode = chance.choice([mode for mode in _MODES if mode["write_disposition"] != "replace"])
    files = [scene.pipeline(f"p{number}", file=number, **mode) for number in range(runs)]
    told = scene.all_at_once([["run", "--wait=5m", file] for file in files])
    if scene.ids() != _keys(*range(runs)):
        told.problems.append(f"{mode}: {len(scene.ids())} rows")
    told.problems.extend(scene.books(runs=runs))
    return told


def _replaced(scene: Scene, runs: int, _chance: random.Random) -> Told:
    """Different files that each replace the table: it holds one of them, whole."""
    files = [scene.pipeline(f"p{number}", file=number, write_disposition="replace") for number in range(runs)]
    told = scene.all_at_once([["run", "--wait=5m", file] for file in files])
    if scene.ids() not in [_keys(number) for number in range(runs)]:
        told.problems.append(f"the table holds {scene.ids()}")
    return told


def _impatient(scene: Scene, runs: int, _chance: random.Random) -> Told:
    """Different files into one table, nobody waits: who comes too late names the holder; later all load."""
    files = [scene.pipeline(f"p{number}", file=number) for number in range(runs)]
    told = scene.all_at_once([["run", file] for file in files])
    if 0 not in told.codes:
        told.problems.append("nobody loaded")
    told.problems.extend(scene.all_at_once([["run", "--wait=5m", file] for file in files]).problems)
    if scene.ids() != _keys(*range(runs)):
        told.problems.append(f"{len(scene.ids())} rows")
    return told


def _tables(scene: Scene, runs: int, chance: random.Random) -> Told:
    """Different tables of one database, in every mode, unasked to wait: all loaded."""
    modes = [chance.choice(_MODES) for _ in range(runs)]
    files = [scene.pipeline(f"p{n}", file=n, table=f"t{n}", **mode) for n, mode in enumerate(modes)]
    told = scene.all_at_once([["run", file] for file in files])
    if any(told.codes):
        told.problems.append(f"not all loaded: {told.codes} {told.said}")
    for number in range(runs):
        if scene.ids(f"t{number}") != _keys(number):
            told.problems.append(f"{modes[number]}: {len(scene.ids(f't{number}'))} rows")
    told.problems.extend(scene.books(runs=runs))
    return told


def _crowd(scene: Scene, runs: int, chance: random.Random) -> Told:
    """Runs into several tables, while others list runs and quarantine, prune, and take back a run."""
    done = scene.pipeline("done", file=90, table="u")
    if (first := scene.all_at_once([["run", done]])).problems:
        return first
    ((run_id,),) = query(scene.url, "SELECT run_id FROM _etl_runs")
    to = f"--to={scene.url}"
    files = [scene.pipeline(f"p{n}", file=n, table=f"t{n % 2}", **_MODES[n % 2]) for n in range(runs)]
    commands = [["run", "--wait=5m", file] for file in files]
    commands += [[*words, to] for words in _READERS] + [["undo", to, "--wait=5m", str(run_id)], ["status", done]]
    chance.shuffle(commands)
    told = scene.all_at_once(commands)
    if any(told.codes):
        told.problems.append(f"not all ended well: {[said for said in told.said if said]}")
    for table in range(2):
        wanted = _keys(*(n for n in range(runs) if n % 2 == table))
        if scene.ids(f"t{table}") != wanted:
            told.problems.append(f"t{table} holds {len(scene.ids(f't{table}'))} rows instead of {len(wanted)}")
    with contextlib.suppress(Exception):  # undone, the table is not there any more
        if scene.ids("u"):
            told.problems.append("the run that was taken back left rows")
    return told


PLOTS: Mapping[str, Plot] = {
    "the same file": _same_file,
    "files into one table": _same_table,
    "files that replace a table": _replaced,
    "files into one table, nobody waits": _impatient,
    "tables of one database": _tables,
    "tables, with readers, prune and undo beside": _crowd,
}


def together(plot: str, *, runs: int, folder: Path, url: str, forked: Sequence[Forked], chance: random.Random) -> Told:
    """Carry out a plot.

    Args:
        plot: one of ``PLOTS``.
        runs: how many at once.
        folder: an empty folder.
        url: an empty target.
        forked: begins the runs; in turn, where there are several.
        chance: chooses write modes and orders.
    """
    if url.startswith("sqlite") and chance.random() < 0.5:  # one that is not ours has no write-ahead log
        query(url, "CREATE TABLE theirs (id integer)")
    return PLOTS[plot](Scene(folder, url, forked), runs, chance)
