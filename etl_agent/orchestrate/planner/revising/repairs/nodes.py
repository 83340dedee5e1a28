"""Repairs of nodes in ``clean``: what the gate refuses, what stands there twice, and what can be read in two ways."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from etl_agent.clean.dates import POSIX_CENTURY, Dates, Timestamps
from etl_agent.clean.numbers import Numbers
from etl_agent.clean.step import Step
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.revising.editing import (
    Edited,
    changed_column,
    contract_of,
    put_node,
    replaced_nodes,
    with_fields,
)
from etl_agent.orchestrate.planner.revising.repairs.case import Case, Possible, is_said
from etl_agent.orchestrate.planner.revising.repairs.placing import narrowed, swapped, without_column, without_node
from etl_agent.orchestrate.router import Route
from etl_agent.orchestrate.sequential import Node
from etl_agent.profile.facts import ColumnFacts

__all__ = ["ambiguous", "doubled", "refused"]


def _place(case: Case) -> int | None:
    """Return the place of the node that a finding is about: by its key, else by its step's name and column."""
    if case.place is not None:
        return case.place
    for at, node in enumerate(case.spec.clean):
        name = node.route if isinstance(node, Route) else node.name if isinstance(node, Step) else None
        columns = getattr(node, "columns", "all")
        if name == case.finding.step and (case.column is None or columns == "all" or case.column in columns):
            return at
    return None


def refused(case: Case) -> Iterator[Possible]:
    """Suggest to do without a step that would do damage, in one column only where that is possible."""
    at = _place(case) if case.finding.kind == "gate_refused" else None
    if at is None or case.said(f"clean.{at}"):
        return
    node, reason = case.spec.clean[at], "it would do damage, as measured on the sample"
    if isinstance(node, Route):
        if case.finding.step not in (None, node.route):
            return  # the gate has left a step of it out already, and kept the others
        yield Possible(
            "leave a route",
            "Leave the columns of a route as they are.",
            "left out",
            partial(
                swapped,
                pipeline=case.name,
                node=node,
                other=with_fields(node, among=("leave",), otherwise="leave"),
                reason=reason,
            ),
        )
        return
    names = case.walked.before[at]
    if case.column is not None and narrowed(node, without=case.column, names=names) is not None:
        yield Possible(
            "leave a column",
            f"Do not clean {case.column!r} so.",
            "left out",
            partial(without_column, pipeline=case.name, node=node, column=case.column, reason=reason, names=names),
        )
    yield Possible(
        "drop a step",
        f"Do without the step {node.name}." if isinstance(node, Step) else "Do without a branch.",
        "left out",
        partial(without_node, pipeline=case.name, node=node, reason=reason),
    )


def doubled(case: Case) -> Iterator[Possible]:
    """Suggest to do once what stands there twice in a row, and to do without what cannot work."""
    at, node = case.place, case.node
    if case.finding.kind != "invalid" or case.column is not None or at is None or node is None:
        return
    if at and case.spec.clean[at - 1] == node and not case.said(f"clean.{at}"):
        yield Possible(
            "drop a repeated step", "Do once what stands there twice.", "exact", partial(_once, case.name, node)
        )
    elif not case.said(f"clean.{at}"):
        reason = "it cannot work on these columns"
        yield Possible(
            "drop a step",
            f"Do without the step {node.name}." if isinstance(node, Step) else "Do without a node.",
            "left out",
            partial(without_node, pipeline=case.name, node=node, reason=reason),
        )


def _once(name: str, node: Node, draft: PlanDraft) -> Edited:
    clean = draft.pipeline(name).clean
    again = [at for at in range(1, len(clean)) if clean[at - 1] == clean[at] == node]
    again = [at for at in again if not is_said(draft, name, f"clean.{at}")]
    if not again:
        return draft, ()
    return replaced_nodes(draft, name, nodes=dict.fromkeys(again, None), reason="the same stands there twice in a row")


