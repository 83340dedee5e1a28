"""A column derived from an expression: typed before any row is seen, calculated by Arrow kernels, written as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
from pydantic import AfterValidator

from etl_agent.clean.expression import Call, Cell, Node, Value, columns_of, parse
from etl_agent.clean.functions import FUNCTIONS, OPERATORS, Function
from etl_agent.clean.step import Change, RowStep, replaced
from etl_agent.clean.tokens import wrong
from etl_agent.clean.typed import (
    BOOLEAN,
    DATE,
    INTEGER,
    NULL,
    TIMESTAMP,
    Mismatch,
    Term,
    as_kind,
    constant,
    named,
    written,
)
from etl_agent.errors import ConfigurationError, near
from etl_agent.frozen import Name
from etl_agent.shape import TEXT, ColumnType

__all__ = ["Derive", "Expression", "compiled"]

_OF_NULL: Mapping[str, ColumnType] = {
    "text": TEXT,
    "number": INTEGER,
    "boolean": BOOLEAN,
    "date": DATE,
    "timestamp": TIMESTAMP,
}


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that has been read and typed.

    Args:
        columns: the columns that it reads.
        term: what it gives.
    """

    columns: tuple[str, ...]
    term: Term

    def cells(self, data: pa.RecordBatch) -> pa.StringArray:
        """Calculate a cell for each row, in canonical text."""
        text = written(self.term.of(data), self.term.kind)
        return pa.repeat(text, len(data)) if isinstance(text, pa.Scalar) else text


@lru_cache(maxsize=1024)
def compiled(text: str) -> Expression:
    """Read and type an expression.

    Raises:
        ConfigurationError: it does not follow the grammar, or a part has the wrong kind; the place is named.
    """
    node = parse(text)
    expression = Expression(columns_of(node), _term(node, text))
    try:
        # Whatever a kernel cannot do with these types, it says so without a row.
        expression.cells(pa.RecordBatch.from_pydict({name: pa.array([], pa.string()) for name in expression.columns}))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise ConfigurationError(f"the expression cannot be calculated: {error}") from None
    return expression


def _term(node: Node, text: str) -> Term:
    if isinstance(node, Value):
        return _constant(node, text)
    if isinstance(node, Cell):
        return Term(TEXT, lambda data: data.column(node.column), node.at)
    function = OPERATORS.get(node.name) or FUNCTIONS.get(node.name)
    if function is None:
        raise wrong(
            f"there is no function {node.name!r}",
            text=text,
            at=node.at,
            choices=near(node.name, FUNCTIONS) or tuple(FUNCTIONS),
        )
    if not function.suits(len(node.given)):
        raise wrong(f"write {function.usage}: {len(node.given)} arguments do not suit it", text=text, at=node.at)
    given = [_suited(_term(part, text), function, place, text) for place, part in enumerate(node.given)]
    return _made(node, function, given, text)


def _constant(node: Value, text: str) -> Term:
    try:
        return constant(node.value, at=node.at)
    except OverflowError as error:
        raise wrong(str(error), text=text, at=node.at) from None


def _made(node: Call, function: Function, given: Sequence[Term], text: str) -> Term:
    try:
        term = function.make(*given)
    except Mismatch as mismatch:
        raise wrong(str(mismatch), text=text, at=mismatch.term.at if mismatch.term else node.at) from None
    except OverflowError as error:
        raise wrong(str(error), text=text, at=node.at) from None
    return Term(term.kind, term.of, node.at)


def _suited(term: Term, function: Function, place: int, text: str) -> Term:
    """Return an argument whose kind is right."""
    wanted = function.takes[min(place, len(function.takes) - 1)]
    kind = wanted.removeprefix("=")
    if wanted != kind and not term.constant:
        raise wrong(f"{function.usage} needs a {kind} that is written here", text=text, at=term.at)
    if kind == "any":
        return term
    if term.kind is NULL and wanted == kind:
        return as_kind(term, _OF_NULL[kind])
    if named(term.kind) != kind and (kind, term.kind) != ("date", TIMESTAMP):
        cast = {"number": "integer(x) or decimal(x, 2)", "any": "text(x)"}.get(kind, f"{kind}(x)")
        raise wrong(
            f"{function.usage} takes a {kind} here, and this is a {named(term.kind)}: cast it with {cast}",
            text=text,
            at=term.at,
        )
    return term


def _readable(text: str) -> str:
    try:
        compiled(text)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return text


class Derive(RowStep):
    """Calculate a column from others with a typed expression, and write it as canonical text.

    Cells are text until they are cast: ``integer(x)``, ``decimal(x, places)``, ``boolean(x)``, ``date(x)``,
    ``timestamp(x)``. A cell that cannot be read as that is null, and so is what is calculated from it. Numbers are
    exact. A condition that is null counts as false. Columns whose names are not plain words stand in backticks.

    | with | before | after |
    |---|---|---|
    | {"into": "y", "expression": "decimal(a, 2) * integer(b)"} | {"a": ["1.10", "x"], "b": ["3", "3"]} | {"a": ["1.10", "x"], "b": ["3", "3"], "y": ["3.30", null]} |
    | {"into": "x", "expression": "upper(x) + '-' + text(length(x))"} | ["ab", "", null] | ["AB-2", "-0", null] |
    | {"into": "y", "expression": "if_else(year(date(`a b`)) >= 2025, 'new', 'old')"} | {"a b": ["2025-04-03", "1999-01-01", "?"]} | {"a b": ["2025-04-03", "1999-01-01", "?"], "y": ["new", "old", "old"]} |
    | {"into": "y", "expression": "round(decimal(x, 2) / 3, 2)"} | ["10", "-0.01", "1.005"] | {"x": ["10", "-0.01", "1.005"], "y": ["3.33", "0.00", null]} |
    """  # noqa: E501  an example stands on one line

    step: Literal["derive"] = "derive"
    into: Name
    """The column to write, which is made where there is none."""
    expression: Annotated[str, AfterValidator(_readable)]
    """The expression, for example ``decimal(price, 2) * integer(quantity)``."""

    change: ClassVar[Change] = "value"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the columns stand in the expression
        """Name the columns of the expression."""
        return compiled(self.expression).columns

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the column is declared
        """Name the derived column."""
        return (self.into,)

    def names_after(self, names: Sequence[str]) -> tuple[str, ...]:
        """Add the column at the end where there is none."""
        return tuple(names) if self.into in names else (*names, self.into)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Calculate the column."""
        return replaced(data, self.into, compiled(self.expression).cells(data))
