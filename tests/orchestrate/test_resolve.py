"""A plan says which columns the files must bring, and how often the data must be read."""

import pytest
from pydantic import TypeAdapter

from etl_agent.clean.union import AnyStep
from etl_agent.errors import ConfigurationError
from etl_agent.orchestrate.resolve import plan_digest, resolve

STEP = TypeAdapter(AnyStep)


def steps(*specs: dict) -> list:
    return [STEP.validate_python(spec) for spec in specs]


def plan(*specs: dict, brought: tuple[str, ...], contract: dict[str, bool] | None = None, infer: bool = False):
    return resolve("p", steps(*specs), brought=brought, contract=contract or {}, digest="d", infer=infer)


def test_the_contract_is_pulled_back_through_a_rename():
    """The file must bring the old name of a column that the contract knows by its new one."""
    found = plan(
        {"step": "rename", "columns": {"mail": "email"}}, brought=("id", "mail"), contract={"id": True, "email": True}
    )
    assert set(found.wanted) == {"id", "mail"}
    assert found.unknown == ()


def test_a_derived_column_is_not_asked_of_the_files():
    """A step that makes a column of the contract frees the files from bringing it."""
    found = plan(
        {"step": "is_email", "column": "email", "into": "ok"}, brought=("email",), contract={"email": True, "ok": True}
    )
    assert found.wanted == ("email",)
    assert found.names == ("email", "ok")


def test_an_optional_column_that_no_file_brings_enters_as_nulls():
    """It is absent, not missing, and steps may read it."""
    found = plan({"step": "strip", "columns": ["b"]}, brought=("a",), contract={"a": True, "b": False})
    assert (found.absent, found.wanted) == (("b",), ("a",))
    assert found.door == ("a", "b")


def test_a_column_that_a_step_reads_is_wanted_though_the_contract_does_not_know_it():
    """What a step names must be there, and is not unknown."""
    found = plan(
        {"step": "combine", "columns": ["first", "last"], "into": "name"},
        brought=("first",),
        contract={"name": True},
    )
    assert set(found.wanted) == {"first", "last"}


def test_a_column_that_nothing_asks_for_is_unknown_unless_a_step_takes_it_out():
    """Dropping a column by name says that it is expected."""
    brought = ("a", "extra")
    assert plan(brought=brought, contract={"a": True}).unknown == ("extra",)
    assert plan({"step": "drop", "columns": ["extra"]}, brought=brought, contract={"a": True}).unknown == ()
    assert plan({"step": "select", "columns": ["a"]}, brought=brought, contract={"a": True}).unknown == ()


def test_without_a_contract_every_column_is_welcome():
    """Nothing is unknown where nothing was promised."""
    assert plan(brought=("a", "b")).unknown == ()


def test_declared_formats_need_one_pass():
    """A pipeline that leaves nothing open reads its files once."""
    found = plan({"step": "dates", "columns": ["d"], "formats": ["%d.%m.%Y"]}, brought=("d",))
    assert found.passes == ("flow: clean, validate and load",)


def test_open_formats_of_several_columns_share_a_pass():
    """Steps that do not depend on each other are fitted together."""
    found = plan({"step": "dates", "columns": ["d"]}, {"step": "numbers", "columns": ["n"]}, brought=("d", "n"))
    assert found.passes == ("survey: fit 1 dates, 2 numbers", "flow: clean, validate and load")


def test_a_step_that_learns_from_another_ones_output_needs_a_pass_of_its_own():
    """The median of a column is known only after its number format is."""
    found = plan({"step": "numbers", "columns": ["n"]}, {"step": "fill_median", "columns": ["n"]}, brought=("n",))
    assert found.passes[:2] == ("survey: fit 1 numbers", "survey: fit 2 fill_median")


def test_two_columns_of_one_name_are_refused_by_name():
    """A rename onto a column that is there is a mistake of the plan."""
    with pytest.raises(ConfigurationError, match="two columns 'b'"):
        plan({"step": "rename", "columns": {"a": "b"}}, brought=("a", "b"))


def test_the_digest_depends_on_parameters_and_versions_alone():
    """The same plan has the same digest in every process; another parameter has another."""
    one, other = steps({"step": "strip"}), steps({"step": "strip", "columns": ["a"]})
    assert plan_digest(one, {}) == plan_digest(steps({"step": "strip"}), {})
    assert plan_digest(one, {}) != plan_digest(other, {})
    assert plan_digest(one, {}) != plan_digest(one, {"load": {"table": "t"}})
