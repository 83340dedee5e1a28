"""A run's chain of steps that keeps what each step made of the batch at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl_agent.run.chain import Chain
from etl_agent.run.why.life import Walked

if TYPE_CHECKING:
    from etl_agent.clean.step import Step
    from etl_agent.orchestrate.sequential import PipelineSpec
    from etl_agent.rejects import Verdict
    from etl_agent.run.chain import _Walk
    from etl_agent.run.prepare import Prepared

__all__ = ["WatchedChain"]


class WatchedChain(Chain):
    """The chain that the runner makes of a prepared pipeline; batches go through it one after the other.

    Args:
        prepared: the pipeline, prepared on the files that are read.
        spec: the pipeline.
    """

    def __init__(self, prepared: Prepared, spec: PipelineSpec) -> None:
        super().__init__(
            prepared.fits.of_file,
            door=prepared.door,
            contract=prepared.contract,
            rules=prepared.rules,
            not_null=spec.load.primary_key,
            known=lambda _step, _column: None,
        )
        self.walked: list[Walked] = []
        """The last batch before and after each step."""

    def again(self) -> None:
        """Begin another pass: what steps carried from row to row is forgotten, the hashes of keys stay the same."""
        self._states.clear()

    def _cleaned(self, verdict: Verdict) -> _Walk:
        self.walked = []
        return super()._cleaned(verdict)

    def _step(self, walk: _Walk, label: str, step: Step) -> None:
        before = walk.batch
        super()._step(walk, label, step)
        self.walked.append(Walked(label, step, before, walk.batch))
