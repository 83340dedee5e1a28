"""Edges of contracts: what few schemas ask is judged as pandera does, or refused with a reason."""

import re
from datetime import date, datetime, time
from decimal import Decimal

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pytest
from pandera import dtypes
from pandera.pandas import Check, Column, DataFrameModel, DataFrameSchema

from etl_agent.batch import Batch
from etl_agent.errors import ConfigurationError, Drifted, EtlAgentError
from etl_agent.shape import ColumnType, is_type, parse_type
from etl_agent.validate.casts import cast
from etl_agent.validate.dtypes import read_dtype
from etl_agent.validate.header import match_header
from etl_agent.validate.judging import Contract
from etl_agent.validate.kernels import kernel
from etl_agent.validate.schema import to_pandera
from etl_agent.validate.spec import Validate
from etl_agent.validate.times import Misfit
from etl_agent.validate.user_schema import load_schema
from tests.validate.contracts import contract, reasons

# Types


@pytest.mark.parametrize("text", ["decimal(0)", "decimal(77)", "decimal(4,5)"])
def test_decimals_out_of_range_are_refused(text):
    """A decimal has 1 to 76 digits, and no more behind the point than in all."""
    with pytest.raises(ConfigurationError) as refused:
        parse_type(text)
    assert str(refused.value) == f"{text} is out of range: a decimal has 1 to 76 digits, no fewer than its scale"


@pytest.mark.parametrize(
    ("text", "said", "arrow"),
    [
        ("decimal(76,76)", "decimal(76,76)", pa.decimal256(76, 76)),
        ("decimal(1)", "decimal(1,0)", pa.decimal128(1, 0)),
        ("decimal(38,2)", "decimal(38,2)", pa.decimal128(38, 2)),
        ("decimal( 39 , 2 )", "decimal(39,2)", pa.decimal256(39, 2)),
        (" text ", "text", pa.string()),
        ("integer", "integer", pa.int64()),
        ("float", "float", pa.float64()),
        ("boolean", "boolean", pa.bool_()),
        ("date", "date", pa.date32()),
        ("time", "time", pa.time64("us")),
        ("timestamp", "timestamp", pa.timestamp("us")),
    ],
)
def test_a_type_has_one_text_and_one_arrow_type(text, said, arrow):
    """What is read is said again in one way, and held exactly."""
    read = parse_type(text)
    assert (str(read), read.arrow, read.zoned) == (said, arrow, False)
    assert is_type(text)


def test_only_timestamps_are_zoned():
    """An instant is kept as UTC; no other type has a zone."""
    assert str(parse_type("timestamp", zoned=True)) == "timestamp with time zone"
    assert parse_type("timestamp", zoned=True).arrow == pa.timestamp("us", tz="UTC")
    assert not parse_type("date", zoned=True).zoned


def test_an_unknown_type_is_told_with_the_known_ones():
    """The error names what there is, and the likely one first."""
    with pytest.raises(ConfigurationError) as refused:
        parse_type("intger")
    assert str(refused.value).startswith("'intger' is no column type; did you mean 'integer'?")
    assert "decimal(p,s)" in (refused.value.choices or ())
    assert not is_type("intger")
    assert not is_type("decimal")


def test_a_shape_has_its_columns_in_order():
    """It can be counted and walked."""
    shape = contract(contract={"b": {"type": "integer"}, "a": {}}).shape
    assert len(shape) == 2
    assert [column.name for column in shape] == ["b", "a"] == list(shape.names)
    assert shape.arrow() == pa.schema([("b", pa.int64()), ("a", pa.string())])


@pytest.mark.parametrize(
    ("dtype", "kind", "cell", "value"),
    [
        (pa.float32(), "float", "1.5", 1.5),
        (pa.bool_(), "boolean", "true", True),
        (pa.decimal128(5, 2), "decimal(5,2)", "1.10", Decimal("1.10")),
        (pa.date32(), "date", "2025-04-03", date(2025, 4, 3)),
        (pa.time64("us"), "time", "12:30:00", time(12, 30)),
        (pa.timestamp("us"), "timestamp", "2025-04-03 12:30:00", datetime(2025, 4, 3, 12, 30)),
        (pa.uint16(), "integer", "65535", 65535),
    ],
    ids=str,
)
def test_every_arrow_type_of_a_schema_is_judged(compiled, batch, dtype, kind, cell, value):
    """The schema sees its own Arrow type, and the kept batch has ours."""
    made = compiled(DataFrameSchema({"x": Column(pd.ArrowDtype(dtype), nullable=True)}))
    assert str(made.shape.columns[0].type) == kind
    assert made.judge(batch(x=[cell, None])).kept.data.to_pydict() == {"x": [value, None]}


