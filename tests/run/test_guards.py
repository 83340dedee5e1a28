"""What stops a run before or after its rows: a drift from the lock, a commit without an answer, destruction."""

import sqlite3
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from etl_agent.batch import Batch, Origin
from etl_agent.errors import CannotWrite, Drifted, OverBudget, UsageError
from etl_agent.load.target import open_target
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.profile.fingerprint import fingerprint
from etl_agent.rejects import Reason, Verdict
from etl_agent.run import drifting
from etl_agent.run.balance import Balance
from etl_agent.run.budget import check_budget
from etl_agent.run.doubt import after_doubt
from etl_agent.run.drifting import Watch, drifted
from etl_agent.run.goal_guard import Destruction, destructions, refuse_destruction, refuse_unclear, without_files
from etl_agent.run.plan_files import PlanFile, PlanFiles
from etl_agent.run.result import RunResult
from etl_agent.validate.spec import Validate

# Drift from a lock


def rows(*cells):
    """Make a batch of one text column."""
    return Batch(pa.RecordBatch.from_pydict({"day": pa.array(cells, pa.string())}), Origin.nowhere(len(cells)))


def watch(*cells):
    """Watch for cells that look like these."""
    return Watch(fingerprint(rows(*cells).data, {"day": "date"}), command="etl-agent lock p", pipeline="p")


ISO = [f"2025-04-{day:02}" for day in range(1, 31)] * 4
SLASHED = [f"{day:02}/04/2025" for day in range(1, 31)] * 4


def test_data_that_look_as_they_did_pass():
    """The batches go through as they came, and nothing is said."""
    held = watch(*ISO)
    verdicts = [Verdict(rows(*ISO[:60])), Verdict(rows(*ISO[60:]))]
    assert list(held.over(verdicts)) == verdicts
    held.check()


def test_data_that_look_otherwise_are_refused():
    """The error names the pipeline, the column and what to type."""
    held = watch(*ISO)
    list(held.over([Verdict(rows(*SLASHED))]))
    with pytest.raises(Drifted) as refused:
        held.check()
    assert str(refused.value).startswith("p: the data no longer look as they did when the lock was made: ")
    assert refused.value.next_command == "etl-agent lock p --diff, then etl-agent lock p"
    assert [(unfit.column, unfit.what) for unfit in refused.value.unfit][:1] == [("day", "looks")]


def test_no_rows_look_like_nothing():
    """An empty dataset has not drifted: other guards speak of that."""
    held = watch(*ISO)
    assert list(held.over([])) == []
    held.check()


def test_what_is_watched_is_bounded(monkeypatch):
    """Samples are merged as soon as they are as many as one is made of."""
    monkeypatch.setattr(drifting, "SAMPLE_ROWS", 50)
    held = watch(*ISO)
    passing = held.over(Verdict(rows(*ISO[:20])) for _ in range(6))
    waiting = [sum(map(len, held._waiting)) for _ in passing]
    assert waiting == [20, 40, 0, 20, 40, 0]
    held.check()


def test_few_differences_are_told_and_the_rest_are_counted():
    """Five in words; every column is listed for programs."""
    names = list("abcdefg")
    before = fingerprint(_table(names, ISO), dict.fromkeys(names, "date"))
    held = Watch(before, command="c", pipeline="p")
    data = _table(names, SLASHED)
    list(held.over([Verdict(Batch(data, Origin.nowhere(data.num_rows)))]))
    with pytest.raises(Drifted) as refused:
        held.check()
    assert len(refused.value.unfit) == 7
    assert str(refused.value.what).count("; ") == 4
    assert refused.value.what.endswith(" and 2 more")
    assert not drifted((), pipeline="p", command="c").unfit


def _table(names, cells):
    return pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name in names})


# A commit without an answer


RESULT = RunResult("p", 7, "loaded", "t", Balance())
LOST = CannotWrite("the disk is full", where="db")


def test_a_commit_that_sqlite_did_not_do_failed(tmp_path):
    """Nobody else works on the file, so what is not on record was rolled back: the error is the error."""
    sqlite3.connect(tmp_path / "x.db").close()
    with open_target(f"sqlite:///{tmp_path / 'x.db'}") as target, pytest.raises(CannotWrite) as failed:
        after_doubt(RESULT, LOST, target=target, schema=None)
    assert failed.value is LOST


