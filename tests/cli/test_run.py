"""The commands run, load, explain, extract, clean and profile, as cron and a person see them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from etl_agent.cli import main
from etl_agent.load.target import open_target

Capture = pytest.CaptureFixture[str]
GOOD = "id,name\n1,Ann\n2,Bob\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project folder, and stand in another one: paths must not depend on the working folder."""
    folder = tmp_path / "project"
    (folder / "pipelines").mkdir(parents=True)
    (folder / "in.csv").write_text(GOOD)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return folder


def pipeline(project: Path, name: str = "people", *, files: str = "in.csv", more: str = "", load: str = "") -> str:
    """Write a pipeline file."""
    path = project / "pipelines" / f"{name}.yaml"
    path.write_text(
        f"version: 1\nname: {name}\nextract: {{files: {files}}}\n{more}"
        f"load: {{to: 'sqlite:///{project}/w.db', table: {name}{load}}}\n"
    )
    return str(path)


def rows(project: Path, query: str) -> list[tuple]:
    """Ask the target."""
    with sqlite3.connect(project / "w.db") as connection:
        return connection.execute(query).fetchall()


def test_success_is_silent_without_a_terminal(project: Path, capsys: Capture) -> None:
    """Cron sends no mail when all is well: exit 0 and not one byte."""
    assert main(["run", pipeline(project)]) == 0
    assert capsys.readouterr() == ("", "")
    assert rows(project, "select id, name from people order by id") == [("1", "Ann"), ("2", "Bob")]


def test_the_same_file_again_is_nothing_new_and_silent(project: Path, capsys: Capture) -> None:
    """A second run at 02:00 exits 0 and loads nothing."""
    assert [main(["run", pipeline(project)]) for _ in range(2)] == [0, 0]
    assert capsys.readouterr() == ("", "")
    assert rows(project, "select count(*) from people") == [(2,)]


