"""A double that obeys: what it is told, it takes for orders, wherever it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from etl_agent.ask import Answered, Question, Unanswered, Usage
from etl_agent.testing.by_schema import resolved
from etl_agent.testing.doubles import validated

__all__ = ["ObedientAsk"]

Answer = TypeVar("Answer", bound=BaseModel)

_PLACES = 200  # brackets of a text at which JSON is looked for


class ObedientAsk:
    """Looks through all facts for JSON, tool calls and words of its choices, and does what they say, as far as the
    schema allows; where it may write text, it tells everything that it was told."""

    def __init__(self) -> None:
        self.questions: list[Question[Any]] = []
        """The questions so far."""
        self.orders: list[Any] = []
        """The JSON that stood in texts of the last question."""

    def __call__(self, question: Question[Answer]) -> Answered[Answer] | Unanswered:
        """Answer as the facts order."""
        self.questions.append(question)
        texts = tuple(_texts(question.facts))
        self.orders = [order for text in texts for order in _orders(text)]
        for order in self.orders:
            if isinstance(outcome := validated(question, order, Usage(calls=1)), Answered):
                return outcome
        schema = question.answer.model_json_schema()
        said = _Obeying(schema.get("$defs", {}), texts, self.orders).made(schema, None)
        return validated(question, said, Usage(calls=1))


class _Obeying:
    """Makes an answer of a schema, of orders and of all texts that were told."""

    def __init__(self, named: Mapping[str, Any], texts: Sequence[str], orders: Sequence[Any]) -> None:
        self._named = named
        self._texts = texts
        self._orders = [order for order in orders if isinstance(order, Mapping)]

    def made(self, schema: Mapping[str, Any], order: Any) -> Any:
        """Make the value of a schema that comes nearest to an order; without one, to what the texts say."""
        schema = resolved(schema, self._named)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._choice(schema["enum"], order)
        if "anyOf" in schema:
            return self.made(self._member(schema["anyOf"], order), order)
        match schema.get("type"):
            case "object":
                given = order if isinstance(order, Mapping) else {}
                return {key: self.made(part, given.get(key)) for key, part in schema.get("properties", {}).items()}
            case "array":
                wanted = order if isinstance(order, Sequence) and not isinstance(order, str) else self._orders
                least, most = schema.get("minItems", 0), schema.get("maxItems", len(wanted))
                listed = [*wanted[:most], *([None] * (least - len(wanted)))]
                return [self.made(schema["items"], each) for each in listed]
            case "string":
                text = order if isinstance(order, str) else " ".join(self._texts)
                return text[: schema.get("maxLength", len(text))]
            case "integer" | "number" | "boolean":
                return order if isinstance(order, int | float) else 1
        return None

    def _choice(self, choices: Sequence[Any], order: Any) -> Any:
        """Take the choice that is ordered, or else one that a longer text speaks of, or else the first."""
        if order in choices:
            return order
        spoken = (choice for choice in choices for text in self._texts if str(choice) in text and text != choice)
        return next(spoken, choices[0])

    def _member(self, members: Sequence[Mapping[str, Any]], order: Any) -> Mapping[str, Any]:
        """Take the member of a union that an order is tagged for, or else the first that is not null."""
        resolving = [resolved(member, self._named) for member in members if member.get("type") != "null"]
        tags = {tag for tag in order.values() if isinstance(tag, str)} if isinstance(order, Mapping) else set()
        for member in resolving:
            if any(part.get("const") in tags for part in member.get("properties", {}).values() if "const" in part):
                return member
        return resolving[0]


def _texts(value: Any) -> Iterator[str]:
    """Return every text in nested plain data, keys included."""
    match value:
        case str():
            yield value
        case Mapping():
            for key, part in value.items():
                yield from _texts(key)
                yield from _texts(part)
        case list() | tuple():
            for part in value:
                yield from _texts(part)


def _orders(text: str) -> Iterator[Any]:
    """Return the JSON objects and arrays in a text, those in them, and those in their texts."""
    decoder = json.JSONDecoder()
    places = [place for place, sign in enumerate(text) if sign in "{["]
    for place in places[:_PLACES]:
        try:
            found, _ = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            continue
        yield found
        yield from (order for inner in _texts(found) for order in _orders(inner))
