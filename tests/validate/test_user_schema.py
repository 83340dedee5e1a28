"""Pandera schemas of the users' own: loaded only where named, judged as pandera would."""

import json

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pytest
from pandera.config import config_context
from pandera.pandas import Check, Column, DataFrameModel, DataFrameSchema, Field

from etl_agent.errors import ConfigurationError, DataRefused
from etl_agent.validate.contract import compile_contract
from etl_agent.validate.spec import Validate

MODULE = """
import pandera.pandas as pandera

class Orders(pandera.DataFrameModel):
    order_id: str = pandera.Field(str_matches=r"^O-[0-9]+$", unique=True)
    quantity: int = pandera.Field(ge=0, coerce=True)

plain = pandera.DataFrameSchema({"a": pandera.Column(int)}, strict=True, unique=["a"])
broken = 3
"""


@pytest.fixture
def project(tmp_path):
    """A project folder with a module and a YAML schema."""
    (tmp_path / "our_contracts_of_test.py").write_text(MODULE)
    (tmp_path / "bad_module_of_test.py").write_text("1 / 0")
    (tmp_path / "contract.yaml").write_text(
        "schema_type: dataframe\ncolumns:\n  a:\n    dtype: int64\n    checks:\n      greater_than: 1\n"
    )
    return tmp_path


def load(reference, project, **more):
    return compile_contract(Validate(contract=reference, **more), project=project)


@pytest.fixture
def judge(tmp_path, monkeypatch, batch):
    """Judge columns by a schema object, as if a module of the project had it."""

    def judged(schema, names=None, **columns):
        monkeypatch.setattr("etl_agent.validate.contract.load_schema", lambda reference, project: schema)
        contract = compile_contract(Validate(contract="some:Schema"), project=tmp_path, names=names)
        return contract.judge(batch(**columns))

    return judged


def reasons(judged):
    return [json.loads(text) for rejects in judged.rejects for text in rejects.reasons.to_pylist()]


def test_a_model_is_loaded_from_a_module_of_the_project(project, batch):
    """Types, checks and uniqueness of a DataFrameModel are a contract's; coercion is done by strict casts."""
    contract = load("our_contracts_of_test:Orders", project)
    assert [str(column.type) for column in contract.shape] == ["text", "integer"]
    assert contract.unique == (("order_id",),)
    judged = contract.judge(batch(order_id=["O-1", "x", "O-1"], quantity=["1", "-1", "1.5"]))
    assert judged.kept.data.to_pylist() == [{"order_id": "O-1", "quantity": 1}]
    assert [[reason["code"] for reason in row] for row in reasons(judged)] == [
        ["constraint-error", "constraint-error"],
        ["type-error"],
    ]


def test_a_yaml_schema_is_loaded(project, batch):
    """A pandera YAML file is a contract."""
    judged = load("contract.yaml", project).judge(batch(a=["1", "2"]))
    assert judged.kept.data.to_pydict() == {"a": [2]}


