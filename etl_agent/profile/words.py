"""Values with a form of their own: addresses of mail and of pages, telephone numbers, postal codes, truth values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import as_mask
from etl_agent.profile.spelled import Spelled

__all__ = ["TRUTHS", "Words"]

TRUTHS: Mapping[str, tuple[str, str]] = {
    "true/false": ("true", "false"),
    "yes/no": ("yes", "no"),
    "y/n": ("y", "n"),
    "t/f": ("t", "f"),
    "on/off": ("on", "off"),
    "1/0": ("1", "0"),
    "ja/nein": ("ja", "nein"),
    "oui/non": ("oui", "non"),
    "sim/não": ("sim", "não"),
}
"""Spellings of truth values: true, then false. No word is in two of them."""
_SIDES = {word: (name, side) for name, pair in TRUTHS.items() for side, word in zip("+-", pair, strict=True)}

_EMAIL = r"^[^@\s,;]+@[^@\s,;]+\.[aA]+$"  # of collapsed patterns
_URL = r"^(?:[aA]+://|Aa://|aaa\.|a\.)\S+$"
_URL_VALUE = r"^(?i:(?:https?|ftps?|sftp|file)://|www\.)\S+$"
_PHONE_MADE = r"^ ?\+?\(?9[-9() ./+]*(?: ?a\.? ?9)? ?$"
_PHONE = (
    r"^ ?(?:"
    r"\+9{1,3}[-. ]?(?:\(9{1,4}\)[-. ]?)?9{1,12}(?:[-. ]9{1,8}){0,5}"  # +49 30 1234567
    r"|(?:9[-. ])?\(9{2,5}\)[-. /]{0,3}9{2,8}(?:[-. ]9{2,6}){0,3}"  # (030) 1234567
    r"|(?:9[-. ])?999[-. /]999[-. ]9999"  # 212-555-0199
    r"|99(?:[-. ]99){4}"  # 01 23 45 67 89
    r"|9{3,5}[-/ ]9{3,4}[- ]9{3,4}"  # 020 7946 0018
    r")(?: ?a{1,4}\.? ?9{1,5})? ?$"
)
_GROUPED = r"^ ?(?:\(?9[-. /()]*){7,15} ?$"  # any groups; a telephone only if it begins with a zero or a bracket
_PARTED = r"9[-. /()]+9"
_POSTAL = {
    "letters": r"^ ?(?:A{1,2}9[9A]? ?9AA|A9A[ -]?9A9|9999 ?AA|A99 ?[A9]{4}) ?$",  # GB, CA, NL, IE
    "zip+4": r"^ ?99999-9999 ?$",
    "groups": r"^ ?(?:99999-999|9999-999|999-9999|99-999|999 99) ?$",
    "digits": r"^ ?9{4,6} ?$",
}


@dataclass(frozen=True, slots=True)
class Words:
    """How many cells have a form of their own.

    Args:
        rows: cells by form: ``email``, ``url``, ``phone`` (with a plus, brackets or groups), ``phone plus`` (of these
            with a plus), ``postal letters``,
            ``postal zip+4``, ``postal groups``, ``postal digits`` (four to six digits alone), ``telephone digits``
            (seven to fifteen digits alone), ``coded`` (no blank, with a digit), ``spaced`` (with a blank inside, or
            more than 64 bytes).
        truths: cells by spelling of truth values and its side: ``yes/no+`` for yes.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    truths: Mapping[str, int] = field(default_factory=dict)

    def combine(self, other: Words) -> Words:
        """Add up two counts."""
        return Words(_added(self.rows, other.rows), _added(self.truths, other.truths))

    @staticmethod
    def of(spelled: Spelled) -> Words:
        """Count the forms of distinct values."""
        email, phone = spelled.gate(_EMAIL), spelled.gate(_PHONE_MADE)
        spaced = spelled.gate(r"\S\s+\S")
        whole = spelled.gate(r"^ ?9 ?$")
        rows = {
            "email": spelled.count(email),
            "phone plus": spelled.count(spelled.matching(_PHONE, among=spelled.matching(r"^ ?\+", among=phone))),
            "phone": _phones(spelled),
            "telephone digits": spelled.count(spelled.matching(r"^ ?9{7,15} ?$", among=whole)),
            "coded": spelled.count(spelled.gate("9") & ~spaced),
            "spaced": spelled.count(spaced) + int(spelled.rows[spelled.long].sum()),
            "url": _urls(spelled),
        }
        short = spelled.gate(r"^ ?(?:9|9[- ]9|9 ?A|A9A?[ -]?9A?9?A?) ?$")
        for name, form in _POSTAL.items():
            rows[f"postal {name}"] = spelled.count(spelled.matching(form, among=short))
        if spelled.long.any():
            long = spelled.values.filter(pa.array(spelled.long))
            long_email = as_mask(pc.match_substring_regex(long, r"^[^@\s,;]+@[^@\s,;]+\.\pL+$"))
            rows["email"] += int(spelled.rows[spelled.long][long_email].sum())
        return Words({name: count for name, count in rows.items() if count}, _truths(spelled))


def _phones(spelled: Spelled) -> int:
    """Count the telephone numbers that show by their groups, their country or their area that they are."""
    made = spelled.gate(_PHONE_MADE)
    sure = spelled.matching(_PHONE, among=made)
    rest = spelled.matching(_PARTED, among=spelled.matching(_GROUPED, among=made & ~sure))
    places = spelled.places(rest)
    if not len(places):
        return spelled.count(sure)
    area = as_mask(pc.match_substring_regex(spelled.chosen(places), r"^ ?\(?0"))
    return spelled.count(sure) + int(spelled.rows[places[area]].sum())


def _urls(spelled: Spelled) -> int:
    like = spelled.long.copy()
    like[spelled.places(spelled.gate(_URL))] = True
    if not like.any():
        return 0
    found = as_mask(pc.match_substring_regex(spelled.values.filter(pa.array(like)), _URL_VALUE))
    return int(spelled.rows[like][found].sum())


def _truths(spelled: Spelled) -> dict[str, int]:
    made = spelled.gate(r"^\s*(?:A?a|A|9)\s*$")
    places = spelled.places(spelled.matching(r"^\s*(?:[aA]{1,5}|9)\s*$", among=made))
    places = places[spelled.bytes[places] <= 8]
    if not len(places):
        return {}
    folded = pc.utf8_lower(pc.utf8_trim_whitespace(spelled.chosen(places)))
    words = list(_SIDES)
    found = pc.fill_null(pc.index_in(folded, value_set=pa.array(words)), len(words)).to_numpy(zero_copy_only=False)
    rows = np.bincount(found, weights=spelled.rows[places], minlength=len(words) + 1).astype(np.int64)
    return {"".join(_SIDES[word]): int(count) for word, count in zip(words, rows, strict=False) if count}


def _added(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {name: left.get(name, 0) + right.get(name, 0) for name in {**left, **right}}