@pytest.mark.parametrize("dtype", [pa.duration("s"), pa.decimal128(5, -2), pa.binary()], ids=str)
def test_arrow_types_that_no_text_holds_are_refused(compiled, dtype):
    """The column is named, and what could stand there."""
    with pytest.raises(ConfigurationError, match="cannot be read from a CSV file") as refused:
        compiled(DataFrameSchema({"x": Column(pd.ArrowDtype(dtype))}))
    assert refused.value.where == "validate.contract: column 'x'"
    assert (refused.value.choices or ())[0] == "text"


def test_categories_that_are_no_text_are_refused(compiled):
    """A file holds text, so a category of numbers would be met by none."""
    with pytest.raises(ConfigurationError, match="cannot be read from a CSV file"):
        compiled(DataFrameSchema({"x": Column(pd.CategoricalDtype([1, 2]))}))


def test_a_column_without_a_type_is_text(compiled, batch):
    """A schema that leaves the type open takes what the file says."""
    assert compiled(DataFrameSchema({"x": Column()})).judge(batch(x=["1.10"])).kept.data.to_pydict() == {"x": ["1.10"]}
    assert read_dtype(None, where="x").type == ColumnType("text")


@pytest.mark.parametrize(
    ("dtype", "kind", "cell", "value"),
    [
        (dtypes.Decimal(5, 2), "decimal(5,2)", "1.10", Decimal("1.10")),
        (dtypes.Date, "date", "2025-04-03", date(2025, 4, 3)),
    ],
    ids=str,
)
def test_panderas_own_decimals_and_dates_are_read(compiled, batch, dtype, kind, cell, value):
    """Types that pandera adds to those of pandas are read exactly."""
    made = compiled(DataFrameSchema({"x": Column(dtype)}))
    assert str(made.shape.columns[0].type) == kind
    assert made.judge(batch(x=[cell])).kept.data.to_pydict() == {"x": [value]}


# Contracts


def test_without_a_contract_the_columns_must_be_known():
    """There is nothing else to take them from."""
    with pytest.raises(ConfigurationError) as refused:
        contract()
    assert str(refused.value).startswith("validate: without a contract the columns must be known first")


def test_a_pattern_of_names_needs_the_names_of_the_data(compiled):
    """Without them nobody knows for which columns it stands."""
    with pytest.raises(ConfigurationError, match=r"the column pattern 'n_.*' needs the columns of the data"):
        compiled(DataFrameSchema({"n_.*": Column(int, regex=True)}))


def test_a_pattern_that_no_column_matches_is_refused_unless_it_may_be_missing(compiled):
    """A required pattern stands for at least one column."""
    with pytest.raises(ConfigurationError, match=r"no column matches 'n_\.\*'") as refused:
        compiled(DataFrameSchema({"n_.*": Column(int, regex=True)}), names=["a", "b"])
    assert refused.value.choices == ("a", "b")
    schema = DataFrameSchema({"n_.*": Column(int, regex=True, required=False), "a": Column(str)})
    assert compiled(schema, names=["a"]).shape.names == ("a",)


def test_a_column_named_by_itself_wins_over_a_pattern(compiled):
    """It keeps its own type and its own place."""
    schema = DataFrameSchema({"n_.*": Column(int, regex=True), "n_b": Column(str), "n.*": Column(float, regex=True)})
    shape = compiled(schema, names=["n_a", "n_b"]).shape
    assert [(column.name, column.type.kind) for column in shape] == [("n_a", "integer"), ("n_b", "text")]


def test_a_column_that_got_lost_on_the_way_is_a_loud_bug(batch):
    """What the door let in must be there at the exit."""
    with pytest.raises(EtlAgentError) as lost:
        contract(contract={"a": {}}).judge(batch(b=["1"]))
    assert str(lost.value).startswith("validate.contract: the column 'a' did not reach the contract")


