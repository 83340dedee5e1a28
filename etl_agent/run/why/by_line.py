"""What became of the record on a line of a file."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from etl_agent.errors import NoInput, UsageError, near
from etl_agent.run.quarantine import Filters, find_entries
from etl_agent.run.reading import open_scratch
from etl_agent.run.why.account import Account, Why
from etl_agent.run.why.landing import Landed, landed
from etl_agent.run.why.reopening import Shelf
from etl_agent.run.why.searches import AtLine

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from etl_agent.run.history import PastRun
    from etl_agent.run.quarantine import Entry
    from etl_agent.run.why.archive import Archive
    from etl_agent.run.why.held import HeldTable

__all__ = ["why_line"]

_REPLAYS = 10  # replays of one record, one after the other, that are followed


@dataclass(frozen=True, slots=True)
class _Read:
    """A run that read a file: the name it had, and the digest (hex) of what it held."""

    run_id: int
    table: str
    file: str
    sha256: str | None
    active: bool


def why_line(
    archive: Archive, *, file: str, line: int, table: str | None, held: Callable[[str], HeldTable | None]
) -> Why:
    """Tell what became of a record, by the newest run that read its file.

    Args:
        archive: where answers are looked up.
        file: the file, relative to the working folder or the project, or the name that a run knew it by.
        line: a physical line of the record, counted from 1.
        table: only runs into this table.
        held: looks at a table; None where it is not there.

    Raises:
        UsageError: the file was loaded into several tables, and none is named.
        NoInput: no run knows the file and there is none.
    """
    asked = f"{file}:{line}"
    names, digest, path = _identity(archive, file)
    if archive.given is None:
        archive = replace(archive, given=path)
    known = [read for read in _reads(archive, names, digest) if table is None or read.table == table]
    same = [read for read in known if digest is None or read.sha256 == digest]
    tables = sorted({read.table for read in same or known})
    if len(tables) > 1:
        raise UsageError(
            f"{file} was read for several tables; say which one with --table",
            choices=tables,
            next_command=shlex.join(["etl-agent", "why", asked, "--table", tables[0]]),
        )
    if not known:
        return _never(archive, asked, names, digest)
    chosen = max(same or known, key=lambda read: (read.active, read.run_id))
    if chosen.sha256 is None and (run := archive.run(chosen.run_id)) is not None:
        return _refused_whole(asked, run)
    why = _told(archive, chosen, line, held)
    if digest is not None and same and chosen.file not in names:
        why = replace(why, notes=(f"{file} holds the same bytes as {chosen.file}, by which it was read", *why.notes))
    if digest is not None and not same:
        changed = f"{file} was changed since run {chosen.run_id} read it; as it is now no run read it"
        why = replace(why, verdict=f"{changed}. Then: {why.verdict}", notes=(changed, *why.notes))
    return replace(why, asked=asked)


def _identity(archive: Archive, file: str) -> tuple[set[str], str | None, Path | None]:
    """Return the names that a run may know a file by, the digest of what it holds now, and where it lies."""
    path = Path(file).absolute()
    names = {file}
    if path.is_relative_to(archive.project.absolute()):
        names.add(path.relative_to(archive.project.absolute()).as_posix())
    with open_scratch() as scratch:
        shelf = Shelf(project=archive.project, extract=None, given=None, as_of=date.today(), scratch=scratch)
        for name in (path.as_posix(), *sorted(names)):
            found = shelf.named(name)
            if len(found) == 1:
                return names, shelf.digest(found[0]), found[0].path
    return names, None, None


def _reads(archive: Archive, names: set[str], digest: str | None) -> list[_Read]:
    """Find the runs that read a file, by its content or its name; refused ones where none loaded it."""
    import sqlalchemy as sa

    files, runs = archive.tables.files.c, archive.tables.runs.c
    query = sa.select(files.run_id, files.table_name, files.file, files.sha256, files.active)
    meant: list[ColumnElement[bool]] = [files.file.in_(sorted(names))]
    if digest is not None:
        meant.append(files.sha256 == digest)
    loaded = [_Read(*row) for row in archive.connection.execute(query.where(sa.or_(*meant)))]
    if loaded:
        return loaded
    refused = sa.select(runs.run_id, runs.table_name, runs.outcome).where(runs.status == "refused")
    found: list[_Read] = []
    for run_id, table, outcome in archive.connection.execute(refused.order_by(runs.run_id)):
        files_of = json.loads(outcome or "{}").get("files", [])
        judged = [(each["file"], each["sha256"]) for each in files_of if each["status"] == "judged"]
        found += [
            _Read(run_id, table, name, sha256, active=False)
            for name, sha256 in judged
            if name in names or (digest is not None and sha256 == digest)
        ]
    return found


def _never(archive: Archive, asked: str, names: set[str], digest: str | None) -> Why:
    """Answer for a file that no run read, or that one refused before its first row."""
    import sqlalchemy as sa

    file = asked.rpartition(":")[0]
    runs = archive.tables.runs.c
    naming = sa.or_(*(runs.error.contains(name, autoescape=True) for name in sorted(names)))
    query = sa.select(runs.run_id).where(runs.status == "refused", naming).order_by(runs.run_id.desc()).limit(1)
    number = archive.connection.execute(query).scalar()
    if number is not None and (run := archive.run(int(number))) is not None:
        return _refused_whole(asked, run)
    if digest is None:
        files = archive.tables.files.c
        known = [str(name) for (name,) in archive.connection.execute(sa.select(files.file).distinct())]
        raise NoInput(f"there is no file {file}, and no run read one of that name", choices=near(file, known))
    said = f"{file} was never loaded: no run on record read it, and a run that failed leaves nothing behind"
    account = Account(outcome="never loaded", said=said)
    tables = {spec.load.table for spec in archive.specs}
    then = f"etl-agent run {archive.command(tables.pop())}" if len(tables) == 1 else "etl-agent runs"
    return Why(asked, None, found=False, verdict=said, accounts=(account,), next_command=then)


def _refused_whole(asked: str, run: PastRun) -> Why:
    """Answer for a file of a run that was refused before it read a row, and so does not know what the file held."""
    said = f"run {run.result.run_id} was refused, so nothing of it was loaded: {run.error}"
    account = Account(outcome="refused", said=said, run=run)
    return Why(asked, run.result.table, found=False, verdict=said, accounts=(account,), next_command=_show(run))


def _told(archive: Archive, read: _Read, line: int, held: Callable[[str], HeldTable | None]) -> Why:
    run = archive.run(read.run_id)
    if run is None:
        return Why("", read.table, found=False, verdict=f"run {read.run_id} is not on record any more")
    told = archive.tell(run, AtLine(read.file, line), most=1)
    account = next(iter(told.accounts), None)
    entries = _entries(archive, read, account.place.line if account and account.place else line)
    notes = told.notes
    if account is not None and not _spans(account, line):
        said = f"line {line} of {read.file} holds no record: it is blank, a comment, or before or behind all records"
        return Why("", read.table, found=False, verdict=said, notes=notes)
    if entries:
        return _rejected(archive, read, entries, account, notes)
    if account is None:
        if told.read:
            said = f"line {line} of {read.file} holds no record: the header stands there, or what comes before it"
        else:
            said = f"run {read.run_id} {run.result.status} {read.file}, and did not put line {line} into quarantine"
            if archive.missing(run) is not None:
                said = f"run {read.run_id} {run.result.status} {read.file}; what it put into quarantine was pruned"
        return Why("", read.table, found=False, verdict=said, notes=notes, next_command=_show(run))
    plan = archive.recalled(run)
    now = Landed(account, ())
    if plan.spec is not None:
        now = landed(account, held=held(read.table), load=plan.spec.load, archive=archive)
    found = now.account.outcome in ("loaded", "unchanged", "updated", "deduplicated") and bool(now.rows)
    where = "in the table" if found else "not in the table"
    return Why(
        "",
        read.table,
        found=found,
        verdict=f"{where}: {now.account.said}",
        rows=now.rows,
        accounts=(now.account,),
        notes=notes,
        next_command=_show(run),
        sensitive=now.account.sensitive,
    )


def _spans(account: Account, line: int) -> bool:
    """Whether a record reaches to a line; within quotes it may hold line ends."""
    if account.place is None or account.raw is None:
        return True
    return line <= account.place.line + account.lines - 1


def _entries(archive: Archive, read: _Read, line: int) -> list[Entry]:
    """Find the entry of a record, and those of the replays that it went through."""
    import sqlalchemy as sa

    entries = archive.tables.quarantine.c
    found: list[Entry] = []
    run_id: int | None = read.run_id
    while run_id is not None and len(found) < _REPLAYS:
        query = sa.select(entries.id).where(entries.run_id == run_id, entries.file == read.file, entries.line == line)
        ids = tuple(int(number) for (number,) in archive.connection.execute(query.limit(1)))
        here = list(find_entries(archive.connection, archive.tables, Filters(ids=ids))) if ids else []
        found += here
        run_id = here[0].replayed_by if here and here[0].status == "replayed" else None
    return found


def _rejected(
    archive: Archive, read: _Read, entries: Sequence[Entry], account: Account | None, notes: tuple[str, ...]
) -> Why:
    """Answer for a record that is in quarantine, or was."""
    accounts = archive.of_entries(entries)
    if account is not None:
        accounts = (accounts[0].with_life(account), *accounts[1:])
    last = accounts[-1]
    found = last.outcome == "replayed"
    return Why(
        "",
        read.table,
        found=found,
        verdict=f"{'in the table, if it stayed there' if found else 'not in the table'}: {last.said}",
        accounts=accounts,
        notes=notes,
        next_command=f"etl-agent quarantine list --id {last.entry}",
    )


def _show(run: PastRun) -> str:
    return f"etl-agent show {run.result.run_id}"
