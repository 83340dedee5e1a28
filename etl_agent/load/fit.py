"""Whether rows of a shape fit a table: judged whole, before anything is staged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from etl_agent.errors import ConfigurationError, Drifted, Unfit, near
from etl_agent.load.facts import TableFacts, TargetColumn
from etl_agent.load.history import CHANGE, CHANGED_BY
from etl_agent.load.identifiers import Dialect, check_name, check_names, known_as
from etl_agent.load.spec import Load
from etl_agent.load.statements import LINEAGE, VALID_FROM, VALID_TO
from etl_agent.shape import Column, Shape

__all__ = ["Fit", "fit"]

_MOST_COLUMNS: dict[Dialect, int] = {"sqlite": 2000, "postgres": 1600}
_OF_OUR_OWN = 3  # the row's number in the stage; the run and the two moments of scd2 in the table


@dataclass(frozen=True, slots=True)
class Fit:
    """How a shape meets a table.

    Args:
        exists: whether the table is there; else it is created.
        targets: name in the table of each column of the shape.
        types: the table's own type of each column of the shape, or None where we choose it.
        keys: places of the key's columns in the shape.
        added: columns that the table does not have yet.
        lineage: whether the table has, or gets, the lineage column.
        unique: whether the database itself keeps the key unique.
        emptied: columns of the table that the rows lack, and that a replace makes null in rows that come again; one
            with a default is the table's own affair.
        held: the columns that the table has and that can be written, if only on demand.
    """

    exists: bool
    targets: tuple[str, ...]
    types: tuple[str | None, ...]
    keys: tuple[int, ...]
    added: tuple[Column, ...]
    lineage: bool
    unique: bool
    emptied: tuple[str, ...] = ()
    held: tuple[TargetColumn, ...] = ()


def fit(
    facts: TableFacts | None,
    *,
    load: Load,
    shape: Shape,
    dialect: Dialect,
    accepts: Callable[[str, Column], bool],
    evolve: bool,
) -> Fit:
    """Judge a shape against a table.

    Args:
        facts: the table, or None if it does not exist.
        load: how rows come into it.
        shape: the columns of the rows.
        dialect: the kind of database.
        accepts: whether a type of the database keeps a column's values exactly.
        evolve: whether columns that the table does not have are added to it.

    Raises:
        ConfigurationError: a name is refused, or the key names no column.
        Drifted: the table exists and the rows do not fit it; every misfit is listed.
    """
    _check_names(load, shape, dialect=dialect)
    keys = tuple(_place(name, shape, dialect=dialect) for name in load.primary_key)
    for index in load.indexes:
        for name in index:
            _place(name, shape, dialect=dialect)
    if facts is None:
        return Fit(
            exists=False,
            targets=shape.names,
            types=(None,) * len(shape),
            keys=keys,
            added=(),
            lineage=load.lineage == "run_id",
            unique=bool(keys) and load.strategy != "scd2",
        )
    columns = [facts.column(name, dialect=dialect) for name in shape.names]
    added = tuple(column for column, found in zip(shape, columns, strict=True) if found is None)
    misfits = _misfits(facts, columns, load=load, shape=shape, dialect=dialect, accepts=accepts)
    if added and not evolve:
        misfits += [
            (f"column {column.name!r} is not in the table", Unfit(column.name, "missing", of="table"))
            for column in added
        ]
    if misfits:
        raise Drifted(
            f"the data does not fit the table: {'; '.join(said for said, _ in misfits)}",
            where=f"table {facts.name}",
            unfit=[unfit for _, unfit in misfits],
        )
    return Fit(
        exists=True,
        targets=tuple(found.name if found else name for found, name in zip(columns, shape.names, strict=True)),
        types=tuple(found.sql_type if found else None for found in columns),
        keys=keys,
        added=added,
        lineage=facts.column(LINEAGE, dialect=dialect) is not None,
        unique=bool(keys) and facts.keeps_unique(load.primary_key, dialect=dialect),
        emptied=_lacking(facts, shape, dialect=dialect) if load.write_disposition == "replace" else (),
        held=facts.writable,
    )


def _lacking(facts: TableFacts, shape: Shape, *, dialect: Dialect) -> tuple[str, ...]:
    given = {known_as(name, dialect=dialect) for name in (*shape.names, LINEAGE)}
    return tuple(
        column.name
        for column in facts.columns
        if known_as(column.name, dialect=dialect) not in given and not (column.has_default or column.generated)
    )


def _check_names(load: Load, shape: Shape, *, dialect: Dialect) -> None:
    check_name(load.table, dialect=dialect, what="table")
    if load.db_schema is not None:
        check_name(load.db_schema, dialect=dialect, what="schema")
    if not len(shape):
        raise ConfigurationError("there is no column to load", where=f"table {load.table}")
    if len(shape) > (most := _MOST_COLUMNS[dialect] - _OF_OUR_OWN):
        raise ConfigurationError(f"{len(shape)} columns are too many for a table; {dialect} takes {most}")
    check_names(shape.names, dialect=dialect)
    reserved = {LINEAGE, CHANGED_BY, CHANGE} | ({VALID_FROM, VALID_TO} if load.strategy == "scd2" else set())
    for name in shape.names:
        if known_as(name, dialect=dialect) in reserved:
            raise ConfigurationError(f"the column name {name!r} is kept for the load itself; rename the column")
    if known_as(load.table, dialect=dialect).startswith("_etl_"):
        raise ConfigurationError(f"the table name {load.table!r} is kept for the record of runs")


def _place(name: str, shape: Shape, *, dialect: Dialect) -> int:
    wanted = known_as(name, dialect=dialect)
    for index, column in enumerate(shape.names):
        if known_as(column, dialect=dialect) == wanted:
            return index
    raise ConfigurationError(
        f"the load names the column {name!r}, which the rows do not have",
        choices=near(name, shape.names) or shape.names,
    )


def _misfits(
    facts: TableFacts,
    columns: list[TargetColumn | None],
    *,
    load: Load,
    shape: Shape,
    dialect: Dialect,
    accepts: Callable[[str, Column], bool],
) -> list[tuple[str, Unfit]]:
    misfits = []
    for column, found in zip(shape, columns, strict=True):
        if found is None:
            continue
        if found.generated:
            said = f"column {found.name!r} is computed by the database"
            misfits.append((said, Unfit(column.name, "extra", of="table")))
        elif not accepts(found.sql_type, column):
            written = found.sql_type or "untyped"
            said = f"column {found.name!r} is {written} in the table and {column.type} in the data"
            fitting = None if found.type is None else str(found.type)
            misfits.append((said, Unfit(column.name, "type", of="table", type=fitting)))
    given = {known_as(name, dialect=dialect) for name in (*shape.names, LINEAGE)}
    given |= {VALID_FROM, VALID_TO} if load.strategy == "scd2" else set()
    misfits += [
        (
            f"column {found.name!r} of the table may not be null, and the data does not have it",
            Unfit(found.name, "missing"),
        )
        for found in facts.columns
        if not found.nullable and not found.has_default and known_as(found.name, dialect=dialect) not in given
    ]
    if load.strategy == "scd2":
        lacking = [name for name in (VALID_FROM, VALID_TO) if facts.column(name, dialect=dialect) is None]
        misfits += [
            (f"the table has no column {name!r}, which scd2 needs", Unfit(name, "missing", of="table"))
            for name in lacking
        ]
    return misfits