def test_frozen_types_let_fitting_rows_pass(batch):
    """Rows that fail another check are quarantined, and nothing is refused."""
    made = contract(contract={"n": {"type": "integer", "max": 2}}, drift={"types": "freeze"})
    judged = made.judge(batch(n=["1", "3"]))
    assert judged.kept.data.to_pydict() == {"n": [1]}
    assert [[reason["check"] for reason in row] for row in reasons(judged)] == [["max: 2"]]


def test_frozen_types_tell_every_column_that_does_not_fit(batch):
    """One error names each column, its type and how many rows it concerns."""
    made = contract(contract={"n": {"type": "integer"}, "d": {"type": "date"}}, drift={"types": "freeze"})
    with pytest.raises(Drifted) as refused:
        made.judge(batch(n=["1", "x", "y"], d=["z", "2025-04-03", "2025-04-03"]))
    assert "n (integer): 2 rows, d (date): 1 rows" in str(refused.value)
    assert [(unfit.column, unfit.what, unfit.rows) for unfit in refused.value.unfit] == [
        ("n", "type", 2),
        ("d", "type", 1),
    ]
    assert refused.value.where == "rows.csv:2"


@pytest.mark.parametrize(
    ("first", "rows", "due"),
    [
        (0, 2, True),
        (1, 2, False),
        ((1 << 19) - 1, 1, False),
        ((1 << 19) - 1, 2, True),
        (1 << 19, 1, True),
        (9, 9, False),
    ],
)
def test_pandera_is_asked_once_in_half_a_million_rows(batch, monkeypatch, first, rows, due):
    """The first batch is certified, and one in every 524,288 rows, wherever batches end."""
    asked = []
    monkeypatch.setattr(Contract, "_certify", lambda self, data: asked.append(len(data)))
    made = contract(contract={"n": {"type": "integer"}})
    came = batch(n=["1"] * rows)
    places = came.origin.row + first
    moved = Batch(came.data, type(came.origin)(**{**_parts(came.origin), "row": places}))
    assert len(made.judge(moved).kept) == rows
    assert asked == ([rows] if due else [])


def _parts(origin):
    return {name: getattr(origin, name) for name in ("files", "file", "line", "offset", "length", "raw")}


@pytest.mark.parametrize(("rows", "asked"), [(10_000, 10_000), (10_001, 5_001), (30_000, 10_000)])
def test_a_large_batch_is_certified_by_rows_from_all_over_it(batch, monkeypatch, rows, asked):
    """At most 10,000 rows are shown to pandera, evenly spread."""
    seen = []
    monkeypatch.setattr(Contract, "_certify", lambda self, data: seen.append(data.column(0).to_pylist()))
    contract(contract={"n": {"type": "integer"}}).judge(batch(n=[str(n) for n in range(rows)]))
    (shown,) = seen
    assert len(shown) == asked
    assert shown == list(range(0, rows, shown[1]))


def test_columns_can_be_cast_without_judging(batch):
    """A value that does not fit is null there, and nothing is rejected."""
    made = contract(contract={"n": {"type": "integer", "max": 1}, "t": {}})
    typed = made.typed(batch(t=["x", None], n=["5", "x"]).data, names=["t", "n"])
    assert [column.to_pylist() for column in typed] == [["x", None], [5, None]]


def test_checks_of_whole_rows_wait_for_rows_that_are_whole(compiled, batch):
    """Where every row lacks a value, there is no row to ask about."""
    never = Check(lambda frame: 1 / 0, error="never")
    made = compiled(DataFrameSchema({"a": Column(int), "b": Column("Int64", nullable=True)}, checks=never))
    judged = made.judge(batch(a=["x", None], b=["1", None]))
    assert [[reason["code"] for reason in row] for row in reasons(judged)] == [["type-error"], ["required-value"]]


def test_a_check_without_a_kernel_is_not_asked_about_nothing(compiled, batch):
    """Where all cells are null there is nothing to show to a check of the user's."""
    positive = Check(lambda column: column > 0, error="positive")
    made = compiled(DataFrameSchema({"a": Column("Int64", positive, nullable=True)}))
    assert made.judge(batch(a=[None, None])).rejects == ()


def test_a_check_that_answers_about_other_rows_is_told(compiled, batch):
    """An answer is for the rows that were asked about."""
    astray = Check(lambda column: pd.Series([False], index=[7]), error="astray")
    with pytest.raises(ConfigurationError) as refused:
        compiled(DataFrameSchema({"a": Column(int, astray)})).judge(batch(a=["1"]))
    assert "the check 'astray' answers about rows that it was not asked about" in str(refused.value)
    assert refused.value.where == "validate.contract: column 'a'"


