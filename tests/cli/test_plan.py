"""Goals from the command line: drafts are written and told, and nothing runs or is lost without being asked for."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from etl_agent.cli.entry import main
from etl_agent.orchestrate.file import read_pipelines
from tests.failing_endpoints import chat

Capture = pytest.CaptureFixture[str]

GOAL = "load customers and orders, orders by order_id, the newest placed wins"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with two datasets, and nobody's settings."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "data").mkdir()
    customers = "".join(f"{n},Name {n},user{n}@example.org\n" for n in range(1, 41))
    orders = "".join(f"{n},{n % 40 + 1},2025-04-{n % 28 + 1:02},{n}.50\n" for n in range(1, 81))
    (tmp_path / "data" / "customers.csv").write_text("customer_id,name,email\n" + customers)
    (tmp_path / "data" / "orders.csv").write_text("order_id,customer_id,placed,total\n" + orders)
    monkeypatch.chdir(tmp_path)
    for name in ("ETL_AGENT_MODEL", "DATABASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def plan(*options: str, goal: str = GOAL, files: tuple[str, ...] = ("data/customers.csv", "data/orders.csv")) -> int:
    """Plan a goal."""
    return main(["plan", goal, *files, "--to", "sqlite:///w.db", *options])


def told(capsys: Capture) -> Any:
    """Read what was printed as JSON."""
    return json.loads(capsys.readouterr().out)


def rows(project: Path, table: str) -> int:
    """Count the rows of a table."""
    with sqlite3.connect(project / "w.db") as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_plan_is_told_and_written_and_nothing_runs(project: Path, capsys: Capture) -> None:
    """Ordinary pipeline files and locks are there afterwards, and no database."""
    assert plan() == 0
    out = capsys.readouterr().out
    assert "2 pipelines, made by rules" in out
    assert "pipelines/orders.yaml: written" in out
    assert "next: etl-agent run pipelines/customers.yaml pipelines/orders.yaml" in out
    assert {path.name for path in (project / "pipelines").iterdir()} == {
        "customers.yaml", "customers.lock.json", "orders.yaml", "orders.lock.json"
    }  # fmt: skip
    assert not (project / "w.db").exists()


def test_what_was_written_runs_as_it_was_planned(project: Path, capsys: Capture) -> None:
    """The next command that is printed does what the plan says."""
    plan()
    specs = read_pipelines(sorted((project / "pipelines").glob("*.yaml")))
    orders = next(spec for spec in specs if spec.name == "orders")
    assert (orders.load.write_disposition, orders.load.primary_key, orders.load.newest_by) == (
        "merge", ("order_id",), "placed"
    )  # fmt: skip
    capsys.readouterr()
    assert main(["run", "--locked", "pipelines/customers.yaml", "pipelines/orders.yaml"]) == 0
    assert (rows(project, "customers"), rows(project, "orders")) == (40, 80)


def test_the_same_plan_again_changes_nothing(project: Path, capsys: Capture) -> None:
    """Files that say the same stay as they are, to the byte."""
    plan()
    before = {path: path.read_bytes() for path in (project / "pipelines").iterdir()}
    capsys.readouterr()
    assert plan() == 0
    assert "pipelines/orders.yaml: up to date" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in (project / "pipelines").iterdir()} == before


def test_a_file_that_says_something_else_needs_a_yes(project: Path, capsys: Capture) -> None:
    """The difference is shown, nothing is written, and the exit code says so; with --yes it is overwritten."""
    plan()
    path = project / "pipelines" / "orders.yaml"
    path.write_text(path.read_text().replace("table: orders", "table: sales"))
    capsys.readouterr()
    assert plan() == 73
    captured = capsys.readouterr()
    assert "-  table: sales\n+  table: orders" in captured.out
    assert "pipelines/orders.yaml" in captured.err
    assert "--yes" in captured.err
    assert "table: sales" in path.read_text()
    assert plan("--yes") == 0
    assert "table: orders" in path.read_text()


def test_execute_loads_what_was_planned(project: Path, capsys: Capture) -> None:
    """With --execute the pipelines run in their order, each said as it is done; again there is nothing new."""
    assert plan("--execute") == 0
    out = capsys.readouterr().out
    assert "customers: loaded 40 of 40 rows" in out
    assert "orders: loaded 80 of 80 rows" in out
    assert (rows(project, "customers"), rows(project, "orders")) == (40, 80)
    assert plan("--execute") == 0
    assert "nothing new" in capsys.readouterr().out


def test_a_replace_of_rows_needs_a_yes(project: Path, capsys: Capture) -> None:
    """Rows that are there are not replaced before somebody says yes to that."""
    assert plan("--execute", goal="replace orders", files=("data/orders.csv",)) == 0
    path = project / "data" / "orders.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:61]) + "\n")
    assert plan("--execute", goal="replace orders", files=("data/orders.csv",)) == 2
    assert "--yes" in capsys.readouterr().err
    assert rows(project, "orders") == 80
    assert plan("--execute", "--yes", goal="replace orders", files=("data/orders.csv",)) == 0
    assert rows(project, "orders") == 60


def test_words_that_were_not_understood_are_named(project: Path, capsys: Capture) -> None:
    """They are told with the plan, in JSON, and on stderr where nothing else is printed."""
    goal = "load orders, sprinkle moonlight"
    plan(goal=goal)
    assert "moonlight" in capsys.readouterr().out
    plan("--json", goal=goal)
    captured = capsys.readouterr()
    assert any("moonlight" in words for words in json.loads(captured.out)["not_understood"])
    plan("--quiet", goal=goal)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "moonlight" in captured.err


def test_quiet_prints_nothing_on_success(project: Path, capsys: Capture) -> None:
    """A plan that was understood is made in silence, with its exit code."""
    assert plan("--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_the_json_form_is_complete(project: Path, capsys: Capture) -> None:
    """A program reads pipelines, reasons, files, findings and the next command, and the run where there was one."""
    assert plan("--json") == 0
    made = told(capsys)
    orders = next(each for each in made["pipelines"] if each["name"] == "orders")
    assert orders["spec"]["load"]["primary_key"] == ["order_id"]
    assert any(point["by"] == "goal" and point["key"].startswith("load") for point in orders["points"])
    assert {file["file"]: file["is_new"] for file in made["files"]}["pipelines/orders.yaml"]
    assert (made["steps"], made["exit_code"], made["maker"], made["fell_back"]) == (None, 0, "rules", False)
    assert plan("--json", "--execute") == 0
    made = told(capsys)
    assert [(step["pipeline"], step["outcome"]) for step in made["steps"]] == [
        ("customers", "loaded"), ("orders", "loaded")
    ]  # fmt: skip


def test_a_json_reader_sees_what_would_be_overwritten(project: Path, capsys: Capture) -> None:
    """A refusal prints the plan too, with its difference and its exit code."""
    plan("--quiet")
    path = project / "pipelines" / "orders.yaml"
    path.write_text(path.read_text().replace("table: orders", "table: sales"))
    assert plan("--json") == 73
    made = told(capsys)
    assert made["exit_code"] == 73
    assert any("table: sales" in file["diff"] for file in made["files"])


def test_a_password_is_not_written_into_a_file(project: Path, capsys: Capture) -> None:
    """A target with a password in clear is a usage error that names the way out and repeats nothing."""
    assert main(["plan", "load orders", "data/orders.csv", "--to", "postgresql://ann:hunter2@db/shop"]) == 2
    captured = capsys.readouterr()
    assert "${DATABASE_URL}" in captured.err
    assert "hunter2" not in captured.out + captured.err
    assert list((project / "pipelines").iterdir()) == []


def test_a_variable_of_the_target_is_written_as_typed(project: Path) -> None:
    """What stands in the environment does not come into the file."""
    to = "${DATABASE_URL:-sqlite:///w.db}"
    assert main(["plan", "load orders", "data/orders.csv", "--to", to, "--quiet"]) == 0
    assert f'to: "{to}"' in (project / "pipelines" / "orders.yaml").read_text()


def test_a_missing_file_is_no_input(project: Path, capsys: Capture) -> None:
    """Exit 66, with the file that was meant."""
    assert plan(files=("data/order.csv",)) == 66
    assert "orders.csv" in capsys.readouterr().err


def test_a_word_that_names_no_column_lists_near_ones(project: Path, capsys: Capture) -> None:
    """A slip in the name of a column is an error on one line, and nothing is written."""
    assert plan(goal="load orders with key ordr_id", files=("data/orders.csv",)) == 2
    err = capsys.readouterr().err
    assert "order_id" in err
    assert err.count("\n") == 1
    assert list((project / "pipelines").iterdir()) == []


def test_a_sensitive_column_that_is_not_there_is_an_error(project: Path, capsys: Capture) -> None:
    """--sensitive names a column of the files."""
    assert plan("--sensitive", "e_mail") == 2
    assert "email" in capsys.readouterr().err


def test_a_sensitive_column_stays_so_in_the_file(project: Path) -> None:
    """What the user calls sensitive is so in the contract, for every later run."""
    assert plan("--sensitive", "email", "--quiet") == 0
    assert "sensitive: true" in (project / "pipelines" / "customers.yaml").read_text()


def test_standard_input_cannot_be_planned_for(project: Path, capsys: Capture) -> None:
    """A plan reads its files again."""
    assert plan(files=("-",)) == 2
    assert "standard input" in capsys.readouterr().err


def test_an_empty_goal_is_a_usage_error(project: Path, capsys: Capture) -> None:
    """Whoever says nothing is asked to say something."""
    assert plan(goal="  ") == 2
    assert "say what you want" in capsys.readouterr().err


def test_a_file_whose_name_is_no_text_is_a_usage_error(project: Path, capsys: Capture) -> None:
    """Bytes that are no UTF-8 cannot stand in a pipeline file."""
    assert plan(files=("data/caf\udce9.csv",)) == 2
    assert "not UTF-8" in capsys.readouterr().err


def test_paths_are_relative_to_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan from a folder below says the same as one from the project folder."""
    monkeypatch.chdir(project / "data")
    assert main(["plan", "load orders", "orders.csv", "--to", "sqlite:///w.db", "--quiet"]) == 0
    assert "files: data/orders.csv" in (project / "pipelines" / "orders.yaml").read_text()


