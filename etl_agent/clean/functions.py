"""The functions and operators of expressions: a closed table, each with the kinds that it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow.compute as pc

from etl_agent.clean import arithmetic
from etl_agent.clean import operations as op
from etl_agent.clean.kernels import upper
from etl_agent.clean.typed import BOOLEAN, DATE, INTEGER, TIMESTAMP, Maker
from etl_agent.shape import TEXT

__all__ = ["FUNCTIONS", "OPERATORS", "Function"]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language.

    Args:
        usage: how it is written; dots after the last argument say that it may be repeated.
        meaning: what it gives.
        takes: the kind of each argument: text, number, boolean, date (also a timestamp), timestamp, any; with ``=`` in
            front it is written in the expression itself.
        make: makes the term, the arguments' kinds being right.
        least: arguments that there must be, where not all are needed.
    """

    usage: str
    meaning: str
    takes: tuple[str, ...]
    make: Maker
    least: int | None = None

    def suits(self, count: int) -> bool:
        """Say whether there may be so many arguments."""
        least = len(self.takes) if self.least is None else self.least
        return least <= count and ("..." in self.usage or count <= len(self.takes))


OPERATORS: Mapping[str, Function] = {
    "+": Function("a + b", "The sum of numbers, or two texts in a row.", ("any", "any"), op.plus),
    "-": Function("a - b", "The difference of numbers.", ("number", "number"), arithmetic.summed(pc.subtract)),
    "*": Function("a * b", "The product of numbers.", ("number", "number"), arithmetic.times),
    "/": Function(
        "a / b", "The quotient, null where b is 0; round() says how many places.", ("number", "number"), arithmetic.over
    ),
    "-x": Function("-a", "The number with the other sign.", ("number",), arithmetic.negative),
    "==": Function("a == b", "Whether two values are equal.", ("any", "any"), op.compared(pc.equal)),
    "!=": Function("a != b", "Whether two values differ.", ("any", "any"), op.compared(pc.not_equal)),
    "<": Function("a < b", "Whether a comes before b.", ("any", "any"), op.compared(pc.less)),
    "<=": Function("a <= b", "Whether a is b or comes before it.", ("any", "any"), op.compared(pc.less_equal)),
    ">": Function("a > b", "Whether a comes after b.", ("any", "any"), op.compared(pc.greater)),
    ">=": Function("a >= b", "Whether a is b or comes after it.", ("any", "any"), op.compared(pc.greater_equal)),
    "in": Function("a in (b, ...)", "Whether a is one of the values.", ("any", "any"), op.one_of, least=2),
    "and": Function("a and b", "Whether both are true.", ("boolean", "boolean"), op.simple(BOOLEAN, pc.and_kleene)),
    "or": Function("a or b", "Whether one of them is true.", ("boolean", "boolean"), op.simple(BOOLEAN, pc.or_kleene)),
    "not": Function("not a", "Whether it is false.", ("boolean",), op.simple(BOOLEAN, pc.invert)),
}
"""The operators, by their sign or word."""

