"""The commands that look back: runs, show, and the group quarantine, as a person and a program see them."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest

from etl_agent.cli import main
from etl_agent.cli.entry import cli
from etl_agent.cli.quarantine import COMMANDS, quarantine
from etl_agent.cli.target_of import Place
from etl_agent.cli.target_of import target_of as decide
from etl_agent.errors import ConfigurationError, UsageError
from tests.load.targets import query

Capture = pytest.CaptureFixture[str]
CSV = "id,n\n1,1\n2,:x: [b]\n3,\x1b[2Jy\n4,4\n5,5\n6,6\n7,7\n8,8,8\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in a project folder with a file of which three rows are rejected; nothing has run."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "in.csv").write_text(CSV)
    for name in ("DATABASE_URL", "ETL_AGENT_TO"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ETL_AGENT_SCRATCH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    before = set(os.environ)
    yield tmp_path
    for name in set(os.environ) - before:
        del os.environ[name]


def pipeline(project: Path, name: str = "p", *, to: str = "sqlite:///w.db", more: str = "") -> str:
    """Write a pipeline file."""
    path = project / "pipelines" / f"{name}.yaml"
    path.write_text(
        f"version: 1\nname: {name}\nextract: {{files: in.csv}}\n"
        "validate: {contract: {id: {type: text}, n: {type: integer}}, max_reject_share: 0.6}\n"
        f"load: {{to: '{to}', table: t{more}}}\n"
    )
    return str(path)


@pytest.fixture
def loaded(project: Path, capsys: Capture) -> Path:
    """Run the pipeline once."""
    assert main(["run", pipeline(project)]) == 0
    capsys.readouterr()
    return project


def target_of(to: str | None, *, schema: str | None, pipelines: Sequence[Path] = ()) -> Place:
    """Decide as a command would."""
    with click.Context(cli):
        return decide(to, schema=schema, pipelines=pipelines)


def out_of(capsys: Capture, *words: str, code: int = 0) -> str:
    """Run a command and return what it prints on stdout."""
    assert main(words) == code
    return capsys.readouterr().out


def json_of(capsys: Capture, *words: str) -> Any:
    """Run a command with ``--json`` and read it."""
    return json.loads(out_of(capsys, *words, "--json"))


@pytest.mark.parametrize("words", [["runs"], ["show"], ["quarantine", "list"]])
def test_a_target_without_runs_gets_a_friendly_answer(project: Path, capsys: Capture, words: list[str]) -> None:
    """No error, no file made, and the command to type."""
    pipeline(project)
    assert "next: etl-agent run" in out_of(capsys, *words)
    assert not (project / "w.db").exists()


def test_runs_lists_the_newest_first(loaded: Path, capsys: Capture) -> None:
    """One line a run with its counts, and the command that shows more."""
    main(["run", "--reload", str(loaded / "pipelines/p.yaml")])
    capsys.readouterr()
    head, first, second, then = out_of(capsys, "runs").splitlines()
    assert head.split()[:5] == ["run", "pipeline", "table", "status", "started"]
    assert int(first.split()[0]) > int(second.split()[0])
    assert first.split()[6:][:3] == ["8", "5", "3"]
    assert then == f"next: etl-agent show {first.split()[0]}"


def test_runs_and_show_as_json_hold_the_whole_outcome(loaded: Path, capsys: Capture) -> None:
    """Programs get the balance, the files and the reasons."""
    (run,) = json_of(capsys, "runs")
    assert (run["rows"]["read"], run["rows"]["quarantined"], run["pipeline"]) == (8, 3, "p")
    shown = json_of(capsys, "show", str(run["run_id"]))
    assert shown["quarantine"] == {"open": 3}
    assert {name: shown[name] for name in run} == run


def test_show_tells_balance_files_reasons_and_what_to_type(loaded: Path, capsys: Capture) -> None:
    """Without a number, the newest run is shown."""
    out = out_of(capsys, "show")
    assert "n: type-error (integer)" in out
    assert "in.csv" in out
    assert "quarantine: 3 open" in out
    assert "next: etl-agent quarantine list --run " in out


def test_show_tells_who_decided_what_and_why(project: Path, capsys: Capture) -> None:
    """Every node with its choice, and below it the steps that the gate refused; nothing of it is cut or marked up."""
    names = ("Ann", "Bob", "Eve")
    (project / "in.csv").write_text("id,[b]n\n" + "".join(f"{n},{names[n % 3]}\n" for n in range(30)))
    (project / "pipelines" / "strategies").mkdir()
    (project / "pipelines" / "strategies" / "shout.yaml").write_text(
        "name: shout\ndescription: Shout.\nclean: [{step: case, columns: ['[b]n'], to: upper}]\n"
    )
    path = project / "pipelines" / "p.yaml"
    path.write_text(
        "version: 1\nname: p\nextract: {files: in.csv}\nclean:\n"
        "  - {route: volume, among: [shout], by: rule, otherwise: shout}\n"
        "  - {when: {measure: row_count, lt: 10}, then: [{step: case, columns: [id], to: upper}]}\n"
        "load: {to: 'sqlite:///w.db', table: t}\n"
    )
    assert main(["run", str(path)]) == 0
    capsys.readouterr()
    lines = [line.rstrip().split(maxsplit=3) for line in out_of(capsys, "show").splitlines()]
    at = lines.index(["node", "chosen", "by", "reason"])
    assert lines[at + 1][:3] == ["volume", "shout", "rule"]
    assert lines[at + 2][:3] == ["not", "case", "gate"]
    assert lines[at + 2][3].startswith("[b]n: ")
    assert lines[at + 3] == ["clean[1]", "otherwise", "condition", "row_count is 30, not below 10"]
    assert [each["node"] for each in json_of(capsys, "show")["decisions"]] == ["volume", "clean[1]"]


def test_show_of_an_unknown_run_names_those_that_are_there(loaded: Path, capsys: Capture) -> None:
    """Exit 66 and the next command."""
    run_id = json_of(capsys, "runs")[0]["run_id"]
    assert main(["show", str(run_id)[:-1]]) == 66
    err = capsys.readouterr().err
    assert str(run_id) in err
    assert "next: etl-agent runs" in err


def test_quarantine_list_tells_reasons_first_and_is_safe_for_a_terminal(loaded: Path, capsys: Capture) -> None:
    """Totals by reason in words, then each row with file and line; control characters are spelled out."""
    out = out_of(capsys, "quarantine", "list")
    assert out.startswith("3 rows in quarantine, open\n")
    assert out.index("A value does not fit its column's type.") < out.index("in.csv:3")
    assert "\x1b" not in out
    assert "\\x1b[2Jy" in out
    assert "2,:x: [b]" in out
    entries = json_of(capsys, "quarantine", "list", "--reason", "extra-cell")
    assert (entries["total"], [entry["line"] for entry in entries["entries"]]) == (1, [9])


def test_the_rows_of_a_refused_run_are_listed_by_its_number(project: Path, capsys: Capture) -> None:
    """The command that the refusal names shows them, and the plain list says that they are there."""
    path = Path(pipeline(project))
    path.write_text(path.read_text().replace("0.6", "0.1"))
    assert main(["run", str(path)]) == 65
    words = capsys.readouterr().err.split("next: etl-agent ")[1].split()
    assert out_of(capsys, *words).startswith("3 rows in quarantine")
    assert out_of(capsys, "quarantine", "list") == (
        "no open row in quarantine there; 3 refused: --status all lists them\n"
    )


def test_the_record_of_another_schema_is_found_by_its_name(
    project: Path, postgres_url: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Postgres the tables stand in the schema of the table that was loaded."""
    query(postgres_url, "CREATE SCHEMA sales")
    monkeypatch.setenv("TARGET", postgres_url)
    path = pipeline(project, to="${TARGET}", more=", schema: sales")
    assert main(["run", path]) == 0
    capsys.readouterr()
    assert len(json_of(capsys, "runs")) == 1
    assert json_of(capsys, "runs", "--to", "${TARGET}", "--schema", "sales")[0]["rows"]["read"] == 8
    assert "no run is on record" in out_of(capsys, "runs", "--to", "${TARGET}")
    out_of(capsys, "quarantine", "discard", "--table", "t", "--yes")
    assert json_of(capsys, "quarantine", "list", "--status", "discarded")["total"] == 3


