"""Revising a draft on evidence: every repair that the catalogue knows, and the best of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal, get_args

from pydantic import ValidationError

from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.planner.given import Given
from etl_agent.orchestrate.planner.revising.checking import check
from etl_agent.orchestrate.planner.revising.editing import Edited
from etl_agent.orchestrate.planner.revising.keeping import keeps
from etl_agent.orchestrate.planner.revising.repairs import REPAIRS
from etl_agent.orchestrate.planner.revising.repairs.case import Case, Possible, Rank
from etl_agent.orchestrate.planner.revision import Change, Repair, Revision

__all__ = ["combined", "repairs", "revise"]

_RANKS: tuple[str, ...] = get_args(Rank)


def repairs(
    draft: PlanDraft, findings: Sequence[Finding], given: Given, *, committed: Collection[str] = ()
) -> tuple[Repair, ...]:
    """Return every repair that answers evidence, those first that are best for their finding.

    A repair changes uncommitted pipelines only, and keeps what ``keeping.keeps`` says.

    Args:
        draft: the draft.
        findings: the evidence.
        given: what the user gave.
        committed: pipelines that have run, by name.
    """
    found: dict[tuple[Change, ...], tuple[int, int, Repair]] = {}
    for order, finding in enumerate(findings):
        for place, (possible, changes) in enumerate(_possible(draft, finding, given, committed=committed)):
            if changes in found:  # one change may answer several findings
                first, earlier, known = found[changes]
                answers = tuple(dict.fromkeys((*known.answers, finding)))
                found[changes] = (*min((first, earlier), (place, order)), replace(known, answers=answers))
            else:
                change = partial(_guarded, possible, committed)
                found[changes] = (place, order, Repair(possible.family, possible.description, (finding,), change))
    ordered = sorted(found.values(), key=lambda each: each[:2])
    return tuple(replace(repair, name=f"{number}: {repair.name}") for number, (*_, repair) in enumerate(ordered, 1))


def _possible(
    draft: PlanDraft, finding: Finding, given: Given, *, committed: Collection[str]
) -> list[tuple[Possible, tuple[Change, ...]]]:
    """Return what could be done for a finding, with what it would change, the best first."""
    if finding.pipeline in committed or all(spec.name != finding.pipeline for spec in draft.pipelines):
        return []
    evidence: tuple[Finding, ...] = (finding,)
    if finding.kind == "invalid" and not finding.key:  # it failed when it ran: the check knows better where
        evidence = tuple(found for found in check(draft, given) if found.pipeline == finding.pipeline)
    cases = [Case(draft, found, given, committed) for found in evidence]
    listed = [
        (possible, changes)
        for case in cases
        for family in REPAIRS
        for possible in family(case)
        if (changes := _guarded(possible, committed, draft)[1])
    ]
    return sorted(listed, key=lambda each: _RANKS.index(each[0].rank))


def _guarded(possible: Possible, committed: Collection[str], draft: PlanDraft) -> Edited:
    """Make a change, unless the draft would contradict itself or lose what must stay."""
    try:
        after, changes = possible.change(draft)
    except ValidationError:
        return draft, ()
    if not changes or after.pipelines == draft.pipelines or not keeps(draft, after, committed=committed):
        return draft, ()
    return after, changes


def combined(
    draft: PlanDraft,
    chosen: Sequence[Repair],
    findings: Sequence[Finding],
    *,
    given: Given | None = None,
    by: Literal["rules", "model"] = "rules",
) -> Revision | None:
    """Make repairs one after the other, leaving out those that have nothing to do by then or would break something.

    Args:
        draft: the draft.
        chosen: the repairs, in the order in which they are made.
        findings: the evidence.
        given: what the user gave: then a repair that makes the draft invalid in a new way is left out.
        by: who chose.

    Returns:
        The better draft; None where nothing changes.
    """
    changes: list[Change] = []
    now, known = draft, _faults(draft, given)
    for repair in chosen:
        after, made = repair.apply(now)
        if not made:
            continue
        faults = _faults(after, given)
        if faults - known:
            continue
        now, known = after, faults
        changes += made
    if not changes:
        return None
    return Revision(draft=now, changes=tuple(changes), findings=tuple(findings), by=by)


def _faults(draft: PlanDraft, given: Given | None) -> Counter[tuple[str, str | None, str | None, str]]:
    """Count what is invalid in a draft by where it is; the places of steps do not count, since steps move."""
    if given is None:
        return Counter()
    return Counter(
        (finding.pipeline, finding.column, finding.code, "clean" if finding.key.startswith("clean.") else finding.key)
        for finding in check(draft, given)
    )


def revise(
    draft: PlanDraft, findings: Sequence[Finding], given: Given, *, committed: Collection[str] = ()
) -> Revision | None:
    """Make the best repair for each finding: by rules alone.

    Args:
        draft: the draft.
        findings: the evidence.
        given: what the user gave.
        committed: pipelines that have run, by name.

    Returns:
        The better draft; None where no repair is known.
    """
    listed = repairs(draft, findings, given, committed=committed)
    return combined(draft, tuple(_best(findings, listed)), findings, given=given)


def _best(findings: Sequence[Finding], listed: Sequence[Repair]) -> Iterator[Repair]:
    """Return the first repair of each finding, each once."""
    best = [next((repair for repair in listed if finding in repair.answers), None) for finding in findings]
    yield from dict.fromkeys(repair for repair in best if repair is not None)
