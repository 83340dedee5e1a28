"""What contracts tell: each reason word for word, the schema as its writer would read it, and bounds as they stood."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pytest
from pandera.pandas import Check, Column, DataFrameSchema

from etl_agent.errors import ConfigurationError, DataRefused
from etl_agent.shape import ColumnType, parse_type
from etl_agent.validate.casts import cast
from etl_agent.validate.dtypes import arrow_storage, read_dtype
from etl_agent.validate.header import unknown_cells
from etl_agent.validate.kernels import kernel
from etl_agent.validate.odd import cast_in_parts, odd_cells
from etl_agent.validate.schema import to_pandera
from etl_agent.validate.spec import ColumnContract, Validate
from etl_agent.validate.user_schema import load_schema
from tests.validate.contracts import contract, reasons

# Bounds as they stood in the file


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        (True, "text", "true"),
        (False, "text", "false"),
        (1.5, "decimal(3,1)", "1.5"),
        (1e-7, "decimal(9,7)", "0.0000001"),
        (1e16, "decimal(20,0)", "10000000000000000"),
        (Decimal("1E+2"), "integer", "100"),
        (7, "integer", "7"),
        (date(2025, 4, 3), "date", "2025-04-03"),
        (datetime(2025, 4, 3, 12, 30), "timestamp", "2025-04-03T12:30:00"),
        (time(12, 30), "time", "12:30:00"),
        ("x", "text", "x"),
    ],
)
def test_a_bound_is_the_text_that_yaml_read(given, kind, text):
    """So that the column's type alone reads it, and 1e-7 is no float on the way."""
    assert ColumnContract(type=kind, one_of=[given]).one_of == (text,)


@pytest.mark.parametrize("least", ["2025-04-03 12:00", "2025-04-03 12:00+02:00"])
def test_a_bound_of_an_instant_is_read_in_its_zone(batch, least):
    """Without an offset it is a local time of the column's zone."""
    made = contract(contract={"t": {"type": "timestamp", "timezone": "Europe/Berlin", "min": least}})
    judged = made.judge(batch(t=["2025-04-03 12:00", "2025-04-03 11:59:59", "2025-04-03 10:00Z"]))
    noon = datetime(2025, 4, 3, 10, 0, tzinfo=UTC)
    assert judged.kept.data.column("t").to_pylist() == [noon, noon]
    assert reasons(judged) == [[{"code": "constraint-error", "column": "t", "check": f"min: {least}"}]]


@pytest.mark.parametrize(
    ("cell", "check"),
    [
        ("2025-03-30 02:30", "timestamp in Europe/Berlin: this local time was skipped"),
        ("2025-10-26 02:30", "timestamp in Europe/Berlin: this local time happened twice, an offset is needed"),
        ("soon", "timestamp in Europe/Berlin"),
    ],
)
def test_a_time_that_a_zone_does_not_have_once_is_told(batch, cell, check):
    """The reason names the zone, and which of the two it is."""
    made = contract(contract={"t": {"type": "timestamp", "timezone": "Europe/Berlin"}})
    assert reasons(made.judge(batch(t=[cell, "2025-10-26 02:30+01:00"]))) == [
        [{"code": "type-error", "column": "t", "check": check}]
    ]


def test_an_instant_that_must_bring_its_offset_says_so(batch):
    """A local time without one is no instant."""
    made = contract(contract={"t": {"type": "timestamp", "timezone": "offset"}})
    assert reasons(made.judge(batch(t=["2025-04-03 12:00"]))) == [
        [{"code": "type-error", "column": "t", "check": "timestamp with an offset"}]
    ]


# Reasons


def test_checks_of_rows_and_of_grouping_columns_have_codes_of_their_own(compiled, batch):
    """One of the schema is of the row; one that a column asks by groups is of that column."""
    grouped = Check(lambda groups: pd.concat(groups.values()) < 9, groupby="a", error="grouped")
    whole = Check(lambda frame: frame["a"] <= frame["b"], error="ordered")
    made = compiled(DataFrameSchema({"a": Column(int), "b": Column(int, grouped)}, checks=whole))
    assert reasons(made.judge(batch(a=["1", "3"], b=["10", "2"]))) == [
        [{"code": "constraint-error", "column": "b", "check": "grouped"}],
        [{"code": "row-constraint", "check": "ordered"}],
    ]