def test_export_correct_and_replay_by_hand(loaded: Path, capsys: Capture) -> None:
    """The way that the pages tell: export, correct a cell, replay, and nothing of it waits any more."""
    out_of(capsys, "quarantine", "export", "-o", "bad.csv", "--reason", "type-error")
    with (loaded / "bad.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row["n"] = str(number)
    with (loaded / "bad.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")  # as some spreadsheets save it
        writer.writeheader()
        writer.writerows(rows)
    (result,) = json_of(capsys, "quarantine", "replay", "bad.csv", "pipelines/p.yaml")
    assert (result["rows"]["inserted"], result["message"]) == (2, "2 entries replayed")
    assert main(["quarantine", "replay", "bad.csv", "pipelines/p.yaml"]) == 0
    assert "2 replayed before" in capsys.readouterr().err
    assert json_of(capsys, "quarantine", "list")["total"] == 1
    with sqlite3.connect("w.db") as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchall() == [(7,)]
    connection.close()


def test_a_correction_that_is_rejected_again_is_said(loaded: Path, capsys: Capture) -> None:
    """Also under a budget that the pipeline sets itself, with --quiet and without a terminal."""
    out_of(capsys, "quarantine", "export", "-o", "bad.csv", "--reason", "type-error")
    file = loaded / "bad.csv"
    file.write_text(file.read_text().replace(":x: [b]", "no number yet"))
    assert main(["quarantine", "replay", "bad.csv", "pipelines/p.yaml", "--quiet"]) == 0
    said = capsys.readouterr().err
    assert "quarantined" in said
    assert said.count("\n") == 1


def test_rows_of_several_tables_are_exported_to_a_file_each(loaded: Path, capsys: Capture) -> None:
    """One file of them is refused; a name with {table}, or a folder, takes them, whatever a table is called."""
    path = Path(pipeline(loaded, "q", more=""))
    path.write_text(path.read_text().replace("table: t", "table: 'a/b'"))
    assert main(["run", str(path)]) == 0
    capsys.readouterr()
    assert main(["quarantine", "export", "-o", "bad.csv"]) == 2
    assert "-o 'bad-{table}.csv'" in capsys.readouterr().err
    assert not (loaded / "bad.csv").exists()
    said = out_of(capsys, "quarantine", "export", "-o", "bad-{table}.csv")
    assert "wrote 3 rows to bad-a%2Fb.csv" in said and "wrote 3 rows to bad-t.csv" in said
    (loaded / "out").mkdir()
    out_of(capsys, "quarantine", "export", "-o", "out", "--table", "t")
    assert [each.name for each in (loaded / "out").iterdir()] == ["t.csv"]
    assert (loaded / "out" / "t.csv").read_text() == (loaded / "bad-t.csv").read_text()


def test_an_exact_export_says_so_in_a_column_of_its_own(loaded: Path, capsys: Capture) -> None:
    """So replay knows that no apostrophe was added."""
    out_of(capsys, "quarantine", "export", "-o", "bad.csv", "--exact")
    assert "_etl_exact" in (loaded / "bad.csv").read_text().splitlines()[0]


def test_the_list_names_the_run_that_closed_an_entry(project: Path, capsys: Capture) -> None:
    """A person and a program see which run brought the good row."""
    path = pipeline(project, more=", write_disposition: merge, primary_key: [id]")
    assert main(["run", path]) == 0
    (project / "in.csv").write_text("id,n\n2,2\n9,9\n")
    assert main(["run", path]) == 0
    capsys.readouterr()
    newest = json_of(capsys, "runs")[0]["run_id"]
    (entry,) = json_of(capsys, "quarantine", "list", "--status", "closed")["entries"]
    assert (entry["line"], entry["status"], entry["replayed_by"]) == (3, "closed", newest)
    assert "1 entry of the quarantine closed, since a good row came" in out_of(capsys, "show")
    assert f"closed by run {newest}" in out_of(capsys, "quarantine", "list", "--status", "closed")
    assert json_of(capsys, "quarantine", "list")["total"] == 2


def test_discard_asks_first(loaded: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A no discards nothing, nor does nobody's answer; a yes discards the chosen rows."""
    words = ["quarantine", "discard", "--reason", "extra-cell"]
    assert main(words) == 2
    assert "next: the same command with --yes" in capsys.readouterr().err
    for answer, code, waiting in (("n", 130, 3), ("y", 0, 2)):
        terminal = io.StringIO(f"{answer}\n")
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", terminal)
        assert main(words) == code
        capsys.readouterr()
        assert json_of(capsys, "quarantine", "list")["total"] == waiting
    assert out_of(capsys, *words[:2], "--id", "1", "--yes") == "discarded 1 row\n"
    assert json_of(capsys, "quarantine", "list", "--status", "discarded")["total"] == 2


def test_discard_of_everything_must_be_said(loaded: Path, capsys: Capture) -> None:
    """Without any filter it is a slip: exit 2."""
    assert main(["quarantine", "discard", "--yes"]) == 2
    assert "say which rows" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["a.csv"], ["a.yaml", "b.yaml"], ["a.csv", "b.csv", "p.yaml"]])
