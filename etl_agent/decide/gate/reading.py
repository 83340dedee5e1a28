"""How a text was read as the value that another one is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["VALUE", "Reading", "Relation"]

Relation = Literal[
    "blanks",
    "case",
    "marks",
    "number",
    "digits",
    "rounded",
    "zeros",
    "unit",
    "converted",
    "moment",
    "clock",
    "truth",
    "phone",
    "address",
    "missing",
    "noise",
    "value",
]
"""What a change of a cell does. All but the last leave the meaning as it is, if the column is what it seems.

blanks: blanks, invisible characters, Unicode forms, mis-decoded text. case: small letters and capitals. marks: signs
between the same letters and digits. number: an amount as a plain number, the same digits, or the other way round.
digits: the same number with other digits (1.0 and 1). rounded: a number without the error of binary arithmetic. zeros:
leading zeros. unit: a unit, currency or percent sign taken away. converted: a number in another unit. moment: a date
or time in another format. clock: the time of day alone. truth: true or false. phone: a telephone number with its
country. address: an e-mail address, its domain in small letters. missing: another way to write that there is no value.
noise: one run of signs taken away. value: none of these: another value.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text was read as the value that the other one is.

    Args:
        relation: what the change does.
        decimal: the mark that was read as the decimal mark; empty where there was none.
        groups: the mark that was read as standing between groups of digits; empty where there was none.
        affix: what stood around the digits, beside a time of day or in a value, and was taken away.
        certain: whether the text alone proves the reading: no other one is possible.
        order: of a date: ``dmy``, ``mdy``, ``either`` where both give the same, ``named``, ``ymd``, ``ydm``,
            ``yy`` (a two-digit year first), ``serial``; empty for a time alone.
        into: the order in which a date was written, or ``marks`` for a number that was written with other marks than
            a plain one has.
        units: of a conversion, the units that the result can be in.
    """

    relation: Relation
    decimal: str = ""
    groups: str = ""
    affix: str = ""
    certain: bool = False
    order: str = ""
    into: str = ""
    units: frozenset[str] = frozenset()


VALUE = Reading("value")
"""The reading of a change that makes another value."""