def test_a_cell_without_a_value_is_shown_to_no_check(compiled, batch):
    """What does not fit its type is told once, and a check that asks for nulls does not see it as one."""
    seeing = Check(lambda column: column.notna(), error="there", ignore_na=False)
    made = compiled(DataFrameSchema({"a": Column("Int64", seeing, nullable=True)}))
    assert reasons(made.judge(batch(a=["x", None, "1"]))) == [
        [{"code": "type-error", "column": "a", "check": "integer"}],
        [{"code": "constraint-error", "column": "a", "check": "there"}],
    ]


def test_an_unknown_column_is_told_by_name():
    """The code is Frictionless's, and the check says what it is."""
    data = pa.RecordBatch.from_pydict({"n": pa.array(["x"], pa.string())})
    (finding,) = unknown_cells(data, names=["n"])
    assert str(finding.reason) == "n: extra-cell (unknown column)"


@pytest.mark.parametrize(("count", "listed"), [(2, "c00, c01"), (11, ", ".join(f"c{n:02}" for n in range(10)))])
def test_a_category_is_told_with_the_first_ones(compiled, batch, count, listed):
    """Up to ten say which enumeration it is."""
    made = compiled(DataFrameSchema({"x": Column(pd.CategoricalDtype([f"c{n:02}" for n in range(count)]))}))
    assert reasons(made.judge(batch(x=["no"]))) == [
        [{"code": "constraint-error", "column": "x", "check": f"category: {listed}"}]
    ]


@pytest.mark.parametrize(
    ("dtype", "name"),
    [("int8", "int8"), ("datetime64[ns, UTC]", "datetime64[ns, UTC]"), ("object", "object")],
)
def test_a_type_is_named_as_its_writer_says_it(dtype, name):
    """So that the reason is found in the schema."""
    schema = DataFrameSchema({"x": Column(dtype)})
    assert read_dtype(schema.columns["x"].dtype, where="x").name == name
    assert arrow_storage(parse_type("decimal(5,2)")).name == "decimal(5,2)"


def test_a_zone_of_pandas_makes_instants(compiled, batch):
    """Cells without an offset are local times of that zone."""
    made = compiled(DataFrameSchema({"t": Column(pd.DatetimeTZDtype("us", "Europe/Berlin"))}))
    kept = made.judge(batch(t=["2025-04-03 12:00"])).kept.data
    assert kept.column("t").to_pylist() == [datetime(2025, 4, 3, 10, 0, tzinfo=UTC)]


def test_inferred_types_say_their_name(batch):
    """A value that does not fit is told with the type that was found."""
    made = contract(types={"n": ColumnType("integer")}, names=["n", "t"])
    assert reasons(made.judge(batch(n=["x"], t=["y"]))) == [[{"code": "type-error", "column": "n", "check": "integer"}]]


# Refusals


def test_a_missing_column_is_told_where(batch):
    """With the likely name, or those that there are."""
    with pytest.raises(ConfigurationError) as refused:
        contract(contract={"amount": {}, "zz": {}}, names=["amuont", "b"])
    assert refused.value.where == "validate.contract"
    assert refused.value.what == "neither a file nor a step brings 'amount', 'zz', which the contract requires"
    assert refused.value.choices == ("amuont",)
    with pytest.raises(ConfigurationError) as refused:
        contract(contract={"zz": {}}, names=[f"n{n:02}" for n in range(30)])
    assert refused.value.choices == tuple(f"n{n:02}" for n in range(20))


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        (DataFrameSchema({"n_.*": Column(int, regex=True)}), "validate.contract"),
        (DataFrameSchema({"n": Column(complex)}), "validate.contract: column 'n'"),
    ],
)
def test_a_schema_that_cannot_be_judged_is_told_where(compiled, schema, where):
    """The contract, or the column in it."""
    with pytest.raises(ConfigurationError) as refused:
        compiled(schema, names=["a"])
    assert refused.value.where == where


def test_the_types_that_a_file_can_hold_are_listed(compiled):
    """Whoever asks for another one is told which there are."""
    with pytest.raises(ConfigurationError) as refused:
        compiled(DataFrameSchema({"x": Column(complex)}))
    assert refused.value.choices == (
        "text",
        "integers",
        "floats",
        "decimals",
        "booleans",
        "dates",
        "times",
        "timestamps",
        "categories of text",
    )


def test_a_check_of_all_rows_refuses_at_its_place(compiled, batch):
    """The schema's own checks are of the contract, a column's are of the column."""
    little = Check(lambda data: bool((data if data.ndim == 1 else data["x"]).sum() < 3), error="little")
    for schema, where in (
        (DataFrameSchema({"x": Column(int)}, checks=little), "validate.contract"),
        (DataFrameSchema({"x": Column(int, little)}), "validate.contract: column 'x'"),
    ):
        with pytest.raises(DataRefused) as refused:
            compiled(schema).judge(batch(x=["1", "2"]))
        assert refused.value.where == where
        assert refused.value.what == "the check 'little', which judges all rows at once, says no"


