"""Letter case as a column has it: values typed in capitals, small letters or titles are written as the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field, model_validator

from etl_agent.batch import Mask, as_mask
from etl_agent.clean.kernels import each, patched, per_value
from etl_agent.clean.step import Change, Columns, RowStep, chosen

__all__ = ["CaseAs", "CaseStyle", "cased_pattern", "in_style"]

CaseStyle = Literal["upper", "lower", "title"]
"""How all words of a value are written: in capitals, in small letters, or each with a capital first."""

_STYLED: Mapping[CaseStyle, Callable[[pa.StringArray], pa.BooleanArray]] = {
    "upper": pc.utf8_is_upper,
    "lower": pc.utf8_is_lower,
    "title": pc.utf8_is_title,
}
_LONGEST = 256  # bytes of a value that is looked at: what is longer is a text
_WORD = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")
_FORM = re.compile(r"Aa|A|a")
_WRITE: Mapping[str, Callable[[str], str]] = {"A": str.upper, "a": str.lower, "Aa": str.capitalize}


def in_style(values: pa.StringArray, style: CaseStyle) -> Mask:
    """Say which values are written in a style throughout; a value without letters is in none."""
    short = as_mask(pc.less_equal(pc.binary_length(values), _LONGEST))
    found: Mask = short & as_mask(_STYLED[style](values))
    return found


def cased_pattern(value: str) -> str | None:
    """Return how the words of a value are written; None if one of them is none of ABC, abc and Abc.

    >>> cased_pattern("Anna MEIER, 12b"), cased_pattern("McDonald")
    ('Aa A, 9a', None)
    """
    if not all(map(_regular, _WORD.findall(value))):
        return None
    return _DIGITS.sub("9", _WORD.sub(lambda found: _form(found[0]), value))


def _regular(word: str) -> bool:
    return word.isupper() or word.islower() or (word[0].isupper() and word[1:].islower())


def _form(word: str) -> str:
    return "A" if word.isupper() else "a" if word.islower() else "Aa"


def _blind(value: str) -> str:
    """Return the pattern of a value whatever its case."""
    return _DIGITS.sub("9", _WORD.sub("A", value))


def _checked(pattern: str) -> str:
    if re.search(r"[^\W\d_]", _FORM.sub("", pattern)) or not _FORM.search(pattern):
        raise ValueError(f"{pattern!r} is not made of A, a, Aa, 9 and signs, as 'Aa Aa' and 'A-9a' are")
    return pattern


class CaseAs(RowStep):
    """Write values that are in one style throughout as the rest of their column is; a value of mixed case stays.

    ``patterns`` say for values with the same signs and numbers of words how each word is written: A in capitals, a in
    small letters, Aa with a capital first.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "of": ["lower", "title"], "to": "upper"} | ["xx08 2615", "Xx08 2615", "iPhone", "12", null] | ["XX08 2615", "XX08 2615", "iPhone", "12", null] |
    | {"columns": ["x"], "of": ["upper"], "patterns": ["Aa Aa", "A9-a"]} | ["ANN MEIER", "F29-B", "ANN", "ann meier", "McDonald"] | ["Ann Meier", "F29-b", "ANN", "ann meier", "McDonald"] |
    """  # noqa: E501  a row of a table is one line

    step: Literal["case_as"] = "case_as"
    columns: Columns
    """The columns to work on."""
    of: tuple[CaseStyle, ...] = Field(min_length=1)
    """The styles to write otherwise: ``upper``, ``lower``, ``title``."""
    to: Literal["upper", "lower"] | None = None
    """The style of the column, if it has one throughout."""
    patterns: tuple[Annotated[str, AfterValidator(_checked)], ...] = ()
    """Else how the words of its values are written, for each pattern."""

    change: ClassVar[Change] = "format"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.to is None) == (not self.patterns):
            raise ValueError("say how values are written: by `to` or by `patterns`")
        return self

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Rewrite each distinct value that is in one of the styles."""
        return each(data, self.reads(data.schema.names), self._written)

    def _written(self, column: pa.StringArray) -> pa.StringArray:
        found = np.logical_or.reduce([in_style(column, style) for style in self.of if style != self.to])
        return patched(column, found, lambda cells: per_value(cells, self._rewritten))

    @cached_property
    def _forms(self) -> dict[str, list[str]]:
        return {_FORM.sub("A", pattern): _FORM.findall(pattern) for pattern in self.patterns}

    def _rewritten(self, value: str) -> str:
        if self.to is not None:
            return value.upper() if self.to == "upper" else value.lower()
        forms = iter(self._forms.get(_blind(value), ()))
        return _WORD.sub(lambda found: _WRITE[form](found[0]) if (form := next(forms, "")) else found[0], value)
