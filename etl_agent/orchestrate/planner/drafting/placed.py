"""A node on its way into a pipeline, with why it is there."""

from __future__ import annotations

from dataclasses import dataclass

from etl_agent.orchestrate.planner.draft import By
from etl_agent.orchestrate.sequential import Node

__all__ = ["Placed"]


@dataclass(frozen=True)
class Placed:
    """A node of a pipeline, why it is there, and who wants it."""

    node: Node
    reason: str
    by: By
