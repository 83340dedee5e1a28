"""Values of pipeline files as one line of YAML that holds no text of cells."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, get_args

from pydantic import BaseModel

from etl_agent.clean.python import PythonStep
from etl_agent.clean.step import Step
from etl_agent.decide.strategies import shipped
from etl_agent.decide.strategy import SPECIAL
from etl_agent.orchestrate.fields import members
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.orchestrate.written import flow, plain_data
from etl_agent.shape import is_type
from etl_agent.validate.formats import PATTERNS

__all__ = ["CELLS", "HIDDEN", "shown", "words_of"]

HIDDEN = "***"
"""Stands for text that may come from cells."""

CELLS = frozenset({"learned", "values", "mapping", "markers", "matches", "one_of", "min", "max", "description"})
"""Keys whose values may come from cells, numbers among them: an extreme of a column is the text of a cell."""

_SIGNS = frozenset({".", ",", " ", "'", ""})  # marks of numbers


def shown(value: Any, *, words: Collection[str]) -> str:
    """Write a value as it may stand in a pipeline file, in flow style on one line.

    >>> shown(["id", "secret"], words={"id"})
    "[id, '***']"

    Args:
        value: a spec or plain data.
        words: the names that may be shown; of other text only what is a word of our own is.
    """
    return flow(_masked(plain_data(value), known=frozenset(words) | _closed(value)))


def words_of(spec: PipelineSpec) -> frozenset[str]:
    """Return the names that a pipeline uses: of its columns, routes and needs."""
    contract = spec.validation.contract
    named: set[str | None] = set(contract) if isinstance(contract, Mapping) else set()
    named |= {*spec.load.primary_key, *spec.needs, *(name for index in spec.load.indexes for name in index)}
    for node in spec.clean:
        if isinstance(node, Step) and not isinstance(node, PythonStep):
            named |= {*node.reads(()), *node.writes(())}
        named |= {getattr(node, "route", None), getattr(node, "newest_by", None)}
    return frozenset(name for name in {*named, spec.load.newest_by} if name is not None)


def _masked(value: Any, *, known: Collection[str]) -> Any:
    match value:
        case Mapping():
            pairs = ((key if key in known else HIDDEN, key, each) for key, each in value.items())
            return {name: HIDDEN if key in CELLS else _masked(each, known=known) for name, key, each in pairs}
        case list():
            return [_masked(each, known=known) for each in value]
        case str():
            return value if value in known or value.startswith("%") or value in _SIGNS else HIDDEN
    return value


def _closed(value: Any) -> frozenset[str]:
    """Return the words of our own that may stand in a value: keys, and what its fields allow."""
    words = {*PATTERNS, *shipped(), *SPECIAL, "all", "auto"}
    if isinstance(value, str) and is_type(value):
        words.add(value)
    if isinstance(value, BaseModel):
        words |= {str(getattr(value, "type", ""))}
        for name, info in type(value).model_fields.items():
            words |= {info.alias or name}
            for member in members(info.annotation):
                words |= {word for word in get_args(member) if isinstance(word, str)}
        if isinstance(value, Step):
            words.add(value.name)
    return frozenset(words)
