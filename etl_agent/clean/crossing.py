"""Cells that are contradicted from both sides: by a column that settles them, and by one that they settle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from etl_agent.clean.breaches import LOUDEST
from etl_agent.clean.rules import Rule, look_up
from etl_agent.profile.coded import Codes

__all__ = ["contradicted"]

_Weights = NDArray[np.float64]

_WITNESSES = 3  # rows of a group that must have its value: of two, each may be the accident
_ACCIDENTS = 0.01  # share of a group up to which rows with one and the same other value may be accidents


def contradicted(
    there: Mapping[str, Codes], rules: Sequence[Rule], *, column: str, own: Codes, winner: Codes
) -> _Weights:
    """Weigh what speaks for the winner from both sides of a column, if the cell holds a value that is known elsewhere.

    A row that has another value than one column says may be an exception. But where the cell's own value says of a
    second column what the row does not have there, and the winner says what it has, then two columns that agree with
    each other stand against one, and to be right the row would have to break two rules at once. One column that does
    both is not enough: then nobody knows which of the two is wrong.

    Args:
        there: the codes of the rows, by column.
        rules: all that was learned.
        column: the column of the cells.
        own: the cells.
        winner: the values that they might have to be.

    Returns:
        Log-odds of the two columns together; 0 where there are no such two.
    """
    before = {rule.given: _settling(rule, there[rule.given], own, winner) for rule in rules if rule.column == column}
    behind = {rule.column: _settled(rule, there[rule.column], own, winner) for rule in rules if rule.given == column}
    most = np.zeros(len(own))
    for given, one in before.items():
        for name, other in behind.items():
            if given != name:
                both = np.where((one > 0) & (other > 0), one + other, 0.0)
                most = np.maximum(most, both)
    return most


def _settling(rule: Rule, given: Codes, own: Codes, winner: Codes) -> _Weights:
    """Weigh how much likelier the winner is than the cell's value, beside the value of a column that settles it."""
    most, total = look_up(rule.most, given, 0), look_up(rule.totals, given, 0)
    alike = np.maximum(rule.seen(given, own) - 1, 0)
    sure = (look_up(rule.tops, given, -1) == winner) & (winner >= 0) & (most >= _WITNESSES) & (2 * most > total)
    weight = _heard(np.log(np.maximum(most, 1) / (alike + rule.slack)), sure & (alike <= _ACCIDENTS * most))
    return np.maximum(weight + min(rule.mixup, 0.0), 0.0)


def _settled(rule: Rule, other: Codes, own: Codes, winner: Codes) -> _Weights:
    """Weigh how much likelier the value of a column that it settles is beside the winner than beside the cell's."""
    most, total = look_up(rule.most, own, 0), look_up(rule.totals, own, 0)
    alike = np.maximum(rule.seen(own, other) - 1, 0)
    fits, all_fits = look_up(rule.most, winner, 0), look_up(rule.totals, winner, 0)
    sure = (look_up(rule.tops, winner, -1) == other) & (other >= 0) & (fits >= _WITNESSES) & (most >= _WITNESSES)
    share = fits / np.maximum(all_fits, 1)
    weight = np.log(np.maximum(share * total, 1e-9) / (alike + rule.slack))
    return _heard(weight, sure & (alike <= _ACCIDENTS * most))


def _heard(weight: _Weights, sure: NDArray[np.bool_]) -> _Weights:
    return np.where(sure, np.clip(weight, 0.0, LOUDEST), 0.0)
