"""What a column means: its semantic kind, told from its facts."""

from __future__ import annotations

from typing import Literal

from etl_agent.profile.facts import ColumnFacts

__all__ = ["Kind", "kind_of"]

Kind = Literal[
    "empty",
    "constant",
    "identifier",
    "category",
    "integer",
    "number",
    "money",
    "percent",
    "quantity",
    "date",
    "time",
    "timestamp",
    "boolean",
    "email",
    "phone",
    "url",
    "postal_code",
    "text",
]
"""empty: no value at all. constant: one value. identifier: (nearly) every row has its own. category: few values that
repeat. quantity: numbers with a unit. text: words that hardly repeat."""


def kind_of(facts: ColumnFacts) -> Kind:
    """Tell the kind of a column from its facts."""
    values, distinct = facts.values, facts.distinct.count
    if not values:
        return "empty"
    if distinct == 1:
        return "constant"
    share = distinct / values
    if facts.forms.rows.get("integer", 0) == values:
        return "identifier" if share > 0.99 else "integer"
    if facts.forms.rows.get("number", 0) == values:
        return "number"
    return "category" if share < 0.5 else "text"
