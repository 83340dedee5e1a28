"""What the model is told of a draft that was tried: findings as numbers and codes, and the repairs by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from etl_agent.decide.telling import labels, looks_like_a_name, one_line, without_values
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.planner.given import Given
from etl_agent.orchestrate.planner.revising.editing import contract_of
from etl_agent.orchestrate.planner.revision import Repair

__all__ = ["ToldTrial"]

_GOAL = 2000  # characters
_FINDINGS = 60
_REPAIRS = 40


@dataclass(frozen=True)
class ToldTrial:
    """What is told of findings and repairs.

    The sentences of findings and repairs are not told: they name columns, and headers are text from files.

    Args:
        draft: the draft that was tried.
        findings: what was found.
        offered: the repairs to choose among.
        given: what the user gave.
    """

    draft: PlanDraft
    findings: Sequence[Finding]
    offered: Sequence[Repair]
    given: Given

    @cached_property
    def repairs(self) -> Mapping[str, Repair]:
        """The repairs, by label."""
        return {f"repair {number}": repair for number, repair in enumerate(self.offered[:_REPAIRS], 1)}

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Everything that is told, as plain data."""
        return {
            "goal": one_line(without_values(self.draft.goal), most=_GOAL),
            "findings": [self._finding(number, found) for number, found in enumerate(self.findings[:_FINDINGS], 1)],
            "findings_not_shown": len(self.findings[_FINDINGS:]),
            "repairs": [self._repair(label, each) for label, each in self.repairs.items()],
        }

    def _finding(self, number: int, found: Finding) -> dict[str, Any]:
        return {
            "number": number,
            "kind": found.kind,
            "pipeline": self._pipelines[found.pipeline],
            "column": self._columns.get(found.column or ""),
            "code": found.code,
            "step": found.step if found.step and looks_like_a_name(found.step) else None,
            "rows": found.rows,
            "share": round(found.share, 4),
        }

    def _repair(self, label: str, repair: Repair) -> dict[str, Any]:
        family = repair.name.rpartition(": ")[2]
        answers = [number for number, found in enumerate(self.findings[:_FINDINGS], 1) if found in repair.answers]
        return {"name": label, "does": family if looks_like_a_name(family) else None, "answers": answers}

    @cached_property
    def _pipelines(self) -> Mapping[str, str]:
        names = [*(spec.name for spec in self.draft.pipelines), *(found.pipeline for found in self.findings)]
        return labels(dict.fromkeys(names), what="pipeline")

    @cached_property
    def _columns(self) -> Mapping[str, str]:
        """How the columns of the findings are told; sensitive ones are not."""
        secret = {name for source in self.given.sources for name in source.sensitive}
        for spec in self.draft.pipelines:
            secret |= {name for name, column in contract_of(spec).items() if column.sensitive}
        known = [name for source in self.given.sources for name in source.columns]
        named = [found.column for found in self.findings if found.column]
        called = labels(dict.fromkeys([*known, *named]))
        return {name: label for name, label in called.items() if name not in secret}
