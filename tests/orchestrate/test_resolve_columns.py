"""Which columns the files must bring, pulled back from the contract through the steps."""

from __future__ import annotations

import pytest

from etl_agent.clean.columns import Rename
from etl_agent.errors import ConfigurationError
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