def test_replay_takes_one_pipeline_and_at_most_one_file(project: Path, words: list[str]) -> None:
    """Anything else is a wrong call."""
    assert main(["quarantine", "replay", *words]) == 2


def test_a_wrong_command_of_the_group_is_answered_with_the_near_one(project: Path, capsys: Capture) -> None:
    """One line, exit 2."""
    assert main(["quarantine", "lsit"]) == 2
    assert "did you mean 'list'" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_of_each_command_is_its_own(name: str) -> None:
    """The line that is kept for the list is the first sentence of the command's help."""
    command = quarantine.get_command(None, name)  # type: ignore[arg-type]  # the group needs no context for it
    assert command is not None
    assert (command.help or "").split("\n\n")[0].replace("\n", " ") == COMMANDS[name].line
    assert command.name == name


def test_pipelines_that_agree_name_the_target(project: Path) -> None:
    """The one target of all pipelines is meant, whatever DATABASE_URL says to others."""
    pipeline(project, "a")
    pipeline(project, "b")
    (project / "pipelines" / "broken.yaml").write_text("version: 2\n")
    assert target_of(None, schema=None).url == "sqlite:///w.db"


def test_several_targets_are_listed_without_passwords(project: Path) -> None:
    """Which one is for the user to say."""
    pipeline(project, "a")
    other = pipeline(project, "b", to="postgresql://ann:secret@db/shop")
    with pytest.raises(ConfigurationError) as caught:
        target_of(None, schema=None)
    assert caught.value.choices == ("postgresql://ann:***@db/shop", "sqlite:///w.db")
    assert target_of(None, schema=None, pipelines=[Path(other)]).url == "postgresql://ann:secret@db/shop"
    assert target_of("sqlite:///x.db", schema=None).url == "sqlite:///x.db"


