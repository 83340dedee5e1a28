"""Whether the cells of a record name columns, or are values, or the title of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence

from etl_agent.extract.record import Grammar
from etl_agent.extract.spec import fold

__all__ = ["COMMON_DELIMITERS", "can_be_header", "is_data", "is_title", "is_value"]

COMMON_DELIMITERS = (",", ";", "\t", "|")
"""The characters that part cells in nearly all files."""

_NUMBER = re.compile(r"\s*[-+(]?[^\w\s]?\s*\d[\d., '’]*(?:[eE][-+]?\d+)?\s*[%)\w€$£]{0,3}\s*")
_NO_NAME = re.compile(
    r"""\s*(?:
        \d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T\ ]\S.*)?   # a date, with or without a time
        | \d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\ ?[AaPp][Mm])?
        | [-+]?[$€£]?\ ?\d[\d.,]*[.,]\d+\ ?[%$€£]?   # a number with a fraction
        | [^\s@]+@[^\s@]+\.[^\s@]+
        | https?://\S+
    )\s*""",
    re.VERBOSE,
)
_LOOKED_AT = 50
_LONGEST = 100
_NEARLY_ALL = 0.9


def can_be_header(cells: Sequence[bytes] | None, grammar: Grammar) -> bool:
    """Whether the cells can name columns: none empty, twice, a number, or holding another common delimiter."""
    values = [grammar.value(cell) or "" for cell in cells or ()]
    folded = [fold(value) for value in values]
    return (
        bool(values)
        and all(folded)
        and len(set(folded)) == len(folded)
        and not any(_matches(_NUMBER, value) or _matches(_NO_NAME, value) for value in values)
        and all(is_value(cell, grammar) for cell in cells or ())
    )


def is_title(cells: Sequence[bytes] | None) -> bool:
    """Whether one cell at most is filled, of three or more: a title that was padded to the width of the table."""
    return cells is not None and len(cells) > 2 and sum(map(bool, cells)) < 2


def is_data(cells: Sequence[bytes] | None, following: Sequence[Sequence[bytes] | None], grammar: Grammar) -> bool:
    """Whether the first record is a row like those that follow, so that the file has no header.

    At least one cell must be what no column is called (a date, a time, a fraction, an e-mail or web address) above
    others of its kind, and no cell may be text above numbers and dates. Whole numbers do not count: years and
    counters do name columns.
    """
    if cells is None:
        return False
    rows = [row for row in following if row is not None and len(row) == len(cells)][:_LOOKED_AT]
    certain = False
    for place, cell in enumerate(cells):
        below = [row[place] for row in rows if row[place]]
        typed = sum(_is_typed(other, grammar) for other in below)
        if len(below) < 2 or typed < _NEARLY_ALL * len(below):
            continue
        if cell and not _is_typed(cell, grammar):
            return False
        certain |= _matches(_NO_NAME, grammar.value(cell) or "")
    return certain


def is_value(cell: bytes, grammar: Grammar) -> bool:
    """Whether a cell is quoted, or a number, or holds no other common delimiter."""
    if grammar.quote is not None and cell.startswith(grammar.quote.encode()):
        return True
    text = cell.decode("utf-8", "replace")
    inside = any(mark in text for mark in COMMON_DELIMITERS if mark != grammar.part)
    return not inside or _matches(_NUMBER, text)


def _is_typed(cell: bytes, grammar: Grammar) -> bool:
    value = grammar.value(cell) or ""
    return _matches(_NUMBER, value) or _matches(_NO_NAME, value)


def _matches(pattern: re.Pattern[str], value: str) -> bool:
    """Match short values only: these patterns may take the square of the length."""
    return len(value) <= _LONGEST and pattern.fullmatch(value) is not None
