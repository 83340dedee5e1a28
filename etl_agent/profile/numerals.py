"""Numbers as people write them: their marks, and what stands before and behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Mask, as_mask
from etl_agent.profile.currencies import CURRENCY, CURRENCY_WORDS
from etl_agent.profile.quantiles import Quantiles
from etl_agent.profile.sketches import Counts, Frequent
from etl_agent.profile.spelled import Spelled

__all__ = ["Numerals"]

_MADE = r"^[^9]{0,8}(?:9(?:[.,' a]9)*|[.,]9)[^9]{0,24}$|^[-+]?9(?:[.,]9)?[aA][-+]?9$"
"""Collapsed patterns with one run of digits and marks; ``a`` is also any blank that is not ASCII."""
_CORE = r"(?:9[9.,' ]*9|9|[.,]9+)"
_SIGN = r"[-+(]?"
_BEFORE, _AFTER = r"[^9,']{1,8}", r"[^9]{1,24}"
_BARE = rf"^ *{_SIGN} ?{_CORE}[-)]? *$"
_EXPONENT = r"^[-+]?9+(?:[.,]9+)?[aA][-+]?9{1,3}$"
_AFFIXED = rf"^(?: *{_SIGN} ?{_CORE}{_AFTER}|{_BEFORE}{_CORE}[-) ]*|{_BEFORE}{_CORE}{_AFTER})$"
_MARKS: Mapping[str, str] = {
    "integer": r"9+",
    "groups , decimal .": r"9{1,3}(?:,9{2,3})*,999\.9+",
    "groups . decimal ,": r"9{1,3}(?:\.999)+,9+",
    "either ,": r"9{1,3},999",
    "either .": r"9{1,3}\.999",
    "groups ,": r"9{1,3}(?:,9{2,3})*,999",
    "groups .": r"9{1,3}(?:\.999){2,}",
    "decimal .": r"9*\.9+",
    "decimal ,": r"9*,9+",
    "groups '": r"9{1,3}(?:'999)+",
    "groups ' decimal .": r"9{1,3}(?:'999)+\.9+",
    "groups ' decimal ,": r"9{1,3}(?:'999)+,9+",
    "groups space": r"9{1,3}(?: 999)+",
    "groups space decimal .": r"9{1,3}(?: 999)+\.9+",
    "groups space decimal ,": r"9{1,3}(?: 999)+,9+",
}
"""What the marks of a number say, by the masked pattern of its digits and marks; the first that fits counts. "either"
may be a group of thousands or three digits of a fraction."""

_VOTES = {
    mark: tuple(form for form in _MARKS if form.endswith(f"decimal {mark}") or form == f"groups {other}")
    for mark, other in (".,", ",.")
}
"""The forms in which a mark must be the one before fractions."""

_MONEY = rf"(?:{CURRENCY}|(?:{CURRENCY_WORDS})(?:\.\s)?)"
_DIGITS = r"(?:\d[\d.,'\x{2019} \x{00A0}\x{2009}\x{202F}]*\d|\d|[.,]\d+)"

_BEGINNING = rf"^\s*[-+(\x{{2212}}]?\s*([^\d,]*?)[-+\s]*{_DIGITS}"


@dataclass(frozen=True, slots=True)
class Numerals:
    """How many cells are a number, by its marks and by what stands around it.

    Args:
        marks: cells by what their marks say: ``integer``, ``decimal .``, ``either ,`` (thousands or a fraction),
            ``groups . decimal ,`` and so on; whatever stands around the digits.
            ``exponent`` is 1.5e-3.
        bare: cells in which nothing but a sign or blanks stands around.
        zeros: cells that end in a fraction of nothing but zeros, as programs write whole numbers (``12.0``).
        padded: bare cells that begin with a zero before another digit.
        sizes: the numbers by the decimal mark that they are read with: ``.`` and ``,`` for cells with such marks, and
            nothing for cells that every mark reads alike.
        affixes: cells by what stands around, with ``#`` for the digits: ``#%``, ``$#``, ``# oz``. Before the digits
            only currencies count: other words there make a code, not an amount.
    """

    marks: Mapping[str, int] = field(default_factory=dict)
    bare: int = 0
    zeros: int = 0
    padded: int = 0
    sizes: Mapping[str, Quantiles] = field(default_factory=dict)
    affixes: Frequent = field(default_factory=Frequent)

    @property
    def rows(self) -> int:
        """Cells that are a number, bare or with something around it."""
        return sum(self.marks.values())

    @property
    def fractions(self) -> int:
        """Cells whose number has a fraction, as the marks of all are read.

        A fraction of zeros is none, unless most numbers have a fraction.
        """
        decimal, _ = self.decimal_mark
        rows = sum(
            rows for mark, rows in self.marks.items() if "decimal" in mark or mark in (f"either {decimal}", "exponent")
        )
        return rows if 2 * rows > self.rows else rows - self.zeros

    @property
    def formats(self) -> tuple[tuple[str, ...], bool]:
        """How the numbers are written (``1.234,56``), the most frequent first, and whether two readings are open."""
        decimal, doubt = self.decimal_mark
        rows: dict[str, int] = {}
        for mark, count in self.marks.items():
            written = _shown(mark, decimal=decimal)
            rows[written] = rows.get(written, 0) + count
        return tuple(sorted(rows, key=lambda written: (-rows[written], written))), doubt

    @property
    def decimal_mark(self) -> tuple[str, bool]:
        """The mark before fractions, and whether the cells leave it open."""
        votes = {mark: sum(self.marks.get(sure, 0) for sure in _VOTES[mark]) for mark in ".,"}
        either = self.marks.get("either ,", 0) + self.marks.get("either .", 0)
        if votes["."] == votes[","]:
            return ".", bool(either or votes["."])  # a lone point is rather a decimal mark than a lone comma
        return max(votes, key=votes.__getitem__), bool(either and min(votes.values()))

    def combine(self, other: Numerals) -> Numerals:
        """Add up two counts."""
        marks = {mark: self.marks.get(mark, 0) + other.marks.get(mark, 0) for mark in {**self.marks, **other.marks}}
        none = Quantiles()
        sizes = {
            mark: self.sizes.get(mark, none).combine(other.sizes.get(mark, none))
            for mark in {**self.sizes, **other.sizes}
        }
        affixes = self.affixes.combine(other.affixes)
        counts = (self.bare + other.bare, self.zeros + other.zeros, self.padded + other.padded)
        return Numerals(marks, *counts, sizes, affixes)

    @property
    def quantiles(self) -> Quantiles:
        """How the numbers are spread, read with the decimal mark that the cells tell."""
        none = Quantiles()
        return self.sizes.get("", none).combine(self.sizes.get(self.decimal_mark[0], none))

    @staticmethod
    def of(spelled: Spelled) -> Numerals:
        """Count the numbers among distinct values."""
        spelled = _with_plain_blanks(spelled)
        made = spelled.gate(_MADE)
        if not made.any():
            return Numerals()
        bare = spelled.matching(_BARE, among=made)
        affixed = spelled.matching(_AFFIXED, among=made & ~bare)
        affixes, known = _affixes(spelled, spelled.places(affixed))
        marks: dict[str, int] = {}
        sizes: dict[str, Quantiles] = {}
        zeros = 0
        amounts = spelled.part(known)
        for part, among in ((spelled, bare), (amounts, np.ones(len(amounts.patterns), np.bool_))):
            for mark, found, plain in _marked(part, among):
                marks[mark] = marks.get(mark, 0) + int(found.rows.sum())
                zeros += _zeros(found) if "decimal" in mark else 0
                for decimal in _readings(mark):
                    read = _read(found, decimal=decimal, plain=plain and decimal != ",")
                    sizes[decimal] = sizes.get(decimal, Quantiles()).combine(read)
        powers = _powers(spelled, spelled.places(spelled.matching(_EXPONENT, among=made & ~bare & ~affixed)))
        if len(powers.rows):
            marks["exponent"] = int(powers.rows.sum())
            sizes[""] = sizes.get("", Quantiles()).combine(_read_powers(powers))
        whole = spelled.count(bare) + marks.get("exponent", 0)
        return Numerals(marks, whole, zeros, _padded(spelled, bare), sizes, affixes)


def _powers(spelled: Spelled, places: Counts) -> Spelled:
    """Return the numbers with an exponent that a float can hold."""
    like = spelled.part(places)
    found = pc.match_substring_regex(like.values, r"[eE][-+]?(?:\d{1,2}|[12]\d\d)$")
    return like.part(np.flatnonzero(as_mask(found)))


def _read_powers(found: Spelled) -> Quantiles:
    text = pc.replace_substring(pc.utf8_ltrim(found.values, characters="+"), ",", ".")
    return Quantiles.of(pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False), found.rows)


def _with_plain_blanks(spelled: Spelled) -> Spelled:
    """Write the blanks between digits as plain ones, where there are others."""
    places = spelled.places(spelled.gate("9a9"))
    if not len(places):
        return spelled
    chosen = np.zeros(len(spelled.values), np.bool_)
    chosen[places] = True
    plain = pc.replace_substring_regex(spelled.values.take(pa.array(places)), r"[\x{00A0}\x{2009}\x{202F}]", " ")
    return Spelled(pc.replace_with_mask(spelled.values, pa.array(chosen), plain), spelled.rows)


def _affixes(spelled: Spelled, places: Counts) -> tuple[Frequent, Counts]:
    """Count what stands around numbers, and return the places of those where that is an amount's."""
    if not len(places):
        return Frequent(), places
    values = spelled.values.take(pa.array(places))
    amount = as_mask(
        pc.match_substring_regex(values, rf"^\s*[-+(\x{{2212}}]?\s*(?:{_MONEY}\s*[-+]?\s*)?{_DIGITS}[^\d]*$")
    )
    places = places[amount]
    around = pc.replace_substring_regex(values.filter(pa.array(amount)), _BEGINNING, r"\1#")
    counted = pc.utf8_rtrim(around, characters=" )-").dictionary_encode()
    rows = np.bincount(counted.indices.to_numpy(), weights=spelled.rows[places], minlength=len(counted.dictionary))
    return Frequent.of(counted.dictionary, rows.astype(np.int64)), places


