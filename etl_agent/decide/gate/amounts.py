"""Numbers as people write them: read as the number that another text is."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation

from etl_agent.decide.gate.conversions import conversion_targets
from etl_agent.decide.gate.reading import Reading, Relation

__all__ = ["NUMBER", "number_reading", "same_sign"]

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
"""A number in canonical text."""

_AMOUNT = re.compile(r"([^\d.,]{0,12})([.,]?\d(?:[\d.,'\u2019 ]*\d)?)([^\d.,][^\d]{0,23})?\.?")
_BINARY = 2.0**-44  # of a number: 53 bits are kept, and sums and products lose some of them


def number_reading(before: str, after: str) -> Reading | None:
    """Read a text as the number that the other one is; None if it is not.

    Args:
        before: the text before.
        after: the text after. If it has other marks than a plain number, the text before must be a plain number.
    """
    if NUMBER.fullmatch(after):
        return _plain(before, after)
    if not NUMBER.fullmatch(before):
        return None
    back = _plain(after, before)
    if back is None or back.relation != "number" or not (back.decimal or back.groups):
        return None
    certain = not re.fullmatch(r"-?[1-9]\d{0,2}\.\d{3}", before)  # which may be a group of thousands
    return Reading("number", decimal=back.decimal, groups=back.groups, certain=certain, into="marks")


def same_sign(before: str, after: str) -> bool:
    """Tell whether two texts are no amounts, or amounts with the same sign, digits and marks."""
    return _amount(before) == _amount(after)


def _plain(before: str, after: str) -> Reading | None:
    if before.isdigit() and after.isdigit() and before.lstrip("0") == after.lstrip("0"):
        return Reading("zeros")
    found = _AMOUNT.fullmatch(before.replace("\u2212", "-"))
    if found is None:
        return _same_number(before, after)
    ahead, body, behind = found[1], found[2], found[3] or ""
    negative = _negative(ahead, behind)
    affix = "".join(sign for sign in ahead + behind if sign not in "+-() ")
    if any(sign.isalpha() for sign in ahead) and not _currency(ahead):
        return None  # a code like AB12 is not an amount with a unit in front
    marks = _marks(body, after.removeprefix("-"))
    if marks is None or (negative != after.startswith("-") and set(after) & set("123456789")):
        return _converted(before, body, affix, after) or _same_number(before, after)
    decimal, groups = marks
    relation: Relation = "unit" if affix else "number"
    certain = _certain(body, decimal, groups)
    return Reading(relation, decimal=decimal, groups=groups, certain=certain, affix=affix.casefold())


def _certain(body: str, decimal: str, groups: str) -> bool:
    """Tell whether digits and marks can be read in one way only: three digits behind a lone mark can be a group."""
    if decimal and groups:
        return True
    if groups:
        return body.count(groups) > 1
    whole, _, fraction = body.partition(decimal) if decimal else (body, "", "")
    return len(fraction) != 3 or len(whole) > 3 or not whole or whole[0] == "0"


def _amount(text: str) -> tuple[bool, str] | None:
    """Return the sign and the digits and marks of an amount; None for what is none."""
    found = _AMOUNT.fullmatch(text.replace("\u2212", "-"))
    return None if found is None else (_negative(found[1], found[3] or ""), found[2])


def _negative(ahead: str, behind: str) -> bool:
    return "-" in ahead or behind.strip().startswith("-") or ("(" in ahead and ")" in behind)


def _currency(text: str) -> bool:
    word = "".join(sign for sign in text if sign not in "+-() ")
    return any(unicodedata.category(sign) == "Sc" for sign in word) or (len(word) == 3 and word.isupper())


def _marks(body: str, number: str) -> tuple[str, str] | None:
    """Return the decimal mark and the mark between groups by which digits were read; None if they were not."""
    whole, _, fraction = number.partition(".")
    if "".join(filter(str.isdigit, body)).lstrip("0") != (whole + fraction).lstrip("0"):
        return None
    end = len(body) - len(fraction)
    if fraction and end < 1:
        return None
    decimal = body[end - 1] if fraction else ""
    head = body[: end - 1] if fraction else body
    if fraction and (decimal.isdigit() or "".join(filter(str.isdigit, body[end:])) != fraction):
        return None
    signs = {sign for sign in head if not sign.isdigit()}
    if not signs:
        return decimal, ""
    groups = signs.pop()
    if signs or groups == decimal:
        return None
    pieces = head.split(groups)
    threes = all(len(piece) == 3 for piece in pieces[1:])
    indian = len(pieces[-1]) == 3 and all(len(piece) == 2 for piece in pieces[1:-1])
    if not 1 <= len(pieces[0]) <= 3 or not (threes or indian):
        return None
    return decimal, groups


def _same_number(before: str, after: str) -> Reading | None:
    """Tell whether a text is the same number with other digits: 1.0, 1e3, +5; or but for the error of binary sums."""
    if len(before) > 40:
        return None
    try:
        was, is_ = Decimal(before), Decimal(after)
    except InvalidOperation:
        return None
    if was == is_:
        return Reading("digits")
    near = max(abs(was.adjusted()), abs(is_.adjusted())) < 300 and abs(float(was - is_)) <= _BINARY * abs(float(was))
    return Reading("rounded") if near and len(after) < len(before) else None


def _converted(before: str, body: str, affix: str, after: str) -> Reading | None:
    try:
        number = Decimal(body.replace(",", "."))
    except InvalidOperation:
        return None
    if affix == "%" and number == 100 * Decimal(after):
        return Reading("unit", affix="%/100")
    if not affix:
        return None
    if "," not in body and (number == Decimal(after) or _same_number(body, after)):
        return Reading("unit", decimal="." if "." in body else "", affix=affix.casefold())
    units = conversion_targets(-number if before.lstrip().startswith("-") else number, affix, Decimal(after))
    return Reading("converted", affix=affix, units=units) if units else None