@pytest.mark.parametrize(
    ("reference", "message", "choices"),
    [
        ("our_contracts_of_tset:Orders", "no module", ("our_contracts_of_test",)),
        ("our_contracts_of_test:Order", "has no 'Order'", ("Orders",)),
        ("our_contracts_of_test:broken", "is a int, not a schema", None),
        ("bad_module_of_test:X", "cannot be imported: ZeroDivisionError", None),
        ("contarct.yaml", "no file", ("contract.yaml",)),
    ],
)
def test_what_cannot_be_loaded_is_told_with_near_matches(project, reference, message, choices):
    """Each mistake has its own error and, where there is one, the likely name."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        load(reference, project)
    if choices is not None:
        assert caught.value.choices == choices


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("pandera.DataFrameSchema({'a': pandera.Column(int, parsers=pandera.Parser(abs))})", "parser"),
        ("pandera.DataFrameSchema({'a': pandera.Column(int, default=1)})", "default"),
        ("pandera.DataFrameSchema({'a': pandera.Column(int)}, index=pandera.Index(int))", "index"),
        ("pandera.DataFrameSchema({'a': pandera.Column(int, pandera.Check.gt(1, raise_warning=True))})", "warns"),
        ("pandera.DataFrameSchema({'a': pandera.Column(complex)})", "complex128"),
    ],
)
def test_what_would_change_or_miss_rows_is_refused(tmp_path, request, schema, message):
    """Parsers, defaults, an index and mere warnings have no place in a stream of rows that are accounted for."""
    name = f"refused_of_test_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(f"import pandera.pandas as pandera\nschema = {schema}\n")
    with pytest.raises(ConfigurationError, match=message):
        load(f"{name}:schema", tmp_path)


@pytest.mark.parametrize(
    ("dtype", "good", "kept"),
    [
        (str, ["x", "NA", ""], ["x", "NA", ""]),
        (object, ["x"], ["x"]),
        (int, ["1"], [1]),
        ("int8", ["127"], [127]),
        ("UInt8", ["255", None], [255, None]),
        ("Int64", ["1", None], [1, None]),
        ("uint64", [str(2**64 - 1)], [2**64 - 1]),
        ("UInt64", [str(2**64 - 1), None], [2**64 - 1, None]),
        (float, ["1.5", None], [1.5, None]),
        ("float32", ["1.5"], [1.5]),
        (bool, ["true"], [True]),
        ("boolean", ["true", None], [True, None]),
        ("category", ["a", None], ["a", None]),
        (pd.CategoricalDtype(["a", "b"]), ["a", None], ["a", None]),
        (pd.ArrowDtype(pa.int8()), ["1", None], [1, None]),
        (pd.ArrowDtype(pa.large_string()), ["x", None], ["x", None]),
    ],
)
def test_every_dtype_that_text_can_hold_is_judged_and_certified(judge, dtype, good, kept):
    """The schema sees its own dtype, and the kept batch has ours."""
    judged = judge(DataFrameSchema({"x": Column(dtype, nullable=True)}), x=good)
    assert reasons(judged) == []
    assert judged.kept.data.to_pydict() == {"x": kept}


@pytest.mark.parametrize("dtype", ["datetime64[ns]", "datetime64[ns, UTC]", pd.DatetimeTZDtype("us", "Europe/Berlin")])
def test_timestamps_of_pandas_are_judged(judge, dtype):
    """A timestamp that the dtype cannot hold does not fit; a zone of the dtype is the zone of local times."""
    check = Check(lambda column: column.dt.hour == 12)
    judged = judge(DataFrameSchema({"x": Column(dtype, check)}), x=["2024-07-01 12:00", "2024-07-01 11:00"])
    assert len(judged.kept) == 1


@pytest.mark.parametrize(
    ("dtype", "bad"),
    [
        ("int8", "128"),
        ("UInt8", "-1"),
        ("uint64", "-1"),
        ("datetime64[ns]", "1500-01-01 00:00"),
        (bool, "1"),
        (int, "1.0"),
    ],
)
def test_what_a_dtype_cannot_hold_does_not_fit(judge, dtype, bad):
    """A narrower dtype never wraps a value."""
    (row,) = reasons(judge(DataFrameSchema({"x": Column(dtype, nullable=True)}), x=[bad]))
    assert [reason["code"] for reason in row] == ["type-error"]


def test_null_in_a_dtype_without_null_is_told(judge):
    """numpy integers and booleans have no null, whatever nullable says."""
    (row,) = reasons(judge(DataFrameSchema({"x": Column(int, nullable=True)}), x=[None]))
    assert row == [{"code": "required-value", "column": "x"}]


def test_a_category_outside_the_dtype_is_told(judge):
    """An enumeration knows its values."""
    (row,) = reasons(judge(DataFrameSchema({"x": Column(pd.CategoricalDtype(["a"]))}), x=["b"]))
    assert row[0]["code"] == "constraint-error"


def test_every_kind_of_check_names_its_rows(judge):
    """Element-wise, vectorised, grouping and whole-row checks point at the rows that fail."""
    schema = DataFrameSchema(
        {
            "a": Column(int, [Check(lambda value: value < 3, element_wise=True, error="small")]),
            "b": Column(
                int,
                [
                    Check(lambda column: column % 2 == 0, error="even"),
                    Check(lambda groups: pd.concat(groups.values()) < 9, groupby="a", error="grouped"),
                ],
                nullable=False,
            ),
        },
        checks=[
            Check(lambda frame: frame["a"] <= frame["b"], error="ordered"),
            Check(lambda frame: frame < 90, error="all"),
        ],
    )
    judged = judge(schema, a=["1", "3", "2", "2"], b=["2", "3", "12", "x"])
    assert [[reason["check"] for reason in row] for row in reasons(judged)] == [
        ["small", "even"],
        ["grouped"],
        ["integer"],
    ]
    assert judged.kept.data.to_pylist() == [{"a": 1, "b": 2}]


def test_a_check_sees_nulls_only_if_it_asks(judge):
    """Null passes by default; with ignore_na=False the check itself decides."""
    blind = Column("Int64", Check(lambda column: column > 0, error="positive"), nullable=True)
    seeing = Column("Int64", Check(lambda column: column.notna(), error="there", ignore_na=False), nullable=True)
    judged = judge(DataFrameSchema({"x": blind, "y": seeing}), x=[None, "1"], y=["1", None])
    assert [[reason["check"] for reason in row] for row in reasons(judged)] == [["there"]]


def test_one_answer_for_all_rows_refuses_the_dataset(judge):
    """A check that says no to the whole batch cannot part rows: nothing is loaded."""
    schema = DataFrameSchema({"x": Column(int)}, checks=Check(lambda frame: bool(frame["x"].sum() < 3), error="little"))
    assert len(judge(schema, x=["1", "1"]).kept) == 2
    with pytest.raises(DataRefused, match="little"):
        judge(schema, x=["1", "2"])


@pytest.mark.parametrize("setting", [{"validation_enabled": False}, {"validation_depth": "SCHEMA_ONLY"}])
def test_no_setting_of_pandera_switches_the_certification_off(judge, setting):
    """What PANDERA_VALIDATION_ENABLED and PANDERA_VALIDATION_DEPTH set for a process lets no row through."""
    schema = DataFrameSchema({"a": Column(int, Check(lambda values: bool(values.sum() > 100)))})
    with config_context(**setting), pytest.raises(DataRefused):
        judge(schema, a=["1", "2"])


def test_a_check_that_depends_on_other_rows_is_told(judge):
    """What changes its answer when rejected rows are gone cannot judge a stream."""
    check = Check(lambda column: column <= column.mean(), error="below the mean")
    with pytest.raises(ConfigurationError, match="below the mean"):
        judge(DataFrameSchema({"x": Column(int, check)}), x=["1", "2", "9"])


def test_a_check_that_fails_on_its_own_is_told(judge):
    """An exception in a user's check names the check and the column."""
    check = Check(lambda column: column.no_such_thing, error="mine")
    with pytest.raises(ConfigurationError, match=r"column 'x'.*mine.*AttributeError"):
        judge(DataFrameSchema({"x": Column(int, check)}), x=["1"])


