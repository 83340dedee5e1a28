"""Where a model is, and what a call to it may take."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator

from etl_agent.ask import Asked, Usage
from etl_agent.frozen import Frozen

__all__ = ["Endpoint"]

_MILLION = 1_000_000


class Endpoint(Frozen):
    """Name an endpoint that speaks the chat completions protocol, and the limits of each request to it.

    Nothing here is read from the environment, so that a key goes to the address that it was given with and nowhere
    else.

    Args:
        model: the model, as the endpoint names it.
        base_url: the address up to and without ``/chat/completions``. Credentials in it are used and never shown.
        key: the key; None sends none, as local servers like it.
        timeout: seconds that an answer may take, from the request to its last byte.
        connect_timeout: seconds that a connection may take.
        retries: further requests after one that failed in passing: too many requests, a server's error, no connection.
        retry_wait: seconds before the first retry, doubled for each further one, unless the endpoint says how long.
        longest_wait: seconds of the longest wait; an endpoint that asks for more is not asked again.
        max_output_tokens: tokens that an answer may have.
        temperature: 0, so that the same question has the same answer as far as the model goes.
        price_in: money for a million tokens of questions; None counts no money.
        price_out: money for a million tokens of answers.
        max_question_bytes: bytes of the longest question that is sent.
    """

    model: str = Field(min_length=1, max_length=200)
    base_url: str = Field(default="https://api.openai.com/v1", repr=False)
    key: SecretStr | None = None
    timeout: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    connect_timeout: float = Field(default=10.0, gt=0, allow_inf_nan=False)
    retries: int = Field(default=2, ge=0, le=10)
    retry_wait: float = Field(default=0.5, ge=0, allow_inf_nan=False)
    longest_wait: float = Field(default=30.0, ge=0, allow_inf_nan=False)
    max_output_tokens: int = Field(default=2048, ge=1)
    temperature: float = Field(default=0.0, ge=0, le=2)
    price_in: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False)
    price_out: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False)
    max_question_bytes: int = Field(default=400_000, ge=1)

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:  # its text would hold the address, and so the credentials in it
            usable = False
        if not usable or parts.query or parts.fragment:
            raise ValueError("the address of an endpoint looks like https://host:port/v1, without query")
        return value.rstrip("/")

    @field_validator("key")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        key = value.get_secret_value().strip() if value else ""
        if not key:
            return None
        if not key.isascii() or not key.isprintable():
            raise ValueError("a key is printable ASCII text")
        return SecretStr(key)

    @property
    def address(self) -> str:
        """The address without credentials, as it may be shown."""
        parts = urlsplit(self.base_url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{host}{port}{parts.path}"

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User and password, if the address has them."""
        parts = urlsplit(self.base_url)
        return (unquote(parts.username), unquote(parts.password or "")) if parts.username else None

    @property
    def asked(self) -> Asked:
        """Who answers here."""
        return Asked(self.address, self.model)

    def priced(self, *, calls: int, tokens_in: int, tokens_out: int) -> Usage:
        """Say what requests took, or may take, with their price.

        Args:
            calls: requests.
            tokens_in: tokens of the questions.
            tokens_out: tokens of the answers.
        """
        cost = (tokens_in * (self.price_in or Decimal(0)) + tokens_out * (self.price_out or Decimal(0))) / _MILLION
        return Usage(calls, tokens_in, tokens_out, cost)
