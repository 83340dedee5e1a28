"""What a reading asks of one dataset: each wish checked against it, and a model kept in its bounds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeVar

from etl_agent.errors import UsageError, did_you_mean, near
from etl_agent.orchestrate.planner.drafting.demand import CHECKS, Asker, Demand
from etl_agent.orchestrate.planner.given import Given, Source
from etl_agent.orchestrate.planner.wishes import (
    Budget,
    Cleaned,
    Deduplicated,
    Dropped,
    Into,
    Key,
    Mode,
    Newest,
    RunSql,
    Secret,
    Valid,
    Wish,
)

__all__ = ["Asked", "asked_of", "quoted"]

_Wish = TypeVar("_Wish", Into, Mode, Key, Newest, Budget)


@dataclass(frozen=True)
class Asked:
    """What is asked of a dataset.

    Args:
        source: the dataset.
        into: the table.
        mode: the write mode.
        key: the columns that identify a row.
        newest: whether the newest row of a key wins.
        budget: the share of rows that may be rejected.
        demands: what is asked of columns, by column.
        deduplicated: in which columns rows are equal.
        cleaned: what to clean.
        dropped: columns to leave out.
        secret: columns to keep secret.
        sql: SQL files to run after the load, in the order of the words.
        notes: what was asked and is not taken.
    """

    source: Source
    into: Into | None = None
    mode: Mode | None = None
    key: Key | None = None
    newest: Newest | None = None
    budget: Budget | None = None
    demands: Mapping[str, Demand] = field(default_factory=dict)
    deduplicated: tuple[Deduplicated, ...] = ()
    cleaned: tuple[Cleaned, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    secret: tuple[Secret, ...] = ()
    sql: tuple[RunSql, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns that are loaded."""
        gone = {wish.column for wish in self.dropped}
        return tuple(name for name in self.source.columns if name not in gone)


def quoted(wish: Wish) -> str:
    """Name a wish by the words that ask for it."""
    return repr(wish.words) if wish.words else f"a wish of the kind {wish.wish}"


def asked_of(source: Source, wishes: Iterable[Wish], *, given: Given) -> Asked:
    """Gather what is asked of a dataset.

    Args:
        source: the dataset.
        wishes: all wishes that are about it.
        given: what the user gave.

    Raises:
        UsageError: the goal names a column or an SQL file that is not there, or contradicts itself.
    """
    notes: list[str] = []
    listed = sorted(wishes, key=lambda wish: wish.by != "goal")  # what the user says is known before a model's part
    gone = {wish.column for wish in listed if isinstance(wish, Dropped) and wish.by == "goal"}
    taken = [
        wish
        for wish in listed
        if _allowed(wish, source, notes) and _real(wish, source, given, notes) and _there(wish, gone, source, notes)
    ]
    key = _one(taken, Key, lambda wish: wish.columns, source, notes)
    asked = Asked(
        source=source,
        into=_one(taken, Into, lambda wish: wish.table, source, notes),
        mode=_one(taken, Mode, lambda wish: (wish.write_disposition, wish.strategy), source, notes),
        key=key,
        newest=_newest(taken, source, notes),
        budget=_one(taken, Budget, lambda wish: wish.share, source, notes),
        demands=_demands(taken, source, notes),
        deduplicated=tuple(wish for wish in taken if isinstance(wish, Deduplicated)),
        cleaned=tuple(wish for wish in taken if isinstance(wish, Cleaned)),
        dropped=_once(wish for wish in taken if isinstance(wish, Dropped)),
        secret=tuple(wish for wish in taken if isinstance(wish, Secret)),
        sql=tuple({wish.name: wish for wish in reversed(taken) if isinstance(wish, RunSql)}.values())[::-1],
        notes=tuple(notes),
    )
    _agrees(asked)
    return asked


def _once(wishes: Iterable[Dropped]) -> tuple[Dropped, ...]:
    return tuple({wish.column: wish for wish in wishes}.values())


def _allowed(wish: Wish, source: Source, notes: list[str]) -> bool:
    """Refuse what only the user may say: where rows go, how they are written, what may be lost."""
    if wish.by == "goal":
        return True
    taking = {
        Into: "the table",
        Mode: "the write mode",
        Budget: "the share of rows that may be rejected",
        Dropped: "which columns are left out",
    }
    what = taking.get(type(wish))
    if isinstance(wish, Deduplicated) and wish.columns:
        what = "in which columns equal rows are dropped"
    if what is not None:
        notes.append(f"{source.name}: a model would settle {what}, which only the words of the goal may; not taken")
    return what is None


