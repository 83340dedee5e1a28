"""Null spellings: what people and programs write where there is no value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import as_mask
from etl_agent.profile.patterns import collapsed_patterns, masked_patterns
from etl_agent.profile.sketches import Frequent
from etl_agent.profile.spelled import Spelled

__all__ = ["NULL_SPELLINGS", "NullSort", "null_sort", "null_spellings"]

NullSort = Literal["blank", "program", "sign", "word"]
"""blank: nothing, or nothing but blanks. program: what programs write for no value, and people for nothing else.
sign: a dash, a dot, a question mark or the like, alone or repeated. word: words that say that there is no value, and
that can be a value elsewhere (NA is Namibia, None is an answer)."""

_WRITTEN: Mapping[NullSort, str] = {
    "program": r"null|(null)|<null>|[null]|nan|-nan|<na>|#n/a|#na|n/a|\n|#value!|#ref!|#div/0!|#name?|#num!|#null!",
    "sign": "|".join(["…", *(sign * times for sign in "-–—_.?*#~" for times in range(1, 6))]),
    "word": "na|n.a.|n.a|n/k|n.d.|n/d|nil|none|(none)|<none>|[none]|missing|(missing)|unknown|(unknown)|unk|undefined|"
    "unspecified|not available|not applicable|not provided|not specified|not known|not reported|not recorded|"
    "not given|not entered|no data|no value|no answer|empty|(empty)|(blank)|blank|tbd|tba|to be determined|"
    "k.a.|k. a.|keine angabe|unbekannt|inconnu|non renseigné|n.c.|s/d|sin dato|sin datos|desconocido|desconhecido|"
    "sconosciuto|onbekend",
}

NULL_SPELLINGS: Mapping[str, NullSort] = {
    "": "blank",
    **{word: sort for sort, words in _WRITTEN.items() for word in words.split("|")},
}
"""The sort of each spelling, which are in lower case and without blanks around them."""

_BLANKS = " \t\u00a0\u2009\u202f\r\n"
_LONGEST = 24  # bytes of a spelling with its blanks


def null_sort(value: str) -> NullSort | None:
    """Return the sort of null spelling that a value is; None if it is none."""
    return NULL_SPELLINGS.get(value.strip(_BLANKS).lower())


def null_spellings(spelled: Spelled) -> Frequent:
    """Count the cells that hold a null spelling, by what stands in them."""
    places = spelled.places(spelled.gate(_made()))
    places = places[spelled.bytes[places] <= _LONGEST]
    if not len(places):
        return Frequent()
    values, rows = spelled.chosen(places), spelled.rows[places]
    found = pc.is_in(pc.utf8_lower(pc.utf8_trim(values, characters=_BLANKS)), value_set=pa.array(list(NULL_SPELLINGS)))
    return Frequent.of(values.filter(found), rows[as_mask(found)])


@cache
def _made() -> str:
    """Return what the collapsed patterns of null spellings look like: looking up every value would cost too much."""
    written = [form for word in NULL_SPELLINGS for form in (word, word.upper(), word.capitalize(), word.title())]
    made = sorted(set(collapsed_patterns(masked_patterns(pa.array(written))).to_pylist()))
    return rf"^[\sa]*(?:{'|'.join(map(re.escape, made))})[\sa]*$"
