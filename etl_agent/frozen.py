"""The base of every spec: a pydantic model that is frozen and refuses unknown keys, and the names that specs hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

__all__ = ["ONE_OR_MORE", "Frozen", "Name", "Names", "SomeNames"]


def _listed(value: Any) -> Any:
    if value is None or isinstance(value, Mapping | int | float):
        raise PydanticCustomError("text_or_list_type", "Input should be text or a list")
    return (value,) if isinstance(value, str) else value


ONE_OR_MORE = BeforeValidator(_listed)
"""Lets one text stand for a list of it."""

Name = Annotated[str, Field(min_length=1)]
"""The name of a column, a table or a pipeline: exactly as it is, and never empty."""

Names = Annotated[tuple[Name, ...], ONE_OR_MORE]
"""A name, or a list of names."""

SomeNames = Annotated[tuple[Name, ...], Field(min_length=1), ONE_OR_MORE]
"""A name, or a list of at least one."""


class Frozen(BaseModel):
    """Hold values that never change, and refuse keys that no field has."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # what was given may be a password
    )
