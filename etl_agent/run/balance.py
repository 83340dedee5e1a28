"""The row conservation sheet of a run: every row that was read is in exactly one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from etl_agent.errors import Unbalanced

__all__ = ["KEY_HELD", "ROW_HELD", "Balance"]

ROW_HELD = "already in the table"
"""Who asked that a row of an append is left out which the table holds."""

KEY_HELD = "key already in the table"
"""By what a row of an insert-only merge is left out whose key the table holds."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Where the rows of a run are. Counts are rows.

    Args:
        read: records that the files hold, counted by the reader, good and malformed.
        inserted: rows that are new in the table, counted by the database like the next two.
        updated: rows that replaced an older version.
        unchanged: rows that were in the table already.
        quarantined: rows in quarantine, counted by the database.
        deduplicated: rows left out because another row has their key, by who asked for it.
        filtered: rows left out by the user's word, by the step.
        staged: rows that reached the load, counted by the database.
        removed: rows of the table that the load took out, or versions that it closed in scd2: in favour of new ones, or
            because a snapshot lacks them. They were read in an earlier run and stand outside the sheet.
    """

    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    deduplicated: Mapping[str, int] = field(default_factory=dict)
    filtered: Mapping[str, int] = field(default_factory=dict)
    staged: int = 0
    removed: int = 0

    @property
    def loaded(self) -> int:
        """Rows that are in the table because of this run, or were there already."""
        return self.inserted + self.updated + self.unchanged

    @property
    def rows_deduplicated(self) -> int:
        """Rows left out because another row has their key."""
        return sum(self.deduplicated.values())

    @property
    def rows_filtered(self) -> int:
        """Rows left out by the user's word."""
        return sum(self.filtered.values())

    @property
    def accounted(self) -> int:
        """Rows whose place is known."""
        return self.loaded + self.quarantined + self.rows_deduplicated + self.rows_filtered

    def check(self, *, where: str) -> None:
        """Make sure that every row is somewhere, and none twice.

        Raises:
            Unbalanced: a row is missing or counted twice.
        """
        if self.read != self.accounted:
            raise Unbalanced(
                f"{self.read} rows were read but {self.accounted} are accounted for: {self.loaded} loaded, "
                f"{self.quarantined} quarantined, {self.rows_deduplicated} deduplicated, "
                f"{self.rows_filtered} filtered; "
                "the run was rolled back and nothing was loaded",
                where=where,
                next_command="report this with the output of: etl-agent --version",
            )