def test_a_reject_under_the_default_budget_is_one_line(project: Path, capsys: Capture) -> None:
    """Nobody set a budget, so cron hears of the row that is in quarantine, and what to type."""
    good = "".join(f"{n},x\n" for n in range(40))
    (project / "in.csv").write_text(f"id,name\n{good}41,too,many\n")
    assert main(["run", pipeline(project)]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "1 quarantined" in err and "next: etl-agent quarantine list --run " in err


def test_a_reject_within_a_budget_that_was_set_is_silent(project: Path, capsys: Capture) -> None:
    """An explicit budget says that these rejects are expected."""
    (project / "in.csv").write_text("id,name\n1,a\n2,b\n3,too,many\n")
    assert main(["run", pipeline(project, more="validate: {max_reject_share: 0.5}\n")]) == 0
    assert capsys.readouterr() == ("", "")


def test_over_budget_exits_65_in_one_line_and_loads_nothing(project: Path, capsys: Capture) -> None:
    """The line names the share, the limit, the reason and the next command."""
    (project / "in.csv").write_text("id,name\n1,a\n2,too,many\n")
    assert main(["run", pipeline(project)]) == 65
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "1 of 2 rows (50.00%)" in err and "extra-cell" in err and "next: " in err
    assert rows(project, "select name from sqlite_master where name = 'people'") == []
    assert rows(project, "select status, rows_quarantined from _etl_runs") == [("refused", 1)]


def test_fail_on_rejects_exits_1(project: Path) -> None:
    """A check that says no is exit 1; the rows are loaded all the same."""
    (project / "in.csv").write_text("id,name\n1,a\n2,b\n3,too,many\n")
    file = pipeline(project, more="validate: {max_reject_share: 0.5}\n")
    assert main(["run", file, "--fail-on-rejects"]) == 1
    assert rows(project, "select count(*) from people") == [(2,)]


def test_json_tells_where_every_row_is(project: Path, capsys: Capture) -> None:
    """A program reads the balance from stdout."""
    assert main(["run", pipeline(project), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["status"], told["rows"]["read"], told["rows"]["inserted"]) == ("loaded", 2, 2)


def test_a_failed_pipeline_keeps_those_that_need_it_from_running(project: Path, capsys: Capture) -> None:
    """The others run; the exit code is the first failure's."""
    files = [
        pipeline(project, "first", files="none.csv"),
        pipeline(project, "second", more="needs: [first]\n"),
        pipeline(project, "third"),
    ]
    assert main(["run", *files]) == 66
    assert "2 of 3 pipelines need a look (first, second)" in capsys.readouterr().err
    assert rows(project, "select count(*) from third") == [(2,)]


def test_a_dry_run_creates_nothing(project: Path) -> None:
    """The database file does not come into being."""
    assert main(["run", pipeline(project), "--dry-run"]) == 0
    assert not (project / "w.db").exists()


def test_what_needs_a_skipped_pipeline_does_not_run(project: Path, capsys: Capture) -> None:
    """Its data would be of another time: one line says so, the exit code is 0, and later all load."""
    files = [
        pipeline(project, name, more=more) for name, more in (("a", ""), ("b", "needs: [a]\n"), ("c", "needs: [b]\n"))
    ]
    alone = pipeline(project, "d")
    with open_target(f"sqlite:///{project}/w.db") as target, target.lock("a"):
        assert main(["run", "--skip-if-running", *files, alone]) == 0
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == (
        "",
        [
            "etl-agent: 2 of 4 pipelines need a look (b, c): b: not run, since a was left to another run",
        ],
    )
    assert rows(project, "select count(*) from d") == [(2,)]
    assert rows(project, "select name from sqlite_master where name in ('a', 'b', 'c')") == []
    assert main(["run", "--skip-if-running", *files]) == 0
    assert rows(project, "select count(*) from c") == [(2,)]


def test_load_needs_no_pipeline_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths of load are relative to the working folder; text stays text."""
    monkeypatch.chdir(project)
    (project / "in.csv").write_text("id,country\n00123,NA\n1E5,1.10\n")
    assert main(["load", "in.csv", "--to", "sqlite:///w.db", "--table", "t"]) == 0
    assert rows(project, "select id, country from t order by rowid") == [("00123", "NA"), ("1E5", "1.10")]


def test_options_of_load_that_do_not_fit_are_a_usage_error(project: Path, capsys: Capture) -> None:
    """A merge without a key is exit 2, with the option to add."""
    arguments = ["load", str(project / "in.csv"), "--to", "sqlite:///w.db", "--table", "t"]
    assert main([*arguments, "--write-disposition", "merge"]) == 2
    assert "primary_key" in capsys.readouterr().err


def test_explain_shows_the_plan_and_touches_no_target(project: Path, capsys: Capture) -> None:
    """The steps, the passes and the headers' differences, without a database."""
    file = pipeline(project, more="clean: [{step: dates, columns: [name]}]\n")
    assert main(["explain", file]) == 0
    told = capsys.readouterr().out
    assert "2 passes over the data" in told and "1 dates (fitted by the survey)" in told
    assert not (project / "w.db").exists()


def test_explain_says_what_becomes_of_absent_rows(project: Path, capsys: Capture) -> None:
    """Who lets a pipeline delete or close rows reads it before the first run."""
    merge = ", write_disposition: merge, primary_key: id"
    for more, said in (
        ("absent: delete", "rows of the table whose key they lack are deleted"),
        ("strategy: scd2, absent: close", "current versions whose key they lack are closed"),
    ):
        assert main(["explain", pipeline(project, load=f"{merge}, {more}")]) == 0
        assert said in capsys.readouterr().out
    assert main(["explain", pipeline(project, load=merge)]) == 0
    assert "snapshot" not in capsys.readouterr().out


def test_check_names_what_goes_with_a_strategy(project: Path, capsys: Capture) -> None:
    """A combination that cannot work is refused at its line, with those that can."""
    file = pipeline(project, load=", write_disposition: merge, primary_key: id, absent: close")
    assert main(["check", file]) == 1
    said = capsys.readouterr().err
    assert "people.yaml:4:" in said
    assert "absent: close goes with strategy: scd2; upsert takes keep or delete" in said


def test_load_takes_out_what_is_absent(project: Path, capsys: Capture) -> None:
    """A merge of files without a pipeline may be a full snapshot too, and says how many rows went."""
    words = ["--to", f"sqlite:///{project}/w.db", "--table", "t", "--absent", "delete"]
    merge = [*words, "--write-disposition", "merge", "--primary-key", "id"]
    assert main(["load", str(project / "in.csv"), *merge]) == 0
    (project / "in.csv").write_text("id,name\n1,Ann\n")
    assert main(["load", str(project / "in.csv"), *merge, "--json"]) == 0
    assert '"removed": 1' in capsys.readouterr().out
    assert rows(project, "select id from t") == [("1",)]
    assert main(["load", str(project / "in.csv"), *words]) == 2
    assert "absent: delete goes with write_disposition: merge only" in capsys.readouterr().err


def test_explain_of_headers_that_do_not_fit_exits_65(project: Path, capsys: Capture) -> None:
    """The difference of each file is told."""
    file = pipeline(project, more="validate: {contract: {id: {type: text}, nmae: {type: text}}}\n")
    assert main(["explain", file]) == 65
    assert "'name' looks like 'nmae' renamed" in capsys.readouterr().out


def test_extract_writes_what_the_reader_understood(project: Path, capsys: Capture) -> None:
    """Quoted and unquoted empty cells stay apart; a malformed record is told with its place."""
    (project / "in.csv").write_bytes(b'a;b\r\n"";\r\n1;2;3\r\n')
    out = project / "out.csv"
    assert main(["extract", str(project / "in.csv"), "-o", str(out)]) == 0
    assert out.read_bytes() == b'a,b\n"",\n'
    assert "in.csv:3: extra-cell" in capsys.readouterr().err


def test_clean_keeps_every_row_in_its_place(project: Path, capsys: Capture) -> None:
    """A step that takes rows out is only counted."""
    (project / "in.csv").write_text("id,name\n1, Ann \n1, Ann \n2,Bob\n")
    (project / "steps.yaml").write_text("- {step: strip, columns: all}\n- {step: deduplicate}\n")
    out = project / "out.csv"
    assert main(["clean", str(project / "in.csv"), "-o", str(out), "--steps", str(project / "steps.yaml")]) == 0
    assert out.read_text() == "id,name\n1,Ann\n1,Ann\n2,Bob\n"
    assert "2 deduplicate: would take out 1 row in" in capsys.readouterr().out


def test_a_row_that_a_step_would_take_out_for_two_reasons_is_one_row(project: Path, capsys: Capture) -> None:
    """A row beyond the bounds in both columns would be taken out once."""
    (project / "in.csv").write_text("a,b\n99,99\n1,1\n")
    (project / "steps.yaml").write_text("- {step: quarantine_range, columns: [a, b], max: 9}\n")
    out = project / "out.csv"
    assert main(["clean", str(project / "in.csv"), "-o", str(out), "--steps", str(project / "steps.yaml")]) == 0
    assert "would take out 1 row in" in capsys.readouterr().out


def test_a_step_on_a_column_that_is_not_there_names_the_near_ones(project: Path, capsys: Capture) -> None:
    """Cleaning with a typo writes nothing."""
    (project / "steps.yaml").write_text("- {step: strip, columns: [nmae]}\n")
    out = project / "out.csv"
    assert main(["clean", str(project / "in.csv"), "-o", str(out), "--steps", str(project / "steps.yaml")]) == 78
    assert "did you mean 'name'" in capsys.readouterr().err
    assert not out.exists()


def test_json_carries_no_control_sequence_to_a_terminal(project: Path, capsys: Capture) -> None:
    """A cell with control characters, C1 and direction marks among them, is escaped; what it means stays the same."""
    hostile = "a\x1b[2J\x9b31m\u202ebé"
    (project / "in.csv").write_text(f"id,name\n1,{hostile}\n", encoding="utf-8")
    assert main(["profile", str(project / "in.csv"), "--json"]) == 0
    out = capsys.readouterr().out
    assert all(character.isprintable() or character == "\n" for character in out)
    assert "é" in out
    assert json.loads(out)["columns"][1]["frequent"][0]["value"] == hostile


def test_profile_counts_without_values_when_asked(project: Path, capsys: Capture) -> None:
    """--no-values shows no cell."""
    assert main(["profile", str(project / "in.csv"), "--json", "--no-values"]) == 0
    out = capsys.readouterr().out
    told = json.loads(out)
    assert (told["rows"], told["columns"][1]["distinct"]) == (2, 2)
    assert "Ann" not in out


def test_a_column_that_is_gone_on_the_second_day_is_said(project: Path, capsys: Capture) -> None:
    """Without a contract its cells are null, and that is one line on stderr though the run succeeds."""
    assert main(["run", pipeline(project)]) == 0
    (project / "in.csv").write_text("id\n3\n")
    assert main(["run", pipeline(project)]) == 0
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "no file brings 'name', which the table has: null in these rows" in err
    assert rows(project, "select id, name from people order by id") == [("1", "Ann"), ("2", "Bob"), ("3", None)]


def test_a_file_that_lacks_a_column_of_the_others_is_said(project: Path, capsys: Capture) -> None:
    """Two files of one dataset that differ are told apart by name."""
    (project / "other.csv").write_text("id\n3\n")
    assert main(["run", pipeline(project, files="'*.csv'")]) == 0
    assert "other.csv is without 'name': null in these rows" in capsys.readouterr().err


def test_a_column_that_the_contract_lets_go_is_silent(project: Path, capsys: Capture) -> None:
    """The contract has been asked already."""
    (project / "in.csv").write_text("id\n3\n")
    optional = "validate: {contract: {id: {type: text}, name: {type: text, nullable: true, required: false}}}\n"
    assert main(["run", pipeline(project, more=optional)]) == 0
    assert capsys.readouterr() == ("", "")


def test_the_order_of_a_lone_file_is_not_remarked_on(project: Path, capsys: Capture) -> None:
    """A column that a step names is in no wrong place; a second file with another order is."""
    file = pipeline(project, more="clean: [{step: strip, columns: [name]}]\n", files="'*.csv'")
    assert main(["explain", file]) == 0
    assert "another order" not in capsys.readouterr().out
    (project / "other.csv").write_text("name,id\nEve,3\n")
    assert main(["explain", file]) == 0
    assert "other.csv: columns in another order" in capsys.readouterr().out


def test_a_refusal_names_its_pipeline_once(project: Path, capsys: Capture) -> None:
    """Also where the refusal is about one of its files, and its own place begins with the pipeline."""
    (project / "in.csv").write_text("id,name\nx,Ann\n")
    spec = pipeline(project, more="validate: {contract: {id: {type: integer}, name: {type: text}}}\n")
    assert main(["run", spec]) == 65
    said = capsys.readouterr().err
    assert "people: refused, nothing was loaded: " in said and "1 of 1 row (" in said
    assert said.count("people: ") == 1
