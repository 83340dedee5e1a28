"""Rows of the target table: found by their key or their values, and compared with what was loaded."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from etl_agent.errors import NoInput, UsageError, near
from etl_agent.load.identifiers import Dialect, known_as
from etl_agent.load.postgres_types import comparable
from etl_agent.load.sqlite_types import stored
from etl_agent.load.statements import LINEAGE
from etl_agent.shape import TEXT, ColumnType
from etl_agent.validate.casts import cast

if TYPE_CHECKING:
    from sqlalchemy import ColumnClause, ColumnElement, Connection

    from etl_agent.load.facts import TableFacts, TargetColumn

__all__ = ["HeldRow", "HeldTable"]


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row of the table.

    Args:
        values: its values as the database gives them, by column.
        run_id: the run that wrote it, if the table says so.
    """

    values: Mapping[str, Any]
    run_id: int | None


class HeldTable:
    """The target table, to look rows up in.

    Args:
        connection: to read with.
        facts: what is known of the table.
        types: the types that its newest run loaded, by column.
    """

    def __init__(self, connection: Connection, facts: TableFacts, types: Mapping[str, ColumnType]) -> None:
        self._connection = connection
        self._dialect: Dialect = "sqlite" if connection.dialect.name == "sqlite" else "postgres"
        self.facts = facts
        self._types = {known_as(name, dialect=self._dialect): kind for name, kind in types.items()}
        self.lineage = facts.column(LINEAGE, dialect=self._dialect) is not None

    def texts(self, words: Sequence[str], *, primary_key: Sequence[str]) -> dict[str, str]:
        """Read a key as a person writes it: COL=VALUE, or values in the order of the primary key.

        Raises:
            UsageError: there are too many values or too few, or the table has no key to tell their columns.
        """
        key = primary_key or self.facts.primary_key
        given: dict[str, str] = {}
        plain: list[str] = []
        for word in words:
            name, sign, value = word.partition("=")
            column = self.facts.column(name, dialect=self._dialect) if sign else None
            if column is None:
                plain.append(word)
            else:
                given[column.name] = value
        left = [name for name in key if name not in given]
        if plain and len(plain) != len(left):
            raise self._unclear(plain, left, key)
        return {**given, **dict(zip(left, plain, strict=False))}

    def _unclear(self, plain: Sequence[str], left: Sequence[str], key: Sequence[str]) -> UsageError:
        wrong = next((word.partition("=")[0] for word in plain if "=" in word), None)
        names = [column.name for column in self.facts.columns]
        if wrong is not None:
            return UsageError(f"the table {self.facts.name} has no column {wrong!r}", choices=self._near(wrong))
        if not key:
            return UsageError(
                f"the table {self.facts.name} has no primary key; say which column holds the value: COLUMN=VALUE",
                choices=names[:20],
                next_command=shlex.join(["etl-agent", "why", self.facts.name, f"{names[0]}={plain[0]}"]),
            )
        many = "1 value is" if len(plain) == 1 else f"{len(plain)} values are"
        return UsageError(f"the key is {', '.join(left) or 'given already'}, and {many} given")

    def _near(self, word: str) -> Sequence[str]:
        """Name the columns that may be meant before the sign of equality."""
        names = [column.name for column in self.facts.columns]
        return near(word.partition("=")[0], names) or names[:20]

    def typed(self, texts: Mapping[str, str]) -> dict[str, pa.Scalar]:
        """Turn texts into values of their columns' types, as the contract would.

        Raises:
            NoInput: a text is no value of its column's type, so no row can hold it.
        """
        values: dict[str, pa.Scalar] = {}
        for name, text in texts.items():
            kind = self._type(name)
            read = cast(pa.array([text], pa.string()), to=kind, timezone="UTC").values
            if not read[0].is_valid:
                raise NoInput(
                    f"{text!r} is no {kind}, as the column {name!r} of {self.facts.name} holds",
                    choices=self._near(text) if "=" in text else (),
                )
            values[name] = read[0]
        return values

    def rows(self, values: Mapping[str, pa.Scalar], *, most: int, newest_by: str | None = None) -> list[HeldRow]:
        """Find the rows that hold some values.

        Args:
            values: typed values by column; null is looked for as null.
            most: rows to return.
            newest_by: a column whose largest values come first.
        """
        import sqlalchemy as sa

        names = [column.name for column in self.facts.columns]
        columns: dict[str, ColumnClause[Any]] = {name: sa.column(sa.quoted_name(name, quote=True)) for name in names}
        table = sa.table(
            sa.quoted_name(self.facts.name, quote=True),
            *columns.values(),
            schema=None if self.facts.schema is None else sa.quoted_name(self.facts.schema, quote=True),
        )
        wanted: list[ColumnElement[bool]] = []
        for number, (name, value) in enumerate(values.items()):
            found = self.facts.column(name, dialect=self._dialect)
            if found is not None:
                wanted.append(self._equal(columns[found.name], found, value, f"v{number}"))
        lineage = self.facts.column(LINEAGE, dialect=self._dialect)
        query = sa.select(*(column.label(f"c{at}") for at, column in enumerate(columns.values())))
        if newest_by is not None:
            query = query.order_by(columns[newest_by].desc())
        found_rows = self._connection.execute(query.select_from(table).where(*wanted).limit(most)).all()
        return [self._held(dict(zip(names, row, strict=True)), lineage) for row in found_rows]

    def beside(self, name: str, *, columns: Sequence[str]) -> HeldTable | None:
        """Look at a table of kept rows, whose values are those of this one.

        Args:
            name: its name.
            columns: what it has besides, by which it is known.

        Returns:
            None where there is no such table.
        """
        if self._dialect == "sqlite":
            from etl_agent.load.sqlite import read_facts

            facts = read_facts(self._connection, name)
        else:
            from etl_agent.load.postgres_facts import read_facts as facts_in
            from etl_agent.load.postgres_facts import resolve_schema

            facts = facts_in(self._connection, name, schema=resolve_schema(self._connection, self.facts.schema))
        if facts is None or any(facts.column(each, dialect=self._dialect) is None for each in columns):
            return None
        return HeldTable(self._connection, facts, self._types)

    def has(self, names: Iterable[str], *, like: HeldTable) -> bool:
        """Tell whether the table has these columns, with the types of another one, or none at all as in SQLite."""
        for name in names:
            mine, other = (table.facts.column(name, dialect=self._dialect) for table in (self, like))
            if mine is None or other is None or mine.sql_type not in ("", other.sql_type):
                return False
        return True

    def same(self, loaded: Mapping[str, pa.Scalar], held: HeldRow) -> bool:
        """Tell whether a row of the table is what was loaded."""
        return not self.differing(loaded, held)

    def differing(self, loaded: Mapping[str, pa.Scalar], held: HeldRow) -> tuple[str, ...]:
        """Name the columns in which a row of the table is not what was loaded."""
        differ: list[str] = []
        for name, value in loaded.items():
            column = self.facts.column(name, dialect=self._dialect)
            if column is None:
                continue
            ours, theirs = self._kept(value, column), held.values[column.name]
            if ours != theirs and str(ours) != str(theirs):
                differ.append(column.name)
        return tuple(differ)

    def _held(self, values: dict[str, Any], lineage: TargetColumn | None) -> HeldRow:
        written = None if lineage is None else values[lineage.name]
        return HeldRow(values, None if written is None else int(written))

    def _type(self, name: str) -> ColumnType:
        column = self.facts.column(name, dialect=self._dialect)
        kind = self._types.get(known_as(name, dialect=self._dialect))
        return kind or (column.type if column is not None else None) or TEXT

    def _equal(self, column: Any, found: TargetColumn, value: pa.Scalar, bind: str) -> ColumnElement[bool]:
        import sqlalchemy as sa

        kept = self._kept(value, found)
        if kept is None:
            return sa.type_coerce(column.is_(None), sa.Boolean())
        if self._dialect == "sqlite" and not found.sql_type:  # of kept rows: converts nothing, as the table did
            spelled = [kept, str(kept), *([float(kept)] if pa.types.is_decimal(value.type) else ())]
            equal = (column.collate("BINARY") == sa.bindparam(f"{bind}_{at}", each) for at, each in enumerate(spelled))
            return sa.type_coerce(sa.or_(*equal), sa.Boolean())
        if self._dialect == "sqlite" and isinstance(kept, str):
            # whatever collation the column was declared with
            text = sa.bindparam(bind, kept, type_=sa.Text()).collate("BINARY")
            return sa.type_coerce(column == text, sa.Boolean())
        bound: ColumnElement[Any] = sa.bindparam(bind, kept)
        if self._dialect == "sqlite":
            return sa.type_coerce(column == bound, sa.Boolean())
        if not comparable(found.sql_type):
            return sa.type_coerce(sa.cast(column, sa.Text) == sa.bindparam(bind, str(kept)), sa.Boolean())
        return sa.type_coerce(column == bound, sa.Boolean())

    def _kept(self, value: pa.Scalar, column: TargetColumn) -> Any:
        """Return a value as the database keeps it."""
        if not value.is_valid:
            return None
        if self._dialect == "postgres":
            return value.as_py()
        kind = self._type(column.name)
        if not kind.arrow.equals(value.type):
            return value.as_py()
        return stored(pa.array([value.as_py()], value.type), kind=kind)[0].as_py()
