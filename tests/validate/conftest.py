"""Batches made by hand, with places that a test can recognise."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from etl_agent.batch import Batch, Origin
from etl_agent.validate.contract import compile_contract
from etl_agent.validate.spec import Validate


def _batch(**columns: list[str | None]) -> Batch:
    rows = len(next(iter(columns.values())))
    places = np.arange(rows, dtype=np.int64)
    origin = Origin(
        files=("rows.csv",),
        file=np.zeros(rows, np.int32),
        row=places,
        line=places + 2,
        offset=places * 10,
        length=np.full(rows, 9, np.int64),
        raw=(lambda offsets, lengths: [b"raw %d" % offset for offset in offsets.tolist()],),
    )
    return Batch(pa.RecordBatch.from_pydict({n: pa.array(c, pa.string()) for n, c in columns.items()}), origin)


@pytest.fixture(scope="session")
def batch() -> Callable[..., Batch]:
    """Make a batch of text columns."""
    return _batch


@pytest.fixture
def compiled(monkeypatch, tmp_path):
    """Compile a schema object, as if a module of the project had it."""

    def compile_schema(schema, names=None):
        monkeypatch.setattr("etl_agent.validate.contract.load_schema", lambda reference, project: schema)
        return compile_contract(Validate(contract="some:Schema"), project=tmp_path, names=names)

    return compile_schema