def _columns(wish: Wish) -> tuple[str, ...]:
    """Name the columns of a wish."""
    match wish:
        case Key() | Deduplicated() | Cleaned():
            return wish.columns
        case Newest():
            return (wish.column,) if wish.column is not None else ()
        case Valid() | Dropped() | Secret():
            return (wish.column,)
        case _:
            return ()


def _real(wish: Wish, source: Source, given: Given, notes: list[str]) -> bool:
    """Tell whether what a wish names is there.

    Raises:
        UsageError: it is not, and the user said it.
    """
    named = [("column", name, source.columns) for name in _columns(wish)]
    if isinstance(wish, RunSql):
        named = [("SQL file", wish.name, tuple(sql.name for sql in given.sql))]
    for what, name, there in named:
        if name in there:
            continue
        if wish.by == "model":
            notes.append(f"{source.name}: a model names a {what} that is not there; not taken")
            return False
        raise UsageError(
            f"{quoted(wish)} names {name!r}, and there is no such {what}{did_you_mean(name, there)}",
            where=source.name,
            choices=near(name, there) or there[:20],
            next_command="say it in the goal as it stands there" if there else "give the file with --sql",
        )
    return True


def _there(wish: Wish, gone: AbstractSet[str], source: Source, notes: list[str]) -> bool:
    """Refuse a model's wish about a column that the user leaves out."""
    if wish.by == "goal" or not gone & set(_columns(wish)):
        return True
    notes.append(f"{source.name}: a model asks for something of a column that is left out; not taken")
    return False


def _one(
    wishes: Sequence[Wish],
    kind: type[_Wish],
    value: Callable[[_Wish], Hashable],
    source: Source,
    notes: list[str],
) -> _Wish | None:
    """Return the one wish of a kind; the user's word goes before a model's.

    Raises:
        UsageError: the user says two things.
    """
    found = [wish for wish in wishes if isinstance(wish, kind)]
    for other in found[1:]:
        if value(other) != value(found[0]):
            _against(found[0], other, source, notes)
    return found[0] if found else None


def _newest(wishes: Sequence[Wish], source: Source, notes: list[str]) -> Newest | None:
    """Return the wish for the newest row, the one that names a column before one that leaves it open."""
    found = [wish for wish in wishes if isinstance(wish, Newest)]
    named = [wish for wish in found if wish.column is not None and (wish.by == "goal" or found[0].by == "model")]
    return _one(named, Newest, lambda wish: wish.column, source, notes) or next(iter(found), None)


def _against(one: Wish, other: Wish, source: Source, notes: list[str]) -> None:
    """Settle a contradiction: a model's word yields.

    Raises:
        UsageError: both are the user's.
    """
    if other.by == "model":
        notes.append(f"{source.name}: a model contradicts what is settled ({other.wish}); not taken")
        return
    raise UsageError(
        f"the goal says two things at once: {quoted(one)} and {quoted(other)}",
        where=source.name,
        next_command="say one of them",
    )


def _demands(wishes: Sequence[Wish], source: Source, notes: list[str]) -> dict[str, Demand]:
    found: dict[str, list[Valid]] = {}
    for wish in wishes:
        if isinstance(wish, Valid):
            found.setdefault(wish.column, []).append(wish)
    return {column: _demand(column, listed, source, notes) for column, listed in found.items()}


def _demand(column: str, wishes: Sequence[Valid], source: Source, notes: list[str]) -> Demand:
    checks: dict[str, Hashable] = {}
    askers: dict[str, Asker] = {}
    origin: dict[str, Valid] = {}
    for wish in wishes:
        for check in CHECKS:
            value = getattr(wish, check)
            if value is None or value is False:
                continue
            if checks.setdefault(check, value) != value:
                _against(origin[check], wish, source, notes)
            else:
                askers.setdefault(check, wish.by)
                origin.setdefault(check, wish)
    return Demand(column, checks, askers, tuple(dict.fromkeys(wish.words for wish in wishes if wish.words)))


def _agrees(asked: Asked) -> None:
    """Check that what is left out is not needed.

    Raises:
        UsageError: the goal asks for something of a column that it leaves out.
    """
    needed: dict[str, str] = dict.fromkeys(asked.key.columns if asked.key else (), "the key")
    if asked.newest is not None and asked.newest.column is not None:
        needed.setdefault(asked.newest.column, "the column that tells which row is newest")
    needed |= {name: "a column with a check" for name in asked.demands if name not in needed}
    for wish in asked.dropped:
        if wish.column in needed:
            raise UsageError(
                f"{quoted(wish)} leaves out {wish.column!r}, which is {needed[wish.column]}",
                where=asked.source.name,
                next_command="keep the column, or leave the other wish out",
            )
    if asked.dropped and not asked.kept:
        raise UsageError("the goal leaves out every column", where=asked.source.name, next_command="keep at least one")
