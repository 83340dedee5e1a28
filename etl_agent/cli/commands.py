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
    "run": Listed("etl_agent.cli.run:run", "Run pipelines: extract, validate, clean and load; all of it or nothing."),
    "load": Listed("etl_agent.cli.load:load", "Load CSV files into a table, without a pipeline file."),
    "extract": Listed(
        "etl_agent.cli.copies:extract",
        "Write what the reader makes of CSV files, as plain RFC 4180; nothing is invented.",
    ),
    "clean": Listed(
        "etl_agent.cli.copies:clean", "Write a cleaned copy of CSV files: the same rows in the same order."
    ),
    "explain": Listed("etl_agent.cli.explain:explain", "Show what a run would do, without touching the target."),
    "plan": Listed(
        "etl_agent.cli.plan:plan",
        "Make pipelines from a GOAL in words and FILEs, rehearse them, and write them into pipelines/.",
    ),
    "compare": Listed(
        "etl_agent.cli.compare:compare",
        "Compare the ways to clean files or a pipeline on your own rows; end with the cheapest that is good enough.",
    ),
    "lock": Listed(
        "etl_agent.cli.lock:lock",
        "Write pipelines/NAME.lock.json: what each route chose and why, what steps learned, what the data looked like.",
    ),
    "profile": Listed(
        "etl_agent.cli.profile:profile",
        "Show what CSV files hold: kinds, nulls, values, patterns and ranges of columns, keys, duplicates, "
        "dependencies.",
    ),
    "runs": Listed("etl_agent.cli.runs:runs", "List the newest runs with what became of their rows."),
    "show": Listed(
        "etl_agent.cli.runs:show", "Show a run: where every row is, its files, reasons, decisions and changes."
    ),
    "undo": Listed(
        "etl_agent.cli.undo:undo",
        "Take a run back: its table, quarantine and files are again as they were before it.",
    ),
    "prune": Listed(
        "etl_agent.cli.prune:prune",
        "Delete what is kept of old runs: their undo, settled quarantine entries, changes, decisions and unused plans.",
    ),
    "why": Listed(
        "etl_agent.cli.why:why",
        "Tell which run, file, line and steps made a row, or why it is not in the table.",
    ),
    "quarantine": Listed("etl_agent.cli.quarantine:quarantine", "List, export, replay or discard rejected rows."),
    "cron": Listed("etl_agent.cli.cron:cron", "Put pipelines into the crontab, list them, and take them out."),
    "status": Listed(
        "etl_agent.cli.status:status",
        "Tell whether pipelines loaded when they should, and what they should; the exit code is 1 if not.",
    ),
    "doctor": Listed(
        "etl_agent.cli.doctor:doctor",
        "Check the installation and the project; the exit code is 1 if a run would fail.",
    ),
    "check": Listed("etl_agent.cli.check:check", "Check pipeline files without touching data or a target."),
    "catalog": Listed(
        "etl_agent.cli.catalog:catalog",
        "List all that pipeline and strategy files may say, and all that a run may answer.",
    ),
    "schema": Listed(
        "etl_agent.cli.schema:schema", "Print the JSON Schema of pipeline files, or of strategy files, for editors."
    ),
}
"""Every command, in the order of ``--help``."""
