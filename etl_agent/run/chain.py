"""What happens to one batch between extract and load: every step in order, the contract, and the books kept of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Batch, Mask, Positions, as_mask
from etl_agent.clean.own import answering, checked
from etl_agent.clean.step import CarryStep, KeyStep, RowStep, SiftStep, Step
from etl_agent.keys import Hashes, Keep, hash_key
from etl_agent.rejects import Finding, Reason, Rejects, Verdict, judge
from etl_agent.run.changes import CellChanges, changed_cells
from etl_agent.run.ranks import integers, rank_of
from etl_agent.validate.header import unknown_cells
from etl_agent.validate.judging import Contract, Judged

if TYPE_CHECKING:
    from etl_agent.run.withheld import Withheld

__all__ = ["Chain", "Door", "KeyRule", "Keyed", "Passed"]


@dataclass(frozen=True, slots=True)
class KeyRule:
    """Ask that a key be unique in the whole dataset.

    Args:
        label: who asks: a step's label, ``unique (a, b)`` or ``primary key (a, b)``.
        keep: which row of a key stays.
        reason: why the others go into quarantine, or None if they count as deduplicated.
        columns: the key's columns after the contract, or None for a step that names its own.
        newest_by: the column after the contract whose greatest value stays, for ``keep="best"``.
    """

    label: str
    keep: Keep
    reason: Reason | None = None
    columns: tuple[str, ...] | None = None
    newest_by: str | None = None


@dataclass(frozen=True, slots=True)
class Keyed:
    """The keys of a batch's rows under one rule.

    Args:
        rule: the rule.
        hashes: one pair of 64-bit hashes a row. Their key is drawn anew for each run, so that no file can be made
            whose different rows look alike.
        rank: what the best row is chosen by, one a row, or None for the row order.
        material: what the hashes' key was derived from; those of one material can be compared.
        early: hashes with a fixed key, by which rows are held back in doubt: the same rows in every run. None where
            no row is held back.
    """

    rule: KeyRule
    hashes: Hashes
    rank: Positions | None
    material: bytes
    early: Hashes | None = None

    def keep(self, mask: Mask) -> Keyed:
        """Keep the rows where the mask is true."""
        rank = None if self.rank is None else self.rank[mask]
        early = None if self.early is None else self.early[mask]
        return Keyed(self.rule, self.hashes[mask], rank, self.material, early)


@dataclass(frozen=True, slots=True)
class Passed:
    """A batch that went through the chain.

    Args:
        kept: the rows to load, typed by the contract.
        rejects: every row that was quarantined on the way, from extract on.
        filtered: rows that each filtering step took out, by its label.
        changes: every changed cell.
        keys: the kept rows' keys, one entry for each rule, in the order the rules are applied.
        withheld: the keys of the other records, where the load asks which are there; None where there are none.
    """

    kept: Batch
    rejects: tuple[Rejects, ...] = ()
    filtered: tuple[tuple[str, int], ...] = ()
    changes: tuple[CellChanges, ...] = ()
    keys: tuple[Keyed, ...] = ()
    withheld: Withheld | None = None

    @property
    def rows(self) -> int:
        """Rows that came in, malformed ones among them."""
        return len(self.kept) + sum(len(one) for one in self.rejects) + sum(rows for _, rows in self.filtered)


@dataclass(frozen=True, slots=True)
class Door:
    """What is done with columns that the contract does not know, before the first step.

    Args:
        absent: columns that no file brings and that may be null.
        unknown: columns that are not let in.
        effect: quarantine the rows that have a value there, or discard the values, which counts as a change.
    """

    absent: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    effect: Literal["quarantine", "discard_value"] = "discard_value"

    def enter(self, batch: Batch) -> tuple[Verdict, tuple[CellChanges, ...]]:
        """Let a batch in."""
        data = batch.data
        for name in self.absent:
            data = data.append_column(pa.field(name, pa.string()), pa.nulls(len(data), pa.string()))
        if not self.unknown:
            return Verdict(batch.with_data(data)), ()
        present = [name for name in self.unknown if data.schema.get_field_index(name) >= 0]
        known = batch.with_data(data.drop_columns(present))
        if self.effect == "quarantine":
            return judge(known, unknown_cells(data, names=present), stage="validate"), ()
        emptied = data
        for name in present:
            place = emptied.schema.get_field_index(name)
            emptied = emptied.set_column(place, name, pa.nulls(len(data), pa.string()))
        return Verdict(known), changed_cells(data, emptied, columns=present, step="discard_value", change="value")


@dataclass(slots=True)
class _Walk:
    """A batch on its way through the chain, and the books kept of it."""

    batch: Batch
    rejects: list[Rejects] = field(default_factory=list)
    filtered: list[tuple[str, int]] = field(default_factory=list)
    changes: list[CellChanges] = field(default_factory=list)
    keys: list[Keyed] = field(default_factory=list)

    def keep(self, mask: Mask) -> None:
        if not mask.all():
            self.batch = self.batch.keep(mask)
            self.keys = [keyed.keep(mask) for keyed in self.keys]

    def settle(self, verdict: Verdict) -> None:
        """Go on with the rows that a verdict kept."""
        self.rejects.extend(verdict.rejects)
        if len(verdict.kept) != len(self.batch):
            stays = np.isin(self.batch.origin.row, verdict.kept.origin.row, assume_unique=True)
            self.keys = [keyed.keep(stays) for keyed in self.keys]
        self.batch = verdict.kept


class Chain:
    """Take batches from extract to load. One chain serves all batches whose steps are the same.

    Args:
        steps_of: gives the labelled steps that the batches of a file go through; all of them can be applied.
        door: what is done with unknown and absent columns.
        contract: judges the content after the steps.
        rules: keys of the contract and the load, judged after the steps' own.
        not_null: columns of the load's key: a row with a null there is quarantined.
        hold_back: whether rows in doubt of being the first of their key are held back from the load.
        known: see ``changed_cells``.
    """

    def __init__(
        self,
        steps_of: Callable[[str], Sequence[tuple[str, Step]]],
        *,
        door: Door,
        contract: Contract,
        rules: Sequence[KeyRule] = (),
        not_null: Sequence[str] = (),
        hold_back: bool = False,
        known: Callable[[str, str], pa.Array | None],
    ) -> None:
        self._steps_of = steps_of
        self._door = door
        self._contract = contract
        self._rules = tuple(rules)
        self._not_null = tuple(not_null)
        self._material = secrets.token_bytes(32)
        self._hold_back = hold_back
        self._known = known
        self._states: dict[str, Any] = {}

    def clean(self, verdict: Verdict) -> Passed:
        """Let a batch in and take it through the steps, but not through the contract."""
        return _passed(self._cleaned(verdict))

    def run(self, verdict: Verdict) -> Passed:
        """Take a batch through the whole chain."""
        walk = self._cleaned(verdict)
        verdict = self._contract.judge(walk.batch)
        walk.settle(verdict)
        walk.changes.extend(_discarded(verdict))
        if self._not_null:
            nulls = [
                Finding(
                    Reason("primary-key-error", name, "null in the key"),
                    as_mask(walk.batch.data.column(name).is_null()),
                )
                for name in self._not_null
            ]
            walk.settle(judge(walk.batch, nulls, stage="load"))
        walk.keys.extend(self._typed_key(walk.batch.data, rule) for rule in self._rules)
        return _passed(walk)

    def _cleaned(self, verdict: Verdict) -> _Walk:
        walk = _Walk(verdict.kept, list(verdict.rejects))
        entered, changes = self._door.enter(walk.batch)
        walk.settle(entered)
        walk.changes.extend(changes)
        origin = walk.batch.origin
        if len(origin):
            for label, step in self._steps_of(origin.files[int(origin.file[0])]):
                self._step(walk, label, step)
        return walk

    def _step(self, walk: _Walk, label: str, step: Step) -> None:
        with answering(label, step):
            self._take(walk, label, step)

    def _take(self, walk: _Walk, label: str, step: Step) -> None:
        before = walk.batch.data
        match step:
            case RowStep():
                after = checked(label, step, before, step.apply(before))
            case CarryStep():
                state = self._states[label] if label in self._states else step.start()
                after, self._states[label] = step.carry(before, state)
                checked(label, step, before, after)
            case SiftStep():
                self._sift(walk, label, step)
                return
            case KeyStep():
                rule = KeyRule(label, _KEEP[step.keep])
                walk.keys.append(self._keyed(rule, step.key(before), step.rank(before)))
                return
            case _:
                raise TypeError(f"step {label!r} is of no known kind: {type(step).__name__}")
        changed = changed_cells(
            before, after, columns=step.writes(before.schema.names), step=label, change=step.change, known=self._known
        )
        walk.changes.extend(changed)
        walk.batch = walk.batch.with_data(after)

    def _keyed(self, rule: KeyRule, columns: Sequence[pa.Array], rank: pa.Array | None) -> Keyed:
        early = hash_key(columns) if self._hold_back else None
        return Keyed(rule, hash_key(columns, material=self._material), integers(rank), self._material, early)

    def _typed_key(self, data: pa.RecordBatch, rule: KeyRule) -> Keyed:
        """Hash a key of typed columns by the text of their values, which is the same for equal values."""
        columns = [pc.cast(data.column(name), pa.string()) for name in rule.columns or data.schema.names]
        newest = rule.newest_by
        return self._keyed(rule, columns, None if newest is None else rank_of(data.column(newest), column=newest))

    @staticmethod
    def _sift(walk: _Walk, label: str, step: SiftStep) -> None:
        findings = step.find(walk.batch.data)
        if step.effect == "quarantine":
            walk.settle(judge(walk.batch, findings, stage="clean", step=label))
            return
        masks = [finding.failed for finding in findings if finding.failed.any()]
        if masks:
            gone = np.logical_or.reduce(masks)
            walk.filtered.append((label, int(np.count_nonzero(gone))))
            walk.keep(~gone)


_KEEP: dict[str, Keep] = {"first": "first", "last": "last", "most_complete": "best", "newest": "newest"}


def _passed(walk: _Walk) -> Passed:
    return Passed(walk.batch, tuple(walk.rejects), tuple(walk.filtered), tuple(walk.changes), tuple(walk.keys))


def _discarded(verdict: Judged) -> tuple[CellChanges, ...]:
    """Count values that the contract made null by the user's word as changes."""
    changes: list[CellChanges] = []
    for lost in verdict.discarded:
        before = pa.RecordBatch.from_pydict({lost.column: lost.before})
        after = pa.RecordBatch.from_pydict({lost.column: pa.nulls(len(lost.before), pa.string())})
        changes += changed_cells(before, after, columns=[lost.column], step="discard_value", change="value")
    return tuple(changes)
