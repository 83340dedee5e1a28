"""The JSON schema of an answer, as endpoints take it in strict mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from etl_agent.errors import EtlAgentError

__all__ = ["strict_schema"]

_KEPT = ("type", "enum", "description", "minimum", "maximum", "minItems", "maxItems")
"""Keywords that go out as they are. Lengths, patterns and exclusive bounds do not: not every endpoint takes them, and
what comes back is validated anyway."""


def strict_schema(answer: type[BaseModel]) -> dict[str, Any]:
    """Make the schema of an answer strict: every field required, no further ones, no defaults, no ``oneOf``.

    | pydantic writes | strict |
    |---|---|
    | a field with a default | required, without it |
    | ``oneOf`` with a discriminator | ``anyOf`` |
    | ``const`` | ``enum`` of one |
    | ``prefixItems`` (a tuple) | ``items``, of that length |
    | ``$ref`` beside other keywords | ``$ref`` alone |

    Args:
        answer: the type of the answer.

    Raises:
        EtlAgentError: the type is no closed vocabulary: it has an open map, or parts of any type.
    """
    schema = answer.model_json_schema()
    named = schema.get("$defs", {})
    root = named[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    made = _strict(root, where=answer.__name__)
    if made.get("type") != "object":
        raise EtlAgentError("an answer is an object with fields", where=answer.__name__)
    if named:
        made["$defs"] = {name: _strict(part, where=name) for name, part in named.items()}
    return made


def _strict(schema: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return _strict(schema["allOf"][0], where=where)
    made = {key: schema[key] for key in _KEPT if key in schema}
    if members := schema.get("anyOf") or schema.get("oneOf"):
        made["anyOf"] = [_strict(member, where=where) for member in members]
    if "const" in schema:
        made["enum"] = [schema["const"]]
    match schema.get("type"):
        case "object":
            made |= _object(schema, where=where)
        case "array":
            made |= _array(schema, where=where)
        case None if "anyOf" not in made and "enum" not in made:
            raise EtlAgentError("an answer has a part of any type", where=where)
    return made


def _object(schema: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    if schema.get("additionalProperties") or schema.get("patternProperties") or "properties" not in schema:
        raise EtlAgentError("an answer has an open map; use a list of pairs", where=where)
    fields = {name: _strict(part, where=f"{where}.{name}") for name, part in schema["properties"].items()}
    return {"properties": fields, "required": list(fields), "additionalProperties": False}


def _array(schema: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    if "prefixItems" not in schema:
        return {"items": _strict(schema.get("items", {}), where=where)}
    kinds = [_strict(part, where=where) for part in schema["prefixItems"]]
    distinct = [kind for place, kind in enumerate(kinds) if kind not in kinds[:place]]
    return {"items": distinct[0] if len(distinct) == 1 else {"anyOf": distinct}}
