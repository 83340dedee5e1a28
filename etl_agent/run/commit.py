"""The last act of a run: rows, quarantine, changes, files and the run's record become final at once, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from etl_agent.errors import EtlAgentError
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.run.arrivals import Arrivals
from etl_agent.run.balance import KEY_HELD, ROW_HELD, Balance
from etl_agent.run.books import Books
from etl_agent.run.ledger import (
    LoadedFile,
    change_batches,
    close_refused,
    deactivate,
    decision_batch,
    quarantine_batches,
    record_files,
    record_history,
    record_run,
)
from etl_agent.run.plans import record_plan
from etl_agent.run.prepare import Prepared
from etl_agent.run.replays import close_open
from etl_agent.run.result import FileLayout, FileOutcome, RunResult
from etl_agent.run.selection import Selection

if TYPE_CHECKING:
    from etl_agent.extract.dataset import Tally
    from etl_agent.load.modes import Counts
    from etl_agent.load.target import Target
    from etl_agent.load.tx import Tx
    from etl_agent.run.replay import Replay

__all__ = ["Commit", "keep_refusal"]

_KEPT_OF_A_REFUSAL = 10_000
"""Quarantine entries of a refused run; its counts by reason are exact all the same."""


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything a run has found, ready to be made final."""

    spec: PipelineSpec
    tx: Tx
    books: Books
    prepared: Prepared
    tallies: Sequence[Tally]
    selection: Selection
    reload: bool
    layouts: Mapping[str, FileLayout] = field(default_factory=dict)
    replay: Replay | None = None
    arrivals: Arrivals | None = None

    def write(self, result: RunResult) -> RunResult:
        """Apply the load, write the record beside it, and make sure that the rows add up.

        Args:
            result: the run so far.

        Raises:
            Unbalanced: a row is missing or counted twice.
        """
        table, run_id = self.spec.load.table, result.run_id
        if self.reload or self.spec.load.is_snapshot:
            self._deactivate(table, run_id)
        counts = self.tx.apply()
        closed = self._close_arrived(run_id)
        quarantined = sum(
            self.tx.write("_etl_quarantine", rows)
            for rows in quarantine_batches(self.books.rejects, run_id=run_id, table=table, status="open")
        )
        for changes in change_batches(self.books.changes.rows(), run_id=run_id, table=table):
            self.tx.write("_etl_changes", changes)
        self.tx.write("_etl_decisions", decision_batch(result.decisions, run_id=run_id))
        balance = self._balance(counts, quarantined)
        balance.check(where=self.spec.name)
        finished = replace(
            result,
            message="; ".join(filter(None, (result.message, closed))) or None,
            balance=balance,
            files=(*self._files(), *self.selection.left_out),
            reasons=dict(self.books.rejects.counts),
            changed_cells=self.books.changes.total,
            changes=self.books.changes.by_column(),
        )
        digest = self.prepared.plan.digest
        if self.replay is None:
            self._record_files(run_id, digest)
        else:
            self.replay.settle(self.tx, run_id=run_id)
        record_plan(self.tx.connection, self.tx.tables, self.spec, lock=self.prepared.decided.lock, plan_digest=digest)
        record_history(self.tx.connection, self.tx.tables, self.tx.kept(), table=table, run_id=run_id)
        record_run(self.tx.connection, self.tx.tables, finished, plan_digest=digest, shape=self.prepared.contract.shape)
        return finished

    def _record_files(self, run_id: int, digest: str) -> None:
        table = self.spec.load.table
        loaded = [
            LoadedFile(_sha(tally), tally.file, tally.size, tally.good + tally.bad, position)
            for position, tally in enumerate(self.tallies)
        ]
        record_files(self.tx.connection, self.tx.tables, loaded, table=table, run_id=run_id, plan_digest=digest)
        digests = [file.sha256 for file in loaded]
        close_refused(self.tx.connection, self.tx.tables, table=table, digests=digests, run_id=run_id)

    def _deactivate(self, table: str, run_id: int) -> None:
        everything = self.spec.load.is_snapshot
        digests = None if everything else [_sha(tally) for tally in self.tallies]
        close_open(self.tx.connection, self.tx.tables, table=table, run_id=run_id, digests=digests)
        deactivate(self.tx.connection, self.tx.tables, table=table, run_id=run_id, digests=digests)

    def _close_arrived(self, run_id: int) -> str | None:
        """Close what waits for the keys of these rows, and say so."""
        if self.arrivals is None:
            return None
        closed = self.arrivals.close(self.tx.connection, self.tx.tables, run_id=run_id)
        counted = "1 entry" if closed == 1 else f"{closed:,} entries"
        return f"{counted} of the quarantine closed, since a good row came" if closed else None

    def _files(self) -> tuple[FileOutcome, ...]:
        return tuple(
            FileOutcome(
                tally.file,
                "loaded",
                rows=tally.good + tally.bad,
                sha256=tally.sha256,
                layout=self.layouts.get(tally.file),
            )
            for tally in self.tallies
        )

    def _balance(self, counts: Counts, quarantined: int) -> Balance:
        books = self.books
        deduplicated = dict(books.deduplicated)
        if counts.deduplicated:
            deduplicated[ROW_HELD] = counts.deduplicated
        filtered = dict(books.filtered)
        if counts.filtered:
            filtered[KEY_HELD] = counts.filtered
        return Balance(
            read=sum(tally.good + tally.bad for tally in self.tallies),
            inserted=counts.inserted,
            updated=counts.updated,
            unchanged=counts.unchanged,
            quarantined=quarantined,
            deduplicated=deduplicated,
            filtered=filtered,
            staged=counts.staged,
            removed=counts.deleted + books.withdrawn,
        )


def keep_refusal(
    target: Target, result: RunResult, *, spec: PipelineSpec, books: Books | None, plan_digest: str
) -> None:
    """Write down a refused run in a small transaction of its own: the reasons are kept, no row is loaded."""
    with target.record(schema=spec.load.db_schema) as record:
        if books is not None:
            rejected = quarantine_batches(
                books.rejects, run_id=result.run_id, table=result.table, status="refused", most=_KEPT_OF_A_REFUSAL
            )
            for rows in rejected:
                record.write("_etl_quarantine", rows)
        record.write("_etl_decisions", decision_batch(result.decisions, run_id=result.run_id))
        record_run(record.connection, record.tables, result, plan_digest=plan_digest)
        record.commit()


def _sha(tally: Tally) -> str:
    if tally.sha256 is None:
        raise EtlAgentError(f"the content of {tally.file} was not digested on the way")
    return tally.sha256
