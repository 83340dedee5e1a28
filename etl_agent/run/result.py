"""What a run returns: a value that tells where every row is, for a person, a program or an exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from etl_agent.decide.decision import Decision
from etl_agent.errors import DataRefused
from etl_agent.rejects import Reason
from etl_agent.run.balance import Balance

__all__ = ["FileLayout", "FileOutcome", "RunResult", "Status"]

Status = Literal["loaded", "nothing new", "skipped", "refused", "dry run", "undone", "undo"]
"""What became of a run; ``undone`` is one that was taken back since, and ``undo`` the run that did so."""


@dataclass(frozen=True, slots=True)
class FileLayout:
    """How the records of a file are written: with it, raw records can be split into cells when the file is gone.

    Args:
        header: the names of its columns.
        delimiter: the character between cells; None for one column.
        quote: the character around quoted cells; None where quotes are text.
    """

    header: tuple[str, ...]
    delimiter: str | None
    quote: str | None


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """One file of a run.

    Args:
        file: its name.
        status: loaded, or why not.
        rows: records in it, or None if it was not read.
        sha256: digest (hex) of its decompressed bytes, or None if it was not read to its end.
        run_id: the run that loaded this content before, if one did.
        layout: how its records are written, if any of them is in quarantine.
    """

    file: str
    status: Literal["loaded", "already loaded", "same content as another file", "judged"]
    rows: int | None = None
    sha256: str | None = None
    run_id: int | None = None
    layout: FileLayout | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome as plain data, for JSON."""
        known = {"file": self.file, "status": self.status, "rows": self.rows, "sha256": self.sha256}
        layout = {} if self.layout is None else {"layout": asdict(self.layout)}
        return {**known, "run_id": self.run_id, **layout}


@dataclass(frozen=True, slots=True)
class RunResult:
    """The outcome of one pipeline.

    Args:
        pipeline: its name.
        run_id: the run.
        status: what became of it.
        table: the target table.
        balance: where the rows are.
        files: what became of each file, in dataset order.
        reasons: rows for each reason of rejection; a row with two reasons counts under both.
        changed_cells: cells that steps changed.
        changes: changed cells by step and column.
        seconds: wall time, in seconds.
        decisions: what was chosen at branches and routes, in their order.
        sensitive: columns whose values are not shown, nor those of the columns that they are made from.
        message: what a person should know in one line, if anything.
        warning: what a person should look at, in one line, if anything: said also where success is silent.
        exit_code: 0, or the code of the refusal.
        refusal: why nothing was loaded, where the data were refused; its sentence is the message.
    """

    pipeline: str
    run_id: int
    status: Status
    table: str
    balance: Balance
    files: tuple[FileOutcome, ...] = ()
    reasons: Mapping[Reason, int] = field(default_factory=dict)
    changed_cells: int = 0
    changes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    seconds: float = 0.0
    sensitive: tuple[str, ...] = ()
    message: str | None = None
    warning: str | None = None
    exit_code: int = 0
    refusal: DataRefused | None = field(default=None, compare=False)

    @property
    def fell_back(self) -> tuple[Decision, ...]:
        """The decisions that a model was to make and that were made without it."""
        return tuple(decision for decision in self.decisions if decision.fell_back is not None)

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome as plain data, for JSON."""
        balance = self.balance
        return {
            "pipeline": self.pipeline,
            "run_id": self.run_id,
            "status": self.status,
            "table": self.table,
            "exit_code": self.exit_code,
            "message": self.message,
            "warning": self.warning,
            "seconds": round(self.seconds, 3),
            "rows": {
                "read": balance.read,
                "loaded": balance.loaded,
                "inserted": balance.inserted,
                "updated": balance.updated,
                "unchanged": balance.unchanged,
                "quarantined": balance.quarantined,
                "deduplicated": dict(balance.deduplicated),
                "filtered": dict(balance.filtered),
                "removed": balance.removed,
            },
            "sensitive": list(self.sensitive),
            "files": [file.as_dict() for file in self.files],
            "reasons": [{**reason.as_dict(), "rows": rows} for reason, rows in self.reasons.items()],
            "fell_back": [decision.node for decision in self.fell_back],
            "decisions": [decision.model_dump(mode="json") for decision in self.decisions],
            "changed_cells": self.changed_cells,
            "changes": [
                {"step": step, "column": column, "cells": cells} for (step, column), cells in self.changes.items()
            ],
        }
