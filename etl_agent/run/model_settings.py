"""Which model is configured, and what it may take: a model is configured only by its name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from pydantic import Field, ValidationError

from etl_agent.ask import Budget
from etl_agent.errors import ConfigurationError
from etl_agent.frozen import Frozen
from etl_agent.llm.endpoint import Endpoint

__all__ = ["MODEL", "VARIABLES", "ModelSettings", "read_settings"]

MODEL = "ETL_AGENT_MODEL"
"""The variable that names a model, as ``--model`` does. A key alone configures none."""

_CALLS = 20
"""Requests of one command, if nothing else is said: more than the routes of a pipeline, few enough to notice."""

_LEAST_SECONDS = 0.1
"""A request that is made at all has a moment: a limit of none is no timeout."""

_OF_ENDPOINT = {
    "model": MODEL,
    "base_url": "OPENAI_BASE_URL",
    "key": "OPENAI_API_KEY",
    "timeout": f"{MODEL}_TIMEOUT",
    "retries": f"{MODEL}_RETRIES",
    "max_output_tokens": f"{MODEL}_MAX_OUTPUT_TOKENS",
    "price_in": f"{MODEL}_PRICE_IN",
    "price_out": f"{MODEL}_PRICE_OUT",
}
_OF_LIMITS = {"calls": f"{MODEL}_MAX_CALLS", "tokens": f"{MODEL}_MAX_TOKENS", "cost": f"{MODEL}_MAX_COST"}

VARIABLES = (*_OF_ENDPOINT.values(), *_OF_LIMITS.values())
"""Every variable that says something about the model."""

Read = TypeVar("Read", bound=Frozen)


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """A model that may be asked.

    Args:
        endpoint: where it is, and what each request may take.
        budget: what all requests of one command may take.
    """

    endpoint: Endpoint
    budget: Budget

    @property
    def keyless(self) -> bool:
        """Whether the endpoint is the one that has no use for a request without a key, and there is none."""
        hosted = Endpoint(model=self.endpoint.model)
        return self.endpoint.key is None and self.endpoint.asked == hosted.asked


class _Limits(Frozen):
    """What all requests of one command may take, as variables say it."""

    calls: int = Field(default=_CALLS, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    cost: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False)


def read_settings(
    model: str | None = None,
    *,
    calls: int | None = None,
    tokens: int | None = None,
    cost: Decimal | None = None,
    seconds: float | None = None,
    environ: Mapping[str, str] | None = None,
) -> ModelSettings | None:
    """Return the model that is configured; None if none is named, whatever else the environment holds.

    Args:
        model: its name; by default what ``ETL_AGENT_MODEL`` says.
        calls: requests that the command may make; by default what ``ETL_AGENT_MODEL_MAX_CALLS`` says.
        tokens: what they may take; by default what ``ETL_AGENT_MODEL_MAX_TOKENS`` says.
        cost: what they may cost, in the currency of the prices; by default what ``ETL_AGENT_MODEL_MAX_COST`` says.
        seconds: time that all questions together may take.
        environ: the variables; those of the process when absent. One that is empty counts as not set.

    Raises:
        ConfigurationError: a variable holds what it cannot; its value is not shown, since it may be a secret.
    """
    variables = os.environ if environ is None else environ
    if model is None and not variables.get(MODEL):
        return None
    endpoint = _read(Endpoint, _OF_ENDPOINT, variables, said={"model": model})
    limits = _read(_Limits, _OF_LIMITS, variables, said={"calls": calls, "tokens": tokens, "cost": cost})
    if limits.cost is not None and (endpoint.price_in is None or endpoint.price_out is None):
        raise ConfigurationError(
            "a limit of money needs the prices of a million tokens, of questions and of answers",
            where=_OF_LIMITS["cost"],
            next_command=f"export {_OF_ENDPOINT['price_in']}=... {_OF_ENDPOINT['price_out']}=...",
        )
    if seconds is not None:
        limit = max(seconds, _LEAST_SECONDS)
        shorter = {"timeout": min(endpoint.timeout, limit), "connect_timeout": min(endpoint.connect_timeout, limit)}
        endpoint = endpoint.model_copy(update=shorter)
    return ModelSettings(endpoint, Budget(limits.calls, limits.tokens, limits.cost, seconds))


def _read(
    kind: type[Read], names: Mapping[str, str], variables: Mapping[str, str], *, said: Mapping[str, object]
) -> Read:
    """Make an object of what was said and of the variables for its other fields."""
    given: dict[str, object] = {field: variables[name] for field, name in names.items() if variables.get(name)}
    given |= {field: value for field, value in said.items() if value is not None}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = str(wrong["loc"][0])
        message = str(wrong["msg"]).removeprefix("Value error, ")
    # outside of the handler: a traceback of the cause would show the value
    raise ConfigurationError(f"{message[0].lower()}{message[1:]}", where=names[field])
