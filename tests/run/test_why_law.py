"""What is told of every record of random pipelines is what the run did: its values, its balance, its quarantine."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl_agent.rejects import Reason
from etl_agent.run.runner import run_pipeline
from etl_agent.run.why.account import Account
from tests.run.project import Project
from tests.run.whys import why_of_key, why_of_line

NUMBERS = count()
EXAMPLES = int(os.environ.get("ETL_AGENT_EXAMPLES", "3"))
"""Environment variable: how many generated cases to try."""

COLUMNS = ("id", "name", "n")
CONTRACT: dict[str, Any] = {"id": "integer", "name": "text", "n": "decimal(6,2)"}
STEPS: tuple[dict[str, Any], ...] = (
    {"step": "strip", "columns": "all"},
    {"step": "case", "columns": ["name"], "to": "upper"},
    {"step": "null_markers", "columns": ["name"], "markers": ["N/A"]},
    {"step": "fill", "columns": ["n"], "value": "0"},
    {"step": "fill_previous", "columns": ["name"]},
    {"step": "fill_mode", "columns": ["name"]},
    {"step": "filter", "drop": {"column": "name", "is": "b"}},
    {"step": "quarantine_where", "where": {"column": "name", "is": "Ada"}},
    {"step": "deduplicate", "columns": ["id", "name"], "keep": "last"},
    {"step": "deduplicate", "columns": ["id"], "keep": "most_complete"},
)
cells = st.sampled_from(["a", "b", "Ada", " x ", "N/A", "", "7", "1.5"])
lines = st.one_of(
    st.tuples(st.integers(0, 6).map(str), cells, st.sampled_from(["1", "2.50", "", "x", " 3"])).map(",".join),
    st.sampled_from(["", "1,2", "1,2,3,4", '1,"open', '5,"two\nlines",2', " 4 ,y,1"]),
)
loads = st.sampled_from(
    [
        {"write_disposition": "append"},
        {"write_disposition": "append", "primary_key": ["id"]},
        {"write_disposition": "replace", "primary_key": ["id"], "allow_empty": True},
        {"write_disposition": "merge", "primary_key": ["id"]},
        {"write_disposition": "merge", "primary_key": ["id"], "newest_by": "n"},
    ]
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.lists(st.lists(lines, min_size=1, max_size=9), min_size=1, max_size=2),
    steps=st.lists(st.sampled_from(STEPS), max_size=4, unique_by=str),
    load=loads,
    typed=st.booleans(),
)
def test_every_record_is_told_of_as_the_run_treated_it(
    project: Project, files: list[list[str]], steps: list[dict[str, Any]], load: dict[str, Any], typed: bool
) -> None:
    """Values are exactly those of the table, reasons those of the quarantine, and the rest adds up to the balance."""
    names = [f"f{place}.csv" for place in range(len(files))]
    for place, (name, body) in enumerate(zip(names, files, strict=True)):  # the same content would be read once
        project.write(name, "\n".join([",".join(COLUMNS), *body, f"{8 + place},end,1"]) + "\n")
    table = f"t{next(NUMBERS)}"  # the same content may come again into another table only
    spec = project.spec(
        names,
        contract=CONTRACT if typed else None,
        clean=steps,
        validate={"max_reject_share": 0.99},
        extract={"preamble": 0},
        table=table,
        **load,
    )
    result = run_pipeline(spec, project=project.folder)
    if result.status != "loaded":
        return
    rejected = {
        (file, line): [Reason(each["code"], each.get("column"), each.get("check")) for each in json.loads(reasons)]
        for file, line, reasons in project.ask(
            f"SELECT file, line, reasons FROM _etl_quarantine WHERE run_id = {result.run_id}"
        )
    }
    lost: Counter[str | None] = Counter()
    loaded: Counter[tuple[Any, ...]] = Counter()
    told: set[tuple[str, int]] = set()
    for name in names:
        for line in range(2, len((project.folder / name).read_text().split("\n"))):
            why = why_of_line(project, name, line, spec=spec, table=table)
            assert not any("cannot be repeated" in note for note in why.notes)
            if not why.accounts or why.accounts[0].place is None or why.accounts[0].place.line != line:
                continue
            account = why.accounts[0]
            told.add((name, line))
            if account.outcome == "quarantined":
                assert list(account.reasons) == rejected.pop((name, line))
            elif account.outcome == "loaded":
                assert account.loaded is not None
                assert why.rows
                loaded[_as_text([value.as_py() for value in account.loaded.values()])] += 1
                if spec.load.primary_key:
                    by_key = why_of_key(project, str(account.loaded["id"].as_py()), spec=spec, table=table)
                    assert [(each.place, each.loaded) for each in by_key.accounts] == [(account.place, account.loaded)]
            else:
                assert account.outcome in ("deduplicated", "filtered")
                assert account.outcome == "filtered" or account.winner is not None
                lost[account.by] += 1
    assert rejected == {}
    assert len(told) == result.balance.read
    assert lost == Counter({**result.balance.deduplicated, **result.balance.filtered})
    assert sum(loaded.values()) == result.balance.loaded
    assert loaded == Counter(_as_text(row) for row in project.rows('"id", "name", "n"', table=table))


def _as_text(row: Sequence[Any]) -> tuple[str, ...]:
    """Write values so that 2.50 is what a database gives back of it."""
    return tuple(str(value if value is None or isinstance(value, str) else float(value)) for value in row)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    nights=st.lists(
        st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=4), min_size=2, max_size=4
    ),
    strategy=st.sampled_from(["upsert", "delete-insert", "insert-only", "scd2"]),
    newest=st.booleans(),
)
def test_every_row_of_a_merged_table_names_the_record_that_wrote_it(
    project: Project, nights: list[list[tuple[int, int]]], strategy: str, newest: bool
) -> None:
    """The run is that of the row, the values are those of the table, and what earlier runs wrote is told in order."""
    table = f"t{next(NUMBERS)}"
    load = {
        "table": table,
        "write_disposition": "merge",
        "strategy": strategy,
        "primary_key": ["id"],
        **({"newest_by": "n"} if newest else {}),
    }
    contract = {"id": "integer", "n": "integer"}
    runs: list[int] = []
    for night, rows in enumerate(nights):
        body = "".join(f"{key},{n}\n" for key, n in rows)
        project.write(f"{table}_{night}.csv", f"id,n\n{body}{90 + night},0\n")
        result = project.run(f"{table}_{night}.csv", contract=contract, **load)
        runs.append(result.run_id)
    spec = project.spec(f"{table}_*.csv", contract=contract, **load)
    held = project.ask(f"SELECT id, n, _etl_run_id FROM {table} ORDER BY id, _etl_run_id DESC")
    for key in sorted({row[0] for row in held}):
        why = why_of_key(project, str(key), spec=spec, table=table)
        told = [each for each in why.accounts if each.outcome == "loaded"]
        assert sorted(_written(each) for each in told) == sorted(tuple(row) for row in held if row[0] == key)
        earlier = [each.run.result.run_id for each in why.accounts if each.outcome != "loaded" and each.run is not None]
        if strategy in ("upsert", "delete-insert"):
            held_by = next(row[2] for row in held if row[0] == key)
            had = [run for run, rows in zip(runs, nights, strict=True) if key in [each for each, _ in rows]]
            assert earlier == [run for run in had if run < held_by]
    for line in range(2, 2 + len(nights[0])):
        told_of = why_of_line(project, f"{table}_0.csv", line, table=table)
        assert told_of.accounts[0].outcome in ("loaded", "updated", "unchanged", "deduplicated")
        assert told_of.found or told_of.accounts[0].winner is not None


def _written(account: Account) -> tuple[Any, ...]:
    assert account.loaded is not None
    assert account.run is not None
    return (account.loaded["id"].as_py(), account.loaded["n"].as_py(), account.run.result.run_id)
