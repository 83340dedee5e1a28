"""The base of every spec: a pydantic model that is frozen and refuses unknown keys, and the names that specs hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field
from pydantic_core import PydanticCustomError

__all__ = ["ONE_OR_MORE", "UNTAGGED", "Frozen", "Name", "Names", "SomeNames", "by_key"]

UNTAGGED = "untagged"
"""The type of an error whose context holds ``discriminator``: the keys of which a mapping needs exactly one."""


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
        hide_input_in_errors=True,  # what was given may be a password
    )


class _Context(dict[str, Any]):
    """A context of errors that can be hashed, as ``typing`` does with the members of ``... | None``."""

    def __hash__(self) -> int:  # type: ignore[override]  # a dict says that it cannot
        return hash(tuple(self.items()))


def by_key(members: Mapping[str, Any]) -> Discriminator:
    """Tell the members of a union apart by the one key that each has and no other; their tags are these keys.

    Args:
        members: the members by key. Each is a model with a field of that name, or with one of that alias whose
            name has ``_`` behind it.
    """

    def key_of(value: Any) -> str | None:
        if isinstance(value, Mapping):
            found = [key for key in members if key in value or f"{key}_" in value]
        else:
            found = [key for key in members if hasattr(value, key) or hasattr(value, f"{key}_")]
        return found[0] if len(found) == 1 else None

    return Discriminator(
        key_of,
        custom_error_type=UNTAGGED,
        custom_error_message="exactly one of these keys is needed",
        custom_error_context=_Context(discriminator=" or ".join(f"'{key}'" for key in members)),
    )
