"""Values that a JSON schema allows: the same for the same seed, and others for others until all were there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["allowed", "resolved"]

_LIST = 3  # members of a list without bounds
_TEXT = 100_000  # characters of a text without bounds
_NUMBER = 10**9


def allowed(schema: Mapping[str, Any], *, text: str, seed: int = 0) -> Any:
    """Make a value: every choice is the seed's next digit, lists are full, numbers great, and texts what is given.

    Args:
        schema: the JSON schema, with ``$defs``.
        text: what stands in texts, cut or repeated to the length that they may have.
        seed: which value; as many seeds as there are values make all of them.
    """
    return _made(schema, schema.get("$defs", {}), _Digits(seed), text=text)


def resolved(schema: Mapping[str, Any], named: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema that a reference names, or the schema itself."""
    return named[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


class _Digits:
    """Digits of a number, each of a base of its own, the least first."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._rest = number

    def below(self, base: int) -> int:
        """Return the next digit."""
        self._rest, digit = divmod(self._rest, base)
        return digit

    def part(self, place: int, of: int) -> _Digits:
        """Return the digits for one of several parts."""
        return _Digits(self._number * of + place)


def _made(schema: Mapping[str, Any], named: Mapping[str, Any], digits: _Digits, *, text: str) -> Any:
    schema = resolved(schema, named)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][digits.below(len(schema["enum"]))]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            members = [member for member in schema[union] if member.get("type") != "null"]
            return _made(members[digits.below(len(members))], named, digits, text=text)
    match schema.get("type"):
        case "object":
            return {key: _made(part, named, digits, text=text) for key, part in schema.get("properties", {}).items()}
        case "array":
            most = schema.get("maxItems", max(_LIST, schema.get("minItems", 0)))
            parts = [digits.part(place, most) for place in range(most)]
            return [_made(schema["items"], named, part, text=text) for part in parts]
        case "string":
            most = schema.get("maxLength", _TEXT)
            return (text * (most // max(len(text), 1) + 1))[:most]
        case "integer" | "number":
            return schema.get("maximum", schema.get("minimum", _NUMBER))
        case "boolean":
            return digits.below(2) == 0
    return None