def test_frozen_types_say_what_to_do(batch):
    """The advice stands in the error."""
    with pytest.raises(DataRefused) as refused:
        contract(contract={"n": {"type": "integer"}}, drift={"types": "freeze"}).judge(batch(n=["x"]))
    assert refused.value.next_command == "correct the file, or set validate.drift.types to quarantine or evolve"


@pytest.fixture
def project(tmp_path):
    """A project folder with schemas."""
    (tmp_path / "schemas").mkdir()
    (tmp_path / "told_of_test.py").write_text(
        "import pandera.pandas as pandera\n"
        "orders = pandera.DataFrameSchema({'a': pandera.Column(int, default=1)})\n"
        "number = 3\n"
    )
    for path in ("orders.yaml", "schemas/things.yml"):
        (tmp_path / path).write_text("schema_type: dataframe\ncolumns:\n  a:\n    dtype: int64\n")
    return tmp_path


@pytest.mark.parametrize(
    ("reference", "said", "choices"),
    [
        ("told_of_test:order", "validate.contract: the module told_of_test has no 'order'", ("orders",)),
        ("told_of_test:zzz", "validate.contract: the module told_of_test has no 'zzz'", ["orders"]),
        (
            "told_of_test:number",
            "validate.contract: told_of_test:number is a int, not a schema",
            ("a pandera DataFrameSchema", "a pandera DataFrameModel"),
        ),
        (
            "told_of_test:orders",
            "validate.contract: column 'a': a default fills cells unseen; use the cleaning step constant",
            None,
        ),
        ("schemas/ordres.yaml", "validate.contract: there is no file schemas/ordres.yaml", None),
        ("schemas/thinsg.yml", "validate.contract: there is no file schemas/thinsg.yml", ("schemas/things.yml",)),
        ("oders.yaml", "validate.contract: there is no file oders.yaml", ("orders.yaml",)),
    ],
)
def test_a_schema_that_is_not_there_is_told_with_what_is(project, reference, said, choices):
    """The place, the reason, and the names that are near."""
    with pytest.raises(ConfigurationError) as refused:
        load_schema(reference, project=project)
    assert f"{refused.value.where}: {refused.value.what}" == said
    if choices is not None:
        assert list(refused.value.choices or ()) == list(choices)


@pytest.mark.parametrize("reference", ["orders.yaml", "schemas/things.yml"])
def test_a_schema_file_may_have_either_end(project, reference):
    """Both are YAML."""
    assert list(load_schema(reference, project=project).columns) == ["a"]


# The schema as it would be written by hand


def test_a_contract_is_a_schema_that_judges_a_frame_alone():
    """Types, checks, uniqueness and strictness are all in it, under the names that they have in the file."""
    section = Validate.model_validate(
        {
            "contract": {
                "a": {"type": "integer", "min": 0, "unique": True, "description": "how many"},
                "b": {"type": "decimal(5,2)", "nullable": True, "required": False, "sensitive": True},
                "t": {"type": "timestamp", "timezone": "UTC"},
            },
            "checks": [{"column": "a", "lt": "b"}],
            "unique": [["a", "b"]],
        }
    )
    schema = to_pandera(section)
    a, b, t = (schema.columns[name] for name in ("a", "b", "t"))
    assert [column.dtype.type for column in (a, b, t)] == [
        pd.ArrowDtype(pa.int64()),
        pd.ArrowDtype(pa.decimal128(5, 2)),
        pd.ArrowDtype(pa.timestamp("us", tz="UTC")),
    ]
    assert (a.nullable, a.unique, a.required, a.description) == (False, True, True, "how many")
    assert (b.nullable, b.unique, b.required, b.description) == (True, False, False, None)
    assert a.metadata == {"type": "integer", "timezone": None, "sensitive": False}
    assert b.metadata == {"type": "decimal(5,2)", "timezone": None, "sensitive": True}
    assert t.metadata == {"type": "timestamp with time zone", "timezone": "UTC", "sensitive": False}
    assert [check.error for check in a.checks] == ["min: 0"]
    assert [check.error for check in schema.checks] == ["a lt b"]
    assert (schema.unique, schema.strict) == (["a", "b"], True)


