"""The steps that let a check pass values that are good and only written otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import ValidationError

from etl_agent.clean.categories import Canonical
from etl_agent.clean.identifiers import Email
from etl_agent.clean.step import Step
from etl_agent.clean.text import Case
from etl_agent.orchestrate.planner.drafting.demand import Demand
from etl_agent.orchestrate.planner.drafting.placed import Placed

__all__ = ["readable"]


def readable(demands: Iterable[Demand]) -> Iterator[Placed]:
    """Offer the steps for the checks of text columns, each with why it is there and who asked.

    An address is an address in any case of its domain, a country code is one in small letters too, and a value of a
    list is that value whatever its case. Nothing else is made good, and a model's word writes no cell anew but that of
    an address: it could make up the list.
    """
    for demand in demands:
        match demand.checks.get("format"):
            case "email":
                step: Step = Email(columns=(demand.column,))
                reason = "addresses are written in one form before they are checked"
                yield Placed(step, reason, demand.askers["format"])
            case "country_code" | "currency_code" | "iban" if demand.askers["format"] == "goal":
                step = Case(columns=(demand.column,), to="upper")
                yield Placed(step, "these codes are written in capitals", demand.askers["format"])
        values = demand.said_alone().checks.get("one_of")
        if isinstance(values, tuple) and (canonical := _canonical(demand.column, values)) is not None:
            reason = "values of the list are known by other spellings of theirs too"
            yield Placed(canonical, reason, demand.askers["one_of"])


def _canonical(column: str, values: tuple[str, ...]) -> Canonical | None:
    """Return the step for a list; None where the values differ in nothing else than what it would ignore."""
    for ignored in (("case", "blanks", "punctuation"), ("case", "blanks"), ("blanks",)):
        try:
            return Canonical.model_validate({"columns": (column,), "values": values, "ignore": ignored})
        except ValidationError:
            continue
    return None
