"""What an endpoint's reply is: text of the model, or a typed failure told in words of ours."""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from etl_agent.ask import Failure

__all__ = ["Concession", "Failed", "Reply", "Tokens", "read_reply", "refused"]

Tokens = tuple[int, int]
"""Tokens of question and answer, as the endpoint counts them."""

Concession = Literal["schema_in_prompt", "max_completion_tokens", "no_temperature"]
"""What an endpoint may need to be asked otherwise: it takes no ``response_format``, it calls ``max_tokens`` by the
newer name, or it takes no ``temperature``."""

_MOST_TOKENS = 10**9  # a count beyond this is none

_CODES = {
    "context_length_exceeded": "the question is too long for the model",
    "insufficient_quota": "the account has no quota left",
    "invalid_api_key": "the key is not accepted",
    "model_not_found": "it has no such model",
    "rate_limit_exceeded": "too many requests",
}
"""Codes that are told; others are left out, for an endpoint may write anything there."""

_FILTERED = {"content_filter", "content_policy_violation", "responsibleaipolicyviolation"}

_STATUSES = {
    400: "it does not accept the request",
    401: "the key is not accepted",
    403: "access is refused",
    404: "there is no such address or model",
    413: "the question is too long",
    422: "it does not accept the request",
    429: "too many requests",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said.

    Args:
        content: its text.
        tokens: what the request took, if the endpoint told.
    """

    content: str
    tokens: Tokens | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a request has no answer.

    Args:
        failure: the kind.
        detail: one sentence, in words of ours.
        tokens: what the request took, if the endpoint told.
        charged: whether it may have taken tokens that the endpoint did not tell.
        again: whether another try may do better.
        wait: seconds after which, if the endpoint says so.
        concession: how to ask otherwise, if that was the reason.
    """

    failure: Failure
    detail: str
    tokens: Tokens | None = None
    charged: bool = False
    again: bool = False
    wait: float | None = None
    concession: Concession | None = None


def read_reply(body: bytes) -> Reply | Failed:
    """Read the body of a reply of status 200, which may be anything.

    Args:
        body: a chat completion, as it should be.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        page = body.lstrip()[:1] == b"<"
        said = "a page of HTML or XML" if page else "broken JSON"
        return Failed("transport", f"the endpoint answered with {said}")
    if not isinstance(data, dict):
        return Failed("transport", "the endpoint answered with JSON that is no chat completion")
    tokens = _tokens(data.get("usage"))
    if data.get("error"):
        if _code(data) in _FILTERED:
            return Failed("filter", "the endpoint held the question back", tokens)
        return Failed("transport", f"the endpoint answered with an error{_explained(data)}", tokens)
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return Failed("transport", "the endpoint's reply has no choices", tokens)
    return _chosen(choices[0], tokens)


def _chosen(choice: Mapping[str, Any], tokens: Tokens | None) -> Reply | Failed:
    message = choice.get("message")
    if not isinstance(message, dict):
        return Failed("transport", "the endpoint's reply has no message", tokens)
    match choice.get("finish_reason"):
        case "content_filter":
            return Failed("filter", "the endpoint held the answer back", tokens, charged=True)
        case "length":
            return Failed("truncation", "the answer was cut off at its longest length", tokens, charged=True)
    if message.get("refusal"):
        return Failed("refusal", "the model declined to answer", tokens, charged=True)
    content = message.get("content")
    if isinstance(content, list):  # in parts, as some endpoints have it
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(text for text in texts if isinstance(text, str))
    if not isinstance(content, str):
        return Failed("transport", "the endpoint's reply has no content", tokens, charged=True)
    return Reply(content, tokens)


def refused(status: int, *, body: object, headers: Mapping[str, str]) -> Failed:
    """Say why a request was refused with a status other than 200.

    Args:
        status: the status of HTTP.
        body: the error, if it was JSON.
        headers: the headers of the reply.
    """
    if _code(body) in _FILTERED:
        return Failed("filter", "the endpoint held the question back")
    if 300 <= status < 400:
        return Failed("transport", f"the endpoint says {status}: it wants to be asked at another address")
    why = _explained(body) or f": {_STATUSES.get(status, 'it failed' if status >= 500 else 'it refused')}"
    passing = status in {408, 409, 429} or status >= 500
    return Failed(
        "transport",
        f"the endpoint says {status}{why}",
        again=passing and _code(body) != "insufficient_quota",
        wait=_wait(headers),
        concession=_concession(body) if status in {400, 422} else None,
    )


def _tokens(usage: object) -> Tokens | None:
    if not isinstance(usage, dict):
        return None
    counts = [usage.get("prompt_tokens"), usage.get("completion_tokens")]
    told = [count for count in counts if type(count) is int and 0 <= count <= _MOST_TOKENS]
    return (told[0], told[1]) if len(told) == 2 and told[0] else None


def _error(body: object) -> Mapping[str, Any]:
    inner = body.get("error", body) if isinstance(body, dict) else None
    return inner if isinstance(inner, dict) else {}


def _code(body: object) -> str:
    error = _error(body)
    inner = error.get("innererror")
    codes = [error.get("code"), inner.get("code") if isinstance(inner, dict) else None, error.get("type")]
    known = [code.casefold() for code in codes if isinstance(code, str)]
    return next((code for code in known if code in _FILTERED or code in _CODES), "")


def _explained(body: object) -> str:
    why = _CODES.get(_code(body))
    return f": {why}" if why else ""


def _concession(body: object) -> Concession | None:
    """Read from an error which part of the request the endpoint does not take."""
    error = _error(body)
    param = error.get("param")
    told = json.dumps(error or body, default=str)[:10_000].casefold()
    if param == "temperature":
        return "no_temperature"
    if "max_completion_tokens" in told:
        return "max_completion_tokens"
    if any(word in told for word in ("response_format", "schema", "grammar", "structured output")):
        return "schema_in_prompt"
    return "no_temperature" if "temperature" in told else None


def _wait(headers: Mapping[str, str]) -> float | None:
    """Read how long an endpoint wants to be left alone: seconds, or a date."""
    told = headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(headers["retry-after-ms"]) / 1000 if "retry-after-ms" in headers else float(told))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(told).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
