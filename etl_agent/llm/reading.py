"""From the text of a reply to an answer of the type, or to what is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

__all__ = ["Wrong", "read_answer"]

Answer = TypeVar("Answer", bound=BaseModel)

_MOST_TEXT = 262_144  # characters of a reply that are looked at; an answer from closed choices is far shorter
_MOST_TRIES = 64  # places of a reply where an object may begin
_MOST_SAID = 8  # mistakes that are told
_THOUGHTS = re.compile(r"\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)


class Wrong(Generic[Answer]):
    """Say what is wrong with a reply, without its text.

    Args:
        said: which fields are wrong, and what they may be.
        brief: which fields are wrong.
    """

    def __init__(self, said: str, *, brief: str) -> None:
        self.said = said
        self.brief = brief


def read_answer(text: str, *, answer: type[Answer]) -> Answer | Wrong[Answer]:
    """Find the answer in a reply: the JSON object that it is, or the only one of the type that stands in it.

    Free text beyond its length is cut and numbers beyond their bounds are put at the bound, since not every endpoint
    keeps to them; a choice is never guessed at.

    Args:
        text: what the model said; the object may be fenced, or have prose around it.
        answer: the type of the answer.
    """
    schema = answer.model_json_schema()
    named = schema.get("$defs", {})
    found: list[Answer] = []
    wrong: Wrong[Answer] = Wrong("it holds no JSON object", brief="no JSON object")
    for said in _objects(text[:_MOST_TEXT]):
        try:
            value = answer.model_validate_json(json.dumps(_fitted(said, schema, named)))
        except ValidationError as error:
            wrong = _told(error, schema, named)
        except (ValueError, RecursionError):
            wrong = Wrong("it holds values that JSON does not have", brief="broken values")
        else:
            found += [value] if value not in found else []
    if len(found) == 1:
        return found[0]
    return Wrong("it holds several different answers", brief="several answers") if found else wrong


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Give the objects of a text that stand in no other one."""
    text = _THOUGHTS.sub("", text, count=1).strip()
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    at = text.find("{")
    for _ in range(_MOST_TRIES):
        if at < 0:
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find("{", end)


def _no_constant(_: str) -> None:
    raise ValueError("JSON has neither NaN nor Infinity")


def _fitted(value: Any, schema: Mapping[str, Any], named: Mapping[str, Any]) -> Any:
    """Put lengths of free text and numbers within the bounds of the schema; everything else stays."""
    schema = _followed(schema, named)
    if members := schema.get("anyOf") or schema.get("oneOf"):
        fitting = [member for member in members if _fits(value, _followed(member, named))]
        return _fitted(value, fitting[0], named) if len(fitting) == 1 else value
    match value:
        case dict():
            fields = schema.get("properties", {})
            return {key: _fitted(part, fields.get(key, {}), named) for key, part in value.items()}
        case list():
            kinds = [*schema.get("prefixItems", []), *[schema.get("items", {})] * len(value)]
            return [_fitted(part, kinds[place] or {}, named) for place, part in enumerate(value)]
        case str():
            free = schema.get("type") == "string" and not {"enum", "const", "pattern", "format"} & schema.keys()
            return value[: schema["maxLength"]] if free and "maxLength" in schema else value
        case bool():
            return value
        case int() | float() if "enum" not in schema and "const" not in schema:
            low, high = schema.get("minimum", value), schema.get("maximum", value)
            return low if value < low else high if value > high else value
    return value


def _followed(schema: Mapping[str, Any], named: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = named[schema["$ref"].rpartition("/")[2]]
    return schema


_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value is of the kind of a union's member: of its type, and with its tags."""
    if "const" in schema or "enum" in schema:
        return value in schema.get("enum", [schema.get("const")])
    if not isinstance(value, _TYPES.get(schema.get("type", ""), (object,))):
        return False
    if not isinstance(value, dict):
        return True
    tags = {name: part["const"] for name, part in schema.get("properties", {}).items() if "const" in part}
    return all(value.get(name) == tag for name, tag in tags.items())


def _told(error: ValidationError, schema: Mapping[str, Any], named: Mapping[str, Any]) -> Wrong[Any]:
    """Tell mistakes by field and kind; names of fields are ours, everything else of the answer is left out."""
    ours = _names(schema, named)
    mistakes = error.errors(include_url=False, include_input=False)
    said, brief = [], []
    for mistake in mistakes[:_MOST_SAID]:
        parts = [str(part) if isinstance(part, int) or part in ours else "?" for part in mistake["loc"]]
        place = ".".join(parts) or "the whole"
        said.append(f"{place}: {_kind(mistake['type'], mistake.get('ctx', {}))}")
        brief.append(f"{place}: {mistake['type'].replace('_', ' ')}")
    more = f"; and {len(mistakes) - _MOST_SAID} more" if len(mistakes) > _MOST_SAID else ""
    return Wrong("; ".join(said) + more, brief="; ".join(brief) + more)


def _kind(kind: str, context: Mapping[str, Any]) -> str:
    expected = context.get("expected") or context.get("expected_tags")
    if kind in {"literal_error", "enum", "union_tag_invalid"} and expected:
        return f"should be {expected}"
    return kind.replace("_", " ")


def _names(schema: Mapping[str, Any], named: Mapping[str, Any]) -> set[str]:
    """Collect the names of all fields and types of a schema."""
    fields = [part.get("properties", {}) for part in (schema, *named.values())]
    return set(named).union(*fields)
