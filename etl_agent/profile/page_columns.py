"""The columns on the page of a profile: a table of all, and a card for each."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from etl_agent.profile.charts import bars, count, histogram, number, printable, share

__all__ = ["article", "name_of", "overview", "table"]

Told = Mapping[str, Any]

_BARS = 8  # frequent values or patterns of a card
_NAME = 60  # characters of a column's name in a table, or of a text in a list
_QUANTILES = (("min", "least"), ("p05", "5 %"), ("median", "median"), ("p95", "95 %"), ("max", "greatest"))


def name_of(name: str) -> str:
    """Write the name of a column in a table."""
    return f"<bdi>{printable(name, most=_NAME)}</bdi>" if name.strip() else '<span class="quiet">(no name)</span>'


def table(caption: str, heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Write a table.

    Args:
        caption: what it shows.
        heads: the head of each column; one that begins with ``#`` is of figures.
        lines: cells in HTML; the first of each line names it.
    """
    kinds = ['class="figure"' if head.startswith("#") else "" for head in heads]
    named = zip(kinds, heads, strict=True)
    head = "".join(f'<th scope="col" {kind}>{html.escape(text.lstrip("#"))}</th>' for kind, text in named)
    body = "".join(
        f'<tr><th scope="row">{first}</th>'
        + "".join(f"<td {kind}>{cell}</td>" for kind, cell in zip(kinds[1:], rest, strict=True))
        + "</tr>"
        for first, *rest in lines
    )
    return (
        f'<div class="wide" tabindex="0"><table><caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def overview(columns: Sequence[Told]) -> str:
    """Write the table of all columns, which leads to their cards."""
    lines = (
        (
            f'<a href="#c{place}">{name_of(column["name"])}</a>',
            _kind(column),
            html.escape(column["type"]),
            share(column["nulls"], column["rows"]),
            count(sum(found["rows"] for found in column["null_spellings"])),
            count(column["distinct"], exact=column["distinct_exact"]),
            _range(column),
        )
        for place, column in enumerate(columns)
    )
    heads = ("column", "kind", "type", "#nulls", "#null spellings", "#distinct", "#range")
    return table(f"{count(len(columns))} columns", heads, lines)


def _kind(column: Told) -> str:
    """Write the kind of a column with what it leaves open."""
    kind = html.escape(column["kind"].replace("_", " "))
    unit = f" in <bdi>{printable(column['unit'])}</bdi>" if column.get("unit") else ""
    doubt = ' <span class="badge warn">two readings</span>' if column["ambiguous"] else ""
    return f'<span class="badge">{kind}{unit}</span>{doubt}'


def _range(column: Told) -> str:
    """Write from where to where the values go, if values are shown."""
    found = column.get("dates") or column.get("numbers")
    if not found:
        return ""
    least, most = (found["first"], found["last"]) if "first" in found else (found["min"], found["max"])
    return html.escape(f"{number(least)} to {number(most)}")


def article(column: Told, place: int) -> str:
    """Write the card of a column."""
    fits = column["kind_share"] == 1
    warn = "" if fits else '<span class="badge warn">some rows do not fit</span>'
    parts = "".join(f"<div>{part}</div>" for part in _parts(column) if part)
    head = f'<h3 id="h{place}"><bdi>{printable(column["name"])}</bdi></h3>'
    return (
        f'<article id="c{place}" aria-labelledby="h{place}"><header>{head}'
        f'{_kind(column)}{warn}</header><div class="parts">{parts}</div></article>'
    )


def _parts(column: Told) -> Iterator[str]:
    yield _facts(column)
    if column.get("histogram"):
        counted = "Dates" if "dates" in column else "Numbers"
        yield _pictured(f"{counted}, by rows", column["histogram"], whole=column["kind"] == "integer")
    elif column["length"]["histogram"]:
        yield _pictured("Characters of a value, by rows", column["length"]["histogram"], whole=True)
    if column.get("frequent"):
        most = column["frequent"][:_BARS]
        yield bars(most, key="value", rows=column["rows"], caption="Frequent values")
    if column["patterns"]:
        most = column["patterns"][:_BARS]
        caption = "Patterns: 9 is a digit, A a capital, a another letter"
        yield bars(most, key="pattern", rows=column["rows"], caption=caption, code=True)
    yield _listed("Null spellings", column["null_spellings"], key="value", tag="bdi")
    yield _listed("Rare values", column.get("rare", ()), key="value", tag="bdi")
    yield _listed("Rare patterns", column["rare_patterns"], key="pattern", tag="code")


def _pictured(caption: str, bins: Told, *, whole: bool) -> str:
    said = caption.partition(",")[0]
    return f'<p class="quiet">{html.escape(caption)}</p>{histogram(bins, name=said, whole=whole)}'


def _facts(column: Told) -> str:
    """List the figures of a column."""
    pairs = [(html.escape(name), value) for name, value in _figures(column) if value]
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{value}</dd>' for name, value in pairs)}</dl>"


def _figures(column: Told) -> Iterator[tuple[str, str]]:
    rows, length = column["rows"], column["length"]
    yield "type", html.escape(column["type"])
    yield "written as", ", ".join(f"<code>{printable(form)}</code>" for form in column["formats"])
    if column["kind_share"] < 1:
        yield "fit the kind", share(column["kind_share"], 1)
    yield "nulls", f"{count(column['nulls'])} ({share(column['nulls'], rows)})" if column["nulls"] else "none"
    yield "empty texts", count(column["empties"]) if column["empties"] else ""
    distinct = count(column["distinct"], exact=column["distinct_exact"])
    once = count(column["once"], exact=column["distinct_exact"])
    yield "distinct", f"{distinct}, of which {once} once" if column["once"] else distinct
    if length["min"] is not None:
        same = length["min"] == length["max"]
        between = number(length["min"]) if same else f"{number(length['min'])} to {number(length['max'])}"
        yield "characters", between if same else f"{between}, {number(length['mean'])} on the mean"
    if numbers := column.get("numbers"):
        for name, said in _QUANTILES:
            yield said, html.escape(number(numbers[name]))
    if dates := column.get("dates"):
        yield "from, to", html.escape(f"{dates['first']}, {dates['last']}")
        yield "before 1600 or after 2399", count(dates["outside"]) if dates["outside"] else ""
    if found := column.get("outliers"):
        sides = (("below", "low"), ("above", "high"))
        told = (f"{count(found[side])} {side} {number(found[end])}" for side, end in sides if found[side])
        yield "far out", html.escape(", ".join(told)) or "none"


def _listed(caption: str, items: Sequence[Told], *, key: str, tag: str) -> str:
    if not items:
        return ""
    shown = "".join(
        f"<li><{tag}>{printable(item[key], most=_NAME) or '&nbsp;'}</{tag}> {count(item['rows'])}</li>"
        for item in items
    )
    return f'<p class="quiet">{html.escape(caption)}</p><ul class="values">{shown}</ul>'
