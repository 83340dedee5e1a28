"""What others have made on a table since stays when the run that created it, or a column of it, is undone."""

from __future__ import annotations

import pytest

import etl_agent
from tests.run.project import Project

LITE = (
    "CREATE INDEX mine ON t (name)",
    "ALTER TABLE t ADD COLUMN mine TEXT",
    "CREATE INDEX mine ON t (id) WHERE name IS NOT NULL",
)
POSTGRES = (
    "CREATE INDEX mine ON t (name)",
    "ALTER TABLE t ADD COLUMN mine text",
    "COMMENT ON TABLE t IS 'mine'",
    "COMMENT ON COLUMN t.name IS 'mine'",
    "ALTER TABLE t ADD CONSTRAINT mine CHECK (name <> '')",
    "CREATE POLICY mine ON t USING (true)",
    "GRANT SELECT ON t TO PUBLIC",
)


def _loaded(project: Project) -> int:
    project.write("in.csv", "id,name\n1,a\n2,b\n")
    return project.run(primary_key=["id"], indexes=[["name"]]).run_id


@pytest.mark.parametrize("number", range(len(POSTGRES)))
def test_a_table_stays_with_what_others_made_on_it(project: Project, number: int) -> None:
    """It is empty then, and the undo says so."""
    statements = LITE if project.url.startswith("sqlite") else POSTGRES
    if number >= len(statements):
        pytest.skip("SQLite has fewer things to hang on a table")
    run_id = _loaded(project)
    project.ask(statements[number])
    done = etl_agent.undo(run_id, to=project.url)
    assert project.ask("SELECT count(*) FROM t") == [(0,)]
    assert done.dropped == ()
    assert "table t stays, empty, since" in done.said


def test_a_table_that_nobody_touched_goes(project: Project) -> None:
    """Its own key and indexes do not keep it."""
    done = etl_agent.undo(_loaded(project), to=project.url)
    assert done.dropped == ("table t",)


def test_a_column_stays_with_an_index_that_others_made_on_it(project: Project) -> None:
    """A database may drop the index with the column, and say nothing."""
    drift = {"drift": {"columns": "evolve"}}
    project.write("in.csv", "id\n1\n")
    project.run()
    project.write("more.csv", "id,extra\n2,x\n")
    more = project.run("more.csv", validate=drift)
    assert [name for (name,) in project.ask("SELECT extra FROM t WHERE extra IS NOT NULL")] == ["x"]
    project.ask("CREATE INDEX mine ON t (extra)")
    done = etl_agent.undo(more.run_id, to=project.url)
    assert done.dropped == ()
    assert "column extra stays, empty" in done.said
