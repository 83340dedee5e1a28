"""One load as one transaction: everything of a run goes through its connection, and commits at once or not at all."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa

from etl_agent.batch import Batch, Positions
from etl_agent.errors import EtlAgentError
from etl_agent.load.build import build_of
from etl_agent.load.facts import TableFacts
from etl_agent.load.history import History, Kept, can_keep, kept_in
from etl_agent.load.identifiers import Dialect, quote
from etl_agent.load.modes import Counts, append_unmatched, check_keys, refuse_shrinking, run_all, write
from etl_agent.load.order import Order
from etl_agent.load.own_sql import check_files, run_files
from etl_agent.load.record import Record
from etl_agent.load.statements import Statements
from etl_agent.load.url import Location

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


__all__ = ["Tx"]

_CONFLICTS_AT_ONCE = 100_000  # rows


class Tx(Record):
    """The load of one dataset into one table.

    The order of use: ``stage`` every batch, ``drop`` rows that turned out bad, ``conflicts`` and more drops, ``apply``,
    ``write`` the record, ``commit``. Everything after ``stage`` ends the staging.

    Args:
        connection: the target's one connection, in no transaction.
        location: the target, for messages.
        order: what to do.
        schema: the schema of the table.
        direct: whether rows go straight into the table, so that none can be dropped later.
    """

    matched: ClassVar[str]
    """The temporary table of ``_note_matches``, quoted and qualified."""

    dialect: ClassVar[Dialect]
    """The kind of database."""

    def __init__(self, connection: Connection, *, location: Location, order: Order, schema: str, direct: bool) -> None:
        super().__init__(connection, location=location, schema=order.load.db_schema)
        self._schema = schema
        self.direct = direct
        """Whether rows go straight into the table: then ``drop`` is refused and ``conflicts`` are none."""
        self.order = order
        self._staging = True
        self._staged = 0
        self._dropped = 0
        self._withdrawn = 0
        self._applied: Counts | None = None
        self._has_matched = False

    def stage(self, batch: Batch) -> None:
        """Take the rows of a batch, in dataset order; may run in a thread of its own.

        Args:
            batch: the contract's columns, by name and of its types.

        Raises:
            EtlAgentError: the staging is over, a column is missing or a key is null: bugs of the caller.
        """
        if not self._staging:
            raise EtlAgentError("the staging is over")
        if not len(batch):
            return
        data = batch.data.select(list(self.order.shape.names))
        for key in self.order.fit.keys:
            if data.column(key).null_count:
                raise EtlAgentError(f"a null in the key column {self.order.shape.names[key]!r} reached the load")
        with self._mapped():
            self._send(data, batch.origin.row)

    def drop(self, rows: Positions) -> None:
        """Take rows out of the stage again, by record number; numbers that are not staged are ignored."""
        if self.direct:
            raise EtlAgentError("rows that went straight into the table cannot be dropped")
        if self._applied:
            raise EtlAgentError("the load is applied: too late to drop rows")
        with self._mapped():
            self._end_staging()
            if len(rows):
                self._dropped += self._drop(np.unique(rows).astype(np.int64))

    def retain(self, keys: pa.RecordBatch, rows: Positions) -> bool:
        """Take keys that a snapshot holds although no row of theirs is staged; those of dropped rows need it not.

        False is returned where one does not fit the types of the table: then it is not known which row it may mean.

        Args:
            keys: the columns of the load's key, in its order and of the contract's types.
            rows: record numbers, none of them staged.
        """
        if self._open:
            raise EtlAgentError("the transaction has begun: too late to retain keys")
        with self._mapped():
            self._end_staging()
            return self.direct or self._retain(keys, rows)  # a table that rows go straight into holds no other

    def spare_absent(self) -> None:
        """Leave the rows that are absent from a snapshot where they are: it is not known for sure which they are."""
        self.order = dataclasses.replace(self.order, load=self.order.load.model_copy(update={"absent": "keep"}))

    def conflicts(self) -> Iterator[Positions]:
        """Find the staged rows of an append whose key the table holds with other content.

        Yields:
            record numbers, rising; the caller drops them, during the iteration or after it.
        """
        with self._mapped():
            if not self._compared():
                return
            self._match_keys()
        after = -1
        while True:
            query = (
                f"SELECT row FROM {self.matched} WHERE same = 0 AND row > {after:d}"
                f" ORDER BY row LIMIT {_CONFLICTS_AT_ONCE:d}"
            )
            with self._mapped():
                found = self._connection.exec_driver_sql(query, execution_options={"no_parameters": True})
                rows = np.array([row for (row,) in found], dtype=np.int64)
            if not len(rows):
                return
            after = int(rows[-1])
            yield rows

    def withdraw(self, runs: Sequence[int]) -> int:
        """Delete the rows that earlier runs wrote, and return how many; the table has a lineage column.

        Args:
            runs: the runs, at least one.
        """
        with self._mapped():
            self._begin()
            self._withdrawn += run_all(self, self._statements().delete_runs(runs))
            return self._withdrawn

    def apply(self) -> Counts:
        """Bring the staged rows into the table and count what that did.

        Raises:
            ShrinkRefused: a replace would empty or shrink the table too far.
            CheckFailed: an SQL check of the user's own found rows.
            DataRefused: the table refuses a row.
        """
        if self._applied:
            raise EtlAgentError("the load is applied already")
        with self._mapped():
            self._begin()
            self._settle_drops()
            outcome = self._write()
            self._finish_table()
            self._run_files(self.order.load.after_sql)
            check_files(self._connection, self.order.load.check_sql, folder=self.order.folder, location=self._location)
        self._applied = dataclasses.replace(outcome, staged=self._staged, dropped=self._dropped)
        return self._applied

    def kept(self) -> Kept:
        """Say what an undo must know of the load, once it is applied."""
        if self._applied is None:
            raise EtlAgentError("the load is not applied yet")
        load, fit, done = self.order.load, self.order.fit, self._applied
        closing = load.strategy == "scd2"
        history, here = self._history(), (self._connection, load.table)
        built = None if fit.exists else build_of(*here, schema=self._schema, dialect=self.dialect)
        return Kept(
            table=None if history is None else kept_in(load.table, fit.held, dialect=self.dialect),
            updated=done.deleted if closing else done.updated,
            deleted=self._withdrawn + (0 if closing else done.deleted),
            built=built,
            added=tuple(column.name for column in fit.added) if fit.exists else (),
            keys=tuple(fit.targets[key] for key in fit.keys),
            own_sql=bool(load.before_sql or load.after_sql),
        )

    def _history(self) -> History | None:
        """Say where rows go that this load takes away; None where they are not kept."""
        load, fit = self.order.load, self.order.fit
        if load.history == "none" or not (fit.exists and fit.lineage and can_keep(fit.held, dialect=self.dialect)):
            return None
        return History(
            dialect=self.dialect,
            place=self._qualified(kept_in(load.table, fit.held, dialect=self.dialect)),
            table=self._qualified(load.table),
            columns=tuple(column.name for column in fit.held),
            run_id=self.order.run_id,
        )

    def _qualified(self, table: str) -> str:
        return f"{quote(self._schema)}.{quote(table)}"

    def _write(self) -> Counts:
        """Bring the staged rows into the table."""
        load, fit = self.order.load, self.order.fit
        empty = self._prepare_table()
        kept = self._staged - self._dropped
        sql = self._statements()
        if self._compared():
            self._match_keys()
            return append_unmatched(self, sql=sql, matched=self.matched, kept=kept)
        if load.write_disposition == "replace":
            counted = load.max_shrink is not None or kept == 0
            before = 0 if empty or not counted else self.ask(f"SELECT count(*) FROM {sql.table}") or 0
            refuse_shrinking(load, before=before, after=kept)
        return write(self, load=load, sql=sql, kept=kept, empty=empty, unique=fit.unique)

    def _compared(self) -> bool:
        """Whether the rows of an append may meet rows of their key in the table."""
        if self.direct or self.order.load.write_disposition != "append" or not self.order.load.primary_key:
            return False
        self._begin()
        return self.order.fit.exists

    def _match_keys(self) -> None:
        """Note, once, which staged rows have a key that the table holds."""
        if self._has_matched:
            return
        self._has_matched = True
        self._settle_drops()
        sql = self._statements()
        if not self.order.fit.unique:
            check_keys(self, sql, empty=False)
        self._note_matches(sql.match())

    def _look_again(self) -> None:
        """Run the user's SQL that comes first, then fit the rows to the table as it is within the transaction."""
        self._run_files(self.order.load.before_sql)
        self.order = dataclasses.replace(self.order, fit=self.order.judge(self._facts()))

    def _run_files(self, files: Sequence[PurePath]) -> None:
        run_files(self._connection, files, folder=self.order.folder, location=self._location)

    def _prepare_table(self) -> bool:
        """Make the table, or its new columns, and say whether it holds no row."""
        if not self.order.fit.exists:
            self._create_table()
            return True
        self._add_columns()
        return not self.ask(f"SELECT 1 FROM {self._statements().table} LIMIT 1")

    @abstractmethod
    def _send(self, data: pa.RecordBatch, rows: Positions) -> None:
        """Move rows to the stage, or straight into the table, and add them to ``_staged``."""

    @abstractmethod
    def _end_staging(self) -> None:
        """Close the transfer; no row comes any more."""

    @abstractmethod
    def _drop(self, rows: Positions) -> int:
        """Take rows out of the stage and return how many there were, or note them for ``_settle_drops``."""

    @abstractmethod
    def _retain(self, keys: pa.RecordBatch, rows: Positions) -> bool:
        """Keep keys that count as staged, and say whether the table's types take them."""

    @abstractmethod
    def _settle_drops(self) -> None:
        """Carry out the drops that were only noted."""

    @abstractmethod
    def _facts(self) -> TableFacts | None:
        """Look at the table within the transaction."""

    @abstractmethod
    def _note_matches(self, query: str) -> None:
        """Keep what a query finds, ``row`` and ``same``, in the table ``matched``."""

    @abstractmethod
    def _statements(self) -> Statements:
        """Make the SQL between stage and table."""

    @abstractmethod
    def _create_table(self) -> None:
        """Create the table."""

    @abstractmethod
    def _add_columns(self) -> None:
        """Add the columns that the table does not have."""

    @abstractmethod
    def _finish_table(self) -> None:
        """Make keys and indexes that are cheaper to make on a full table."""
