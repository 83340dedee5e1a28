"""How numbers are written: the grammar of a cell for given marks, and what cells tell about the marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.clean.evidence import Counts, ambiguous, matching, note
from etl_agent.errors import AmbiguousFormat

__all__ = ["DecimalMark", "Grammar", "ThousandsMark", "count_marks", "decide_marks"]

DecimalMark = Literal[".", ","]
ThousandsMark = Literal["none", ",", ".", "'", "space"]

BLANK = r"[ \x{00A0}\x{2009}\x{202F}]"
_MARKS = {"none": "", ",": ",", ".": r"\.", "'": r"['\x{2019}]", "space": BLANK}
_EDGE = " \u00a0\u2009\u202f+-\u2212()"
_MINUS = r"[-\x{2212}]"


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a number's cell may look like, as one regular expression (RE2 syntax).

    Args:
        decimal: the decimal mark.
        thousands: the mark between groups of digits.
        before: what may stand before the digits, such as ``$``, as a regular expression.
        after: what may stand behind them.
        around: the characters of what stands around, or None where digits or marks are among them.
        parentheses: whether ``(5)`` is -5.
        trailing_minus: whether ``5-`` is -5.
        exponent: whether ``1.5e3`` is a number.
    """

    decimal: DecimalMark
    thousands: ThousandsMark
    before: str
    after: str
    around: str | None
    parentheses: bool
    trailing_minus: bool
    exponent: bool

    @property
    def body(self) -> str:
        """The digits with their marks; the first of several groups does not begin with 0."""
        whole = rf"(?:{_groups(_MARKS[self.thousands])}|\d+)" if self.thousands != "none" else r"\d+"
        point, exponent = _MARKS[self.decimal], r"(?:[eE][-+]?\d{1,3})?" if self.exponent else ""
        return rf"(?:{whole}(?:{point}\d+)?|{point}\d+){exponent}"

    def _unsigned(self, sign: str) -> str:
        return rf"(?:{sign}{self._before}?|{self._before}{sign})({self.body}){self._after}"

    @property
    def _before(self) -> str:
        return rf"(?:(?:{self.before}){BLANK}?)"

    @property
    def _after(self) -> str:
        return rf"(?:{BLANK}?(?:{self.after}))?"

    def _negative(self) -> list[str]:
        """The ways to write a negative number, each with one group that holds its digits and marks."""
        before, digits, after = self._before, f"({self.body})", self._after
        forms = [self._unsigned(rf"{_MINUS}{BLANK}?")]
        if self.trailing_minus:
            forms.append(rf"{before}?{digits}(?:{BLANK}?{_MINUS}{after}|{after}{BLANK}?{_MINUS})")
        if self.parentheses:
            forms.append(rf"{before}?\({BLANK}?{before}?{digits}{after}{BLANK}?\){after}")
        return forms

    def read(self, cells: pa.Array) -> tuple[pa.Array, pa.Array]:
        """Read cells: the digits with a point as decimal mark and without sign, and which cells are negative.

        The digits are null where a cell is no number.
        """
        positive = _cell([self._unsigned(rf"(?:\+{BLANK}?)?")])
        above = pc.match_substring_regex(cells, positive)
        digits = self._digits(cells, known=above, pattern=positive, groups=1)
        below = pc.invert(above)
        if not pc.all(above).as_py():
            forms = self._negative()
            below = pc.match_substring_regex(cells, _cell(forms))
            digits = pc.coalesce(digits, self._digits(cells, known=below, pattern=_cell(forms), groups=len(forms)))
        if self.thousands in (",", "."):
            digits = pc.replace_substring(digits, self.thousands, "")
        elif self.thousands != "none":
            digits = pc.replace_substring_regex(digits, _MARKS[self.thousands], "")
        if self.decimal == ",":
            digits = pc.replace_substring(digits, ",", ".")
        return digits, below

    def _digits(self, cells: pa.Array, *, known: pa.Array, pattern: str, groups: int) -> pa.Array:
        """Return the digits and marks of the known cells: what is left between signs, or the group of the pattern."""
        cells = pc.if_else(known, cells, pa.scalar(None, pa.string()))
        if self.around is not None:
            return pc.utf8_trim(cells, characters=self.around + _EDGE)  # far cheaper than finding a group
        return pc.replace_substring_regex(cells, pattern, "".join(rf"\{group + 1}" for group in range(groups)))


def _cell(forms: Sequence[str]) -> str:
    return rf"^{BLANK}*(?:{'|'.join(forms)}){BLANK}*$"


def _groups(mark: str) -> str:
    """Groups of three digits, or of two with three at the end, as in 12,34,567."""
    return rf"[1-9](?:\d{{0,2}}(?:{mark}\d{{3}})+|\d?(?:{mark}\d{{2}})+{mark}\d{{3}})"


_SETTLED_POINT = r"^[-+]?(?:\d*\.(?:\d{1,2}|\d{4,})|0\d*\.\d+|\d{4,}\.\d+|\.\d+)$"
_SILENT = r"^[-+]?\d+$"

