"""``etl-agent runs`` and ``etl-agent show``: what earlier runs did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl_agent.cli.context import command, json_option, print_json
from etl_agent.cli.failure import safe
from etl_agent.cli.target_of import Place, ledger, target_of, target_options
from etl_agent.errors import NoInput, near

if TYPE_CHECKING:
    from rich.table import Table

    from etl_agent.decide.decision import Decision, Dropped
    from etl_agent.run.changes import ChangeRow
    from etl_agent.run.history import PastRun
    from etl_agent.run.result import FileOutcome

__all__ = ["NOTHING_YET", "runs", "show"]

NOTHING_YET = "no run is on record there yet; next: etl-agent run pipelines/*.yaml"
"""The answer of a database without our tables."""

_PAIRS = 5  # changes of each step and column that are shown
_LONGEST = 60  # characters of a value
_COUNTS = ("read", "loaded", "quarantined", "deduplicated", "filtered")


@command()
@click.argument("pipelines", metavar="[PIPELINE]...", nargs=-1, type=click.Path(path_type=Path))
@target_options
@click.option("--table", help="Only runs of this table.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="The most runs to list.")
@json_option
def runs(
    pipelines: tuple[Path, ...], *, to: str | None, db_schema: str | None, table: str | None, limit: int, as_json: bool
) -> None:
    """List the newest runs with what became of their rows.

    With PIPELINE files, only their runs are listed, from the database that they load into.
    """
    from etl_agent.run.history import recent_runs

    place = target_of(to, schema=db_schema, pipelines=pipelines)
    names = _names(pipelines)
    with ledger(place) as found:
        past = () if found is None else recent_runs(*found, pipelines=names, table=table, limit=limit)
    if as_json:
        print_json([run.as_dict() for run in past])
    elif past:
        from etl_agent.cli.report import print_table

        print_table(_runs(past))
        click.echo(f"next: etl-agent show {past[0].result.run_id}{place.options}")
    else:
        click.echo(NOTHING_YET if found is None else "no such run; next: etl-agent runs")


def _names(pipelines: Sequence[Path]) -> list[str]:
    if not pipelines:
        return []
    from etl_agent.orchestrate.file import read_pipeline

    return [read_pipeline(path).name for path in pipelines]


@command()
@click.argument("run_id", metavar="[RUN]", required=False, type=click.IntRange(min=0))
@target_options
@json_option
def show(run_id: int | None, *, to: str | None, db_schema: str | None, as_json: bool) -> None:
    """Show a run: where every row is, its files, reasons, decisions and changes.

    RUN is a number from `etl-agent runs`; without it, the newest run is shown. Stars stand for values of sensitive
    columns.
    """
    from etl_agent.run.concealing import concealed_changes
    from etl_agent.run.history import changes_of, one_run, recent_runs
    from etl_agent.run.pruned import gone_of
    from etl_agent.run.quarantine import Filters, statuses_of

    place = target_of(to, schema=db_schema)
    with ledger(place) as found:
        if found is None:
            click.echo("null" if as_json else NOTHING_YET)
            return
        newest = recent_runs(*found, limit=50)
        run = next(iter(newest), None) if run_id is None else one_run(*found, run_id)
        if run is None:
            raise _no_such_run(run_id, newest, place)
        changes = concealed_changes(changes_of(*found, run.result.run_id, most=_PAIRS), sensitive=run.result.sensitive)
        quarantine = statuses_of(*found, Filters(run_id=run.result.run_id))
        gone = gone_of(*found, run)
    if as_json:
        more = {"quarantine": quarantine, "gone": gone.as_dict(), "most_frequent_changes": list(map(_change, changes))}
        print_json({**run.as_dict(), **more})
    else:
        _show(run, changes, quarantine, place)
        if gone.said is not None:
            click.echo(gone.said)


def _no_such_run(run_id: int | None, newest: Sequence[PastRun], place: Place) -> NoInput:
    known = [str(run.result.run_id) for run in newest]
    return NoInput(
        f"no run {run_id} is on record" if run_id is not None else "no run is on record",
        choices=near(str(run_id), known) or known[:3],
        next_command=f"etl-agent runs{place.options}",
    )


def _change(row: ChangeRow) -> dict[str, Any]:
    return {
        "step": row.step,
        "column": row.column,
        "kind": row.kind,
        "before": row.before,
        "after": row.after,
        "rows": row.rows,
        "example_before": row.example_before,
        "example_after": row.example_after,
    }


def _runs(past: Sequence[PastRun]) -> Table:
    table = _table("run", "pipeline", "table", "status", "started", right=(*_COUNTS, "seconds"))
    for run in past:
        counts = _counts(run)
        table.add_row(
            str(run.result.run_id),
            _shown(run.result.pipeline),
            _shown(run.result.table),
            _shown(run.result.status),
            _local(run.started_at),
            *(f"{counts[name]:,}" for name in _COUNTS),
            f"{run.seconds:.1f}",
        )
    return table


def _counts(run: PastRun) -> dict[str, int]:
    balance = run.result.balance
    return {
        "read": balance.read,
        "loaded": balance.loaded,
        "quarantined": balance.quarantined,
        "deduplicated": balance.rows_deduplicated,
        "filtered": balance.rows_filtered,
    }


def _show(run: PastRun, changes: Sequence[ChangeRow], quarantine: dict[str, int], place: Place) -> None:
    from etl_agent.cli.report import balance_sheet, print_table

    result = run.result
    head = f"run {result.run_id}: pipeline {result.pipeline}, table {result.table}, {result.status}"
    click.echo(safe(f"{head}, {_local(run.started_at)}, {run.seconds:.1f} s"))
    if run.undone_by is not None:
        click.echo(f"undone by run {run.undone_by}: nothing of it is in the table any more")
    if result.message:
        click.echo(safe(result.message))
    click.echo()
    print_table(balance_sheet(result))
    if result.files:
        click.echo()
        print_table(_files(result.files))
    if result.decisions:
        click.echo()
        print_table(_decisions(result.decisions))
    if changes:
        click.echo()
        order = {key: place for place, key in enumerate(result.changes)}
        shown = sorted(changes, key=lambda row: order.get((row.step, row.column), len(order)))
        print_table(_changes(shown))
    if quarantine:
        click.echo()
        click.echo("quarantine: " + ", ".join(f"{rows:,} {safe(status)}" for status, rows in quarantine.items()))
        click.echo(f"next: etl-agent quarantine list --run {result.run_id}{place.options}")


def _files(files: Sequence[FileOutcome]) -> Table:
    table = _table("file", "status", right=("rows",))
    for file in files:
        by = f" by run {file.run_id}" if file.run_id is not None else ""
        table.add_row(_shown(file.file), _shown(f"{file.status}{by}"), "" if file.rows is None else f"{file.rows:,}")
    return table


def _decisions(decisions: Sequence[Decision]) -> Table:
    """List what was chosen at each node, and below it the steps that the gate refused."""
    table = _table("node", "chosen", "by", "reason")
    for decision in decisions:
        table.add_row(*map(_whole, (decision.node, decision.chosen, decision.policy, decision.reason)))
        for dropped in decision.dropped:
            table.add_row("", *map(_whole, (f"not {dropped.step}", "gate", _refused(dropped))))
    return table


def _refused(dropped: Dropped) -> str:
    return f"{', '.join(dropped.columns)}: {dropped.reason}" if dropped.columns else dropped.reason


def _changes(changes: Sequence[ChangeRow]) -> Table:
    table = _table("step", "column", "before", "after", "example", right=("cells",))
    for row in changes:
        if row.kind == "rest":
            table.add_row(_shown(row.step), _shown(row.column), "all others", "", "", f"{row.rows:,}")
            continue
        example = ""
        if row.kind == "pattern":
            example = f"{_value(row.example_before)} -> {_value(row.example_after)}"
        cells = (_shown(row.step), _shown(row.column), _value(row.before), _value(row.after), example)
        table.add_row(*cells, f"{row.rows:,}")
    return table


def _table(*left: str, right: Sequence[str] = ()) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _value(text: str | None) -> str:
    """Show a value so that null, '' and blanks can be told apart."""
    return "null" if text is None else _shown(repr(text))


def _shown(text: str) -> str:
    return _whole(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def _whole(text: str) -> str:
    from rich.markup import escape

    return escape(safe(text).replace("\n", "\\n"))


def _local(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
