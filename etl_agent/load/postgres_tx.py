"""A load into Postgres: rows are copied into a temporary stage, or straight into the table, in one transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from etl_agent.batch import Positions
from etl_agent.errors import EtlAgentError
from etl_agent.load.facts import TableFacts
from etl_agent.load.identifiers import quote
from etl_agent.load.modes import Counts, refuse_shrinking, run_all
from etl_agent.load.order import Order
from etl_agent.load.postgres_types import comparable, sql_type
from etl_agent.load.record import Record
from etl_agent.load.statements import LINEAGE, ROW, VALID_FROM, VALID_TO, Statements, stage_column
from etl_agent.load.tx import Tx
from etl_agent.load.url import Location
from etl_agent.shape import Column

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["PostgresRecord", "PostgresTx"]

_STAGE = 'pg_temp."_etl_stage"'
_DROPS = 'pg_temp."_etl_drop"'
_PRESENT = 'pg_temp."_etl_present"'


class Copying:
    """A COPY that is open: rows stream in, and no other statement may run on its connection meanwhile.

    Args:
        connection: the transaction's connection.
        table: the table to copy into, quoted.
        columns: its columns, quoted.
    """

    def __init__(self, connection: Connection, table: str, *, columns: Sequence[str]) -> None:
        driver: Any = connection.connection.driver_connection
        self._cursor = driver.cursor()
        self._open = self._cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv)")
        self._copy = self._open.__enter__()

    def write(self, data: pa.RecordBatch) -> None:
        """Send rows: null as nothing, the empty string as two quotes."""
        from pyarrow import csv

        sink = pa.BufferOutputStream()
        csv.write_csv(data, sink, csv.WriteOptions(include_header=False, quoting_style="needed"))
        self._copy.write(memoryview(sink.getvalue()))

    def finish(self) -> int:
        """End the transfer and return how many rows the server took."""
        self._open.__exit__(None, None, None)
        return int(self._cursor.rowcount)

    def cancel(self) -> None:
        """Break the transfer off; its transaction can only be rolled back."""
        error = EtlAgentError("the load was broken off")
        with contextlib.suppress(Exception):  # the server answers a cancelled COPY with an error
            self._open.__exit__(type(error), error, None)


class PostgresRecord(Record):
    """A transaction on a Postgres database."""

    def _start(self) -> None:
        """SQLAlchemy begins with the first statement."""

    def _insert(self, table_name: str, data: pa.RecordBatch) -> int:
        return insert(self._connection, table_name, data, schema=self.tables.meta.schema)


class PostgresTx(Tx):
    """A load into a Postgres table.

    Args:
        connection: the target's one connection, in no transaction.
        location: the target, for messages.
        order: what to do.
        schema: the schema of the table.
        direct: whether rows go straight into the table.
    """

    matched = 'pg_temp."_etl_match"'
    dialect = "postgres"

    def __init__(self, connection: Connection, *, location: Location, order: Order, schema: str, direct: bool) -> None:
        super().__init__(connection, location=location, order=order, schema=schema, direct=direct)
        self._copying: Copying | None = None
        self._prepared = False
        self._replaced = 0
        self._noted = False
        self._retains = False

    def _start(self) -> None:
        if not self._prepared:
            self._prepare()
        self._end_staging()
        if not self.direct:
            if self.order.fit.exists and self.order.fit.keys:
                self.run(f"ANALYZE {_STAGE}")  # else the planner knows nothing of the stage
            self._look_again()

    def _insert(self, table_name: str, data: pa.RecordBatch) -> int:
        return insert(self._connection, table_name, data, schema=self.tables.meta.schema)

    def _send(self, data: pa.RecordBatch, rows: Positions) -> None:
        if not self._prepared:
            self._prepare()
        if self._copying is None:
            table, columns = self._destination()
            self._copying = Copying(self._connection, table, columns=columns)
        added = [pa.array(np.full(len(rows), self.order.run_id))] if self._sends_lineage() else []
        first = [] if self.direct else [pa.array(rows)]
        sent = [*first, *data.columns, *added]
        self._copying.write(pa.record_batch(sent, names=[str(index) for index in range(len(sent))]))

    def _prepare(self) -> None:
        """Make what the rows are copied into."""
        self._prepared = True
        if not self.direct:
            kinds = [
                held or sql_type(column.type)
                for held, column in zip(self.order.fit.types, self.order.shape, strict=True)
            ]
            columns = ", ".join(f"{stage_column(index)} {kind}" for index, kind in enumerate(kinds))
            self.run(f'CREATE TEMPORARY TABLE "_etl_stage" ({ROW} bigint, {columns}) ON COMMIT DROP')
            return
        self._look_again()
        if not self.order.fit.exists:
            self._create_table()
        elif self.order.load.write_disposition == "replace":
            self._replaced = run_all(self, self._statements().delete_all())

    def _destination(self) -> tuple[str, list[str]]:
        """The table that rows are copied into, and its columns."""
        if not self.direct:
            return _STAGE, [ROW, *(stage_column(index) for index in range(len(self.order.shape)))]
        lineage = [quote(LINEAGE)] if self._sends_lineage() else []
        return self._table(), [*(quote(name) for name in self.order.fit.targets), *lineage]

    def _sends_lineage(self) -> bool:
        """Whether the run's number travels with each row; a table that we create has it as a default meanwhile."""
        return self.direct and self.order.fit.lineage and self.order.fit.exists

    def _end_staging(self) -> None:
        self._staging = False
        if self._copying is not None:
            copying, self._copying = self._copying, None
            self._staged = copying.finish()

    def _abandon_stage(self) -> None:
        if self._copying is not None:
            copying, self._copying = self._copying, None
            copying.cancel()

    def _write(self) -> Counts:
        """Count the rows where they are in the table already."""
        if not self.direct:
            return super()._write()
        load = self.order.load
        if load.write_disposition == "replace":
            refuse_shrinking(load, before=self._replaced, after=self._staged)
        return Counts(inserted=self._staged, deleted=self._replaced)

    def _drop(self, rows: Positions) -> int:
        """Note the rows; one statement takes them all out, because each one reads the whole stage."""
        if not self._prepared:
            return 0
        self.run('CREATE TEMPORARY TABLE IF NOT EXISTS "_etl_drop" (row bigint) ON COMMIT DROP')
        copying = Copying(self._connection, _DROPS, columns=["row"])
        copying.write(pa.record_batch([pa.array(rows)], names=["row"]))
        copying.finish()
        self._noted = True
        return 0

    def _settle_drops(self) -> None:
        if self._noted:
            self._noted = False
            if self.order.load.absent != "keep":
                self._keep_dropped()
            self._dropped += self.run(f"DELETE FROM {_STAGE} AS s USING {_DROPS} AS d WHERE s.{ROW} = d.row")
            self.run(f"TRUNCATE {_DROPS}")

    def _retain(self, keys: pa.RecordBatch, rows: Positions) -> bool:
        from psycopg import DataError

        columns = self._present()
        data = pa.record_batch([pa.array(rows), *keys.columns], names=columns)
        nested = self._connection.begin_nested()
        copying = Copying(self._connection, _PRESENT, columns=columns)
        try:
            copying.write(data)
            copying.finish()
        except DataError:  # no uuid, or too long: the load must not fail for a row that is not in it
            copying.cancel()
            nested.rollback()
            return False
        nested.commit()
        return True

    def _keep_dropped(self) -> None:
        """Keep the keys of staged rows that are noted to be dropped: they are not absent."""
        columns = self._present()
        source = ", ".join(f"s.{column}" for column in columns)
        known = f"SELECT {source} FROM {_STAGE} AS s JOIN {_DROPS} AS d ON s.{ROW} = d.row"
        self.run(f"INSERT INTO {_PRESENT} ({', '.join(columns)}) {known}")

    def _present(self) -> list[str]:
        """Make the table of keys that count as staged, unless it is there, and return its columns."""
        columns = [ROW, *map(stage_column, self.order.fit.keys)]
        if not self._retains:
            if not self._prepared:
                self._prepare()
            self._retains = True
            self.run(
                f'CREATE TEMPORARY TABLE "_etl_present" ON COMMIT DROP AS SELECT {", ".join(columns)} FROM {_STAGE}'
                " WITH NO DATA"
            )
        return columns

    def _facts(self) -> TableFacts | None:
        from etl_agent.load.postgres_facts import read_facts

        return read_facts(self._connection, self.order.load.table, schema=self._schema)

    def _note_matches(self, query: str) -> None:
        self.run(f'CREATE TEMPORARY TABLE "_etl_match" ON COMMIT DROP AS {query}')
        self.run(f"ANALYZE {self.matched}")

    def _table(self) -> str:
        return self._qualified(self.order.load.table)

    def _statements(self) -> Statements:
        order = self.order
        return Statements(
            dialect=self.dialect,
            table=self._table(),
            stage=_STAGE,
            columns=order.fit.targets,
            keys=order.fit.keys,
            as_text=frozenset(
                index for index, held in enumerate(order.fit.types) if held is not None and not comparable(held)
            ),
            run_id=order.run_id if order.fit.lineage else None,
            at=f"'{order.at.isoformat(sep=' ', timespec='microseconds')}'::timestamptz",
            emptied=order.fit.emptied,
            present=_PRESENT if self._retains else None,
            history=self._history(),
        )

    def _create_table(self) -> None:
        order = self.order
        keys = {order.shape.names[key] for key in order.fit.keys}
        parts = [_declared(column, required=column.name in keys) for column in order.shape]
        if order.load.strategy == "scd2":
            moment = "timestamp with time zone"
            parts += [f"{quote(VALID_FROM)} {moment} NOT NULL", f"{quote(VALID_TO)} {moment}"]
        if order.fit.lineage:
            parts.append(f"{quote(LINEAGE)} bigint DEFAULT {order.run_id}")
        self.run(f"CREATE TABLE {self._table()} ({', '.join(parts)})")

    def _add_columns(self) -> None:
        for column in self.order.fit.added:
            self.run(f"ALTER TABLE {self._table()} ADD COLUMN {_declared(column)}")

    def _finish_table(self) -> None:
        """Make the primary key and the indexes: on a full table this takes less than half as long."""
        if self.order.fit.exists:
            return
        if self.order.fit.lineage:
            self.run(f"ALTER TABLE {self._table()} ALTER COLUMN {quote(LINEAGE)} DROP DEFAULT")
        keys = [self.order.shape.names[key] for key in self.order.fit.keys]
        if keys:
            versions = [VALID_FROM] if self.order.load.strategy == "scd2" else []
            self.run(f"ALTER TABLE {self._table()} ADD PRIMARY KEY ({', '.join(map(quote, [*keys, *versions]))})")
        for columns in self.order.load.indexes:
            self.run(f"CREATE INDEX ON {self._table()} ({', '.join(map(quote, columns))})")


def insert(connection: Connection, table_name: str, data: pa.RecordBatch, *, schema: str | None) -> int:
    """Insert rows by name of column."""
    place = f"{quote(schema)}." if schema is not None else ""
    copying = Copying(connection, f"{place}{quote(table_name)}", columns=[quote(name) for name in data.schema.names])
    copying.write(data)
    return copying.finish()


def _declared(column: Column, *, required: bool = False) -> str:
    return f"{quote(column.name)} {sql_type(column.type)}{' NOT NULL' if required else ''}"
