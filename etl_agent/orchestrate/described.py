"""The keys of a spec in words, read from its fields and their docstrings."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from inspect import cleandoc
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from etl_agent.clean.step import Step
from etl_agent.decide.comparison import Measure
from etl_agent.decide.conditions import AllOf, AnyOf, Not
from etl_agent.frozen import ONE_OR_MORE
from etl_agent.orchestrate.attributes import attribute_docstrings
from etl_agent.orchestrate.branch import Branch
from etl_agent.orchestrate.router import Route
from etl_agent.profile.kinds import Kind

__all__ = ["Parameter", "documented", "parameters_of", "type_in_words"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A key of a step or section.

    Args:
        name: the key.
        type: what its value may be, in words.
        default: what it is when left out, as YAML; None where the key must be there.
        description: what it means.
    """

    name: str
    type: str
    default: str | None
    description: str


def documented(model: type[BaseModel]) -> tuple[str, str]:
    """Part a docstring into its first sentence and the text below; a before/after table is left out."""
    summary, *rest = cleandoc(model.__doc__ or "").split("\n\n")
    below = [" ".join(part.split()) for part in rest if not part.lstrip().startswith("|")]
    return " ".join(summary.split()), "\n\n".join(below)


def parameters_of(model: type[BaseModel]) -> Iterator[Parameter]:
    """Return the keys of a spec in their order."""
    docstrings = attribute_docstrings(model)
    for name, info in model.model_fields.items():
        description = " ".join((info.description or docstrings.get(name, "")).split())
        said = (_one_or_more if ONE_OR_MORE in info.metadata else type_in_words)(info.annotation)
        yield Parameter(info.alias or name, said, _default(info), description)


def type_in_words(annotation: Any) -> str:
    """Say what a value may be.

    >>> type_in_words(Literal["all"] | tuple[str, ...])
    'all or a list of text'
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return (_one_or_more if ONE_OR_MORE in arguments else type_in_words)(arguments[0])
    if annotation == Kind:
        return "a semantic kind"
    if origin is Literal:
        return " or ".join(_yaml(value) for value in arguments)
    if origin is Union or origin is types.UnionType:
        parts = [type_in_words(argument) for argument in arguments if argument is not types.NoneType]
        return " or ".join(dict.fromkeys(parts))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"a mapping of {_plural(arguments[1])}"
    if isinstance(origin, type) and issubclass(origin, Sequence | AbstractSet):
        return f"a list of {_plural(arguments[0])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _model_in_words(annotation)
    return _WORDS.get(getattr(annotation, "__name__", ""), "a value")


def _one_or_more(annotation: Any) -> str:
    """Say what a list may be for which one member may stand; it may be nothing too."""
    lists = [each for each in get_args(annotation) if get_origin(each) is tuple] or [annotation]
    return f"{type_in_words(get_args(lists[0])[0])} or {type_in_words(annotation)}"


def _model_in_words(model: type[BaseModel]) -> str:
    for members, called in _CALLED.items():
        if issubclass(model, members):
            return called
    keys = [info.alias or name for name, info in model.model_fields.items()]
    return f"a mapping ({', '.join(keys)})" if len(keys) <= _MOST_KEYS else "a mapping"


_MOST_KEYS = 8
_BARE = re.compile(r"(?!(?:true|false|null)$)[A-Za-z_][\w./-]*")  # text that is text without quotes too
_CALLED: Mapping[tuple[type[BaseModel], ...], str] = {
    (Step,): "a step",
    (Route,): "a route",
    (Branch,): "a branch",
    (Measure, AllOf, AnyOf, Not): "a condition",
}
_WORDS: Mapping[str, str] = {
    "Decimal": "a number",
    "PurePosixPath": "a path",
    "bool": "true or false",
    "date": "a date",
    "datetime": "a date and time",
    "float": "a number",
    "int": "a whole number",
    "str": "text",
    "time": "a time",
}
_PLURALS: Mapping[str, str] = {
    "a branch": "branches",
    "a condition": "conditions",
    "a number": "numbers",
    "a path": "paths",
    "a route": "routes",
    "a semantic kind": "semantic kinds",
    "a step": "steps",
    "a whole number": "whole numbers",
}


def _plural(annotation: Any) -> str:
    said = type_in_words(annotation).split(" or ")
    return (
        " or ".join(_PLURALS.get(one, one) for one in said)
        .replace("a list of", "lists of")
        .replace("a mapping", "mappings")
    )


def _default(info: FieldInfo) -> str | None:
    if info.is_required():
        return None
    return _yaml(info.get_default(call_default_factory=True))


def _yaml(value: Any) -> str:
    """Write a value as it would stand in a file."""
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, BaseModel):
        pairs = [
            f"{key}: {_yaml(each)}" for key, each in value.model_dump(by_alias=True, exclude_defaults=True).items()
        ]
        return f"{{{', '.join(pairs)}}}" if pairs else "as its keys say"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_yaml(each)}' for key, each in value.items())}}}"
    if isinstance(value, tuple | list | frozenset):
        return f"[{', '.join(map(_yaml, value))}]"
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if isinstance(value, str) and not _BARE.fullmatch(text) else text
