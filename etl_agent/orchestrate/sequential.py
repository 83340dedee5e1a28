"""What a pipeline file says: the only place where the specs of all stages meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Union

from pydantic import Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from etl_agent.clean.step import Step
from etl_agent.clean.union import AnyStep
from etl_agent.errors import did_you_mean
from etl_agent.extract.spec import Extract
from etl_agent.frozen import Frozen, Names, by_key
from etl_agent.load.spec import Load
from etl_agent.orchestrate.branch import Branch
from etl_agent.orchestrate.located import Path
from etl_agent.orchestrate.mistakes import SEVERAL
from etl_agent.orchestrate.router import Route
from etl_agent.validate.spec import Validate

__all__ = ["NODES", "Node", "PipelineSpec", "Said", "StepList", "routes_of", "steps_of", "waits_for_evidence"]

Said = tuple[Path, str]
"""What is wrong, after the path of the key that says it."""

NODES: Mapping[str, Any] = {"step": AnyStep, "route": Route, "when": Branch}
"""What may stand in ``clean``, by the one key that tells it from the others."""


if TYPE_CHECKING:
    Node = Step | Route | Branch
else:
    Node = Annotated[
        Union[tuple(Annotated[node, Tag(key)] for key, node in NODES.items())],  # noqa: UP007  the members are a table
        by_key(NODES),
    ]
    """A cleaning step, or what is resolved into cleaning steps."""
    Branch.model_rebuild(_types_namespace={"Node": Node})


def steps_of(nodes: Iterable[Node]) -> Iterator[Step]:
    """Return every step that stands in a list of nodes, also those in the arms of branches."""
    for node in nodes:
        match node:
            case Branch():
                yield from steps_of(node.nodes)
            case Step():
                yield node


def routes_of(nodes: Iterable[Node]) -> Iterator[Route]:
    """Return every route, also those in the arms of branches."""
    for node in nodes:
        match node:
            case Branch():
                yield from routes_of(node.nodes)
            case Route():
                yield node


def waits_for_evidence(nodes: Iterable[Node]) -> bool:
    """Tell whether any node must look at the data before it is known what runs."""
    return any(not isinstance(node, Step) for node in nodes)


class PipelineSpec(Frozen):
    """One dataset, one table, one transaction: extract, validate, clean, load, always in this order."""

    version: Literal[1]
    """The version of the file format."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=63)]
    """The name of the pipeline: letters, digits, ``_`` and ``-``."""
    description: str = ""
    """What the pipeline is for."""
    needs: Names = ()
    """The pipeline, or the pipelines, that run before this one, when several run together."""
    extract: Extract
    """What to read."""
    validation: Validate = Field(default=Validate(), alias="validate")
    """What good rows are, and what becomes of the others."""
    clean: tuple[Node, ...] = ()
    """The cleaning steps, and the routes and branches that become steps, in their order."""
    on_profile_drift: Literal["fail", "rules", "reroute"] = "fail"
    """What happens where the data do not look any more as they did when the lock was made: the run is refused, rules
    alone choose anew, or every route chooses anew by its own policy."""
    load: Load
    """Where the rows go, and how."""
    commit: Literal["run"] = "run"
    """What is one transaction: ``run``, all files together."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        """Check what concerns several sections; what concerns one is checked there."""
        said = [*self._on_needs(), *self._on_columns(), *self._on_routes()]
        if said:
            raise PydanticCustomError(SEVERAL, "the sections do not agree", {"mistakes": said})
        return self

    def _on_needs(self) -> Iterable[Said]:
        for place, name in enumerate(self.needs):
            if name == self.name:
                yield ("needs", place), "a pipeline cannot need itself"
            elif name in self.needs[:place]:
                yield ("needs", place), f"{name!r} stands there twice"

    def _on_routes(self) -> Iterable[Said]:
        names = [route.route for route in routes_of(self.clean)]
        for name in dict.fromkeys(names):
            if names.count(name) > 1:
                yield ("clean",), f"two routes are called {name!r}; a lock tells them apart by their names"

    def _on_columns(self) -> Iterable[Said]:
        """Check the columns that the load names, where the contract stands in the file and lets in no others."""
        contract = self.validation.contract
        if not isinstance(contract, Mapping) or self.validation.drift.columns == "evolve":
            return
        named: list[Said] = [(("load", "primary_key", at), name) for at, name in enumerate(self.load.primary_key)]
        named += [
            (("load", "indexes", at, place), name)
            for at, index in enumerate(self.load.indexes)
            for place, name in enumerate(index)
        ]
        if self.load.newest_by:
            named.append((("load", "newest_by"), self.load.newest_by))
        for path, name in named:
            if name not in contract:
                hint = did_you_mean(name, contract)
                yield path, f"the contract has no column {name!r}{hint}; it has: {', '.join(contract)}"


class StepList(Frozen):
    """The cleaning steps of a file that holds nothing else."""

    clean: tuple[Node, ...]
    """The cleaning steps, and the routes and branches that become steps, in their order."""
