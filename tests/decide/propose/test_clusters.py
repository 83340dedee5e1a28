"""Proposals to bring rare spellings to the usual ones."""

import re

import pyarrow as pa
import pytest

from etl_agent.decide.evidence import Evidence
from etl_agent.decide.propose.clusters import propose


def evidence(cells: list[str | None], *, keys: frozenset[str] = frozenset()) -> Evidence:
    data = pa.RecordBatch.from_pydict({"state": pa.array(cells, pa.string())})
    return Evidence(data, data.num_rows, keys)


def test_a_column_with_rare_spellings_gets_a_step() -> None:
    """The step is pinned by what was seen, and the figures count what it changes."""
    (found,) = propose(evidence(["In Progress"] * 30 + ["Done"] * 30 + ["in progress", "DONE", "DONE"]))
    assert found.step.writes(("state",)) == ("state",)
    assert found.evidence == {"spellings": 2, "values": 2, "cells": 3}


def test_nothing_is_proposed_without_need() -> None:
    """Columns without rare spellings, and keys, get no step."""
    assert not list(propose(evidence(["In Progress"] * 30 + ["Done"] * 30)))
    assert not list(propose(evidence(["In Progress"] * 30 + ["in progress"], keys=frozenset({"state"}))))


NAMES = ["Ann Lee", "Tom May", "Eva Maria Fox", "Jan Bell", "Ida Hill"] * 20


def struck(cells: list[str], old: str, new: str) -> list[str | None]:
    return [re.sub(old, new, cell) if place % 13 == 0 else cell for place, cell in enumerate(cells)]


def mapped(cells: list[str | None]) -> list[str | None]:
    found = evidence(cells)
    for proposal in propose(found):
        found = found.after(proposal.step)
    return found.sample.column("state").to_pylist()


@pytest.mark.parametrize(
    ("cells", "old", "new"),
    [
        (NAMES, r"(.*) (\w+)", r"\2, \1"),
        (["4.90", "6.99", "9.50"] * 40, r"\.", ","),
        (["20 mL", "5 kg", "12 EA", "20 EA"] * 30, " ", ""),
        (["20 mL", "5 kg", "12 EA", "20 EA"] * 30, r" (.*)", r"\1."),
    ],
)
def test_values_in_another_way_of_writing_come_back(cells: list[str], old: str, new: str) -> None:
    """Names in another order, decimal commas and lost blanks go where several values are struck alike."""
    assert mapped(struck(cells, old, new)) == cells


def test_what_only_one_value_has_stays() -> None:
    """A single value in two ways of writing may be two values."""
    cells = [*NAMES, "Lee, Ann", "Lee, Ann", "Lee, Ann"]
    assert mapped(cells) == cells


def test_two_ways_in_common_use_stay() -> None:
    """Where one value in three is written in the other order, nobody can say which order is right."""
    cells = [re.sub(r"(.*) (\w+)", r"\2, \1", name) if place % 3 == 0 else name for place, name in enumerate(NAMES)]
    assert mapped(cells) == cells


def test_unknown_names_stay() -> None:
    """A name that never stands in the usual order is left in the one that it has."""
    cells = [*struck(NAMES, r"(.*) (\w+)", r"\2, \1"), "Ajax, Fox"]
    assert mapped(cells)[-1] == "Ajax, Fox"
