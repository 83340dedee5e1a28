"""What is said of rows that do not pass: reasons, rejected rows, and the verdict that parts good from bad."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Batch, Mask, Origin

__all__ = ["Finding", "Reason", "ReasonCode", "Rejects", "Stage", "Verdict", "judge", "reason_codes"]

Stage = Literal["extract", "validate", "clean", "load"]

ReasonCode = Literal[
    "blank-row",
    "cell-too-long",
    "constraint-error",
    "encoding-error",
    "extra-cell",
    "foreign-key-error",
    "missing-cell",
    "nul-byte",
    "primary-key-error",
    "required-value",
    "row-constraint",
    "stray-quote",
    "type-error",
    "unique-error",
    "unterminated-quote",
]
"""Why a row was rejected. The words of the Frictionless standard where it has one
(https://specs.frictionlessdata.io), and ours for what it does not name: cell-too-long, nul-byte, stray-quote,
unterminated-quote, required-value (a null where none may be)."""


def reason_codes() -> tuple[str, ...]:
    """Return every reason code, sorted."""
    return tuple(sorted(get_args(ReasonCode)))


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """Say why a row was rejected, without repeating its values (the raw line holds them).

    Args:
        code: what kind of failure it is.
        column: the column that failed, or None for the row as a whole.
        check: the failed check as the user wrote it, for example ``min: 0`` or ``decimal(12,2)``.
    """

    code: ReasonCode
    column: str | None = None
    check: str | None = None

    def as_dict(self) -> dict[str, str]:
        """Return the parts that are present, by name."""
        pairs = (("code", self.code), ("column", self.column), ("check", self.check))
        return {name: value for name, value in pairs if value is not None}

    def __str__(self) -> str:
        place = f"{self.column}: " if self.column is not None else ""
        check = f" ({self.check})" if self.check is not None else ""
        return f"{place}{self.code}{check}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One failed check and the rows that fail it.

    Args:
        reason: the failed check.
        failed: true for each row that fails it; as long as the batch.
    """

    reason: Reason
    failed: Mask


@dataclass(frozen=True, slots=True)
class Rejects:
    """Rows that were taken out of the flow, each with every reason.

    Args:
        origin: where the rows came from.
        stage: the stage that rejected them.
        step: the step that rejected them, or None where the stage has no steps.
        reasons: a JSON list for each row, in the order the checks stand in the contract.
        raw: the raw bytes of each record, so that the rejects outlive their batch.
        counts: rows for each reason; a row with two reasons counts under both.
    """

    origin: Origin
    stage: Stage
    step: str | None
    reasons: pa.StringArray
    raw: tuple[bytes, ...]
    counts: Mapping[Reason, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.origin)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Good rows and bad rows; together they are all the rows that came in.

    Args:
        kept: the rows that go on.
        rejects: the rows that do not, one entry for each stage and step that rejected any.
    """

    kept: Batch
    rejects: tuple[Rejects, ...] = ()


def judge(batch: Batch, findings: Iterable[Finding], *, stage: Stage, step: str | None = None) -> Verdict:
    """Part a batch into the rows that fail no check and those that fail any, with all their reasons."""
    failing = [finding for finding in findings if finding.failed.any()]
    if not failing:
        return Verdict(batch)
    bad = np.logical_or.reduce([finding.failed for finding in failing])
    origin = batch.origin.keep(bad)
    rejects = Rejects(
        origin=origin,
        stage=stage,
        step=step,
        reasons=_reasons(failing, bad),
        raw=tuple(origin.raw_lines()),
        counts=_counts(failing),
    )
    return Verdict(batch.keep(~bad), (rejects,))


def _reasons(failing: Sequence[Finding], bad: Mask) -> pa.StringArray:
    """Join the failed checks of each bad row into a JSON list, one kernel call a check."""
    parts = [
        pc.if_else(pa.array(finding.failed[bad]), json.dumps(finding.reason.as_dict(), ensure_ascii=False), None)
        for finding in failing
    ]
    joined = pc.binary_join_element_wise(*parts, ",", null_handling="skip")
    return pc.binary_join_element_wise("[", joined, "]", "")


def _counts(failing: Sequence[Finding]) -> dict[Reason, int]:
    counts: dict[Reason, int] = {}
    for finding in failing:
        counts[finding.reason] = counts.get(finding.reason, 0) + int(np.count_nonzero(finding.failed))
    return counts