def test_a_plan_that_cannot_load_says_so(project: Path, capsys: Capture) -> None:
    """What the rehearsal found is told, and the exit code is 1."""
    with sqlite3.connect(project / "w.db") as database:
        database.execute("CREATE TABLE orders (something TEXT)")
    assert plan(goal="append orders into orders", files=("data/orders.csv",)) == 1
    captured = capsys.readouterr()
    assert "target_conflict" in captured.out
    assert captured.err.startswith("etl-agent: orders would not load: ")
    assert captured.err.count("\n") == 1
    assert (project / "pipelines" / "orders.yaml").exists()


def test_a_check_of_the_users_own_keeps_a_load_out(project: Path, capsys: Capture) -> None:
    """A file of queries is a check in the load's transaction: a row that it finds refuses the load."""
    (project / "no_large.sql").write_text("SELECT * FROM orders WHERE CAST(total AS REAL) > 50;\n")
    goal = "load orders, then run no_large"
    assert plan("--sql", "no_large.sql", "--execute", goal=goal, files=("data/orders.csv",)) == 65
    assert "no_large.sql" in capsys.readouterr().err


@pytest.mark.parametrize("cost", ["-1", "much", "1e9", "nan"])
def test_money_is_an_amount(cost: str, project: Path, capsys: Capture) -> None:
    """A limit of money is a plain number."""
    assert plan("--max-cost", cost) == 2
    assert "no amount" in capsys.readouterr().err


