"""What is killed: loads of every kind, of one file and of many, each with the work that was done before."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["FILES", "SCENARIOS", "Scenario", "pipeline", "write_data"]

FILES = 9
"""How many files there are to load, besides the one of the run before."""


@dataclass(frozen=True)
class Scenario:
    """What is done, and what was there before.

    Args:
        name: what the reports call it.
        load: keys of the load section.
        files: how many files the killed command's pipeline names.
        base: whether a run before loaded another file.
        done: whether these files were loaded before, too.
        command: the command, without its options for all; ``undo`` takes back what was done before last.
        contract: what the killed command's contract says otherwise about the column ``code``.
        data: what the names of the files begin with.
    """

    name: str
    load: Mapping[str, Any]
    files: int
    base: bool = True
    done: bool = False
    command: tuple[str, ...] = ("run",)
    contract: Mapping[str, Any] = field(default_factory=dict)
    data: str = "new"

    @property
    def paths(self) -> list[str]:
        """The files that are loaded, relative to the project."""
        return [f"data/{self.data}{number}.csv" for number in range(self.files)]


_KEY = {"primary_key": ["id"]}
_APPEND, _REPLACE, _MERGE = ({"write_disposition": mode} for mode in ("append", "replace", "merge"))
_REPLAY = ("quarantine", "replay", "--reason", "unique-error")
_ANY_CODE = {"unique": False}
_SCD2 = {**_MERGE, "strategy": "scd2", **_KEY}
_DELETE, _CLOSE = {**_MERGE, **_KEY, "absent": "delete"}, {**_SCD2, "absent": "close"}

SCENARIOS = (
    Scenario("first load", _APPEND, 1, base=False),
    Scenario("append", _APPEND, 1),
    Scenario("append, 2 files", _APPEND, 2),
    Scenario("append, 9 files", _APPEND, 9),
    Scenario("append with a key", {**_APPEND, **_KEY}, 2),
    Scenario("replace", _REPLACE, 1),
    Scenario("replace, 2 files, with a key", {**_REPLACE, **_KEY}, 2),
    Scenario("merge upsert", {**_MERGE, **_KEY}, 1),
    Scenario("merge upsert, 2 files", {**_MERGE, **_KEY}, 2),
    Scenario("merge upsert, 9 files", {**_MERGE, **_KEY}, 9),
    Scenario("merge delete-insert", {**_MERGE, "strategy": "delete-insert", **_KEY}, 2),
    Scenario("merge insert-only", {**_MERGE, "strategy": "insert-only", **_KEY}, 2),
    Scenario("merge scd2", _SCD2, 2),
    Scenario("snapshot, absent rows deleted", _DELETE, 1, data="snapshot"),
    Scenario("snapshot, absent rows closed", _CLOSE, 1, data="snapshot"),
    Scenario("snapshot with a malformed line", _DELETE, 1),
    Scenario("reload", {**_MERGE, **_KEY}, 2, done=True, command=("run", "--reload")),
    Scenario("replay", _APPEND, 2, done=True, command=_REPLAY, contract=_ANY_CODE),
    Scenario("replay into a merge", {**_MERGE, **_KEY}, 2, done=True, command=_REPLAY, contract=_ANY_CODE),
    Scenario("undo of an append", _APPEND, 2, done=True, command=("undo",)),
    Scenario("undo of a replace", {**_REPLACE, **_KEY}, 2, done=True, command=("undo",)),
    Scenario("undo of a merge", {**_MERGE, **_KEY}, 2, done=True, command=("undo",)),
    Scenario("undo of scd2", _SCD2, 2, done=True, command=("undo",)),
    Scenario("undo of a snapshot", _DELETE, 1, done=True, command=("undo",), data="snapshot"),
    Scenario("undo of a first load", _APPEND, 1, base=False, done=True, command=("undo",)),
)
"""Every write mode and strategy, with one file and with many, and what else writes to the table."""


def write_data(folder: Path) -> None:
    """Write a file that is loaded before, and others with new, changed, equal, repeated and bad rows."""
    _write(folder / "base.csv", [[n, f"B{n}", f"base {n}"] for n in range(10)])
    # half of what is there, with a change, two new rows, and a rejected one, whose key is not absent
    snapshot: list[list[Any]] = [[n, f"B{n}", f"base {n}" if n else "changed"] for n in range(5)]
    _write(folder / "snapshot0.csv", [*snapshot, [7, "B1", "a code twice"], [20, "S20", "new"], [21, "S21", "new"]])
    for number in range(FILES):
        first = 8 + 12 * number
        rows: list[list[Any]] = [[n, f"N{n}", f"new {n}"] for n in range(first, first + (12 if number < 2 else 4))]
        same, other = (7 - number) % 8, (5 - number) % 8
        rows[0] = [same, f"B{same}", f"base {same}"]  # in the table, the same
        rows[1] = [other, f"C{number}", "other"]  # in the table, with other content
        rows.insert(4, [100 + number, "M", "too", "many"])
        rows.insert(3, [200 + number, rows[2][1], "a code twice"])
        if number < 2:
            rows.insert(7, ["x", f"T{number}", "no number"])
            rows.insert(11, rows[4])
        _write(folder / f"new{number}.csv", rows)


def _write(path: Path, rows: Sequence[Sequence[Any]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["id", "code", "v"], *rows])


def pipeline(url: str, files: Sequence[str], scenario: Scenario, *, before: bool = False) -> dict[str, Any]:
    """Write down the pipeline of a scenario; of the work before it, if so wished."""
    code = {"type": "text", "unique": True, **({} if before else scenario.contract)}
    return {
        "version": 1,
        "name": "p",
        "extract": {"files": list(files), "delimiter": ","},
        "validate": {
            "contract": {"id": {"type": "integer"}, "code": code, "v": {"type": "text"}},
            "max_reject_share": 0.6,
        },
        "clean": [{"step": "case", "columns": ["v"], "to": "upper"}],
        "load": {"to": url, "table": "t", **scenario.load},
    }
