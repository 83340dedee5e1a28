"""Which columns the files must bring, pulled back from the contract through the steps."""

from __future__ import annotations

import pytest

from etl_agent.clean.columns import Rename
from etl_agent.clean.derive import Derive
from etl_agent.clean.parts import Combine
from etl_agent.clean.text import Strip
from etl_agent.errors import ConfigurationError
from etl_agent.orchestrate.plan import PlannedStep, ancestry, kindred, origins
from etl_agent.orchestrate.resolve import resolve


def test_a_contract_column_may_be_made_by_renaming() -> None:
    """The files bring the old name; the contract's name is asked of no file."""
    plan = resolve(
        "p",
        [Rename(columns={"Alter": "age"})],
        brought=("Alter", "name"),
        contract={"age": True, "name": True},
        digest="",
    )
    assert plan.names == ("age", "name")
    assert plan.wanted == ("name", "Alter")


def test_the_old_name_is_wanted_where_no_file_brings_it() -> None:
    """What is missing is the column that the files ought to have, not the one that the step makes of it."""
    plan = resolve("p", [Rename(columns={"Alter": "age"})], brought=(), contract={"age": True}, digest="")
    assert plan.wanted == ("Alter",)


def test_renaming_to_a_column_that_the_files_bring_is_refused() -> None:
    """Two columns of one name would lose one of them."""
    with pytest.raises(ConfigurationError, match="two columns"):
        resolve("p", [Rename(columns={"Alter": "age"})], brought=("Alter", "age"), contract={"age": True}, digest="")


def test_the_ancestry_of_a_column_is_followed_through_the_steps() -> None:
    """Renamed, combined and derived columns lead back to those of the files; a column that is only cleaned does not."""
    steps = [
        Strip(columns="all"),
        Combine(columns=("first", "last"), into="full"),
        Rename(columns={"full": "name"}),
        Derive(into="code", expression="upper(country)"),
    ]
    planned = [PlannedStep(f"{number} {step.name}", step) for number, step in enumerate(steps, start=1)]
    brought = ("first", "last", "country", "city")
    assert ancestry(planned, brought, columns={"name"}) == {"name", "full", "first", "last"}
    assert ancestry(planned, brought, columns={"code"}) == {"code", "country"}
    assert ancestry(planned, brought, columns={"city"}) == {"city"}


def test_kindred_columns_are_those_that_cells_go_between() -> None:
    """In both directions and over several steps in any order; columns that a step only stands beside are strangers."""
    steps = (
        Combine(columns=("first", "last"), into="name"),
        Rename(columns={"NAME": "first"}),
        Derive(into="initial", expression="upper(name)"),
        Strip(columns=("NAME", "town")),
    )
    names = ("NAME", "last", "town", "id")
    assert kindred(steps, names, columns={"name"}) == {"NAME", "first", "last", "name", "initial"}
    assert kindred(steps, names, columns={"town"}) == {"town"}
    assert kindred(steps, names, columns=()) == frozenset()


def test_the_origins_of_a_column_are_those_of_its_cells_alone() -> None:
    """Columns that are renamed or cleaned in one step stay apart; what is made of several comes from all of them."""
    steps = (
        Strip(columns="all"),
        Rename(columns={"NAME": "first", "Town": "town"}),
        Combine(columns=("first", "last"), into="name"),
        Derive(into="id", expression="upper(name)"),
    )
    known = origins(steps, ("NAME", "last", "Town", "id"))
    assert known["town"] == {"Town"}
    assert known["name"] == {"NAME", "last"}
    assert known["id"] >= {"NAME", "last"}
    assert "Town" not in known["id"]
