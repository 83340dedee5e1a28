"""A strategy: a named list of cleaning steps, written once for columns that are looked up in each dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Union, get_args

import pyarrow as pa
from pydantic import BeforeValidator, Field, create_model, field_validator, model_validator

from etl_agent.clean.step import Columns, FittedStep, Step
from etl_agent.clean.union import STEPS
from etl_agent.decide.conditions import Condition, about, columns_of, holds
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.measures import Measures
from etl_agent.decide.pattern import Pattern, matching_whole
from etl_agent.decide.proposal import Proposal
from etl_agent.decide.propose import PROPOSERS, Proposer, family_of
from etl_agent.decide.vocabulary import Kinds
from etl_agent.errors import did_you_mean
from etl_agent.frozen import Frozen, Names

__all__ = [
    "AUTO",
    "LEAVE",
    "SPECIAL",
    "Example",
    "Selector",
    "Strategy",
    "Suited",
    "proposers_of",
    "selected",
    "suited",
]


class Selector(Frozen):
    """Look columns up by what they are; where several things are said, all of them must hold of a column."""

    kind: Kinds | None = None
    """The column is of this semantic kind, or of one of several."""
    matches: Pattern | None = None
    """The whole name of the column matches this regular expression (RE2 syntax)."""
    when: Condition | None = None
    """This holds; ``$column`` stands for the column's name in it."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("columns are looked up by at least one of: kind, matches, when")
        return self


_QUICK = {"defer_build": True}
"""Only the union of the widened steps is used: building a validator for each alone would cost a command much."""


def _widened(step: type[Step]) -> type[Step]:
    """Make the type of a step whose columns may be looked up."""
    field = step.model_fields["columns"]
    default = ... if field.is_required() else field.default
    wider: Any = Selector | Columns
    return create_model(
        step.__name__,
        __base__=step,
        __module__=__name__,
        __doc__=step.__doc__,
        __cls_kwargs__=_QUICK,
        columns=(wider, Field(default=default)),
    )


_ON_COLUMNS: Mapping[type[Step], type[Step]] = {
    _widened(step): step
    for step in STEPS
    if (field := step.model_fields.get("columns")) and field.annotation == get_args(Columns)[0]
}
"""For each step that works on any list of columns, and so keeps the columns that there are: itself, by the type whose
columns may be looked up. A strategy has no others: whatever is chosen, the same columns reach the contract."""

if TYPE_CHECKING:
    Template = Step
else:
    Template = Annotated[Union[tuple(_ON_COLUMNS)], Field(discriminator="step")]  # noqa: UP007  it is a table
    """A step whose columns may be looked up."""


Cells = Mapping[str, tuple[str | None, ...]]
"""The cells of each column."""


class Example(Frozen):
    """What a strategy makes of a small table."""

    before: Cells
    """The cells of each column before."""
    after: Cells
    """And after."""
    beside: Cells = Field(default={})
    """Rows that stand below them and stay, where it takes more rows to tell what is wrong."""
    times: Annotated[int, Field(ge=1, le=1000)] = 1
    """How often these stand there."""

    def table(self, cells: Cells) -> pa.RecordBatch:
        """Return the rows of one side, with those beside them below."""
        return pa.RecordBatch.from_pydict(
            {
                name: pa.array([*column, *self.beside.get(name, ()) * self.times], pa.string())
                for name, column in cells.items()
            }
        )


