"""The plan: the flat list of steps that will run, made once, explained and executed from the same object."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from etl_agent.clean.step import FittedStep, KeyStep, SiftStep, Step, unknown_column
from etl_agent.clean.union import STEPS

__all__ = ["Plan", "PlannedStep", "ancestry", "kindred", "next_survey", "origins", "reasons", "survey_passes"]

_FIT = "survey: fit "


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step at its place in the plan.

    Args:
        label: its number in the plan, counted from 1, and its name: ``2 strip``.
        step: the step.
    """

    label: str
    step: Step

    @property
    def waits(self) -> bool:
        """Whether it must see the survey before it can be applied."""
        return isinstance(self.step, FittedStep) and not self.step.fitted


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do with the columns that it finds.

    Args:
        pipeline: the pipeline's name.
        steps: the steps in the order they run.
        door: columns that enter the first step.
        wanted: columns that every file must bring, since the contract or a step asks for them.
        unknown: columns of the files that nothing asks for.
        absent: columns that no file brings and that may be null.
        names: columns that leave the last step.
        passes: for each time the files are read, what for.
        digest: SHA-256 (hex) over everything that decides what a row becomes.
    """

    pipeline: str
    steps: tuple[PlannedStep, ...]
    door: tuple[str, ...]
    wanted: tuple[str, ...]
    unknown: tuple[str, ...]
    absent: tuple[str, ...]
    names: tuple[str, ...]
    passes: tuple[str, ...]
    digest: str

    def pinned(self, known: Callable[[PlannedStep], Step]) -> Plan:
        """Return the plan with steps that need not wait, since what they would learn is known.

        Args:
            known: for a planned step the step that runs.
        """
        steps = tuple(replace(planned, step=known(planned)) for planned in self.steps)
        others = [reason for reason in self.passes if not reason.startswith(_FIT)]
        return replace(self, steps=steps, passes=(*reasons(steps, self.door), *others))

    def refuse_missing(self) -> None:
        """Refuse a plan whose steps read columns that are not there.

        Raises:
            ConfigurationError: a wanted column is missing; the near names are given.
        """
        for name in self.wanted:
            if name not in self.door:
                raise unknown_column(name, self.door, where=self.pipeline)


def next_survey(steps: Sequence[PlannedStep], names: Sequence[str], *, fitted: Collection[str] = ()) -> tuple[str, ...]:
    """Name the waiting steps that one pass over the data can fit.

    A waiting step can be fitted when it depends on no step before it that still waits: one that writes a column
    it reads, or one that changes which rows or columns there are.

    Args:
        steps: the plan's steps.
        names: columns that enter the first step.
        fitted: labels of the steps that need not wait any more.
    """
    ready: list[str] = []
    unsettled: set[str] = set()  # columns whose cells depend on a step that waits
    here = tuple(names)
    for planned in steps:
        step = planned.step
        after = step.names_after(here)
        waits = planned.waits and planned.label not in fitted
        blocked = bool(unsettled & set(step.reads(here)))
        if waits and not blocked:
            ready.append(planned.label)
        if waits or blocked:
            if after != here or isinstance(step, SiftStep | KeyStep):
                break
            unsettled |= set(step.writes(here))
        here = after
    return tuple(ready)


def survey_passes(steps: Sequence[PlannedStep], names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Group the waiting steps by the pass over the data that fits them."""
    passes: list[tuple[str, ...]] = []
    fitted: set[str] = set()
    while ready := next_survey(steps, names, fitted=fitted):
        passes.append(ready)
        fitted.update(ready)
    return tuple(passes)


def reasons(steps: Sequence[PlannedStep], names: Sequence[str]) -> tuple[str, ...]:
    """Say of each pass over the data that fits waiting steps what it is for."""
    return tuple(f"{_FIT}{', '.join(labels)}" for labels in survey_passes(steps, names))


def ancestry(steps: Sequence[PlannedStep], names: Sequence[str], *, columns: Collection[str]) -> frozenset[str]:
    """Name the columns, at any point of the plan, whose cells may come into some columns at its end.

    Args:
        steps: the plan's steps.
        names: columns that enter the first step.
        columns: columns that leave the last one; they are among the answer.
    """
    here = tuple(names)
    walked: list[tuple[Step, tuple[str, ...]]] = []
    for planned in steps:
        walked.append((planned.step, here))
        here = planned.step.names_after(here)
    found = set(columns)
    for step, before in reversed(walked):
        written, read = set(step.writes(before)), set(step.reads(before))
        if written & found and not _works_cell_by_cell(step, written, read):
            found |= read
    return frozenset(found)


def kindred(steps: Iterable[Step], names: Sequence[str], *, columns: Collection[str]) -> frozenset[str]:
    """Name the columns that may hold cells of some columns, or what was made of them, whichever of the steps run.

    Args:
        steps: steps in any order.
        names: columns that enter the first step.
        columns: columns at any point; they are among the answer.
    """
    listed, found, grows = tuple(steps), set(columns), True
    everywhere = tuple(dict.fromkeys((*names, *(name for step in listed for name in step.writes(names)))))
    while grows:
        before = len(found)
        for step in listed:
            written, read = set(step.writes(everywhere)), set(step.reads(everywhere))
            if found & (written | read) and written and not _works_cell_by_cell(step, written, read):
                found |= written | read
        grows = len(found) > before
    return frozenset(found)


def origins(steps: Iterable[Step], names: Sequence[str]) -> dict[str, frozenset[str]]:
    """Say of each column after some steps which columns before them may have come into its cells.

    Args:
        steps: in the order in which they run.
        names: columns that enter the first step.
    """
    here = tuple(names)
    known = {name: frozenset({name}) for name in here}
    for step in steps:
        after, written, read = step.names_after(here), set(step.writes(here)), set(step.reads(here))
        moved = [(old, new) for old, new in zip(here, after, strict=False) if old != new]
        if len(after) == len(here) and all(old in read and new in written for old, new in moved) and moved:
            known = {new: known[old] for old, new in zip(here, after, strict=True)}  # names change, places stay
        else:
            made = frozenset().union(*(known.get(name, frozenset()) for name in read))
            apart = _works_cell_by_cell(step, written, read)
            changed = {name: known.get(name, frozenset()) | made for name in after if name in written and not apart}
            known = {name: changed.get(name, known.get(name, made)) for name in after}
        here = after
    return known


def _works_cell_by_cell(step: Step, written: Collection[str], read: Collection[str]) -> bool:
    """Tell whether each column of a step comes from itself alone; a step of the user's own may do anything."""
    return type(step) in STEPS and step.change != "columns" and len(written) > 1 and set(written) <= set(read)
