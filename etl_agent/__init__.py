"""ETL of CSV files into SQLite and Postgres, with every row accounted for: the public names."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from etl_agent.errors import EtlAgentError
    from etl_agent.extract.spec import AddColumn, Extract
    from etl_agent.load.spec import Load
    from etl_agent.orchestrate.file import read_pipeline, read_pipelines
    from etl_agent.orchestrate.sequential import PipelineSpec as Pipeline
    from etl_agent.run.api import execute, plan, run
    from etl_agent.run.balance import Balance
    from etl_agent.run.options import RunOptions
    from etl_agent.run.prune import Pruned, prune
    from etl_agent.run.result import RunResult
    from etl_agent.run.undo import Undone, undo
    from etl_agent.validate.spec import ColumnContract, Drift, Validate

__all__ = [
    "AddColumn",
    "Balance",
    "ColumnContract",
    "Drift",
    "EtlAgentError",
    "Extract",
    "Load",
    "Pipeline",
    "Pruned",
    "RunOptions",
    "RunResult",
    "Undone",
    "Validate",
    "execute",
    "plan",
    "prune",
    "read_pipeline",
    "read_pipelines",
    "run",
    "undo",
]

_PLACES = {
    "AddColumn": "extract.spec",
    "Balance": "run.balance",
    "ColumnContract": "validate.spec",
    "Drift": "validate.spec",
    "EtlAgentError": "errors",
    "Extract": "extract.spec",
    "Load": "load.spec",
    "Pruned": "run.prune",
    "RunOptions": "run.options",
    "RunResult": "run.result",
    "Pipeline": "orchestrate.sequential:PipelineSpec",
    "Validate": "validate.spec",
    "read_pipeline": "orchestrate.file",
    "read_pipelines": "orchestrate.file",
    "execute": "run.api",
    "plan": "run.api",
    "prune": "run.prune",
    "run": "run.api",
    "undo": "run.undo",
    "Undone": "run.undo",
}
"""Where each public name is made: it is imported when it is first asked for, so that ``etl-agent --help`` is quick."""


def __getattr__(name: str) -> Any:
    """Import a public name."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _PLACES[name].partition(":")
    value = vars(import_module(f"{__name__}.{module}"))[attribute or name]
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Name what there is, also what is not imported yet."""
    return sorted({*globals(), *__all__})
