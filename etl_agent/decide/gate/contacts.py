"""Telephone numbers and e-mail addresses: read as the same number or address in another form."""

from __future__ import annotations

import re

from etl_agent.decide.gate.reading import Reading

__all__ = ["contact_reading"]

_LEAST = 7  # digits of a number without its country
_WORLD = re.compile(r"\+\d{8,15}")
_DIALLED = re.compile(r"(?:tel:)?\+?[\d\s().\-/]{7,24}")
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]{2,}")
_LONGEST = 254  # characters of an address


def contact_reading(before: str, after: str) -> Reading | None:
    """Read a text as the telephone number or e-mail address that the other one is; None if it is not.

    The country that a number gets is the affix, empty where it had it already.
    """
    if _WORLD.fullmatch(after) and _DIALLED.fullmatch(before):
        return _dialled(before, after)
    if len(before) <= _LONGEST + 16 and len(after) <= _LONGEST and _ADDRESS.fullmatch(after):
        bare = re.sub(r"^(?i:mailto:)|[<>\s]", "", before)
        local, _, domain = bare.rpartition("@")
        same = (local, domain.casefold()) == (after.rpartition("@")[0], after.rpartition("@")[2].casefold())
        return Reading("address") if same else None
    return None


def _dialled(before: str, after: str) -> Reading | None:
    digits = "".join(filter(str.isdigit, before))
    if "+" in before or digits.startswith("00"):
        return Reading("phone") if digits.removeprefix("00") == after[1:] else None
    national = digits.lstrip("0")
    if len(national) < _LEAST or not after.endswith(national):
        return None
    country = after[1 : len(after) - len(national)]
    return Reading("phone", affix=country) if len(country) <= 3 else None
