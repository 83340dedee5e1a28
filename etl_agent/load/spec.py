"""The load section of a pipeline file: which table, and how rows come into it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from etl_agent.errors import ConfigurationError
from etl_agent.frozen import Frozen, Name, Names
from etl_agent.load.url import shown
from etl_agent.masking import masked
from etl_agent.paths import from_environment

__all__ = ["Absent", "Load", "Strategy", "WriteDisposition"]

WriteDisposition = Literal["append", "replace", "merge"]
Strategy = Literal["upsert", "delete-insert", "insert-only", "scd2"]
Absent = Literal["keep", "delete", "close"]


class Load(Frozen):
    """Say which table the rows go to, and what becomes of the rows that are there."""

    model_config = ConfigDict(hide_input_in_errors=True)  # a mistake must not show the password in `to`

    to: Annotated[str, Field(min_length=1, repr=False)]
    """URL of an SQLite file or a Postgres database; ``${NAME:-default}`` reads an environment variable, and
    ``$$`` is one dollar sign."""
    table: Name
    """Name of the table, exactly."""
    db_schema: Annotated[str | None, Field(min_length=1, alias="schema")] = None
    """Schema of the table in Postgres; the connection's own when absent."""
    write_disposition: WriteDisposition = "append"
    """``append`` adds the rows, ``replace`` makes them the whole table, ``merge`` compares them by primary key."""
    strategy: Strategy | None = None
    """How a merge treats a key that is there: ``upsert`` (the default) updates what differs,
    ``delete-insert`` deletes all rows of the key first, ``insert-only`` keeps what is there, ``scd2`` closes the old
    version and adds a new one."""
    primary_key: Names = ()
    """The column, or the columns, that identify a row."""
    absent: Absent = "keep"
    """What a merge does with rows of the table whose key is in no record of the files: ``keep`` (the default) leaves
    them. With the others the files are a full snapshot: ``delete`` takes the rows out, ``close``, for scd2, ends their
    current versions."""
    newest_by: Name | None = None
    """Column that decides which of several rows of one key wins: the largest; else the last row wins."""
    allow_empty: bool = False
    """Whether an input without rows may empty the table, in a replace or a merge of a full snapshot."""
    max_shrink: Annotated[float | None, Field(ge=0, le=1)] = None
    """Largest share of its rows (in scd2: of its current versions) that a table may lose in a replace or a merge of a
    full snapshot, between 0 and 1; no limit when absent."""
    indexes: tuple[tuple[Name, ...], ...] = ()
    """Columns of each index to make on a table that is created by the load."""
    before_sql: tuple[PurePosixPath, ...] = ()
    """SQL files to run before the rows are written, inside the load's transaction."""
    after_sql: tuple[PurePosixPath, ...] = ()
    """SQL files to run after the rows are written, inside the load's transaction."""
    check_sql: tuple[PurePosixPath, ...] = ()
    """SQL files of queries to ask last, inside the load's transaction. A query that finds a row says that something is
    wrong: then nothing is loaded. Whatever a query changes is taken back."""
    lineage: Literal["run_id", "none"] = "run_id"
    """Whether a table that is created carries ``_etl_run_id``, which undo and why need."""
    history: Literal["keep", "none"] = "keep"
    """Whether rows that a load takes out or writes over are kept as they were, so that the run can be undone."""

    @property
    def shown(self) -> str:
        """The target without its password."""
        try:
            return shown(from_environment(self.to))
        except ConfigurationError:
            return masked(self.to)  # it names a variable that is not set

    @property
    def merge_strategy(self) -> Strategy:
        """The strategy of a merge."""
        return self.strategy or "upsert"

    @property
    def is_snapshot(self) -> bool:
        """Whether the files are all that there is, so that what they lack is gone."""
        return self.write_disposition == "replace" or self.absent != "keep"

    @model_validator(mode="after")
    def _combination(self) -> Self:
        merging = self.write_disposition == "merge"
        if merging and not self.primary_key:
            raise ValueError("write_disposition: merge needs primary_key, the columns that identify a row")
        if self.strategy and not merging:
            raise ValueError(f"strategy: {self.strategy} goes with write_disposition: merge only")
        if self.newest_by and not self.primary_key:
            raise ValueError("newest_by needs primary_key: it decides between rows of one key")
        self._refuse_absent()
        if not self.is_snapshot:
            given = "allow_empty" if self.allow_empty else "max_shrink" if self.max_shrink is not None else None
            if given is not None:
                raise ValueError(f"{given} goes with write_disposition: replace, or with absent: delete or close, only")
        _no_repeats("primary_key", self.primary_key)
        for columns in self.indexes:
            if not columns:
                raise ValueError("indexes: an index needs at least one column")
            _no_repeats("indexes", columns)
        return self

    def _refuse_absent(self) -> None:
        if self.absent == "keep":
            return
        if self.write_disposition != "merge":
            whole = "; a replace takes out what the files lack anyway" if self.write_disposition == "replace" else ""
            raise ValueError(f"absent: {self.absent} goes with write_disposition: merge only{whole}")
        if self.absent == "close" and self.merge_strategy != "scd2":
            raise ValueError(f"absent: close goes with strategy: scd2; {self.merge_strategy} takes keep or delete")
        if self.absent == "delete" and self.merge_strategy == "scd2":
            raise ValueError(
                "absent: delete goes with strategy: upsert, delete-insert or insert-only; scd2 takes keep or close"
            )


def _no_repeats(name: str, columns: tuple[str, ...]) -> None:
    repeated = [column for column in columns if columns.count(column) > 1]
    if repeated:
        raise ValueError(f"{name} names {repeated[0]!r} twice")
