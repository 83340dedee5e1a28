"""The cleaning that a goal asks for, as routes and steps of a pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np

from etl_agent.clean.case_form import CaseAs, CaseStyle, in_style
from etl_agent.clean.step import Step
from etl_agent.clean.text import Case
from etl_agent.orchestrate.planner.drafting.asked import Asked, quoted
from etl_agent.orchestrate.planner.drafting.placed import Placed
from etl_agent.orchestrate.planner.wishes import Cleaned, Convention
from etl_agent.orchestrate.router import Route
from etl_agent.profile.kinds import Kind

__all__ = ["conventions_of"]

_ROUTES: Mapping[Convention, tuple[tuple[str, str], ...]] = {
    "tidy": (("tidy", "text_hygiene"),),
    "nulls": (("nulls", "null_spellings"),),
    "spelling": (("spelling", "category_spelling"), ("slips", "typos")),
    "contacts": (("contacts", "contacts"),),
    "everything": (("cleaning", "auto"),),
}
"""The routes of each convention, and the strategy that each may take. Every step of theirs passes the gate."""

_CASE_OF_MODEL = (("case", "category_spelling"),)
"""A case that a model asks for may join values, so it has to pass the gate as well."""

_SAID: tuple[tuple[str, CaseStyle], ...] = (
    (r"\b(?:upper|capitals\b|caps\b)", "upper"),
    (r"\b(?:lower|small\b)", "lower"),
    (r"\b(?:title|capitali[sz])", "title"),
)
"""How a goal names a case."""

_STYLES: tuple[CaseStyle, ...] = ("title", "upper", "lower")
_CASED: frozenset[Kind] = frozenset({"category", "identifier", "text", "constant"})
_TITLES = tuple(" ".join(["Aa"] * words) for words in range(1, 6))
"""How values of so many words are written in titles; longer ones are sentences."""


def conventions_of(asked: Asked, *, when: Literal["before", "after"], notes: list[str]) -> Iterator[Placed]:
    """Offer the nodes for what a goal wants cleaned.

    Dates and numbers are not here: the contract takes them in one form.

    Args:
        asked: what is asked of the dataset.
        when: ``before`` the cells are read as types what nobody sees is taken away, ``after`` that all the rest.
        notes: takes what a person should know.
    """
    names: list[str] = []
    for wish in asked.cleaned:
        if (wish.how == "tidy") != (when == "before"):
            continue
        reason = f"the goal asks for it ({quoted(wish)})" if wish.by == "goal" else "a model chose this cleaning"
        for name, strategy in _routes(wish):
            names.append(name)
            called = name if names.count(name) == 1 else f"{name}_{names.count(name)}"
            yield Placed(Route(route=called, columns=wish.columns or "all", among=(strategy,)), reason, wish.by)
        notes += _telephones(wish, asked)
        if wish.how == "case" and wish.by == "goal":
            steps = tuple(_cases(wish, asked))
            if not steps:
                notes.append(
                    f"{asked.source.name}: {quoted(wish)}: no column has one case that most of its values are in"
                )
            yield from (Placed(step, reason, wish.by) for step in steps)


def _routes(wish: Cleaned) -> tuple[tuple[str, str], ...]:
    """Return the routes of a wish, each with its strategy."""
    if wish.how == "case" and wish.by == "model":
        return _CASE_OF_MODEL
    return _ROUTES.get(wish.how, ())


def _telephones(wish: Cleaned, asked: Asked) -> Iterator[str]:
    """Say which telephone numbers keep their form: nothing tells in which country they are dialled."""
    kinds = asked.source.profile.kinds
    for name in wish.columns or asked.kept:
        if wish.how == "contacts" and kinds[name].kind == "phone":
            yield f"{asked.source.name}, column {name}: keeps its form: the step phone has to know a country"


def _cases(wish: Cleaned, asked: Asked) -> Iterator[Step]:
    """Write the values of each column in the case that is said, or in the one that most of them are in.

    Where no case is said, values of mixed case are left alone.
    """
    said = [style for form, style in _SAID if wish.by == "goal" and re.search(form, wish.words, re.IGNORECASE)]
    sample, kinds = asked.source.profile.sample.data, asked.source.profile.kinds
    if sample is None:
        return
    columns = wish.columns or tuple(name for name in asked.kept if kinds[name].kind in _CASED)
    for name in columns:
        if len(said) == 1:
            yield Case(columns=(name,), to=said[0])
            continue
        cells = sample.column(name).drop_null()
        rows = {style: int(np.count_nonzero(in_style(cells, style))) for style in _STYLES}
        style = max(_STYLES, key=rows.__getitem__)
        if 2 * rows[style] <= sum(rows.values()):
            continue
        others = tuple(other for other in _STYLES if other != style)
        if style == "title":
            yield CaseAs(columns=(name,), of=others, patterns=_TITLES)
        else:
            yield CaseAs(columns=(name,), of=others, to=style)
