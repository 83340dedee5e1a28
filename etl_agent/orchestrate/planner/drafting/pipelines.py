"""Draft pipelines from what was read in a goal and from what the data look like: the rules' half of the planner."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import ValidationError

from etl_agent.clean.columns import Drop
from etl_agent.clean.duplicates import Deduplicate
from etl_agent.clean.text import Strip
from etl_agent.errors import ConfigurationError, UsageError, did_you_mean
from etl_agent.extract.spec import Extract
from etl_agent.orchestrate.planner.draft import PlanDraft, Point, Settled
from etl_agent.orchestrate.planner.drafting.asked import Asked, asked_of, quoted
from etl_agent.orchestrate.planner.drafting.contracts import Contracted, contracted_of
from etl_agent.orchestrate.planner.drafting.conventions import conventions_of
from etl_agent.orchestrate.planner.drafting.loads import Loading, load_of, loading_of
from etl_agent.orchestrate.planner.drafting.ordering import Edge, Reference, edges_of, ordered, references
from etl_agent.orchestrate.planner.drafting.placed import Placed
from etl_agent.orchestrate.planner.given import Given, Source
from etl_agent.orchestrate.planner.wishes import After, Reading, Take, Wish
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.validate.spec import Validate

__all__ = ["draft"]

_LONGEST_NAME = 63


@dataclass(frozen=True)
class _Made:
    """A dataset on its way to a pipeline."""

    asked: Asked
    loading: Loading
    contracted: Contracted
    notes: list[str] = field(default_factory=list)


def draft(
    reading: Reading, given: Given, *, maker: Literal["rules", "model"] = "rules", notes: Sequence[str] = ()
) -> PlanDraft:
    """Make pipelines of what a goal asks for, one for each dataset, in the order in which they run.

    What the user says is taken as it is said; what is left open is settled by the data, and where they do not tell, so
    that nothing is overwritten, lost or read in a way that the cells do not bear out.

    Args:
        reading: what the goal asks for.
        given: what the user gave beside it.
        maker: whether a model took part in the reading.
        notes: what is known of the reading.

    Raises:
        UsageError: the goal contradicts itself or the data, or leaves open what has to be said.
    """
    told = list(notes)
    taken = _taken(reading, given, told)
    all_asked = [asked_of(source, _about(source, reading), given=given) for source in taken]
    loadings = {asked.source.name: loading_of(asked) for asked in all_asked}
    keys = {name: loading.key for name, loading in loadings.items()}
    found = tuple(references(taken, keys))
    contracts = _agreeing(all_asked, loadings, found)
    afters = [wish for wish in reading.wishes if isinstance(wish, After)]
    edges = edges_of(afters, found, taken=[source.name for source in taken], notes=told)
    names = _pipeline_names(taken)
    tables = _tables(all_asked, loadings, contracts)
    made: dict[str, tuple[PipelineSpec, list[Point]]] = {}
    for asked in all_asked:
        source = asked.source.name
        told += [*asked.notes, *loadings[source].notes, *contracts[source].notes]
        told += _compared(source, loadings[source], contracts[source])
        one = _Made(asked, loadings[source], contracts[source], told)
        first = [edge for edge in edges if edge.then == source]
        made[source] = _pipeline(one, given, name=names[source], table=tables[source], first=first, names=names)
    told += _unused(all_asked, given)
    order = ordered([source.name for source in taken], edges)
    return PlanDraft(
        goal=given.goal,
        pipelines=tuple(made[name][0] for name in order),
        points=tuple(point for name in order for point in made[name][1]),
        not_understood=reading.not_understood,
        unclear=reading.unclear,
        left_out=tuple(source.name for source in given.sources if source not in taken),
        maker=maker,
        notes=tuple(dict.fromkeys(told)),
    )


def _taken(reading: Reading, given: Given, notes: list[str]) -> tuple[Source, ...]:
    """Return the datasets that the goal asks for, in its order; all where it names none.

    Raises:
        UsageError: it names one that is not there.
    """
    known = {source.name: source for source in given.sources}
    for wish in reading.wishes:
        for name in (wish.source, *((wish.first,) if isinstance(wish, After) else ())):
            if name in known:
                continue
            if wish.by == "model":
                notes.append("a model names a dataset that was not given; not taken")
                continue
            raise UsageError(
                f"{quoted(wish)} names {name!r}, and no such dataset was given{did_you_mean(name, known)}",
                choices=tuple(known),
                next_command="give its files, or name it as it is called here",
            )
    if not known:
        raise UsageError("there is no dataset to plan for", next_command="give at least one file")
    named = dict.fromkeys(wish.source for wish in reading.wishes if isinstance(wish, Take) and wish.by == "goal")
    taken = tuple(named) or tuple(known)
    chosen = {wish.source for wish in reading.wishes if isinstance(wish, Take) and wish.by == "model"}
    if chosen and chosen != set(taken):
        notes.append("a model would settle which datasets are loaded, which only the words of the goal may; not taken")
    notes += _lost(reading, taken, known)
    return tuple(known[name] for name in taken)


def _lost(reading: Reading, taken: Collection[str], known: Collection[str]) -> Iterator[str]:
    """Say what was asked only of datasets that are not loaded."""
    done = {(wish.wish, wish.words) for wish in reading.wishes if wish.source in taken}
    for wish in reading.wishes:
        if wish.source in known and wish.source not in taken and (wish.wish, wish.words) not in done:
            yield f"{wish.source}: is not loaded, so nothing was made of {quoted(wish)}"


def _about(source: Source, reading: Reading) -> Iterator[Wish]:
    return (wish for wish in reading.wishes if wish.source == source.name)


def _agreeing(
    all_asked: Sequence[Asked], loadings: Mapping[str, Loading], found: Iterable[Reference]
) -> dict[str, Contracted]:
    """Make the contracts, and again where a key is text in one dataset and a number in another: they must compare."""

    def made(asked: Asked, as_text: Collection[str] = ()) -> Contracted:
        loading = loadings[asked.source.name]
        return contracted_of(asked, key=loading.key, newest=loading.newest, as_text=as_text)

    contracts = {asked.source.name: made(asked) for asked in all_asked}
    as_text: dict[str, set[str]] = {}
    for reference in found:
        ends = ((reference.child, reference.column), (reference.parent, reference.key))
        types = [contracts[name].columns[column].type for name, column in ends if column in contracts[name].columns]
        if len(types) == len(ends) and "text" in types and types != ["text", "text"]:
            for name, column in ends:
                as_text.setdefault(name, set()).add(column)
    for asked in all_asked:
        if asked.source.name in as_text:
            contracts[asked.source.name] = made(asked, as_text[asked.source.name])
    return contracts


def _compared(source: str, loading: Loading, contracted: Contracted) -> Iterator[str]:
    """Say that the newest row is found in text, where 10 comes before 9."""
    if loading.newest is not None and contracted.columns[loading.newest].type == "text":
        yield f"{source}: {loading.newest} tells which row is newest and is text, which is compared letter by letter"


def _pipeline_names(sources: Iterable[Source]) -> dict[str, str]:
    """Name the pipelines after their datasets, in letters that a pipeline's name may have."""
    names: dict[str, str] = {}
    for source in sources:
        plain = re.sub(r"\W", "_", source.name, flags=re.ASCII)
        plain = (plain if not plain[:1].isdigit() else f"_{plain}")[:_LONGEST_NAME]
        number, name = 1, plain
        while name in names.values():
            number += 1
            name = f"{plain[: _LONGEST_NAME - len(str(number)) - 1]}_{number}"
        names[source.name] = name
    return names