FUNCTIONS: Mapping[str, Function] = {
    "integer": Function("integer(x)", "A whole number of up to 19 digits.", ("any",), op.cast(INTEGER)),
    "decimal": Function("decimal(x, places)", "An exact number with so many places.", ("any", "=number"), op.decimal),
    "boolean": Function("boolean(x)", "true or false.", ("any",), op.cast(BOOLEAN)),
    "date": Function("date(x)", "A day, written 2025-04-03.", ("any",), op.cast(DATE)),
    "timestamp": Function("timestamp(x)", "A time, written 2025-04-03 12:30:00.", ("any",), op.cast(TIMESTAMP)),
    "text": Function("text(x)", "The value as text.", ("any",), op.as_text),
    "upper": Function("upper(text)", "The text in capitals.", ("text",), op.simple(TEXT, upper)),
    "lower": Function("lower(text)", "The text in small letters.", ("text",), op.simple(TEXT, pc.utf8_lower)),
    "trim": Function(
        "trim(text)", "The text without blanks around it.", ("text",), op.simple(TEXT, pc.utf8_trim_whitespace)
    ),
    "length": Function("length(text)", "How many characters it has.", ("text",), op.counted(pc.utf8_length)),
    "substring": Function(
        "substring(text, start, count)",
        "Characters from start, counted from 1, or from -1 at the end.",
        ("text", "=number", "=number"),
        op.substring,
        least=2,
    ),
    "pad_left": Function(
        "pad_left(text, width, fill)", "The text filled in front.", ("text", "=number", "=text"), op.padded
    ),
    "replace": Function(
        "replace(text, old, new)",
        "The text with every old piece replaced.",
        ("text", "=text", "=text"),
        op.with_text(TEXT, pc.replace_substring),
    ),
    "replace_pattern": Function(
        "replace_pattern(text, pattern, new)",
        "The text with all that an RE2 pattern finds replaced.",
        ("text", "=text", "=text"),
        op.pattern(TEXT, pc.replace_substring_regex),
    ),
    "matches": Function(
        "matches(text, pattern)",
        "Whether an RE2 pattern finds something.",
        ("text", "=text"),
        op.pattern(BOOLEAN, pc.match_substring_regex),
    ),
    "contains": Function(
        "contains(text, piece)",
        "Whether a piece stands in the text.",
        ("text", "=text"),
        op.with_text(BOOLEAN, pc.match_substring),
    ),
    "starts_with": Function(
        "starts_with(text, piece)",
        "Whether the text begins with a piece.",
        ("text", "=text"),
        op.with_text(BOOLEAN, pc.starts_with),
    ),
    "ends_with": Function(
        "ends_with(text, piece)",
        "Whether the text ends with a piece.",
        ("text", "=text"),
        op.with_text(BOOLEAN, pc.ends_with),
    ),
    "round": Function(
        "round(number, places)",
        "The number with so many places, halves away from zero.",
        ("number", "=number"),
        arithmetic.rounded("half_towards_infinity"),
        least=1,
    ),
    "floor": Function(
        "floor(number)", "The greatest whole number that is not greater.", ("number",), arithmetic.rounded("down")
    ),
    "ceil": Function("ceil(number)", "The least whole number that is not less.", ("number",), arithmetic.rounded("up")),
    "abs": Function("abs(number)", "The number without its sign.", ("number",), arithmetic.absolute),
    "least": Function(
        "least(a, ...)",
        "The least of the values; null if one of them is.",
        ("any",),
        op.extreme(pc.min_element_wise),
        least=1,
    ),
    "greatest": Function(
        "greatest(a, ...)",
        "The greatest of the values; null if one of them is.",
        ("any",),
        op.extreme(pc.max_element_wise),
        least=1,
    ),
    "coalesce": Function("coalesce(a, ...)", "The first value that is not null.", ("any",), op.coalesce, least=1),
    "if_else": Function(
        "if_else(condition, a, b)", "a where the condition is true, else b.", ("boolean", "any", "any"), op.if_else
    ),
    "null_if": Function("null_if(a, b)", "null where a is b, else a.", ("any", "any"), op.null_if),
    "is_null": Function("is_null(a)", "Whether there is no value.", ("any",), op.simple(BOOLEAN, pc.is_null)),
    "year": Function("year(date)", "The year.", ("date",), op.counted(pc.year)),
    "month": Function("month(date)", "The month, 1 to 12.", ("date",), op.counted(pc.month)),
    "day": Function("day(date)", "The day of the month.", ("date",), op.counted(pc.day)),
    "weekday": Function(
        "weekday(date)",
        "The day of the week, 1 for Monday to 7.",
        ("date",),
        op.counted(lambda d: pc.day_of_week(d, count_from_zero=False)),
    ),
    "hour": Function("hour(timestamp)", "The hour, 0 to 23.", ("timestamp",), op.counted(pc.hour)),
    "minute": Function("minute(timestamp)", "The minute, 0 to 59.", ("timestamp",), op.counted(pc.minute)),
    "days_between": Function("days_between(start, end)", "Days from one date to the other.", ("date", "date"), op.days),
}
"""The functions, by their names."""
