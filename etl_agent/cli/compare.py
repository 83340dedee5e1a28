"""``etl-agent compare``: what each way of cleaning costs and gives on the user's own data."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl_agent.cli.context import command, json_option, print_json, project_of
from etl_agent.cli.failure import safe
from etl_agent.cli.model import asking, model_options
from etl_agent.errors import counted

if TYPE_CHECKING:
    from etl_agent.ask import Ask
    from etl_agent.run.comparing import Compared, Comparison

__all__ = ["compare"]

_PIPELINES = (".yaml", ".yml")


@command()
@click.argument("files", metavar="FILE...|PIPELINE", nargs=-1, required=True)
@click.option(
    "--inject-errors",
    type=click.FloatRange(min=0, max=1, min_open=True),
    is_flag=False,
    flag_value=0.02,
    metavar="[SHARE]",
    help="Put known errors into this share of the clean-looking cells (0.02 if not given), and count what becomes of "
    "them: precision, recall and damage.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another one makes other errors.")
@model_options
@json_option
def compare(
    files: tuple[str, ...],
    *,
    inject_errors: float | None,
    seed: int,
    model: str | None,
    no_model: bool,
    as_json: bool,
) -> int:
    """Compare the ways to clean files or a pipeline on your own rows; end with the cheapest that is good enough.

    The ways are: nothing, the fixed steps, a strategy chosen by rule, by trial, and steps composed for the data
    (auto); and one chosen by a model, if one is configured. Nothing is written. Large datasets are compared on a
    sample of their rows.
    """
    project = project_of(Path(files[0]) if files[0].endswith(_PIPELINES) else None)
    ask = asking(model, no_model=no_model, project=project)
    comparison = _compared(files, project=project, share=inject_errors, seed=seed, ask=ask)
    if as_json:
        print_json(
            {
                "rows": comparison.rows,
                "sample": comparison.sample,
                "rejected": comparison.rejected,
                "ways": [way.as_dict() for way in comparison.ways],
                "recommended": comparison.recommended,
                "why": comparison.why,
            }
        )
        return 0
    _print(comparison)
    return 0


def _compared(files: tuple[str, ...], *, project: Path, share: float | None, seed: int, ask: Ask | None) -> Comparison:
    from etl_agent.orchestrate.adhoc import extract_of
    from etl_agent.orchestrate.file import read_pipeline
    from etl_agent.run.comparing import compare as compared
    from etl_agent.run.deciding import sensitive_in
    from etl_agent.run.failures import contract_failures
    from etl_agent.run.reading import open_files
    from etl_agent.run.sampling import evidence_of

    if not files[0].endswith(_PIPELINES):
        with open_files(extract_of(files, encoding=None, delimiter=None), project=Path.cwd(), as_of=date.today()) as (
            dataset,
            _,
        ):
            return compared(None, evidence_of(dataset), project=project, share=share, seed=seed, ask=ask)
    if len(files) > 1:
        raise click.UsageError("name one pipeline, or the files of one dataset")
    spec = read_pipeline(Path(files[0]))
    with open_files(spec.extract, project=project, as_of=date.today()) as (dataset, _):
        return compared(
            spec.clean,
            evidence_of(dataset, keys=spec.load.primary_key),
            project=project,
            failures=contract_failures(spec.validation, project=project),
            share=share,
            seed=seed,
            ask=ask,
            sensitive=sensitive_in(spec, dataset.names),
        )


def _print(comparison: Comparison) -> None:
    from rich.table import Table

    from etl_agent.cli.report import print_table

    part = "all" if comparison.sample == comparison.rows else f"a sample of {comparison.sample:,} of"
    click.echo(f"{part} {counted(comparison.rows)}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("way")
    table.add_column("strategies")
    columns = _columns(comparison)
    for name in columns:
        table.add_column(name, justify="right")
    for way in comparison.ways:
        cells = _cells(way, comparison)
        table.add_row(way.pattern, safe(", ".join(way.chosen)), *(cells[name] for name in columns))
    print_table(table)
    for way in comparison.ways:
        if way.fell_back:
            click.echo(safe(f"{way.pattern}: decided without a model: {', '.join(way.fell_back)}"))
    if not any(way.pattern == "model" for way in comparison.ways):
        click.echo("model: not configured")
    click.echo(safe(f"recommended: {comparison.recommended}, {comparison.why}"))


def _columns(comparison: Comparison) -> list[str]:
    shown = ["steps", "refused", "seconds", "CPU s", "calls", "tokens", "money", "changed cells", "readable"]
    if comparison.rejected is not None:
        shown += ["rejected before", "rejected after"]
    if any(way.score is not None for way in comparison.ways):
        shown += ["errors", "repaired", "precision", "recall", "damage"]
    return shown


def _cells(way: Compared, comparison: Comparison) -> dict[str, str]:
    cells: dict[str, Any] = {
        "steps": f"{way.steps:,}",
        "refused": f"{way.refused:,}",
        "seconds": f"{way.seconds:.2f}",
        "CPU s": f"{way.cpu_seconds:.2f}",
        "calls": f"{way.model_calls:,}",
        "tokens": f"{way.tokens:,}",
        "money": f"{way.cost:.2f}",
        "changed cells": f"{way.changed:,}",
        "readable": f"{way.readable:.2%}",
        "rejected before": f"{comparison.rejected or 0:,}",
        "rejected after": f"{way.rejected or 0:,}",
    }
    if way.score is not None:
        total = way.score.total
        cells |= {
            "errors": f"{total.errors:,}",
            "repaired": f"{total.right:,}",
            "precision": f"{total.precision:.3f}",
            "recall": f"{total.recall:.3f}",
            "damage": f"{total.damage:.4f}",
        }
    return cells