# Checks


@pytest.mark.parametrize(
    ("check", "arrow"),
    [
        (Check.str_matches(re.compile("a")), pa.string()),
        (Check.str_contains(re.compile("a")), pa.string()),
        (Check.str_matches("a"), pa.int64()),
        (Check.str_contains("a"), pa.int64()),
        (Check.isin(["a"]), pa.int64()),
        (Check.gt("a"), pa.int64()),
        (Check.gt(1, element_wise=True), pa.int64()),
    ],
    ids=str,
)
def test_what_pandera_judges_in_a_way_of_its_own_has_no_kernel(check, arrow):
    """Patterns that are no text, and values of another type, are left to pandera."""
    assert kernel(check, arrow=arrow) is None


@pytest.mark.parametrize(
    ("section", "kept"),
    [
        ({"min_length": 2}, ["ab", "äöü", "abcd"]),
        ({"max_length": 3}, ["a", "ab", "äöü"]),
        ({"min_length": 2, "max_length": 3}, ["ab", "äöü"]),
        ({"one_of": ["a", "abcd"]}, ["a", "abcd"]),
    ],
)
def test_lengths_count_characters_and_lists_are_exact(batch, section, kept):
    """A check keeps what it says and rejects the rest."""
    judged = contract(contract={"x": section}).judge(batch(x=["a", "ab", "äöü", "abcd"]))
    assert judged.kept.data.to_pydict() == {"x": kept}


@pytest.mark.parametrize(("count", "rest"), [(10, ""), (11, ", and 1 more"), (13, ", and 3 more")])
def test_a_long_list_of_values_is_told_in_short(batch, count, rest):
    """Ten values and the number of the others say which list it is."""
    values = [f"v{n:02}" for n in range(count)]
    judged = contract(contract={"x": {"one_of": values}}).judge(batch(x=["no"]))
    assert reasons(judged) == [
        [{"code": "constraint-error", "column": "x", "check": f"one_of: {', '.join(values[:10])}{rest}"}]
    ]


def test_a_bound_is_a_value_of_the_type_that_a_column_has():
    """Where a survey found another type, a bound that is no value of it is refused."""
    with pytest.raises(ConfigurationError) as refused:
        contract(
            contract={"d": {"type": "date", "max": "2025-04-03"}},
            types={"d": ColumnType("timestamp")},
            drift={"types": "evolve"},
        )
    assert str(refused.value) == "validate.contract.d: '2025-04-03' is no value of the type timestamp"


def test_only_a_contract_of_columns_is_written_as_a_schema():
    """A reference is a schema already."""
    with pytest.raises(ConfigurationError, match=r"^only a contract with columns by name is compiled to pandera$"):
        to_pandera(Validate(contract="some:Schema"))


def test_an_unknown_zone_is_no_time_zone():
    """The error says what one is."""
    with pytest.raises(ValueError, match="'Mars/Base' is no time zone; valid: an IANA name like Europe/Berlin"):
        contract(contract={"t": {"type": "timestamp", "timezone": "Mars/Base"}})


def test_a_zone_that_the_system_does_not_know_is_told():
    """Arrow reads the system's own list of zones, which may be absent."""
    with pytest.raises(ConfigurationError) as refused:
        cast(pa.array(["2025-04-03 12:00"]), to=ColumnType("timestamp", zoned=True), timezone="Mars/Base")
    assert str(refused.value).startswith("validate.contract: this system's time zone database does not know Mars/Base")
    assert "tzdata" in (refused.value.next_command or "")


# The door


@pytest.mark.parametrize(
    ("header", "command"),
    [
        (
            ["Order ID", "b"],
            "correct the header, or rename first with a cleaning step {step: rename, columns: {Order ID: order_id}}",
        ),
        (
            ["b"],
            "correct the files, or set required: false and nullable: true for columns that may be missing",
        ),
        (
            ["order_id", "b", "zz"],
            "add the columns to validate.contract, or set validate.drift.columns to evolve, quarantine or "
            "discard_value",
        ),
    ],
)
def test_a_header_that_does_not_fit_is_told_with_what_to_do(header, command):
    """A renamed, a missing and an extra column each have their advice, unless there is a better one."""
    report = match_header(["order_id", "b"], files=[("x.csv", header)])
    with pytest.raises(Drifted) as refused:
        report.raise_if_refused()
    assert refused.value.where == "validate.drift.columns"
    assert refused.value.next_command == command
    with pytest.raises(Drifted) as refused:
        report.raise_if_refused(next_command="do this")
    assert refused.value.next_command == "do this"


