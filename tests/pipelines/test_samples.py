"""The sample pipelines run end to end, and every row of the sample files is where it should be."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl_agent.orchestrate.file import read_pipelines
from etl_agent.run.result import RunResult
from etl_agent.run.runner import run_pipeline

ROOT = Path(__file__).parents[2]


def copied(folder: Path) -> Path:
    """Copy what the pipelines need."""
    for name in ("pipelines", "sample_data"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def run_all(project: Path) -> dict[str, RunResult]:
    """Run every pipeline in the order of their needs."""
    specs = read_pipelines(sorted((project / "pipelines").glob("*.yaml")))
    return {spec.name: run_pipeline(spec, project=project) for spec in specs}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """An SQLite file with all sample data."""
    folder = copied(tmp_path_factory.mktemp("shop"))
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("DATABASE_URL", raising=False)
        run_all(folder)
    with contextlib.closing(sqlite3.connect(folder / "warehouse.db")) as connection:
        yield connection


def counts(result: RunResult) -> tuple[int, int, int, int]:
    """Give the rows read, loaded, quarantined and deduplicated."""
    balance = result.balance
    return balance.read, balance.loaded, balance.quarantined, balance.rows_deduplicated


def test_every_row_has_its_place(tmp_path: Path, target_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pipeline loads with the balance that its file was made for; a second run loads nothing."""
    project = copied(tmp_path)
    monkeypatch.setenv("DATABASE_URL", target_url)
    results = run_all(project)
    assert {name: (result.status, counts(result)) for name, result in results.items()} == {
        "customers": ("loaded", (208, 196, 5, 7)),
        "orders": ("loaded", (362, 352, 8, 2)),
        "parcels": ("loaded", (240, 237, 3, 0)),
        "sensors": ("loaded", (387, 379, 5, 3)),
        "survey": ("loaded", (150, 145, 5, 0)),
    }
    assert {result.status for result in run_all(project).values()} == {"nothing new"}


def test_what_a_guess_would_have_changed_is_kept(loaded: sqlite3.Connection) -> None:
    """Leading zeros, Namibia, and a line break in an address."""
    query = "SELECT customer_id, country, address, postal_code FROM customers WHERE customer_id IN ('000005', '000018')"
    assert loaded.execute(query + " ORDER BY 1").fetchall() == [
        ("000005", "NA", "Station Road 88", "10005"),
        ("000018", "DE", "Mill Lane 4\nBack door", "50667"),
    ]
    assert loaded.execute("SELECT count(*) FROM customers WHERE country = 'NA'").fetchone() == (32,)


def test_columns_are_matched_by_name_and_new_ones_are_null_before(loaded: sqlite3.Connection) -> None:
    """The second day's order of columns is another one, and only it has a channel."""
    query = (
        "SELECT count(*), count(channel), sum(customer_id GLOB '[0-9][0-9][0-9][0-9][0-9][0-9]') FROM orders "
        "GROUP BY business_day ORDER BY business_day"
    )
    assert loaded.execute(query).fetchall() == [(174, 0, 174), (178, 178, 178)]


def test_an_order_that_comes_again_is_taken_from_the_later_file(loaded: sqlite3.Connection) -> None:
    """Order 34 of the first day was paid on the second."""
    query = "SELECT payment, channel FROM orders WHERE order_id = 'O-261101-0034'"
    assert loaded.execute(query).fetchall() == [("card", "app")]


def test_units_are_one_in_the_table(loaded: sqlite3.Connection) -> None:
    """Fahrenheit and millivolts have become Celsius and volts."""
    query = "SELECT min(temperature), max(temperature), min(battery) FROM readings"
    assert loaded.execute(query).fetchone() == (6.0, 23.0, 3.662)


def test_a_german_export_arrives_in_canonical_form(loaded: sqlite3.Connection) -> None:
    """Decimal commas, day-first dates, latin-1 and spellings of a town."""
    query = "SELECT answered_on, branch, age, height_cm, spent_eur FROM survey_answers WHERE answer = 1"
    assert loaded.execute(query).fetchone() == ("2026-10-04", "Saarbrücken", 35, 182.9, 3373.9)


def test_towns_are_those_of_their_postal_code(loaded: sqlite3.Connection) -> None:
    """Slips are put right; a town that is written in full stays, though its code is that of another."""
    query = "SELECT town, postal_code FROM parcels GROUP BY town, postal_code HAVING count(*) < 5"
    assert loaded.execute(query).fetchall() == [("Leipzig", "28195")]
    assert loaded.execute("SELECT count(DISTINCT town), count(DISTINCT status) FROM parcels").fetchone() == (5, 3)


def chosen(result: RunResult) -> dict[str, str]:
    """Give what was chosen at each node."""
    return {decision.node: decision.chosen for decision in result.decisions}


def test_another_carrier_is_read_in_its_own_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pipeline takes other strategies, and the other arm, for a report with the month first and in grams."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    project = copied(tmp_path)
    (spec,) = read_pipelines([project / "pipelines" / "parcels.yaml"])
    assert chosen(run_pipeline(spec, project=project)) == {
        "dates": "eu_dates",
        "money": "eu_money",
        "slips": "auto",
        "clean[3]": "otherwise",
    }
    rows = [f'P-9000{day},11/{day}/2026,10001,New York,{day}05,"$1,0{day}.50",delivered' for day in range(10, 30)]
    text = "\n".join(["parcel,posted_on,postal_code,town,weight_g,cost,status", *rows, ""])
    (project / "sample_data" / "parcels_2026-11-29.csv").write_text(text)
    result = run_pipeline(spec, project=project)
    assert chosen(result) == {"dates": "us_dates", "money": "us_money", "slips": "auto", "clean[3]": "then"}
    with contextlib.closing(sqlite3.connect(project / "warehouse.db")) as connection:
        query = "SELECT posted_on, weight, cost FROM parcels WHERE parcel = 'P-900028'"
        assert connection.execute(query).fetchall() == [("2026-11-28", 2.805, 1028.5)]
