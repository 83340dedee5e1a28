"""Cleaning by a strategy, locks and comparisons from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from etl_agent.cli.entry import main

Capture = pytest.CaptureFixture[str]

PIPELINE = """\
version: 1
name: sales
extract: {files: data/sales.csv}
clean:
  - {route: amounts, columns: [amount], among: [us_money, eu_money], otherwise: leave}
load: {to: "sqlite:///w.db", table: sales, write_disposition: replace}
"""


def amounts(form: str) -> str:
    """Write forty amounts."""
    return "id,amount\n" + "".join(f"{n},{form.format(n)}\n" for n in range(200, 240))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project with a pipeline that has a route."""
    for folder in ("pipelines", "data"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pipelines" / "sales.yaml").write_text(PIPELINE)
    (tmp_path / "data" / "sales.csv").write_text(amounts('"$1,{}.50"'))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_lock_writes_checks_and_shows_what_would_change(project: Path, capsys: Capture) -> None:
    """A lock is written once, is up to date afterwards, and a review sees what other data would change."""
    assert main(["lock", "pipelines/sales.yaml", "--check"]) == 1
    assert not (project / "pipelines" / "sales.lock.json").exists()
    assert main(["lock", "pipelines/sales.yaml"]) == 0
    assert json.loads((project / "pipelines" / "sales.lock.json").read_text())["pipeline"] == "sales"
    assert main(["lock", "pipelines/sales.yaml", "--check"]) == 0
    (project / "data" / "sales.csv").write_text(amounts('"1.{},50 €"'))
    capsys.readouterr()
    assert main(["lock", "pipelines/sales.yaml", "--diff"]) == 0
    out = capsys.readouterr().out
    assert "-route amounts: us_money (by rule)" in out
    assert "+route amounts: eu_money (by rule)" in out


def test_run_locked_needs_a_lock_that_fits(project: Path, capsys: Capture) -> None:
    """No lock and a stale one are both exit code 78, with the command that makes one."""
    assert main(["run", "--locked", "pipelines/sales.yaml"]) == 78
    assert "next: etl-agent lock pipelines/sales.yaml" in capsys.readouterr().err
    assert main(["lock", "pipelines/sales.yaml", "--quiet"]) == 0
    assert main(["run", "--locked", "pipelines/sales.yaml", "--quiet"]) == 0
    file = project / "pipelines" / "sales.yaml"
    file.write_text(file.read_text().replace("otherwise: leave", "otherwise: us_money"))
    assert main(["run", "--locked", "pipelines/sales.yaml"]) == 78
    assert "stale" in capsys.readouterr().err


def test_drift_ends_with_65(project: Path, capsys: Capture) -> None:
    """Data that no longer look as they did are refused, and the message says how to accept them."""
    assert main(["lock", "pipelines/sales.yaml", "--quiet"]) == 0
    (project / "data" / "sales.csv").write_text(amounts('"1.{},50 €"'))
    assert main(["run", "--locked", "pipelines/sales.yaml"]) == 65
    assert "etl-agent lock pipelines/sales.yaml --diff" in capsys.readouterr().err


def test_explain_shows_what_routes_become(project: Path, capsys: Capture) -> None:
    """The same decisions that a run would make, without touching the target."""
    assert main(["explain", "pipelines/sales.yaml"]) == 0
    out = capsys.readouterr().out
    assert "amounts: us_money, by rule" in out
    assert "survey: sample the rows for branches and routes" in out
    assert not (project / "w.db").exists()


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_explain_shows_no_cells_of_a_sensitive_column(project: Path, capsys: Capture, flags: list[str]) -> None:
    """What a step learned of a sensitive column may be its cells, so stars stand for it; other columns' is shown."""
    step = "{{step: cluster_values, columns: [{0}], learned: [{{column: {0}, usual: {{{1}: Ann}}}}]}}"
    contract = "{name: {type: text, sensitive: true}, town: {type: text}}"
    steps = f"[{step.format('name', 'ANNA')}, {step.format('town', 'ULM')}]"
    head, _, load = PIPELINE.partition("clean:\n")
    text = f"{head}validate: {{contract: {contract}}}\nclean: {steps}\n{load[load.index('load:') :]}"
    (project / "pipelines" / "sales.yaml").write_text(text)
    (project / "data" / "sales.csv").write_text("name,town\nANNA,ULM\n")
    assert main(["explain", "pipelines/sales.yaml", *flags]) == 0
    out = capsys.readouterr().out
    assert "ANNA" not in out
    assert "***" in out
    assert "ULM" in out


def test_clean_by_strategy_writes_the_same_rows(project: Path, capsys: Capture) -> None:
    """Every row stays in its place, and what was done is said."""
    rows = [" Rome", "Rome", "Oslo "] * 40
    (project / "in.csv").write_text("id,city\n" + "".join(f"{n},{city}\n" for n, city in enumerate(rows)))
    assert main(["clean", "in.csv", "-o", "out.csv", "--strategy", "text_hygiene"]) == 0
    cleaned = (project / "out.csv").read_text().splitlines()
    assert cleaned[1:] == [f"{n},{city.strip()}" for n, city in enumerate(rows)]
    assert "strategy: text_hygiene" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["clean", "--strategy", "auto"], ["extract"]])
