"""The record of earlier runs is read back as it was written, from both kinds of target."""

from __future__ import annotations

from typing import Any

import pytest

from etl_agent.errors import ConfigurationError
from etl_agent.load.target import open_target
from etl_agent.run.changes import ChangeRow
from etl_agent.run.history import PastRun, changes_of, ledger_in, one_run, recent_runs, result_of
from etl_agent.run.quarantine import Filters, statuses_of
from tests.run.project import Project

CONTRACT: dict[str, Any] = {"id": "text", "n": "integer"}
STEPS = [{"step": "strip", "columns": ["id"]}, {"step": "map_values", "columns": ["n"], "values": {"a": "1", "b": "2"}}]


def past(project: Project, **known: Any) -> tuple[PastRun, ...]:
    """Read the runs on record."""
    with open_target(project.url, read_only=True) as target, target.reading() as connection:
        tables = ledger_in(connection, schema=None)
        assert connection is not None
        assert tables is not None
        return recent_runs(connection, tables, **known)


def test_a_run_is_read_back_as_it_returned(project: Project) -> None:
    """Balance, files, reasons and changes survive the way through the ledger; only the seconds end later."""
    project.write("in.csv", "id,n\n 1 ,a\n2,b\n3,x\n4,1,2\n 5,a\n")
    result = project.run(contract=CONTRACT, clean=STEPS, validate={"max_reject_share": 0.5})
    (run,) = past(project)
    known = {**run.result.as_dict(), "seconds": None}
    assert known == {**result.as_dict(), "seconds": None}
    assert (run.error, run.finished_at is not None and run.seconds > 0) == (None, True)


def test_a_refused_run_tells_why(project: Project) -> None:
    """Its error and its reasons are on record, and its entries by what became of them."""
    project.write("in.csv", "id,n\n1,x\n2,y\n")
    result = project.run(contract=CONTRACT)
    (run,) = past(project)
    assert run.result.status == "refused"
    assert run.error == result.message
    assert run.result.reasons == result.reasons
    with open_target(project.url, read_only=True) as target, target.reading() as connection:
        tables = ledger_in(connection, schema=None)
        assert connection is not None
        assert tables is not None
        assert statuses_of(connection, tables, Filters(run_id=result.run_id)) == {"refused": 2}
        assert one_run(connection, tables, 1) is None


def test_the_newest_runs_come_first_and_can_be_narrowed(project: Project) -> None:
    """By table, by pipeline and by number."""
    project.write("a.csv", "id\n1\n")
    project.write("b.csv", "id\n2\n")
    runs = [project.run("a.csv").run_id, project.run("b.csv").run_id, project.run("a.csv", table="u").run_id]
    assert [run.result.run_id for run in past(project)] == runs[::-1]
    assert [run.result.run_id for run in past(project, limit=1)] == runs[2:]
    assert [run.result.run_id for run in past(project, table="t")] == runs[1::-1]
    assert past(project, pipelines=["q"]) == ()


def test_the_most_frequent_changes_come_first_and_the_rest_is_added_up(project: Project) -> None:
    """Nothing is left out of the sum."""
    lines = "".join(f"{n},{value}\n" for n, value in enumerate("aaabbcd"))
    project.write("in.csv", "id,n\n" + lines)
    values = {"a": "1", "b": "2", "c": "3", "d": "4"}
    result = project.run(contract=CONTRACT, clean=[{"step": "map_values", "columns": ["n"], "values": values}])
    with open_target(project.url, read_only=True) as target, target.reading() as connection:
        tables = ledger_in(connection, schema=None)
        assert connection is not None
        assert tables is not None
        changes = changes_of(connection, tables, result.run_id, most=2)
    step = "1 map_values"
    assert changes == (
        ChangeRow(step, "n", "pair", "a", "1", 3),
        ChangeRow(step, "n", "pair", "b", "2", 2),
        ChangeRow(step, "n", "rest", None, None, 2),
    )
    assert sum(row.rows for row in changes) == result.changed_cells


def test_a_database_without_our_tables_has_no_ledger(project: Project) -> None:
    """Reading makes nothing: no table, and no file."""
    with open_target(project.url, read_only=True) as target, target.reading() as connection:
        assert ledger_in(connection, schema=None) is None


def test_a_ledger_of_a_newer_release_is_refused(project: Project) -> None:
    """It is not guessed at; the message says what to do."""
    project.write("in.csv", "id\n1\n")
    project.run()
    with open_target(project.url) as target, target.record() as record:
        record.connection.execute(record.tables.meta.update().values(version=99))
        record.commit()
    with pytest.raises(ConfigurationError, match="version 99"):
        past(project)


def test_an_outcome_of_an_older_release_is_read_as_far_as_it_goes() -> None:
    """What was not written then is absent, not an error."""
    result = result_of({"pipeline": "p", "run_id": 7, "status": "loaded", "table": "t", "rows": {"read": 3}})
    assert (result.balance.read, result.files, result.reasons, result.message) == (3, (), {}, None)