_KINDS = (
    ("none", r"^\d+$"),
    ("thousands ,, decimal .", rf"^{_groups(',')}\.\d+$"),
    ("thousands ., decimal ,", rf"^{_groups(_MARKS['.'])},\d+$"),
    ("either ,", r"^[1-9]\d{0,2},\d{3}$"),
    ("either .", r"^[1-9]\d{0,2}\.\d{3}$"),
    ("decimal .", r"^\d*\.\d+$"),
    ("decimal ,", r"^\d*,\d+$"),
    ("thousands ,", rf"^{_groups(',')}$"),
    ("thousands .", rf"^{_groups(_MARKS['.'])}$"),
    *(
        (f"thousands {name}{rest}", rf"^{_groups(_MARKS[name])}{pattern}$")
        for name in ("'", "space")
        for rest, pattern in (("", ""), (", decimal .", r"\.\d+"), (", decimal ,", r",\d+"))
    ),
)
"""What a number's marks tell, by patterns that are tried in this order on the digits and marks alone."""

_RUN = r"[\d.,'\x{2019} \x{00A0}\x{2009}\x{202F}]*\d"
_LOOSE = rf"(?:[\d.,]{_RUN}|\d)"
_BODY = rf"^\D*(\d{_RUN}|\d).*$"  # simple, because finding a group is what costs


def count_marks(counts: Counts, cells: pa.Array, *, grammar: Grammar) -> pa.Array:
    """Count what cells tell about the marks; return the numbers that are more than digits and a point.

    Args:
        counts: what was counted so far, added to.
        cells: cells of one column, without nulls.
        grammar: what may stand around the digits.
    """
    settled = pc.match_substring_regex(cells, _SETTLED_POINT)
    note(counts, "decimal .", cells=cells.filter(settled))
    rest = cells.filter(pc.invert(settled))
    rest = rest.filter(pc.invert(pc.match_substring_regex(rest, _SILENT)))
    rest = rest.filter(pc.match_substring_regex(rest, _loose(grammar)))
    for kind, found in matching(pc.replace_substring_regex(rest, _BODY, r"\1"), _KINDS):
        if kind != "none":
            note(counts, kind, cells=found)
    return rest


def _loose(grammar: Grammar) -> str:
    """Match a number's cell whatever its marks mean."""
    before, after = f"(?:(?:{grammar.before}){BLANK}?)?", f"(?:{BLANK}?(?:{grammar.after}))?"
    edge = rf"(?:{_MINUS}|\+|\(|\)|{BLANK})*"
    return rf"^{edge}{before}{edge}{_LOOSE}{edge}{after}{edge}$"


def decide_marks(
    counts: Counts, *, decimal: Literal["auto"] | DecimalMark, thousands: Literal["auto"] | ThousandsMark, where: str
) -> tuple[DecimalMark, ThousandsMark]:
    """Decide the marks of a column from all its cells.

    Args:
        counts: from ``count_marks``.
        decimal: the declared decimal mark, or auto.
        thousands: the declared mark between groups, or auto.
        where: the column, for the error.

    Raises:
        AmbiguousFormat: the cells allow two readings that differ.
    """
    if decimal == "auto":
        decimal = _decimal(counts, thousands=thousands, where=where)
    if thousands == "auto":
        thousands = _thousands(counts, decimal=decimal)
    return decimal, thousands


def _decimal(counts: Counts, *, thousands: str, where: str) -> DecimalMark:
    if thousands in (".", ","):
        return "," if thousands == "." else "."
    votes = {mark: _votes(counts, mark) for mark in (".", ",")}
    unclear = [counts[kind] for kind in ("either ,", "either .") if kind in counts]
    if unclear and thousands in ("none", "'", "space"):
        # No group mark can be meant, so each of these marks is a decimal mark.
        votes = {mark: votes[mark] + counts.get(f"either {mark}", [0])[0] for mark in (".", ",")}
        unclear = []
    if votes["."] == votes[","] == 0 and not unclear:
        return "."
    if votes["."] and votes[","]:
        unclear = unclear or ([] if votes["."] != votes[","] else [min(_samples(counts))])
    elif not (unclear and votes["."] == votes[","]):
        unclear = []
    if unclear:
        raise _two_readings(unclear[0][1], where=where)
    return "." if votes["."] > votes[","] else ","


def _votes(counts: Counts, mark: str) -> int:
    """Count the cells in which a mark must be the decimal mark."""
    other = "," if mark == "." else "."
    kinds = [kind for kind in counts if kind.endswith(f"decimal {mark}")]
    return sum(counts[kind][0] for kind in {*kinds, *({f"thousands {other}"} & set(counts))})


def _samples(counts: Counts) -> list[list[object]]:
    return [entry for kind, entry in sorted(counts.items()) if kind.startswith(("decimal", "thousands"))]


def _thousands(counts: Counts, *, decimal: DecimalMark) -> ThousandsMark:
    """Take the mark that stands between groups in most cells, given the decimal mark."""
    other: ThousandsMark = "," if decimal == "." else "."
    seen: dict[ThousandsMark, int] = {}
    marks: Sequence[ThousandsMark] = (other, "'", "space")
    for mark in marks:
        kinds = (f"thousands {mark}", f"thousands {mark}, decimal {decimal}", f"either {mark}")
        seen[mark] = sum(counts[kind][0] for kind in kinds if kind in counts)
    most = max(seen.values())
    if not most:
        return "none"
    return next(mark for mark in marks if seen[mark] == most)


def _two_readings(sample: str, *, where: str) -> AmbiguousFormat:
    readings = {}
    for decimal, thousands in ((".", ","), (",", ".")):
        readings[f"decimal_mark: {decimal!r}"] = sample.replace(thousands, "").replace(decimal, ".")
    return ambiguous(where, sample=sample, readings=readings, declare="decimal_mark", step="numbers")