def test_a_limit_of_replans_and_time_is_taken(project: Path) -> None:
    """The limits of a goal run are options; with no time left nothing is begun, and the exit code is 75."""
    assert plan("--execute", "--max-replans", "0", "--max-time", "0s", "--quiet") == 75
    assert plan("--execute", "--max-replans", "0", "--max-time", "10m", "--quiet") == 0


def test_a_model_that_cannot_be_reached_changes_nothing_but_the_exit_code(
    project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan is that of the rules, it says that a model was asked in vain, and --fail-on-fallback makes that a no."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("ETL_AGENT_MODEL_RETRIES", "0")
    goal = f"{GOAL}, sprinkle moonlight"
    assert plan("--json", "--no-model", goal=goal) == 0
    by_rules = told(capsys)
    assert plan("--json", "--model", "m", goal=goal) == 0
    captured = capsys.readouterr()
    made = json.loads(captured.out)
    assert "rules decided" in captured.err
    assert (made["fell_back"], made["maker"], made["pipelines"]) == (True, "rules", by_rules["pipelines"])
    assert made["not_understood"] == by_rules["not_understood"] != []
    assert plan("--model", "m", "--fail-on-fallback", goal=goal) == 1
    assert "note:" in capsys.readouterr().out


def test_no_calls_are_made_beyond_the_limit(project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit of nothing asks nothing, and says that the model was not asked."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    assert plan("--json", "--model", "m", "--max-calls", "0", goal=f"{GOAL}, sprinkle moonlight") == 0
    made = told(capsys)
    assert (made["usage"]["calls"], made["fell_back"]) == (0, True)


@pytest.mark.parametrize("goal", ["replace orders", "replace orders, sprinkle moonlight"])
def test_garbage_for_every_answer_never_replaces_rows(
    goal: str, project: Path, capsys: Capture, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even with a yes: the table is untouched, the exit code is not 0, and the way on is said."""
    httpserver.expect_request("/v1/chat/completions").respond_with_json(chat("}{ drop everything"))
    assert plan("--execute", "--quiet", goal="load orders", files=("data/orders.csv",)) == 0
    path = project / "data" / "orders.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:11]) + "\n")
    monkeypatch.setenv("OPENAI_BASE_URL", httpserver.url_for("/v1"))
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    assert plan("--execute", "--yes", "--model", "m", goal=goal, files=("data/orders.csv",)) != 0
    assert "held back" in capsys.readouterr().err
    assert rows(project, "orders") == 80
    assert plan("--execute", "--yes", "--no-model", goal=goal, files=("data/orders.csv",)) == 0
    assert rows(project, "orders") == 10


PATIENTS = "Hilma Iyambo,hilma,123-45-6789,hilma@x.org,Diabetes\nBob Ray,bob,987-65-4321,bob@x.org,Flu\n"


def test_a_file_without_a_header_is_refused_before_a_model_is_told_of_it(
    project: Path, capsys: Capture, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first row would be lost, and its cells would be names: in the question, the pipeline and the table."""
    (project / "patients.csv").write_text(PATIENTS)
    monkeypatch.setenv("OPENAI_BASE_URL", httpserver.url_for("/v1"))
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    assert plan("--model", "m", goal="load patients and frobnicate", files=("patients.csv",)) == 65
    said = capsys.readouterr()
    assert "patients.csv: the first line looks like a row" in said.err
    assert "--no-header" in said.err
    assert not any(cell in said.err + said.out for cell in ("Hilma", "123-45", "@", "Diabetes"))
    assert not (project / ".etl_agent" / "egress.jsonl").exists()
    assert list((project / "pipelines").iterdir()) == []


def test_files_are_planned_without_a_header_where_that_is_said(project: Path) -> None:
    """Every line is a row then, in the plan and in the pipeline that it writes."""
    (project / "patients.csv").write_text(PATIENTS)
    assert plan("--no-header", "--execute", "--quiet", goal="load patients", files=("patients.csv",)) == 0
    (spec,) = read_pipelines([project / "pipelines" / "patients.yaml"])
    assert spec.extract.header is False
    assert rows(project, "patients") == 2


def test_a_first_line_is_a_header_where_that_is_said(project: Path) -> None:
    """Whatever it looks like."""
    (project / "patients.csv").write_text(PATIENTS)
    assert plan("--header", "--execute", "--quiet", goal="load patients", files=("patients.csv",)) == 0
    (spec,) = read_pipelines([project / "pipelines" / "patients.yaml"])
    assert spec.extract.header is True
    assert rows(project, "patients") == 1


def test_a_header_that_was_found_missing_stays_missing(project: Path, capsys: Capture) -> None:
    """The pipeline says what was found, so that a smaller file tomorrow is read alike."""
    (project / "people.csv").write_text("ann,a@x.org\nbob,b@x.org\ncy,c@x.org\n")
    assert plan(goal="load people", files=("people.csv",)) == 0
    assert "extract.header" in capsys.readouterr().out
    (spec,) = read_pipelines([project / "pipelines" / "people.yaml"])
    assert spec.extract.header is False


def test_a_file_with_a_header_and_no_row_is_named(project: Path, capsys: Capture) -> None:
    """Nothing can be learnt from it."""
    (project / "notes.csv").write_text("note_id,text\n")
    assert plan(goal="load notes", files=("notes.csv",)) == 0
    assert "note: notes.csv: the file has a header and no row" in capsys.readouterr().out


def test_an_empty_file_among_many_is_named_with_what_to_do(project: Path, capsys: Capture) -> None:
    """No key of a pipeline file is advised alone where there is no pipeline file."""
    (project / "data" / "none.csv").write_text("")
    assert plan(files=("data/*.csv",)) == 65
    said = capsys.readouterr().err
    assert "data/none.csv: the file is empty" in said
    assert "leave it out" in said
    assert "--no-header" not in said  # it would be refused again
    assert "a pipeline file of your own" in said


def test_names_that_stand_twice_may_be_cells_of_a_row(project: Path, capsys: Capture) -> None:
    """Then the file is read without a header, which is advised where it can be."""
    (project / "pairs.csv").write_text("x,x\ny,z\n")
    assert plan(goal="load pairs", files=("pairs.csv",)) == 65
    assert "--no-header if its first line is a row" in capsys.readouterr().err
    assert plan("--no-header", goal="load pairs", files=("pairs.csv",)) == 0


def test_what_to_type_next_is_another_thing_once_the_plan_has_run(project: Path, capsys: Capture) -> None:
    """First what runs it; then what shows the rows that were refused, or nothing."""
    assert plan("--json") == 0
    assert told(capsys)["next"] == "etl-agent run pipelines/customers.yaml pipelines/orders.yaml"
    assert plan("--json", "--execute") == 0
    assert told(capsys)["next"] is None


def test_a_load_without_a_file_goes_by_no_lock_of_a_pipeline_that_is_called_alike(
    project: Path, capsys: Capture
) -> None:
    """The lock is another pipeline's, so that it is neither used nor stale."""
    assert plan("--quiet") == 0
    assert main(["load", "data/orders.csv", "--to", "sqlite:///other.db", "--table", "orders", "--json"]) == 0
    said = capsys.readouterr()
    assert "stale" not in said.out + said.err
    assert json.loads(said.out)[0]["warning"] is None


def test_files_with_and_without_a_header_are_not_read_together(project: Path, capsys: Capture) -> None:
    """Cells of one would stand in other columns than those of the other."""
    (project / "day_1.csv").write_text("name,email\nann,a@x.org\nbob,b@x.org\n")
    (project / "day_2.csv").write_text("cy,c@x.org\ndan,d@x.org\neve,e@x.org\n")
    assert plan(goal="load them", files=("day_*.csv",)) == 65
    assert "day_2.csv: the file has no header, and others" in capsys.readouterr().err
