"""A model from the command line: when it is asked, what is kept of that, and what is said where it fails."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from etl_agent.cli.entry import main
from tests.failing_endpoints import chat
from tests.load.targets import query

Capture = pytest.CaptureFixture[str]

FILE = "pipelines/sales.yaml"
PIPELINE = """\
version: 1
name: sales
extract: {files: data/sales.csv}
validate: {contract: {id: {type: text}, amount: {type: text}, card: {type: text, sensitive: true}}}
clean:
  - {route: amounts, columns: [amount, card], among: [us_money, eu_money], by: BY, otherwise: leave}
load: {to: "sqlite:///w.db", table: sales, write_disposition: replace}
"""
ANSWER = json.dumps({"chosen": "us_money", "reason": "dollars"})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project with a pipeline whose route asks a model."""
    for folder in ("pipelines", "data"):
        (tmp_path / folder).mkdir()
    (tmp_path / FILE).write_text(PIPELINE.replace("BY", "model"))
    rows = "".join(f'{n},"$7,{n}.85",4111{n}\n' for n in range(200, 240))
    (tmp_path / "data" / "sales.csv").write_text(f"id,amount,card\n{rows}")
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("ETL_AGENT", "OPENAI"))]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def endpoint(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Serve a model that chooses us_money, and return the requests that it gets."""
    requests: list[dict[str, Any]] = []

    def answer(request: Request) -> Response:
        requests.append(request.get_json())
        return Response(json.dumps(chat(ANSWER)), content_type="application/json")

    httpserver.expect_request("/v1/chat/completions").respond_with_handler(answer)
    monkeypatch.setenv("OPENAI_BASE_URL", httpserver.url_for("/v1"))
    return requests


def decided(capsys: Capture, *words: str) -> dict[str, Any]:
    """Run with JSON, and return the first decision."""
    capsys.readouterr()
    assert main(["run", FILE, "--json", "--reload", *words]) == 0
    decision: dict[str, Any] = json.loads(capsys.readouterr().out)[0]["decisions"][0]
    return decision


def test_the_model_that_is_named_chooses(project: Path, endpoint: list[Any], capsys: Capture) -> None:
    """The record says who was asked what and what it took; nothing is said, for nothing is wrong."""
    decision = decided(capsys, "--model", "m")
    assert (decision["chosen"], decision["policy"], decision["fell_back"]) == ("us_money", "model", None)
    kept = decision["evidence"]
    assert (kept["model"], kept["calls"], kept["tokens"], len(kept["question"])) == ("m", 1, 110, 64)
    assert kept["endpoint"] == os.environ["OPENAI_BASE_URL"]
    assert query(f"sqlite:///{project / 'w.db'}", "SELECT amount FROM sales WHERE id = '200'") == [("7200.85",)]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("words", [(), ("--no-model",)])
def test_no_model_is_asked_that_was_not_named(
    project: Path, endpoint: list[Any], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], capsys: Capture
) -> None:
    """A key alone asks nobody, and --no-model is stronger than the variable; that the route did without is said."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdefgh")
    if words:
        monkeypatch.setenv("ETL_AGENT_MODEL", "m")
    assert main(["run", FILE, *words]) == 0
    assert endpoint == []
    assert not (project / ".etl_agent").exists()
    err = capsys.readouterr().err
    assert "decided without a model: amounts (no model)" in err
    assert err.count("\n") == 1


def test_the_model_may_stand_in_the_env_file(project: Path, endpoint: list[Any], capsys: Capture) -> None:
    """What .env says of the model counts as the environment does."""
    (project / ".env").write_text("ETL_AGENT_MODEL=from-env\nOPENAI_API_KEY=sk-12345678\n")
    try:
        assert decided(capsys)["evidence"]["model"] == "from-env"
    finally:
        for name in ("ETL_AGENT_MODEL", "OPENAI_API_KEY"):
            os.environ.pop(name, None)
    kept = (project / ".etl_agent" / "egress.jsonl").read_text()
    assert "sk-12345678" not in kept


