"""Holding a dataset against the profile in a lock while its rows flow by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from etl_agent.errors import Drifted, Unfit
from etl_agent.profile.fingerprint import Difference, Fingerprint, differences
from etl_agent.profile.sample import SAMPLE_ROWS, RowSample

if TYPE_CHECKING:
    from etl_agent.rejects import Verdict

__all__ = ["Watch", "drifted"]

_SHOWN = 5


class Watch:
    """Sample the rows that flow by, and tell at their end whether they look as they did.

    Args:
        before: the profile in the lock.
        command: what a person types to accept the data as they are.
        pipeline: the pipeline, for errors.
    """

    def __init__(self, before: Fingerprint, *, command: str, pipeline: str) -> None:
        self._before = before
        self._command = command
        self._pipeline = pipeline
        self._sample = RowSample()
        self._waiting: list[RowSample] = []

    def over(self, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
        """Let batches through, and keep some of their rows."""
        for verdict in verdicts:
            kept = verdict.kept
            self._waiting.append(RowSample.of(kept.data, kept.origin.row, limit=self._sample.limit))
            if sum(map(len, self._waiting)) >= SAMPLE_ROWS:
                self._merge()
            yield verdict

    def check(self) -> None:
        """Refuse a dataset that does not look any more as it did.

        Raises:
            Drifted: with every difference.
        """
        self._merge()
        if self._sample.data is not None:
            found = differences(self._before, self._sample.data)
            if found:
                raise drifted(found, pipeline=self._pipeline, command=self._command)

    def _merge(self) -> None:
        self._sample, self._waiting = self._sample.combine(*self._waiting, stratified=False), []


def drifted(found: tuple[Difference, ...], *, pipeline: str, command: str) -> Drifted:
    """Make the error for a dataset that has drifted from its lock.

    Args:
        found: how it differs.
        pipeline: the pipeline.
        command: what a person types to accept the data as they are.
    """
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return Drifted(
        f"the data no longer look as they did when the lock was made: {'; '.join(map(str, found[:_SHOWN]))}{more}",
        where=pipeline,
        next_command=f"{command} --diff, then {command}",
        unfit=[Unfit(each.column, "looks") for each in found],
    )