def ambiguous(case: Case) -> Iterator[Possible]:
    """Suggest how a column is to be read, where other cells of its dataset prove it; else to leave it as text."""
    at = _place(case) if case.finding.kind == "ambiguous" else None
    column = case.column
    if at is None or column is None or case.said(f"clean.{at}"):
        return
    node = case.spec.clean[at]
    read = _settled(case, node, column)
    if read is not None:
        yield Possible(
            f"read {read.name} as elsewhere",
            f"Read {column!r} as other cells of its dataset prove that they are written.",
            "exact",
            partial(_read, case.name, node, column, read, case.walked.before[at]),
        )
    if case.promised is None or (case.guessed("type") and case.guessed("min", "max", "timezone")):
        yield Possible(
            "leave as text",
            f"Leave {column!r} as text: it can be read in two ways.",
            "loosened",
            partial(_as_text, case.name, node, column, case.walked.before[at]),
        )


def _settled(case: Case, node: Node, column: str) -> Step | None:
    """Return a step for a column alone that needs no more evidence; None where the data prove nothing."""
    if case.source is None:
        return None
    own = case.source.profile.facts.columns
    first = [own[column]] if column in own else []
    others = [facts for name, facts in own.items() if name != column]
    for group in (first, others):  # another dataset may come from people who write otherwise
        match node:
            case Dates() | Timestamps():
                if formats := _orders(first, group):
                    short = node.two_digit_years is None and any("%y" in word for word in formats)
                    years = POSIX_CENTURY if short else node.two_digit_years
                    return with_fields(node, columns=(column,), formats=formats, two_digit_years=years)
            case Numbers():
                marks = {facts.numerals.decimal_mark[0] for facts in group if _proves_mark(facts)}
                if len(marks) == 1:
                    mark = marks.pop()
                    return with_fields(node, columns=(column,), decimal_mark=mark, thousands_mark=",."[mark == ","])
    return None


def _orders(own: list[ColumnFacts], group: list[ColumnFacts]) -> tuple[str, ...]:
    """Return the formats of a column, those that leave day and month open read as they are proven elsewhere."""
    open_ones = [word for facts in own for word in facts.moments.dates if word.startswith("?")]
    clear = [word for facts in own for word in facts.moments.dates if not word.startswith("?")]
    proven = {word for facts in group if not facts.moments.formats[1] for word in facts.moments.formats[0]}
    settled: list[str] = []
    for word in open_ones:
        mark, year = word[1], word[-2:]
        day, month = f"%d{mark}%m{mark}{year}", f"%m{mark}%d{mark}{year}"
        if (day in proven) == (month in proven):
            return ()
        settled.append(day if day in proven else month)
    return tuple(dict.fromkeys((*settled, *(word for word in clear if word.startswith("%"))))) if settled else ()


def _proves_mark(facts: ColumnFacts) -> bool:
    """Tell whether cells show which mark stands before fractions: those with both marks, or not with three digits."""
    sure = any("decimal" in mark or mark in ("groups ,", "groups .") for mark in facts.numerals.marks)
    return sure and not facts.numerals.decimal_mark[1]


def _read(name: str, node: Node, column: str, read: Step, names: tuple[str, ...], draft: PlanDraft) -> Edited:
    """Put the settled step for a column behind the node, which leaves the column alone from now on."""
    clean = draft.pipeline(name).clean
    if read in clean or node not in clean or is_said(draft, name, f"clean.{clean.index(node)}"):
        return draft, ()
    at, reason = clean.index(node), f"cells of {column!r} can be read in two ways, and others prove which"
    rest = narrowed(node, without=column, names=names)
    if rest is None:
        return replaced_nodes(draft, name, nodes={at: read}, reason=reason)
    draft, first = replaced_nodes(draft, name, nodes={at: rest}, reason=reason)
    draft, second = put_node(draft, name, at=at + 1, node=read, reason=reason)
    return draft, (*first, *second)


def _as_text(name: str, node: Node, column: str, names: tuple[str, ...], draft: PlanDraft) -> Edited:
    reason = f"cells of {column!r} can be read in two ways"
    draft, changes = without_column(draft, name, node=node, column=column, reason=reason, names=names)
    promised = contract_of(draft.pipeline(name)).get(column)
    if changes and promised is not None and promised.column_type.kind != "text":
        draft, more = changed_column(
            draft, name, column=column, reason=reason, without=("min", "max", "timezone", "one_of"), type="text"
        )
        changes += more
    return draft, changes
