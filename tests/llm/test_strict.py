"""Schemas of answers are as strict mode takes them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import jsonschema
import pytest
from pydantic import BaseModel, Field, RootModel

from etl_agent.errors import EtlAgentError
from etl_agent.frozen import Frozen
from etl_agent.llm.strict import strict_schema


class Keep(Frozen):
    """Keep it."""

    action: Literal["keep"] = "keep"


class Drop(Frozen):
    """Drop it."""

    action: Literal["drop"]
    share: Annotated[float, Field(ge=0, le=1, description="how much")] = 0.5


class Tree(Frozen):
    """A part of parts."""

    name: Annotated[str, Field(max_length=30, pattern="^[a-z]+$")]
    parts: tuple[Tree, ...] = ()


class Draft(Frozen):
    """An answer with every kind of part."""

    tagged: Annotated[Keep | Drop, Field(discriminator="action")]
    plain: Keep | Drop | None = None
    pairs: Annotated[tuple[tuple[str, str], ...], Field(max_length=5)] = ()
    mixed: tuple[str, int] = ("a", 1)
    tree: Tree = Field(default=Tree(name="a"), description="said at the field")
    count: Annotated[int, Field(gt=0, le=10)] = 1
    sure: bool = False


def parts(schema: Any) -> Any:
    """Walk all parts of a schema."""
    if isinstance(schema, dict):
        yield schema
        for key, part in schema.items():
            if key not in {"enum", "required"}:
                yield from parts(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from parts(part)


def test_every_part_is_strict() -> None:
    """No defaults, no oneOf, no open objects, nothing beside a reference; every field is required."""
    schema = strict_schema(Draft)
    for part in parts(schema):
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])
        if "$ref" in part:
            assert set(part) == {"$ref"}
    keywords = set().union(*(part for part in parts(schema) if "type" in part or "anyOf" in part))
    assert not keywords & {"default", "oneOf", "discriminator", "const", "prefixItems", "allOf", "title", "pattern"}


def test_a_strict_schema_is_one() -> None:
    """It is JSON schema, and what it allows is of the type, but for lengths and patterns."""
    schema = strict_schema(Draft)
    jsonschema.Draft202012Validator.check_schema(schema)
    said = {
        "tagged": {"action": "drop", "share": 0.1},
        "plain": None,
        "pairs": [["a", "b"]],
        "mixed": ["a", 1],
        "tree": {"name": "a", "parts": [{"name": "b", "parts": []}]},
        "count": 3,
        "sure": True,
    }
    jsonschema.validate(said, schema)
    Draft.model_validate(said)
    for wrong in ({**said, "more": 1}, {**said, "tagged": {"action": "burn"}}, {**said, "mixed": ["a"]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


class OpenMap(BaseModel):
    """No closed vocabulary."""

    names: dict[str, str]


class Anything(BaseModel):
    """No closed vocabulary either."""

    value: Any


class OpenFields(BaseModel, extra="allow"):
    """Takes further fields."""

    name: str


class Many(RootModel[tuple[str, ...]]):
    """No object."""


@pytest.mark.parametrize("answer", [OpenMap, Anything, OpenFields, Many])
def test_what_is_open_is_no_answer(answer: type[BaseModel]) -> None:
    """A type that lets the model write what it likes is a mistake of ours."""
    with pytest.raises(EtlAgentError, match="answer"):
        strict_schema(answer)


def test_a_type_that_holds_itself() -> None:
    """A recursive type is an object at the root, with references to itself."""
    schema = strict_schema(Tree)
    assert schema["type"] == "object"
    assert schema["properties"]["parts"]["items"] == {"$ref": "#/$defs/Tree"}
