"""The draft that a goal becomes: pipelines in their order, and for each choice in them who made it and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from etl_agent.frozen import Frozen
from etl_agent.orchestrate.sequential import PipelineSpec

__all__ = ["By", "PlanDraft", "Point", "Settled"]

By = Literal["goal", "profile", "model", "default", "evidence"]
"""goal: words of the user's. profile: what the data look like. model: a model chose. default: nobody said anything.
evidence: a revision, after something was measured."""

Settled = tuple[str, str, By]
"""A choice on its way to a draft: the key that it settles, within its section, the reason, and who chose."""


class Point(Frozen):
    """A choice in a draft."""

    pipeline: str
    """The name of the pipeline."""
    key: str
    """The key of the pipeline file that it settles, with dots: ``load.primary_key``, ``validate.contract.email``; a
    step is ``clean`` with its place, counted from 0: ``clean.2``."""
    reason: str
    """Why, as one sentence without text of cells."""
    by: By
    """Who chose."""


class PlanDraft(Frozen):
    """Pipelines for a goal."""

    goal: str
    """What the user wants, in words."""
    pipelines: tuple[PipelineSpec, ...]
    """The pipelines, in the order in which they run."""
    points: tuple[Point, ...] = ()
    """The choices in them."""
    not_understood: tuple[str, ...] = ()
    """Words of the goal that nothing was made of."""
    unclear: tuple[str, ...] = ()
    """Those of them that could change what is destroyed, what is loaded, or where rows go."""
    left_out: tuple[str, ...] = ()
    """Datasets that were given and that the goal does not ask for."""
    maker: Literal["rules", "model"] = "rules"
    """Whether a model took part."""
    notes: tuple[str, ...] = ()
    """What a person should know of the making: a model that did not answer, choices of it that were not taken."""

    def pipeline(self, name: str) -> PipelineSpec:
        """Return the pipeline of a name that is known to be there."""
        return next(spec for spec in self.pipelines if spec.name == name)

    def points_of(self, pipeline: str, key: str) -> Iterator[Point]:
        """Return the choices at a key of a pipeline and below it."""
        for point in self.points:
            if point.pipeline == pipeline and (point.key == key or point.key.startswith(f"{key}.")):
                yield point

    def said(self, pipeline: str, key: str) -> bool:
        """Tell whether a choice is the user's own, which no revision may change."""
        return any(point.by == "goal" for point in self.points_of(pipeline, key))

    def with_pipeline(self, other: PlanDraft, name: str) -> PlanDraft:
        """Take one pipeline, and the choices in it, from another draft of the same pipelines."""
        specs = tuple(other.pipeline(name) if spec.name == name else spec for spec in self.pipelines)
        points = [point for point in self.points if point.pipeline != name]
        points += [point for point in other.points if point.pipeline == name]
        return self.model_copy(update={"pipelines": specs, "points": tuple(points)})
