"""Rules for telephone numbers and e-mail addresses: a country must be shown, and the column hold addresses."""

from __future__ import annotations

import numpy as np

from etl_agent.decide.gate.effect import ColumnEffect
from etl_agent.profile.coded import Codes

__all__ = ["object_to_addresses", "object_to_phones"]

_CONTRARY = 0.05  # of the numbers with a country may be of another one than those without get


def object_to_phones(effect: ColumnEffect, places: Codes) -> str | None:
    """Refuse a country that the column's numbers with a country do not show."""
    countries = {effect.readings[place].affix for place in places.tolist()} - {""}
    if not countries:
        return None
    if len(countries) > 1:
        return "it gives numbers several countries"
    written = r"^\s*(?:\+|00)\s?"
    every = effect.rows_matching(written)
    same = effect.rows_matching(written + r"[\s(]*" + r"\D?".join(countries.pop()))
    if not same:
        return "no number shows which country is meant"
    return "other numbers are of another country" if every - same > _CONTRARY * every else None


def object_to_addresses(effect: ColumnEffect, places: Codes) -> str | None:
    """Refuse where most of the column are no addresses."""
    counts = np.bincount(effect.after[effect.after >= 0], minlength=len(effect.values))
    known = effect.rows_matching(r"^[^@\s]+@[^@\s]+\.\S{2,}$", counts=counts)
    enough = len(places) and known >= 0.5 * counts.sum()
    return None if enough else "most values of the column are no addresses"