def _tables(
    all_asked: Iterable[Asked], loadings: Mapping[str, Loading], contracts: Mapping[str, Contracted]
) -> dict[str, str]:
    """Settle the tables.

    Raises:
        UsageError: two datasets would go into one table, though their columns differ, or one of them would take the
            other's rows away.
    """
    tables: dict[str, str] = {}
    for asked in all_asked:
        name = asked.source.name
        table = asked.into.table if asked.into is not None else name
        for other, theirs in tables.items():
            if theirs != table:
                continue
            both = f"{other} and {name} would both go into the table {table!r}"
            if "replace" in (loadings[name].mode, loadings[other].mode):
                what = f"{both}, and a replace leaves only one of them"
                raise UsageError(what, where=name, next_command="say another table, or another way to load")
            if set(contracts[name].columns) != set(contracts[other].columns):
                what = f"{both}, and their columns differ"
                raise UsageError(what, where=name, next_command="say in the goal which dataset goes into which table")
        tables[name] = table
    return tables


def _pipeline(
    made: _Made, given: Given, *, name: str, table: str, first: Sequence[Edge], names: Mapping[str, str]
) -> tuple[PipelineSpec, list[Point]]:
    """Put a pipeline together, with the choices in it."""
    asked, nodes = made.asked, tuple(_nodes(made))
    load, sql = load_of(asked, made.loading, given=given, table=table)
    try:
        spec = PipelineSpec(
            version=1,
            name=name,
            needs=tuple(names[edge.first] for edge in first),
            extract=Extract(files=asked.source.files, header=asked.source.header),
            validation=_validation(made),
            clean=tuple(placed.node for placed in nodes),
            load=load,
        )
    except ValidationError as error:
        said = "; ".join(mistake["msg"].removeprefix("Value error, ") for mistake in error.errors())
        raise ConfigurationError(f"what the goal asks for cannot be a pipeline: {said}", where=name) from None
    into = asked.into
    choices: list[Settled] = [
        ("extract.files", "the files were given", "goal"),
        *_header(asked.source, given),
        ("load.to", "the target was given", "goal"),
        ("load.table", f"the goal says so ({quoted(into)})", "goal")
        if into is not None
        else ("load.table", "it is called as the dataset is", "default"),
        *((f"load.{key}", reason, by) for key, reason, by in (*made.loading.points, *sql)),
        *((f"validate.contract.{key}", reason, by) for key, reason, by in made.contracted.points),
        *((f"clean.{at}", placed.reason, placed.by) for at, placed in enumerate(nodes)),
        *((f"needs.{at}", edge.reason, edge.by) for at, edge in enumerate(first)),
    ]
    if asked.budget is not None:
        choices.append(("validate.max_reject_share", f"the goal says so ({quoted(asked.budget)})", "goal"))
    return spec, [Point(pipeline=name, key=key, reason=reason, by=by) for key, reason, by in choices]


