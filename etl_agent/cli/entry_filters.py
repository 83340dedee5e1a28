"""The options that choose rejected rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from etl_agent.rejects import reason_codes

if TYPE_CHECKING:
    from etl_agent.run.quarantine import EntryStatus, Filters

__all__ = ["STATUSES", "filter_options", "filters_of"]

STATUSES = ("open", "refused", "replayed", "closed", "discarded", "all")
"""What may have become of a row, and all of that."""

Function = TypeVar("Function", bound=Callable[..., Any])


def filter_options(function: Function) -> Function:
    """Give the options that choose entries; they arrive as ``table``, ``run_id``, ``reason`` and ``ids``."""
    for option in (
        click.option("--id", "ids", type=click.IntRange(min=1), multiple=True, help="This entry; repeat for several."),
        click.option("--reason", type=click.Choice(reason_codes()), help="Only rows with this reason."),
        click.option("--run", "run_id", type=click.IntRange(min=0), help="Only rows that this run rejected."),
        click.option("--table", help="Only rows of this table."),
    ):
        function = option(function)
    return function


def filters_of(status: str, *, ids: Sequence[int], **known: Any) -> Filters:
    """Make the filters of a status, or of all, from what the options gave."""
    from etl_agent.run.quarantine import Filters

    chosen: tuple[EntryStatus, ...] = () if status == "all" else (status,)  # type: ignore[assignment]  # a click.Choice
    return Filters(status=chosen, ids=tuple(ids), **known)
