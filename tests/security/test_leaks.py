"""What goes over the wire holds no secret and no cell: the bytes of requests, as an endpoint gets them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from etl_agent.ask import Ask
from etl_agent.llm import ChatAsk
from etl_agent.orchestrate.planner.drafting.pipelines import draft
from etl_agent.orchestrate.planner.model.by_model import read_by_model, revise_by_model
from etl_agent.run.goal import GoalOptions, GoalResult, execute
from etl_agent.run.planning import make_plan
from etl_agent.testing import HOSTILE_TEXT
from tests.llm.serving import KEY, Script, chat, endpoint
from tests.security.payloads import MARK, PAYLOADS, SECRET_CELL, reading, situation
from tests.security.test_drafts import findings_of

PLANTED = "planted-in-the-environment-7f3a"
SECRETS = (PLANTED, KEY, SECRET_CELL, MARK, "hunter2", "db.internal", "example.org", "Gout", "O-7", "other.sql")


@pytest.mark.parametrize("kind", ["answer in JSON", "token bomb", "terminal codes"])
def test_requests_hold_no_secrets(kind: str, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading, and revising after a first answer that is no good, send names and numbers and nothing else."""
    monkeypatch.setenv("WAREHOUSE_PASSWORD", PLANTED)
    payload = PAYLOADS[kind]
    given = situation(payload)
    wish = {"wish": "secret", "phrase": 1, "source": "orders", "column": "email"}
    script = Script(
        httpserver,
        chat(HOSTILE_TEXT),
        chat(json.dumps({"wishes": [wish]})),
        chat("[]"),
        chat(json.dumps({"repairs": ["repair 1"]})),
    )
    ask = ChatAsk(endpoint(httpserver))
    read = read_by_model(reading(), given, ask=ask)
    assert read.answered
    assert read.usage.calls == 2
    made = draft(read.reading, given, maker="model")
    revision = revise_by_model(made, findings_of(made, payload), given, ask=ask)
    assert revision is not None
    assert revision.by == "model"
    assert len(script.requests) == 4
    for request in script.requests:
        body = request.get_data().decode()
        for secret in SECRETS:
            assert secret not in body
            assert secret not in json.dumps(json.loads(body), ensure_ascii=False)
        shown = {name: value for name, value in request.headers if name != "Authorization"}
        assert KEY not in str(shown)
        assert PLANTED not in str(list(request.headers))


@pytest.mark.parametrize("kind", ["answer in JSON", "markup", "SQL"])
def test_what_a_project_holds_is_not_sent(kind: str, httpserver: HTTPServer, tmp_path: Path) -> None:
    """Rows in the target and in quarantine, its run history and the pipelines of the project stay where they are."""
    payload = PAYLOADS[kind].replace('"', '""')
    rows = [f'O-{place},{place}.50,"{SECRET_CELL}"' for place in range(40)]
    header = f'order_id,amount,"{payload}"'
    (tmp_path / "orders.csv").write_text("\n".join([header, *rows, f'O-x,"{payload}","{payload}"']) + "\n")

    def plan(goal: str, ask: Ask | None = None) -> GoalResult:
        planned = make_plan(goal, ["orders.csv"], to="sqlite:///warehouse.db", project=tmp_path, ask=ask)
        return execute(planned, project=tmp_path, options=GoalOptions(yes=True), ask=ask)

    plan("load orders, amount must be a number")
    with sqlite3.connect(tmp_path / "warehouse.db") as connection:
        held = connection.execute("SELECT raw FROM _etl_quarantine").fetchall()
    connection.close()
    assert any(MARK in str(raw) for (raw,) in held)
    (tmp_path / "orders.csv").write_text("\n".join([header, *rows[:30]]) + "\n")
    script = Script(httpserver, chat(json.dumps({"wishes": [], "doubts": []})))
    plan("replace orders, zorgle the flumps", ask=ChatAsk(endpoint(httpserver)))
    assert script.requests
    for request in script.requests:
        body = json.dumps(json.loads(request.get_data()), ensure_ascii=False)
        for secret in (MARK, SECRET_CELL, "O-7", "O-x", "warehouse.db", str(tmp_path)):
            assert secret not in body
