"""What a family of repairs looks at: one finding of a draft, and what may be changed for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.planner.given import Given, Source
from etl_agent.orchestrate.planner.revising.editing import Edited, contract_of
from etl_agent.orchestrate.planner.revising.trying import Trial, trial
from etl_agent.orchestrate.planner.revising.walking import Walk, brought, source_of, walk
from etl_agent.orchestrate.sequential import Node, PipelineSpec
from etl_agent.rejects import ReasonCode
from etl_agent.validate.spec import ColumnContract

__all__ = ["Case", "Possible", "Rank", "is_said"]

Rank = Literal["exact", "lossless", "loosened", "left out", "not enough"]
"""exact: every promise stays, and enough rows keep it. lossless: another promise that all values keep. loosened: a
guess is taken back. left out: something that was guessed to be useful is not done. not enough: more rows keep a
promise than before, and still too few."""


@dataclass(frozen=True)
class Possible:
    """A change that one finding suggests.

    Args:
        family: what kind of change, in closed words.
        description: what it does, as one sentence without text of cells.
        rank: how much is given up for it.
        change: makes the change in a draft in which others may have been made before.
    """

    family: str
    description: str
    rank: Rank
    change: Callable[[PlanDraft], Edited]


def is_said(draft: PlanDraft, pipeline: str, key: str) -> bool:
    """Tell whether the user said what stands at a key, something below it, or all that it is a part of."""
    if draft.said(pipeline, key):
        return True
    return any(
        point.by == "goal" and point.pipeline == pipeline and point.key and key.startswith(f"{point.key}.")
        for point in draft.points
    )


@dataclass(frozen=True)
class Case:
    """One finding of a draft.

    Args:
        draft: the draft.
        finding: the finding; its pipeline is in the draft, and not committed.
        given: what the user gave.
        committed: pipelines that have run, by name.
    """

    draft: PlanDraft
    finding: Finding
    given: Given
    committed: Collection[str] = ()

    @cached_property
    def spec(self) -> PipelineSpec:
        """The pipeline."""
        return self.draft.pipeline(self.finding.pipeline)

    @property
    def name(self) -> str:
        """The name of the pipeline."""
        return self.finding.pipeline

    @property
    def contract(self) -> Mapping[str, ColumnContract]:
        """The contract that stands in the pipeline."""
        return contract_of(self.spec)

    @property
    def column(self) -> str | None:
        """The column, where the finding concerns one."""
        return self.finding.column

    @property
    def promised(self) -> ColumnContract | None:
        """What the contract promises of the column."""
        return self.contract.get(self.finding.column or "")

    @cached_property
    def source(self) -> Source | None:
        """The dataset that the pipeline reads."""
        return source_of(self.spec, self.given)

    @cached_property
    def walked(self) -> Walk:
        """The columns on their way through ``clean``."""
        return walk(self.spec.clean, brought(self.spec, self.source) if self.source else ())

    @cached_property
    def tried(self) -> Trial | None:
        """The column of the sample, as it reaches the contract."""
        return trial(self.spec, self.given, column=self.column) if self.column is not None else None

    @cached_property
    def stops(self) -> bool:
        """Whether the pipeline does not load because of the finding."""
        return self.finding.kind not in ("rejected", "gate_refused")

    @property
    def code(self) -> ReasonCode | None:
        """Why rows are rejected, or would be if the pipeline were not refused for it."""
        frozen = self.finding.kind == "drifted" and self.finding.key == f"validate.contract.{self.column}"
        return "type-error" if frozen else self.finding.code

    @property
    def allowed(self) -> float:
        """The share of rows (0 to 1) that may be rejected."""
        return self.spec.validation.max_reject_share

    @property
    def place(self) -> int | None:
        """The place in ``clean`` that the finding is about."""
        first, _, rest = self.finding.key.partition(".")
        number = rest.partition(".")[0]
        if first != "clean" or not number.isdecimal() or int(number) >= len(self.spec.clean):
            return None
        return int(number)

    @property
    def node(self) -> Node | None:
        """The node of ``clean`` that the finding is about."""
        return None if self.place is None else self.spec.clean[self.place]

    @property
    def promise(self) -> str | None:
        """The key of the column's contract that the finding is about: ``type``, ``nullable``, ``min`` and so on."""
        start = f"validate.contract.{self.column}."
        return self.finding.key.removeprefix(start) if self.finding.key.startswith(start) else None

    def said(self, key: str) -> bool:
        """Tell whether the user said what stands at a key of the pipeline."""
        return is_said(self.draft, self.name, key)

    def guessed(self, *names: str) -> bool:
        """Tell whether nothing at some keys of the column's contract was said by the user."""
        return not any(self.said(f"validate.contract.{self.column}.{name}") for name in names)
