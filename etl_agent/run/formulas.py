"""Cells that a spreadsheet would take for formulas: made harmless in files for people, and taken back exactly."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["as_formula", "without_formula"]

_BEGINS = frozenset("=+-@")
_CONTROL = ("\t", "\r", "\n")
_PASSED_OVER = "'\"`\u200b\u2060\ufeff"  # quotes, and what has no width: some programs drop them before they look
_NUMBER = re.compile(r"[+-](?:[0-9][0-9.,]*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?%?")


def without_formula(text: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula: put an apostrophe before it; ``as_formula`` takes it off.

    A number with a sign stays as it is: digits, points and an exponent can compute nothing but themselves, and an
    amount should look like one to who corrects it.

    >>> without_formula("=1+1"), without_formula("'=1"), without_formula("'t Hooft"), without_formula("-5")
    ("'=1+1", "''=1", "'t Hooft", '-5')

    Source: OWASP, CSV Injection (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    return f"'{text}" if _is_formula(text) else text


def as_formula(text: str) -> str:
    """Take off the apostrophe that ``without_formula`` put before a cell.

    >>> as_formula("'=1+1"), as_formula("'t Hooft"), as_formula("-5")
    ('=1+1', "'t Hooft", '-5')
    """
    return text[1:] if text.startswith("'") and _is_formula(text[1:]) else text


def _is_formula(text: str) -> bool:
    """Tell whether a cell begins as a formula does, also behind quotes and blanks; full-width signs count."""
    if text.lstrip("'").startswith(_CONTROL):  # the apostrophes are passed over, so that one more changes no answer
        return True
    for sign in text:
        if sign in _PASSED_OVER or sign.isspace():
            continue
        # every form of a sign (full-width, small, raised) is one: programs fold them
        return unicodedata.normalize("NFKC", sign)[:1] in _BEGINS and _NUMBER.fullmatch(text) is None
    return False
