"""The types that a spec expects under a path, found by following annotations."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

__all__ = ["Expected", "below", "fields_of", "labelled", "members", "narrowed", "takes_truth_values"]

Expected = tuple[Any, ...]
"""The types that a value may have: one, or the members of a union (``None`` left out)."""


def members(annotation: Any) -> Expected:
    """Return the types that an annotation allows, unions and annotations taken apart."""
    origin = get_origin(annotation)
    if annotation is None or annotation is types.NoneType:
        return ()
    if origin is Annotated:
        return members(get_args(annotation)[0])
    if origin is Union or origin is types.UnionType:
        return _distinct(member for argument in get_args(annotation) for member in members(argument))
    if hasattr(annotation, "__value__"):  # a named alias
        return members(annotation.__value__)
    return (annotation,)


def below(expected: Expected, key: str | int) -> Expected:
    """Return the types expected under a key or list position."""
    return _distinct(member for each in expected for annotation in _inside(each, key) for member in members(annotation))


def fields_of(expected: Expected) -> dict[str, FieldInfo]:
    """Return the fields of the models among the types, by the key that a file writes."""
    return {
        info.alias or name: info for model in expected if _is_model(model) for name, info in model.model_fields.items()
    }


def narrowed(expected: Expected, values: Mapping[str | int, Any]) -> Expected:
    """Leave out the models whose literal fields, such as ``step``, contradict the values that are there.

    Args:
        expected: the members of a union.
        values: the scalars of a mapping, by key.
    """
    fitting = tuple(each for each in expected if not (_is_model(each) and _contradicts(each, values)))
    return fitting or expected


def labelled(expected: Expected, label: str) -> Expected:
    """Return the members of a union that pydantic means by a label in an error's place; all if it is unknown."""
    meant = {label, label.partition("[")[0].casefold()}
    return tuple(each for each in expected if meant & _labels(each)) or expected


def takes_truth_values(expected: Expected) -> bool:
    """Whether true and false mean themselves there, or may be read as text, rather than as 1 and 0."""
    numbers = [each for each in expected if isinstance(each, type) and issubclass(each, int | float | Decimal)]
    return not numbers or len(numbers) < len(expected) or any(each is bool for each in numbers)


def _is_model(each: Any) -> bool:
    return isinstance(each, type) and issubclass(each, BaseModel)


def _inside(each: Any, key: str | int) -> tuple[Any, ...]:
    origin, arguments = get_origin(each), get_args(each)
    if _is_model(each):
        field = fields_of((each,)).get(str(key))
        return (field.annotation,) if field else ()
    if not (isinstance(origin, type) and arguments):
        return ()
    if issubclass(origin, Mapping):
        return arguments[1:]
    if issubclass(origin, tuple) and arguments[-1] is not Ellipsis:
        return arguments[key : key + 1] if isinstance(key, int) else ()
    return arguments[:1] if issubclass(origin, Sequence | AbstractSet) else ()


def _contradicts(model: Any, values: Mapping[str | int, Any]) -> bool:
    return any(
        get_origin(info.annotation) is Literal and name in values and values[name] not in get_args(info.annotation)
        for name, info in fields_of((model,)).items()
    )


def _labels(each: Any) -> set[str]:
    """Name a type as pydantic does: models by name, tag or key, all else by what stands before the bracket."""
    if not _is_model(each):
        return {str(getattr(each, "__name__", each)).casefold()}
    fields = each.model_fields
    tags = [get_args(info.annotation) for info in fields.values() if get_origin(info.annotation) is Literal]
    keys = [name for name, info in fields.items() if info.is_required()]  # one of them may tell the member apart
    return {each.__name__, *keys, *(str(tag) for literal in tags for tag in literal)}


def _distinct(found: Iterable[Any]) -> Expected:
    """Drop repeats; annotations may hold what cannot be hashed."""
    kept: list[Any] = []
    kept.extend(each for each in found if each not in kept)
    return tuple(kept)
