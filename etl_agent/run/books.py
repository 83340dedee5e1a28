"""The books of a run while its rows flow: rejects, changes, keys, and the rows that are held back in doubt."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Batch, Mask, Origin, Positions
from etl_agent.errors import EtlAgentError
from etl_agent.keys import Drops, Hashes, KeySpill, hash_key
from etl_agent.rejects import Reason, Rejects, Stage
from etl_agent.run.chain import Keyed, KeyRule, Passed
from etl_agent.run.changes import ChangeLedger
from etl_agent.run.sieve import Sieve
from etl_agent.run.spool import OriginSpool, RejectSpool
from etl_agent.run.withheld import WithheldKeys

__all__ = ["Books", "HeldBack"]

RawAt = Callable[[int, Positions, Positions], list[bytes]]
"""The raw bytes of records of a file, by its number in the dataset, their offsets and their lengths."""


class Books:
    """Add up what happens to the batches, in dataset order.

    Args:
        folder: the run's scratch folder.
        encodings: the encoding of each file by name, in dataset order.
    """

    def __init__(self, folder: Path, *, encodings: Mapping[str, str]) -> None:
        self._folder = folder
        self._numbers = {name: number for number, name in enumerate(encodings)}
        self._spills: dict[KeyRule, KeySpill] = {}
        self._materials: dict[KeyRule, bytes] = {}
        self._gone = Drops.of([])
        self._origins: OriginSpool | None = None
        self.rejects = RejectSpool(folder, encodings=dict(encodings))
        self.changes = ChangeLedger()
        self.withheld = WithheldKeys(folder)
        self.filtered: dict[str, int] = {}
        self.deduplicated: dict[str, int] = {}
        self.withdrawn = 0
        """Rows of earlier runs that a reload took out of the table."""

    def add(self, passed: Passed) -> None:
        """Enter one batch."""
        self.rejects.add(passed.rejects)
        self.changes.add(passed.changes)
        if passed.withheld is not None:
            self.withheld.add(passed.withheld)
        for label, rows in passed.filtered:
            self.filtered[label] = self.filtered.get(label, 0) + rows
        for keyed in passed.keys:
            spill = self._spills.setdefault(keyed.rule, KeySpill(self._folder))
            self._materials[keyed.rule] = keyed.material
            spill.add(keyed.hashes, rows=passed.kept.origin.row, rank=keyed.rank)
        if self._origins is not None and len(passed.kept):
            files = [self._numbers[name] for name in passed.kept.origin.files]
            self._origins.add(passed.kept.origin, file_numbers=files)

    def keep_places(self) -> None:
        """Remember where every row came from, since rows may be rejected after they were staged."""
        self._origins = OriginSpool(self._folder)

    def losers(self, raw_at: RawAt) -> Drops:
        """Settle every key, one rule after the other, and return the rows that do not stay.

        Rows that lose by a step's or the load's word count as deduplicated; those that break the contract go into
        quarantine.

        Args:
            raw_at: reads the raw records back for the quarantine.
        """
        dropped = Drops.of([])
        for rule, spill in self._spills.items():
            found = spill.losers(keep=rule.keep, without=dropped)
            if not len(found):
                continue
            if rule.reason is None:
                self.deduplicated[rule.label] = self.deduplicated.get(rule.label, 0) + len(found)
            else:
                for rows in found:
                    self.reject_late(rows, rule.reason, raw_at, stage="validate")
            dropped = Drops.of([*dropped, *found], folder=self._folder) if len(dropped) else found
        self._gone = dropped
        return dropped

    def hashed(self, key: tuple[str, ...], values: Sequence[pa.Array]) -> Hashes | None:
        """Hash some keys as those of the rows are hashed; None where the keys of the rows are not known.

        Args:
            key: the columns of the load's key.
            values: their values, of the contract's types.
        """
        rule = self._rule_of(key)
        if rule is None:
            return None
        return hash_key([pc.cast(column, pa.string()) for column in values], material=self._materials[rule])

    def brought(self, key: tuple[str, ...], hashes: Hashes) -> Mask:
        """Tell of some keys which of them a row has that is loaded, as far as rows have been rejected by now.

        Args:
            key: the columns of the load's key.
            hashes: their values, from ``hashed``.
        """
        rule = self._rule_of(key)
        if rule is None:
            return np.zeros(len(hashes), np.bool_)
        return self._spills[rule].holds(hashes, without=self._gone)

    def _rule_of(self, key: tuple[str, ...]) -> KeyRule | None:
        return next((rule for rule in self._spills if rule.columns == key and rule.reason is None), None)

    def reject_late(self, rows: Positions, reason: Reason, raw_at: RawAt, *, stage: Stage) -> None:
        """Put rows into quarantine that were staged already.

        Args:
            rows: their numbers in the dataset, rising.
            reason: what is wrong with all of them.
            raw_at: reads the raw records back.
            stage: the stage that rejects them.
        """
        if self._origins is None:
            raise EtlAgentError("rows were rejected late, but their places were not kept")
        self._gone = self._gone.joined(rows, folder=self._folder)
        places = self._origins.find(rows)
        names = tuple(self._numbers)
        for number in np.unique(places.file).tolist():
            here = places.file == number
            offset, length = places.offset[here], places.length[here]
            raw = raw_at(number, offset, length)
            origin = Origin(
                files=(names[number],),
                file=np.zeros(len(raw), np.int32),
                row=places.row[here],
                line=places.line[here],
                offset=offset,
                length=length,
                raw=(),  # the raw records stand beside it
            )
            self.rejects.add([_same_reason(origin, reason, tuple(raw), stage)])


def _same_reason(origin: Origin, reason: Reason, raw: tuple[bytes, ...], stage: Stage) -> Rejects:
    text = json.dumps([reason.as_dict()], ensure_ascii=False)
    return Rejects(
        origin=origin,
        stage=stage,
        step=None,
        reasons=pa.array([text] * len(origin), pa.string()),
        raw=raw,
        counts={reason: len(origin)},
    )


class HeldBack:
    """Hold back rows that may not be the first of their key, while the others already go into the table."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "held.arrow"
        self._sieves: dict[KeyRule, Sieve] = {}
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None

    def part(self, batch: Batch, keys: Sequence[Keyed]) -> Batch:
        """Return the rows that are certainly the first of all their keys, and keep the others."""
        doubt = np.zeros(len(batch), np.bool_)
        for keyed in keys:
            if keyed.early is None:
                raise EtlAgentError("rows are held back, but their keys were not hashed for it")
            doubt |= self._sieves.setdefault(keyed.rule, Sieve()).doubts(keyed.early)
        if doubt.any():
            self._keep(batch, doubt)
        return batch.keep(~doubt)

    def release(self, losers: Drops) -> Iterator[Batch]:
        """Yield the rows in doubt that stay after all.

        Raises:
            EtlAgentError: a row that does not stay was not held back, so it is in the table: our bug.
        """
        dropped = 0
        if self._writer is not None:
            self._writer.close()
            with pa.OSFile(str(self._path)) as file:
                for held in pa.ipc.open_stream(file):
                    rows = held.column(held.num_columns - 1).to_numpy()
                    gone = losers.contains(rows)
                    dropped += int(np.count_nonzero(gone))
                    data = held.select(list(range(held.num_columns - 1)))
                    yield Batch(data, _bare_origin(rows)).keep(~gone)
        if dropped != len(losers):
            raise EtlAgentError(f"{len(losers) - dropped} rows with a repeated key were not held back")

    def _keep(self, batch: Batch, doubt: Mask) -> None:
        held = batch.keep(doubt)
        # the row numbers stand in a last column, found by its place: its name may be taken by a column of the user's
        columns = [*held.data.columns, pa.array(held.origin.row)]
        schema = held.data.schema.append(pa.field("row", pa.int64()))
        data = pa.RecordBatch.from_arrays(columns, schema=schema)
        if self._writer is None:
            self._writer = pa.ipc.new_stream(self._path, schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))
        self._writer.write_batch(data)


def _bare_origin(rows: Positions) -> Origin:
    """Make an origin that tells rows apart and nothing else."""
    nothing = np.zeros(len(rows), np.int64)
    return Origin((), nothing.astype(np.int32), rows, nothing, nothing, nothing, ())
