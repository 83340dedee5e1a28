"""Routes: a node that looks at the dataset and picks one named cleaning strategy."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from etl_agent.clean.step import Columns
from etl_agent.decide.policies import RoutePolicy
from etl_agent.frozen import Frozen, Name, SomeNames

__all__ = ["Route"]


class Route(Frozen):
    """Choose one of several cleaning strategies by the look of the data; every step it brings passes the gate."""

    route: Name
    """What to call the choice in the record and in a lock."""
    columns: Columns = "all"
    """The columns that the strategies work on."""
    among: Annotated[SomeNames, Field(min_length=1)]
    """The strategies to choose from: shipped ones, your own in pipelines/strategies/, ``auto`` (composed for this
    dataset) and ``leave`` (do nothing)."""
    by: RoutePolicy = "auto"
    """Who chooses. ``rule``: the first strategy whose own conditions hold. ``trial``: each is run on the sample, and
    the one that leaves it best is taken. ``model``: a model is asked, and rules and trial stand in where it fails.
    ``auto``: rules, then trial."""
    otherwise: Name = "leave"
    """The strategy that is taken where nobody can choose."""

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if len(set(self.among)) < len(self.among):
            raise ValueError("a strategy stands in among twice")
        return self

    @property
    def strategies(self) -> tuple[str, ...]:
        """Every strategy that may be taken."""
        return tuple(dict.fromkeys((*self.among, self.otherwise)))
