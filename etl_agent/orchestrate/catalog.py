"""Everything that pipeline and strategy files may say, and everything that a run may answer, read from the code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from inspect import cleandoc, getmodule
from typing import Literal, get_args

from pydantic import BaseModel

from etl_agent.clean.examples import Example, examples
from etl_agent.clean.step import Step
from etl_agent.clean.union import FAMILIES
from etl_agent.decide.comparison import Compared
from etl_agent.decide.conditions import AllOf, AnyOf, Not, leaves
from etl_agent.decide.propose import PROPOSERS, Proposer, family_of
from etl_agent.decide.strategies import known_strategies
from etl_agent.decide.strategy import SPECIAL, Selector, Strategy
from etl_agent.decide.strategy import Example as StrategyExample
from etl_agent.decide.vocabulary import MEASURES
from etl_agent.errors import EtlAgentError
from etl_agent.extract.spec import AddColumn, Extract
from etl_agent.load.spec import Load
from etl_agent.orchestrate.branch import Branch
from etl_agent.orchestrate.described import Parameter, documented, parameters_of
from etl_agent.orchestrate.meanings import (
    DRIFT_MODES,
    FINDINGS,
    MERGE_STRATEGIES,
    OTHER_CODES,
    POLICIES,
    REASONS,
    SEMANTIC_KINDS,
    WRITE_DISPOSITIONS,
)
from etl_agent.orchestrate.planner.wishes import Wish
from etl_agent.orchestrate.router import Route
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.validate.spec import ColumnContract, Compare, Drift, Validate

__all__ = ["BOUNDS", "KINDS", "Entry", "Kind", "catalogue"]

Kind = Literal[
    "step",
    "section",
    "strategy",
    "family of dirt",
    "condition",
    "measure",
    "semantic kind",
    "policy",
    "write disposition",
    "merge strategy",
    "drift mode",
    "reject reason",
    "wish",
    "finding",
    "exit code",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

CONDITIONS: Mapping[str, type[BaseModel]] = {"all": AllOf, "any": AnyOf, "not": Not}
"""The conditions that are made of others."""

_WISHES: tuple[type[BaseModel], ...] = get_args(get_args(Wish)[0])
"""What a goal may ask for."""

_UNSAID: Mapping[str, frozenset[str]] = {
    "measure": frozenset({"measure"}),
    "wish": frozenset({"wish", "words", "by"}),
}
"""Keys of a kind's members that tell them apart, or say where they come from; the entry's name stands for them."""

BOUNDS = tuple(Compared.model_fields)
"""The keys with which measures that are numbers are compared."""

SECTIONS: Mapping[str, type[BaseModel]] = {
    "pipeline": PipelineSpec,
    "extract": Extract,
    "extract.add.<column>": AddColumn,
    "validate": Validate,
    "validate.contract.<column>": ColumnContract,
    "validate.checks[]": Compare,
    "validate.drift": Drift,
    "clean.route": Route,
    "clean.when": Branch,
    "load": Load,
    "strategy file": Strategy,
    "strategy file.columns": Selector,
    "strategy file.examples[]": StrategyExample,
}
"""The parts of a pipeline file, by their path, and those of a strategy file; cleaning steps have entries of their
own."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the catalogue knows.

    Args:
        kind: what it is.
        name: as it is written in a file or printed by a run.
        summary: one sentence.
        family: the family of a step.
        scope: the scope of a step.
        change: what a step changes.
        version: the version of a step.
        description: the text below the summary.
        parameters: the keys.
        examples: before and after.
    """

    kind: Kind
    name: str
    summary: str
    family: str | None = None
    scope: str | None = None
    change: str | None = None
    version: int | None = None
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    examples: tuple[Example, ...] = ()


def catalogue(strategies: Mapping[str, Strategy] | None = None) -> tuple[Entry, ...]:
    """List every member of every vocabulary, kind by kind.

    Args:
        strategies: the strategies of a project by name; without, those that are shipped.
    """
    known = known_strategies() if strategies is None else strategies
    words: Mapping[Kind, Iterable[tuple[str, str]]] = {
        "semantic kind": SEMANTIC_KINDS.items(),
        "policy": POLICIES.items(),
        "write disposition": WRITE_DISPOSITIONS.items(),
        "merge strategy": MERGE_STRATEGIES.items(),
        "drift mode": DRIFT_MODES.items(),
        "reject reason": sorted(REASONS.items()),
        "finding": FINDINGS.items(),
        "exit code": [(str(code), text) for code, text in sorted(_exit_codes().items())],
    }
    return (
        *(_step(step, family) for family, steps in FAMILIES.items() for step in steps),
        *(_spec("section", name, model) for name, model in SECTIONS.items()),
        *map(_strategy, known.values()),
        *map(_family, PROPOSERS),
        *(_spec("condition", name, model) for name, model in CONDITIONS.items()),
        *(_spec("measure", _literal(model, "measure"), model) for model in MEASURES),
        *(_spec("wish", _literal(model, "wish"), model) for model in _WISHES),
        *(Entry(kind, name, text) for kind, members in words.items() for name, text in members),
    )


def _step(step: type[Step], family: str) -> Entry:
    summary, description = documented(step)
    return Entry(
        "step",
        str(step.model_fields["step"].default),
        summary,
        family=family,
        scope=step.scope,
        change=step.change,
        version=step.version,
        description=description,
        parameters=tuple(parameter for parameter in parameters_of(step) if parameter.name != "step"),
        examples=examples(step),
    )


def _spec(kind: Kind, name: str, model: type[BaseModel]) -> Entry:
    summary, description = documented(model)
    parameters = [parameter for parameter in parameters_of(model) if parameter.name not in _UNSAID.get(kind, ())]
    parameters.sort(key=lambda parameter: parameter.name in BOUNDS)  # what it is of, then what it is compared with
    return Entry(kind, name, summary, description=description, parameters=tuple(parameters))


def _literal(model: type[BaseModel], field: str) -> str:
    return str(get_args(model.model_fields[field].annotation)[0])


def _strategy(strategy: Strategy) -> Entry:
    summary, _, more = " ".join(strategy.description.split()).partition(". ")
    steps = dict.fromkeys(step.name for step in strategy.clean)
    parts = [f"Steps: {', '.join(steps)}." if steps else "", _proposed(strategy), _suits(strategy)]
    return Entry(
        "strategy",
        strategy.name,
        summary if summary.endswith(".") else f"{summary}.",
        description="\n\n".join(part for part in (more, *parts) if part),
        examples=tuple(map(_example, strategy.examples)),
    )


def _proposed(strategy: Strategy) -> str:
    if strategy.propose == "all":
        return "Steps are composed for every family of dirt."
    return f"Steps are composed for: {', '.join(strategy.propose)}." if strategy.propose else ""


def _suits(strategy: Strategy) -> str:
    if strategy.name in SPECIAL:
        return ""
    if not strategy.suits:
        return "No rule chooses it."
    return f"Suits data with {', and '.join(map(_looked_up, strategy.suits))}."


def _looked_up(selector: Selector) -> str:
    said = ["a column"]
    if selector.kind:
        said.append(f"of kind {' or '.join(selector.kind)}")
    if selector.matches:
        said.append(f"whose name matches {selector.matches}")
    if selector.when:
        measured = dict.fromkeys(leaf.name for leaf in leaves(selector.when))
        said.append(f"under a condition on {' and '.join(measured)}")
    return " ".join(said)


def _example(example: StrategyExample) -> Example:
    below = {"rows below": example.beside, "times": example.times} if example.beside else {}
    before, after = ({name: list(cells) for name, cells in side.items()} for side in (example.before, example.after))
    return Example(below, before, after)


def _family(proposer: Proposer) -> Entry:
    summary, _, more = cleandoc(getattr(getmodule(proposer), "__doc__", None) or "").partition("\n\n")
    return Entry("family of dirt", family_of(proposer), " ".join(summary.split()), description=" ".join(more.split()))


def _exit_codes() -> dict[int, str]:
    """Join what the errors of each exit code say of themselves."""
    said: dict[int, list[str]] = {code: [text] for code, text in OTHER_CODES.items()}
    for error in _errors(EtlAgentError):
        if error is not EtlAgentError and "exit_code" in vars(error):
            said.setdefault(error.exit_code, []).append(cleandoc(error.__doc__ or "").partition("\n\n")[0])
    return {code: " ".join(texts) for code, texts in said.items()}


def _errors(error: type[EtlAgentError]) -> Iterator[type[EtlAgentError]]:
    yield error
    for below in error.__subclasses__():
        if below.__module__ == EtlAgentError.__module__:
            yield from _errors(below)
