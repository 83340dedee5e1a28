"""Derived columns: exact, typed, and the same whatever rows stand beside a row."""

from calendar import monthrange
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from etl_agent.clean.derive import Derive, compiled
from etl_agent.clean.functions import FUNCTIONS
from etl_agent.errors import ConfigurationError


def calculate(expression: str, **columns: list[str | None]) -> list[str | None]:
    """Calculate a column."""
    rows = len(next(iter(columns.values()))) if columns else 1
    data = pa.RecordBatch.from_pydict({n: pa.array(c, pa.string()) for n, c in (columns or {"_": [None]}).items()})
    cells = compiled(expression).cells(data)
    assert cells.type == pa.string()
    assert len(cells) == rows
    return cells.to_pylist()


def one(expression: str, x: str | None = None) -> str | None:
    """Calculate one cell."""
    return calculate(expression, x=[x])[0]


cents = st.decimals(min_value=-(10**15), max_value=10**15, places=2)


@given(cents, cents)
@settings(max_examples=60, deadline=None)
def test_arithmetic_is_exact(a: Decimal, b: Decimal) -> None:
    """Sums, differences and products are those of exact decimals, to the last digit."""
    columns = {"a": [str(a)], "b": [str(b)]}
    with localcontext() as context:
        context.prec = 100
        for sign, want in (("+", a + b), ("-", a - b), ("*", a * b)):
            got = calculate(f"decimal(a, 2) {sign} decimal(b, 2)", **columns)[0]
            assert got is not None
            assert Decimal(got) == want


@given(cents, cents, st.integers(0, 18))
@settings(max_examples=60, deadline=None)
def test_quotients_round_as_the_true_value(a: Decimal, b: Decimal, places: int) -> None:
    """A rounded quotient is the exact one, rounded once with halves away from zero; by zero it is null."""
    got = calculate(f"round(decimal(a, 2) / decimal(b, 2), {places})", a=[str(a)], b=[str(b)])[0]
    if b == 0:
        assert got is None
        return
    with localcontext() as context:
        context.prec = 200
        want = (a / b).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    assert got is not None
    assert Decimal(got) == want
    assert len(got.partition(".")[2]) == places


def test_literal_quotients_are_not_cut_short() -> None:
    """A quotient of short numbers has places enough for any rounding."""
    assert one("round(1 / 3, 18)") == "0." + "3" * 18
    assert one("round(2 / 3, 6)") == "0.666667"


@pytest.mark.parametrize(
    ("cell", "want"),
    [("1.5", "1.50"), ("-0.01", "-0.01"), ("+7", "7.00"), ("007", "7.00"), ("1.500", "1.50"), ("-0.00", "0.00")]
    + [(c, None) for c in ("", " 1", "1,5", "1e5", "1.505", ".5", "5.", "--1", "1_0", "NaN", "inf", "٣", "1" * 19)],
)
def test_decimals_are_read_exactly_or_not_at_all(cell: str, want: str | None) -> None:
    """A cell that is no plain number, or needs more places than declared, is null: never rounded, never guessed."""
    assert one("decimal(x, 2)", cell) == want


@pytest.mark.parametrize(
    ("cell", "want"),
    [("9223372036854775807", "9223372036854775807"), ("5.00", "5"), ("0012", "12"), ("5.01", None), ("1" * 20, None)],
)
def test_integers(cell: str, want: str | None) -> None:
    """A whole number has up to 19 digits."""
    assert one("integer(x)", cell) == want


@pytest.mark.parametrize("cell", ["0.0000001", "-0.000000123", "0.000000000000000001", "1.0000000", "0.0000000"])
def test_small_numbers_are_written_out(cell: str) -> None:
    """No number is ever written with an exponent."""
    got = one("decimal(x, 18)", cell)
    assert got is not None
    assert "E" not in got
    assert Decimal(got) == Decimal(cell)


days = st.dates(date(1, 1, 1), date(9999, 12, 31))


@given(days, st.integers(28, 31))
@settings(max_examples=60, deadline=None)
def test_dates_are_those_of_the_calendar(day: date, number: int) -> None:
    """Days that the calendar has are read, and the others are null, also side by side."""
    written = f"{day.year:04}-{day.month:02}-{number:02}"
    exists = number <= monthrange(day.year, day.month)[1]
    assert calculate("date(x)", x=[written, day.isoformat()]) == [written if exists else None, day.isoformat()]
    assert one("text(year(date(x))) + '/' + text(month(date(x))) + '/' + text(day(date(x)))", day.isoformat()) == (
        f"{day.year}/{day.month}/{day.day}"
    )
    assert one("weekday(date(x))", day.isoformat()) == str(day.isoweekday())


@pytest.mark.parametrize(
    ("cell", "want"),
    [
        ("2025-04-03 12:30:00", "2025-04-03 12:30:00"),
        ("2025-04-03T12:30:00.250000", "2025-04-03 12:30:00.25"),
        ("2025-04-03", "2025-04-03 00:00:00"),
        ("2025-04-03 24:00:00", None),
        ("2025-04-03 12:30:00Z", None),
        ("2025-02-29 12:30:00", None),
        ("0000-01-01 00:00:00", None),
        ("2025-4-3", None),
    ],
)
def test_timestamps(cell: str, want: str | None) -> None:
    """Canonical times are read and written to the digit; others are null."""
    assert one("timestamp(x)", cell) == want


