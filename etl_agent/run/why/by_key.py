"""Why a table holds a row of some key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from etl_agent.errors import NoInput
from etl_agent.load.statements import LINEAGE, VALID_FROM, VALID_TO
from etl_agent.run.why.absent import why_absent
from etl_agent.run.why.account import MOST, Account, Why, next_command
from etl_agent.run.why.entries import rejected, replayed
from etl_agent.run.why.searches import OfKey
from etl_agent.run.why.taken import closing, ended, taken

if TYPE_CHECKING:
    import pyarrow as pa

    from etl_agent.run.history import PastRun
    from etl_agent.run.why.archive import Archive
    from etl_agent.run.why.held import HeldRow, HeldTable
    from etl_agent.run.why.taken import Taken

__all__ = ["why_row"]


def why_row(archive: Archive, held: HeldTable, texts: Mapping[str, str], *, history: bool) -> Why:
    """Tell which record of which file made a row, or why there is no such row.

    Args:
        archive: where answers are looked up.
        held: the table.
        texts: the key as a person wrote it, by column.
        history: whether the files of earlier runs are read too: for what they wrote of the row before, or for a row
            that is not there.

    Raises:
        NoInput: a text is no value of its column's type, and no record in quarantine holds it either.
    """
    try:
        key = held.typed(texts)
    except NoInput:
        if not rejected(archive, held.facts.name, texts):
            raise
        key = None
    rows = [] if key is None else held.rows(key, most=MOST + 1)
    asked = f"{held.facts.name} {', '.join(f'{name}={text}' for name, text in texts.items())}"
    why = (
        _present(archive, held, key, rows, history=history)
        if rows and key is not None
        else why_absent(archive, held, texts, key, history=history)
    )
    more = (f"more than {MOST} rows hold this; the first are told",) if len(rows) > MOST else ()
    return replace(why, asked=asked, notes=tuple(dict.fromkeys((*why.notes, *more))))


def _present(
    archive: Archive, held: HeldTable, key: Mapping[str, pa.Scalar], found: Sequence[HeldRow], *, history: bool
) -> Why:
    """Tell what made the rows of a key, and what earlier runs wrote of it."""
    rows = tuple(found[:MOST])
    accounts, notes = (_by_lineage if held.lineage else _by_files)(archive, held, key, rows)
    if history and held.lineage:
        earlier, said = _earlier(archive, held, key, [account.run for account in accounts])
        accounts += earlier
        notes += said
    changes = taken(archive, held, key) if VALID_TO in rows[0].values else []
    accounts = [replace(each, said=each.said + _closer(each, rows, changes)) for each in accounts]
    newest = next(archive.runs_of(held.facts.name), None)
    known = [run for run in (newest, *(account.run for account in accounts)) if run is not None]
    return Why(
        "",
        held.facts.name,
        found=True,
        verdict=_verdict(rows, accounts) + ended(rows, changes),
        rows=rows,
        accounts=tuple(accounts),
        notes=tuple(notes),
        next_command=next_command(accounts),
        sensitive=frozenset(name for run in known for name in run.result.sensitive),
    )


def _by_lineage(
    archive: Archive, held: HeldTable, key: Mapping[str, pa.Scalar], rows: Sequence[HeldRow]
) -> tuple[list[Account], list[str]]:
    """Find what made each row by the run that it names."""
    accounts: list[Account] = []
    notes: list[str] = []
    for number in dict.fromkeys(row.run_id for row in rows):
        run = None if number is None else archive.run(number)
        if run is None:
            notes.append("a row names no run: others wrote it" if number is None else f"run {number} is not on record")
            continue
        made, said = _made(archive, held, run, key, [row for row in rows if row.run_id == number])
        accounts += made
        notes += said
    return accounts, notes


def _by_files(
    archive: Archive, held: HeldTable, key: Mapping[str, pa.Scalar], rows: Sequence[HeldRow]
) -> tuple[list[Account], list[str]]:
    """Find what made rows that name no run: by the newest run whose files hold them."""
    notes = [f"the table has no column {LINEAGE}: the newest file with this key is told"]
    for run in _loading(archive, held.facts.name):
        made, said = _made(archive, held, run, key, rows)
        made = [account for account in made if account.place is not None]  # else nothing says that it was this run
        if made:
            return made, [*notes, *said]
    return [], [*notes, "no file that could be read again holds it"]


def _made(
    archive: Archive, held: HeldTable, run: PastRun, key: Mapping[str, pa.Scalar], rows: Sequence[HeldRow]
) -> tuple[list[Account], list[str]]:
    """Find the records of a run that made some rows: those that were kept with the same values, if there are any."""
    if not archive.contents(run):
        return replayed(archive, run, {name: str(value.as_py()) for name, value in key.items()})
    told = archive.tell(run, OfKey(key, most=None if _is_keyed(archive, run) else len(rows)), most=MOST)
    kept = [account for account in told.accounts if account.outcome == "loaded" and account.loaded is not None]
    same = [
        replace(each, said=_held_as(row))
        for each in kept
        if (row := next((row for row in rows if held.same(each.loaded or {}, row)), None)) is not None
    ]
    own = run.result.run_id
    if same:
        return same[:MOST], [*told.notes]
    changed = [
        replace(each, said=f"loaded, and {_differing(held, each, rows)} changed since by other means than a run")
        for each in kept
    ]
    missing = [] if changed or not told.read else [f"the files of run {own} hold no record that became this row"]
    if not changed:  # the run is known all the same
        changed = [Account(outcome="loaded", said=f"written by run {own}", run=run)]
    return changed, [*told.notes, *missing]


def _held_as(row: HeldRow) -> str:
    closed = row.values.get(VALID_TO)
    return "loaded, and the table holds these values" + ("" if closed is None else f", as a version closed at {closed}")


def _closer(account: Account, rows: Sequence[HeldRow], changes: Sequence[Taken]) -> str:
    """Name the run that closed the version which a record became."""
    number = None if account.run is None else account.run.result.run_id
    versions = [row for row in rows if row.run_id == number and row.values.get(VALID_TO) is not None]
    closed = closing(versions[0], changes) if len(versions) == 1 and account.outcome == "loaded" else None
    return "" if closed is None else f", {closed.said}"


def _differing(held: HeldTable, account: Account, rows: Sequence[HeldRow]) -> str:
    differing = [held.differing(account.loaded or {}, row) for row in rows]
    return ", ".join(sorted(differing, key=len)[0])


def _is_keyed(archive: Archive, run: PastRun) -> bool:
    """Whether a run keeps one row of a key, so that its whole dataset says which; else rows are told as they come."""
    plan = archive.recalled(run)
    return plan.spec is not None and bool(plan.spec.load.primary_key)


def _loading(archive: Archive, table: str) -> Iterator[PastRun]:
    """Give the runs that loaded files into a table, the newest first."""
    yield from (run for run in archive.runs_of(table) if run.result.status == "loaded")


def _earlier(
    archive: Archive, held: HeldTable, key: Mapping[str, pa.Scalar], known: Sequence[PastRun | None]
) -> tuple[list[Account], list[str]]:
    """Find what other runs loaded for a key that runs write over: the oldest first."""
    told_of = {run.result.run_id for run in known if run is not None}
    last = max(told_of, default=0)
    accounts: list[Account] = []
    notes: list[str] = []
    before: Mapping[str, pa.Scalar] | None = None
    for run in reversed(list(_loading(archive, held.facts.name))):
        load = spec.load if (spec := archive.recalled(run).spec) is not None else None
        writes_over = load is None or (load.write_disposition == "merge" and load.merge_strategy != "scd2")
        if run.result.run_id >= last or run.result.run_id in told_of or not writes_over:
            continue
        told = archive.tell(run, OfKey(key), most=1)
        notes += [] if told.read else told.notes
        for account in told.accounts:
            if account.outcome != "loaded" or account.loaded is None:
                continue
            word = "inserted" if before is None else "unchanged" if account.loaded == before else "updated"
            before = account.loaded
            said = f"{word} by run {run.result.run_id}, and written over since"
            accounts.append(replace(account, outcome="updated" if word != "unchanged" else "unchanged", said=said))
    return accounts, notes


def _verdict(rows: Sequence[HeldRow], accounts: Sequence[Account]) -> str:
    writers = [str(number) for number in dict.fromkeys(row.run_id for row in rows) if number is not None]
    by = f", written by run {', '.join(writers)}" if writers else ""
    place = next(
        (f" from {each.place}" for each in accounts if each.place is not None and each.outcome == "loaded"), ""
    )
    if len(rows) > 1:
        kind = "versions" if VALID_FROM in rows[0].values else "rows"
        return f"in the table, {len(rows)} {kind}{by}"
    return f"in the table{by}{place}"
