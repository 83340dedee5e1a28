"""The columns of a pipeline on their way through its nodes: what is there, what is lacking, and what a column was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from etl_agent.clean.columns import Rename
from etl_agent.clean.python import PythonStep
from etl_agent.clean.step import Step, chosen, missing_columns
from etl_agent.decide.conditions import columns_of
from etl_agent.errors import ConfigurationError
from etl_agent.orchestrate.branch import Branch
from etl_agent.orchestrate.planner.given import Given, Source
from etl_agent.orchestrate.resolve import resolve
from etl_agent.orchestrate.router import Route
from etl_agent.orchestrate.sequential import Node, PipelineSpec, steps_of

__all__ = ["Lacking", "Walk", "brought", "history", "source_of", "unknown_to_contract", "walk"]


@dataclass(frozen=True, slots=True)
class Lacking:
    """A column that a node names and that is not there.

    Args:
        at: the node's place in ``clean``, counted from 0.
        node: the node itself, or the one in its arms that names the column.
        column: the column.
        names: the columns that are there.
    """

    at: int
    node: Node
    column: str
    names: tuple[str, ...]


@dataclass(slots=True)
class Walk:
    """The columns on their way through the nodes of a pipeline.

    Args:
        before: the columns before each node of ``clean``.
        after: the columns behind the last.
        lacking: columns that nodes name and that are not there.
        clashes: for nodes that cannot work on these columns, their place and what is wrong.
    """

    before: list[tuple[str, ...]] = field(default_factory=list)
    after: tuple[str, ...] = ()
    lacking: list[Lacking] = field(default_factory=list)
    clashes: list[tuple[int, str]] = field(default_factory=list)


def source_of(spec: PipelineSpec, given: Given) -> Source | None:
    """Return the dataset that a pipeline reads; None if it is none of those that were given."""
    files = set(spec.extract.files)
    same = [source for source in given.sources if set(source.files) == files]
    wider = [source for source in given.sources if set(source.files) > files]
    return next(iter((*same, *wider)), None)


def brought(spec: PipelineSpec, source: Source) -> tuple[str, ...]:
    """Name the columns that enter the first node: those of the files, and those that extract adds."""
    return tuple(dict.fromkeys((*source.columns, *spec.extract.add)))


def walk(nodes: Sequence[Node], names: Sequence[str]) -> Walk:
    """Walk columns through nodes.

    Args:
        nodes: what stands in ``clean``.
        names: the columns that enter.
    """
    found = Walk(after=tuple(names))
    for at, node in enumerate(nodes):
        found.before.append(found.after)
        found.after = _through(node, found.after, at=at, found=found)
    return found


def _through(node: Node, names: tuple[str, ...], *, at: int, found: Walk) -> tuple[str, ...]:
    lacking = tuple(name for name in _named(node, names) if name not in names)
    found.lacking += [Lacking(at, node, name, names) for name in lacking]
    match node:
        case Branch():
            arms = [_arm(arm, names, at=at, found=found) for arm in (node.then, node.otherwise)]
            return tuple(name for name in arms[0] if name in arms[1])
        case Step() if not isinstance(node, PythonStep):
            after = _after(node, (*names, *dict.fromkeys(lacking)), at=at, found=found)
            return tuple(name for name in after if name not in lacking)  # what it makes of them is there all the same
    return names


def _arm(nodes: Sequence[Node], names: tuple[str, ...], *, at: int, found: Walk) -> tuple[str, ...]:
    for node in nodes:
        names = _through(node, names, at=at, found=found)
    return names


def _after(step: Step, names: tuple[str, ...], *, at: int, found: Walk) -> tuple[str, ...]:
    try:
        after = step.names_after(names)
    except ConfigurationError as error:
        found.clashes.append((at, error.what))
        return names
    twice = sorted(name for name, times in Counter(after).items() if times > 1)
    if twice:
        found.clashes.append((at, f"two columns would have the same name: {', '.join(twice)}"))
    return tuple(dict.fromkeys(after))


def _named(node: Node, names: tuple[str, ...]) -> tuple[str, ...]:
    """Name the columns that must be there for a node."""
    match node:
        case Branch():
            return columns_of(node.when)
        case Route():
            return chosen(node.columns, names)
        case PythonStep():
            return ()
        case Step():
            return missing_columns(node, names)


def unknown_to_contract(spec: PipelineSpec, names: Sequence[str], *, required: dict[str, bool]) -> tuple[str, ...]:
    """Name the columns of the files that reach a contract which does not know them.

    Args:
        spec: the pipeline.
        names: the columns that its files bring.
        required: for each column of the contract whether it must be there.
    """
    try:
        plan = resolve(spec.name, tuple(steps_of(spec.clean)), brought=names, contract=required, digest="")
    except ConfigurationError:
        return ()  # it is told as what it is: a step that cannot work
    return plan.unknown


def history(
    spec: PipelineSpec, names: Sequence[str], *, column: str, walked: Walk | None = None
) -> tuple[str, tuple[Step, ...]] | None:
    """Tell which column of the files a column was, and the steps that write it, each for that column alone.

    Args:
        spec: the pipeline.
        names: the columns that its files bring.
        column: a column behind the last node.
        walked: the walk of these columns through the nodes, where many columns are asked for.

    Returns:
        The name that it has in the files and the steps in order, all for that name; None where the column comes from
        elsewhere, or where something that is chosen in the run works on it.
    """
    steps: list[Step] = []
    walked, name = walked or walk(spec.clean, names), column
    for node, before in reversed(list(zip(spec.clean, walked.before, strict=True))):
        match node:
            case Rename() if name in node.columns.values():
                name = next(old for old, new in node.columns.items() if new == name)
            case Branch() if any(_touches(step, before, name) for step in steps_of(node.nodes)) or _routes(node, name):
                return None
            case Route() if name in chosen(node.columns, before):
                return None
            case PythonStep():
                return None
            case Step() if _touches(node, before, name):
                if not _narrows(node, before):
                    return None
                steps.append(node)
    if name not in names:
        return None
    return name, tuple(step.model_copy(update={"columns": (name,)}) for step in reversed(steps))


def _routes(branch: Branch, column: str) -> bool:
    nodes: Iterator[Node] = iter(branch.nodes)
    return any(
        (isinstance(node, Route) and (node.columns == "all" or column in node.columns))
        or (isinstance(node, Branch) and _routes(node, column))
        for node in nodes
    )


def _touches(step: Step, names: Sequence[str], column: str) -> bool:
    return isinstance(step, PythonStep) or column in step.writes(names)


def _narrows(step: Step, names: Sequence[str]) -> bool:
    """Tell whether a step does to each of its columns what it would do to that column alone."""
    columns = getattr(step, "columns", None)
    if columns is None or not (columns == "all" or isinstance(columns, tuple)):
        return False
    return set(step.reads(names)) == set(step.writes(names)) == set(chosen(columns, names))
