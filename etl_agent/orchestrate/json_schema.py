"""The JSON Schemas of pipeline and strategy files, for editors that complete and check while one types."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from etl_agent.decide.strategy import Strategy
from etl_agent.orchestrate.attributes import attribute_docstrings
from etl_agent.orchestrate.sequential import PipelineSpec

__all__ = ["json_schema", "strategy_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _ForYaml(GenerateJsonSchema):
    """Allow what a pipeline file allows: text may be written as a number or a truth value without quotes.

    What a key means stands in the docstring under its field.
    """

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        model = schema["cls"]
        for name, text in attribute_docstrings(model).items():
            made["properties"][model.model_fields[name].alias or name].setdefault("description", text)
        return made

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        made = super().str_schema(schema)
        if set(made) <= {"type", "minLength"}:
            made["type"] = ["string", "number", "boolean"]
        return made

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        """Allow one item for a list: that is what a function before a list is for in our specs."""
        made = super().function_before_schema(schema)
        members = made.get("anyOf", [made])
        items = [each["items"] for each in members if each.get("type") == "array" and "items" in each]
        return {"anyOf": [*members, *items]} if items else made

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        made = super().dict_schema(schema)
        made.pop("propertyNames", None)  # every key of a file is text
        return made


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a pipeline file."""
    return _schema(PipelineSpec, title="etl-agent pipeline")


def strategy_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a strategy file."""
    return _schema(Strategy, title="etl-agent strategy")


def _schema(model: type[BaseModel], *, title: str) -> dict[str, Any]:
    made = model.model_json_schema(by_alias=True, mode="validation", schema_generator=_ForYaml)
    return {"$schema": _DIALECT, **made, "title": title}
