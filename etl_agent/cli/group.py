"""A group of commands that are imported when they are called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from etl_agent.cli.commands import Listed
from etl_agent.errors import did_you_mean

__all__ = ["LazyGroup"]


class LazyGroup(click.Group):
    """Know the commands from a table, so that ``--help`` and a wrong name import none of them.

    Args:
        listed: the commands by name.
    """

    def __init__(self, *args: Any, listed: Mapping[str, Listed], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.listed = listed

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Name the commands in the order of the table."""
        return list(self.listed)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """Import the command of a name."""
        if cmd_name not in self.listed:
            return None
        module, _, attribute = self.listed[cmd_name].place.partition(":")
        command = vars(import_module(module))[attribute]
        if not isinstance(command, click.Command):
            raise TypeError(f"{self.listed[cmd_name].place} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        """Write the commands with the lines of the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.line) for name, listed in self.listed.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; a wrong name is answered with the near ones."""
        if args[0] not in self.listed and not args[0].startswith("-"):
            hint = did_you_mean(args[0], self.listed) or f"; valid: {', '.join(self.listed)}"
            raise click.UsageError(f"no such command {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)