@pytest.mark.parametrize(
    ("expression", "x", "want"),
    [
        ("if_else(x == 'a', 'yes', 'no')", None, "no"),
        ("x == 'a'", None, None),
        ("x == 'a' or true", None, "true"),
        ("x == 'a' and false", None, "false"),
        ("not (x == 'a')", None, None),
        ("x is null", None, "true"),
        ("x is null", "", "false"),
        ("x in ('a', 'b')", "b", "true"),
        ("x in ('a', 'b')", None, None),
        ("coalesce(x, '-')", None, "-"),
        ("coalesce(null_if(x, ''), '-')", "", "-"),
        ("least(integer(x), 3)", "5", "3"),
        ("greatest(integer(x), 3.5)", "5", "5.0"),
        ("x + '!'", None, None),
        ("length(x)", "日本", "2"),
        ("upper(x)", "straße", "STRAßE"),
        ("substring(x, 2)", "日本語", "本語"),
        ("substring(x, 2, 1)", "日本語", "本"),
        ("substring(x, -2)", "abc", "bc"),
        ("substring(x, -3, 2)", "abcd", "bc"),
        ("replace(x, '.', '')", "1.2.3", "123"),
        ("replace_pattern(x, '(.)-(.)', '\\2\\1')", "a-b", "ba"),
        ("matches(x, '^\\d+$')", "123", "true"),
        ("contains(x, '%')", "5%", "true"),
        ("starts_with(x, 'a') and ends_with(x, 'c')", "abc", "true"),
        ("pad_left(x, 5, '0')", "42", "00042"),
        ("round(decimal(x, 3), 2)", "1.005", "1.01"),
        ("round(decimal(x, 3), 2)", "-1.005", "-1.01"),
        ("floor(decimal(x, 1))", "-1.5", "-2"),
        ("ceil(decimal(x, 1))", "-1.5", "-1"),
        ("abs(integer(x))", "-5", "5"),
        ("days_between(date(x), date('2025-03-01'))", "2024-02-28", "367"),
        ("hour(timestamp(x)) * 60 + minute(timestamp(x))", "2025-01-01 02:05:00", "125"),
        ("date(x) < date('2025-01-01')", "2024-12-31", "true"),
        ("boolean(x)", "yes", None),
        ("null", "a", None),
        ("-decimal(x, 1) + 0.25", "1.5", "-1.25"),
    ],
)
def test_functions(expression: str, x: str | None, want: str | None) -> None:
    """Functions and operators give what their descriptions say, also for null."""
    assert one(expression, x) == want


@pytest.mark.parametrize(
    ("expression", "place", "what"),
    [
        ("upper(1)", 7, "text(x)"),
        ("x * 2", 1, "integer(x) or decimal(x, 2)"),
        ("x == 1", 3, "do not mix"),
        ("1 + 'a'", 5, "not a number"),
        ("uper(x)", 1, "valid: upper"),
        ("decimal(x)", 1, "decimal(x, places)"),
        ("decimal(x, 19)", 12, "from 0 to 18"),
        ("decimal(1.555, 2)", 9, "only round(x, 2) may cut"),
        ("integer(true)", 9, "cannot be read as"),
        ("if_else(x, 1, 2)", 9, "boolean(x)"),
        ("if_else(true, 1, 'a')", 1, "do not mix"),
        ("year(x)", 6, "date(x)"),
        ("replace(x, x, 'a')", 12, "written here"),
        ("substring(x, 0)", 14, "counted from 1"),
        ("matches(x, '(')", 12, "RE2"),
        ("coalesce()", 1, "0 arguments"),
        ("decimal(x,2) * decimal(x,2) * decimal(x,2) * decimal(x,2)", 44, "76 is the most"),
        ("__import__('os')", 1, "no function"),
        ("eval('1')", 1, "no function"),
    ],
)
def test_wrong_kinds_are_refused_before_any_row(expression: str, place: int, what: str) -> None:
    """A part of the wrong kind is named with its place and with what to write."""
    with pytest.raises(ConfigurationError) as caught:
        compiled(expression)
    assert what in str(caught.value)
    assert f"character {place} of the expression" in str(caught.value)


def test_a_bad_expression_is_a_mistake_of_the_spec() -> None:
    """The step cannot be made with an expression that cannot be calculated."""
    with pytest.raises(ValidationError, match="no function 'uper'"):
        Derive(into="y", expression="uper(x)")


def test_names_are_columns_and_nothing_else() -> None:
    """Python's own names and this package's mean nothing: they are columns that must be there."""
    assert Derive(into="y", expression="__builtins__ + per_value").reads([]) == ("__builtins__", "per_value")


def test_a_column_may_be_replaced_by_its_own_value() -> None:
    """The column that is written may be read."""
    data = pa.RecordBatch.from_pydict({"x": pa.array(["1", "2"])})
    assert Derive(into="x", expression="integer(x) + 1").apply(data).to_pydict() == {"x": ["2", "3"]}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_described(name: str) -> None:
    """A function's usage begins with its name, and its meaning is a sentence."""
    assert FUNCTIONS[name].usage.startswith(f"{name}(")
    assert FUNCTIONS[name].meaning.endswith(".")


def test_largest_expression_runs() -> None:
    """An expression at the limit of its size is calculated without exhausting the stack."""
    assert one(" + ".join(["'a'"] * 151)) == "a" * 151
