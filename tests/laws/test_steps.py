"""Laws that every cleaning step of the catalogue obeys, with the parameters of every example in its docstring."""

import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from etl_agent.clean.examples import Example, examples, summary
from etl_agent.clean.python import PythonStep
from etl_agent.clean.step import (
    CarryStep,
    FittedStep,
    KeyStep,
    RowStep,
    SiftStep,
    Step,
    missing_columns,
    unknown_column,
)
from etl_agent.clean.union import FAMILIES, STEPS, AnyStep
from etl_agent.errors import ConfigurationError, DataRefused
from etl_agent.orchestrate.attributes import attribute_docstrings

ANY = TypeAdapter(AnyStep)

MESSY = [
    None, "", " ", "  a  b ", "\u00a0x\u00a0", "\t", "a\nb", "NA", "N/A", "null", "-", "?", "0", "1", "-1",
    "007", "1,234.50", "1.234,50", "$1,234.50", "(12)", "12 kg", "50%", "1e5", "NaN", "inf",
    "99999999999999999999", "2025-04-03", "03/04/2025", "31/12/2024", "2025-02-30", "2025-04-03 12:30:00",
    "2025-04-03T12:30:00+02:00", "yes", "No", "TRUE", "maybe", "user@example.com", "user@@x", "+49 30 901820",
    "(030) 901820", "straße", "STRASSE", "I\u0307", "é", "e\u0301", "ﬁ", "\u200bx", "\ufeffx", "a\u00adb",
    "👩\u200d👩", "schÃ¶n", "\x00", "'; drop table x; --", "=1+1", "x" * 300, "\\1", "$1", ".*", "%_",
]  # fmt: skip
"""Cells of every kind of dirt, most of them wrong for most steps."""


@dataclass(frozen=True)
class Case:
    """A step with the parameters of one of its examples."""

    step: Step
    example: Example

    def __str__(self) -> str:
        return f"{self.step.name}-{json.dumps(self.example.parameters, ensure_ascii=True)}"


def _cases() -> list[Case]:
    return [Case(kind.model_validate(example.parameters), example) for kind in STEPS for example in examples(kind)]


CASES = _cases()
every_step = pytest.mark.parametrize("kind", STEPS, ids=lambda kind: kind.model_fields["step"].default)
every_case = pytest.mark.parametrize("case", CASES, ids=str)


def table(columns: dict[str, list[Any]]) -> pa.RecordBatch:
    """Make text columns."""
    return pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def messy(case: Case) -> pa.RecordBatch:
    """Fill the columns of an example with dirt, each column with another rotation of it, behind the example itself."""
    columns = {}
    for shift, (name, cells) in enumerate(case.example.before.items()):
        by = 7 * shift % len(MESSY)
        columns[name] = [*cells, *MESSY[by:], *MESSY[:by]]
    return table(columns)


def made(step: Step) -> Step:
    """Return the step that runs: a user's own for the one that names it."""
    return step.made() if isinstance(step, PythonStep) else step


def cut(data: pa.RecordBatch, sizes: Sequence[int]) -> list[pa.RecordBatch]:
    """Cut a batch into slices of these sizes, over and over; no sizes mean the whole."""
    if not sizes or len(data) == 0:
        return [data]
    pieces, start, turn = [], 0, 0
    while start < len(data):
        size = sizes[turn % len(sizes)]
        pieces.append(data.slice(start, size))
        start, turn = start + size, turn + 1
    return pieces


def fitted(step: Step, pieces: list[pa.RecordBatch]) -> Step:
    """Pin a fitted step by what the pieces show."""
    if not isinstance(step, FittedStep) or step.fitted:
        return step
    return step.fit(reduce(step.combine, [step.observe(piece) for piece in pieces]))


def run(step: Step, data: pa.RecordBatch, sizes: Sequence[int] = ()) -> pa.RecordBatch:
    """Do what the runner does with a step: fit, then batch by batch, then drop what has the same key."""
    pieces = cut(data, sizes)
    step = fitted(made(step), pieces)
    if isinstance(step, RowStep):
        return whole([step.apply(piece) for piece in pieces])
    if isinstance(step, SiftStep):
        return whole([sifted(step, piece) for piece in pieces])
    if isinstance(step, CarryStep):
        state, out = step.start(), []
        for piece in pieces:
            after, state = step.carry(piece, state)
            out.append(after)
        return whole(out)
    assert isinstance(step, KeyStep)
    return one_of_each_key(step, data, pieces)


