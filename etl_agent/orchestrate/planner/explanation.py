"""Telling a person what a draft would do, who chose it, and what was found out about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from etl_agent.clean.step import Step
from etl_agent.masking import masked, spelled_out
from etl_agent.orchestrate.branch import Branch
from etl_agent.orchestrate.meanings import FINDINGS
from etl_agent.orchestrate.planner.draft import By, PlanDraft, Point
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.planner.revision import Revision
from etl_agent.orchestrate.router import Route
from etl_agent.orchestrate.sequential import Node, PipelineSpec
from etl_agent.validate.spec import ColumnContract

__all__ = ["CHOSEN_BY", "GIVEN", "destroys", "explained"]

CHOSEN_BY: Mapping[By, str] = {
    "goal": "your goal",
    "profile": "the data",
    "model": "a model",
    "default": "by default",
    "evidence": "a revision",
}
"""Who made a choice, in words."""

GIVEN = frozenset({"extract.files", "load.to"})
"""Keys that say what the user gave; nobody chose them."""

_RULES = ("one_of", "min", "max")
"""Rules of a contract that hold values."""
_MOST = 6  # names of one list that are told; the file has them all


def explained(
    draft: PlanDraft, *, findings: Sequence[Finding] = (), revisions: Sequence[Revision] = ()
) -> tuple[str, ...]:
    """Tell what a draft would do, pipeline by pipeline in the order in which they run.

    Args:
        draft: the draft as it is now.
        findings: what is still true of it, from the static checks and the rehearsal.
        revisions: how it came to be as it is.

    Returns:
        Lines, each without line ends, passwords and text of cells; names in them are as they are in the files.
    """
    return tuple(_line(line) for line in _told(draft, findings, revisions))


def destroys(spec: PipelineSpec) -> str | None:
    """Say which rows that are there already would go if a pipeline ran; None where none would.

    A row that a merge updates is not counted: its key stays, and the run's record says how many. A version that is
    closed because its key is absent is: of the current rows it is gone.
    """
    load = spec.load
    if load.write_disposition == "replace":
        return f"every row that is in {load.table} now, in favour of the new ones"
    if load.write_disposition == "merge" and load.merge_strategy == "delete-insert":
        gone = f"the rows of {load.table} whose key is in the new data, before these are inserted"
        return f"{gone}, and those whose key is not in it" if load.absent == "delete" else gone
    if load.absent == "delete":
        return f"the rows of {load.table} whose key is not in the new data"
    if load.absent == "close":
        return f"the current versions of {load.table} whose key is not in the new data: they are closed"
    return None


def _told(draft: PlanDraft, findings: Sequence[Finding], revisions: Sequence[Revision]) -> Iterator[str]:
    count = "1 pipeline" if len(draft.pipelines) == 1 else f"{len(draft.pipelines)} pipelines"
    maker = "rules and a model" if draft.maker == "model" else "rules"
    yield f"{count}, made by {maker}"
    for number, spec in enumerate(draft.pipelines, start=1):
        yield ""
        yield f"{number}. {spec.name}"
        found = [finding for finding in findings if finding.pipeline == spec.name]
        yield from (f"   {line}" for line in _pipeline(spec, draft, found))
    if sections := [*_of_goal(draft), *_of_making(draft, revisions)]:
        yield ""
        yield from sections


def _pipeline(spec: PipelineSpec, draft: PlanDraft, findings: Iterable[Finding]) -> Iterator[str]:
    yield f"{_few(spec.extract.files)} -> {spec.load.table} in {spec.load.to}"
    if spec.needs:
        yield f"after:    {', '.join(spec.needs)}"
    yield f"load:     {_loaded(spec)}"
    yield from _headed("checked:", _checked(spec, draft))
    yield from _headed("cleaned:", [_node(node) for node in spec.clean])
    yield from _headed("SQL:", [f"{what} {file}" for what, files in _sql(spec) for file in files])
    if gone := destroys(spec):
        yield f"destroys: {gone}"
    yield from _headed("found:", map(_finding, findings))
    yield from _headed("because:", _reasons(point for point in draft.points if point.pipeline == spec.name))


def _headed(head: str, lines: Iterable[str]) -> Iterator[str]:
    """Put a word before the first of some lines, and the others below it."""
    for place, line in enumerate(lines):
        yield f"{'' if place else head:<9} {line}"


def _loaded(spec: PipelineSpec) -> str:
    load = spec.load
    way: str = load.write_disposition
    if way == "merge" and load.merge_strategy != "upsert":
        way = f"{way} ({load.merge_strategy})"
    key = f", key {', '.join(load.primary_key)}" if load.primary_key else ", no key"
    newest = f", newest by {load.newest_by}" if load.newest_by else ""
    absent = f", absent rows: {load.absent}" if load.absent != "keep" else ""
    return f"{way}{key}{newest}{absent}"


def _checked(spec: PipelineSpec, draft: PlanDraft) -> Iterator[str]:
    """Tell a contract; columns of which the same is asked stand together."""
    contract = spec.validation.contract
    if not isinstance(contract, Mapping):
        yield f"by {contract}" if contract else f"nothing; columns are {spec.validation.types}"
    else:
        alike: dict[str, list[str]] = {}
        for name, column in contract.items():
            key = f"validate.contract.{name}"
            said = {rule for rule in _RULES if draft.said(spec.name, f"{key}.{rule}")}
            alike.setdefault(_column(column, said), []).append(name)
        yield from (f"{what}: {_few(names)}" for what, names in alike.items())
        for columns in spec.validation.unique:
            yield f"{', '.join(columns)}: unique together"
        for check in spec.validation.checks:
            operator, other = check.relation
            yield f"{check.column} {operator} {other}"
    most = spec.validation.max_rejects
    yield f"at most {spec.validation.max_reject_share:.2%} of the rows rejected" + (
        f", and at most {most:,} rows" if most is not None else ""
    )


def _column(column: ColumnContract, said: Collection[str]) -> str:
    """Tell what is asked of a column; values in it only where they stand in the user's own goal."""
    told = [column.type]
    told += [] if column.nullable else ["not null"]
    told += ["may be missing"] if not column.required else []
    told += ["unique"] if column.unique else []
    told += [column.format] if column.format else []
    told += ["in a pattern"] if column.matches else []
    told += [_listed(column.one_of, told="one_of" in said)] if column.one_of else []
    for rule, words in (("min", "at least"), ("max", "at most")):
        bound = getattr(column, rule)
        told += [f"{words} {bound if rule in said else 'a bound'}"] if bound is not None else []
    told += ["of limited length"] if (column.min_length, column.max_length) != (None, None) else []
    return ", ".join([*told, *(["sensitive"] if column.sensitive else [])])