def test_a_commit_that_is_on_record_is_done(tmp_path):
    """The run must not be run again; what was said of it is a warning beside those that there are."""
    with open_target(f"sqlite:///{tmp_path / 'x.db'}") as target:
        with target.record() as record:
            values = {"pipeline": "p", "table_name": "t", "status": "loaded", "started_at": datetime.now(UTC)}
            record.connection.execute(record.tables.runs.insert().values(run_id=7, **values))
            record.commit()
        done = after_doubt(RESULT, LOST, target=target, schema=None)
        said = "the commit was answered with an error, but it is on record: db: the disk is full"
        assert done.warning == said
        warned = after_doubt(replace(RESULT, warning="first"), LOST, target=target, schema=None)
        assert warned.warning == f"first; {said}"


class Unreadable:
    """A target whose record cannot be read."""

    def __init__(self, dialect):
        self.location = type("Location", (), {"dialect": dialect})

    def close(self):
        pass

    def reading(self):
        raise CannotWrite("gone")


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_a_commit_of_which_nothing_can_be_read_is_in_doubt(dialect):
    """The error says so, and that the same command settles it."""
    with pytest.raises(CannotWrite) as failed:
        after_doubt(RESULT, LOST, target=Unreadable(dialect), schema=None)
    assert failed.value.where == "db"
    assert failed.value.what == (
        "the disk is full; it is not known whether the load was committed; the next run sees, and loads only what is "
        "missing"
    )
    assert failed.value.next_command == "the same command again"


# The budget


@dataclass
class Tally:
    """Records of a file."""

    file: str
    good: int
    bad: int = 0


@dataclass
class Rejected:
    """Rejected rows."""

    rows: int
    by_file: dict[str, int] = field(default_factory=dict)
    counts: dict[Reason, int] = field(default_factory=dict)


def test_rejects_of_a_file_without_a_tally_are_all_of_it():
    """What is not known to hold more rows holds those that were rejected."""
    with pytest.raises(OverBudget) as refused:
        check_budget(Validate(), [], Rejected(2, {"x": 2}), pipeline="p")
    assert refused.value.where == "p: x"


def test_a_dataset_may_be_over_the_budget_where_no_file_is():
    """The count holds for the run too, and the error names the pipeline."""
    tallies = [Tally("a", 100), Tally("b", 90, 10)]
    with pytest.raises(OverBudget) as refused:
        check_budget(Validate(max_rejects=3), tallies, Rejected(4, {"a": 2, "b": 2}), pipeline="p")
    assert refused.value.where == "p"
    assert refused.value.what.startswith("4 of 200 rows (2.00%) were rejected and max_rejects is 3; most often: ")
    assert refused.value.next_command == "etl-agent quarantine list --status refused"
    check_budget(Validate(max_rejects=4), tallies, Rejected(4, {"a": 2, "b": 2}), pipeline="p")


def test_a_share_that_is_just_allowed_passes():
    """The limit itself is within the budget; beyond it is not."""
    limits = Validate(max_reject_share=0.1)
    check_budget(limits, [Tally("a", 10)], Rejected(1, {"a": 1}), pipeline="p")
    with pytest.raises(OverBudget, match=r"2 of 10 rows \(20\.00%\) were rejected and max_reject_share is 10\.00%"):
        check_budget(limits, [Tally("a", 10)], Rejected(2, {"a": 2}), pipeline="p")


def test_the_commonest_reasons_are_told_first():
    """Equal ones by their text, and only a few of them."""
    counts = {Reason("type-error", name): rows for name, rows in (("d", 1), ("b", 2), ("a", 2), ("c", 9), ("e", 1))}
    with pytest.raises(OverBudget) as refused:
        check_budget(Validate(), [Tally("a", 10)], Rejected(9, {"a": 9}, counts), pipeline="p")
    told = refused.value.what.partition("most often: ")[2]
    assert told.startswith("c: type-error 9, a: type-error 2, b: type-error 2")
    assert len(told.split(", ")) <= len(counts)


# Destruction


def file(name, before="old"):
    """Make a file of a plan."""
    return PlanFile(Path("pipelines") / name, f"pipelines/{name}", before=before, after="new")


def test_files_of_pipelines_that_do_not_run_are_left_out():
    """A pipeline's file and its lock go together; others stay, and so do the notes."""
    files = PlanFiles((file("a.yaml"), file("a.lock.json"), file("b.yaml")), ("note",))
    left = without_files(files, pipelines={"a"})
    assert [one.path.name for one in left.files] == ["b.yaml"]
    assert left.notes == ("note",)


def test_words_that_are_not_clear_are_named():
    """Nothing runs past them, and without any nothing is refused."""
    refuse_unclear(PlanDraft(goal="g", pipelines=()))
    with pytest.raises(UsageError) as refused:
        refuse_unclear(PlanDraft(goal="g", pipelines=(), unclear=("purge", "all of it")))
    assert refused.value.what == (
        "nothing was run: 'purge', 'all of it' may say what is destroyed, what is loaded or where rows go, and is not "
        "clear"
    )
    assert refused.value.next_command == "say it in other words"


