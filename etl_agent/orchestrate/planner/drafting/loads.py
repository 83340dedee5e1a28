"""How the rows of a dataset come into its table: the write mode, the key, the newest row, SQL of the user's own."""

from __future__ import annotations

from dataclasses import dataclass

from etl_agent.errors import UsageError
from etl_agent.load.spec import Load, Strategy, WriteDisposition
from etl_agent.orchestrate.planner.draft import Settled
from etl_agent.orchestrate.planner.drafting.asked import Asked, quoted
from etl_agent.orchestrate.planner.drafting.keys import broken_rows, column_words, figures, found_key, no_key
from etl_agent.orchestrate.planner.given import Given

__all__ = ["Loading", "load_of", "loading_of"]

_CHANGED = frozenset({"updated", "modified", "changed", "update", "change", "edited", "revised", "latest", "last"})
"""Words in the header of a time at which a row was written anew."""

_COUNTED = frozenset({"version", "revision", "rev", "sequence", "seq"})
"""Words in the header of a number that counts the versions of a row."""

_CHOICES = 10
"""Columns that an error offers."""


@dataclass(frozen=True)
class Loading:
    """How rows come into a table.

    Args:
        mode: the write mode.
        strategy: how a merge treats a key that is there.
        key: the columns that identify a row.
        newest: the column that tells which row of a key is newest.
        points: choices: the key below ``load``, the reason and who chose.
        notes: what a person should know.
    """

    mode: WriteDisposition
    strategy: Strategy | None
    key: tuple[str, ...]
    newest: str | None
    points: tuple[Settled, ...]
    notes: tuple[str, ...]


def loading_of(asked: Asked) -> Loading:
    """Settle how the rows of a dataset come into its table.

    The user's word goes first. ``the newest row wins`` is a merge. Without a word rows are appended: a file that is
    loaded already loads nothing, so a schedule does not double rows, and nothing that is in the table is overwritten.
    With a key, an equal row is not loaded twice and a different one of the same key is kept in quarantine: that is no
    loss, while a merge would overwrite what nobody gave up.

    Raises:
        UsageError: a key, or the column that tells which row is newest, is needed and cannot be told.
    """
    points: list[Settled] = []
    notes: list[str] = []
    newest_said = asked.newest is not None and asked.newest.by == "goal"
    if asked.mode is not None:
        mode, strategy = asked.mode.write_disposition, asked.mode.strategy
        points.append(("write_disposition", f"the goal says so ({quoted(asked.mode)})", "goal"))
        if strategy is not None:
            points.append(("strategy", f"the goal says so ({quoted(asked.mode)})", "goal"))
    elif newest_said:
        mode, strategy = "merge", None
        points.append(("write_disposition", "that the newest row of a key wins takes a merge", "goal"))
    else:
        mode, strategy = "append", None
        points.append(("write_disposition", "nothing else was asked for, and it overwrites nothing", "default"))
    if strategy is not None and mode != "merge":
        raise UsageError(
            f"the goal asks for the strategy {strategy}, which goes with a merge, and for the mode {mode}",
            where=asked.source.name,
            next_command="say in the goal that the rows are merged",
        )
    newest = _newest(asked, points, notes)
    key = _key(asked, mode=mode, newest=newest, points=points, notes=notes)
    if newest is not None and not key:
        notes.append(
            f"{asked.source.name}: a model asks for the newest row of each key, and there is no key; not taken"
        )
        points[:] = [point for point in points if point[0] != "newest_by"]
        newest = None
    return Loading(mode, strategy, key, newest, tuple(points), tuple(notes))


def _key(
    asked: Asked,
    *,
    mode: WriteDisposition,
    newest: str | None,
    points: list[Settled],
    notes: list[str],
) -> tuple[str, ...]:
    """Settle the key: the user's, a model's that the cells bear out, or where one is needed the best that is found."""
    source = asked.source
    if asked.key is not None:
        columns = tuple(dict.fromkeys(asked.key.columns))
        repeats, nulls, rows = broken_rows(columns, source)
        if asked.key.by == "goal":
            points.append(("primary_key", f"the goal says so ({quoted(asked.key)})", "goal"))
            if nulls or (repeats and newest is None):
                notes.append(f"{source.name}: the key {', '.join(columns)}: {figures((repeats, nulls, rows))}")
            return columns
        if newest in columns:
            notes.append(f"{source.name}: a model's key holds the column that tells which row is newest; not taken")
        elif not repeats and not nulls and rows:
            points.append(("primary_key", "a model chose it, and each row looked at has its own", "model"))
            return columns
        else:
            notes.append(f"{source.name}: a model's key is broken: {figures((repeats, nulls, rows))}; not taken")
    if mode != "merge" and not (asked.newest is not None and asked.newest.by == "goal"):
        return ()
    found = found_key(asked, newest=newest)
    if found is None:
        raise no_key(asked, why=f"the write mode {mode}" if asked.newest is None else "to tell which row is newest")
    said = figures(broken_rows(found, source))
    points.append(("primary_key", f"no key was said, and these columns come nearest to one: {said}", "profile"))
    notes.append(f"{source.name}: the key {', '.join(found)} is guessed ({said}); say it in the goal if it is another")
    return found


