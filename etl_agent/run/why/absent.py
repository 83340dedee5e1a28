"""Why a table has no row of some key."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from etl_agent.extract.spec import fold
from etl_agent.run.why.account import MOST, Account, Why, next_command
from etl_agent.run.why.entries import rejected
from etl_agent.run.why.landing import landed
from etl_agent.run.why.searches import WithText
from etl_agent.run.why.taken import taken
from etl_agent.run.why.unread import unread

if TYPE_CHECKING:
    import pyarrow as pa

    from etl_agent.run.history import PastRun
    from etl_agent.run.why.archive import Archive
    from etl_agent.run.why.held import HeldTable

__all__ = ["why_absent"]


def why_absent(
    archive: Archive, held: HeldTable, texts: Mapping[str, str], key: Mapping[str, pa.Scalar] | None, *, history: bool
) -> Why:
    """Tell why a table has no row of a key: what runs made of it, the newest first, else the files no run read.

    Args:
        archive: where answers are looked up.
        held: the table.
        texts: the key as a person wrote it, by column.
        key: its values; None where a text is no value of its column's type.
        history: whether the files of all runs are read, and not only those of the newest one that can be.
    """
    table = held.facts.name
    entries = rejected(archive, table, texts)
    notes: list[str] = []
    gone = [] if key is None else taken(archive, held, key)
    last = gone[0].run.result.run_id if gone else 0
    lost = [each.account() for each in gone[:MOST] if each.run.result.run_id == last]
    read = 0
    for run in archive.runs_of(table, statuses=("loaded", "refused", "undone")):
        if read and not history:
            break
        mine = [entry for entry in entries if entry.run_id == run.result.run_id]
        told = archive.tell(run, WithText(texts, key), most=MOST)
        notes += [note for note in told.notes if not told.read or told.accounts]
        read += told.read
        accounts = _landed(archive, held, run, told.accounts)
        if accounts:  # what the files tell is exact; the text of a record may hold the key by chance
            places = {(each.place.file, each.place.line) for each in accounts if each.place is not None}
            mine = [entry for entry in mine if (entry.file, entry.line) in places]
        accounts = _with_entries(accounts, archive.of_entries(mine))
        if run.result.run_id < last:  # what was taken out came to the table later than what an older run turned away
            loaded = run.result.status == "loaded"
            accounts = [each for each in accounts if loaded and each.outcome in ("removed", "updated")]
        if accounts:
            return _gone(table, _not_there(accounts[0], texts), [*accounts, *lost], notes)
    if lost:
        return _gone(table, f"not in the table: {lost[0].said}", lost, notes)
    waiting = tuple(unread(archive, table, texts, most=MOST))
    if waiting:
        said = f"not in the table: {waiting[0].place} holds it, and no run read that file"
        return _gone(table, said, waiting, notes, then=f"etl-agent run {archive.command(table)}")
    runs = "1 run" if read == 1 else f"{read} runs"
    said = f"not in the table: none of the files of {runs} that could be read again holds it"
    then = shlex.join(["etl-agent", "runs", "--table", table])
    return _gone(table, said, (), notes, then=then)


def _gone(
    table: str, verdict: str, accounts: Sequence[Account], notes: Sequence[str], *, then: str | None = None
) -> Why:
    return Why(
        "",
        table,
        found=False,
        verdict=verdict,
        accounts=tuple(accounts),
        notes=tuple(notes),
        next_command=then or next_command(accounts),
    )


def _landed(archive: Archive, held: HeldTable, run: PastRun, accounts: Sequence[Account]) -> list[Account]:
    spec = archive.recalled(run).spec
    if spec is None:
        return list(accounts)
    return [landed(each, held=held, load=spec.load, archive=archive).account for each in accounts]


def _with_entries(accounts: Sequence[Account], entries: Sequence[Account]) -> list[Account]:
    """Join what the files tell with what the quarantine tells of the same record."""
    by_place = {entry.place: entry for entry in entries}
    joined = [by_place[each.place].with_life(each) if each.place in by_place else each for each in accounts]
    told = {each.place for each in accounts}
    return [*joined, *(entry for entry in entries if entry.place not in told)]


def _not_there(account: Account, texts: Mapping[str, str]) -> str:
    loaded = account.as_dict()["loaded"]
    if account.outcome not in ("loaded", "unchanged") or not loaded:
        return f"not in the table: {account.place}: {account.said}"
    asked = {fold(name) for name in texts}
    key = ", ".join(f"{name}={value}" for name, value in loaded.items() if fold(name) in asked)
    return f"not in the table under that key: {account.place} holds it, and its row is {key}"
