"""Kinds of error that are put into single values: each takes a right value and returns a wrong one, or None."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from random import Random

from etl_agent.clean.missing import MARKERS

__all__ = ["VALUE_KINDS", "Corruptor", "maker"]

Corruptor = Callable[[str, Random], str | None]
"""Spoils one value; None where the value has no place for this error."""

Maker = Callable[[Random, Sequence[str]], Corruptor | None]
"""Chooses for a column, by its values, what all its errors of a kind have in common; None where nothing fits."""

_KEYBOARD = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_NOISE = ("#", "*", "?", "_", "..", "`", "~", "//", "+", ";")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def maker(kind: str) -> Maker:
    """Return what makes the corruptor of a kind (a member of ``VALUE_KINDS``)."""
    return _MAKERS[kind]


def _neighbours() -> Mapping[str, str]:
    """Say for each key of a keyboard which keys lie beside it."""
    beside: dict[str, str] = {}
    for above, row in zip(("", *_KEYBOARD), _KEYBOARD, strict=False):
        for place, key in enumerate(row):
            beside[key] = row[max(place - 1, 0) : place] + row[place + 1 : place + 2] + above[place : place + 2]
    return beside


_BESIDE = _neighbours()


def _like(letter: str, model: str) -> str:
    """Write a letter as its model is written: small or capital."""
    return letter.upper() if model.isupper() else letter


def _other(model: str, random: Random) -> str:
    """Return another sign of the same sort: a digit for a digit, a letter for a letter."""
    signs = "0123456789" if model.isdigit() else _LETTERS
    return _like(random.choice([sign for sign in signs if sign != model.lower()]), model)


def _insert(value: str, at: int, random: Random) -> str:
    return value[:at] + _other(value[at], random) + value[at:]


def _delete(value: str, at: int, random: Random) -> str:  # noqa: ARG001 - all slips are called alike
    return value[:at] + value[at + 1 :]


def _substitute(value: str, at: int, random: Random) -> str:
    return value[:at] + _other(value[at], random) + value[at + 1 :]


def _exchange(value: str, at: int, random: Random) -> str:  # noqa: ARG001 - all slips are called alike
    return value[:at] + value[at + 1 : at + 2] + value[at] + value[at + 2 :]


def _miss_key(value: str, at: int, random: Random) -> str:
    keys = _BESIDE.get(value[at].lower())
    return value[:at] + _like(random.choice(keys), value[at]) + value[at + 1 :] if keys else value


def _repeat(value: str, at: int, random: Random) -> str:  # noqa: ARG001 - all slips are called alike
    return value[: at + 1] + value[at:]


_SLIPS = (_insert, _delete, _substitute, _exchange, _miss_key, _repeat)


def _typos(style: Random, values: Sequence[str]) -> Corruptor | None:  # noqa: ARG001 - all makers are called alike
    """One slip of the hand in a value of at least two letters or digits; in a long value now and then a second."""

    def spoil(value: str, random: Random) -> str | None:
        spoiled = value
        for _ in range(2 if len(value) > 8 and random.random() < 0.15 else 1):
            places = [at for at, sign in enumerate(spoiled) if sign.isalnum()]
            if len(places) < 2:
                return None
            spoiled = random.choice(_SLIPS)(spoiled, random.choice(places), random)
        return spoiled

    return spoil


def _blots(style: Random, values: Sequence[str]) -> Corruptor | None:
    """One letter of the column's own stands for up to three letters of a value: a worn type, a failing reader."""
    blot = style.choice("xzqo")
    if not any(sign.isalpha() for value in values for sign in value):
        return None

    def spoil(value: str, random: Random) -> str | None:
        places = [at for at, sign in enumerate(value) if sign.isalpha() and sign.lower() != blot]
        if len(places) < 3:
            return None
        struck = set(random.sample(places, random.randint(1, min(3, len(places) - 1))))
        return "".join(_like(blot, sign) if at in struck else sign for at, sign in enumerate(value))

    return spoil


def _noise(style: Random, values: Sequence[str]) -> Corruptor | None:  # noqa: ARG001 - all makers are called alike
    """A sign that means nothing behind the value or before it."""
    sign, before = style.choice(_NOISE), style.random() < 0.2
    return lambda value, _: sign + value if before else value + sign


def _blank(style: Random, values: Sequence[str]) -> Corruptor | None:  # noqa: ARG001 - all makers are called alike
    """Blanks around the value, or one too many inside."""

    def spoil(value: str, random: Random) -> str | None:
        inside = value.find(" ")
        if inside > 0 and random.random() < 0.4:
            return value[:inside] + " " + value[inside:]
        return random.choice((" {}", "{} ", "  {}", "{}\t", "{}\u00a0")).format(value)

    return spoil


