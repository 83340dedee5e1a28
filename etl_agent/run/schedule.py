"""When cron is to run something: the five fields, or one of cron's words."""

from __future__ import annotations

import re

from etl_agent.errors import UsageError, near

__all__ = ["read_schedule"]

_FIELDS = ("minute (0-59)", "hour (0-23)", "day of month (1-31)", "month (1-12)", "day of week (0-7, 0 is Sunday)")
_WORDS = ("@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@annually", "@midnight", "@reboot")
_EXAMPLE = "'15 2 * * *' is every day at 02:15"
_FIELD = re.compile(r"[0-9A-Za-z*,/-]+")  # what every cron reads; some take more
_NAME = re.compile(r"[A-Za-z]+")
_NAMES = {
    3: ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    4: ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
}
_LEAP_YEAR = 2028


def read_schedule(text: str) -> str:
    """Return a schedule as it stands in a crontab.

    >>> read_schedule(" 15  2 * * mon-fri ")
    '15 2 * * mon-fri'

    Args:
        text: five fields, or a word with an ``@``.

    Raises:
        UsageError: cron would not read it, or it never comes.
    """
    fields = text.split()
    if len(fields) == 1 and (text.startswith("@") or _NAME.fullmatch(fields[0])):
        word = "@" + fields[0].removeprefix("@").lower()
        if word in _WORDS:
            return word
        raise UsageError(f"{fields[0]!r} is no word of cron", where="schedule", choices=near(word, _WORDS) or _WORDS)
    if len(fields) != len(_FIELDS):
        raise UsageError(
            f"{len(fields)} fields, and cron has {len(_FIELDS)}, in quotes: minute, hour, day, month, day of week; "
            f"for example {_EXAMPLE}",
            where="schedule",
        )
    for place, field in enumerate(fields):
        _check(field, place)
    _refuse_never(fields)
    return " ".join(fields)


def _check(field: str, place: int) -> None:
    """Read one field alone, so that the message says which it is."""
    from crontab import CronSlices

    wrong = UsageError(f"{field!r} is no {_FIELDS[place]}; for example {_EXAMPLE}", where="schedule")
    if not _FIELD.fullmatch(field):
        raise wrong
    for name in _NAME.findall(field):
        if name.lower() not in _NAMES.get(place, ()):
            close = near(name, _NAMES.get(place, ()))
            raise UsageError(f"{name!r} is no {_FIELDS[place]}", where="schedule", choices=close) if close else wrong
    try:
        CronSlices(" ".join(field if each == place else "*" for each in range(len(_FIELDS))))
    except (ValueError, KeyError):
        raise wrong from None


def _refuse_never(fields: list[str]) -> None:
    """Refuse a day that no month has: where a day of the week is named too, cron takes either."""
    from crontab import CronSlices

    if fields[4] == "*" and not CronSlices(" ".join(fields)).frequency_per_year(_LEAP_YEAR):
        raise UsageError(f"there is no day {fields[2]} in month {fields[3]}, so it never comes", where="schedule")
