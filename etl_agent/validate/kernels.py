"""Arrow kernels that answer pandera's built-in checks, the same answer without a detour over pandas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from pandera.api.checks import Check

__all__ = ["Kernel", "built_in", "kernel", "null_passes"]

Kernel = Callable[[pa.Array], pa.Array]
"""Tells for each value whether it is good; for a null it may tell anything."""

_Statistics = Mapping[str, Any]


def kernel(check: Check, *, arrow: pa.DataType) -> Kernel | None:
    """Return the kernel that gives a built-in check's answer on an Arrow-backed column, or None if there is none.

    Args:
        check: a pandera check of a column.
        arrow: the column's type.
    """
    build = _KERNELS.get(built_in(check) or "")
    if build is None or check.element_wise or check.groupby is not None:
        return None
    try:
        judge = build(check.statistics or {}, arrow)
        if judge is not None:
            judge(pa.array([], arrow))
    except (pa.ArrowException, TypeError, ValueError):
        return None  # pandera has a way of its own with these values
    return judge


def built_in(check: Check) -> str | None:
    """Name the built-in check that this is, whatever its writer calls it; None if it is of the writer's making."""
    from pandera.api.checks import Check as PanderaCheck
    from pandera.api.function_dispatch import Dispatcher

    if not isinstance(check._check_fn, Dispatcher):
        return None
    name = str(check._check_fn.__name__)
    return name if PanderaCheck.is_builtin_check(name) else None


def null_passes(check: Check) -> bool:
    """Tell whether pandera answers 'unknown' for a null in an Arrow-backed column, which passes.

    Such a check need not have the nulls dropped before it is asked, which would copy the column.
    """
    return built_in(check) in _COMPARISONS


def _compares(function: str, key: str) -> Callable[[_Statistics, pa.DataType], Kernel]:
    def build(statistics: _Statistics, _: pa.DataType) -> Kernel:
        bound = pa.scalar(statistics[key])
        return lambda values: pc.call_function(function, [values, bound])

    return build


def _in_range(statistics: _Statistics, _: pa.DataType) -> Kernel:
    low, high = pa.scalar(statistics["min_value"]), pa.scalar(statistics["max_value"])
    above = "greater_equal" if statistics["include_min"] else "greater"
    below = "less_equal" if statistics["include_max"] else "less"
    return lambda values: pc.and_(pc.call_function(above, [values, low]), pc.call_function(below, [values, high]))


def _value_set(values: Any, arrow: pa.DataType) -> pa.Array:
    return pa.array(list(values)).cast(arrow)


def _is_in(statistics: _Statistics, arrow: pa.DataType) -> Kernel:
    values = _value_set(statistics["allowed_values"], arrow)
    return lambda cells: pc.is_in(cells, value_set=values)


def _not_in(statistics: _Statistics, arrow: pa.DataType) -> Kernel:
    values = _value_set(statistics["forbidden_values"], arrow)
    return lambda cells: pc.invert(pc.is_in(cells, value_set=values))


def _matches(statistics: _Statistics, arrow: pa.DataType) -> Kernel | None:
    pattern = statistics["pattern"]
    if not isinstance(pattern, str) or arrow != pa.string():
        return None
    # As pandas does on Arrow columns: anchored at the start, by RE2.
    anchored = f"^({pattern.removeprefix('^')})"
    return lambda cells: pc.match_substring_regex(cells, anchored)


def _contains(statistics: _Statistics, arrow: pa.DataType) -> Kernel | None:
    pattern = statistics["pattern"]
    if not isinstance(pattern, str) or arrow != pa.string():
        return None
    return lambda cells: pc.match_substring_regex(cells, pattern)


def _starts(statistics: _Statistics, _: pa.DataType) -> Kernel | None:
    text = statistics["string"]
    return (lambda cells: pc.starts_with(cells, text)) if isinstance(text, str) else None


def _ends(statistics: _Statistics, _: pa.DataType) -> Kernel | None:
    text = statistics["string"]
    return (lambda cells: pc.ends_with(cells, text)) if isinstance(text, str) else None


def _length(statistics: _Statistics, _: pa.DataType) -> Kernel:
    least, most, exact = (statistics.get(key) for key in ("min_value", "max_value", "exact_value"))

    def judge(cells: pa.Array) -> pa.Array:
        if exact is None and least is None:
            short = pc.less_equal(pc.binary_length(cells), most)
            if short.false_count == 0:  # no more bytes than that, so no more characters either
                return short
        characters = pc.utf8_length(cells)
        if exact is not None:
            return pc.equal(characters, exact)
        low = pc.greater_equal(characters, least) if least is not None else None
        high = pc.less_equal(characters, most) if most is not None else None
        return pc.and_(low, high) if low is not None and high is not None else low if low is not None else high

    return judge


_KERNELS: Mapping[str, Callable[[_Statistics, pa.DataType], Kernel | None]] = {
    "equal_to": _compares("equal", "value"),
    "not_equal_to": _compares("not_equal", "value"),
    "greater_than": _compares("greater", "min_value"),
    "greater_than_or_equal_to": _compares("greater_equal", "min_value"),
    "less_than": _compares("less", "max_value"),
    "less_than_or_equal_to": _compares("less_equal", "max_value"),
    "in_range": _in_range,
    "isin": _is_in,
    "notin": _not_in,
    "str_matches": _matches,
    "str_contains": _contains,
    "str_startswith": _starts,
    "str_endswith": _ends,
    "str_length": _length,
}

_COMPARISONS = frozenset(
    {
        "equal_to",
        "not_equal_to",
        "greater_than",
        "greater_than_or_equal_to",
        "less_than",
        "less_than_or_equal_to",
        "in_range",
        "str_length",
    }
)
