"""Cleaning of dirty tables, scored."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks import repair
from benchmarks.repair import Outcome
from benchmarks.scoring import Scores
from etl_agent.decide.score import Tally


@pytest.fixture
def data(tmp_path):
    """Two tables of one group; nothing in them can be put right or wrong for certain."""
    for name, wrong in (("a", "Nut"), ("b", "Cog")):
        folder = tmp_path / "data" / "group" / name
        folder.mkdir(parents=True)
        (folder / "dirty.csv").write_text(f"x,y\nBolt,1\n{wrong},2\n")
        (folder / "clean.csv").write_text("x,y\nBolt,1\nCog,2\n")
    return tmp_path / "data"


def run(monkeypatch, *arguments):
    """Run the program and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["repair.py", *map(str, arguments)])
    return repair.main()


def test_tables_are_cleaned_scored_and_pooled(data, tmp_path, monkeypatch, capsys):
    """Each table has a line, each group of tables one for all their cells, and a file keeps the counts."""
    run(monkeypatch, "--data", data, "--direct", "--out", tmp_path / "out.json")
    printed = capsys.readouterr().out
    assert "| group/a | 1 |" in printed
    assert "| group, pooled | 1 |" in printed
    kept = json.loads((tmp_path / "out.json").read_text())
    assert [outcome["scores"]["exact"]["errors"] for outcome in kept["public"]] == [1, 0]


def test_a_mean_that_is_not_lower_is_a_missed_bar(data, monkeypatch, capsys):
    """Doing nothing is not enough."""
    assert run(monkeypatch, "--data", data, "--direct") == 1
    assert "the mean error rate is not lower after (12.5000%) than before (12.5000%)" in capsys.readouterr().out


def test_a_table_that_fails_does_not_hide_the_others(data, monkeypatch, capsys):
    """The program's failure is a missed bar of that table."""
    assert run(monkeypatch, "--data", data, "--etl-agent", "false") == 1
    printed = capsys.readouterr().out
    assert "group/a: failed: exit 1" in printed
    assert "group/b: failed: exit 1" in printed


def test_damage_is_held_against_the_bar():
    """Half a percent of semantic damage is too much, and a fifth of that where a mask leaves the doubtful cells out."""

    def outcome(damaged, *, masked):
        tally = Tally(cells=10000, damaged=damaged)
        return Outcome("table", "", Scores(tally, tally), cpu=0.1, masked=masked).missed

    assert [outcome(49, masked=False), outcome(50, masked=False)] == ["", "semantic damage 0.50%"]
    assert [outcome(9, masked=True), outcome(10, masked=True)] == ["", "semantic damage 0.10%"]


def test_something_to_clean_must_be_named(monkeypatch, capsys):
    """Without a folder there is nothing to do."""
    with pytest.raises(SystemExit):
        run(monkeypatch)
    assert "name --data or --held-out" in capsys.readouterr().err
