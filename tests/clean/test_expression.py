"""The grammar of expressions: what is read, and how mistakes are named."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.clean.expression import Call, Cell, Value, columns_of, parse
from etl_agent.errors import ConfigurationError


def written(text: str) -> str:
    """Write a tree with all its parentheses."""

    def of(node: object) -> str:
        if isinstance(node, Value):
            return repr(node.value) if not isinstance(node.value, Decimal) else str(node.value)
        if isinstance(node, Cell):
            return node.column
        assert isinstance(node, Call)
        return f"({' '.join([node.name, *map(of, node.given)])})"

    return of(parse(text))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b * c - d", "(- (+ a (* b c)) d)"),
        ("a - b - c", "(- (- a b) c)"),
        ("a or b and not c", "(or a (and b (not c)))"),
        ("not a == b", "(not (== a b))"),
        ("a + 1 < b * 2", "(< (+ a 1) (* b 2))"),
        ("(a + b) * c", "(* (+ a b) c)"),
        ("-a * b", "(* (-x a) b)"),
        ("--1", "1"),
        ("a not in ('x', 'y')", "(not (in a 'x' 'y'))"),
        ("a is not null or b is null", "(or (not (is_null a)) (is_null b))"),
        ("f(a, g(), 'x')", "(f a (g) 'x')"),
        ("`Unit Price` + größe", "(+ Unit Price größe)"),
        ("`a``b`", "a`b"),
        ("'it''s' + \"\\d\"", "(+ \"it's\" '\\\\d')"),
        ("true and null", "(and True None)"),
        ("1.50\n + \t2", "(+ 1.50 2)"),
    ],
)
def test_trees(text: str, tree: str) -> None:
    """Operators bind as arithmetic and logic have it, and group from the left."""
    assert written(text) == tree


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("", 1, "a value is missing at the end"),
        ("a +", 4, "a value is missing at the end"),
        ("a = 1", 3, "write '=='"),
        ("a <> 1", 3, "write '!='"),
        ("a && b", 3, "write 'and'"),
        ("a < b < c", 7, "do not chain"),
        ("(a", 3, "')' is missing before the end"),
        ("f(a b)", 5, "',' is missing before 'b'"),
        ("a b", 3, "nothing can follow"),
        ("'open", 1, "never closed"),
        ("True", 1, "write 'true'"),
        ("None", 1, "write 'null'"),
        ("a is nul", 6, "'null' is missing"),
        ("and", 1, "cannot begin a value"),
        ("a.b", 2, "means nothing here"),
        ("a[0]", 2, "means nothing here"),
        ("a; b", 2, "means nothing here"),
        ("lambda: 0", 7, "means nothing here"),
        ("f'{a}'", 2, "nothing can follow"),
        ("[x for x in a]", 1, "means nothing here"),
    ],
)
def test_mistakes_name_their_place(text: str, place: int, what: str) -> None:
    """A mistake gives the character where it stands and what to write."""
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    assert what in str(caught.value)
    assert f"character {place} of the expression" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["(" * 3000, "f(" * 1500, "+".join("a" * 1500), "not " * 900 + "a", "-" * 3999 + "a", "a" * 5000]
)
def test_hostile_sizes_are_refused(text: str) -> None:
    """Depth and length are bounded, so that no expression can exhaust the stack."""
    with pytest.raises(ConfigurationError):
        parse(text)


@given(st.text(st.sampled_from("ab1.'\"`()+-*/<>=!, andortiu_é\\"), max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever stands there, the answer is a tree or a typed error."""
    try:
        parse(text)
    except ConfigurationError as error:
        assert error.where is not None


def test_columns_are_named_once() -> None:
    """Columns come in the order in which they stand, each once; functions are none."""
    assert columns_of(parse("f(b, a) + b + `c d`")) == ("b", "a", "c d")
