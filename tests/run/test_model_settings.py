"""Which model is configured: by its name alone, and with limits that must make sense."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from etl_agent.ask import Budget
from etl_agent.errors import ConfigurationError
from etl_agent.run.model_settings import VARIABLES, read_settings

NAMED = {"ETL_AGENT_MODEL": "m"}


def test_a_key_configures_no_model() -> None:
    """A key that happens to be in the environment makes nothing leave the machine."""
    assert read_settings(environ={"OPENAI_API_KEY": "sk-abcdefgh", "OPENAI_BASE_URL": "https://x.test/v1"}) is None
    assert read_settings(environ={"ETL_AGENT_MODEL": ""}) is None


def test_the_option_is_stronger_than_its_variable() -> None:
    """What is typed counts before what is set."""
    settings = read_settings("n", environ=NAMED)
    assert settings is not None
    assert settings.endpoint.model == "n"


def test_sane_limits_hold_if_nothing_is_said() -> None:
    """A few calls, no limit of tokens or money, and a time that nobody has to wait for."""
    settings = read_settings(environ=NAMED)
    assert settings is not None
    assert settings.budget == Budget(calls=20)
    assert (settings.endpoint.timeout, settings.endpoint.retries) == (60, 2)
    assert settings.endpoint.asked.endpoint == "https://api.openai.com/v1"
    assert settings.keyless


def test_all_of_it_can_be_set() -> None:
    """Every limit has its variable."""
    environ = NAMED | {
        "OPENAI_API_KEY": "k",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "ETL_AGENT_MODEL_MAX_CALLS": "3",
        "ETL_AGENT_MODEL_MAX_TOKENS": "5000",
        "ETL_AGENT_MODEL_MAX_COST": "0.10",
        "ETL_AGENT_MODEL_MAX_OUTPUT_TOKENS": "300",
        "ETL_AGENT_MODEL_PRICE_IN": "0.15",
        "ETL_AGENT_MODEL_PRICE_OUT": "0.6",
        "ETL_AGENT_MODEL_TIMEOUT": "7.5",
        "ETL_AGENT_MODEL_RETRIES": "0",
    }
    assert set(environ) == set(VARIABLES)
    settings = read_settings(environ=environ)
    assert settings is not None
    assert settings.budget == Budget(3, 5000, Decimal("0.10"))
    endpoint = settings.endpoint
    assert (endpoint.timeout, endpoint.retries, endpoint.max_output_tokens) == (7.5, 0, 300)
    assert (endpoint.price_in, endpoint.price_out) == (Decimal("0.15"), Decimal("0.6"))
    assert not settings.keyless
    assert "'k'" not in repr(settings)


def test_money_needs_prices() -> None:
    """A limit of money that nothing could be counted against is an error, not a limit that never holds."""
    environ = NAMED | {"ETL_AGENT_MODEL_MAX_COST": "1", "ETL_AGENT_MODEL_PRICE_IN": "0.15"}
    with pytest.raises(
        ConfigurationError, match="ETL_AGENT_MODEL_MAX_COST: a limit of money needs the prices"
    ) as caught:
        read_settings(environ=environ)
    assert "export ETL_AGENT_MODEL_PRICE_IN" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENAI_BASE_URL", "ftp://me:hunter22@host/v1"),
        ("OPENAI_BASE_URL", "https://me:hunter22@ho st:x/v1"),
        ("OPENAI_BASE_URL", "hunter22"),
        ("OPENAI_API_KEY", "hunter22\nX: y"),
        ("OPENAI_API_KEY", "hünter22"),
        ("ETL_AGENT_MODEL", "hunter22" * 30),
        ("ETL_AGENT_MODEL_MAX_CALLS", "hunter22"),
        ("ETL_AGENT_MODEL_MAX_CALLS", "-22"),
        ("ETL_AGENT_MODEL_MAX_TOKENS", "22.5"),
        ("ETL_AGENT_MODEL_MAX_COST", "NaN"),
        ("ETL_AGENT_MODEL_PRICE_OUT", "-22"),
        ("ETL_AGENT_MODEL_TIMEOUT", "0"),
        ("ETL_AGENT_MODEL_TIMEOUT", "inf"),
        ("ETL_AGENT_MODEL_RETRIES", "22"),
    ],
)
def test_what_cannot_work_names_the_variable_and_hides_its_value(name: str, value: str) -> None:
    """The error says which variable is wrong, and never shows what may be a secret, in causes neither."""
    with pytest.raises(ConfigurationError) as caught:
        read_settings(environ=NAMED | {name: value})
    error: Any = caught.value
    assert str(error).startswith(f"{name}: ")
    assert "22" not in str(error).replace("2048", "")
    assert error.__cause__ is None
    assert error.__context__ is None
