"""Everything that an answer is looked up in: the ledger, the pipelines at hand, and the files of each run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from etl_agent.errors import DataRefused, EtlAgentError
from etl_agent.extract.spec import fold
from etl_agent.run.concealing import concealed_entries, concealed_record
from etl_agent.run.history import one_run
from etl_agent.run.ledger import types_of
from etl_agent.run.pruned import gone_of
from etl_agent.run.quarantine import Entry
from etl_agent.run.result import FileLayout
from etl_agent.run.spool import raw_text
from etl_agent.run.why.account import Account, Outcome
from etl_agent.run.why.life import Life, Place
from etl_agent.run.why.passes import Search, lives
from etl_agent.run.why.recalled import Recalled, recalled
from etl_agent.run.why.reopening import Content, Reopened, reopened

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.load.ledger_tables import LedgerTables
    from etl_agent.orchestrate.sequential import PipelineSpec
    from etl_agent.run.history import PastRun

__all__ = ["Archive", "Told"]

_LINE_END = re.compile(r"\r\n|\r|\n")
_ENDINGS: dict[str, Outcome] = {
    "kept": "loaded",
    "quarantined": "quarantined",
    "filtered": "filtered",
    "deduplicated": "deduplicated",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What reading the files of a run again told.

    Args:
        accounts: of each record that was found.
        notes: what could not be told exactly, and why.
        read: whether the files could be read at all, by the plan of the run.
    """

    accounts: tuple[Account, ...] = ()
    notes: tuple[str, ...] = ()
    read: bool = True


@dataclass(slots=True)
class Archive:
    """Where answers are looked up.

    Args:
        connection: to read with.
        tables: the ledger.
        project: the folder that the names of files are relative to.
        specs: the pipelines at hand.
        given: a file that the user names, to be read where it is what a run read.
    """

    connection: Connection
    tables: LedgerTables
    project: Path
    specs: Sequence[PipelineSpec] = ()
    given: Path | None = None

    def run(self, run_id: int) -> PastRun | None:
        """Read a run; None where none of that number is on record."""
        return one_run(self.connection, self.tables, run_id)

    def runs_of(self, table: str, *, statuses: Sequence[str] = ("loaded", "refused")) -> Iterator[PastRun]:
        """Give the runs into a table that have a say in it, the newest first, one at a time."""
        import sqlalchemy as sa

        runs = self.tables.runs.c
        query = sa.select(runs.run_id).where(runs.table_name == table, runs.status.in_(statuses))
        for (number,) in self.connection.execute(query.order_by(runs.run_id.desc())).all():
            if (run := self.run(int(number))) is not None:
                yield run

    def command(self, table: str) -> str:
        """Name the pipeline file that loads a table, for a next command."""
        name = next((spec.name for spec in self.specs if spec.load.table == table), "PIPELINE")
        return shlex.quote(f"pipelines/{name}.yaml")

    def recalled(self, run: PastRun) -> Recalled:
        """Find the plan that a run went by."""
        return recalled(run, self.specs, connection=self.connection, tables=self.tables, project=self.project)

    def contents(self, run: PastRun) -> tuple[Content, ...]:
        """Name the files that a run read, in its order; none where it replayed rows of the quarantine."""
        import sqlalchemy as sa

        files = self.tables.files.c
        query = sa.select(files.file, files.sha256, files.size).where(files.run_id == run.result.run_id)
        loaded = tuple(Content(*row) for row in self.connection.execute(query.order_by(files.position)))
        if loaded or run.result.status != "refused":
            return loaded
        return tuple(Content(file.file, file.sha256) for file in run.result.files if file.status == "judged")

    def tell(self, run: PastRun, search: Search, *, most: int) -> Told:
        """Read the files of a run again, and tell of the records that are looked for.

        Args:
            run: the run.
            search: the records.
            most: accounts to return.
        """
        told = self._tell(run, search, most=most)
        entries_matter = not told.read or any(account.outcome == "quarantined" for account in told.accounts)
        missing = self.missing(run) if entries_matter else None
        return told if missing is None else replace(told, notes=(*told.notes, missing))

    def missing(self, run: PastRun) -> str | None:
        """Say how many of a run's entries in the quarantine are not there any more; None if all are."""
        gone = gone_of(self.connection, self.tables, run)
        if not gone.entries:
            return None
        return f"{gone.entries:,} of the {gone.of:,} rows that run {run.result.run_id} put into quarantine were pruned"

    def _tell(self, run: PastRun, search: Search, *, most: int) -> Told:
        plan = self.recalled(run)
        contents = self.contents(run)
        if plan.spec is None or not plan.same:
            refused = (f"run {run.result.run_id} was refused: {run.error}",) if run.result.status == "refused" else ()
            return Told(notes=(*refused, plan.said(run) or ""), read=False)
        opened = reopened(
            contents,
            spec=plan.spec,
            lock=plan.lock,
            types=types_of(self.connection, self.tables, run.result.run_id),
            project=self.project,
            given=self.given,
            as_of=_day(run),
        )
        try:
            with opened as files:
                if files is None:
                    return Told(notes=(_gone(run, contents),), read=False)
                found = tuple(_account(life, run, files) for life in lives(files, search, most=most))
                return Told(found, tuple(_notes(run, files)))
        except DataRefused as refusal:
            return Told(notes=(f"run {run.result.run_id} was refused before its rows: {refusal.what}",), read=False)
        except EtlAgentError as error:
            return Told(notes=(f"the plan of run {run.result.run_id} cannot be repeated: {error.what}",), read=False)

    def of_entries(self, entries: Sequence[Entry]) -> tuple[Account, ...]:
        """Tell of rows in quarantine by what the ledger keeps of them."""
        shown = concealed_entries(self.connection, self.tables, entries)
        return tuple(self._of_entry(entry) for entry in shown)

    def _of_entry(self, entry: Entry) -> Account:
        words = "; ".join(map(str, entry.reasons))
        by = f"step {entry.step}" if entry.step else entry.stage
        said = f"in quarantine (entry {entry.id}, {entry.status}), rejected by {by}: {words}"
        outcome: Outcome = "refused" if entry.status == "refused" else "quarantined"
        if entry.status == "replayed":
            outcome, said = "replayed", f"{said}; replayed by run {entry.replayed_by}"
        elif entry.replayed_by is not None:
            said += f"; closed by run {entry.replayed_by}"
        run = self.run(entry.run_id)
        return Account(
            outcome=outcome,
            said=said,
            run=run,
            place=Place(entry.file, entry.line or 0),
            raw=entry.raw,
            by=entry.step or entry.stage,
            reasons=entry.reasons,
            entry=entry.id,
            sensitive=frozenset() if run is None else frozenset(run.result.sensitive),
        )