def _marked(spelled: Spelled, among: Mask) -> Iterator[tuple[str, Spelled, bool]]:
    """Part the values of some patterns by what their marks say, each with whether Python writes all so."""
    left = among
    for mark, digits in _MARKS.items():
        if not left.any():
            return
        like = spelled.matching(rf"^(?:[^9]*[^9.,])?{digits}[^9]*$", among=left)
        left = left & ~like
        found = spelled.part(spelled.places(like))
        plain = bool((spelled.matching(r"^-?9*\.?9+$", among=like) == like).all())
        if len(found.rows) and mark.startswith("either"):
            zero = as_mask(pc.match_substring_regex(found.values, r"^\D*0"))  # no group of thousands begins with 0
            if zero.any():
                yield f"decimal {mark[-1]}", found.part(np.flatnonzero(zero)), plain
                found = found.part(np.flatnonzero(~zero))
        if len(found.rows):
            yield mark, found, plain


def _readings(mark: str) -> tuple[str, ...]:
    """Return the decimal marks that numbers with such marks can be read with; none where it makes no difference."""
    if mark.startswith("either"):
        return ".", ","
    if "decimal" in mark:
        return (mark[-1],)
    return {"groups ,": (".",), "groups .": (",",)}.get(mark, ("",))


def _read(found: Spelled, *, decimal: str, plain: bool) -> Quantiles:
    """Read numbers with a decimal mark; what stands around them is left out."""
    text = found.values
    if not plain:
        text = pc.replace_substring_regex(text, r"^\D*[^\d.,]", "")
        text = pc.replace_substring_regex(text, r"[^\d,]+" if decimal == "," else r"[^\d.]+", "")
        text = pc.utf8_rtrim(pc.replace_substring(text, ",", "."), characters=".")
    numbers = pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False)
    if not plain:
        below = as_mask(pc.match_substring_regex(found.values, r"^[^\d]*[-(\x{2212}][^\d]*\d|\d[^\d]*-\s*$"))
        numbers = np.where(below, -numbers, numbers)
    finite = np.isfinite(numbers)
    return Quantiles.of(numbers[finite], found.rows[finite])