@pytest.mark.parametrize(("mode", "strict"), [("freeze", True), ("evolve", False), ("discard_value", False)])
def test_a_schema_is_strict_where_columns_are_frozen(mode, strict):
    """Elsewhere another column is no error."""
    section = {"contract": {"a": {}}, "drift": {"columns": mode}}
    assert to_pandera(Validate.model_validate(section)).strict is strict


def test_checks_of_the_schema_hold_for_frames():
    """Whoever takes the schema elsewhere gets the same answers, null on either side passing."""
    section = Validate.model_validate(
        {
            "contract": {name: {"type": "integer", "nullable": True} for name in ("a", "b", "c")},
            "checks": [{"column": "a", "lt": "b"}],
            "unique": [["a", "b"], ["c"]],
        }
    )
    compare, *distinct = to_pandera(section).checks
    frame = pd.DataFrame({"a": [1, 2, None, 1], "b": [2, 1, 1, 2], "c": [1, 2, 3, 3]}).astype(
        {name: pd.ArrowDtype(pa.int64()) for name in "abc"}
    )
    assert compare._check_fn(frame).tolist() == [True, False, True, True]
    assert [check.error for check in distinct] == ["unique: a, b", "unique: c"]
    assert [check._check_fn(frame).tolist() for check in distinct] == [
        [False, True, True, False],
        [True, True, False, False],
    ]


def test_what_pandera_certifies_has_no_other_column(compiled, batch, monkeypatch):
    """The certification sees exactly the kept columns."""
    seen = []
    plain = pandera.DataFrameSchema.validate
    monkeypatch.setattr(
        pandera.DataFrameSchema, "validate", lambda self, frame, **more: seen.append(self) or plain(self, frame, **more)
    )
    compiled(DataFrameSchema({"a": Column(int)})).judge(batch(a=["1"]))
    (certifier,) = seen
    assert certifier.strict is True
    assert not any(column.coerce or column.unique for column in certifier.columns.values())


# Kernels and casts


@pytest.mark.parametrize("check", [Check.str_startswith("a"), Check.str_endswith("a")], ids=str)
def test_beginnings_and_ends_are_told_by_kernel(check):
    """Plain text needs no detour; what is no text is pandera's affair."""
    judge = kernel(check, arrow=pa.string())
    assert judge is not None
    assert judge(pa.array(["ab", "ba", "aa", None])).to_pylist()[2:] == [True, None]
    check.statistics["string"] = 3
    assert kernel(check, arrow=pa.string()) is None


@pytest.mark.parametrize(
    ("cells", "odd"),
    [
        ([], []),
        ([None, None], [False, False]),
        (["", None], [True, False]),
        (["12", "1x", None, "", "12345"], [False, True, False, True, True]),
        (["1:2", "/", "9"], [False, True, False]),
    ],
)
def test_odd_cells_are_those_of_unexpected_bytes_or_length(cells, odd):
    """Null is not odd, and an empty cell is too short, with or without others beside it."""
    text = pa.array(cells, pa.string())
    assert odd_cells(text, first="0", last="9", also=":", longest=4).tolist() == odd
    padded = pa.array(["xxxxxxx", *cells, "x"], pa.string()).slice(1, len(cells))
    assert odd_cells(padded, first="0", last="9", also=":", longest=4).tolist() == odd


def test_only_odd_cells_are_cast_with_care():
    """The plain ones go in one piece, and the others alone; where a plain one fails, all are looked at."""
    text = pa.array(["1", "x", "3"])
    asked = []

    def plainly(cells):
        asked.append(("plainly", cells.to_pylist()))
        return cells.cast(pa.int64())

    def carefully(cells):
        asked.append(("carefully", cells.to_pylist()))
        return pa.array([None] * len(cells), pa.int64())

    marked = np.array([False, True, False])
    assert cast_in_parts(text, marked, plainly=plainly, carefully=carefully).to_pylist() == [1, None, 3]
    assert asked == [("plainly", ["1", None, "3"]), ("carefully", ["x"])]
    asked.clear()
    none = np.zeros(3, np.bool_)
    assert cast_in_parts(text, none, plainly=plainly, carefully=carefully).to_pylist() == [None] * 3
    assert asked == [("plainly", ["1", "x", "3"]), ("carefully", ["1", "x", "3"])]
    asked.clear()
    numbers = pa.array(["1", "2"])
    assert cast_in_parts(numbers, none[:2], plainly=plainly, carefully=carefully).to_pylist() == [1, 2]
    assert asked == [("plainly", ["1", "2"])]


