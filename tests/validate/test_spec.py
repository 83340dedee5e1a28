"""The validate section: every mistake is one error that names its place."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from pydantic import ValidationError

from etl_agent.validate.formats import PATTERNS
from etl_agent.validate.schema import to_pandera
from etl_agent.validate.spec import ColumnContract, Compare, Drift, Validate


def test_the_documented_defaults():
    """Columns are frozen, misfits quarantined, and five rows in a hundred may be rejected."""
    spec = Validate()
    assert (spec.drift, spec.max_reject_share, spec.max_rejects) == (
        Drift(columns="freeze", types="quarantine"),
        0.05,
        None,
    )
    assert (ColumnContract().type, ColumnContract().required, ColumnContract().nullable) == ("text", True, False)


def test_a_section_comes_back_from_json():
    """Written and read again it is the same, bounds that YAML made numbers and dates of included."""
    spec = Validate.model_validate(
        {
            "contract": {
                "a": {"type": "decimal(12,2)", "min": 0, "max": 0.1, "one_of": [0, Decimal("0.10")]},
                "d": {"type": "date", "min": dt.date(2024, 1, 1)},
                "t": {"type": "timestamp", "timezone": "Europe/Berlin", "max": dt.datetime(2024, 1, 1, 12)},
                "b": {"type": "boolean", "one_of": [True]},
            },
            "unique": [["a", "d"]],
            "checks": [{"column": "a", "ne": "a"}],
        }
    )
    assert Validate.model_validate_json(spec.model_dump_json()) == spec
    json.dumps(Validate.model_json_schema())


def test_a_small_float_bound_is_read_exactly():
    """0.00001 is not 1e-05 by the time a decimal reads it."""
    schema = to_pandera(Validate.model_validate({"contract": {"a": {"type": "decimal(12,6)", "min": 0.00001}}}))
    assert schema.columns["a"].checks[0].statistics == {"min_value": Decimal("0.000010")}


@pytest.mark.parametrize(
    ("section", "place", "message"),
    [
        ({"contract": {"a": {"typ": "integer"}}}, ("contract", "columns", "a", "typ"), "not permitted"),
        ({"contract": {"a": {"type": "intger"}}}, ("contract", "columns", "a", "type"), "did you mean 'integer'"),
        ({"contract": {"a": {"matches": "(?=x)"}}}, ("contract", "columns", "a", "matches"), "RE2"),
        ({"contract": {"a": {"format": "emial"}}}, ("contract", "columns", "a", "format"), "'email'"),
        ({"contract": {"a": {"type": "integer", "min": "x"}}}, ("contract", "columns", "a"), "no value of the type"),
        ({"contract": {"a": {"type": "date", "min": "2023-02-29"}}}, ("contract", "columns", "a"), "no value"),
        ({"contract": {"a": {"min": 1}}}, ("contract", "columns", "a"), "for numbers and times"),
        ({"contract": {"a": {"type": "date", "format": "email"}}}, ("contract", "columns", "a"), "format is for text"),
        ({"contract": {"a": {"timezone": "UTC"}}}, ("contract", "columns", "a"), "timezone is for a timestamp"),
        ({"contract": {"a": {"required": False}}}, ("contract", "columns", "a"), "must be nullable"),
        (
            {"contract": {"a": {"type": "decimal(5,2)", "min": 10, "max": 9.99}}},
            ("contract", "columns", "a"),
            "min 10 is greater than max 9.99",
        ),
        ({"contract": {"a": {"min_length": 3, "max_length": 2}}}, ("contract", "columns", "a"), "greater than"),
        ({"contract": "schemas"}, ("contract",), "neither"),
        ({"contract": {}}, ("contract",), "at least one column"),
        ({"contract": {"a": {}}, "unique": [["b"]]}, (), "no column 'b'"),
        ({"contract": "m:S", "unique": [["b"]]}, (), "beside a contract that is written here"),
        ({"contract": {"a": {}}, "types": "infer"}, (), "without a contract"),
        ({"contract": {"a": {}}, "checks": [{"column": "a"}]}, ("checks", 0), "exactly one of"),
        ({"max_reject_share": 1}, ("max_reject_share",), "less than 1"),
    ],
)
def test_a_mistake_is_one_error_at_its_place(section, place, message):
    """Never a second error of another reading of the same value."""
    with pytest.raises(ValidationError) as caught:
        Validate.model_validate(section)
    (error,) = caught.value.errors()
    assert error["loc"] == place
    assert message in error["msg"]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("email", ["a@b.co", "first.last+tag@sub.example.org"], ["a@b", "a@@b.co", "a b@c.de", "@b.co", "a@-b.co"]),
        ("url", ["https://example.org", "http://a.b/c?d#e"], ["ftp://a.b", "example.org", "http://a b"]),
        ("uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["123e4567e89b12d3a456426614174000"]),
        ("ipv4", ["0.0.0.0", "255.249.199.99", "10.1.2.3"], ["256.1.1.1", "1.2.3", "1.2.3.4.5"]),
        ("hostname", ["localhost", "a-b.example.org"], ["-a.org", "a..b"]),
        ("country_code", ["NA", "DE"], ["de", "DEU"]),
        ("currency_code", ["EUR"], ["eur", "EU"]),
        ("iban", ["DE89370400440532013000"], ["DE89 3704", "de89370400440532013000"]),
        ("e164", ["+4930123456"], ["004930123456", "+0123"]),
    ],
)
def test_formats_tell_good_text_from_bad(name, good, bad, batch, tmp_path):
    """Each format judged through a contract, on the whole cell."""
    from etl_agent.validate.contract import compile_contract

    contract = compile_contract(Validate.model_validate({"contract": {"x": {"format": name}}}), project=tmp_path)
    judged = contract.judge(batch(x=[*good, *bad, good[0] + "\n"]))
    assert judged.kept.data.to_pydict() == {"x": good}
    assert name in PATTERNS


def test_a_comparison_names_its_two_columns():
    """The relation of a check is one operator and one column."""
    assert Compare(column="a", le="b").relation == ("le", "b")
