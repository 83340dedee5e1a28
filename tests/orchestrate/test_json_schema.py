"""The JSON Schema says of a file what reading it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from etl_agent.clean.examples import examples
from etl_agent.clean.union import STEPS
from etl_agent.orchestrate.json_schema import json_schema
from etl_agent.orchestrate.located import meaning
from etl_agent.orchestrate.yaml_text import read_yaml

ROOT = Path(__file__).parents[2]
FILES = [*sorted((ROOT / "pipelines").glob("*.yaml")), Path(__file__).parent / "rich.yaml"]
LEAST: dict[str, Any] = {
    "version": 1,
    "name": "a",
    "extract": {"files": "a.csv"},
    "load": {"to": "sqlite:///x.db", "table": "t"},
}


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    """The schema, which is one itself."""
    Draft202012Validator.check_schema(json_schema())
    return Draft202012Validator(json_schema())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_that_can_be_read_fit_the_schema(path: Path, schema: Draft202012Validator) -> None:
    """An editor marks nothing in a file that is right."""
    value, _ = read_yaml(path.read_text())
    assert value is not None
    assert [error.message for error in schema.iter_errors(meaning(value))] == []


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_the_examples_of_every_step_fit_the_schema(step: Any, schema: Draft202012Validator) -> None:
    """What a step's own table shows can be written in a file."""
    for example in examples(step):
        node = {"step": step.model_fields["step"].default, **example.parameters}
        assert [error.message for error in schema.iter_errors({**LEAST, "clean": [node]})] == []


@pytest.mark.parametrize("names", ["a", ["a"], ["a", "b"], 2024])
def test_one_name_may_stand_for_a_list(names: Any, schema: Draft202012Validator) -> None:
    """An editor takes a name, or a list of names, wherever a file may have either."""
    load = {**LEAST["load"], "primary_key": names}
    node = {"step": "strip", "columns": names}
    assert schema.is_valid({**LEAST, "needs": names, "extract": {"files": names}, "load": load, "clean": [node]})


@pytest.mark.parametrize(
    "change",
    [
        {"extract": {"files": []}},
        {"clean": [{"step": "strip", "columns": []}]},
        {"nme": "a"},
        {"version": 2},
        {"clean": [{"step": "stirp"}]},
        {"clean": [{"step": "strip", "colums": "all"}]},
        {"validate": {"contract": {"a": {"typ": "text"}}}},
        {"load": {"to": "sqlite:///x.db"}},
    ],
)
def test_mistakes_do_not_fit_the_schema(change: dict[str, Any], schema: Draft202012Validator) -> None:
    """An editor marks wrong keys, missing keys and wrong names."""
    assert not schema.is_valid({**LEAST, **change})
