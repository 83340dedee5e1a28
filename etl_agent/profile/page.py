"""A profile as one HTML page that needs nothing else: no script, no font, no address to fetch."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from etl_agent.profile.charts import count, printable, share
from etl_agent.profile.page_columns import article, name_of, overview, table

__all__ = ["page"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_MOST_DEPENDENCIES = 40

Told = Mapping[str, Any]


def page(told: Told, *, title: str = "") -> str:
    """Write a profile as a page.

    Args:
        told: what ``Profile.as_dict`` returns.
        title: what was profiled, such as the names of the files.
    """
    style = files("etl_agent.profile").joinpath("page.css").read_text(encoding="utf-8")
    name = printable(title) or "a dataset"
    return "".join(
        (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{html.escape(_POLICY)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>Profile of {name}</title><style>{style}</style></head><body>",
            f"<header><h1>Profile of <bdi>{name}</bdi></h1>{_tiles(told)}</header><main>",
            *_together(told),
            f"<section><h2>Columns</h2>{overview(told['columns'])}</section>",
            "<section><h2>Columns, one by one</h2>",
            *(article(column, place) for place, column in enumerate(told["columns"])),
            "</section></main></body></html>\n",
        )
    )


def _tiles(told: Told) -> str:
    twice, sample = told["duplicates"], told["sample"]
    facts = [
        (count(told["rows"]), "rows"),
        (count(len(told["columns"])), "columns"),
        (count(told["malformed"]), "malformed records"),
        (count(twice["rows"], exact=twice["exact"]), "rows repeat an earlier one"),
        (count(sample["alike"]), "more but for case and blanks" + ("" if sample["whole"] else ", in the sample")),
    ]
    return f'<ul class="tiles">{"".join(f"<li><b>{figure}</b> {said}</li>" for figure, said in facts)}</ul>'


def _together(told: Told) -> Iterator[str]:
    """Write what rows and columns have to do with each other."""
    yield "<section><h2>What columns have to do with each other</h2>"
    sample = told["sample"]
    if not sample["whole"]:
        yield (
            f"<p>Found on a sample of {count(sample['rows'])} of {count(told['rows'])} rows, except the columns that "
            "are keys by themselves.</p>"
        )
    keys = [*told["keys"], *told["key_pairs"]]
    if keys:
        yield table("Candidate keys", ("columns", "#rows that repeat", "#rows without a value"), map(_key, keys))
    if told["dependencies"]:
        most = told["dependencies"][:_MOST_DEPENDENCIES]
        rest = len(told["dependencies"]) - len(most)
        caption = "Approximate dependencies: rows that agree with the others of their group"
        lines = (
            [name_of(one["given"]), name_of(one["column"]), share(one["agreement"], 1), count(one["groups"])]
            for one in most
        )
        yield table(caption, ("column", "settles", "#agreement", "#groups"), lines)
        if rest:
            yield f"<p>{count(rest)} weaker ones are left out.</p>"
    if told["sources"]:
        yield table(
            "Several sources report on the same things",
            ("source", "thing", "what they report", "#sources", "#things"),
            map(_source, told["sources"]),
        )
    if told["spills"]:
        heads = ("column", "holds values of", "where in the cell", "#rows", "#rows that lack the value")
        lines = (
            [name_of(one["column"]), name_of(one["into"]), one["side"], count(one["rows"]), count(one["empty"])]
            for one in told["spills"]
        )
        yield table("Values that spilled into a neighbour column", heads, lines)
    if not any((keys, told["dependencies"], told["sources"], told["spills"])):
        yield "<p>No candidate key and no dependency was found.</p>"
    yield "</section>"


def _key(key: Told) -> list[str]:
    columns = " + ".join(map(name_of, key["columns"]))
    return [columns, count(key["repeats"], exact=key["exact"]), count(key["nulls"])]


def _source(found: Told) -> list[str]:
    claims = ", ".join(
        f"{name_of(claim['column'])} ({share(claim['agreement'], 1)} agree)" for claim in found["claims"]
    )
    entity = " + ".join(map(name_of, found["entity"]))
    return [name_of(found["source"]), entity, claims, count(found["sources"]), count(found["entities"])]
