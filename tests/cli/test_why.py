"""``etl-agent why``, as a person and a program see it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from etl_agent.cli import main

Capture = pytest.CaptureFixture[str]
CSV = "id,name,n\n1, ann ,1\n2,:x: [b],1\n3,\x1b[2Jy,1\n4,bob,x\n"


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Path:
    """Stand in a project folder whose one pipeline has run once."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "in.csv").write_text(CSV)
    for name in ("DATABASE_URL", "ETL_AGENT_TO"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ETL_AGENT_SCRATCH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pipelines" / "p.yaml").write_text(
        "version: 1\nname: p\nextract: {files: in.csv}\n"
        "validate: {contract: {id: {type: integer}, name: {type: text}, n: {type: integer}}, max_reject_share: 0.6}\n"
        "clean: [{step: strip, columns: [name]}]\n"
        "load: {to: 'sqlite:///w.db', table: t, write_disposition: merge, primary_key: [id]}\n"
    )
    assert main(["run", "pipelines/p.yaml"]) == 0
    capsys.readouterr()
    return tmp_path


def out_of(capsys: Capture, *words: str) -> str:
    """Run the command and return what it prints on stdout."""
    assert main(["why", *words]) == 0
    return capsys.readouterr().out


def told(capsys: Capture, *words: str) -> Any:
    """Run the command with ``--json`` and read it."""
    return json.loads(out_of(capsys, *words, "--json"))


@pytest.mark.parametrize("words", [["t", "1"], ["t", "id=1"], ["in.csv:2"], ["t", "1", "--to", "pipelines/p.yaml"]])
def test_a_row_is_told_from_its_file_to_the_table(loaded: Path, capsys: Capture, words: list[str]) -> None:
    """The record, each change of a cell, what was loaded, and the next command."""
    lines = [line.rstrip() for line in out_of(capsys, *words).splitlines()]
    assert ": in the table" in lines[0]
    assert lines[2].startswith("in.csv:2, run ")
    assert lines[3] == "1, ann ,1"
    assert lines[6].split(maxsplit=3) == ["1", "strip", "name", "' ann '  'ann'"]
    assert ["name", "'ann'"] in [line.split() for line in lines]
    assert lines[-1].startswith("next: etl-agent show ")
    assert (loaded / "w.db").exists()


def test_json_holds_all_of_it(loaded: Path, capsys: Capture) -> None:
    """A program gets the row, the records and the notes."""
    answer = told(capsys, "t", "1")
    assert (answer["in_table"], answer["rows"][0]["values"]["name"], answer["asked"]) == (True, "ann", "t id=1")
    (record,) = answer["records"]
    assert (record["file"], record["line"], record["outcome"], record["loaded"]) == (
        "in.csv",
        2,
        "loaded",
        {"id": 1, "name": "ann", "n": 1},
    )
    assert record["changes"] == [{"step": "1 strip", "column": "name", "before": " ann ", "after": "ann"}]
    assert answer["next"] == f"etl-agent show {answer['rows'][0]['run_id']}"


def test_a_rejected_row_names_its_entry(loaded: Path, capsys: Capture) -> None:
    """By its key and by its line; the command that shows the entry is named with the target."""
    for words in (["t", "4"], ["in.csv:5"]):
        answer = told(capsys, *words, "--to", "sqlite:///w.db")
        assert answer["in_table"] is False
        assert answer["records"][0]["reasons"] == [{"code": "type-error", "column": "n", "check": "integer"}]
        assert answer["next"] == "etl-agent quarantine list --id 1 --to sqlite:///w.db"


def test_what_a_terminal_would_take_for_a_command_is_spelled_out(loaded: Path, capsys: Capture) -> None:
    """Neither escapes nor markup of cells work."""
    assert "\x1b" not in out_of(capsys, "t", "3")
    assert "':x: [b]'" in out_of(capsys, "t", "2")


def test_a_load_without_a_pipeline_file_is_told_by_the_plan_on_record(loaded: Path, capsys: Capture) -> None:
    """Nothing but the target must be said."""
    assert main(["load", "in.csv", "--to", "sqlite:///other.db", "--table", "u"]) == 0
    capsys.readouterr()
    answer = told(capsys, "u", "id=4", "--to", "sqlite:///other.db")
    assert (answer["in_table"], answer["records"][0]["line"], answer["notes"]) == (True, 5, [])


def test_a_file_of_other_content_is_not_used(loaded: Path, capsys: Capture) -> None:
    """What --file names is read only if it is what the run read."""
    (loaded / "in.csv").rename(loaded / "kept.bin")
    (loaded / "in.csv").write_text(CSV.replace("ann", "eve"))
    assert "name it with --file PATH" in out_of(capsys, "t", "1")
    assert "in.csv:2" in out_of(capsys, "t", "1", "--file", "kept.bin")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["t"], 2, "say which row"),
        (["t", "1", "2"], 2, "2 values are given"),
        (["t", "x"], 66, "'x' is no integer"),
        (["tt", "1"], 66, "there is no table 'tt'; valid: t"),
        (["no.csv:3"], 66, "there is no file no.csv"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(
    loaded: Path, capsys: Capture, words: list[str], code: int, said: str
) -> None:
    """One line and an exit code."""
    assert main(["why", *words]) == code
    assert said in capsys.readouterr().err


def test_a_target_without_runs_gets_a_friendly_answer(loaded: Path, capsys: Capture) -> None:
    """No error, and no file made."""
    assert "next: etl-agent run" in out_of(capsys, "t", "1", "--to", "sqlite:///none.db")
    assert told(capsys, "t", "1", "--to", "sqlite:///none.db") is None
    assert not (loaded / "none.db").exists()


def test_a_table_that_an_undo_dropped_is_told_as_dropped(loaded: Path, capsys: Capture) -> None:
    """By the run that had created it; it is not offered as a table that is there."""
    assert main(["runs", "--json"]) == 0
    run = json.loads(capsys.readouterr().out)[0]["run_id"]
    assert main(["undo", str(run)]) == 0
    assert main(["why", "t", "1"]) == 66
    said = capsys.readouterr().err
    assert f"there is no table 't': it was dropped when run {run}, which had created it, was undone by run" in said
    assert "valid" not in said


def test_what_a_row_held_that_was_taken_out_is_shown(loaded: Path, capsys: Capture) -> None:
    """As a table of its columns, when the file is not there any more."""
    pipeline = loaded / "pipelines" / "p.yaml"
    pipeline.write_text(pipeline.read_text().replace("primary_key: [id]", "primary_key: [id], absent: delete"))
    (loaded / "in.csv").write_text(CSV.replace("1, ann ,1\n", ""))
    assert main(["run", "pipelines/p.yaml"]) == 0
    capsys.readouterr()
    shown = out_of(capsys, "t", "1")
    assert "(absent: delete)" in shown
    assert "held before" in shown and "'ann'" in shown
    assert told(capsys, "t", "1")["records"][0]["held"]["name"] == "ann"
