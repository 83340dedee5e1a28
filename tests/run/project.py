"""A project folder to run pipelines in, and a look from outside at what they left in the target."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.run.options import RunOptions
from etl_agent.run.result import RunResult
from etl_agent.run.runner import run_pipeline
from tests.load.targets import query

__all__ = ["Project", "quoted"]


@dataclass(frozen=True)
class Project:
    """A folder with input files, and the target that they are loaded into."""

    folder: Path
    url: str

    def write(self, name: str, content: str | bytes) -> Path:
        """Write an input file."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def spec(
        self,
        files: str | Sequence[str] = "in.csv",
        *,
        contract: Mapping[str, Any] | None = None,
        clean: Sequence[Mapping[str, Any]] = (),
        extract: Mapping[str, Any] | None = None,
        validate: Mapping[str, Any] | None = None,
        **load: Any,
    ) -> PipelineSpec:
        """Make a pipeline; more keywords are keys of its load section."""
        columns = {name: {"type": made} if isinstance(made, str) else made for name, made in (contract or {}).items()}
        sections = {
            "version": 1,
            "name": "p",
            "extract": {"files": files, "delimiter": ",", **(extract or {})},
            "validate": {**({"contract": columns} if columns else {}), **(validate or {})},
            "clean": list(clean),
            "load": {"to": self.url, "table": "t", **load},
        }
        return PipelineSpec.model_validate(sections)

    def run(
        self,
        files: str | Sequence[str] = "in.csv",
        *,
        options: RunOptions | None = None,
        reload: bool = False,
        frame: pd.DataFrame | None = None,
        **sections: Any,
    ) -> RunResult:
        """Run a pipeline, and prove its books from outside whatever it did."""
        spec = self.spec(files, **sections)
        result = run_pipeline(spec, project=self.folder, options=options or RunOptions(reload=reload), frame=frame)
        if result.status in ("loaded", "refused"):
            self.prove(result, spec)
        return result

    def prove(self, result: RunResult, spec: PipelineSpec) -> None:
        """Compare what a run says with what another connection counts in the target."""
        balance = result.balance
        recorded = self.ask(
            "SELECT status, rows_read, rows_loaded, rows_quarantined, rows_deduplicated, rows_filtered, outcome"
            f" FROM _etl_runs WHERE run_id = {result.run_id}"
        )
        counts = (balance.read, balance.loaded, balance.quarantined, balance.rows_deduplicated, balance.rows_filtered)
        assert [row[:-1] for row in recorded] == [(result.status, *counts)]
        assert json.loads(recorded[0][-1])["status"] == result.status
        entries = self.ask(f"SELECT status, count(*) FROM _etl_quarantine WHERE run_id = {result.run_id} GROUP BY 1")
        if result.status == "refused":
            assert entries in ([], [("refused", min(balance.quarantined, 10_000))])
            assert self.ask(f"SELECT 1 FROM _etl_files WHERE run_id = {result.run_id}") == []
            return
        assert balance.read == balance.accounted
        assert entries == ([("open", balance.quarantined)] if balance.quarantined else [])
        changed = self.ask(f"SELECT sum(rows) FROM _etl_changes WHERE run_id = {result.run_id}")
        assert (changed[0][0] or 0) == result.changed_cells
        if spec.load.lineage == "run_id":
            table = quoted(spec.load.table)
            written = self.ask(f"SELECT count(*) FROM {table} WHERE _etl_run_id = {result.run_id}")
            assert written == [(balance.inserted + balance.updated,)]

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the target over another connection."""
        return query(self.url, statement)

    def rows(self, columns: str = "*", *, table: str = "t") -> list[tuple[Any, ...]]:
        """Return the rows of a table, sorted."""
        return sorted(self.ask(f"SELECT {columns} FROM {quoted(table)}"), key=repr)

    def quarantine(self, columns: str = "line, raw", *, status: str = "open") -> list[tuple[Any, ...]]:
        """Return the quarantine's entries of a status, in order."""
        return self.ask(f"SELECT {columns} FROM _etl_quarantine WHERE status = '{status}' ORDER BY id")


def quoted(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'
