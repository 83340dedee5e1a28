"""What pydantic finds wrong, in words that a user of pipeline files knows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from etl_agent.errors import EtlAgentError, did_you_mean
from etl_agent.masking import masked

__all__ = ["choices_of", "described", "is_of_wrong_kind", "quoted", "worded", "wrong_kind"]

_KINDS: Mapping[str, str] = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "date_from_datetime_inexact": "a date such as 2025-04-03",
    "date_from_datetime_parsing": "a date such as 2025-04-03",
    "date_parsing": "a date such as 2025-04-03",
    "date_type": "a date such as 2025-04-03",
    "datetime_from_date_parsing": "a date and time such as 2025-04-03 12:30:00",
    "datetime_parsing": "a date and time such as 2025-04-03 12:30:00",
    "datetime_type": "a date and time such as 2025-04-03 12:30:00",
    "decimal_parsing": "a number",
    "decimal_type": "a number",
    "dict_type": "a mapping (key: value)",
    "finite_number": "a number that is not infinite",
    "float_parsing": "a number",
    "float_type": "a number",
    "frozen_set_type": "a list",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of fewer digits",
    "int_type": "a whole number",
    "iterable_type": "a list",
    "list_type": "a list",
    "mapping_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "none_required": "nothing (null)",
    "set_type": "a list",
    "string_type": "text",
    "text_or_list_type": "text or a list",
    "time_delta_parsing": "a duration such as 90s or PT5M",
    "time_delta_type": "a duration such as 90s or PT5M",
    "time_parsing": "a time such as 12:30:00",
    "time_type": "a time such as 12:30:00",
    "tuple_type": "a list",
}
"""What was expected, for the errors that say no more than that."""

_LIMITS: Mapping[str, str] = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "too_short": "needs at least {min_length} of them, there are {actual_length}",
    "too_long": "takes at most {max_length} of them, there are {actual_length}",
    "string_too_short": "needs at least {min_length} characters",
    "string_too_long": "takes at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
}
"""What a value of the right kind breaks, in terms of the error's own figures."""

_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|(?<![\w'])(True|False|None|-?\d+(?:\.\d+)?)(?![\w'])")
_MOST = 16  # valid values that are listed
_LONGEST = 60  # characters of a wrong value that are repeated


def worded(error: Mapping[str, Any], value: Any) -> str:
    """Say what is wrong with a value.

    Args:
        error: one entry of pydantic's list.
        value: the wrong value as the file has it.
    """
    kind, context = str(error["type"]), error.get("ctx", {})
    if is_of_wrong_kind(error):
        return wrong_kind([error], value)
    if kind in {"too_short", "string_too_short"} and context["min_length"] == 1:
        return "must not be empty"
    if kind in _LIMITS:
        return (
            f"{_LIMITS[kind].format_map(context)}, not {quoted(value)}"
            if _is_single(value)
            else (_LIMITS[kind].format_map(context))
        )
    if kind in {"value_error", "assertion_error"}:
        return _said(context["error"])
    return masked(re.sub(r"^(?:Input|Value|Decimal input|String) should (?:be|have)", "must be", str(error["msg"])))


def is_of_wrong_kind(error: Mapping[str, Any]) -> bool:
    """Whether an error says no more than what kind of value, or which of a few, was expected."""
    return error["type"] in _KINDS or bool(choices_of(error))


def wrong_kind(errors: Sequence[Mapping[str, Any]], value: Any) -> str:
    """Say in one sentence what the members of a union expected of a value.

    >>> wrong_kind([{"type": "string_type"}, {"type": "tuple_type"}], 5)
    'expected text or a list, not the number 5; quote it to make it text'
    """
    kinds = dict.fromkeys(_KINDS[error["type"]] for error in errors if error["type"] in _KINDS)
    choices = [choice for error in errors for choice in choices_of(error)]
    if choices and not kinds and _is_single(value):
        return f"{quoted(value)} is not valid here{did_you_mean(str(value), choices)}; {listed(choices)}"
    if choices:
        kinds[f"one of {', '.join(choices[:_MOST])}" if len(choices) > 1 else repr(choices[0])] = None
    said = f"expected {' or '.join(kinds)}, not {described(value)}{did_you_mean(str(value), choices)}"
    if "text" in kinds and isinstance(value, bool | int | float):
        said += "; quote it to make it text"
    return said


def listed(choices: Sequence[str]) -> str:
    """Name the valid values, as the tail of a sentence; of very many, the first and where all of them are told."""
    shown = ", ".join(choices[:_MOST])
    return f"valid: {shown}" if len(choices) <= _MOST else f"valid: {shown}, ... (all: etl-agent catalog)"


def choices_of(error: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the values that an error says are valid, or nothing."""
    context = error.get("ctx", {})
    listed = {"literal_error": "expected", "enum": "expected", "union_tag_invalid": "expected_tags"}
    text = str(context.get(listed.get(str(error["type"]), ""), ""))
    return tuple(a.replace("\\'", "'") or b for a, b in _QUOTED.findall(text))


def quoted(value: Any) -> str:
    """Repeat a wrong value, shortened, and without its credentials."""
    text = masked(str(value)) if isinstance(value, str) else described(value)
    return repr(text if len(text) <= _LONGEST else text[:_LONGEST] + "...") if isinstance(value, str) else text


def described(value: Any) -> str:
    """Say what kind of value it is, and the value itself if it is short."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {value}" if len(str(value)) <= _LONGEST else "a long number"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    return "a mapping (key: value)" if isinstance(value, Mapping) else "a list"


def _is_single(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _said(cause: Exception) -> str:
    """Repeat what a validator of ours said."""
    if isinstance(cause, EtlAgentError):
        valid = f"; valid: {', '.join(cause.choices)}" if cause.choices else ""
        then = f"; next: {cause.next_command}" if cause.next_command else ""
        return masked(f"{cause.what}{valid}{then}")
    return masked(str(cause))