@pytest.mark.parametrize(
    ("cell", "kind", "value"),
    [
        ("0001-01-01", "date", date(1, 1, 1)),
        ("9999-12-31", "date", date(9999, 12, 31)),
        ("0000-12-31", "date", None),
        ("9999-12-31 23:59:59.999999", "timestamp", datetime(9999, 12, 31, 23, 59, 59, 999999)),
        ("0001-01-01 00:00", "timestamp", datetime(1, 1, 1)),
        ("-.0", "decimal(3,1)", Decimal("0.0")),
        (".0", "decimal(3,1)", Decimal("0.0")),
        ("-0.", "decimal(3,1)", Decimal("0.0")),
        ("1" * 76, "decimal(76,0)", Decimal("1" * 76)),
        ("+1", "integer", 1),
    ],
)
def test_values_at_the_ends_of_their_types_are_exact(cell, kind, value):
    """The first and the last that a type holds are held, and nothing beyond."""
    read = cast(pa.array([cell]), to=parse_type(kind))
    assert read.values.to_pylist() == [value]
    assert bool(read.misfits) is (value is None)


# What a drawn sample of mutants asked for


def test_a_column_that_became_text_is_told_where_and_which():
    """The place is the column in the contract, and what does not fit is its type."""
    with pytest.raises(DataRefused) as refused:
        contract(
            contract={"n": {"type": "integer", "min": 0}}, types={"n": ColumnType("text")}, drift={"types": "evolve"}
        )
    assert refused.value.where == "validate.contract.n"
    assert [(unfit.column, unfit.what) for unfit in refused.value.unfit] == [("n", "type")]


def test_a_check_without_a_name_is_called_a_check(compiled, batch):
    """Its reason says as much as is known."""
    nameless = Check(lambda column: column > 0)
    nameless.name = nameless.error = None
    judged = compiled(DataFrameSchema({"a": Column(int, nameless)})).judge(batch(a=["0"]))
    assert reasons(judged) == [[{"code": "constraint-error", "column": "a", "check": "check"}]]


def test_a_check_of_rows_that_fails_on_its_own_is_named(compiled, batch):
    """With the contract as its place, or its column."""
    for schema, where in (
        (DataFrameSchema({"a": Column(int)}, checks=Check(lambda _: 1 / 0, error="mine")), "validate.contract"),
        (
            DataFrameSchema({"a": Column(int, Check(lambda _: 1 / 0, groupby="b", error="mine")), "b": Column(int)}),
            "validate.contract: column 'a'",
        ),
    ):
        with pytest.raises(
            ConfigurationError, match=r"the check 'mine' fails on its own: ZeroDivisionError"
        ) as refused:
            compiled(schema).judge(batch(a=["1"], b=["2"]))
        assert refused.value.where == where


def test_a_check_of_rows_names_the_right_ones_beside_rows_it_cannot_see(compiled, batch):
    """A row that lacks a value comes first, and the places of the others are their own."""
    ordered = Check(lambda frame: frame["a"] <= frame["b"], error="ordered")
    judged = compiled(DataFrameSchema({"a": Column(int), "b": Column(int)}, checks=ordered)).judge(
        batch(a=["x", "1", "3"], b=["1", "1", "2"])
    )
    assert [[reason["code"] for reason in row] for row in reasons(judged)] == [["type-error"], ["row-constraint"]]
    assert judged.kept.data.to_pylist() == [{"a": 1, "b": 1}]


def test_a_type_that_is_narrower_than_ours_names_itself(compiled, batch):
    """Nanoseconds hold fewer years, and the reason says which type it was; nulls beside it stay good."""
    dtype = pd.ArrowDtype(pa.timestamp("ns"))
    judged = compiled(DataFrameSchema({"t": Column(dtype, nullable=True)})).judge(
        batch(t=["2025-04-03 12:00", None, "1500-01-01 00:00"])
    )
    assert judged.kept.data.column("t").to_pylist() == [datetime(2025, 4, 3, 12, 0), None]
    ((reason,),) = reasons(judged)
    assert (reason["code"], reason["column"], reason["check"]) == ("type-error", "t", "timestamp[ns][pyarrow]")


def test_two_points_make_no_decimal():
    """Neither do three, nor a point alone."""
    read = cast(pa.array(["1.2.3", "1..2", ".", "1.2"]), to=parse_type("decimal(5,2)"))
    assert read.values.to_pylist() == [None, None, None, Decimal("1.20")]


def test_a_missing_module_is_told_where(project):
    """It is the contract that names it."""
    with pytest.raises(ConfigurationError) as refused:
        load_schema("no_module_of_test:x", project=project)
    assert refused.value.where == "validate.contract"
