"""The hand of a table's errors: a sign that stands for lost letters all over it, such as ``x`` or a question mark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

__all__ = ["Slip", "hand_of", "shows_hand"]

Slip = tuple[str, str, str, int]
"""A column, a value in it that was wrong, the right one, and in how many rows."""

_LEAST_SLIPS = 20  # wrong cells below which nothing is said of a system
_LEAST_COLUMNS = 3  # a sign in fewer may be something that these columns say
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
        if len(wrong) != len(right) or not 0 < 2 * len(signs) <= len(wrong):
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
    if not hand or len(wrong) != len(right):
        return False
    signs = _written(wrong, right)
    return 0 < 2 * len(signs) <= len(wrong) and set(signs) == {hand}


def _written(wrong: str, right: str) -> Sequence[str]:
    return [mine for mine, yours in zip(wrong, right, strict=False) if mine != yours]
