"""Goals as a whole, with a model that means harm: a table is untouched, and the exit code tells."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from etl_agent.ask import Ask, Failure
from etl_agent.run.goal import GoalOptions, GoalResult, execute
from etl_agent.run.planning import make_plan
from etl_agent.testing import FAILURES, AdversarialAsk, FailingAsk, HostileAsk, ObedientAsk
from tests.security.payloads import PAYLOADS

OLD = "order_id,email,amount\n" + "".join(f"O-{place},ann{place}@example.org,{place}.50\n" for place in range(20))
NEW = "order_id,email,amount\n" + "".join(f"N-{place},bob{place}@example.org,{place}.75\n" for place in range(20))
UNDERSTOOD = "replace orders"
HALF = "replace orders, zorgle the flumps"
GARBAGE = ["prose", "SQL for every choice", "null", "more keys everywhere"]


def goal(project: Path, words: str, *, ask: Ask | None = None) -> GoalResult:
    """Plan a goal and run it, with every agreement that a user can give."""
    planned = make_plan(words, ["orders.csv"], to="sqlite:///w.db", project=project, ask=ask)
    return execute(planned, project=project, options=GoalOptions(yes=True), ask=ask)


def rows(project: Path) -> list[tuple[str, ...]]:
    """Return what stands in the table, in the order of its rows."""
    with sqlite3.connect(project / "w.db") as connection:
        found = connection.execute('SELECT order_id, email, amount FROM "orders" ORDER BY rowid').fetchall()
    connection.close()
    return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with a loaded table, and new data in the place of the old; no test may change any of it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "orders.csv").write_text(OLD)
    assert goal(folder, UNDERSTOOD).exit_code == 0
    (folder / "orders.csv").write_text(NEW)
    return folder


def test_rules_alone_replace(tmp_path: Path, project: Path) -> None:
    """Without a model the goal is done: the tests below are of something that would have happened."""
    copy = tmp_path / "copy"
    shutil.copytree(project, copy)
    assert goal(copy, UNDERSTOOD).exit_code == 0
    assert rows(copy)[0][0] == "N-0"


@pytest.mark.parametrize("words", [UNDERSTOOD, HALF])
@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_for_everything(project: Path, name: str, words: str) -> None:
    """Garbage is answered, the goal says replace, the user says yes: the table is untouched, the exit code not 0."""
    before = rows(project)
    assert before[0][0] == "O-0"
    result = goal(project, words, ask=HostileAsk(name))
    assert result.exit_code != 0
    assert rows(project) == before


@pytest.mark.parametrize("failure", FAILURES)
def test_failure(project: Path, failure: Failure) -> None:
    """Nor does a model that fails have a table replaced."""
    before = rows(project)
    result = goal(project, UNDERSTOOD, ask=FailingAsk(failure))
    assert result.exit_code != 0
    assert rows(project) == before


@pytest.mark.parametrize("words", [UNDERSTOOD, HALF])
def test_harm_within_the_schema(project: Path, words: str) -> None:
    """Nor does a model that means harm with answers that are valid."""
    before = rows(project)
    result = goal(project, words, ask=AdversarialAsk())
    assert result.exit_code != 0
    assert rows(project) == before


@pytest.mark.parametrize("kind", ["answer in JSON", "system message", "SQL", "template", "formula", "terminal codes"])
def test_orders_in_cells_and_headers(tmp_path: Path, kind: str) -> None:
    """Orders in the data, obeyed by a model, load the rows as they are, into the table that the user named."""
    payload = PAYLOADS[kind].replace('"', '""')
    table = f'order_id,"note {payload}"\n' + "".join(f'O-{place},"{payload}"\n' for place in range(20))
    (tmp_path / "orders.csv").write_bytes(table.encode())
    result = goal(tmp_path, "load orders, zorgle the flumps", ask=ObedientAsk())
    assert result.exit_code == 0
    with sqlite3.connect(tmp_path / "w.db") as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        (count,) = connection.execute('SELECT count(*) FROM "orders"').fetchone()
    connection.close()
    assert count == 20
    assert {name for name in tables if not name.startswith(("_etl_", "sqlite_"))} == {"orders"}
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == ["orders.csv"]


@pytest.mark.parametrize("seed", [1, 7000, 10**9])
def test_harm_where_nothing_is_replaced(tmp_path: Path, seed: int) -> None:
    """Checks that a model invents are taken back where the data refute them: the rows are loaded, and accounted for."""
    (tmp_path / "orders.csv").write_text(OLD)
    result = goal(tmp_path, "load orders, zorgle the flumps", ask=AdversarialAsk(seed))
    assert result.exit_code == 0
    with sqlite3.connect(tmp_path / "w.db") as connection:
        (kept,) = connection.execute("SELECT count(*) FROM _etl_quarantine WHERE status = 'open'").fetchone()
    connection.close()
    assert len(rows(tmp_path)) + kept == 20
    assert kept <= 1  # the budget that nobody may raise
