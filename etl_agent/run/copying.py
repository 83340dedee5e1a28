"""Copies of a dataset as CSV: as the reader understands it, or cleaned, with every row in its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from etl_agent.clean.own import answering, checked
from etl_agent.clean.step import CarryStep, KeyStep, RowStep, SiftStep
from etl_agent.decide.decision import Decision
from etl_agent.decide.proposal import Proposal
from etl_agent.extract.writer import CsvWriter
from etl_agent.keys import KeySpill, hash_key
from etl_agent.orchestrate.plan import PlannedStep
from etl_agent.orchestrate.resolve import resolve, runnable
from etl_agent.orchestrate.sequential import Node
from etl_agent.rejects import Verdict
from etl_agent.run.changes import ChangeLedger, changed_cells
from etl_agent.run.deciding import decide_nodes
from etl_agent.run.flow import ahead
from etl_agent.run.survey import Fits, fit_steps
from etl_agent.run.writing import refuse_input

if TYPE_CHECKING:
    from etl_agent.decide.evidence import Evidence
    from etl_agent.extract.dataset import Dataset

__all__ = ["Copied", "Malformed", "clean_copy", "extract_copy", "read_through"]

_SHOWN = 20  # malformed records that are told one by one


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record that no copy can hold."""

    file: str
    line: int
    reasons: str


@dataclass(slots=True)
class Copied:
    """What became of the records.

    Args:
        rows: records that were written.
        malformed: records that were not, since they have no cells; counted.
        first_malformed: the first of them.
        changes: what the steps changed.
        removable: rows that each row-removing step would take out of a load, by its label; they are written.
        columns: the columns of the copy.
        decisions: what was chosen where the steps left a choice.
        suggested: steps that a person might want and that are not carried out: flags for numbers far beyond all others.
    """

    rows: int = 0
    malformed: int = 0
    first_malformed: list[Malformed] = field(default_factory=list)
    changes: ChangeLedger = field(default_factory=ChangeLedger)
    removable: dict[str, int] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    suggested: tuple[Proposal, ...] = ()

    def see(self, verdict: Verdict) -> None:
        """Count a batch."""
        self.rows += len(verdict.kept)
        for rejects in verdict.rejects:
            self.malformed += len(rejects)
            origin = rejects.origin
            for place in range(min(len(rejects), _SHOWN - len(self.first_malformed))):
                file = origin.files[int(origin.file[place])]
                self.first_malformed.append(Malformed(file, int(origin.line[place]), rejects.reasons[place].as_py()))


def extract_copy(dataset: Dataset, output: Path) -> Copied:
    """Write what the reader makes of a dataset as one RFC 4180 file; nothing is invented, nothing changed.

    Args:
        dataset: the files; their columns are matched by name.
        output: where to write; it appears whole or not at all.

    Raises:
        UsageError: the output is one of the files.
        CannotCreate: the output cannot be made.
        CannotWrite: writing failed.
    """
    refuse_input(output, (file.path for file in dataset.files))
    copied = Copied(columns=dataset.names)
    with CsvWriter(output, dataset.names) as writer:
        for verdict in ahead(dataset.batches(digest=False)):
            copied.see(verdict)
            writer.write(verdict.kept.data)
    return copied


def read_through(dataset: Dataset) -> Copied:
    """Read a dataset to its end and count, without writing."""
    copied = Copied(columns=dataset.names)
    for verdict in ahead(dataset.batches(digest=False)):
        copied.see(verdict)
    return copied


def clean_copy(dataset: Dataset, nodes: Sequence[Node], output: Path, *, scratch: Path, project: Path) -> Copied:
    """Write a cleaned copy: the same rows in the same order.

    Steps that take rows out are not carried out, only counted.

    Args:
        dataset: the files.
        nodes: the cleaning steps, and the routes and branches that become steps.
        output: where to write; it appears whole or not at all.
        scratch: a folder for keys that do not fit into memory.
        project: the folder that holds the user's own modules and strategies.

    Raises:
        UsageError: the output is one of the files.
        ConfigurationError: a step reads a column that is not there.
        AmbiguousFormat: a column allows several readings.
    """
    refuse_input(output, (file.path for file in dataset.files))
    decided = decide_nodes(nodes, dataset, project=project)
    settled = decided.settled
    steps = runnable(settled.steps, project=project)
    plan = resolve("clean", steps, brought=dataset.names, contract={}, digest="")
    plan.refuse_missing()
    fits = fit_steps(
        plan.steps,
        plan.door,
        read=lambda: _named(dataset),
        files=[file.name for file in dataset.files],
        where="clean",
    )
    copied = Copied(columns=plan.names, decisions=settled.decisions, suggested=_suggested(decided.evidence))
    walk = _Walk(plan.steps, fits, copied, scratch)
    with CsvWriter(output, plan.names) as writer:
        for verdict in ahead(dataset.batches(digest=False)):
            copied.see(verdict)
            if len(verdict.kept):
                writer.write(walk.clean(verdict))
    walk.close()
    return copied


def _suggested(evidence: Evidence | None) -> tuple[Proposal, ...]:
    if evidence is None:
        return ()
    from etl_agent.decide.propose.outliers import suggest  # late: it loads every family of dirt

    return tuple(suggest(evidence))


def _named(dataset: Dataset) -> Iterable[tuple[str, pa.RecordBatch]]:
    return _pairs(ahead(dataset.batches(digest=False)))


def _pairs(verdicts: Iterable[Verdict]) -> Iterator[tuple[str, pa.RecordBatch]]:
    for verdict in verdicts:
        if len(verdict.kept):
            yield verdict.kept.origin.files[0], verdict.kept.data


class _Walk:
    """Take batches through the steps without losing a row."""

    def __init__(self, steps: Sequence[PlannedStep], fits: Fits, copied: Copied, scratch: Path) -> None:
        self._fits = fits
        self._copied = copied
        self._states: dict[str, Any] = {}
        self._spills = {
            planned.label: (planned.step, KeySpill(scratch)) for planned in steps if isinstance(planned.step, KeyStep)
        }

    def clean(self, verdict: Verdict) -> pa.RecordBatch:
        origin = verdict.kept.origin
        data = verdict.kept.data
        for label, step in self._fits.of_file(origin.files[0]):
            before = data
            with answering(label, step):
                match step:
                    case RowStep():
                        data = checked(label, step, before, step.apply(before))
                    case CarryStep():
                        state = self._states[label] if label in self._states else step.start()
                        data, self._states[label] = step.carry(before, state)
                        checked(label, step, before, data)
                    case SiftStep():
                        gone = np.zeros(len(before), np.bool_)
                        for finding in step.find(before):
                            gone |= finding.failed
                        self._copied.removable[label] = self._copied.removable.get(label, 0) + int(gone.sum())
                    case KeyStep():
                        rank = step.rank(before)
                        numbers = None if rank is None else rank.to_numpy(zero_copy_only=False)
                        self._spills[label][1].add(hash_key(step.key(before)), rows=origin.row, rank=numbers)
            changed = changed_cells(
                before,
                data,
                columns=step.writes(before.schema.names),
                step=label,
                change=step.change,
                known=self._copied.changes.known,
            )
            self._copied.changes.add(changed)
        return data

    def close(self) -> None:
        """Count the rows whose key another row has."""
        for label, (_, spill) in self._spills.items():
            self._copied.removable[label] = len(spill.losers(keep="first"))
