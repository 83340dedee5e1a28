"""Judge a step by what it does to the sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa

from etl_agent.batch import Mask
from etl_agent.clean.conflicts import FillFromSources, ResolveConflicts
from etl_agent.clean.step import KeyStep, SiftStep, Step, missing_columns
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.gate.effect import ColumnEffect, column_effects
from etl_agent.decide.gate.fills import object_to_emptied, object_to_fills
from etl_agent.decide.gate.moved import spilled_rows
from etl_agent.decide.gate.removals import object_to_lost_columns, object_to_removal
from etl_agent.decide.gate.repairs import Repaired, figures_of_repairs, object_to_repairs, repaired
from etl_agent.decide.gate.ruling import Objection, Ruling
from etl_agent.decide.gate.sources import object_to_weighing
from etl_agent.decide.gate.writing import Writing, judge_writing
from etl_agent.decide.proposal import Figure
from etl_agent.errors import EtlAgentError

__all__ = ["judge"]

_KEY_COLUMNS = 5  # more columns together tell every row from every other
Failures = Callable[[pa.RecordBatch], int]


def judge(step: Step, evidence: Evidence, *, failures: Failures | None = None) -> Ruling:
    """Measure a pinned step on the sample, and let it pass only if what it does can be defended.

    The gate looks at the cells before and after, not at what a step says of itself: each change is of the class that
    it belongs to by its effect, and each class has its own rules. Changes of format must be readings that the column
    shows to be right, value repairs must be called for by the column or by the rest of the row, fills must put back
    what is hidden from them, and rows may leave only if nothing leaves with them.

    Args:
        step: the step, with nothing left open.
        evidence: the sample that it would be applied to.
        failures: counts the contract failures of some rows as the steps leave them.
    """
    before = evidence.sample
    if missing := missing_columns(step, before.schema.names):
        return Ruling(accepted=False, reason="it reads a column that is not there", figures={"column": missing[0]})
    try:
        objection, figures = _judged(step, evidence, failures)
    except EtlAgentError as error:
        return Ruling(accepted=False, reason="it fails on the sample", figures={"error": type(error).__name__})
    if objection is not None:
        return Ruling(accepted=False, reason=objection.reason, figures={**figures, **objection.figures})
    return Ruling(accepted=True, reason="no rule speaks against it", figures=figures)


def _judged(step: Step, evidence: Evidence, failures: Failures | None) -> tuple[Objection | None, dict[str, Figure]]:
    before = evidence.sample
    if isinstance(step, SiftStep | KeyStep):
        return object_to_removal(step, before, evidence.coded, failures=failures), {}
    after = evidence.after(step).sample
    if after.num_rows != before.num_rows:
        return Objection("it does not leave one row for each row"), {}
    effects = _Effects(step, evidence, after)
    figures = effects.figures()
    for objection in effects.objections():
        return objection, figures
    figures |= figures_of_repairs(effects.repairs)
    if failures is not None and effects.found:
        made = failures(after) - failures(before)
        figures["contract_failures_made"] = made
        if made > 0:
            return Objection("more cells fail the contract after it than before"), figures
    return None, figures


class _Effects:
    """What a step that keeps the rows does to the columns."""

    def __init__(self, step: Step, evidence: Evidence, after: pa.RecordBatch) -> None:
        self.step = step
        self.evidence = evidence
        self.after = after

    @cached_property
    def found(self) -> tuple[ColumnEffect, ...]:
        """The columns whose cells differ."""
        return column_effects(self.evidence.sample, self.after)

    def figures(self) -> dict[str, Figure]:
        """Count what changes, by what is done to it."""
        rows = max(self.evidence.sample.num_rows, 1)
        kinds = {
            "replaced": sum(len(each.replaced) for each in self.found),
            "filled": sum(len(each.filled) for each in self.found),
            "emptied": sum(len(each.emptied) for each in self.found),
        }
        share = max((sum(map(len, (e.replaced, e.filled, e.emptied))) for e in self.found), default=0) / rows
        counted: dict[str, Figure] = {name: cells for name, cells in kinds.items() if cells}
        return {**counted, "columns_changed": len(self.found), "most_changed_share": round(share, 4)}

    def objections(self) -> Iterator[Objection]:
        """Ask the rules, the cheap ones first."""
        before = self.evidence.sample
        for effect in self.found:
            if effect.name in self.evidence.keys:
                yield Objection("it changes cells of a key", {"column": effect.name})
        if (objection := object_to_lost_columns(before, self.after)) is not None:
            yield objection
        for effect in self.found:
            if len(effect.emptied) and (objection := object_to_emptied(effect)) is not None:
                yield objection
        if isinstance(self.step, ResolveConflicts | FillFromSources):
            if (objection := object_to_weighing(self.step, before, self.evidence.coded)) is not None:
                yield objection
            return
        for effect in self.found:
            if (objection := self._writing[effect.name].objection) is not None:
                yield objection
        yield from self._repair_objections()
        for effect in self.found:
            gaps = np.setdiff1d(effect.filled, np.flatnonzero(self._spilled[effect.name]))
            if len(gaps):
                coded = self.evidence.coded
                objection = object_to_fills(self.step, before, coded, effect, rows=gaps, moved=self._moved)
                if objection is not None:
                    yield objection

    @cached_property
    def _moved(self) -> dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]]:
        return {each.name: np.flatnonzero(each.before != each.after) for each in self.found}

    @cached_property
    def _spilled(self) -> Mapping[str, Mask]:
        return spilled_rows(self.found)

    @property
    def _looked_at(self) -> tuple[str, ...]:
        """The columns that the step looks at, where they are few enough to be one key."""
        names = self.step.reads(self.evidence.names)
        return names if len(names) <= _KEY_COLUMNS else ()

    @cached_property
    def _writing(self) -> dict[str, Writing]:
        return {effect.name: judge_writing(effect) for effect in self.found}

    @cached_property
    def repairs(self) -> tuple[Repaired, ...]:
        """The value repairs of each column, with what was meant as a format and is none there."""
        found: list[Repaired] = []
        for effect in self.found:
            if found and found[-1].harmful:
                break  # one column is enough to refuse the step, and the others cost time
            places = np.union1d(effect.of_relations(frozenset({"value"})), self._writing[effect.name].doubtful)
            if len(places):
                each = repaired(
                    self.evidence.coded,
                    effect,
                    places=places,
                    moved=self._moved,
                    together=self._looked_at,
                    spilled=self._spilled[effect.name],
                )
                found += [each] if each is not None else []
        return tuple(found)

    def _repair_objections(self) -> Iterator[Objection]:
        if (reason := object_to_repairs(self.repairs)) is None:
            return
        figures = figures_of_repairs(self.repairs)
        # What was meant as a format and is neither that nor a repair is refused for what it was meant as.
        meant = self._writing[str(figures["column"])].reason
        yield meant if meant is not None else Objection(reason, figures)