def test_schemas_are_different_places(project: Path) -> None:
    """The record stands in the schema of its table."""
    pipeline(project, "a", to="postgresql://db/shop", more=", schema: sales")
    assert target_of(None, schema=None).schema == "sales"
    pipeline(project, "b", to="postgresql://db/shop", more=", schema: stock")
    with pytest.raises(ConfigurationError):
        target_of(None, schema=None)
    assert target_of(None, schema="stock").schema == "stock"


def test_without_pipelines_the_environment_names_the_target(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DATABASE_URL is the last resort; without it the call is wrong."""
    with pytest.raises(UsageError, match="--to"):
        target_of(None, schema=None)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///env.db")
    assert target_of(None, schema=None).url == "${DATABASE_URL}"


SECRETS = "id,Mail,n\n1,Ann@x.org,1\n2,bob@x.org,x\n3,cy@x.org,5,6\n4,,x\n5,ED@X.org,2\n6,fay@x.org,3\n"


@pytest.fixture
def secrets(project: Path, capsys: Capture) -> Path:
    """Run a pipeline with a sensitive column that a step renames and another rewrites."""
    (project / "in.csv").write_text(SECRETS)
    (project / "pipelines" / "p.yaml").write_text(
        "version: 1\nname: p\nextract: {files: in.csv}\n"
        "validate:\n  contract: {id: {}, email: {sensitive: true, nullable: true}, n: {type: integer}}\n"
        "  max_reject_share: 0.6\n"
        "clean:\n  - {step: rename, columns: {Mail: email}}\n"
        "  - {step: map_values, columns: [email], values: {ED@X.org: ed@x.org}}\n"
        "  - {step: email, columns: email, local: lower}\n"
        "load: {to: 'sqlite:///w.db', table: t}\n"
    )
    assert main(["run", "pipelines/p.yaml"]) == 0
    capsys.readouterr()
    return project


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_value_of_a_sensitive_column_is_shown(secrets: Path, capsys: Capture, form: list[str]) -> None:
    """Neither rejected rows nor changes show one, under whatever name the column had; other cells are shown."""
    assert main(["quarantine", "list", *form]) == 0
    assert main(["show", *form]) == 0
    out = capsys.readouterr().out
    assert "x.org" not in out.lower()
    assert "2,***,x" in out
    assert "4,,x" in out  # no value is no secret
    assert "cy@" not in out and "5,6" not in out  # no cell of a malformed line can be told from another
    assert "aaa" not in out and "a@a.a" in out  # a pattern tells no value


def test_an_export_of_sensitive_columns_is_exact(secrets: Path) -> None:
    """What is exported can be corrected and replayed, so nothing in it is hidden."""
    assert main(["quarantine", "export", "-o", "out.csv"]) == 0
    text = Path("out.csv").read_text()
    assert "bob@x.org" in text and "cy@x.org,5,6" in text


def test_rows_of_a_refused_run_are_concealed_too(secrets: Path, capsys: Capture) -> None:
    """The record of a run that loaded nothing says which columns are sensitive."""
    file = secrets / "pipelines" / "p.yaml"
    file.write_text(file.read_text().replace("max_reject_share: 0.6", "max_rejects: 1"))
    (secrets / "in.csv").write_text(SECRETS + "7,gil@x.org,7\n")
    assert main(["run", str(file)]) == 65
    capsys.readouterr()
    assert main(["quarantine", "list", "--status", "refused"]) == 0
    out = capsys.readouterr().out
    assert "2,***,x" in out and "x.org" not in out


def test_a_name_with_a_line_break_makes_no_line_of_its_own(project: Path, capsys: Capture) -> None:
    """Neither a table's, nor a file's, nor a column's: wherever a person reads of a run."""
    forged = "a\n\x1b[2Jetl-agent: all is well\u202e"
    (project / f"in{forged}.csv").write_bytes(f'id,"{forged}"\n1,1\n2,x\n'.encode())
    contract = {"id": {"type": "text"}, forged: {"type": "integer"}}
    spec = {
        "version": 1,
        "name": "p",
        "extract": {"files": "in?*.csv"},
        "validate": {"contract": contract, "max_reject_share": 0.9},
        "load": {"to": "sqlite:///w.db", "table": forged},
    }
    path = project / "pipelines" / "p.yaml"
    path.write_text(json.dumps(spec))
    said = ""
    for words in (
        ["run", str(path)],
        ["runs"],
        ["show"],
        ["quarantine", "list"],
        ["quarantine", "export", "-o", f"{forged}.csv"],
        ["why", forged, "id=1"],
        ["why", f"in{forged}.csv:3"],
        ["status", "--max-age", "1m"],
        ["explain", str(path)],
    ):
        assert main(words) == 0
        said += "".join(capsys.readouterr())
    assert "etl-agent: all is well" in said
    assert [line for line in said.splitlines() if line.strip().startswith("etl-agent: all is well")] == []
    assert {sign for sign in said if not sign.isprintable()} == {"\n"}
