"""A run under way, and what can be told of it when it does not load."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from etl_agent.decide.decision import Decision
from etl_agent.errors import DataRefused
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.run.balance import Balance
from etl_agent.run.books import Books
from etl_agent.run.ledger import ActiveFile
from etl_agent.run.options import RunOptions
from etl_agent.run.result import FileLayout, FileOutcome, RunResult
from etl_agent.run.selection import Selection
from etl_agent.validate.judging import TypesDrifted

if TYPE_CHECKING:
    from etl_agent.extract.dataset import Dataset, Tally
    from etl_agent.orchestrate.lock import Lock
    from etl_agent.run.replay import Replay

__all__ = ["Run", "judged", "layouts_of", "refused", "without_model"]


@dataclass(slots=True)
class Run:
    """A run under way.

    Args:
        spec: the pipeline.
        project: the folder that its paths are relative to.
        options: how it is run this time.
        run_id: its identifier.
        scratch: its folder for what does not stay in memory.
        replay: the quarantined rows that are loaded in place of files.
        active: the content that is in the table.
        sensitive: the columns whose values are not shown, as soon as they are known.
        lock: what was chosen before, where there is a lock that fits.
        decisions: what was chosen in this run, as soon as it is known.
        warning: what a person should look at, in one line.
        began: when, by the monotonic clock (seconds).
    """

    spec: PipelineSpec
    project: Path
    options: RunOptions
    run_id: int
    scratch: Path
    replay: Replay | None = None
    active: tuple[ActiveFile, ...] = ()
    sensitive: frozenset[str] = frozenset()
    lock: Lock | None = None
    decisions: tuple[Decision, ...] = ()
    warning: str | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def table(self) -> str:
        """The target table."""
        return self.spec.load.table

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.began

    def warn(self, said: str | None) -> None:
        """Add to what a person should look at."""
        self.warning = "; ".join(each for each in (self.warning, said) if each) or None

    def result(self, **known: object) -> RunResult:
        """Make the run's result from what is known by now."""
        blank = RunResult(self.spec.name, self.run_id, "loaded", self.table, Balance())
        so_far = {"sensitive": tuple(sorted(self.sensitive)), "decisions": self.decisions, "warning": self.warning}
        return replace(blank, seconds=self.seconds, **{**so_far, **known})  # type: ignore[arg-type]  # names are RunResult's


def judged(run: Run, dataset: Dataset, books: Books, selection: Selection, *, read: int, kept: int) -> RunResult:
    """Tell what a dry run found.

    Args:
        run: the run.
        dataset: its files.
        books: what happened to the rows.
        selection: the files that were left out.
        read: rows that were read.
        kept: rows that would be loaded.
    """
    files = tuple(FileOutcome(file.name, "judged") for file in dataset.files)
    return run.result(
        status="dry run",
        balance=Balance(
            read=read,
            inserted=kept,
            quarantined=books.rejects.rows,
            deduplicated=books.deduplicated,
            filtered=books.filtered,
        ),
        files=(*files, *selection.left_out),
        reasons=books.rejects.counts,
        changed_cells=books.changes.total,
        changes=books.changes.by_column(),
        message=selection.message,
    )


def without_model(decisions: Iterable[Decision]) -> str | None:
    """Say which decisions were made without the model that was to make them, and why; None if there are none."""
    said = [f"{each.node} ({each.fell_back.replace('_', ' ')})" for each in decisions if each.fell_back is not None]
    return f"decided without a model: {', '.join(said)}" if said else None


def layouts_of(dataset: Dataset, books: Books) -> dict[str, FileLayout]:
    """Describe the files that rows in quarantine came from."""
    return {
        file.name: FileLayout(file.header, file.dialect.delimiter, file.dialect.quote)
        for file in dataset.files
        if file.name in books.rejects.by_file
    }


def refused(run: Run, dataset: Dataset, books: Books, selection: Selection, refusal: DataRefused) -> RunResult:
    """Tell what was found before the run was refused."""
    if isinstance(refusal, TypesDrifted):
        books.rejects.add(refusal.verdict.rejects)  # of the batch at which the run was broken off
    tallies = {tally.file: tally for tally in dataset.tallies()}
    layouts = layouts_of(dataset, books)
    files = tuple(
        FileOutcome(
            file.name,
            "judged",
            rows=tallies[file.name].good + tallies[file.name].bad if file.name in tallies else None,
            sha256=_digest(dataset, number, tallies, rejected=file.name in books.rejects.by_file),
            layout=layouts.get(file.name),
        )
        for number, file in enumerate(dataset.files)
    )
    read = sum(tally.good + tally.bad for tally in tallies.values())
    return run.result(
        status="refused",
        balance=Balance(read=read, quarantined=books.rejects.rows),
        files=(*files, *selection.left_out),
        reasons=books.rejects.counts,
        message=str(refusal),
        exit_code=refusal.exit_code,
        refusal=refusal,
    )


def _digest(dataset: Dataset, number: int, tallies: Mapping[str, Tally], *, rejected: bool) -> str | None:
    """Return the digest of a file; where reading was broken off, only if rows of it are in quarantine.

    By it the next load of this content closes them.
    """
    tally = tallies.get(dataset.files[number].name)
    if tally is not None:
        return tally.sha256
    return dataset.digest(number) if rejected else None