def test_what_does_not_fit_is_listed_by_column():
    """A missing column and an extra one are told apart; an extra one only where it refuses."""
    report = match_header(["a", "b"], files=[("x.csv", ["a", "q"])])
    with pytest.raises(Drifted) as refused:
        report.raise_if_refused()
    assert [(unfit.column, unfit.what) for unfit in refused.value.unfit] == [("b", "missing"), ("q", "extra")]
    report = match_header(["a", "b"], files=[("x.csv", ["a", "q"])], drift="evolve")
    with pytest.raises(Drifted) as refused:
        report.raise_if_refused()
    assert [(unfit.column, unfit.what) for unfit in refused.value.unfit] == [("b", "missing")]


# Schemas of the users' own


MODULES = {
    "needs_of_edges": "import no_such_package_of_edges\n",
    "silent_of_edges": "class Quiet(Exception):\n    pass\nraise Quiet\n",
    "model_of_edges": ("import pandera.pandas as pandera\nclass Half(pandera.DataFrameModel):\n    x: 'NoSuchType'\n"),
}


@pytest.fixture
def project(tmp_path):
    """A project folder with modules that do not work."""
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "broken.yaml").write_text("schema_type: [\n")
    (tmp_path / "list.yaml").write_text("- 1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("needs_of_edges:X", "the module needs_of_edges needs 'no_such_package_of_edges', which is not installed"),
        ("silent_of_edges:X", "the module silent_of_edges cannot be imported: Quiet"),
        ("model_of_edges:Half", "model_of_edges:Half is no complete model: "),
        ("broken.yaml", "broken.yaml is no pandera schema: "),
        ("list.yaml", "list.yaml is no pandera schema: "),
    ],
)
def test_schemas_that_cannot_be_had_are_told(project, reference, message):
    """Each failure names what was asked for, and why it cannot be had, in one line."""
    with pytest.raises(ConfigurationError) as refused:
        load_schema(reference, project=project)
    assert str(refused.value).startswith(f"validate.contract: {message}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (
            DataFrameSchema({"a": Column(int, pandera.Hypothesis.two_sample_ttest("x", "y", groupby="a"))}),
            "validate.contract: column 'a': a statistical test needs all rows at once, but rows are judged as they "
            "stream by",
        ),
        (
            DataFrameSchema({"a": Column(int, nullable=True, default=None)}, add_missing_columns=True),
            "validate.contract: add_missing_columns invents columns unseen; use a cleaning step, or required=False",
        ),
        (
            DataFrameSchema({"a": Column(int)}, checks=Check(lambda frame: True, raise_warning=True)),
            "validate.contract: the schema: a check that only warns parts no rows; remove raise_warning or the check",
        ),
    ],
)
def test_what_a_stream_cannot_do_is_refused(tmp_path, monkeypatch, schema, message):
    """A statistical test, columns from nothing and mere warnings are refused, and the place is named."""
    monkeypatch.setattr("etl_agent.validate.user_schema._from_module", lambda *_: schema)
    with pytest.raises(ConfigurationError) as refused:
        load_schema("some:Schema", project=tmp_path)
    assert str(refused.value) == message


def test_the_base_of_models_is_no_schema(tmp_path, monkeypatch):
    """A module that only imports pandera's base has no schema of its own."""
    import sys
    from types import ModuleType

    module = ModuleType("base_of_edges")
    module.Base, module.Mine = DataFrameModel, type("Mine", (DataFrameModel,), {})
    monkeypatch.setitem(sys.modules, "base_of_edges", module)
    with pytest.raises(ConfigurationError) as refused:
        load_schema("base_of_edges:Other", project=tmp_path)
    assert refused.value.choices == ("Mine",)


def test_misfits_are_masks_of_cells():
    """The cast tells which cells do not fit, by the type's own word."""
    (misfit,) = cast(pa.array(["1", "x", None]), to=ColumnType("integer")).misfits
    assert isinstance(misfit, Misfit)
    assert (misfit.check, misfit.cells.tolist()) == ("integer", np.array([False, True, False]).tolist())
