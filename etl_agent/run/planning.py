"""Plan a goal: look at the files, draft pipelines, rehearse them, and repair the draft once before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from etl_agent.ask import Answered, Ask, Question, Unanswered, Usage
from etl_agent.clean.step import Step
from etl_agent.errors import UsageError
from etl_agent.load.url import shown
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.drafting.pipelines import draft
from etl_agent.orchestrate.planner.findings import Finding, severity
from etl_agent.orchestrate.planner.given import Given
from etl_agent.orchestrate.planner.model.by_model import read_by_model, revise_by_model
from etl_agent.orchestrate.planner.reading.goal import read_goal
from etl_agent.orchestrate.planner.revising.checking import check
from etl_agent.orchestrate.planner.revising.revise import revise
from etl_agent.orchestrate.planner.revision import Revision
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.paths import from_environment
from etl_agent.run.goal_journal import Identity, Kept, kept_of
from etl_agent.run.planning_inputs import digests_of, empty_files, pipelines_in, sources_of, user_sql_of
from etl_agent.run.rehearsal import measured_steps, rehearse, target_away

__all__ = ["Heard", "Planned", "make_plan"]

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True)
class Planned:
    """A goal as a plan that was rehearsed, and that nothing of was run.

    Args:
        given: what the user gave, and what is known of it.
        draft: the plan.
        identity: what tells this goal with these files from others.
        findings: what was found about the plan and is left in it.
        revisions: how it became what it is: at most one before it runs, and those of a run that was broken off.
        usage: what questions to a model took.
        notes: what a person should know beside the draft's own notes.
        fell_back: whether a model was asked for this plan and gave no answer that could be used, or doubts the plan.
        resumed: the goal run that this goes on with, or None.
        reachable: whether the target could be looked at.
    """

    given: Given
    draft: PlanDraft
    identity: Identity
    findings: tuple[Finding, ...] = ()
    revisions: tuple[Revision, ...] = ()
    usage: Usage = field(default_factory=Usage)
    notes: tuple[str, ...] = ()
    fell_back: bool = False
    resumed: Kept | None = None
    reachable: bool = True


class Heard:
    """Hands questions on, and remembers what came of them.

    Args:
        ask: who is asked.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.usage = Usage()
        """What the questions took, failed ones included."""
        self.unanswered = 0
        """Questions that went unanswered."""

    def __call__(self, question: Question[Answer]) -> Answered[Answer] | Unanswered:
        """Ask."""
        outcome = self._ask(question)
        self.usage += outcome.usage
        self.unanswered += isinstance(outcome, Unanswered)
        return outcome


def make_plan(
    goal: str,
    files: Sequence[str],
    *,
    to: str,
    project: Path,
    sql: Sequence[str] = (),
    sensitive: Sequence[str] = (),
    header: bool | None = None,
    ask: Ask | None = None,
    resume: bool = True,
) -> Planned:
    """Plan a goal. Nothing is written, neither files nor the target.

    Args:
        goal: what the user wants, in words.
        files: files and globs; relative paths are relative to the project.
        to: the URL of the target, as it is to stand in the pipeline files.
        project: the folder that holds ``pipelines/``, or will.
        sql: SQL files that may run after a load; one that holds queries only is a check, any other a transform.
        sensitive: columns of which no value may be shown, stored or told.
        header: whether the first lines of the files name the columns; by default that is found out.
        ask: a model that may be asked; rules alone do all of it where there is none, or where it fails.
        resume: whether to go on with a run of this goal that was broken off, by the plan of then.

    Raises:
        NoInput: no file matches.
        FileRefused: the first line of a file is plainly a row.
        UsageError: the goal or an option names something that is not there.
        ConfigurationError: the target cannot be read as one, or a pipeline that is there has mistakes.
        EtlAgentError: of the class that says why a file cannot be read.
    """
    if not files:
        raise UsageError("there is no file to plan for", next_command='etl-agent plan "GOAL" FILE... --to URL')
    user_sql = tuple(user_sql_of(file, project) for file in sql)
    sources, digests = sources_of(files, project=project, sensitive=sensitive, header=header, as_of=date.today())
    existing, broken = pipelines_in(project)
    given = Given(goal=goal, sources=sources, to=to, sql=user_sql, existing=existing, header=header)
    contents = (*digests, *digests_of(user_sql, project))
    identity = Identity(goal, shown(from_environment(to)), contents, tuple(sensitive), header)
    away = target_away(to, project=project)
    notes = (*([] if away is None else [away]), *empty_files(sources))
    kept = kept_of(project, digest=identity.digest, to=to) if resume else None
    if kept is not None:
        return _resumed(given, identity, kept, notes, reachable=away is None)
    planned = _drafted(given, identity, ask, notes)
    for name, error in broken.items():
        if any(spec.name == name for spec in planned.draft.pipelines):
            raise error
    return _rehearsed(replace(planned, reachable=away is None), project=project, ask=ask)


