"""Proposals to repair and fill by dependencies, and to move what spilled."""

import pyarrow as pa

from etl_agent.clean.dependencies import FillDependencies, RepairDependencies
from etl_agent.clean.spilled import MoveSpilled
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.propose import dependencies, spilled

TOWNS = [("10115", "Berlin"), ("20095", "Hamburg"), ("80331", "München"), ("50667", "Köln"), ("24103", "Kiel")]

Table = dict[str, list[str | None]]


def towns(rows: int = 150) -> Table:
    """Make rows whose postal code settles the town."""
    return {
        "zip": [TOWNS[at % 5][0] for at in range(rows)],
        "town": [TOWNS[at % 5][1] for at in range(rows)],
        "n": [str(at) for at in range(rows)],
    }


def evidence(table: Table, *, keys: frozenset[str] = frozenset()) -> Evidence:
    """Take a table as the whole sample."""
    data = pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in table.items()})
    return Evidence(data, data.num_rows, keys)


def test_clean_table_gets_no_proposal() -> None:
    """Nothing is proposed where nothing is wrong."""
    assert list(dependencies.propose(evidence(towns()))) == []
    assert list(spilled.propose(evidence(towns()))) == []


def test_repair_is_pinned_to_its_column() -> None:
    """The repair of a column comes with its rules and figures, without any cell's text."""
    table = towns()
    table["town"][10], table["town"][11] = "Berln", "Hambrug"
    (proposal,) = dependencies.propose(evidence(table))
    assert isinstance(proposal.step, RepairDependencies)
    assert proposal.step.fitted
    assert proposal.step.columns == ("town",)
    assert proposal.evidence == {"column": "town", "cells": 2, "rules": 1}


def test_nulls_of_a_faultless_column_are_meant() -> None:
    """A column that is never wrong is not filled."""
    table = towns()
    table["town"][10] = None
    assert list(dependencies.propose(evidence(table))) == []


def test_nulls_of_a_faulty_column_are_filled() -> None:
    """A column that is wrong about as often as empty is filled, after its repair."""
    table = towns(600)
    table["town"][10], table["town"][11], table["town"][12] = None, "Hambrug", "Münhcen"
    repair, fill = dependencies.propose(evidence(table))
    assert isinstance(fill.step, FillDependencies)
    assert fill.evidence["cells"] == 1
    assert fill.step.apply(repair.step.apply(evidence(table).sample)).to_pydict() == towns(600)


def test_frequent_nulls_of_a_faulty_column_are_meant() -> None:
    """Where one cell in thirty is empty, that says something, also where as many others are wrong."""
    table = towns(600)
    for at in range(10, 590, 29):
        town = str(table["town"][at + 1])
        table["town"][at], table["town"][at + 1] = None, town[: at % 4] + "x" + town[at % 4 :]
    assert [proposal.step.name for proposal in dependencies.propose(evidence(table))] == ["repair_dependencies"]


def test_lost_single_characters_are_filled() -> None:
    """A slip that takes a character from a value of one character leaves nothing: as often as it adds one."""
    table = towns(600) | {"sheet": ["ABCDE"[at % 5] for at in range(600)]}
    for at in range(10, 590, 29):
        table["sheet"][at], table["sheet"][at + 1] = None, f"{'fghklmnp'[at % 8]}{table['sheet'][at + 1]}"
    *_, fill = dependencies.propose(evidence(table))
    assert isinstance(fill.step, FillDependencies)
    assert fill.evidence == {"column": "sheet", "cells": 20, "rules": 2, "wrong": 20}


def test_keys_are_left_alone() -> None:
    """A column of a declared key is neither repaired nor moved out of."""
    table = towns()
    table["town"][10] = "Berln"
    assert list(dependencies.propose(evidence(table, keys=frozenset({"town"})))) == []


def test_spill_is_proposed_with_both_columns() -> None:
    """A column that spills is proposed together with the one that it spills into."""
    table = towns()
    for at in range(0, 150, 9):
        table["zip"][at], table["town"][at] = f"{table['zip'][at]} {table['town'][at]}", None
    (proposal,) = spilled.propose(evidence(table))
    assert isinstance(proposal.step, MoveSpilled)
    assert proposal.step.columns == ("zip", "town")
    assert proposal.step.apply(evidence(table).sample).to_pydict() == towns()
    assert list(spilled.propose(evidence(table, keys=frozenset({"zip"})))) == []
