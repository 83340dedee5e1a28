"""What is known of a table that exists."""

from __future__ import annotations

from dataclasses import dataclass

from etl_agent.load.identifiers import Dialect, known_as
from etl_agent.load.statements import LINEAGE, VALID_FROM, VALID_TO
from etl_agent.shape import ColumnType

__all__ = ["TableFacts", "TargetColumn"]


@dataclass(frozen=True, slots=True)
class TargetColumn:
    """A column of a table that exists.

    Args:
        name: exactly as the database has it.
        sql_type: the type as the database writes it.
        type: our type for it, or None where we have none (uuid, json, an array, ...).
        nullable: whether null may be stored.
        has_default: whether a row may leave it out: a default, an identity or a generated column.
        generated: whether it is computed and cannot be written.
        numbered: whether it is computed as a number that each new row gets (``GENERATED ALWAYS AS IDENTITY``), which
            can be written on demand.
    """

    name: str
    sql_type: str
    type: ColumnType | None
    nullable: bool = True
    has_default: bool = False
    generated: bool = False
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class TableFacts:
    """A table that exists.

    Args:
        name: exactly as the database has it.
        schema: its schema in Postgres.
        columns: in the table's order.
        primary_key: names of the columns of its primary key, in order.
        unique: the column sets that the database keeps unique over all rows.
        rows: number of rows, where it was asked for.
    """

    name: str
    schema: str | None
    columns: tuple[TargetColumn, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[frozenset[str], ...] = ()
    rows: int | None = None

    @property
    def fillable(self) -> tuple[str, ...]:
        """The columns that are null in a row which does not bring them; those of our own making are not among them."""
        own = {LINEAGE, VALID_FROM, VALID_TO}
        return tuple(c.name for c in self.columns if not (c.has_default or c.generated or c.name in own))

    @property
    def writable(self) -> tuple[TargetColumn, ...]:
        """The columns that can be written, if only on demand."""
        return tuple(column for column in self.columns if column.numbered or not column.generated)

    def column(self, name: str, *, dialect: Dialect) -> TargetColumn | None:
        """Find a column by name, as the database would."""
        wanted = known_as(name, dialect=dialect)
        return next((column for column in self.columns if known_as(column.name, dialect=dialect) == wanted), None)

    def keeps_unique(self, names: tuple[str, ...], *, dialect: Dialect) -> bool:
        """Whether the database itself refuses two rows that agree in these columns."""
        wanted = frozenset(known_as(name, dialect=dialect) for name in names)
        return any(frozenset(known_as(name, dialect=dialect) for name in key) <= wanted for key in self.unique)
