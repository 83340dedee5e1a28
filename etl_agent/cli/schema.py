"""``etl-agent schema``: what editors need to know of pipeline files."""

from __future__ import annotations

from etl_agent.cli.context import command, print_json

__all__ = ["schema"]


@command()
def schema() -> None:
    """Print the JSON Schema of pipeline files, for editors.

    Write it to a file and name that file in the first line of a pipeline file:

    \b
      etl-agent schema > pipelines/schema.json
      # yaml-language-server: $schema=schema.json
    """
    from etl_agent.orchestrate.json_schema import json_schema

    print_json(json_schema())