class Strategy(Frozen):
    """A named list of cleaning steps for a common kind of table or column, kept in a file of its own."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
    """The name of the strategy, which is that of its file: small letters, digits and ``_``."""
    description: Annotated[str, Field(min_length=1)]
    """What it is for and what it does, for people and for models."""
    suits: Annotated[
        tuple[Selector, ...], BeforeValidator(lambda value: (value,) if isinstance(value, Mapping) else value)
    ] = ()
    """What a dataset must have: for each entry at least one column that fits it. Where nothing is said, no rule chooses
    the strategy; ``auto`` and ``leave`` suit whatever is left."""
    clean: tuple[Template, ...] = ()
    """The steps in order. ``columns`` names columns, looks them up (``kind``, ``matches``, ``when``), or is ``all``:
    those that the strategy is used on. A step for which no column is found is left out."""
    propose: Literal["all"] | Names = ()
    """Families of dirt for which steps are composed from what the dataset shows, after those of ``clean``."""
    examples: tuple[Example, ...] = ()
    """What it makes of small tables."""

    @field_validator("propose")
    @classmethod
    def _known_families(cls, value: Literal["all"] | tuple[str, ...]) -> Literal["all"] | tuple[str, ...]:
        known = tuple(dict.fromkeys(map(family_of, PROPOSERS)))
        for name in () if value == "all" else value:
            if name not in known:
                hint = did_you_mean(name, known)
                raise ValueError(f"there is no family {name!r}{hint}; valid: {', '.join(known)}")
        return value


LEAVE = Strategy(name="leave", description="Do nothing: every cell stays as it is.")
AUTO = Strategy(
    name="auto",
    description="Compose steps for whatever the dataset shows, and nothing where it is thin.",
    propose="all",
)
SPECIAL: Mapping[str, Strategy] = {LEAVE.name: LEAVE, AUTO.name: AUTO}
"""The strategies that are always there."""


class Suited(Frozen):
    """Why a strategy suits a dataset."""

    columns: tuple[str, ...]
    """The columns that it found."""
    reason: str
    """What was measured of them."""


def selected(selector: Selector, measures: Measures, *, columns: Sequence[str]) -> Mapping[str, str]:
    """Look columns up, and say of each why it fits.

    Args:
        selector: what they must be.
        measures: what the dataset measures.
        columns: those to look among.
    """
    kinds, found = measures.evidence.kinds, dict[str, str]()
    for name in columns:
        said = [] if selector.kind is None else [f"{name} is of kind {kinds[name]}"]
        if selector.kind is not None and kinds[name] not in selector.kind:
            continue
        if selector.matches is not None and not matching_whole(pa.array([name]), selector.matches).all():
            continue
        if selector.when is not None:
            condition = about(selector.when, column=name)
            if not set(columns_of(condition)) <= set(measures.names):
                continue
            outcome = holds(condition, measures)
            if not outcome.holds:
                continue
            said.append(outcome.reason)
        found[name] = "; ".join(said) or f"{name} is named so"
    return found


def suited(strategy: Strategy, measures: Measures, *, columns: Sequence[str]) -> Suited | None:
    """Tell why a strategy suits a dataset; None if it does not, or does not say what it is for.

    Args:
        strategy: the strategy.
        measures: what the dataset measures.
        columns: the columns that it would be used on.
    """
    if strategy.name in SPECIAL:
        return Suited(columns=tuple(columns), reason=f"{strategy.name} suits any columns")
    found = [selected(selector, measures, columns=columns) for selector in strategy.suits]
    if not found or not all(found):
        return None
    names = dict.fromkeys(name for each in found for name in each)
    reasons = dict.fromkeys(next(iter(each.values())) for each in found)
    return Suited(columns=tuple(names), reason="; ".join(reasons))


def proposers_of(strategy: Strategy, *, columns: Sequence[str]) -> tuple[Proposer, ...]:
    """Return what proposes the steps of a strategy, each when those before it have been taken or refused.

    Args:
        strategy: the strategy.
        columns: the columns that it is used on.
    """
    written = [partial(_of_template, template, strategy.name, columns) for template in strategy.clean]
    families = [each for each in PROPOSERS if strategy.propose == "all" or family_of(each) in strategy.propose]
    composed = [partial(_within, propose, columns) for propose in families]
    return (*written, *composed)


def _of_template(template: Step, strategy: str, columns: Sequence[str], evidence: Evidence) -> Iterator[Proposal]:
    """Propose a step for the columns that are found; for each of them alone, where it works cell by cell.

    So the gate refuses it for the columns in which it does damage, and for no others.
    """
    asked = getattr(template, "columns")  # noqa: B009  every template has them, by how its type is made
    here = [name for name in columns if name in evidence.names]
    if isinstance(asked, Selector):
        names = tuple(selected(asked, Measures(evidence), columns=here))
    else:
        names = tuple(here) if asked == "all" else tuple(name for name in asked if name in here)
    if not names:
        return
    whole = _instance(template, names)
    alone = set(whole.reads(evidence.names)) == set(whole.writes(evidence.names)) == set(names)
    for group in [(name,) for name in names] if alone else [names]:
        yield Proposal(_instance(template, group), f"strategy {strategy}")


def _instance(template: Step, names: tuple[str, ...]) -> Step:
    said = template.model_dump(by_alias=True, exclude_unset=True)
    return _ON_COLUMNS[type(template)].model_validate(said | {"step": template.name, "columns": names})


def _within(propose: Proposer, columns: Sequence[str], evidence: Evidence) -> Iterable[Proposal]:
    """Keep of what is proposed that which changes no other columns."""
    for proposal in propose(evidence):
        written = proposal.step.writes(evidence.names)
        if set(written) <= set(columns):
            yield proposal
        elif (inside := tuple(name for name in written if name in columns)) and _narrows(proposal.step, written):
            yield Proposal(proposal.step.model_copy(update={"columns": inside}), proposal.reason, proposal.evidence)


def _narrows(step: Step, written: Sequence[str]) -> bool:
    """Tell whether a step may simply be given fewer columns: it has learned nothing yet, and reads no others."""
    learned = isinstance(step, FittedStep) and step.fitted
    return not learned and getattr(step, "columns", None) == tuple(written)
