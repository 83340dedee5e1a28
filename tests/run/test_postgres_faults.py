"""Whatever happens between a run and a Postgres server: no row is lost or doubled, and the exit code tells."""

from __future__ import annotations

import random
from pathlib import Path

import psycopg
import pytest

from etl_agent.errors import DatabaseUnavailable, PermissionRefused, TryLater
from etl_agent.load import postgres_session
from tests.load.targets import plain
from tests.run.postgres_faults import FAULTS, answer_lost, every, gone_for_good, try_load, way_to
from tests.run.project import Project

pytestmark = pytest.mark.postgres

GOOD = "id,v\n1,a\n2,b\n"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("mode", ["append", "replace"])
def test_no_fault_of_a_connection_loses_or_doubles_a_row(
    postgres_url: str, tmp_path: Path, fault: str, mode: str
) -> None:
    """Each kind once, at a moment chosen by a seed; benchmarks/fault_sweep.py does it in many rounds."""
    pieces = random.Random(fault + mode).randrange(2, 40)
    _ended, wrong = try_load(postgres_url, tmp_path, every(pieces)[fault], mode=mode)
    assert wrong == []


def test_a_commit_whose_answer_is_lost_is_found_on_record(postgres_url: str, tmp_path: Path) -> None:
    """The run asks over a new connection, and says that it has loaded."""
    Project(tmp_path, postgres_url).write("in.csv", GOOD)
    with way_to(postgres_url, answer_lost) as way:
        result = Project(tmp_path, way.url).run("in.csv")
        assert way.happened
    assert result.status == "loaded"
    assert result.warning is not None and "it is on record" in result.warning


def test_a_commit_that_nobody_can_ask_about_is_told_as_such(postgres_url: str, tmp_path: Path) -> None:
    """The exit code is that of a database that is not there, and the message says that the next run will see."""
    Project(tmp_path, postgres_url).write("in.csv", GOOD)
    with way_to(postgres_url, gone_for_good) as way, pytest.raises(DatabaseUnavailable, match="not known whether"):
        Project(tmp_path, way.url).run("in.csv")
    assert Project(tmp_path, postgres_url).run("in.csv").status == "nothing new"


def test_a_table_that_stays_locked_is_for_later(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another session's lock ends the wait with 75, and nothing is loaded."""
    project = Project(tmp_path, postgres_url)
    project.write("in.csv", GOOD)
    project.write("more.csv", "id,v\n3,c\n")
    project.run("in.csv")
    monkeypatch.setattr(postgres_session, "_SESSION", (*postgres_session._SESSION, "SET lock_timeout = '100ms'"))
    with psycopg.connect(plain(postgres_url)) as other:
        other.execute("LOCK TABLE t IN SHARE MODE")
        with pytest.raises(TryLater):
            project.run("more.csv")
    assert len(project.rows()) == 2
    assert project.run("more.csv").status == "loaded"


@pytest.mark.parametrize(("state", "kind"), [("40001", TryLater), ("40P01", TryLater), ("57P01", DatabaseUnavailable)])
def test_a_transaction_that_the_server_gives_up_loads_nothing(
    postgres_url: str, tmp_path: Path, state: str, kind: type[Exception]
) -> None:
    """A serialization failure and a deadlock are for later; a shutdown is a database that is not there."""
    project = Project(tmp_path, postgres_url)
    project.write("in.csv", GOOD)
    project.write("more.csv", "id,v\n3,c\n")
    project.run("in.csv")
    project.ask(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '{state}'; END $$"
    )
    project.ask("CREATE TRIGGER fail BEFORE INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION fail()")
    with pytest.raises(kind):
        project.run("more.csv")
    project.ask("DROP TRIGGER fail ON t")
    assert len(project.rows()) == 2
    assert project.run("more.csv").status == "loaded"


def test_a_server_that_only_reads_refuses(postgres_url: str, tmp_path: Path) -> None:
    """As a standby does: exit 77, and nothing is tried twice."""
    project = Project(tmp_path, postgres_url)
    project.write("in.csv", GOOD)
    read_only = f"{postgres_url}&options=-cdefault_transaction_read_only%3Don"
    with pytest.raises(PermissionRefused, match="read-only"):
        Project(tmp_path, read_only).run("in.csv")
    assert project.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
