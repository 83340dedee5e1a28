"""What a change does to one value: whether both texts can be read as the same value, and by which reading."""

from __future__ import annotations

import unicodedata
from functools import cache

from etl_agent.decide.gate.amounts import NUMBER, number_reading, same_sign
from etl_agent.decide.gate.contacts import contact_reading
from etl_agent.decide.gate.moments import clock_reading, date_reading
from etl_agent.decide.gate.reading import VALUE, Reading
from etl_agent.profile.nulls import null_sort
from etl_agent.profile.words import TRUTHS

__all__ = ["reading"]

_LONGEST = 400  # characters of a value that is read; nothing with a reading is longer, and hostile ones could cost much
_LONGEST_RUN = 8  # signs of one run that came in
_SIGNED = frozenset(("-", "+", "%", "\u2212", "(", ")", "$", "\u20ac", "\u00a3"))  # beside digits they say something
_LIGHT = frozenset("._,;:/\\'\"`´\u2018\u2019\u201c\u201d()[]{}-\u2010\u2011\u2012\u2013\u2014&")


def reading(before: str, after: str) -> Reading:
    """Tell what a change of a cell does.

    Args:
        before: the text before.
        after: the text after, another one.
    """
    if _bare(before) == _bare(after) or _decoded(before) == after:
        return Reading("blanks")
    if max(len(before), len(after)) > _LONGEST:
        return Reading("case") if _bare(before).casefold() == _bare(after).casefold() else VALUE
    before, after = _bare(before), _bare(after)
    if found := contact_reading(before, after):
        return found
    if before.casefold() == after.casefold():
        return Reading("case")
    if null_sort(before) is not None and null_sort(after) is not None:
        return Reading("missing")
    if (truth := _truth(before)) is not None and truth == _truth(after):
        return Reading("truth")
    if any(map(str.isdigit, after)):
        if found := date_reading(before, after) or clock_reading(before, after) or number_reading(before, after):
            return found
        if NUMBER.fullmatch(after) or NUMBER.fullmatch(before):
            # A sign, a point or a digit too many makes another number, but a foreign sign beside it none.
            return _noise(before, after) or VALUE
    if _content(before) == _content(after) != "" and same_sign(before, after):
        return Reading("marks")
    return _noise(before, after) or VALUE


def _noise(before: str, after: str) -> Reading | None:
    """Tell whether one run of signs was taken away that are neither letters, digits nor blanks."""
    gone = len(before) - len(after)
    if not 0 < gone <= _LONGEST_RUN or not after:
        return None
    start = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), len(after))
    for at in range(start, max(start - gone, -1), -1):
        run = before[at : at + gone]
        if before[:at] + before[at + gone :] == after and not any(sign.isalnum() or sign.isspace() for sign in run):
            # Signs that make another number or date of digits are none: -5, 1.5, 1/2.
            inside = before[at - 1 : at].isdigit() and before[at + gone : at + gone + 1].isdigit()
            return None if inside or run in _SIGNED else Reading("noise", affix=run)
    return None


def _bare(text: str) -> str:
    """Write a text without what is not seen: blanks at the ends and runs of them, invisible characters, forms."""
    if text.isascii():
        return " ".join(text.split())
    if not any(unicodedata.decomposition(sign).startswith(("<super>", "<sub>", "<fraction>")) for sign in text):
        text = unicodedata.normalize("NFKC", text)  # those signs mean something: 10² is not 102
    return " ".join(
        "".join(sign for sign in text if unicodedata.category(sign) not in ("Cf", "Cc") or sign in "\t\r\n").split()
    )


def _decoded(text: str) -> str | None:
    """Return a text that was decoded by the wrong single-byte code as it was meant, where its bytes prove it."""
    if text.isascii():
        return None
    for code in ("cp1252", "latin-1"):
        try:
            return text.encode(code).decode("utf-8")
        except UnicodeError:
            continue
    return None


def _content(text: str) -> str:
    """Return a text without case, accents, blanks and light punctuation; other signs say something, as in C# or †."""
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text)
    return "".join(
        sign for sign in plain if not (sign.isspace() or sign in _LIGHT or unicodedata.category(sign) == "Mn")
    ).casefold()


@cache
def _sides() -> dict[str, bool]:
    return {word: side for pair in TRUTHS.values() for word, side in zip(pair, (True, False), strict=True)}


def _truth(text: str) -> bool | None:
    return _sides().get(text.lower()) if len(text) <= 5 else None