def _account(life: Life, run: PastRun, files: Reopened) -> Account:
    sensitive = frozenset({*files.prepared.sensitive, *run.result.sensitive})
    file = next(file for file in files.dataset.files if file.name == life.place.file)
    raw = raw_text(life.raw, encoding=file.dialect.encoding.name)
    layout = FileLayout(file.header, file.dialect.delimiter, file.dialect.quote)
    refused = run.result.status == "refused"
    return Account(
        outcome="refused" if refused else _ENDINGS[life.ending],
        said=f"run {run.result.run_id} was refused ({run.error}); the row itself was {_said(life)}"
        if refused
        else _said(life),
        run=run,
        place=life.place,
        raw=concealed_record(raw, layout, {fold(name) for name in sensitive}) if sensitive else raw,
        lines=1 + len(_LINE_END.findall(raw)),
        changes=life.changes,
        loaded=life.loaded if life.ending == "kept" else None,
        by=life.by or life.stage,
        reasons=life.reasons,
        winner=life.winner,
        sensitive=sensitive,
    )


def _said(life: Life) -> str:
    if life.ending == "quarantined":
        by = f"step {life.by}" if life.by else life.stage
        return f"rejected by {by}: {'; '.join(map(str, life.reasons))}"
    if life.ending == "filtered":
        return f"filtered by step {life.by}"
    if life.ending == "deduplicated":
        return f"another row of its key stayed, by {life.by}: {life.winner}"
    return "kept by every step and check"


def _notes(run: PastRun, files: Reopened) -> Iterator[str]:
    chosen = {each.node: each.chosen for each in files.prepared.decided.settled.decisions}
    other = [each.node for each in run.result.decisions if chosen.get(each.node, each.chosen) != each.chosen]
    if other:
        yield f"decided otherwise than in the run, so its steps may differ: {', '.join(other)}"
    if files.missing:
        gone = ", ".join(files.missing[:3]) + (f" and {len(files.missing) - 3} more" if len(files.missing) > 3 else "")
        yield f"not here as the run read it: {gone}; what was learned from it, and rows of its keys, are not told"
    if files.learned:
        yield f"learned again from the same files: {', '.join(files.learned)}"


def _gone(run: PastRun, contents: Sequence[Content]) -> str:
    if not contents and run.result.status == "refused":
        return f"run {run.result.run_id} was refused before it read a file: {run.error}"
    if not contents:
        return f"run {run.result.run_id} replayed rows of the quarantine, whose corrections are not kept"
    names = ", ".join(content.file for content in contents[:3]) + (" ..." if len(contents) > 3 else "")
    return f"no file here is what the run read as {names}, by its SHA-256; name it with --file PATH"


def _day(run: PastRun) -> date:
    return run.started_at.astimezone().date()
