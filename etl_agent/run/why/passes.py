"""Passes over the files of a run that find records, tell what became of them, and which record won over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from etl_agent.batch import Positions
from etl_agent.clean.step import CarryStep, KeyStep
from etl_agent.keys import Drops, KeySpill
from etl_agent.rejects import Verdict
from etl_agent.run.why.life import Life, Place, Walked, life_of
from etl_agent.run.why.watched import WatchedChain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from etl_agent.run.chain import KeyRule, Passed
    from etl_agent.run.why.reopening import Reopened

__all__ = ["Search", "lives"]

_ROWS = 65_536


class Search(Protocol):
    """Which records are looked for."""

    by_line: bool
    """Whether one record is meant, the last of those that are found, and known before any step."""

    def among(self, entered: Verdict) -> Positions:
        """Return the numbers of the records of a batch that are known before any step."""

    def after(self, walked: Sequence[Walked], passed: Passed) -> Positions:
        """Return the numbers of the records of a batch that are known by what the steps made of them."""

    def over(self, entered: Verdict) -> bool:
        """Whether no later batch needs to be looked at."""


@dataclass(slots=True)
class _Mark:
    """A record that was found, and its key under each rule."""

    row: int
    keys: dict[KeyRule, NDArray[np.uint64]] = field(default_factory=dict)
    lost: KeyRule | None = None
    winner: Place | None = None


def lives(files: Reopened, search: Search, *, most: int) -> tuple[Life, ...]:
    """Tell the lives of the records that are looked for, at most so many, those that were kept first.

    Where no key is asked to be unique, one pass is made, and it stops as soon as the search is over. Else the keys of
    all rows are settled as the run settled them, and a second pass tells the lives.

    Args:
        files: the files of a run, and its plan.
        search: the records.
        most: lives to tell.
    """
    chain = WatchedChain(files.prepared, files.spec)
    if not _has_keys(files):
        return tuple(_streamed(files, chain, search, most))
    marks, settled = _marked(files, chain, search)
    chosen = sorted(marks, key=lambda mark: mark.lost is not None)[:most]
    chain.again()
    found = _told(files, chain, chosen, settled)
    ended = [
        replace(life, ending="deduplicated", by=mark.lost.label, winner=mark.winner, loaded={})
        if mark.lost is not None
        else life
        for mark in chosen
        if (life := found.get(mark.row)) is not None
    ]
    return tuple(ended)


def _has_keys(files: Reopened) -> bool:
    return bool(files.prepared.rules) or any(isinstance(each.step, KeyStep) for each in files.prepared.plan.steps)


def _carries(files: Reopened) -> bool:
    return any(isinstance(each.step, CarryStep) for each in files.prepared.plan.steps)


def _batches(files: Reopened) -> Iterator[Verdict]:
    return files.dataset.batches(rows=_ROWS, digest=False)


def _streamed(files: Reopened, chain: WatchedChain, search: Search, most: int) -> list[Life]:
    """Make one pass, and tell each record as it comes by."""
    alone = search.by_line and not _carries(files)
    found: list[Life] = []
    for batch in _batches(files):
        known = search.among(batch)
        # where no other row has a part in what becomes of these, the others need not come along
        entered = Verdict(batch.kept.keep(np.isin(batch.kept.origin.row, known)), batch.rejects) if alone else batch
        passed = chain.run(entered)
        rows = np.union1d(known, search.after(chain.walked, passed))
        told = (_life(int(row), entered, chain, passed, files) for row in rows.tolist())
        found += [life for life in told if life is not None]
        found = found[-1:] if search.by_line else found[:most]
        if search.over(batch) or (len(found) >= most and not search.by_line):
            break
    return found


def _life(row: int, entered: Verdict, chain: WatchedChain, passed: Passed, files: Reopened) -> Life | None:
    return life_of(row, entered=entered, walked=chain.walked, passed=passed, door=files.prepared.door)


@dataclass(frozen=True, slots=True)
class _Settled:
    """The rows that had left when a rule was settled, those that lost by it among them."""

    gone: dict[KeyRule, Drops]


def _marked(files: Reopened, chain: WatchedChain, search: Search) -> tuple[list[_Mark], _Settled]:
    """Find the records, and settle every key over the whole dataset as the run did."""
    marks: list[_Mark] = []
    spills: dict[KeyRule, KeySpill] = {}
    over = False
    for entered in _batches(files):
        passed = chain.run(entered)
        rows = passed.kept.origin.row
        if not over:
            wanted = np.union1d(search.among(entered), search.after(chain.walked, passed))
            for row in wanted.tolist():
                mark = _Mark(int(row))
                at = np.flatnonzero(rows == row)
                mark.keys = {keyed.rule: keyed.hashes[at[0]] for keyed in passed.keys} if len(at) else {}
                marks = [mark] if search.by_line else [*marks, mark]
            over = search.over(entered)
        for keyed in passed.keys:
            spills.setdefault(keyed.rule, KeySpill(files.scratch)).add(keyed.hashes, rows=rows, rank=keyed.rank)
    return marks, _settled(marks, spills, files)


def _settled(marks: Sequence[_Mark], spills: dict[KeyRule, KeySpill], files: Reopened) -> _Settled:
    """Settle one rule after the other, as ``Books.losers`` does, and note by which a record lost."""
    gone: dict[KeyRule, Drops] = {}
    left = Drops.of([])
    for rule, spill in spills.items():
        lost = spill.losers(keep=rule.keep, without=left)
        if not len(lost):
            continue
        left = Drops.of([*left, *lost], folder=files.scratch) if len(left) else lost
        numbers = np.array([mark.row for mark in marks], np.int64)
        for mark, gave_way in zip(marks, lost.contains(numbers).tolist(), strict=True):
            if gave_way and mark.lost is None:
                mark.lost = rule
                gone[rule] = left
    return _Settled(gone)


def _told(files: Reopened, chain: WatchedChain, marks: Sequence[_Mark], settled: _Settled) -> dict[int, Life]:
    """Make a second pass: the lives of the records, and who won over those that lost."""
    found: dict[int, Life] = {}
    for entered in _batches(files):
        passed = chain.run(entered)
        for mark in marks:
            if mark.row not in found and (life := _life(mark.row, entered, chain, passed, files)) is not None:
                found[mark.row] = life
            if mark.lost is not None and mark.winner is None:
                mark.winner = _winner(mark, mark.lost, passed, settled)
        if len(found) == len(marks) and all(mark.lost is None or mark.winner for mark in marks):
            break
    return found


def _winner(mark: _Mark, rule: KeyRule, passed: Passed, settled: _Settled) -> Place | None:
    """Find the row of a batch that has the same key and did not leave."""
    hashes = next((keyed.hashes for keyed in passed.keys if keyed.rule == rule), None)
    if hashes is None:
        return None
    origin = passed.kept.origin
    same = np.flatnonzero((hashes == mark.keys[rule]).all(axis=1))
    for at in same[~settled.gone[rule].contains(origin.row[same])].tolist():
        return Place(origin.files[int(origin.file[at])], int(origin.line[at]))
    return None
