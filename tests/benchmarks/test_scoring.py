"""Scores of repaired files."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from benchmarks.scoring import Scores, meaning, score_by, score_files
from etl_agent.decide.score import Tally

SCORER = Path(os.environ.get("ETL_AGENT_SHARED", Path(__file__).parents[3] / "shared")) / "tools" / "score_repair.py"
needs_scorer = pytest.mark.skipif(not SCORER.exists(), reason="needs the published scorer in ETL_AGENT_SHARED")

ALIKE = [
    ("", " N/A"),
    ("null", "--"),
    ("Blue  Lake", "blue lake."),
    ("1,200.50", "1200.5"),
    ("$12", "12.0"),
    ("+5", "5"),
    ("1e3", "1000"),
    ("2024-03-05", "3/5/2024"),
    ("2024-03-05 00:00:00", "2024/3/5"),
    ("25/03/2024", "3/25/2024"),
    ("5 Mar 2024", "2024-03-05"),
    ("3:05 p.m.", "15:05"),
    ("12:00 am", "00:00:00"),
    ("TRUE", "true"),
]
DIFFERENT = [
    ("007", "7"),
    ("3/4/2024", "4/3/2024"),
    ("0", ""),
    ("1-2", "1.2"),
    ("7:30 a.m.", "7:30 p.m."),
    ("2024-03-05 10:30", "2024-03-05"),
    ("12 oz", "12"),
    ("café", "cafe"),
    ("5%", "5"),
]


@pytest.fixture
def table(tmp_path):
    """A table with two errors, one of which is of format only, and a masked one."""
    (tmp_path / "dirty.csv").write_text("x,y\nBolt,1.0\nNxt,2\n?,3\n")
    (tmp_path / "clean.csv").write_text("x,y\nBolt,1\nNut,2\nCog,3\n")
    (tmp_path / "mask.csv").write_text("x,y\n0,0\n0,0\n1,0\n")
    (tmp_path / "kinds.csv").write_text("row,column,kind\n1,x,typo\n")
    return tmp_path


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_another_spelling_means_the_same(one, other):
    """Case, blanks, null spellings and the writing of numbers, dates and times do not count."""
    assert meaning(one) == meaning(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_another_value_means_something_else(one, other):
    """What may be a code, an order of day and month or a unit is not guessed."""
    assert meaning(one) != meaning(other)


@needs_scorer
def test_the_published_scorer_agrees_on_what_is_alike():
    """Our reading of the convention is the published one."""
    spec = importlib.util.spec_from_file_location("score_repair", SCORER)
    published = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(published)
    assert [published.canon(one) == published.canon(other) for one, other in ALIKE] == [True] * len(ALIKE)
    assert [published.canon(one) != published.canon(other) for one, other in DIFFERENT] == [True] * len(DIFFERENT)


def test_files_are_scored_exactly_and_by_meaning(table):
    """A number of another format is an error only exactly; masked cells count nowhere."""
    repaired = table / "out.csv"
    repaired.write_text("x,y\nBolts,1.0\nNut,2\n!,3\n")
    typo = {"typo": Tally(cells=1, errors=1, changed=1, right=1)}
    exact = Tally(cells=5, errors=2, changed=2, right=1, damaged=1)
    assert score_files(table, repaired) == Scores(exact, Tally(5, 1, 2, 1, 1), typo)


@needs_scorer
def test_the_published_scorer_counts_the_same(table):
    """Both scorers give the same counts for the same files."""
    repaired = table / "out.csv"
    repaired.write_text("x,y\nBolts,1.0\nNut,2\n!,3\n")
    ours, published = score_files(table, repaired), score_by(SCORER, table, repaired)
    assert (ours.exact, ours.semantic) == (published.exact, published.semantic)


def test_a_file_with_other_rows_is_refused(table):
    """Cells are compared by place: every row must be there."""
    (table / "out.csv").write_text("x,y\nBolt,1\n")
    with pytest.raises(ValueError, match="1 rows of 2 columns instead of 3"):
        score_files(table, table / "out.csv")


def test_a_line_of_one_column_may_be_empty(tmp_path):
    """In a file of one column a null is an empty line."""
    for name, text in {"dirty": 'x\na\n""\n', "clean": 'x\na\n""\n', "out": "x\na\n\n"}.items():
        (tmp_path / f"{name}.csv").write_text(text)
    assert score_files(tmp_path, tmp_path / "out.csv").exact == Tally(cells=2)