def test_all_that_would_be_destroyed_is_named():
    """Each pipeline with each of its dangers; without any nothing is refused."""
    refuse_destruction({"a": ()})
    with pytest.raises(UsageError) as refused:
        refuse_destruction({"a": (Destruction("a", "x"), Destruction("a", "y")), "b": (Destruction("b", "z"),)})
    assert refused.value.what == "this would destroy something, and nothing was run: a: x; a: y; b: z"
    assert refused.value.next_command == "say the same again with --execute --yes if that is meant"


def test_a_draft_without_pipelines_destroys_nothing(tmp_path):
    """There is nothing to look at."""
    assert destructions(PlanDraft(goal="g", pipelines=()), PlanFiles((), ()), project=tmp_path) == {}


@pytest.fixture
def project(tmp_path):
    """A project whose table t holds two rows, and whose pipeline file says something else."""
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("CREATE TABLE t (a TEXT)")
        connection.execute("INSERT INTO t VALUES ('1'), ('2')")
    connection.close()
    (tmp_path / "pipelines").mkdir()
    return tmp_path


def spec(project, name="p", **load):
    """Make a pipeline into table t."""
    to = f"sqlite:///{project / 'x.db'}"
    return PipelineSpec.model_validate(
        {"version": 1, "name": name, "extract": {"files": "none.csv"}, "load": {"to": to, "table": "t", **load}}
    )


def dangers(project, *specs, files=(), ours=()):
    """List what a plan of these pipelines would destroy."""
    draft = PlanDraft(goal="g", pipelines=specs)
    return destructions(draft, PlanFiles(tuple(files), ()), project=project, ours=ours)


def test_rows_that_others_take_the_place_of_are_counted(project):
    """A replace names how many rows are in the table; an append takes none away."""
    found = dangers(project, spec(project, write_disposition="replace"), spec(project, "q"))
    assert list(found) == ["p"]
    (danger,) = found["p"]
    assert danger.what.startswith("it takes away ")
    assert danger.what.endswith(", and the table has 2 rows")
    assert (danger.pipeline, danger.file) == ("p", False)


@pytest.mark.parametrize("table", ["none", "empty"])
def test_a_table_without_rows_has_none_to_lose(project, table):
    """A table that is empty or not there is not destroyed."""
    with sqlite3.connect(project / "x.db") as connection:
        connection.execute("CREATE TABLE empty (a TEXT)")
    connection.close()
    assert dangers(project, spec(project, write_disposition="replace", table=table)) == {}


def test_a_table_that_cannot_be_looked_at_may_have_rows(project):
    """What is not known is not taken for nothing."""
    (project / "x.db").write_bytes(b"this is no database, and nobody knows what it is" * 50)
    (danger,) = dangers(project, spec(project, write_disposition="replace"))["p"]
    assert danger.what.endswith(", and the table cannot be looked at")


def test_sql_of_the_users_own_may_do_anything(project):
    """Each file before and after the load is named; queries that only check are not."""
    found = dangers(project, spec(project, before_sql=["b.sql"], after_sql=["a.sql"], check_sql=["c.sql"]))
    assert [danger.what for danger in found["p"]] == [
        "b.sql may change or delete anything in the target",
        "a.sql may change or delete anything in the target",
    ]


def test_a_file_that_says_something_else_is_named_unless_it_is_ours(project):
    """Only this pipeline's file counts; one that the same run wrote is not foreign."""
    mine = spec(project)
    files = [file("p.yaml"), file("q.yaml"), file("p.lock.json", before=None)]
    (danger,) = dangers(project, mine, files=files)["p"]
    assert danger == Destruction("p", "pipelines/p.yaml says something else and would be overwritten", file=True)
    (project / "pipelines" / "p.yaml").write_text(
        f"version: 1\nname: p\nextract: {{files: none.csv}}\nload: {{to: 'sqlite:///{project / 'x.db'}', table: t}}\n"
    )
    assert dangers(project, mine, files=files, ours=[mine]) == {}
    assert list(dangers(project, mine, files=files, ours=[spec(project, "q")])) == ["p"]


def test_a_file_that_cannot_be_read_is_not_ours(project):
    """What is broken was not written by the same run."""
    (project / "pipelines" / "p.yaml").write_text("name: [")
    mine = spec(project)
    assert list(dangers(project, mine, files=[file("p.yaml")], ours=[mine])) == ["p"]
