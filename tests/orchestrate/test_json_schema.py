"""The JSON Schemas say of a file what reading it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from etl_agent.clean.examples import examples
from etl_agent.clean.union import STEPS
from etl_agent.orchestrate.json_schema import json_schema, strategy_schema
from etl_agent.orchestrate.located import meaning
from etl_agent.orchestrate.yaml_text import read_yaml

ROOT = Path(__file__).parents[2]
FILES = [*sorted((ROOT / "pipelines").glob("*.yaml")), Path(__file__).parent / "rich.yaml"]
STRATEGIES = sorted((ROOT / "etl_agent" / "decide" / "strategies").glob("*.yaml"))
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


@pytest.fixture(scope="module")
def of_strategies() -> Draft202012Validator:
    """The schema of strategy files."""
    Draft202012Validator.check_schema(strategy_schema())
    return Draft202012Validator(strategy_schema())


@pytest.mark.parametrize("path", STRATEGIES, ids=lambda path: path.name)
def test_shipped_strategies_fit_the_schema(path: Path, of_strategies: Draft202012Validator) -> None:
    """An editor marks nothing in a strategy that is right."""
    assert [error.message for error in of_strategies.iter_errors(yaml.safe_load(path.read_text()))] == []


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Two Words"},
        {"suit": []},
        {"suits": {"kind": "monney"}},
        {"clean": [{"step": "strip", "columns": {"knd": "text"}}]},
        {"clean": [{"step": "rename", "columns": {"a": "b"}}]},
        {"examples": [{"before": {"x": ["a"]}}]},
    ],
)
def test_mistakes_do_not_fit_the_schema_of_strategies(
    change: dict[str, Any], of_strategies: Draft202012Validator
) -> None:
    """An editor marks wrong keys and kinds, and steps that a strategy cannot have."""
    least = {"name": "a", "description": "b"}
    assert of_strategies.is_valid(least)
    assert not of_strategies.is_valid({**least, **change})


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
