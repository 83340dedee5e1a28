"""The hand of a table's errors: one sign that stands for lost letters, such as ``x`` or a question mark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

__all__ = ["Slip", "hand_of", "is_blotted", "shows_hand"]

Slip = tuple[str, str, str, int]
"""A column, a value in it that was wrong, the right one, and in how many rows."""

_LEAST_SLIPS = 20  # wrong cells below which nothing is said of a system
_LEAST_COLUMNS = 3  # a sign in fewer may be something that these columns say
_LONGEST = 256  # characters that are compared: bounds the work for long, hostile values
_BLOTS = 2  # letters that are overwritten: of one nobody knows whether it is always the same
_LEFT = 2  # letters that show which value it was
_SYSTEM = 0.5  # share of the misspelled cells that have to show it


def hand_of(slips: Iterable[Slip]) -> str:
    """Find the sign that stands in the place of a lost one in most misspelled cells of a table.

    People mistype in many ways, but what corrupts a table on its way does so in one: then most errors that the rest
    of their rows prove have the same sign in place of a right one, whatever the column.

    Args:
        slips: what was found wrong for sure.

    Returns:
        The sign; the empty string where there is none.
    """
    rows: Counter[str] = Counter()
    columns: dict[str, set[str]] = {}
    misspelled = 0
    for column, wrong, right, count in slips:
        signs = _written(wrong, right)
        if not 0 < 2 * len(signs) <= len(wrong):
            continue
        misspelled += count
        if len(set(signs)) == 1:
            rows[signs[0]] += count
            columns.setdefault(signs[0], set()).add(column)
    for sign, count in rows.most_common(1):
        if misspelled >= _LEAST_SLIPS and count >= _SYSTEM * misspelled and len(columns[sign]) >= _LEAST_COLUMNS:
            return sign
    return ""


def shows_hand(wrong: str, right: str, *, hand: str) -> bool:
    """Tell whether one value is another with that sign in place of some others, of half of them at most."""
    signs = _written(wrong, right) if hand else ()
    return 0 < 2 * len(signs) <= len(wrong) and set(signs) == {hand}


def is_blotted(wrong: str, right: str) -> bool:
    """Tell whether one value is another with one and the same letter in place of several others.

    Two of its letters at least must be left. That a value of its own differs from the other one in nothing but a letter
    that is there over and over again hardly happens.
    """
    signs = _written(wrong, right)
    if len(signs) < _BLOTS or len({sign.casefold() for sign in signs}) > 1:
        return False
    if signs[0].isdigit():  # a number of its own
        return False
    kept = [mine for mine, yours in zip(wrong, right, strict=True) if mine == yours and mine.isalnum()]
    return len(kept) >= _LEFT


def _written(wrong: str, right: str) -> Sequence[str]:
    """List the signs that stand in place of others; none where one value is longer, or too long to be looked into."""
    if len(wrong) != len(right) or len(wrong) > _LONGEST:
        return ()
    return [mine for mine, yours in zip(wrong, right, strict=True) if mine != yours]