def whole(pieces: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Put pieces one behind the other; they must have the same columns."""
    return pa.Table.from_batches(pieces).combine_chunks().to_batches()[0] if sum(map(len, pieces)) else pieces[0]


def sifted(step: SiftStep, data: pa.RecordBatch) -> pa.RecordBatch:
    """Take out the rows that a step finds."""
    out = np.zeros(len(data), dtype=bool)
    for finding in step.find(data):
        assert finding.failed.dtype == bool
        assert len(finding.failed) == len(data)
        out |= finding.failed
    return data.filter(pa.array(~out))


def one_of_each_key(step: KeyStep, data: pa.RecordBatch, pieces: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Keep the best row of each key: of equal ones the first, for ``last`` and ``newest`` the last."""
    keys = [key for piece in pieces for key in zip(*(column.to_pylist() for column in step.key(piece)), strict=True)]
    ranked = [step.rank(piece) for piece in pieces]
    ranks = [rank for piece in ranked if piece is not None for rank in piece.to_pylist()] or [0] * len(keys)
    late = step.keep in ("last", "newest")
    best: dict[Any, int] = {}
    for row, key in enumerate(keys):
        held = best.setdefault(key, row)
        new, old = (-(2**63) if ranks[at] is None else ranks[at] for at in (row, held))
        if new > old or (late and new == old):
            best[key] = row
    return data.take(pa.array(sorted(best.values()), pa.int64()))


def outcome(step: Step, data: pa.RecordBatch, sizes: Sequence[int] = ()) -> Any:
    """Return the cells after a step, or how it refuses the data."""
    try:
        return run(step, data, sizes).to_pydict()
    except DataRefused as refusal:
        return type(refusal)


@every_step
def test_documented(kind: type[Step]) -> None:
    """A step has a sentence, a before/after table, and a word on each of its parameters."""
    assert summary(kind).endswith((".", "row)."))
    assert examples(kind)
    assert set(kind.model_fields) - set(attribute_docstrings(kind)) == {"step"}


@every_step
def test_declared(kind: type[Step]) -> None:
    """A step is concrete, says what class of change it makes, and its methods have docstrings of their own."""
    assert not inspect.isabstract(kind)
    assert kind.change in ("format", "value", "fill", "remove", "columns")
    assert kind.scope in ("row", "fitted", "table")
    assert kind.version >= 1


def test_names_are_unique() -> None:
    """No two steps share a name, and none stands in two families."""
    names = [kind.model_fields["step"].default for kind in STEPS]
    assert len(set(names)) == len(names) == sum(map(len, FAMILIES.values()))


@pytest.mark.parametrize("wrong", ["stripp", "", None, 3])
def test_wrong_name_is_one_mistake(wrong: Any) -> None:
    """A step name that is not in the catalogue gives exactly one mistake."""
    with pytest.raises(ValidationError) as caught:
        ANY.validate_python({"step": wrong})
    assert caught.value.error_count() == 1


def test_json_schema() -> None:
    """The catalogue has a JSON Schema, with one branch a step."""
    assert len(ANY.json_schema()["discriminator"]["mapping"]) == len(STEPS)


@every_case
def test_example_holds(case: Case) -> None:
    """The before/after table tells the truth."""
    assert run(case.step, case.example.batch()).to_pydict() == case.example.after


@every_case
def test_json_round_trip(case: Case) -> None:
    """A step written as JSON and read back is the same step."""
    assert ANY.validate_json(case.step.model_dump_json()) == case.step
    assert ANY.validate_json(case.step.model_dump_json(by_alias=True, exclude_defaults=False)) == case.step
    assert ANY.validate_python({"step": case.step.name, **case.example.parameters}) == case.step


@every_case
def test_fitted_round_trip(case: Case) -> None:
    """What a fitted step learned is plain data, and so is the step with every parameter pinned."""
    step = made(case.step)
    if not isinstance(step, FittedStep) or step.fitted:
        return
    seen = step.observe(case.example.batch())
    assert step.fit(json.loads(json.dumps(seen))) == step.fit(seen)
    pinned = step.fit(seen)
    assert pinned.fitted
    assert ANY.validate_json(pinned.model_dump_json()) == pinned


@every_case
def test_fitted_in_any_order(case: Case) -> None:
    """What a fitted step learns does not depend on the order in which batches are seen or merged."""
    step = made(case.step)
    if not isinstance(step, FittedStep) or step.fitted:
        return
    seen = [step.observe(piece) for piece in cut(case.example.batch(), (1,))]
    forth = reduce(step.combine, seen)
    back = reduce(step.combine, reversed(seen))
    nested = reduce(lambda left, right: step.combine(right, left), seen)
    assert step.fit(forth) == step.fit(back) == step.fit(nested)


@every_case
def test_unknown_key_is_refused(case: Case) -> None:
    """A parameter that a step does not have is a mistake."""
    with pytest.raises(ValidationError):
        ANY.validate_python({"step": case.step.name, **case.example.parameters, "no_such_parameter": 1})


@every_case
def test_pure_and_deterministic(case: Case) -> None:
    """A step leaves its input as it was and gives the same answer twice."""
    data = messy(case)
    before = data.to_pydict()
    first = outcome(case.step, data)
    assert data.to_pydict() == before
    assert outcome(case.step, data) == first


@every_case
@pytest.mark.parametrize("sizes", [(1,), (2,), (7,), (5, 1, 13)], ids=str)
def test_same_in_batches(case: Case, sizes: tuple[int, ...]) -> None:
    """The answer does not depend on how the rows are cut into batches, for a step as declared and as fitted."""
    data = messy(case)
    assert outcome(case.step, data, sizes) == outcome(case.step, data)
    step = fitted(made(case.step), [case.example.batch()])
    assert outcome(step, data, sizes) == outcome(step, data)


@every_case
@settings(max_examples=8, deadline=None, derandomize=True)
@given(draw=st.data())
def test_same_in_batches_for_any_text(case: Case, draw: st.DataObject) -> None:
    """Any text at all gives text, the same in one batch as in several."""
    own = [cell for cells in case.example.before.values() for cell in cells]
    cell = st.sampled_from([*own, *MESSY]) | st.text(st.characters(codec="utf-8"), max_size=12)
    rows = draw.draw(st.lists(st.tuples(*[cell] * len(case.example.before)), max_size=9))
    data = table({name: [row[at] for row in rows] for at, name in enumerate(case.example.before)})
    sizes = draw.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    assert outcome(case.step, data, sizes) == outcome(case.step, data)


@every_case
def test_empty_batch(case: Case) -> None:
    """No rows give no rows, with the columns that the step promises, all of them text."""
    data = table({name: [] for name in case.example.before})
    step = fitted(made(case.step), [case.example.batch()])
    after = run(step, data)
    assert len(after) == 0
    assert after.schema == run(step, case.example.batch()).schema


@every_case
def test_all_null(case: Case) -> None:
    """Columns of nulls alone are no accident."""
    step = fitted(made(case.step), [case.example.batch()])
    data = table({name: [None] * 3 for name in case.example.before})
    after = run(step, data)
    assert after.schema.names == list(case.step.names_after(data.schema.names))
    if isinstance(step, RowStep | CarryStep):
        assert len(after) == 3


@every_case
def test_text_out(case: Case) -> None:
    """Every column is ``pa.string()`` afterwards, named and ordered as the step says."""
    step = fitted(made(case.step), [case.example.batch()])
    data = messy(case)
    after = run(step, data)
    assert after.schema.names == list(case.step.names_after(data.schema.names))
    assert set(after.schema.types) <= {pa.string()}
    after.validate(full=True)


@every_case
def test_writes_tells_the_truth(case: Case) -> None:
    """Columns that a row step does not write keep every cell."""
    step = fitted(made(case.step), [case.example.batch()])
    if not isinstance(step, RowStep | CarryStep):
        assert case.step.writes(list(case.example.before)) == ()
        return
    data = messy(case)
    after = run(step, data)
    kept = set(data.schema.names) & set(after.schema.names) - set(case.step.writes(data.schema.names))
    for name in kept:
        assert after.column(name).equals(data.column(name)), name


@every_case
def test_reads_tells_the_truth(case: Case) -> None:
    """Columns that a step does not read have no say in what it does."""
    step = fitted(made(case.step), [case.example.batch()])
    data = messy(case)
    read = set(case.step.reads(data.schema.names))
    other = table(
        {
            name: data.column(name).to_pylist() if name in read else MESSY[3:] + [None] * (len(data) - len(MESSY) + 3)
            for name in data.schema.names
        }
    )
    names = [n for n in case.step.writes(data.schema.names) if n in case.step.names_after(data.schema.names)]
    left, right = run(step, data), run(step, other)
    assert len(left) == len(right)
    assert left.select(names).equals(right.select(names))


@every_case
def test_null_is_not_empty(case: Case) -> None:
    """A step that changes only the format of values makes no null and fills none."""
    if case.step.change != "format":
        return
    step = fitted(made(case.step), [case.example.batch()])
    data = messy(case)
    after = run(step, data)
    for name in set(case.step.writes(data.schema.names)) & set(data.schema.names):
        assert after.column(name).is_null().equals(data.column(name).is_null()), name


@every_case
def test_missing_column_is_named(case: Case) -> None:
    """A column that is not there is named before any row flows, as a typed error with the valid ones."""
    for name in case.step.reads(["no", "such", "column"]):
        if name in ("no", "such", "column"):
            continue
        assert name in missing_columns(case.step, ["no", "such", "column"])
        error = unknown_column(name, ["no", "such", "column"], where=case.step.name)
        assert isinstance(error, ConfigurationError)
        assert error.choices == ("no", "such", "column")
