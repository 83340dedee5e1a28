"""How many rows of a sample a contract rejects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from etl_agent.batch import Batch, Origin
from etl_agent.errors import ConfigurationError
from etl_agent.validate.contract import Contract, compile_contract
from etl_agent.validate.spec import Validate

__all__ = ["contract_failures"]


def contract_failures(spec: Validate, *, project: Path) -> Callable[[pa.RecordBatch], int] | None:
    """Return what counts the rows of a sample that a contract rejects; None without a contract.

    A sample need not have all columns of the contract yet: those that it has are judged.

    Args:
        spec: the ``validate`` section.
        project: the folder that paths and modules are looked for in.
    """
    if spec.contract is None:
        return None
    types = "quarantine" if spec.drift.types != "discard_value" else "discard_value"
    spec = spec.model_copy(update={"drift": spec.drift.model_copy(update={"columns": "quarantine", "types": types})})

    @lru_cache(maxsize=8)
    def contract_for(names: tuple[str, ...]) -> Contract | None:
        try:
            return compile_contract(_of_columns(spec, names), project=project, names=names)
        except ConfigurationError:
            return None  # a schema of the user's own that needs columns which are made later

    def failures(sample: pa.RecordBatch) -> int:
        contract = contract_for(tuple(sample.schema.names))
        if contract is None or not sample.num_rows:
            return 0
        batch = Batch(sample, Origin.nowhere(sample.num_rows))
        return len(batch) - len(contract.judge(batch).kept)

    return failures


def _of_columns(spec: Validate, names: tuple[str, ...]) -> Validate:
    """Leave out of a contract that is written in the pipeline what is about columns that are not there."""
    if not isinstance(spec.contract, Mapping):
        return spec
    present = {name: column for name, column in spec.contract.items() if name in names}
    return spec.model_copy(
        update={
            "contract": present or None,
            "checks": tuple(each for each in spec.checks if {each.column, each.relation[1]} <= set(present)),
            "unique": (),
        }
    )
