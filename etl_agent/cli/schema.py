"""``etl-agent schema``: what editors need to know of pipeline and strategy files."""

from __future__ import annotations

import click

from etl_agent.cli.context import command, print_json

__all__ = ["schema"]


@command()
@click.option("--strategy", is_flag=True, help="The schema of strategy files, those in pipelines/strategies/.")
def schema(*, strategy: bool) -> None:
    """Print the JSON Schema of pipeline files, or of strategy files, for editors.

    Write it to a file and name that file in the first line of a pipeline file:

    \b
      etl-agent schema > pipelines/schema.json
      # yaml-language-server: $schema=schema.json
    """
    from etl_agent.orchestrate.json_schema import json_schema, strategy_schema

    print_json(strategy_schema() if strategy else json_schema())