def test_a_pattern_of_column_names_stands_for_those_that_match(judge):
    """regex=True columns are resolved against the columns of the data."""
    schema = DataFrameSchema({"n_.*": Column(int, Check.gt(0), regex=True), "t": Column(str)})
    judged = judge(schema, names=["n_a", "t", "n_b"], n_a=["1", "1"], n_b=["1", "0"], t=["x", "y"])
    assert judged.kept.data.to_pylist() == [{"n_a": 1, "n_b": 1, "t": "x"}]


def test_sensitive_columns_are_read_from_the_metadata(project, monkeypatch):
    """A pandera column says in its metadata that it is sensitive."""

    class Model(DataFrameModel):
        x: str = Field(metadata={"sensitive": True})

    monkeypatch.setattr("etl_agent.validate.contract.load_schema", lambda reference, project: Model.to_schema())
    assert load("some:Schema", project).sensitive == {"x"}


def test_pandera_is_asked_about_every_good_row(judge, monkeypatch):
    """The certification is pandera's own validation of the kept rows, once a batch."""
    seen = []
    plain = pandera.DataFrameSchema.validate
    monkeypatch.setattr(
        pandera.DataFrameSchema,
        "validate",
        lambda self, frame, **how: (seen.append(len(frame)), plain(self, frame, **how)),
    )
    judge(DataFrameSchema({"x": Column(int)}), x=["1", "x", "2"])
    assert seen == [2]
