"""Checking a draft against the profiles: whether types and promises fit the cells, and whether keys are keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.planner.given import Given
from etl_agent.orchestrate.planner.revising.editing import contract_of
from etl_agent.orchestrate.planner.revising.trying import broken, trial
from etl_agent.orchestrate.planner.revising.walking import brought, history, source_of, walk
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.profile.profile import Profile
from etl_agent.rejects import ReasonCode

__all__ = ["on_data", "origins", "repeated_share"]

_CODES: Mapping[str, ReasonCode] = {"type": "type-error", "nullable": "required-value"}
"""The reason for which a row is rejected, by the key of the contract; all others are constraint-error."""


def on_data(draft: PlanDraft, spec: PipelineSpec, given: Given) -> Iterator[Finding]:
    """Find promises that the sample breaks in more rows than may be rejected, and keys that are none."""
    yield from _on_promises(spec, given)
    yield from _on_key(draft, spec, given)
    yield from _on_newest(spec)


def _on_promises(spec: PipelineSpec, given: Given) -> Iterator[Finding]:
    source = source_of(spec, given)
    walked = None if source is None else walk(spec.clean, brought(spec, source))
    for name, column in contract_of(spec).items():
        tried = trial(spec, given, column=name, walked=walked)
        if tried is None or tried.cells is None:
            continue
        for key, rows in broken(tried.cells, column).items():
            share = rows / len(tried.cells)
            if share > spec.validation.max_reject_share:
                what = f"{rows:,} of {len(tried.cells):,} values of {name!r} would break {key!r} of the contract"
                yield Finding(
                    kind="invalid",
                    pipeline=spec.name,
                    key=f"validate.contract.{name}.{key}",
                    column=name,
                    code=_CODES.get(key, "constraint-error"),
                    rows=rows,
                    share=share,
                    detail=f"{what}: more than may be rejected",
                )


def origins(spec: PipelineSpec, given: Given, columns: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return what columns behind the last step are called in the files; None where one comes from elsewhere."""
    source = source_of(spec, given)
    found = [history(spec, brought(spec, source), column=name) for name in columns] if source else [None]
    names = tuple(each[0] for each in found if each is not None)
    return names if len(names) == len(columns) else None


def _on_key(draft: PlanDraft, spec: PipelineSpec, given: Given) -> Iterator[Finding]:
    """Check a key: no row may lack it, and a key that the user did not name must tell the rows apart."""
    key, source = spec.load.primary_key, source_of(spec, given)
    names = origins(spec, given, key)
    if not key or names is None or source is None or not source.profile.rows:
        return
    profile, limit = source.profile, spec.validation.max_reject_share
    if not set(names) <= set(profile.facts.columns):
        return
    for name, origin in zip(key, names, strict=True):
        share = profile.facts.columns[origin].nulls / profile.rows
        if share > limit:
            yield _broken_key(
                spec, name, share, profile.rows, f"{share:.1%} of the rows lack {name!r}, which is in the key"
            )
    if any(draft.said(spec.name, f"load.{each}") for each in ("primary_key", "newest_by")):
        return  # then rows are meant to share it
    share = repeated_share(profile, names)
    if share > limit:
        column = key[0] if len(key) == 1 else None
        what = f"{share:.1%} of the rows repeat the key of another one, and only the last of each would be loaded"
        yield _broken_key(spec, column, share, profile.rows, what)


def _broken_key(spec: PipelineSpec, column: str | None, share: float, rows: int, detail: str) -> Finding:
    return Finding(
        kind="invalid",
        pipeline=spec.name,
        key="load.primary_key",
        column=column,
        code="primary-key-error",
        rows=round(share * rows),
        share=min(share, 1.0),
        detail=detail,
    )


def repeated_share(profile: Profile, names: tuple[str, ...]) -> float:
    """Return the share of rows (0 to 1) that repeat the key of others and are not equal to them in everything."""
    if not profile.rows or not names:
        return 0.0
    if len(names) == 1:
        return max(profile.distinct[names[0]].repeated - profile.duplicates.repeated, 0) / profile.rows
    coded = profile.coded
    if coded is None:
        return 0.0
    together = np.stack([coded.columns[name].codes for name in names])
    repeated = coded.rows - np.unique(together, axis=1).shape[1]
    return float(max(repeated - profile.relations.repeats.exact, 0) / coded.rows)


def _on_newest(spec: PipelineSpec) -> Iterator[Finding]:
    newest = spec.load.newest_by
    contract = contract_of(spec)
    if newest is not None and newest in contract and contract[newest].column_type.kind in ("text", "boolean"):
        detail = (
            f"{newest!r} says which row is newest, and as {contract[newest].type} it has no order of time or number"
        )
        yield Finding(kind="invalid", pipeline=spec.name, key="load.newest_by", column=newest, detail=detail)
