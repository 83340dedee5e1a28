"""What is answered: an account of each record that is concerned, and what it comes to in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from etl_agent.rejects import Reason
from etl_agent.run.concealing import STARS
from etl_agent.run.why.life import CellChange, Place

if TYPE_CHECKING:
    from etl_agent.run.history import PastRun
    from etl_agent.run.why.held import HeldRow

__all__ = ["MOST", "Account", "Outcome", "Why", "next_command"]

MOST = 20
"""Rows, and records of a run, that are told of: what a person reads; a key has one row as a rule."""

Outcome = Literal[
    "loaded",
    "unchanged",
    "updated",
    "quarantined",
    "replayed",
    "deduplicated",
    "filtered",
    "refused",
    "removed",
    "never loaded",
    "unknown",
]
"""loaded: its values are in the table. unchanged: the table held the same row before. updated: a later run wrote over
it. quarantined, deduplicated, filtered: as in the balance of a run. replayed: it was in quarantine and went through
the pipeline again. refused: its run loaded nothing. removed: it was in the table and is not any more. never loaded: no
run read its file."""


@dataclass(frozen=True, slots=True)
class Account:
    """What became of one record in one run.

    Args:
        outcome: in one word.
        said: in one sentence.
        run: the run; None if no run read the record.
        place: where the record stands; None where that is not known.
        raw: the record as text, cells of sensitive columns hidden.
        lines: physical lines that it stands on.
        changes: the cells that steps changed, in order.
        loaded: the typed values that it was loaded with, or was to be.
        held: what its row held when a run took it out, as the database gave it; None where that is not kept.
        by: the step, key or rule that took it out.
        reasons: everything that was wrong with it.
        winner: the record that stayed instead of it.
        entry: the number of its entry in quarantine.
        sensitive: columns whose values are not shown.
    """

    outcome: Outcome
    said: str
    run: PastRun | None = None
    place: Place | None = None
    raw: str | None = None
    lines: int = 1
    changes: tuple[CellChange, ...] = ()
    loaded: Mapping[str, pa.Scalar] | None = None
    held: Mapping[str, Any] | None = None
    by: str | None = None
    reasons: tuple[Reason, ...] = ()
    winner: Place | None = None
    entry: int | None = None
    sensitive: frozenset[str] = frozenset()

    def with_life(self, read: Account) -> Account:
        """Add what the file tells of a record to what the quarantine keeps of it."""
        sensitive = self.sensitive | read.sensitive
        return replace(self, changes=read.changes, winner=read.winner, lines=read.lines, sensitive=sensitive)

    def as_dict(self) -> dict[str, Any]:
        """Return the account as plain data; stars stand for values of sensitive columns."""
        return {
            "outcome": self.outcome,
            "said": self.said,
            "run": None if self.run is None else _run(self.run),
            "file": None if self.place is None else self.place.file,
            "line": None if self.place is None else self.place.line,
            "raw": self.raw,
            "changes": [
                {
                    "step": change.step,
                    "column": change.column,
                    "before": self._shown(change.column, change.before),
                    "after": self._shown(change.column, change.after),
                }
                for change in self.changes
            ],
            "loaded": None
            if self.loaded is None
            else {name: self._shown(name, value.as_py()) for name, value in self.loaded.items()},
            "held": None
            if self.held is None
            else {name: self._shown(name, value) for name, value in self.held.items()},
            "by": self.by,
            "reasons": [reason.as_dict() for reason in self.reasons],
            "winner": None if self.winner is None else {"file": self.winner.file, "line": self.winner.line},
            "quarantine_id": self.entry,
        }

    def _shown(self, column: str, value: Any) -> Any:
        return STARS if column in self.sensitive and value not in (None, "") else value


@dataclass(frozen=True, slots=True)
class Why:
    """The answer to one question.

    Args:
        asked: what was asked for: the table and the key, or the file and the line.
        table: the table; None where no table is concerned.
        found: whether the table holds it.
        verdict: the answer in one sentence.
        rows: the rows of the table that it is about.
        accounts: of each record that is concerned, the most telling first.
        notes: what could not be told exactly, and why.
        next_command: what a person would type next, if anything.
        sensitive: columns of the rows whose values are not shown.
    """

    asked: str
    table: str | None
    found: bool
    verdict: str
    rows: tuple[HeldRow, ...] = ()
    accounts: tuple[Account, ...] = ()
    notes: tuple[str, ...] = ()
    next_command: str | None = None
    sensitive: frozenset[str] = frozenset()

    def as_dict(self) -> dict[str, Any]:
        """Return the answer as plain data; stars stand for values of sensitive columns."""
        return {
            "asked": self.asked,
            "table": self.table,
            "in_table": self.found,
            "verdict": self.verdict,
            "rows": [
                {
                    "run_id": row.run_id,
                    "values": {
                        name: STARS if name in self.sensitive and value not in (None, "") else value
                        for name, value in row.values.items()
                    },
                }
                for row in self.rows
            ],
            "records": [account.as_dict() for account in self.accounts],
            "notes": list(self.notes),
            "next": self.next_command,
        }


def _run(run: PastRun) -> dict[str, Any]:
    return {
        "run_id": run.result.run_id,
        "pipeline": run.result.pipeline,
        "status": run.result.status,
        "started_at": run.started_at.isoformat(),
    }


def next_command(accounts: Sequence[Account]) -> str | None:
    """Name what shows more of the first record in quarantine, else of the first run."""
    entry = next((each for each in accounts if each.entry is not None and each.outcome == "quarantined"), None)
    if entry is not None:
        return f"etl-agent quarantine list --id {entry.entry}"
    run = next((each.run for each in accounts if each.run is not None), None)
    return None if run is None else f"etl-agent show {run.result.run_id}"
