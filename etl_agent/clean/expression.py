"""The language of derived columns: text is read into a tree of values, cells and calls, and nothing is ever run.

expression = conjunction { "or" conjunction }
conjunction = negation { "and" negation }
negation   = "not" negation | comparison
comparison = sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=") sum
                 | [ "not" ] "in" "(" expression { "," expression } ")"
                 | "is" [ "not" ] "null" ]
sum        = product { ("+" | "-") product }
product    = sign { ("*" | "/") sign }
sign       = "-" sign | atom
atom       = number | text | "true" | "false" | "null" | column
           | name "(" [ expression { "," expression } ] ")" | "(" expression ")"
number     = digits [ "." digits ]                    exact, never a float
text       = "'" characters "'" | '"' characters '"'  a doubled quote stands for one; a backslash for itself
column     = name | "`" characters "`"                the second for names with blanks and signs
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from etl_agent.clean.tokens import Token, tokens, wrong
from etl_agent.errors import ConfigurationError

__all__ = ["Call", "Cell", "Node", "Value", "columns_of", "parse"]

_LONGEST = 4000  # characters
_DEEPEST = 25  # nested parentheses and calls: each costs the parser eight frames of Python's stack
_MOST = 150  # calls and operators: each costs a reader of the tree a few frames

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_WORDS = ("and", "or", "not", "in", "is")
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Value:
    """A value that stands in the expression itself."""

    value: str | Decimal | bool | None
    at: int


@dataclass(frozen=True, slots=True)
class Cell:
    """The cell of a column."""

    column: str
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator, by its name or sign, and what it is given."""

    name: str
    given: tuple[Node, ...]
    at: int


Node = Value | Cell | Call


def parse(text: str) -> Node:
    """Read an expression.

    >>> parse("a + 1").name
    '+'

    Raises:
        ConfigurationError: it does not follow the grammar; the place is named.
    """
    if len(text) > _LONGEST:
        raise ConfigurationError(f"the expression is longer than {_LONGEST:,} characters")
    parser = _Parser(text)
    node = parser.expression()
    if parser.token.kind != "end":
        parser.fail(f"nothing can follow here but an operator, and {parser.token.text!r} is none")
    return node


def columns_of(node: Node) -> tuple[str, ...]:
    """Name the columns of an expression, each once, in the order in which they stand."""
    return tuple(dict.fromkeys(_columns(node)))


def _columns(node: Node) -> Iterator[str]:
    if isinstance(node, Cell):
        yield node.column
    elif isinstance(node, Call):
        for part in node.given:
            yield from _columns(part)