def _drafted(given: Given, identity: Identity, ask: Ask | None, notes: tuple[str, ...]) -> Planned:
    """Read the goal, by rules and then by a model where one may be asked, and draft pipelines."""
    reading = read_goal(given.goal, given.sources, given.sql)
    if ask is None:
        return Planned(given, draft(reading, given), identity, notes=notes)
    heard = Heard(ask)
    read = read_by_model(reading, given, ask=heard)
    # An answer of which nothing could be taken, and something had to be left out, is as good as none.
    useless = read.answered and read.reading.wishes == reading.wishes and bool(read.notes)
    helped = read.reading.wishes != reading.wishes
    made = draft(read.reading, given, maker="model" if helped else "rules", notes=read.notes)
    fell_back = heard.unanswered > 0 or useless or bool(read.doubts)
    return Planned(given, made, identity, usage=heard.usage, notes=notes, fell_back=fell_back)


def _rehearsed(planned: Planned, *, project: Path, ask: Ask | None) -> Planned:
    """Check and rehearse a plan, and let it be repaired once; the better one stays."""
    given, heard = planned.given, None if ask is None else Heard(ask)
    found = _judged(planned.draft, planned, project=project)
    planned = replace(planned, findings=found)
    if not any(_asks_for_repair(finding, planned.draft) for finding in found):
        return planned
    revision = (
        revise(planned.draft, found, given)
        if heard is None
        else revise_by_model(planned.draft, found, given, ask=heard)
    )
    if heard is not None:
        fell_back = planned.fell_back or heard.unanswered > 0
        planned = replace(planned, usage=planned.usage + heard.usage, fell_back=fell_back)
    if revision is None:
        return planned
    return _better(planned, revision, _judged(revision.draft, planned, project=project))


def _better(planned: Planned, revision: Revision, after: tuple[Finding, ...]) -> Planned:
    """Take a revision in those pipelines that it makes better; the others stay as they were."""
    before = planned.findings
    names = [spec.name for spec in planned.draft.pipelines]
    better = [name for name in names if _weight(after, name) < _weight(before, name)]
    if not better:
        return planned
    if [spec.name for spec in revision.draft.pipelines] == names:
        taken = planned.draft
        for name in better:
            taken = taken.with_pipeline(revision.draft, name)
        after = tuple(each for name in names for each in (after if name in better else before) if each.pipeline == name)
        changes = tuple(change for change in revision.changes if change.pipeline in better)
        revision = revision.model_copy(update={"draft": taken, "changes": changes})
    return replace(planned, draft=revision.draft, findings=after, revisions=(revision,))


def _asks_for_repair(finding: Finding, made: PlanDraft) -> bool:
    """Tell whether something is left to repair: of a route, the gate has left out a step that it refused."""
    if finding.kind != "gate_refused":
        return True
    return any(finding.key == f"clean.{place}" for place in _steps(made.pipeline(finding.pipeline)))


def _weight(found: Sequence[Finding], pipeline: str) -> tuple[bool, int, float, int]:
    """Weigh what was found about a pipeline: less is better.

    First whether it loads at all, and what else keeps it from that. Shares of rejected rows count only where it loads:
    to give up promises is no gain where too many rows are rejected all the same. What the gate refuses comes last,
    since a step that rows need to be loaded is worth keeping.
    """
    listed = [finding for finding in found if finding.pipeline == pipeline]
    stops, share = severity(listed)
    others = stops - sum(finding.kind == "over_budget" for finding in listed)
    refused = sum(finding.kind == "gate_refused" for finding in listed)
    return (True, others, 0.0, 0) if stops else (False, 0, share, refused)


def _steps(spec: PipelineSpec) -> tuple[int, ...]:
    """Return the places of plain steps in ``clean``."""
    return tuple(place for place, node in enumerate(spec.clean) if isinstance(node, Step))


def _judged(made: PlanDraft, planned: Planned, *, project: Path) -> tuple[Finding, ...]:
    """Find what is wrong with a draft: a pipeline that contradicts itself is not rehearsed."""
    found = check(made, planned.given)
    wrong = {finding.pipeline for finding in found}
    for spec in made.pipelines:
        if spec.name not in wrong:
            guessed = [place for place in _steps(spec) if not made.said(spec.name, f"clean.{place}")]
            found += rehearse(spec, project=project, given=planned.given, reachable=planned.reachable)
            found += measured_steps(spec, project=project, given=planned.given, places=guessed)
    return found


def _resumed(given: Given, identity: Identity, kept: Kept, notes: tuple[str, ...], *, reachable: bool) -> Planned:
    done = f"{len(kept.committed)} of {len(kept.draft.pipelines)} pipelines are committed"
    return Planned(
        given,
        kept.draft,
        identity,
        findings=kept.findings,
        revisions=(*kept.rounds, *kept.revisions),
        notes=(*kept.notes, f"a run of this goal was broken off and goes on by its own plan: {done}", *notes),
        fell_back=kept.fell_back,
        resumed=kept,
        reachable=reachable,
    )