def _zeros(found: Spelled) -> int:
    """Count the numbers whose fraction is nothing but zeros."""
    places = np.arange(len(found.values))
    places = places[found.byte(places, found.bytes - 1) == ord("0")]
    if not len(places):
        return 0
    zeros = as_mask(pc.match_substring_regex(found.chosen(places), r"[.,]0+$"))
    return int(found.rows[places[zeros]].sum())


def _padded(spelled: Spelled, bare: Mask) -> int:
    """Count the bare numbers that begin with a zero before another digit."""
    places = spelled.places(spelled.matching(r"^99", among=bare))
    if not len(places):
        return 0
    return int(spelled.rows[places[spelled.byte(places, 0) == ord("0")]].sum())


def _shown(mark: str, *, decimal: str) -> str:
    """Write a number as marks say: ``1.234,56``."""
    if mark == "exponent":
        return f"1{decimal}2e3"
    if mark.startswith("either"):
        mark = f"decimal {decimal}" if mark[-1] == decimal else f"groups {mark[-1]}"
    group = re.search(r"groups (\S+)", mark)
    fraction = re.search(r"decimal (\S)", mark)
    between = {"space": " "}.get(group[1], group[1]) if group else ""
    return f"1{between}234{fraction[1]}56" if fraction else f"1{between}234"
