"""A profile for people at a terminal: one line a column, then what rows and columns have to do with each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from etl_agent.cli.failure import safe
from etl_agent.errors import counted

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["print_profile"]

Told = Mapping[str, Any]

_WIDE = 110  # characters of a terminal that has room for the patterns
_NAME, _VALUE = 26, 22  # characters of a column's name and of a value
_LEAST = 12  # characters of the column of values
_GAP = 3  # characters between two columns
_MOST_LINES = 8  # keys or dependencies


def print_profile(told: Told) -> None:
    """Print a profile, as wide as the terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    twice = told["duplicates"]
    click.echo(
        f"{counted(told['rows'])}, {counted(len(told['columns']), 'column')}, "
        f"{counted(told['malformed'], 'malformed record')}, "
        f"{_count(twice['rows'], exact=twice['exact'])} duplicate {'row' if twice['rows'] == 1 else 'rows'}"
    )
    console.print(_table(told["columns"], width=console.width))
    for line in _notes(told):
        console.print(Text(safe(line)), soft_wrap=True)


def _table(columns: Sequence[Told], *, width: int) -> Table:
    """Make the table of columns; what is left of the width goes to their values, and to patterns if it is much."""
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    heads = ("column", "kind", "nulls", "distinct", "values", "patterns")
    lines = [
        (
            _short(column["name"], _NAME),
            _kind(column),
            _nulls(column),
            _count(column["distinct"], exact=column["distinct_exact"]),
            _values(column),
            _listed(column["patterns"], "pattern", rows=column["rows"]),
        )
        for column in columns
    ]
    sizes = [max(map(cell_len, cells)) for cells in zip(heads, *lines, strict=True)]
    left = width - sum(sizes[:4]) - _GAP * 4 - 2
    wide = width >= _WIDE
    sizes[4] = max((left - _GAP) * 3 // 5 if wide else left, _LEAST)
    sizes[5] = left - _GAP - sizes[4]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head, size in zip(heads[: 6 if wide else 5], sizes, strict=False):
        right = head in ("nulls", "distinct")
        table.add_column(head, justify="right" if right else "left", no_wrap=True, overflow="ellipsis", width=size)
    for line in lines:
        table.add_row(*map(Text, line[: 6 if wide else 5]))
    return table


def _count(rows: int, *, exact: bool = True) -> str:
    return f"{'' if exact else '~'}{rows:,}"


def _share(rows: int, whole: int) -> str:
    percent = 100 * rows / whole if whole else 0.0
    return f"{percent:.0f}%" if percent >= 1 or not rows else "<1%"


def _kind(column: Told) -> str:
    unit = f" {_short(column['unit'], 8)}" if column.get("unit") else ""
    return f"{column['kind'].replace('_', ' ')}{unit}{'?' if column['ambiguous'] else ''}"


def _nulls(column: Told) -> str:
    """Say how many cells are null, and how many more hold a null spelling."""
    spelled = sum(found["rows"] for found in column["null_spellings"]) + column["empties"]
    return f"{column['nulls']:,}" + (f" +{spelled:,}" if spelled else "")


def _values(column: Told) -> str:
    """Say from where to where the values go, or which ones are most frequent."""
    if dates := column.get("dates"):
        return f"{dates['first']} to {dates['last']}"
    numbers = column.get("numbers")
    if numbers and column.get("histogram"):
        return f"{numbers['min']:,g} to {numbers['max']:,g}, median {numbers['median']:,g}"
    spelled = {found["value"] for found in column["null_spellings"]}
    if items := [item for item in column.get("frequent", ()) if item["value"] not in spelled and item["rows"] > 1]:
        return _listed(items, "value", rows=column["rows"])
    length = column["length"]
    if length["min"] is None:
        return ""
    span = f"{length['min']:,}" if length["min"] == length["max"] else f"{length['min']:,} to {length['max']:,}"
    return f"{span} characters"


def _listed(items: Sequence[Told], key: str, *, rows: int) -> str:
    return ", ".join(f"{_short(item[key], _VALUE) or '(empty)'} {_share(item['rows'], rows)}" for item in items[:4])


def _short(text: str, most: int) -> str:
    shown = safe(text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _notes(told: Told) -> Iterator[str]:
    """Say what rows and columns have to do with each other."""
    columns, sample = told["columns"], told["sample"]
    spelled = [column["name"] for column in columns if column["null_spellings"]]
    if spelled:
        yield f"null spellings: in {_names(spelled)}"
    if open_ := [column["name"] for column in columns if column["ambiguous"]]:
        yield f"two readings (kind with ?): {_names(open_)}"
    if sample["alike"]:
        yield f"duplicates but for case and blanks: {sample['alike']:,}"
    for key in (*told["keys"], *told["key_pairs"])[:_MOST_LINES]:
        broken = f" ({_count(key['repeats'], exact=key['exact'])} repeat, {key['nulls']:,} nulls)"
        yield f"key: {_names(key['columns'], joined=' + ')}{broken if key['repeats'] or key['nulls'] else ''}"
    yield from _capped(
        [
            f"depends: {_name(one['given'])} settles {_name(one['column'])} ({100 * one['agreement']:.1f}% agree)"
            for one in told["dependencies"]
        ],
        "more dependencies",
    )
    for found in told["sources"]:
        yield f"sources: {_name(found['source'])} report on {_names(found['entity'], joined=' + ')}"
    for found in told["spills"]:
        what, where = _name(found["into"]), _name(found["column"])
        yield f"spills: {found['rows']:,} values of {what} stand at the {found['side']} of {where}"
    if not sample["whole"]:
        yield f"What columns have to do with each other was found on a sample of {sample['rows']:,} rows."


def _capped(lines: Sequence[str], rest: str) -> Iterator[str]:
    yield from lines[:_MOST_LINES]
    if len(lines) > _MOST_LINES:
        yield f"{len(lines) - _MOST_LINES:,} {rest}: --json or --html shows them"


def _name(name: str) -> str:
    return _short(name, _NAME)


def _names(names: Sequence[str], *, joined: str = ", ") -> str:
    shown = joined.join(map(_name, names[:_MOST_LINES]))
    return shown if len(names) <= _MOST_LINES else f"{shown} and {len(names) - _MOST_LINES:,} more"