def _header(source: Source, given: Given) -> Iterator[Settled]:
    """Say why it stands there whether the files have a header."""
    if given.header is not None:
        yield "extract.header", f"--{'' if given.header else 'no-'}header says so", "goal"
    elif source.header is not None:
        yield "extract.header", "the first line of its files is a row like those below it", "profile"


def _validation(made: _Made) -> Validate:
    contract = made.contracted.columns or None
    if made.asked.budget is None:
        return Validate(contract=contract)
    return Validate(contract=contract, max_reject_share=made.asked.budget.share)


def _nodes(made: _Made) -> Iterator[Placed]:
    """List the nodes of a pipeline in their order: tidy cells, their types, what else was asked for, then rows."""
    asked, loading = made.asked, made.loading
    yield Placed(Strip(columns="all"), "blanks around a cell mean nothing", "default")
    yield from conventions_of(asked, when="before", notes=made.notes)
    yield from made.contracted.steps
    yield from conventions_of(asked, when="after", notes=made.notes)
    for wish in asked.deduplicated:
        reason = f"the goal asks for it ({quoted(wish)})" if wish.by == "goal" else "a model chose to drop equal rows"
        if wish.columns and loading.newest is not None:
            step = Deduplicate(columns=wish.columns, keep="newest", newest_by=loading.newest)
        else:
            step = Deduplicate(columns=wish.columns or "all")
        yield Placed(step, reason, wish.by)
    if asked.dropped:
        words = " and ".join(dict.fromkeys(quoted(wish) for wish in asked.dropped))
        columns = tuple(wish.column for wish in asked.dropped)
        yield Placed(Drop(columns=columns), f"the goal leaves them out ({words})", "goal")


def _unused(all_asked: Sequence[Asked], given: Given) -> Iterator[str]:
    """Name the SQL files that the goal makes nothing of."""
    used = {wish.name for asked in all_asked for wish in asked.sql}
    for sql in given.sql:
        if sql.name not in used:
            yield f"the SQL file {sql.name} is not used: say in the goal after which dataset it runs"
