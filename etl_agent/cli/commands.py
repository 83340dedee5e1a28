"""Which commands there are, with the one line that ``etl-agent --help`` says of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["COMMANDS", "Listed"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A command that is imported when it is called.

    Args:
        place: ``module:function``.
        line: the first sentence of its help, kept here so that listing commands imports none of them.
    """

    place: str
    line: str


COMMANDS: Mapping[str, Listed] = {
    "check": Listed("etl_agent.cli.check:check", "Check pipeline files without touching data or a target."),
    "catalog": Listed("etl_agent.cli.catalog:catalog", "List steps, contract keys, reject reasons and exit codes."),
    "schema": Listed("etl_agent.cli.schema:schema", "Print the JSON Schema of pipeline files, for editors."),
}
"""Every command, in the order of ``--help``."""