class _Parser:
    """Reads tokens from left to right, one method a rule of the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.token = next(self.tokens)
        self.depth = 0
        self.calls = 0

    def fail(self, what: str, *, at: int | None = None) -> NoReturn:
        """Refuse the expression at the current token."""
        raise wrong(what, text=self.text, at=self.token.at if at is None else at)

    def advance(self) -> Token:
        """Take the current token."""
        taken, self.token = self.token, next(self.tokens, self.token)
        return taken

    def takes(self, *words: str) -> bool:
        """Say whether the current token is one of these words or signs."""
        return self.token.kind in ("name", "sign") and self.token.text in words

    def expect(self, sign: str) -> None:
        """Take a sign that must stand here."""
        if not self.takes(sign):
            found = repr(self.token.text) if self.token.text else "the end"
            self.fail(f"{sign!r} is missing before {found}")
        self.advance()

    def call(self, name: str, *given: Node, at: int) -> Call:
        """Make a call, unless there are too many."""
        self.calls += 1
        if self.calls > _MOST:
            self.fail(f"more than {_MOST} operators and functions: use several derive steps", at=at)
        return Call(name, given, at)

    def expression(self) -> Node:
        """Read what ``or`` joins."""
        self.depth += 1
        if self.depth > _DEEPEST:
            self.fail(f"more than {_DEEPEST} levels are nested here")
        node = self.conjunction()
        while self.takes("or"):
            at = self.advance().at
            node = self.call("or", node, self.conjunction(), at=at)
        self.depth -= 1
        return node

    def conjunction(self) -> Node:
        """Read what ``and`` joins."""
        node = self.negation()
        while self.takes("and"):
            at = self.advance().at
            node = self.call("and", node, self.negation(), at=at)
        return node

    def negation(self) -> Node:
        """Read ``not``, any number of times."""
        places = []
        while self.takes("not"):
            places.append(self.advance().at)
        node = self.comparison()
        for at in reversed(places):
            node = self.call("not", node, at=at)
        return node

    def comparison(self) -> Node:
        """Read one comparison: they do not chain."""
        node, at = self.sum(), self.token.at
        if self.takes(*_COMPARISONS):
            node = self.call(self.advance().text, node, self.sum(), at=at)
            if self.takes(*_COMPARISONS):
                self.fail("comparisons do not chain: join two of them with 'and'")
        elif self.takes("is"):
            self.advance()
            negated = self.word("not")
            self.expect("null")
            node = self.call("is_null", node, at=at)
            node = self.call("not", node, at=at) if negated else node
        elif self.takes("in", "not"):
            negated = self.word("not")
            self.expect("in")
            self.expect("(")
            node = self.call("in", node, *self.listed(), at=at)
            node = self.call("not", node, at=at) if negated else node
        return node

    def word(self, word: str) -> bool:
        """Take a word if it stands here, and say whether it did."""
        if self.takes(word):
            self.advance()
            return True
        return False

    def sum(self) -> Node:
        """Read what ``+`` and ``-`` join."""
        node = self.product()
        while self.takes("+", "-"):
            sign = self.advance()
            node = self.call(sign.text, node, self.product(), at=sign.at)
        return node

    def product(self) -> Node:
        """Read what ``*`` and ``/`` join."""
        node = self.sign()
        while self.takes("*", "/"):
            sign = self.advance()
            node = self.call(sign.text, node, self.sign(), at=sign.at)
        return node

    def sign(self) -> Node:
        """Read a minus, any number of times; one before a number is part of it."""
        places = []
        while self.takes("-"):
            places.append(self.advance().at)
        node = self.atom()
        for at in reversed(places):
            if isinstance(node, Value) and isinstance(node.value, Decimal):
                node = Value(-node.value, at)
            else:
                node = self.call("-x", node, at=at)
        return node

    def atom(self) -> Node:
        """Read a value, a column, a call or something in parentheses."""
        token = self.token
        if token.kind == "number":
            return Value(Decimal(self.advance().text), token.at)
        if token.kind in ("text", "column"):
            quote = token.text[0]
            content = self.advance().text[1:-1].replace(quote * 2, quote)
            return Value(content, token.at) if token.kind == "text" else Cell(content, token.at)
        if self.takes("("):
            self.advance()
            node = self.expression()
            self.expect(")")
            return node
        if token.kind == "name":
            return self.named()
        return self.fail(f"a value is missing before {token.text!r}" if token.text else "a value is missing at the end")

    def named(self) -> Node:
        """Read what begins with a name: a constant, a call or a column."""
        token = self.advance()
        if token.text in _CONSTANTS:
            return Value(_CONSTANTS[token.text], token.at)
        if token.text in _WORDS:
            self.fail(f"{token.text!r} cannot begin a value", at=token.at)
        if token.text in ("True", "False", "None"):
            word = "null" if token.text == "None" else token.text.lower()
            self.fail(f"write {word!r} for {token.text!r}, or `{token.text}` for a column of that name", at=token.at)
        if self.takes("("):
            self.advance()
            return self.call(token.text, *self.listed(), at=token.at)
        return Cell(token.text, token.at)

    def listed(self) -> tuple[Node, ...]:
        """Read what stands between parentheses, the first of them taken."""
        given: list[Node] = []
        while not self.takes(")"):
            if given:
                self.expect(",")
            given.append(self.expression())
        self.advance()
        return tuple(given)
