"""Repairs for columns that are not where a draft says: missing, one too many, misspelled, or unlike the table's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from etl_agent.clean.step import Step
from etl_agent.errors import near
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.revising.editing import (
    Edited,
    changed_column,
    contract_of,
    renamed_column,
    set_columns,
)
from etl_agent.orchestrate.planner.revising.repairs.case import Case, Possible
from etl_agent.orchestrate.planner.revising.repairs.placing import swapped, without_column
from etl_agent.orchestrate.router import Route
from etl_agent.orchestrate.sequential import Node
from etl_agent.shape import is_type, parse_type
from etl_agent.validate.spec import ColumnContract

__all__ = ["extra_columns", "misnamed", "missing_columns", "table_columns"]


def missing_columns(case: Case) -> Iterator[Possible]:
    """Suggest another spelling of a column that the contract asks for in vain, or that it may be missing."""
    column, promised = case.column, case.promised
    if column is None or promised is None:
        return
    unbrought = case.finding.kind == "invalid" and case.finding.key == f"validate.contract.{column}"
    if case.finding.kind != "missing_column" and not (unbrought and column not in case.walked.after):
        return
    meant = _meant(column, [name for name in case.walked.after if name not in case.contract])
    if meant is not None and not _said_of(case, column):
        yield Possible(
            "rename in the contract",
            f"Call {column!r} {meant!r}, as the files do.",
            "lossless",
            partial(_renamed, case.name, column, meant),
        )
    if case.guessed("required", "nullable") and column not in case.spec.load.primary_key:
        yield Possible(
            "allow missing",
            f"Let {column!r} be missing: its cells are null then.",
            "loosened",
            partial(_optional, case.name, column),
        )


def _meant(name: str, choices: list[str]) -> str | None:
    """Return the one name that is meant; None where none or several can be."""
    close = near(name, choices)
    return close[0] if len(close) == 1 else None


def _said_of(case: Case, column: str) -> bool:
    keys = (f"validate.contract.{column}", "validate.checks", "validate.unique", "load.indexes")
    named = (case.spec.load.primary_key, "load.primary_key"), ((case.spec.load.newest_by,), "load.newest_by")
    return any(map(case.said, keys)) or any(column in names and case.said(key) for names, key in named)


def _renamed(name: str, column: str, to: str, draft: PlanDraft) -> Edited:
    contract = contract_of(draft.pipeline(name))
    if column not in contract or to in contract:
        return draft, ()
    return renamed_column(draft, name, column=column, to=to, reason=f"there is no column {column!r}, and one {to!r}")


def _optional(name: str, column: str, draft: PlanDraft) -> Edited:
    if column not in contract_of(draft.pipeline(name)):
        return draft, ()
    reason = f"the files do not bring {column!r}, and nobody said that they must"
    return changed_column(draft, name, column=column, reason=reason, required=False, nullable=True)


def extra_columns(case: Case) -> Iterator[Possible]:
    """Suggest that a guessed contract knows a column that the files bring, as text."""
    column = case.column
    if case.finding.kind not in ("invalid", "drifted") or case.finding.key != "validate.drift.columns":
        return
    if column is None or not case.contract or column in case.contract:
        return
    if any(
        point.by == "goal" and (point.pipeline, point.key) == (case.name, "validate.contract")
        for point in case.draft.points
    ):
        return  # the user listed the columns
    yield Possible(
        "add as text",
        f"Load {column!r} too, as text.",
        "lossless",
        partial(
            _added, case.name, column, ColumnContract(required=False, nullable=True, sensitive=_is_secret(case, column))
        ),
    )


def _is_secret(case: Case, column: str) -> bool:
    return case.source is not None and column in case.source.sensitive


def _added(name: str, column: str, promised: ColumnContract, draft: PlanDraft) -> Edited:
    if column in contract_of(draft.pipeline(name)):
        return draft, ()
    return set_columns(draft, name, columns={column: promised}, reason=f"the files bring {column!r} too")


def misnamed(case: Case) -> Iterator[Possible]:
    """Suggest another spelling of a column that a node names in vain, or that the node leaves it alone."""
    node, column = case.node, case.column
    if case.finding.kind not in ("invalid", "missing_column") or node is None or column is None or case.place is None:
        return
    if case.said(f"clean.{case.place}"):
        return
    names = case.walked.before[case.place]
    if column in names:
        return
    meant = _meant(column, list(names))
    renamed = _with_name(node, column, meant) if meant is not None else None
    if renamed is not None:
        yield Possible(
            "rename in a step",
            f"Take {meant!r} where {column!r} is named, which is not there.",
            "exact",
            partial(
                swapped,
                pipeline=case.name,
                node=node,
                other=renamed,
                reason=f"there is no column {column!r}, and one {meant!r}",
            ),
        )
    yield Possible(
        "leave a missing column",
        f"Do nothing with {column!r}, which is not there.",
        "left out",
        partial(without_column, pipeline=case.name, node=node, column=column, reason=f"there is no column {column!r}"),
    )


def _with_name(node: Node, column: str, to: str) -> Node | None:
    """Return a node with another name of one of its columns; None where it names it in no way that is known."""
    if not isinstance(node, Step | Route):
        return None
    changed: dict[str, object] = {}
    for field in ("columns", "column", "newest_by"):
        value = getattr(node, field, None)
        if value == column:
            changed[field] = to
        elif isinstance(value, tuple) and column in value:
            changed[field] = tuple(dict.fromkeys(to if name == column else name for name in value))
    return node.model_copy(update=changed) if changed else None


def table_columns(case: Case) -> Iterator[Possible]:
    """Suggest the type that the table has.

    A column that the table lacks has no repair: to leave it out would lose its cells, and that is for the user to say.
    """
    column, wanted = case.column, case.finding.wanted
    if case.finding.kind != "target_conflict" or column is None or case.promised is None or wanted is None:
        return
    if case.guessed("type") and is_type(wanted):
        yield Possible(
            f"type of the table {parse_type(wanted).kind}",
            f"Let {column!r} be {parse_type(wanted)}, as it is in the table.",
            "lossless",
            partial(_fitted, case.name, column, str(parse_type(wanted))),
        )


def _fitted(name: str, column: str, wanted: str, draft: PlanDraft) -> Edited:
    if column not in contract_of(draft.pipeline(name)):
        return draft, ()
    return changed_column(draft, name, column=column, reason=f"{column!r} is {wanted} in the table", type=wanted)