def _listed(values: Sequence[str], *, told: bool) -> str:
    if not told:
        return "one value" if len(values) == 1 else f"one of {len(values)} values"
    return f"only {values[0]}" if len(values) == 1 else f"one of {_few(values)}"


def _node(node: Node) -> str:
    """Tell a node by its name and columns; what stands in its other parameters may be text of cells."""
    if isinstance(node, Route):
        return f"{node.route}: one of {', '.join(node.among)} (by {node.by}){_on(node.columns)}"
    if isinstance(node, Branch):
        then, otherwise = (", ".join(map(_node, nodes)) or "nothing" for nodes in (node.then, node.otherwise))
        return f"under a condition {then}, otherwise {otherwise}"
    return f"{node.name}{_on(_columns(node))}" if isinstance(node, Step) else type(node).__name__


def _columns(step: Step) -> str | Sequence[str]:
    """Return the columns that a step names; ``all`` where it names none."""
    columns = getattr(step, "columns", None) or getattr(step, "column", None)
    if columns == "all" or not columns:
        return "all"
    return (columns,) if isinstance(columns, str) else tuple(columns)


def _on(columns: str | Iterable[str]) -> str:
    return "" if columns == "all" else f" on {_few(columns)}"


def _sql(spec: PipelineSpec) -> Iterator[tuple[str, Sequence[object]]]:
    yield "before the load", spec.load.before_sql
    yield "after the load", spec.load.after_sql
    yield "must find nothing:", spec.load.check_sql


def _finding(finding: Finding) -> str:
    if finding.detail:
        return f"{finding.kind}: {finding.detail}"
    what = [finding.code or "", finding.step or "", finding.column or "", f"{finding.share:.2%} of the rows"]
    said = ", ".join(part for part in what[: None if finding.rows else -1] if part)
    return f"{finding.kind}: {FINDINGS[finding.kind].rstrip('.')}{f' ({said})' if said else ''}"


def _reasons(points: Iterable[Point]) -> Iterator[str]:
    """Tell why, keys of one reason together; keys stand last, since ``token: x`` would look like a secret.

    That a column's type and nulls are as the data show them goes without saying: they are told as what is checked.
    """
    alike: dict[tuple[str, By], list[str]] = {}
    for point in points:
        evident = point.by in ("profile", "default") and point.key.startswith("validate.contract.")
        if point.key not in GIVEN and not evident:
            alike.setdefault((point.reason, point.by), []).append(point.key.removeprefix("validate.contract."))
    for (reason, by), keys in alike.items():
        yield f"{reason} ({CHOSEN_BY[by]}): {_few(dict.fromkeys(keys))}"


def _of_goal(draft: PlanDraft) -> Iterator[str]:
    if draft.not_understood:
        yield f"not understood: {', '.join(repr(words) for words in draft.not_understood)}"
    if draft.left_out:
        yield f"left out: {', '.join(draft.left_out)}"


def _of_making(draft: PlanDraft, revisions: Iterable[Revision]) -> Iterator[str]:
    for revision in revisions:
        by = "rules" if revision.by == "rules" else "a model"
        yield f"revised by {by}{f' ({revision.note})' if revision.note else ''}"
        for change in revision.changes:
            yield f"   {change.reason}: {change.key} of {change.pipeline}"
    yield from (f"note: {note}" for note in draft.notes)


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _MOST} more" if len(listed) > _MOST + 1 else ""
    return ", ".join(listed[:_MOST] if more else listed) + more


def _line(text: str) -> str:
    """Keep a line one line, whatever names stand in it, and free of passwords."""
    return spelled_out(masked(text))
