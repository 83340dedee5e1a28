"""An endpoint is named without showing what is secret."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from etl_agent.ask import Usage
from etl_agent.llm import Endpoint


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://me:hush@host:8443/v1/", "https://host:8443/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("http://LOCALHOST", "http://localhost"),
        ("https://hush@host/v1", "https://host/v1"),
    ],
)
def test_an_address_is_shown_without_credentials(given: str, shown: str) -> None:
    """What is shown is where the endpoint is, not how to get in."""
    where = Endpoint(model="m", base_url=given)
    assert where.address == shown == where.asked.endpoint
    assert "hush" not in repr(where) + str(where)


@pytest.mark.parametrize(
    "wrong",
    ["", "hush", "ftp://hush@host", "http://", "http://host:hush/v1", "http://host/v1?key=hush", "http://[hush/v1"],
)
def test_an_address_that_is_none(wrong: str) -> None:
    """A wrong address is refused without showing it."""
    with pytest.raises(ValidationError, match="looks like https://host:port/v1") as caught:
        Endpoint(model="m", base_url=wrong)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("key", ["hush\nX-Evil: 1", "hüsh"])
def test_a_key_that_is_none(key: str) -> None:
    """A key that does not fit into a header is refused without showing it."""
    with pytest.raises(ValidationError, match="printable ASCII") as caught:
        Endpoint(model="m", key=key)  # type: ignore[arg-type]  # as it comes from the environment
    assert key not in str(caught.value)


@pytest.mark.parametrize("key", [None, "", "  \n"])
def test_an_empty_key_is_none(key: str | None) -> None:
    """An empty variable of the environment is no key."""
    assert Endpoint(model="m", key=key).key is None  # type: ignore[arg-type]  # as it comes from the environment


def test_prices() -> None:
    """Money is exact, by the price of a million tokens; without prices there is none."""
    where = Endpoint(model="m", price_in=Decimal("0.15"), price_out=Decimal("0.60"))
    assert where.priced(calls=1, tokens_in=1000, tokens_out=100) == Usage(1, 1000, 100, Decimal("0.00021"))
    assert Endpoint(model="m").priced(calls=1, tokens_in=1000, tokens_out=100).cost == 0
