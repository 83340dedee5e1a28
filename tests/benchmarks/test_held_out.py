"""Tables with known errors."""

from __future__ import annotations

import csv

import pytest

from benchmarks.held_out import DOMAINS, FINAL, make, tables, write

SMALL = [domain for domain in DOMAINS if domain.rows <= 1500]


@pytest.mark.parametrize("domain", SMALL, ids=lambda domain: domain.name)
def test_the_rows_of_a_domain_fill_its_columns(domain):
    """Every table has the columns of its heading, at least 30 rows, and rows that identify themselves."""
    clean = make(domain, seed=5, rate=0).injected.clean
    assert clean.schema.names == list(domain.header)
    assert clean.num_rows >= 30
    for key in domain.keys:
        assert len(set(clean.column(key).to_pylist())) == clean.num_rows


@pytest.mark.parametrize("domain", SMALL[:6], ids=lambda domain: domain.name)
def test_a_seed_makes_the_same_table_at_every_rate(domain):
    """Only the errors differ from rate to rate, and there are none at rate 0."""
    none, some = (make(domain, seed=5, rate=rate).injected for rate in (0, 0.15))
    assert none.clean.equals(some.clean)
    assert none.errors == 0 < some.errors


def test_the_rate_is_kept():
    """About as many cells are wrong as asked for: errors of two cells and columns of few values move it a little."""
    for domain in SMALL:
        injected = make(domain, seed=5, rate=0.05).injected
        assert 0.01 < injected.errors / (injected.clean.num_rows * injected.clean.num_columns) < 0.11, domain.name


def test_domains_have_names_of_their_own():
    """A folder holds one table."""
    assert len({domain.name for domain in DOMAINS}) == len(DOMAINS)


def test_some_domains_are_for_the_final_figures_only():
    """A low seed does not show them."""
    seen = {table.name for table in tables(seed=FINAL - 1, rates=(0,), only="st")}
    final = {table.name for table in tables(seed=FINAL, rates=(0,), only="st")}
    assert {name.split("-")[0] for name in final} - {name.split("-")[0] for name in seen} == {"stars", "stops"}


def test_files_hold_the_cells(tmp_path):
    """The files read back as the table, with the kind of each error."""
    table = make(next(domain for domain in DOMAINS if domain.name == "tiny"), seed=5, rate=0.15)
    write(table, tmp_path)
    folder = tmp_path / table.name
    with (folder / "dirty.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == table.injected.data.schema.names
    assert rows[1:] == [[cell or "" for cell in row.values()] for row in table.injected.data.to_pylist()]
    assert len((folder / "kinds.csv").read_text().splitlines()) == table.injected.errors + 1
