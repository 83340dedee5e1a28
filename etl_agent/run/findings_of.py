"""What a run, or its failure, says about the draft that it belongs to: typed, numeric and without text of cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from etl_agent.clean.step import Step
from etl_agent.errors import (
    CheckFailed,
    ConfigurationError,
    DataRefused,
    EtlAgentError,
    FileRefused,
    NoInput,
    OverBudget,
    ShrinkRefused,
    Unfit,
)
from etl_agent.orchestrate.planner.findings import Finding, FindingKind
from etl_agent.orchestrate.router import Route
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.rejects import Reason, ReasonCode
from etl_agent.run.result import RunResult
from etl_agent.validate.spec import ColumnContract

__all__ = ["findings_of_error", "findings_of_result"]

_KEY_CODES = frozenset({"primary-key-error", "required-value", "unique-error"})
"""Reasons that speak of the load's key where they name one of its columns."""
_ATTRIBUTES: Mapping[ReasonCode, str] = {"type-error": "type", "required-value": "nullable", "unique-error": "unique"}
"""What a column's contract promises that a reason says is broken, where the reason alone tells."""


def findings_of_result(result: RunResult, *, spec: PipelineSpec) -> tuple[Finding, ...]:
    """Say what a run found, whether it loaded or was refused for its data.

    Args:
        result: the outcome.
        spec: the pipeline that was run.

    Returns:
        What kept it from loading, then rejected rows within the budget, then steps that the gate refused.
    """
    found: list[Finding] = []
    if isinstance(result.refusal, OverBudget):
        found += _rejected(result, spec, over=True)
    elif result.refusal is not None:
        found += findings_of_error(result.refusal, spec=spec)
    else:
        found += _rejected(result, spec, over=False)
    return (*found, *_dropped(result, spec))


def findings_of_error(error: EtlAgentError, *, spec: PipelineSpec) -> tuple[Finding, ...]:
    """Say what an error found; its sentence is not repeated, since it may quote a cell.

    Args:
        error: why the pipeline did not load.
        spec: the pipeline that was run.
    """
    unfit = error.unfit if isinstance(error, DataRefused) else ()
    if unfit:
        return tuple(_unfit(each, spec) for each in unfit)
    kind, key, detail = _plainly(error)
    return (Finding(kind=kind, pipeline=spec.name, key=key, detail=detail),)


def _plainly(error: EtlAgentError) -> tuple[FindingKind, str, str]:
    """Return the kind, the key and the sentence of an error that names no column."""
    match error:
        case CheckFailed():
            return "check_failed", "load.check_sql", "an SQL check found rows that should not be"
        case ShrinkRefused():
            return "empty_input", "load", "too few rows came to take the place of those in the table"
        case NoInput():
            return "empty_input", "extract.files", "there is nothing to read"
        case FileRefused():
            return "broken", "extract.files", "a file cannot be read as a table"
        case OverBudget():
            return "over_budget", "validate", "more rows were rejected than are allowed"
        case DataRefused():
            return "target_conflict", "load", "the table refuses the rows"
        case ConfigurationError():
            return "invalid", "", "the pipeline cannot work as it is written"
    return "broken", "", f"it failed: {type(error).__name__}"


def _unfit(unfit: Unfit, spec: PipelineSpec) -> Finding:
    kind, key, detail = _of_column(unfit, spec)
    return Finding(
        kind=kind,
        pipeline=spec.name,
        key=key,
        column=unfit.column,
        step=unfit.step,
        rows=unfit.rows,
        wanted=unfit.type or ("absent" if (unfit.of, unfit.what) == ("table", "missing") else None),
        detail=detail,
    )


def _of_column(unfit: Unfit, spec: PipelineSpec) -> tuple[FindingKind, str, str]:
    name, contract = unfit.column, f"validate.contract.{unfit.column}"
    match unfit.of, unfit.what:
        case _, "key":
            return "key_conflict", "load.primary_key", f"the table holds values of {name!r} more than once"
        case "table", "type":
            other = f", which is {unfit.type} there" if unfit.type else ""
            return "target_conflict", contract, f"the values do not fit the table's column {name!r}{other}"
        case "table", "missing":
            return "target_conflict", contract, f"the table has no column {name!r}"
        case "table", _:
            return "target_conflict", contract, f"the table's column {name!r} cannot be written"
        case _, "missing":
            return "missing_column", contract, f"no file brings the column {name!r}"
        case _, "extra":
            return "drifted", "validate.drift.columns", f"the contract has no column {name!r}, and the files bring it"
        case _, "looks":
            return "drifted", "lock", f"the column {name!r} no longer looks as it did when the lock was made"
        case _, "ambiguous":
            key = _place(spec, step=unfit.step, column=name)
            return "ambiguous", key, f"the column {name!r} can be read in several ways"
    if name == spec.load.newest_by:
        return "invalid", "load.newest_by", f"the column {name!r} has values that cannot tell which row is newest"
    return "drifted", contract, f"values of the column {name!r} are not of their type"


def _rejected(result: RunResult, spec: PipelineSpec, *, over: bool) -> Iterator[Finding]:
    """Count rejected rows by reason; the commonest first."""
    read = max(result.balance.read, 1)
    for reason, rows in sorted(result.reasons.items(), key=lambda item: (-item[1], item[0].code, item[0].column or "")):
        about_key = _is_of_key(reason, spec)
        kind: FindingKind = "rejected" if not over else "key_conflict" if about_key else "over_budget"
        place = f"the column {reason.column!r}" if reason.column is not None else "whole rows"
        yield Finding(
            kind=kind,
            pipeline=spec.name,
            key="load.primary_key" if about_key else _contract_key(reason),
            column=reason.column,
            code=reason.code,
            rows=rows,
            share=min(rows / read, 1.0),
            detail=f"{rows:,} of {read:,} rows: {reason.code}, {place}",
        )


def _is_of_key(reason: Reason, spec: PipelineSpec) -> bool:
    if reason.code == "primary-key-error":
        return True
    return reason.code in _KEY_CODES and reason.column in spec.load.primary_key


def _contract_key(reason: Reason) -> str:
    """Return the key of the promise that was broken, as near as the reason tells."""
    if reason.column is None:
        return "validate"
    check = (reason.check or "").partition(":")[0]
    attribute = _ATTRIBUTES.get(reason.code) or (check if check in ColumnContract.model_fields else None)
    return f"validate.contract.{reason.column}" + (f".{attribute}" if attribute else "")


def _dropped(result: RunResult, spec: PipelineSpec) -> Iterator[Finding]:
    for decision in result.decisions:
        key = _route(spec, decision.node)
        for dropped in decision.dropped:
            yield Finding(
                kind="gate_refused",
                pipeline=spec.name,
                key=key,
                column=dropped.columns[0] if len(dropped.columns) == 1 else None,
                step=dropped.step,
                detail=f"the step {dropped.step} is left out: {dropped.reason}",
            )


def _route(spec: PipelineSpec, name: str) -> str:
    for place, node in enumerate(spec.clean):
        if isinstance(node, Route) and node.route == name:
            return f"clean.{place}"
    return "clean"


def _place(spec: PipelineSpec, *, step: str | None, column: str) -> str:
    """Return the key of the one step that an error can be of; ``clean`` where several can."""
    places = [place for place, node in enumerate(spec.clean) if isinstance(node, Step) and node.name == step]
    if len(places) > 1:
        places = [place for place in places if column in getattr(spec.clean[place], "columns", ())]
    return f"clean.{places[0]}" if len(places) == 1 else "clean"
