"""What a column means: its semantic kind with its format, told from its facts, however dirty it is."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from etl_agent.profile.currencies import CURRENCY_CODES, CURRENCY_SIGN, CURRENCY_WORDS
from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.words import TRUTHS

__all__ = ["ENOUGH", "ColumnKind", "Kind", "column_kind", "kind_of"]

Kind = Literal[
    "empty",
    "constant",
    "identifier",
    "category",
    "integer",
    "number",
    "money",
    "percent",
    "quantity",
    "date",
    "time",
    "timestamp",
    "boolean",
    "email",
    "phone",
    "url",
    "postal_code",
    "text",
]
"""empty: no value at all. constant: one value. identifier: codes that hardly repeat, and numbers that repeat less than
measures do by chance. category: values that repeat. quantity: numbers with a unit. text: words that hardly repeat."""

ENOUGH = 0.8
"""The share of the cells that must fit a kind. Cells that do not fit are dirt, or the kind is wrong: one dirty cell in
five is much, while a column where more than that does not fit rather holds things of two kinds, which nothing should
read as one."""

_REPEATED = 0.5  # distinct values by cells: below it a value stands in more than two cells on the mean
_OWN = 0.95  # distinct values by cells of an identifier: some rows stand twice in a dirty table
_FRACTIONS = 0.01  # share of odd numbers, such as those with a fraction, from which on they are no slips of the pen
_SURPRISE = 3.0  # standard deviations by which repetitions must be fewer than chance gives
_NAME_DIGITS = 6  # digits of a number that is rather a name than a measure, if all have as many
_UNITS = 3  # units of a quantity: codes like 12A have many letters behind their digits

_PERCENT = re.compile(r"#\s?(?:%|‰|percent|pct\.?|per cent)", re.IGNORECASE)
_MONEY = re.compile(
    rf"(?:{CURRENCY_WORDS})?\.?\s?#\s?(?:{CURRENCY_WORDS})?\.?"
    rf"|(?:[A-Z]{{0,3}}{CURRENCY_SIGN}|{CURRENCY_CODES})?\s?#\s?(?:{CURRENCY_SIGN}|{CURRENCY_CODES})?"
)
_ORDINAL = re.compile(r"#\s?(?:st|nd|rd|th|º|ª)", re.IGNORECASE)
_CODE = re.compile(r"9{3,}[Aa]")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_POSTAL_WORDS = frozenset({"zip", "zipcode", "postal", "postcode", "plz", "postalcode", "pincode", "cap", "cep"})
_PHONE_WORDS = frozenset({"phone", "telephone", "tel", "mobile", "fax", "cell", "phonenumber", "telefon", "handy"})
_KEY_WORDS = frozenset({"id", "key", "code", "uuid", "guid", "isbn", "issn", "ssn", "vin", "sku", "ean", "upc", "nr"})


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """What a column means.

    Args:
        kind: the semantic kind.
        share: share (0 to 1) of the cells that fit it, of those that have a value and hold no null spelling.
        formats: how the cells that fit are written, the most frequent first: strftime words of dates (``?/?/%Y`` where
            nothing tells whether day or month is first), ``1.234,56`` for numbers, ``yes/no`` for truth values.
        unit: the unit, currency or sign that stands with most numbers.
        doubt: whether the formats leave two readings open.
    """

    kind: Kind
    share: float = 1.0
    formats: tuple[str, ...] = ()
    unit: str | None = None
    doubt: bool = False


def kind_of(facts: ColumnFacts, *, name: str = "") -> Kind:
    """Tell the kind of a column from its facts."""
    return column_kind(facts, name=name).kind


def column_kind(facts: ColumnFacts, *, name: str = "") -> ColumnKind:
    """Tell the kind of a column, with how it is written.

    Null spellings (``N/A``, ``-``) are no evidence for or against a kind.

    Args:
        facts: the facts of the column.
        name: its header; it decides only where cells allow both (digits: a number, a postal code, a telephone).
    """
    cells = facts.values - sum(facts.null_spellings.counts.values())
    if cells <= 0:
        return ColumnKind("empty")
    distinct = min(max(facts.distinct.count - len(facts.null_spellings.counts), 1), cells)
    if distinct == 1 and facts.distinct.exact:
        return ColumnKind("constant")
    words = {word.lower() for word in _WORD.findall(name)}
    for found in _formed(facts, cells=cells, distinct=distinct, words=words):
        if found.share >= ENOUGH:
            return found
    return _lexical(facts, cells=cells, distinct=distinct)


def _formed(facts: ColumnFacts, *, cells: int, distinct: int, words: set[str]) -> Iterator[ColumnKind]:
    """Offer the kinds that have a form of their own, the narrowest first."""
    rows = facts.words.rows

    def share(count: int) -> float:
        return min(count / cells, 1.0)

    yield ColumnKind("email", share(rows.get("email", 0)))
    yield ColumnKind("url", share(rows.get("url", 0)))
    yield _boolean(facts, cells)
    dates, doubt = facts.moments.formats
    kind: Kind = "timestamp" if facts.moments.timed * 2 > facts.moments.rows else "date"
    yield ColumnKind(kind, share(facts.moments.rows), dates, doubt=doubt)
    yield ColumnKind("time", share(facts.moments.times))
    yield ColumnKind("phone", share(rows.get("phone plus", 0)))
    yield ColumnKind("postal_code", share(rows.get("postal letters", 0)))
    digits = rows.get("telephone digits", 0)
    if words & _PHONE_WORDS:
        yield ColumnKind("phone", share(rows.get("phone", 0) + digits))
    if words & _POSTAL_WORDS:
        yield ColumnKind("postal_code", share(sum(count for form, count in rows.items() if form.startswith("postal"))))
    numeric = share(facts.numerals.rows)
    if numeric >= ENOUGH and (found := _numeric(facts, cells=cells, distinct=distinct, words=words)):
        yield found
    yield ColumnKind("phone", share(rows.get("phone", 0)))


def _boolean(facts: ColumnFacts, cells: int) -> ColumnKind:
    truths = facts.words.truths
    pairs = {name: truths.get(f"{name}+", 0) + truths.get(f"{name}-", 0) for name in TRUTHS}
    sides = {mark for name in truths for mark in name[-1:]}
    if len(sides) < 2 or _other_numbers(facts) > _FRACTIONS * cells:
        return ColumnKind("boolean", 0.0)  # other numbers make a count of them
    found = sorted((name for name in pairs if pairs[name]), key=lambda name: -pairs[name])
    return ColumnKind("boolean", min(sum(pairs.values()) / cells, 1.0), tuple(found))


def _other_numbers(facts: ColumnFacts) -> int:
    """Count the numbers other than 0 and 1."""
    spread = facts.quantiles
    both = spread.exact & ((spread.numbers == 0) | (spread.numbers == 1))
    return spread.total - int(spread.rows[both].sum())


def _numeric(facts: ColumnFacts, *, cells: int, distinct: int, words: set[str]) -> ColumnKind | None:
    """Tell the kind of a column of numbers; None if they are rather parts of codes."""
    numerals = facts.numerals
    formats, doubt = numerals.formats
    share = min(numerals.rows / cells, 1.0)
    affixed = Counter[str]()
    units = Counter[str]()
    spellings = Counter[str]()
    for affix, rows in numerals.affixes.counts.items():
        if affix == "#":
            continue  # nothing but a sign stood around
        kind = _affix_kind(affix)
        affixed[kind] += rows
        units[f"{kind} {_unit(affix).casefold()}"] += rows
        spellings[_unit(affix)] += rows
    most, rows = max(affixed.items(), key=lambda pair: (pair[1], pair[0]), default=("", 0))
    if 2 * rows > numerals.rows:
        own = {unit.partition(" ")[2]: count for unit, count in units.most_common() if unit.startswith(f"{most} ")}
        if most == "code" or sum(sorted(own.values())[-_UNITS:]) < ENOUGH * rows or _numbered(facts, cells=cells):
            return None
        unit = next(iter(own))
        shown = next(spelling for spelling, _ in spellings.most_common() if spelling.casefold() == unit)
        return ColumnKind(most, share, formats, shown, doubt)  # type: ignore[arg-type]  # _affix_kind's words
    if _is_identifier(facts, cells=cells, distinct=distinct, words=words):
        return ColumnKind("identifier", share, formats)
    if numerals.fractions > _FRACTIONS * numerals.rows:
        return ColumnKind("number", share, formats, doubt=doubt)
    if numerals.padded > _FRACTIONS * numerals.rows:  # no measure is written with zeros in front
        return ColumnKind("identifier" if distinct >= _REPEATED * cells else "category", share, formats)
    return ColumnKind("integer", share, formats, doubt=doubt)


def _numbered(facts: ColumnFacts, *, cells: int) -> bool:
    """Tell whether most cells are a letter behind as many digits each, as codes are and measures are not."""
    ((pattern, rows),) = facts.patterns.top(1) or [("", 0)]
    return bool(_CODE.fullmatch(pattern)) and 2 * rows > cells


def _affix_kind(affix: str) -> Literal["percent", "money", "quantity", "code"]:
    if _PERCENT.fullmatch(affix):
        return "percent"
    if _MONEY.fullmatch(affix):
        return "money"
    if _ORDINAL.fullmatch(affix) or not affix.startswith("#"):
        return "code"
    return "quantity"


def _unit(affix: str) -> str:
    """Return the unit of an affix; spellings that differ in blanks and full stops are one."""
    return affix.replace("#", "").replace(".", "").strip()


def _is_identifier(facts: ColumnFacts, *, cells: int, distinct: int, words: set[str]) -> bool:
    """Tell whether numbers are names: every row has its own, which measures have only by chance."""
    numerals, quantiles = facts.numerals, facts.quantiles
    if distinct < _OWN * cells or numerals.fractions > _FRACTIONS * numerals.rows:
        return False
    if words & _KEY_WORDS or numerals.padded > _FRACTIONS * numerals.rows:
        return True  # no measure is written with zeros in front
    ((pattern, rows),) = facts.patterns.top(1) or [("", 0)]
    if len(pattern) >= _NAME_DIGITS and not pattern.strip("9") and rows >= ENOUGH * cells:
        return True
    low, high = quantiles.at(0.05), quantiles.at(0.95)
    if low is None or high is None:
        return False
    # Birthdays: cells drawn evenly from a span of whole numbers would repeat so many times.
    chance = cells**2 / (2 * ((high - low) / 0.9 + 1))
    return bool(cells - distinct < chance - _SURPRISE * math.sqrt(chance))


def _lexical(facts: ColumnFacts, *, cells: int, distinct: int) -> ColumnKind:
    """Tell codes, categories and free text apart."""
    coded = min(facts.words.rows.get("coded", 0) / cells, 1.0)
    if distinct < _REPEATED * cells:
        return ColumnKind("category")
    return ColumnKind("identifier", coded) if coded >= ENOUGH else ColumnKind("text")
