"""Pictures of a profile as inline SVG and bars, with every figure in words for those who do not see them."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

from etl_agent.masking import spelled_out

__all__ = ["bars", "count", "histogram", "number", "printable", "share"]

_WIDTH, _HEIGHT = 600, 96
_LEAST_HEIGHT = 1.5  # of a bar with any rows: what is there must be seen
_LONGEST = 160  # characters of a cell's text that are shown
_LISTED = 64  # characters of a text in a list
_JOINERS = "\u200c\u200d"  # they belong to words of some scripts and to emoji, and hide nothing


def printable(text: str, *, most: int = _LONGEST) -> str:
    """Make a cell's text fit for a page: signs that print nothing or turn the writing are spelled out, long ones cut.

    >>> printable("a\\u202eb<i>")
    'a\\\\u202eb&lt;i&gt;'

    Args:
        text: the text.
        most: characters that are shown.
    """
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return html.escape(spelled_out(cut, but=_JOINERS))


def count(rows: int, *, exact: bool = True) -> str:
    """Write a count for people; an estimate has a tilde."""
    return f"{'' if exact else '~'}{rows:,}"


def share(part: float, whole: float) -> str:
    """Write a share in percent, never 0 % of something nor 100 % of less than all."""
    if not whole or not part:
        return "0 %"
    percent = 100 * part / whole
    if part < whole and percent > 99.9:
        return ">99.9 %"
    return "<0.1 %" if percent < 0.1 else f"{percent:.1f} %".replace(".0 %", " %")


def number(value: float | str | None) -> str:
    """Write a number with the digits that matter."""
    if value is None or isinstance(value, str):
        return "" if value is None else value
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1e15 or abs(value) < 1e-4:
        return f"{value:.4g}"
    return f"{value:,.{max(0, 5 - int(math.log10(max(abs(value), 1))))}f}".rstrip("0").rstrip(".")


def histogram(bins: Mapping[str, Any], *, name: str, whole: bool = False) -> str:
    """Draw a histogram; each bar tells its span and rows when pointed at, the figure as a whole is described.

    Args:
        bins: edges, one more than rows; rows; rows below and above.
        name: what is counted.
        whole: whether bars hold whole numbers, so that a bar of width 1 is one number.
    """
    rows: Sequence[int] = bins["rows"]
    edges = bins["edges"]
    most, step = max(rows, default=0) or 1, _WIDTH / max(len(rows), 1)
    gap = min(1.0, step / 8)
    drawn = []
    for place, here in enumerate(rows):
        height = max(_HEIGHT * here / most, _LEAST_HEIGHT) if here else 0.0
        drawn.append(
            f'<rect x="{place * step:.2f}" y="{_HEIGHT - height:.2f}" width="{step - gap:.2f}" height="{height:.2f}">'
            f"<title>{_span(edges, place, whole=whole)}: {count(here)} rows</title></rect>"
        )
    peak = max(range(len(rows)), key=rows.__getitem__, default=0)
    first, last = _edge(edges[0]), _edge(edges[-1] - 1 if whole else edges[-1])
    said = f"{name}: {len(rows)} bars from {first} to {last}; "
    said += f"most rows, {count(rows[peak])}, at {_span(edges, peak, whole=whole)}" if rows else "no rows"
    ends = (bins["below"], bins["above"])
    outside = [f"{count(there)} {where}" for there, where in zip(ends, ("before", "after"), strict=True) if there]
    note = f'<span class="outside">{" and ".join(outside)} this span</span>' if outside else ""
    return (
        f'<figure class="histogram"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img"'
        f' aria-label="{html.escape(said)}">{"".join(drawn)}</svg>'
        f"<figcaption><span>{first}</span>{note}<span>{last}</span></figcaption></figure>"
    )


def _span(edges: Sequence[Any], place: int, *, whole: bool) -> str:
    if whole and edges[place + 1] - edges[place] == 1:
        return _edge(edges[place])
    return f"{_edge(edges[place])} to {_edge(edges[place + 1])}"


def _edge(edge: Any) -> str:
    return html.escape(number(edge))


def bars(items: Sequence[Mapping[str, Any]], *, key: str, rows: int, caption: str, code: bool = False) -> str:
    """List texts with their rows, each with a bar of its share.

    Args:
        items: texts with rows and whether these are exact.
        key: where the text stands in an item.
        rows: rows that are the whole.
        caption: what is listed.
        code: whether the texts are patterns rather than values.
    """
    tag = "code" if code else "bdi"
    lines = []
    for item in items:
        text = printable(item[key], most=_LISTED)
        shown = f"<{tag}>{text}</{tag}>" if text else '<span class="quiet">empty text</span>'
        width = 100 * item["rows"] / rows if rows else 0
        lines.append(
            f'<tr><th scope="row">{shown}</th><td class="bar"><span style="width:{min(width, 100):.2f}%"></span></td>'
            f"<td>{count(item['rows'], exact=item['exact'])}</td><td>{share(item['rows'], rows)}</td></tr>"
        )
    return f'<table class="bars"><caption>{html.escape(caption)}</caption>{"".join(lines)}</table>'