def _newest(asked: Asked, points: list[Settled], notes: list[str]) -> str | None:
    """Find the column that tells which row is newest.

    Raises:
        UsageError: several columns may be meant.
    """
    wish, source = asked.newest, asked.source
    if wish is None:
        return None
    by = wish.by
    if wish.column is not None:
        if asked.key is not None and asked.key.by == "goal" and wish.column in asked.key.columns:
            if by == "goal":
                raise UsageError(
                    f"{wish.column!r} cannot both identify a row and tell which row of a key is newest",
                    where=source.name,
                    next_command="leave it out of the key",
                )
            notes.append(
                f"{source.name}: a model takes a column of the key for the one that tells the newest; not taken"
            )
            return None
        said = f"the goal says so ({quoted(wish)})" if by == "goal" else "a model chose it"
        points.append(("newest_by", said, by))
        return wish.column
    kinds = source.profile.kinds
    free = [name for name in asked.kept if asked.key is None or name not in asked.key.columns]
    named = [name for name in free if kinds[name].kind in ("date", "timestamp") and _CHANGED & set(column_words(name))]
    moments = [name for name in free if kinds[name].kind == "timestamp"]  # a mere day is a birthday as well
    counted = [
        name for name in free if _COUNTED & set(column_words(name)) and kinds[name].kind in ("integer", "identifier")
    ]
    found = named if named else moments if moments else counted
    if len(found) == 1:
        why = "its name says when a row was changed" if found == named else "no other column tells the order of rows"
        points.append(("newest_by", why, "profile"))
        notes.append(
            f"{source.name}: {found[0]} is taken for what tells the newest row; say it in the goal if it is not"
        )
        return found[0]
    if found and by == "goal":
        raise UsageError(
            f"{quoted(wish)}: several columns may tell which row is newest: {', '.join(found[:_CHOICES])}",
            where=source.name,
            choices=found[:_CHOICES],
            next_command=f"say in the goal which one does, such as: newest by {found[0]}",
        )
    if by == "goal":
        notes.append(f"{source.name}: no column tells which row is newest, so the last row of a key in the files wins")
    else:
        notes.append(f"{source.name}: a model asks for the newest row, and no one column tells it; not taken")
    return None


def load_of(asked: Asked, loading: Loading, *, given: Given, table: str) -> tuple[Load, tuple[Settled, ...]]:
    """Write the load section, with the choices about the user's SQL in it.

    Args:
        asked: what is asked of the dataset.
        loading: how rows come into the table.
        given: what the user gave.
        table: the table.
    """
    known = {sql.name: sql for sql in given.sql}
    files = [known[wish.name] for wish in asked.sql]
    points: list[Settled] = []
    for wish in asked.sql:
        section = "check_sql" if known[wish.name].check else "after_sql"
        reason = (
            f"the goal asks for it ({quoted(wish)})" if wish.by == "goal" else "a model chose this file of the user's"
        )
        points.append((section, reason, wish.by))
    schema, table = _qualified(table, to=given.to)
    load = Load(
        to=given.to,
        table=table,
        db_schema=schema,
        write_disposition=loading.mode,
        strategy=loading.strategy,
        primary_key=loading.key,
        newest_by=loading.newest,
        after_sql=tuple(sql.file for sql in files if not sql.check),
        check_sql=tuple(sql.file for sql in files if sql.check),
    )
    return load, tuple(points)


def _qualified(table: str, *, to: str) -> tuple[str | None, str]:
    """Part ``schema.table``; a database in SQLite has no schemas, and there a name with a dot is one name."""
    parts = table.split(".")
    if len(parts) == len(("schema", "table")) and all(parts) and not to.startswith("sqlite"):
        return parts[0], parts[1]
    return None, table
