"""The type that holds every value of a column, as far as its facts prove it."""

from __future__ import annotations

from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.table import TableFacts
from etl_agent.shape import TEXT, ColumnType, Shape

__all__ = ["infer_type", "widen", "widened"]

_USUAL_DIGITS = 18
_MOST_DIGITS = 38
_WIDEST_DIGITS = 76


def infer_type(facts: ColumnFacts) -> ColumnType:
    """Choose a type only if every value would be written back just as it stood; otherwise text.

    | all values look like | type |
    |---|---|
    | ``7``, ``-12`` | integer; decimal(38,0) beyond 64 bits |
    | ``1.10``, ``-3.75``: the same number of decimals throughout | decimal(18,2), or decimal(38,2) |
    | ``true``, ``false`` | boolean |
    | ``2024-02-29`` | date |
    | ``12:30:00`` | time |
    | ``2024-02-29 12:30:00`` | timestamp |
    | ``007``, ``+7``, ``1E5``, ``1.1`` beside ``1.10``, ``NA``, '', nothing at all | text |

    Decimals get room for larger values than were seen, so that the next file fits as well.
    """
    forms, values = facts.forms, facts.values
    if not values:
        return TEXT
    if forms.rows.get("integer", 0) == values:
        return ColumnType("integer") if not forms.large else _decimal(forms.whole, 0)
    if forms.rows.get("decimal", 0) == values and len(forms.scales) == 1:
        return _decimal(forms.whole, forms.scale)
    if forms.rows.get("boolean", 0) == values:
        return ColumnType("boolean")
    if forms.rows.get("date", 0) == values:
        return ColumnType("date")
    if forms.rows.get("time", 0) == values:
        return ColumnType("time")
    if forms.rows.get("timestamp", 0) == values:
        return ColumnType("timestamp")
    return TEXT


def widen(column_type: ColumnType, facts: ColumnFacts) -> ColumnType:
    """Return the narrowest type, from a contract's type upwards, that holds every value of a column.

    A number may become a longer number, everything else becomes text. A type that holds all values stays.

    Args:
        column_type: the contract's type.
        facts: the facts of all values of the column, after cleaning.
    """
    forms, values = facts.forms, facts.values
    if not values or column_type.kind in ("text", "float"):
        return column_type if column_type.kind == "text" or forms.rows.get("number", 0) == values else TEXT
    if column_type.kind in ("integer", "decimal"):
        return _wider_number(column_type, facts)
    form = {"boolean": "boolean", "date": "date", "time": "any time", "timestamp": "any timestamp"}[column_type.kind]
    return column_type if forms.rows.get(form, 0) == values else TEXT


def widened(shape: Shape, *, facts: TableFacts) -> dict[str, ColumnType]:
    """Name the columns of a contract whose type does not hold all values, with the type that does.

    Args:
        shape: the contract's columns.
        facts: the facts of the cleaned data.
    """
    wider = {
        column.name: widen(column.type, facts.columns[column.name]) for column in shape if column.name in facts.columns
    }
    return {column.name: wider[column.name] for column in shape if wider.get(column.name, column.type) != column.type}


def _wider_number(column_type: ColumnType, facts: ColumnFacts) -> ColumnType:
    forms = facts.forms
    if forms.rows.get("number", 0) != facts.values:
        return TEXT
    if column_type.kind == "integer":
        if not forms.scale and (forms.whole <= _USUAL_DIGITS or _all_in_64_bits(facts)):
            return column_type
        whole, scale = max(forms.whole, _USUAL_DIGITS + 1), forms.scale
    else:
        precision, scale = column_type.precision or _MOST_DIGITS, column_type.scale or 0
        whole, scale = max(forms.whole, precision - scale), max(forms.scale, scale)
    return ColumnType("decimal", whole + scale, scale) if whole + scale <= _WIDEST_DIGITS else TEXT


def _all_in_64_bits(facts: ColumnFacts) -> bool:
    return facts.forms.rows.get("integer", 0) == facts.values and not facts.forms.large


def _decimal(whole: int, scale: int) -> ColumnType:
    for digits in (_USUAL_DIGITS, _MOST_DIGITS):
        if whole + scale <= digits:
            return ColumnType("decimal", digits, scale)
    return TEXT
