"""Numbers: marks, currency, percent and negatives in any convention become canonical text, digit by digit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BeforeValidator

from etl_agent.clean.evidence import Counts, Evidence, combined, note
from etl_agent.clean.marks import DecimalMark, Grammar, ThousandsMark, count_marks, decide_marks
from etl_agent.clean.step import Change, Columns, FittedStep, chosen, replaced
from etl_agent.clean.values import calculate, put, rewrite
from etl_agent.errors import AmbiguousFormat, Unfit
from etl_agent.frozen import Frozen
from etl_agent.profile.currencies import CURRENCY

__all__ = ["ColumnMarks", "Numbers"]

_AROUND = "0123456789.,'\u2019()+-\u2212 \u00a0\u2009\u202f"
_NEVER = r"[^\s\S]"  # matches nothing, where nothing may stand around the digits


def _signs(value: Any) -> Any:
    """Let one sign stand for a list of it, and none for an empty list."""
    if isinstance(value, str) and value != "auto":
        return () if value == "none" else (value,)
    return value


def _escaped(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) or _NEVER


class ColumnMarks(Frozen):
    """How the numbers of one column are written."""

    column: str
    """The column."""
    decimal_mark: DecimalMark
    """The decimal mark."""
    thousands_mark: ThousandsMark
    """The mark between groups of digits."""
    currency: tuple[str, ...]
    """The currency signs that stand beside the digits."""


class Numbers(FittedStep):
    """Write numbers as canonical text, every digit as it was; a cell that is no number stays as it is.

    The marks are decided for each column and file from all its cells: one cell like ``1,234.5``, ``12,34`` or
    ``1.234.567`` settles them. Where only cells like ``1,234`` are there, both readings are named and the file is
    refused. Several currencies in one column are refused too, unless they are declared.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["$1,234.50", "(12.00)", "1.10", "n/a", null] | ["1234.50", "-12.00", "1.10", "n/a", null] |
    | {"columns": ["x"]} | ["1.234,50 €", "7,5", "007", "12-"] | ["1234.50", "7.5", "7", "-12"] |
    | {"columns": "x", "percent": "fraction"} | ["12.5 %", "0.3", "100%"] | ["0.125", "0.3", "1.00"] |
    | {"columns": "x", "units": ["kg"], "decimal_mark": "."} | ["21.500 kg", "3kg", "4 lb"] | ["21.500", "3", "4 lb"] |
    | {"columns": "x", "scientific": true} | ["1.5e3", "-2E-2"] | ["1500", "-0.02"] |
    """

    step: Literal["numbers"] = "numbers"
    columns: Columns
    """The columns that hold numbers. Name only those: in them ``00123`` becomes 123."""
    decimal_mark: Literal["auto"] | DecimalMark = "auto"
    """The mark before the fraction, or auto: decided by the column's cells."""
    thousands_mark: Literal["auto"] | ThousandsMark = "auto"
    """The mark between groups of digits, or auto."""
    currency: Annotated[Literal["auto"] | tuple[str, ...], BeforeValidator(_signs)] = "auto"
    """The currency signs to remove (``$``, ``EUR``), ``none``, or auto: the one sign that a column has."""
    percent: Literal["none", "fraction", "points"] = "none"
    """What 12.5 % becomes: 0.125 (fraction), 12.5 (points), or nothing else (none)."""
    parentheses: bool = True
    """Whether (5) is -5."""
    trailing_minus: bool = True
    """Whether 5- is -5."""
    units: tuple[str, ...] = ()
    """Units behind the digits to remove, such as kg. They must all mean the same: to convert, use ``units``."""
    scientific: bool = False
    """Whether 1.5e3 is a number, to be written as 1500."""
    learned: tuple[ColumnMarks, ...] | None = None
    """What the columns' cells settled; left out by hand, written by a lock."""

    change: ClassVar[Change] = "format"
    per: ClassVar[Literal["file", "dataset"]] = "file"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    @property
    def fitted(self) -> bool:
        """Whether the marks are learned, or all declared."""
        return self.learned is not None or "auto" not in (self.decimal_mark, self.thousands_mark, self.currency)

    def observe(self, data: pa.RecordBatch) -> Evidence:
        """Count the cells of each column by what their marks and currency signs tell."""
        grammar = self._grammar(decimal=".", thousands="none", currency=self.currency)
        evidence: Evidence = {}
        for name in self.reads(data.schema.names):
            counts = evidence.setdefault(name, {})
            rest = count_marks(counts, pc.drop_null(data.column(name)), grammar=grammar)
            if self.currency == "auto":
                _count_currencies(counts, rest)
        return evidence

    def combine(self, left: Any, right: Any) -> Evidence:
        """Add the counts."""
        return combined(left, right)

    def fit(self, summary: Any) -> Self:
        """Decide the marks of each column.

        Raises:
            AmbiguousFormat: the marks of a column can be read in two ways, or it has several currencies.
        """
        learned = []
        for column, counts in sorted(summary.items()):
            decimal, thousands = decide_marks(
                counts, decimal=self.decimal_mark, thousands=self.thousands_mark, where=column
            )
            currency = self.currency if self.currency != "auto" else _one_currency(counts, column=column)
            learned.append(
                ColumnMarks(column=column, decimal_mark=decimal, thousands_mark=thousands, currency=currency)
            )
        return self.model_copy(update={"learned": tuple(learned)})

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Rewrite the cells that are not canonical yet."""
        for name in self.reads(data.schema.names):
            if (marks := self._marks(name)) is not None:
                data = replaced(data, name, self._written(data.column(name), marks=marks))
        return data

    def _marks(self, column: str) -> ColumnMarks | None:
        """Return how a column is written; None for a column that was not there when the marks were learned."""
        if self.learned is not None:
            return next((marks for marks in self.learned if marks.column == column), None)
        if self.decimal_mark == "auto" or self.thousands_mark == "auto" or self.currency == "auto":
            raise AssertionError("the step must be fitted before it is applied")
        return ColumnMarks(
            column=column,
            decimal_mark=self.decimal_mark,
            thousands_mark=self.thousands_mark,
            currency=self.currency,
        )

    def _grammar(
        self, *, decimal: DecimalMark, thousands: ThousandsMark, currency: Literal["auto"] | tuple[str, ...]
    ) -> Grammar:
        money = CURRENCY if currency == "auto" else _escaped(currency)
        percent = "|%" if self.percent != "none" else ""
        around = "".join((*currency, *self.units, "%"))
        return Grammar(
            decimal=decimal,
            thousands=thousands,
            before=money,
            after=f"{money}|{_escaped(self.units)}{percent}",
            around=None if currency == "auto" or set(around) & set("0123456789.,'\u2019") else around,
            parentheses=self.parentheses,
            trailing_minus=self.trailing_minus,
            exponent=self.scientific,
        )

    def _written(self, column: pa.Array, *, marks: ColumnMarks) -> pa.Array:
        grammar = self._grammar(decimal=marks.decimal_mark, thousands=marks.thousands_mark, currency=marks.currency)
        fraction = r"(?:\.\d+)?" if marks.thousands_mark != "." else ""
        done = pc.match_substring_regex(column, rf"^-?(?:0|[1-9]\d*){fraction}$")
        return rewrite(column, done=done, change=lambda cells: self._canonical(cells, grammar=grammar))

    def _canonical(self, cells: pa.Array, *, grammar: Grammar) -> pa.Array:
        """Write cells as canonical numbers; null where a cell is none."""
        digits, negative = grammar.read(cells)
        if self.scientific:
            powers = pc.fill_null(pc.match_substring(digits, "e", ignore_case=True), fill_value=False)
            digits = put(digits, powers, calculate(digits.filter(powers), change=lambda number: number))
        if self.percent == "fraction":
            shares = pc.match_substring(cells, "%")
            digits = pc.if_else(shares, _hundredth(digits), digits)
        digits = pc.replace_substring_regex(digits, r"^0+(\d)", r"\1")
        digits = pc.replace_substring_regex(digits, r"^\.", "0.")
        negative = pc.and_(negative, pc.invert(pc.match_substring_regex(digits, r"^0(?:\.0*)?$")))
        return pc.if_else(negative, pc.binary_join_element_wise("-", digits, ""), digits)


def _hundredth(digits: pa.Array) -> pa.Array:
    """Move the point two places to the left, keeping every digit."""
    padded = pc.binary_join_element_wise("00", digits, "")
    return pc.replace_substring_regex(padded, r"^(\d+)(\d\d)(?:\.(\d+))?$", r"\1.\2\3")


def _count_currencies(counts: Counts, cells: pa.Array) -> None:
    """Count the cells with each currency sign beside digits."""
    words = pc.utf8_trim(cells, characters=_AROUND)
    known = pc.match_substring_regex(words, rf"^(?:{CURRENCY})$")
    cells, words = cells.filter(known), words.filter(known)
    for sign in pc.unique(words).to_pylist():
        note(counts, f"currency {sign}", cells=cells.filter(pc.equal(words, sign)))


def _one_currency(counts: Counts, *, column: str) -> tuple[str, ...]:
    signs = sorted(kind.removeprefix("currency ") for kind in counts if kind.startswith("currency "))
    if len(signs) > 1:
        raise AmbiguousFormat(
            f"amounts are in {' and '.join(signs)}, and a number alone would not tell which",
            where=f"clean, step numbers, column {column}",
            choices=(f"currency: [{', '.join(signs)}]", *(f"currency: {sign!r}" for sign in signs)),
            next_command="declare currency in the step numbers",
            unfit=[Unfit(column, "ambiguous", step="numbers")],
        )
    return tuple(signs)
