"""What a contract compiles to: columns with their types, ways of storing and checks."""

from __future__ import annotations

from dataclasses import dataclass

from etl_agent.shape import Column, ColumnType
from etl_agent.validate.checks import ColumnCheck
from etl_agent.validate.dtypes import Storage

__all__ = ["CompiledColumn"]


@dataclass(frozen=True, slots=True)
class CompiledColumn:
    """A column of a contract, ready to judge.

    Args:
        name: the column.
        storage: its type and how pandera is shown its values.
        nullable: whether null is a good value.
        required: whether the files or steps must bring it; otherwise its cells are null where it is missing.
        checks: the checks that see it alone, in the contract's order.
    """

    name: str
    storage: Storage
    nullable: bool
    required: bool
    checks: tuple[ColumnCheck, ...] = ()

    @property
    def type(self) -> ColumnType:
        """The type of its values."""
        return self.storage.type

    @property
    def column(self) -> Column:
        """The column of a kept batch."""
        return Column(self.name, self.type, self.nullable)