def test_a_copy_takes_no_input_s_place(project: Path, capsys: Capture, command: list[str]) -> None:
    """A file is not written over itself, also not by another name: its rows would be lost."""
    data = project / "data" / "sales.csv"
    before = data.read_bytes()
    (project / "link.csv").symlink_to(data)
    for output in ("data/sales.csv", "link.csv"):
        assert main([*command, "data/sales.csv", "-o", output]) == 2
        assert "the output is one of the files that are read" in capsys.readouterr().err
    assert data.read_bytes() == before


def test_clean_wants_exactly_one_way(project: Path, capsys: Capture) -> None:
    """Neither none nor two: the choices are named."""
    assert main(["clean", "data/sales.csv", "-o", "out.csv"]) == 2
    assert "--strategy auto" in capsys.readouterr().err
    assert main(["clean", "data/sales.csv", "-o", "out.csv", "--strategy", "auto", "--steps", "x.yaml"]) == 2


def test_an_unknown_strategy_has_near_names(project: Path, capsys: Capture) -> None:
    """A slip is an error that names what was meant."""
    assert main(["clean", "data/sales.csv", "-o", "out.csv", "--strategy", "text_hygeine"]) == 78
    assert "did you mean 'text_hygiene'" in capsys.readouterr().err
    assert not (project / "out.csv").exists()


def test_check_finds_an_unknown_strategy(project: Path, capsys: Capture) -> None:
    """It is found without data and without a target."""
    file = project / "pipelines" / "sales.yaml"
    file.write_text(file.read_text().replace("us_money, eu", "us_mony, eu"))
    assert main(["check", "pipelines/sales.yaml"]) == 1
    assert "did you mean 'us_money'" in capsys.readouterr().err


def test_compare_ends_with_a_recommendation(project: Path, capsys: Capture) -> None:
    """One table of the ways, and the cheapest that is good enough; with --json the same as data."""
    assert main(["compare", "pipelines/sales.yaml"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()[2:7]] == ["nothing", "fixed", "rules", "trial", "auto"]
    assert out.splitlines()[-1].startswith("recommended: ")
    assert main(["compare", "data/sales.csv", "--inject-errors", "0.1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ways"][0]["injected"]["errors"] > 0
    assert told["recommended"] in {way["pattern"] for way in told["ways"]}


def test_flags_for_outliers_are_suggested_and_not_added(project: Path, capsys: Capture) -> None:
    """A number far beyond all others is told with the step that would flag it; the columns stay as they are."""
    numbers = [*(f"{n % 40 + 80}.5" for n in range(400)), "9999.5"]
    (project / "in.csv").write_text("id,load\n" + "".join(f"{n},{load}\n" for n, load in enumerate(numbers)))
    assert main(["clean", "in.csv", "-o", "out.csv", "--strategy", "auto"]) == 0
    assert "suggested: flag_outliers on load" in capsys.readouterr().out
    assert (project / "out.csv").read_text().splitlines()[0] == "id,load"
    assert main(["clean", "in.csv", "-o", "out.csv", "--strategy", "auto", "--json"]) == 0
    (suggested,) = json.loads(capsys.readouterr().out)["suggested"]
    assert suggested["step"]["step"] == "flag_outliers"
