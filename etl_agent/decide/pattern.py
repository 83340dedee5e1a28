"""Regular expressions in conditions and strategies: in RE2's syntax, whose matching takes time linear in the text."""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator

from etl_agent.batch import Mask, as_mask
from etl_agent.errors import ConfigurationError

__all__ = ["Pattern", "matching_whole"]


def matching_whole(values: pa.Array, pattern: str) -> Mask:
    """Tell which texts match a pattern as a whole; no value is null."""
    return as_mask(pc.match_substring_regex(values, rf"\A(?:{pattern})\z"))


def _readable(pattern: str) -> str:
    try:
        pc.match_substring_regex(pa.nulls(1, pa.string()), pattern)  # an array of text would import pandas
    except pa.ArrowInvalid as error:
        raise ConfigurationError(f"no regular expression in RE2 syntax: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_readable)]
"""A regular expression in RE2 syntax."""
