"""What goes over the wire holds no secret and no cell: the bytes of requests, as an endpoint gets them."""

from __future__ import annotations

import json

import pytest
from pytest_httpserver import HTTPServer

from etl_agent.llm import ChatAsk
from etl_agent.orchestrate.planner.by_model import read_by_model, revise_by_model
from etl_agent.orchestrate.planner.drafting import draft
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