def test_all_that_is_sent_is_on_record(project: Path, endpoint: list[Any], capsys: Capture) -> None:
    """The record holds each body to the letter; no cell and nothing of a sensitive column is in it."""
    decided(capsys, "--model", "m")
    folder = project / ".etl_agent"
    lines = [json.loads(line) for line in (folder / "egress.jsonl").read_text().splitlines()]
    assert [line["body"] for line in lines] == endpoint
    assert (lines[0]["node"], lines[0]["model"], lines[0]["turn"]) == ("amounts", "m", 0)
    sent = json.dumps(endpoint)
    assert "amount" in sent
    assert [cell for n in range(200, 240) for cell in (f"7,{n}", f"7{n}", f"4111{n}") if cell in sent] == []
    assert "card" not in sent
    assert (folder / ".gitignore").read_text() == "*\n"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [stat.S_IMODE((folder / name).stat().st_mode) for name in ("egress.jsonl", "answers.jsonl")]
    assert files == [0o600, 0o600]


def test_credentials_are_used_and_kept_nowhere(
    project: Path, endpoint: list[Any], httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Neither a key nor what stands in the endpoint's address is printed, nor written into any file of the project."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hunter2hunter2")
    monkeypatch.setenv("OPENAI_BASE_URL", httpserver.url_for("/v1").replace("://", "://me:hunter2@"))
    capsys.readouterr()
    for words in (["run", FILE, "--json"], ["lock", FILE], ["show", "--json"], ["explain", FILE]):
        assert main([*words, "--model", "m"] if words[0] != "show" else words) == 0
    said = capsys.readouterr()
    assert len(endpoint) == 1
    assert "hunter2" in str(httpserver.log[0][0].headers) or "aHVudGVyMg" in str(httpserver.log[0][0].headers)
    assert "hunter2" not in said.out + said.err
    for file in project.rglob("*"):
        assert file.is_dir() or b"hunter2" not in file.read_bytes()


def test_nothing_is_told_of_what_becomes_a_sensitive_column(
    project: Path, endpoint: list[Any], capsys: Capture
) -> None:
    """Under the name that it has in the file it is as sensitive as under the one of the contract."""
    steps = "  - {step: rename, columns: {number: card}}\n  - {step: derive, into: tail, expression: lower(card)}\n"
    text = (
        PIPELINE.replace("BY", "model").replace("[amount, card]", "[amount, number]").replace("load:", f"{steps}load:")
    )
    text = text.replace("sensitive: true}", "sensitive: true}, tail: {type: text}")
    (project / FILE).write_text(text)
    rows = project / "data" / "sales.csv"
    rows.write_text(rows.read_text().replace("card", "number"))
    assert decided(capsys, "--model", "m")["policy"] == "model"
    told = json.dumps(endpoint)
    assert '\\"name\\":\\"amount\\"' in told
    assert "number" not in told.split("columns_not_shown")[0].split("The facts")[1]


def test_the_same_question_is_asked_once(project: Path, endpoint: list[Any], capsys: Capture) -> None:
    """An answer is kept, and the next run takes it at no cost."""
    first, second = decided(capsys, "--model", "m"), decided(capsys, "--model", "m")
    assert len(endpoint) == 1
    assert (second["policy"], second["evidence"]["calls"]) == ("model", 0)
    assert first["evidence"]["question"] == second["evidence"]["question"]


def test_nothing_is_sent_that_cannot_be_recorded(project: Path, endpoint: list[Any], capsys: Capture) -> None:
    """Where the record cannot be written, the model is not asked, and the run goes on without it."""
    (project / ".etl_agent").write_text("in the way")
    decision = decided(capsys, "--model", "m")
    assert endpoint == []
    assert (decision["chosen"], decision["fell_back"]) == ("us_money", "transport")
    assert "could not be recorded" in decision["reason"]


def test_no_key_is_a_failure_like_others(project: Path, capsys: Capture) -> None:
    """The hosted endpoint is not even asked without a key; the run does what it does without a model."""
    decision = decided(capsys, "--model", "m")
    assert (decision["chosen"], decision["fell_back"]) == ("us_money", "transport")
    assert "OPENAI_API_KEY is not set" in decision["reason"]


def test_the_budget_holds(project: Path, endpoint: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """A call that would exceed the budget is not made."""
    monkeypatch.setenv("ETL_AGENT_MODEL_MAX_CALLS", "0")
    assert decided(capsys, "--model", "m")["fell_back"] == "over_budget"
    assert endpoint == []


def test_money_is_counted_where_prices_are_known(
    project: Path, endpoint: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """What an answer cost is on record, and a limit of money holds before a call that could exceed it."""
    monkeypatch.setenv("ETL_AGENT_MODEL_PRICE_IN", "10")
    monkeypatch.setenv("ETL_AGENT_MODEL_PRICE_OUT", "100")
    assert decided(capsys, "--model", "m")["evidence"]["cost"] == (100 * 10 + 10 * 100) / 1_000_000
    monkeypatch.setenv("ETL_AGENT_MODEL_MAX_COST", "0.001")
    assert decided(capsys, "--model", "n")["fell_back"] == "over_budget"
    assert len(endpoint) == 1


def test_fail_on_fallback_is_for_those_who_want_to_know(project: Path, endpoint: list[Any], capsys: Capture) -> None:
    """The rows are the same and are loaded; the exit code is 1 where a model did not decide what it was to."""
    assert main(["run", FILE, "--no-model", "--fail-on-fallback"]) == 1
    assert query(f"sqlite:///{project / 'w.db'}", "SELECT count(*) FROM sales") == [(40,)]
    assert main(["run", FILE, "--reload", "--model", "m", "--fail-on-fallback"]) == 0
    assert main(["lock", FILE, "--no-model", "--fail-on-fallback"]) == 1
    assert "etl-agent: sales: decided without a model: amounts (no model)" in capsys.readouterr().err
    assert main(["lock", FILE, "--model", "m", "--fail-on-fallback"]) == 0


def test_a_locked_run_asks_nobody(project: Path, endpoint: list[Any], capsys: Capture) -> None:
    """What a model chose is in the lock, with who it was; the locked run takes it from there."""
    assert main(["lock", FILE, "--model", "m"]) == 0
    asked = len(endpoint)
    locked = json.loads((project / "pipelines" / "sales.lock.json").read_text())["routes"][0]["decision"]
    assert (locked["policy"], sorted(locked["evidence"])) == (
        "model",
        ["endpoint", "model", "question", "steps", "steps refused"],
    )
    decision = decided(capsys, "--locked", "--model", "other")
    assert (decision["policy"], decision["chosen"], decision["fell_back"]) == ("lock", "us_money", None)
    assert len(endpoint) == asked
    assert main(["lock", FILE, "--model", "m", "--check"]) == 0


def test_a_lock_that_a_model_made_can_be_checked_without_one(
    project: Path, endpoint: list[Any], capsys: Capture
) -> None:
    """Where the data are the same its choice stands; where they are not, rules choose, and that is said."""
    assert main(["lock", FILE, "--model", "m"]) == 0
    asked = len(endpoint)
    capsys.readouterr()
    assert main(["lock", FILE, "--check", "--fail-on-fallback"]) == 0
    assert capsys.readouterr().err == ""
    with (project / "data" / "sales.csv").open("a") as file:
        file.write('240,"$8,240.85",4111240\n')
    assert main(["lock", FILE, "--check"]) == 1
    assert "decided without a model: amounts (no model)" in capsys.readouterr().err
    assert len(endpoint) == asked


def test_a_lock_asks_anew_where_a_model_is_named(project: Path, endpoint: list[Any]) -> None:
    """Another model gets the question too, and its answer is the one that is kept."""
    for name in ("m", "n"):
        assert main(["lock", FILE, "--model", name]) == 0
    assert [request["model"] for request in endpoint] == ["m", "n"]
    assert '"model": "n"' in (project / "pipelines" / "sales.lock.json").read_text()


def test_replayed_rows_may_ask_too(project: Path, endpoint: list[Any], capsys: Capture) -> None:
    """What the routes of a replay become is decided as in a run."""
    file = project / FILE
    file.write_text(file.read_text().replace("amount: {type: text}", 'amount: {type: text, matches: "[0-9.]+"}'))
    with (project / "data" / "sales.csv").open("a") as rows:
        rows.write("900,none,1\n")
    assert main(["run", FILE, "--model", "m"]) == 0
    assert main(["quarantine", "replay", FILE, "--model", "m", "--json"]) == 0
    assert len(endpoint) == 2


def test_a_locked_run_asks_nobody_when_the_data_have_drifted(
    project: Path, endpoint: list[Any], capsys: Capture
) -> None:
    """Where a lock no longer fits the data and routes choose anew, a locked run does it without the model."""
    file = project / FILE
    file.write_text(file.read_text() + "on_profile_drift: reroute\n")
    assert main(["lock", FILE, "--model", "m"]) == 0
    asked = len(endpoint)
    rows = "".join(f'{n},"1.{n},50 €",4111{n}\n' for n in range(200, 240))
    (project / "data" / "sales.csv").write_text(f"id,amount,card\n{rows}")
    capsys.readouterr()
    assert main(["run", FILE, "--locked", "--model", "m", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)[0]
    assert told["fell_back"] == ["amounts"]
    assert [each["chosen"] for each in told["decisions"]] == ["reroute", "eu_money"]
    assert len(endpoint) == asked


def test_a_refusal_says_that_no_model_decided(project: Path, capsys: Capture) -> None:
    """Where rules choose what the contract then rejects, whoever reads the line must know who did not choose."""
    file = project / FILE
    text = file.read_text().replace("amount: {type: text}", "amount: {type: integer}")
    file.write_text(text)
    assert main(["run", FILE, "--model", "m"]) == 65
    assert "sales: refused, nothing was loaded, after amounts was decided without a model: " in capsys.readouterr().err


def test_explain_asks_only_the_model_that_it_names(
    project: Path, endpoint: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """To look at a plan sends nothing, whatever the environment says."""
    monkeypatch.setenv("ETL_AGENT_MODEL", "m")
    assert main(["explain", FILE]) == 0
    assert endpoint == []
    assert "no model is at hand" in capsys.readouterr().out
    assert main(["explain", FILE, "--model", "m"]) == 0
    assert len(endpoint) == 1
    assert "amounts: us_money, by model: dollars" in capsys.readouterr().out


def test_compare_has_the_model_as_a_way(project: Path, endpoint: list[Any], capsys: Capture) -> None:
    """With its calls and tokens; nothing of a sensitive column is told here either."""
    assert main(["compare", FILE, "--model", "m", "--json"]) == 0
    way = json.loads(capsys.readouterr().out)["ways"][-1]
    assert (way["pattern"], way["chosen"], way["model_calls"], way["tokens"]) == ("model", ["us_money"], 1, 110)
    assert "card" not in json.dumps(endpoint)
    assert main(["compare", FILE]) == 0
    assert "model: not configured" in capsys.readouterr().out


def test_a_wrong_setting_is_a_matter_of_configuration(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Exit code 78, the variable's name, and not its value."""
    monkeypatch.setenv("OPENAI_BASE_URL", "me:hunter2@host")
    assert main(["run", FILE, "--model", "m"]) == 78
    err = capsys.readouterr().err
    assert err.startswith("etl-agent: OPENAI_BASE_URL: the address of an endpoint looks like")
    assert "hunter2" not in err


def test_a_run_that_asks_nothing_imports_no_client(project: Path) -> None:
    """A model that is configured costs a run nothing before it is asked."""
    (project / FILE).write_text(PIPELINE.replace("BY", "rule"))
    code = (
        "import sys; from etl_agent.cli.entry import main; code = main(['run', 'pipelines/sales.yaml']);"
        "sys.exit(code or int(any(name.split('.')[0] in ('openai', 'httpx2') for name in sys.modules)))"
    )
    environment = os.environ | {"ETL_AGENT_MODEL": "m", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], check=False, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
