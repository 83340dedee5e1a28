"""The journal of a goal run: what is in it survives a kill, and nothing else is needed to go on."""

from __future__ import annotations

import stat
from pathlib import Path
from threading import Timer

import pytest

from etl_agent.clean.text import Strip
from etl_agent.errors import TryLater
from etl_agent.orchestrate.planner.draft import PlanDraft, Point
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.planner.revision import Change, Revision
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.run.goal_journal import Identity, Journal, kept_of

TO = "postgresql://me:hunter2@host/db"
DIGEST = "d" * 64


def spec(name: str = "p", **load: object) -> PipelineSpec:
    """Make a pipeline, with a step as a draft has it: its tag is its type's and was never said."""
    sections = {"version": 1, "name": name, "extract": {"files": "in.csv"}, "load": {"to": TO, "table": "t", **load}}
    return PipelineSpec.model_validate(sections).model_copy(update={"clean": (Strip(columns=("id",)),)})


def draft(*specs: PipelineSpec) -> PlanDraft:
    """Make a draft."""
    points = [Point(pipeline=each.name, key="load", reason="so", by="default") for each in specs]
    return PlanDraft(goal="load it", pipelines=specs, points=tuple(points), not_understood=("x",), notes=("y",))


def revision(to: PlanDraft) -> Revision:
    """Make a revision."""
    change = Change(pipeline="p", key="load.primary_key", before="", after="[id]", reason="rows share it")
    return Revision(draft=to, changes=(change,), findings=(Finding(kind="key_conflict", pipeline="p"),), note="n")


def begun(project: Path, first: PlanDraft) -> Journal:
    """Open a journal and begin."""
    journal = Journal(project, digest=DIGEST)
    journal.begin(first, findings=(), rounds=(), fell_back=True, notes=("told",))
    return journal


def test_a_run_that_was_broken_off_is_read_back_whole(tmp_path: Path) -> None:
    """Draft, revisions and committed pipelines are those that were written."""
    first, second = draft(spec(), spec("q")), draft(spec(primary_key=["id"]), spec("q"))
    with begun(tmp_path, first) as journal:
        journal.revised(revision(second))
        journal.committed("p", run_id=7)
    kept = kept_of(tmp_path, digest=DIGEST, to=TO)
    assert kept is not None
    assert (kept.first, kept.draft, kept.revisions) == (first, second, (revision(second),))
    assert (kept.committed, kept.fell_back, kept.notes) == ({"p": 7}, True, ("told",))


def test_a_run_that_came_to_its_end_is_not_gone_on_with(tmp_path: Path) -> None:
    """The next call plans anew, and so does one that found no journal."""
    with begun(tmp_path, draft(spec())) as journal:
        journal.done(exit_code=65)
    assert kept_of(tmp_path, digest=DIGEST, to=TO) is None
    assert kept_of(tmp_path, digest="e" * 64, to=TO) is None


def test_a_later_run_of_the_goal_begins_behind_the_earlier_one(tmp_path: Path) -> None:
    """The journal only grows; what counts is what stands behind the last beginning."""
    with begun(tmp_path, draft(spec())) as journal:
        journal.committed("p", run_id=7)
        journal.done(exit_code=0)
    begun(tmp_path, draft(spec("q"))).__exit__()
    kept = kept_of(tmp_path, digest=DIGEST, to=TO)
    assert kept is not None
    assert kept.committed == {}
    assert kept.draft == draft(spec("q"))


@pytest.mark.parametrize(
    "torn", [b'{"kind":"commi', b'{"kind":"committed"}', b"\xff\x00", b"[1]", b'"x"', b'{"kind":1}']
)
def test_a_torn_line_is_passed_over(tmp_path: Path, torn: bytes) -> None:
    """What a kill left unfinished is no line, and the next one stands alone."""
    journal = begun(tmp_path, draft(spec(), spec("q")))
    journal.committed("p", run_id=7)
    journal.__exit__()
    with journal.path.open("ab") as file:
        file.write(torn)
    with Journal(tmp_path, digest=DIGEST) as again:
        again.committed("q", run_id=8)
    kept = kept_of(tmp_path, digest=DIGEST, to=TO)
    assert kept is not None
    assert kept.committed == {"p": 7, "q": 8}


def test_two_processes_do_not_work_at_one_goal(tmp_path: Path) -> None:
    """The second is told to try later; the lock goes with the first."""
    with Journal(tmp_path, digest=DIGEST), pytest.raises(TryLater, match="another process works at this goal"):
        Journal(tmp_path, digest=DIGEST)
    Journal(tmp_path, digest=DIGEST).__exit__()


def test_a_second_process_waits_if_it_is_told_to(tmp_path: Path) -> None:
    """The lock of the first is waited for, as a table's is."""
    first = Journal(tmp_path, digest=DIGEST)
    ending = Timer(0.2, first.__exit__)
    ending.start()
    with Journal(tmp_path, digest=DIGEST, wait=10.0):
        ending.join()


def test_the_journal_is_private_and_holds_no_password(tmp_path: Path) -> None:
    """Git does not see it, other people cannot read it, and the target's URL is not in it."""
    with begun(tmp_path, draft(spec())) as journal:
        journal.revised(revision(draft(spec())))
    folder = tmp_path / ".etl_agent"
    assert (folder / ".gitignore").read_text() == "*\n"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    assert "hunter2" not in journal.path.read_text()


@pytest.mark.parametrize(
    "other",
    [
        Identity("load all", "to", (("a.csv", "1"),)),
        Identity("load", "elsewhere", (("a.csv", "1"),)),
        Identity("load", "to", (("a.csv", "2"),)),
        Identity("load", "to", (("b.csv", "1"),)),
        Identity("load", "to", (("a.csv", "1"),), ("email",)),
    ],
)
def test_another_goal_or_other_files_are_another_run(other: Identity) -> None:
    """Each part of what was asked is part of its identity."""
    assert other.digest != Identity("load", "to", (("a.csv", "1"),)).digest
