"""Plans are kept beside the runs that they loaded by: once each, without targets, and as they were."""

from __future__ import annotations

import json

from etl_agent.load.target import open_target
from etl_agent.run.history import ledger_in
from etl_agent.run.plans import plan_on_record
from etl_agent.run.prepare import digest_of
from tests.run.project import Project

STEPS = [{"step": "strip", "columns": "all"}, {"step": "map_values", "columns": ["n"], "values": {"a": "1", "é": "2"}}]


def digests(project: Project) -> list[str]:
    """Return the digests of the plans that are kept."""
    return [digest for (digest,) in project.ask("SELECT plan_digest FROM _etl_plans ORDER BY 1")]


def test_a_plan_is_read_back_with_its_digest(project: Project) -> None:
    """What is kept decides of a row what the pipeline decided, and the target is not in it."""
    project.write("in.csv", "id,n\n1,a\n")
    spec = project.spec(contract={"id": "text", "n": "integer"}, clean=STEPS)
    project.run(contract={"id": "text", "n": "integer"}, clean=STEPS)
    (digest,) = digests(project)
    with open_target(project.url, read_only=True) as target, target.reading() as connection:
        tables = ledger_in(connection, schema=None)
        assert connection is not None
        assert tables is not None
        kept = plan_on_record(connection, tables, digest)
        assert plan_on_record(connection, tables, "another") is None
    assert kept is not None
    assert digest_of(kept[0], project=project.folder, lock=kept[1]) == digest == digest_of(spec, project=project.folder)
    ((text,),) = project.ask("SELECT plan FROM _etl_plans")
    assert project.url not in json.dumps(json.loads(text))
    assert "to" not in json.loads(text)["pipeline"]["load"]


def test_a_plan_is_kept_once_however_often_it_runs(project: Project) -> None:
    """The table grows with the plans, not with the nights."""
    for number in range(3):
        project.write(f"{number}.csv", f"id\n{number}\n")
        project.run(f"{number}.csv")
    assert len(digests(project)) == 1
    project.write("3.csv", "id\n3\n")
    project.run("3.csv", clean=[{"step": "strip", "columns": ["id"]}])
    assert len(digests(project)) == 2


def test_a_refused_run_keeps_no_plan(project: Project) -> None:
    """It brought no row of which anybody could ask."""
    project.write("in.csv", "id\nx\n")
    project.run(contract={"id": "integer"})
    assert digests(project) == []


def test_a_ledger_of_the_first_version_gets_the_table_and_lacks_older_plans(project: Project) -> None:
    """What an older release loaded stays on record; its plans are not known."""
    project.write("in.csv", "id\n1\n")
    project.run()
    (digest,) = digests(project)
    project.ask("DROP TABLE _etl_plans")
    project.ask("DROP TABLE _etl_history")
    project.ask("ALTER TABLE _etl_runs DROP COLUMN undone_by")
    project.ask("ALTER TABLE _etl_files DROP COLUMN deactivated_by")
    project.ask("UPDATE _etl_meta SET version = 1")
    with open_target(project.url, read_only=True) as target, target.reading() as connection:
        tables = ledger_in(connection, schema=None)
        assert connection is not None
        assert tables is not None
        assert plan_on_record(connection, tables, digest) is None
    project.write("more.csv", "id\n2\n")
    project.run("more.csv")
    assert digests(project) == [digest]
