"""What spreadsheets do to cells that nobody touched: the same value comes back in another spelling."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

__all__ = ["is_respelled"]

_NUMBER = re.compile(r"([+-]?)([0-9]{1,300})(?:[.,]([0-9]{1,300}))?(?:[eE]([+-]?[0-9]{1,3}))?")
_MOMENT = re.compile(
    r"([0-9]{1,4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,4})"
    r"(?:[ T]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?)?"
)
_LONGEST = 32_767  # characters of a cell that the most common spreadsheet keeps
_FLOAT_DIGITS = 15  # what a spreadsheet keeps of a number: IEEE 754 double precision


def is_respelled(before: str, after: str) -> bool:
    """Tell whether a spreadsheet may have made one cell of the other by itself.

    | was | is |
    |---|---|
    | ``00123``, ``+49301234`` | ``123``, ``49301234`` |
    | ``1.10`` | ``1.1``, ``1,1`` |
    | ``4930123456789`` | ``4.93012E+12`` |
    | ``12345678901234567`` | ``12345678901234500`` |
    | ``2026-03-02 23:25:00`` | ``3/2/2026 23:25``, ``02.03.26 23:25`` |
    | ``true`` | ``TRUE`` |
    | ``Łódź`` | ``?ód?``: an encoding lacks the signs |
    | two lines ended by LF | the same ended by CR LF |
    | a text beyond 32,767 characters | its beginning |

    Args:
        before: the cell as it was exported.
        after: the cell as it is in the corrected file; another text.
    """
    return (
        _same_lines(before, after)
        or _same_word(before, after)
        or _same_number(before, after)
        or _same_moment(before, after)
        or _lost_signs(before, after)
        or (len(before) > _LONGEST and after == before[:_LONGEST])
    )


def _same_lines(before: str, after: str) -> bool:
    return "\n" in after and _lines(before) == _lines(after)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _same_word(before: str, after: str) -> bool:
    return before.lower() in ("true", "false") and before.lower() == after.lower()


def _same_number(before: str, after: str) -> bool:
    was, now = _NUMBER.fullmatch(before), _NUMBER.fullmatch(after)
    if was is None or now is None:
        return False
    value, other = _value(was), _value(now)
    if value == other:
        return True
    if now[4] is not None and was[4] is None:  # shown with an exponent, and as many digits as there was room for
        return _rounded(value, digits=len(now[2] + (now[3] or "")), exactly=other)
    return len((was[2] + (was[3] or "")).lstrip("0")) > _FLOAT_DIGITS and _rounded(
        value, digits=_FLOAT_DIGITS, exactly=other
    )


def _value(found: re.Match[str]) -> Decimal:
    sign, whole, part, exponent = found.groups()
    return Decimal(f"{sign}{whole}.{part or '0'}e{exponent or '0'}")


def _rounded(value: Decimal, *, digits: int, exactly: Decimal) -> bool:
    return any(
        Context(prec=digits, rounding=way).create_decimal(value) == exactly for way in (ROUND_HALF_UP, ROUND_DOWN)
    )


def _same_moment(before: str, after: str) -> bool:
    """Compare days by their numbers in any order, and times as far as they are written; the form must differ."""
    was, now = _MOMENT.fullmatch(before), _MOMENT.fullmatch(after)
    if was is None or now is None or re.sub("[0-9]", "0", before) == re.sub("[0-9]", "0", after):
        return False
    times = [[int(part) for part in found.groups()[3:] if part is not None] for found in (was, now)]
    written, beyond = times[1][: len(times[0])], times[1][len(times[0]) :]
    return _day(was) == _day(now) and written == times[0][: len(written)] and not any(beyond)


def _day(found: re.Match[str]) -> list[int]:
    return sorted(int(part) % 100 if len(part) > 2 else int(part) for part in found.groups()[:3])


def _lost_signs(before: str, after: str) -> bool:
    """Tell whether characters beyond ASCII became question marks, as in an encoding that does not have them."""
    if len(before) != len(after):
        return False
    differing = [(was, now) for was, now in zip(before, after, strict=True) if was != now]
    return bool(differing) and all(now == "?" and not was.isascii() for was, now in differing)
