"""How a pipeline is, as the record in its target tells: its last load, what is usual, and what is amiss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, Any, Literal

from etl_agent.errors import counted
from etl_agent.run.usual import LEAST_PAST, usual_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.load.ledger_tables import LedgerTables

__all__ = [
    "PastLoad",
    "PipelineStatus",
    "Problem",
    "ProblemKind",
    "duration",
    "judge_history",
    "pipelines_in",
    "status_in",
]

ProblemKind = Literal[
    "broken", "unreachable", "never", "old", "missed", "volume", "refused", "quarantine", "lock", "clock"
]

_WINDOW = 60  # newest loads that the usual is taken from: two months of daily ones
_CYCLE = 35 * 86400.0  # seconds: pauses come again by the week and by the month, however many loads lie between them
_MOST = 5_000  # loads that are looked at: a cycle of one every ten minutes
_LATE = 1.5  # intervals: from here on the next load is nearer than the one that is missed
_WAITS = 0.1  # of an interval: jobs wait for others, and clocks change by an hour
_SKEW = 60.0  # seconds that two clocks may differ


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is amiss.

    Args:
        kind: what it is of.
        text: what a person reads.
    """

    kind: ProblemKind
    text: str


@dataclass(frozen=True, slots=True)
class PastLoad:
    """A run on record.

    Args:
        status: what became of it.
        ended_at: when it was written down (UTC).
        rows: rows that it read.
    """

    status: str
    ended_at: datetime
    rows: int


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """How a pipeline is.

    Args:
        pipeline: its name.
        table: the table it loads.
        last_success: when its last load ended (UTC), if there is one.
        age: since then, in seconds.
        loads: how many are on record, at most those that are looked at.
        usual_interval: between loads, in seconds; None with too few on record.
        usual_rows: read by a load; None with too few on record.
        quarantined: open entries.
        problems: what is amiss.
        notes: what could not be judged, and why.
    """

    pipeline: str
    table: str
    last_success: datetime | None = None
    age: float | None = None
    loads: int = 0
    usual_interval: float | None = None
    usual_rows: float | None = None
    quarantined: int = 0
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, for JSON."""
        return {
            "pipeline": self.pipeline,
            "table": self.table,
            "ok": not self.problems,
            "last_success": None if self.last_success is None else self.last_success.isoformat(),
            "age_seconds": None if self.age is None else round(self.age, 3),
            "loads": self.loads,
            "usual_interval_seconds": self.usual_interval,
            "usual_rows": self.usual_rows,
            "quarantined": self.quarantined,
            "problems": [{"kind": problem.kind, "text": problem.text} for problem in self.problems],
            "notes": list(self.notes),
        }


def status_in(
    connection: Connection,
    tables: LedgerTables,
    *,
    pipeline: str,
    table: str,
    max_age: float | None = None,
    max_quarantined: int | None = None,
    now: datetime | None = None,
) -> PipelineStatus:
    """Judge a pipeline by its runs on record.

    Args:
        connection: to read with.
        tables: the record.
        pipeline: the pipeline's name.
        table: the table it loads.
        max_age: how old its last load may be, in seconds; any age when absent.
        max_quarantined: how many entries may be open; any number when absent.
        now: the moment to judge at.
    """
    import sqlalchemy as sa

    runs, entries = tables.runs.c, tables.quarantine.c
    of_pipeline = sa.and_(runs.pipeline == pipeline, runs.table_name == table)
    replays = sa.select(entries.replayed_by).where(entries.status == "replayed")  # they bring no files
    known = (of_pipeline, runs.status.in_(("loaded", "refused")), runs.run_id.not_in(replays))
    columns = (runs.status, runs.started_at, runs.finished_at, runs.rows_read)
    wanted = sa.select(*columns).where(*known).order_by(runs.run_id.desc())
    past = [
        PastLoad(row.status, row.finished_at or row.started_at, row.rows_read or 0)
        for row in connection.execute(wanted.limit(_MOST))
    ]
    mine = sa.select(runs.run_id).where(of_pipeline)
    waiting = sa.select(sa.func.count()).where(entries.status == "open", entries.run_id.in_(mine))
    quarantined = int(connection.execute(waiting).scalar() or 0)
    found = judge_history(past, pipeline=pipeline, table=table, max_age=max_age, now=now or datetime.now(UTC))
    if max_quarantined is None or quarantined <= max_quarantined:
        return _with(found, quarantined)
    many = Problem("quarantine", f"{counted(quarantined)} in quarantine, and {max_quarantined:,} may be")
    return _with(found, quarantined, many)


def pipelines_in(connection: Connection, tables: LedgerTables) -> tuple[tuple[str, str], ...]:
    """Name the pipelines on record, each with the table it loads."""
    import sqlalchemy as sa

    runs = tables.runs.c
    return tuple((row[0], row[1]) for row in connection.execute(sa.select(runs.pipeline, runs.table_name).distinct()))


def judge_history(
    past: Sequence[PastLoad], *, pipeline: str, table: str, max_age: float | None, now: datetime
) -> PipelineStatus:
    """Judge a pipeline by its past alone, the newest run first.

    Args:
        past: its runs that loaded or were refused.
        pipeline: its name.
        table: the table it loads.
        max_age: how old its last load may be, in seconds; any age when absent.
        now: the moment to judge at (UTC).
    """
    loads = [run for run in past if run.status == "loaded"]
    problems = []
    if past and past[0].status == "refused":
        problems.append(Problem("refused", f"its newest run was refused, {_ago(past[0], now)}"))
    if not loads:
        problems.insert(0, Problem("never", "no load is on record"))
        return PipelineStatus(pipeline, table, problems=tuple(problems))
    age = (now - loads[0].ended_at).total_seconds()
    if age < -_SKEW:
        problems.append(
            Problem("clock", f"its last load is {duration(-age)} in the future; one of the clocks is wrong")
        )
    if max_age is not None and age > max_age:
        problems.append(Problem("old", f"its last load is {duration(age)} old, and {duration(max_age)} is the limit"))
    interval, missed = _missed(loads, age)
    rows, odd = _odd_volume(loads[: _WINDOW + 1])
    problems += [problem for problem in (missed, odd) if problem is not None]
    lacking = LEAST_PAST + 1 - len(loads)
    more = "1 more load" if lacking == 1 else f"{lacking} more loads"
    notes = (f"{more} must be on record to tell what is usual",) if lacking > 0 else ()
    looked_at = min(len(loads), _WINDOW + 1)
    return PipelineStatus(
        pipeline, table, loads[0].ended_at, age, looked_at, interval, rows, problems=tuple(problems), notes=notes
    )


def duration(seconds: float) -> str:
    """Write a time as a person says it.

    >>> duration(42), duration(5400), duration(93600), duration(300000)
    ('42 s', '90 min', '26 h', '3 d 11 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    hours = round(seconds / 3600)
    days, rest = divmod(hours, 24)
    return f"{hours} h" if hours <= 48 else f"{days} d {rest} h" if rest else f"{days} d"


def _missed(loads: Sequence[PastLoad], age: float) -> tuple[float | None, Problem | None]:
    """Compare the time since the last load with the times between loads: those of a cycle, or the newest of few."""
    since = [max(0.0, (loads[0].ended_at - load.ended_at).total_seconds()) for load in loads]
    known = [seconds for at, seconds in enumerate(since) if at <= _WINDOW or seconds <= _CYCLE]
    gaps = [max(0.0, earlier - later) for later, earlier in pairwise(known)]
    usual = usual_of(gaps, noise=lambda _gap: _WAITS)
    if usual is None:
        return None, None
    if age < _LATE * usual.middle or not usual.is_beyond(age):
        return usual.middle, None
    times = max(1, round(age / usual.middle) - 1) if usual.middle else 1
    said = f"about {times:,} {'load is' if times == 1 else 'loads are'} missing"
    return usual.middle, Problem(
        "missed", f"{said}: the last is {duration(age)} old, and they come every {duration(usual.middle)}"
    )


def _odd_volume(loads: Sequence[PastLoad]) -> tuple[float | None, Problem | None]:
    """Compare the rows of the last load with those of the loads before it."""
    before = [float(load.rows) for load in loads[1:]]
    usual = usual_of(before, noise=lambda rows: 1 / sqrt(rows + 1))  # a count of independent events varies by its root
    if usual is None:
        return None, None
    newest = loads[0].rows
    if not usual.is_far(newest):
        return usual.middle, None
    return usual.middle, Problem(
        "volume",
        f"its last load read {counted(newest)}, and none of {len(before)} before it was like that: "
        f"{usual.middle:,.0f} are usual, {usual.least:,.0f} to {usual.most:,.0f} were seen",
    )


def _with(status: PipelineStatus, quarantined: int, *problems: Problem) -> PipelineStatus:
    return replace(status, quarantined=quarantined, problems=(*status.problems, *problems))


def _ago(run: PastLoad, now: datetime) -> str:
    return f"{duration(max(0.0, (now - run.ended_at).total_seconds()))} ago"
