"""Rules for dates and times: an order of day and month must be proven, and a format be the custom of the column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.decide.gate.effect import ColumnEffect
from etl_agent.profile.coded import Codes
from etl_agent.profile.patterns import masked_patterns

__all__ = ["object_to_clocks", "object_to_moments"]

_CONTRARY = 0.05  # of the proofs may be against an order: slips of the pen, and no more
_MOST = 2 / 3  # of a column: what is the custom there
_LATE, _SHORT = r"(?:1[3-9]|2\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_BETWEEN, _YEAR = r"[-/. ]", r"(?:\d{4}|\d\d)(?:\D|$)"
_PROOFS = {
    "dmy": rf"^\D*{_LATE}{_BETWEEN}{_SHORT}{_BETWEEN}{_YEAR}",
    "mdy": rf"^\D*{_SHORT}{_BETWEEN}{_LATE}{_BETWEEN}{_YEAR}",
}
_OTHER = {"dmy": "mdy", "mdy": "dmy"}


def object_to_moments(effect: ColumnEffect, places: Codes) -> str | None:
    """Refuse an order of day and month that other cells contradict, or that no cell proves.

    A cell like 31/12/2025 proves its own order; one like 03/04/2025 needs others that do.
    """
    orders = {effect.readings[place].order for place in places.tolist()}
    unsure = {effect.readings[place].order for place in places.tolist() if not effect.readings[place].certain}
    if "ydm" in orders:
        return "it reads a year first and the day before the month"
    for order in sorted(unsure & set(_PROOFS)):
        if (reason := _object_to_order(effect, order, kept=False)) is not None:
            return reason
    if "yy" in orders and not effect.rows_matching(r"^\D*(?:3[2-9]|[4-9]\d)[-/. ]\d\d?[-/. ]\d\d(?:\D|$)"):
        return "no cell shows that the year stands first"
    if orders == {"serial"} and not effect.rows_matching(r"\d[-/. ]\d|[A-Za-z]{3}"):
        return "no cell shows that the numbers are days"
    written = {effect.readings[place].into for place in places.tolist()}
    if written - {"", "same"}:
        return _object_to_custom(effect, written - {"", "same"})
    counts = np.bincount(effect.after[effect.after >= 0], minlength=len(effect.values))
    dated = effect.rows_matching(r"^(?:.*\d{4}.*|[ T]?\d\d:\d\d.*)$", counts=counts)
    return None if dated >= 0.5 * counts.sum() else "most cells of the column are no dates or times"


def _object_to_order(effect: ColumnEffect, order: str, *, kept: bool) -> str | None:
    support, contrary = (effect.rows_matching(_PROOFS[each], kept=kept) for each in (order, _OTHER[order]))
    if contrary > _CONTRARY * (support + contrary):
        return "other cells show that day and month are the other way round"
    return None if support else "no cell shows which is the day and which the month"


def _object_to_custom(effect: ColumnEffect, written: set[str]) -> str | None:
    """Refuse to write dates in an order that is not the one of the column's other dates."""
    if len(written) > 1:
        return "it writes dates in several orders"
    order = next(iter(written))
    return (
        "the order that it writes is not known" if order not in _PROOFS else _object_to_order(effect, order, kept=True)
    )


def object_to_clocks(effect: ColumnEffect, places: Codes) -> str | None:
    """Let times of day be written as most of the column is, if what stood beside them tells no rows apart."""
    rows = effect.pairs.rows[places]
    days = {affix for place in places.tolist() if (affix := effect.readings[place].affix) not in ("", "note")}
    if len(days) > 1:
        return "it takes away days that differ"
    noted = int(sum(effect.pairs.rows[place] for place in places.tolist() if effect.readings[place].affix == "note"))
    held = np.flatnonzero(effect.kept_counts > 0)
    kept, counts = effect.values.take(pa.array(held)), effect.kept_counts[held]
    clocks = effect.rows_matching(r"^\d{1,2}:\d\d", kept=True)
    if clocks < rows.sum() or noted > _CONTRARY * effect.rows:
        return "most times of the column are not written so"
    forms = set(_clock_forms(effect.values.take(pa.array(effect.pairs.after[places]))))
    custom = sum(int(held) for form, held in zip(_clock_forms(kept), counts, strict=True) if form in forms)
    return None if len(forms) <= 2 and custom >= _MOST * clocks else "most times of the column are not written so"


def _clock_forms(values: pa.StringArray) -> list[str]:
    """Return how times of day are written: their pattern, with one digit or two for the hour being the same."""
    made = pc.replace_substring_regex(masked_patterns(values), r"^99?:", "9:")
    found: list[str] = pc.fill_null(made, "").to_pylist()
    return found
