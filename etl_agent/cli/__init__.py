"""The command line: the only place that prints or exits."""

from __future__ import annotations

from etl_agent.cli.entry import main

__all__ = ["main"]