def _case(style: Random, values: Sequence[str]) -> Corruptor | None:
    """The column's other case: all capitals, all small, or every word with a capital."""
    changes: list[Callable[[str], str]] = [str.upper, str.lower, str.title]
    style.shuffle(changes)
    for change in changes:
        if 2 * sum(change(value) != value for value in values) > len(values):
            return lambda value, _: change(value)
    return None


def _marker(style: Random, values: Sequence[str]) -> Corruptor | None:  # noqa: ARG001 - all makers are called alike
    """A word for no value where a value was."""
    word = style.choice(MARKERS)
    return lambda _value, _: word


def _read_date(value: str) -> date | None:
    found = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", value)
    parts = found.groups() if found else None
    if not parts and (found := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", value)):
        parts = (found[3], found[1], found[2])
    try:
        return date(*map(int, parts)) if parts else None
    except ValueError:
        return None


def _dated(write: Callable[[date], str]) -> Callable[[str], str]:
    return lambda value: write(read) if (read := _read_date(value)) else value


def _number(pattern: str, write: Callable[[re.Match[str]], str]) -> Callable[[str], str]:
    compiled = re.compile(pattern)
    return lambda value: write(found) if (found := compiled.fullmatch(value)) else value


def _half_day(found: re.Match[str]) -> str:
    hour = int(found[1])
    return f"{hour % 12 or 12}:{found[2]} {'p.m.' if 12 <= hour < 24 else 'a.m.'}"


_DECIMAL = r"(-?\d+\.\d+)"
_WHOLE = r"(-?(?:0|[1-9]\d*))"
_CLOCK = r"([01]?\d|2[0-3]):([0-5]\d)"

_FORMATS: tuple[Callable[[str], str], ...] = (
    _dated(lambda day: f"{day:%Y/%m/%d}"),
    _dated(lambda day: f"{day:%Y-%m-%d} 00:00:00"),
    _dated(lambda day: f"{day.day} {_MONTHS[day.month - 1]} {day.year}"),
    _dated(lambda day: f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"),
    _dated(lambda day: f"{day:%Y%m%d}"),
    _dated(lambda day: f"{day:%Y-%m-%d}"),
    _number(_CLOCK, _half_day),
    _number(_CLOCK, lambda found: f"{found[0]}:00"),
    _number(_WHOLE, lambda found: f"{found[0]}.0"),
    _number(r"\d{4,}", lambda found: f"{int(found[0]):,}" if found[0][0] != "0" else found[0]),
    _number(f"{_WHOLE}|{_DECIMAL}", lambda found: f"{found[0]} units"),
    _number(_DECIMAL, lambda found: f"${found[0]}"),
    _number(_DECIMAL, lambda found: f"{found[0]}%"),
    _number(_DECIMAL, lambda found: found[0].replace(".", ",")),
    _number(_DECIMAL, lambda found: f"{found[0]}0"),
    _number(r"(\d+(?:\.\d+)?) ?([A-Za-z]{1,3}|%)", lambda found: f"{found[1]}{found[2]}."),
    _number(r"(\d+(?:\.\d+)?) ([A-Za-z]{1,3}|%)", lambda found: f"{found[1]}{found[2]}"),
    _number(r"(\d{3})-(\d{3})-(\d{4})", lambda found: f"({found[1]}) {found[2]}-{found[3]}"),
    _number(r"(\d{3})-(\d{3})-(\d{4})", lambda found: f"{found[1]}{found[2]}{found[3]}"),
    _number(r"([A-Z]{1,4})-(\d{2,})", lambda found: f"{found[1]} {found[2]}"),
    _number(r"([A-Z][a-z]+) ([A-Z][a-z]+)", lambda found: f"{found[2]}, {found[1]}"),
    _number(r"(?i)(y)es|(n)o|(t)rue|(f)alse", lambda found: found[found.lastindex or 0]),
)


def _format(style: Random, values: Sequence[str]) -> Corruptor | None:
    """One or two other spellings of dates, times, numbers, quantities, telephone numbers or codes."""
    fit = [write for write in _FORMATS if 2 * sum(write(value) != value for value in values) > len(values)]
    if not fit:
        return None
    chosen = style.sample(fit, min(len(fit), style.randint(1, 2)))
    return lambda value, random: random.choice(chosen)(value)


_MAKERS: Mapping[str, Maker] = {
    "typo": _typos,
    "blot": _blots,
    "noise": _noise,
    "blank": _blank,
    "case": _case,
    "format": _format,
    "marker": _marker,
}

VALUE_KINDS = tuple(_MAKERS)
"""typo: one or two slips of the hand. blot: one and the same letter instead of others. noise: a sign too many.
blank: blanks too many. case: capitals. format: another spelling of the same. marker: a word for no value."""
