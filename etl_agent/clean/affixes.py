"""Affixes: words and signs around a number are taken away, or written in one way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import ClassVar, Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import model_validator

from etl_agent.clean.kernels import each
from etl_agent.clean.step import Change, Columns, RowStep, chosen
from etl_agent.clean.values import rewrite

__all__ = ["Affixes"]

_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_REMARK = r"\s+[^\s\d][^\d]*"


def _one_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


class Affixes(RowStep):
    """Take the words and signs around a number away, or write them in one way; a cell that is no such number stays.

    They must all mean the same, since no number is converted: for that there is ``units``. A number that is freed is
    written in its shortest form, without zeros that only the writing put there (12.0 becomes 12), because the numbers
    of one column came in several forms; ``digits: keep`` leaves every digit as it was.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "after": ["oz", "oz.", "%"]} | ["12.0 oz", "8.40oz.", "5%", "7.0", "3 lb", null] | ["12", "8.4", "5", "7.0", "3 lb", null] |
    | {"columns": ["x"], "before": ["$"], "after": [" USD"], "digits": "keep"} | ["$1.50", "2.00 USD", "$"] | ["1.50", "2.00", "$"] |
    | {"columns": ["x"], "after": ["kg", "KG"], "put_after": " kg"} | ["5kg", "5.0 KG", "5 kg", "5"] | ["5 kg", "5 kg", "5 kg", "5"] |
    | {"columns": ["x"], "after": ["oz"], "remarks": true} | ["12 oz can", "12 oz 2", "12 ozone"] | ["12", "12 oz 2", "12 ozone"] |
    """  # noqa: E501  a row of a table is one line

    step: Literal["affixes"] = "affixes"
    columns: Columns
    """The columns that hold numbers."""
    before: tuple[str, ...] = ()
    """What may stand before a number; case counts, blanks between it and the number do not."""
    after: tuple[str, ...] = ()
    """What may stand behind a number; case counts, blanks between do not."""
    put_before: str = ""
    """What to put before each number that had something around it."""
    put_after: str = ""
    """What to put behind each number that had something around it."""
    bare: bool = False
    """Whether numbers that stand alone get the same put around them."""
    remarks: bool = False
    """Whether words after a blank behind what stands after a number go too; a remark that holds a digit never goes."""
    digits: Literal["shortest", "keep"] = "shortest"
    """How the numbers are written that had something around them."""

    change: ClassVar[Change] = "format"

    @model_validator(mode="after")
    def _something_to_find(self) -> Self:
        if not any(word.strip() for word in (*self.before, *self.after)):
            raise ValueError("name what stands before or after the numbers: before, after, or both")
        if digits := [word for word in (*self.before, *self.after) if re.search(r"\d", word)]:
            raise ValueError(f"{digits[0]!r} holds a digit, so nobody could tell it from the number")
        return self

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Rewrite the cells that are neither bare numbers nor in the form that is wanted."""
        return each(data, self.reads(data.schema.names), self._written)

    def _written(self, column: pa.StringArray) -> pa.StringArray:
        alone = _NUMBER if not self.bare else r"[^\s\S]"
        wanted = rf"{re.escape(self.put_before)}{_NUMBER}{re.escape(self.put_after)}"
        done = pc.match_substring_regex(column, rf"^(?:{alone}|{wanted})$" if self._puts else rf"^{alone}$")
        return rewrite(column, done=done, change=self._changed)

    @property
    def _puts(self) -> bool:
        return bool(self.put_before or self.put_after)

    @cached_property
    def _pattern(self) -> str:
        """A whole cell (RE2 syntax), its number as the one group; one without anything around it only where bare."""
        before, after = _one_of(word.strip() for word in self.before), _one_of(word.strip() for word in self.after)
        behind = rf"\s*(?:{after}){f'(?:{_REMARK})?' if self.remarks else ''}" if after else ""
        forms = []
        if before:
            forms.append(rf"(?:{before})\s*({_NUMBER})(?:{behind})?" if after else rf"(?:{before})\s*({_NUMBER})")
        if after:
            forms.append(rf"({_NUMBER}){behind}")
        if self.bare:
            forms.append(rf"({_NUMBER})")
        return rf"^\s*(?:{'|'.join(forms)})\s*$"

    def _changed(self, cells: pa.StringArray) -> pa.StringArray:
        """Return the cells rewritten, null where a cell is no number with something around it."""
        fits = pc.match_substring_regex(cells, self._pattern)
        cells = pc.if_else(fits, cells, pa.nulls(len(cells), pa.string()))
        groups = "".join(rf"\{place + 1}" for place in range(re.compile(self._pattern).groups))
        numbers = pc.replace_substring_regex(cells, self._pattern, groups)
        if self.digits == "shortest":
            numbers = _shortest(numbers)
        return pc.binary_join_element_wise(self.put_before, numbers, self.put_after, "") if self._puts else numbers


def _shortest(numbers: pa.StringArray) -> pa.StringArray:
    """Write numbers without a plus, zeros in front, and zeros at the end of the fraction."""
    numbers = pc.replace_substring_regex(numbers, r"^\+", "")
    numbers = pc.replace_substring_regex(numbers, r"^(-?)0+(\d)", r"\1\2")
    numbers = pc.replace_substring_regex(numbers, r"(\.\d*?)0+$", r"\1")
    return pc.replace_substring_regex(numbers, r"\.$", "")
