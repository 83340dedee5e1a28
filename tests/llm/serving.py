"""An endpoint on loopback that answers as it is told, and the questions that are put to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from typing import Annotated, Any, Literal

from pydantic import Field
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from etl_agent.ask import Question
from etl_agent.frozen import Frozen
from etl_agent.llm import Endpoint

__all__ = ["KEY", "RED", "Colour", "Script", "chat", "endpoint", "question"]

KEY = "sk-very-secret-0123456789"

_models = count()


class Colour(Frozen):
    """A closed answer."""

    colour: Literal["red", "blue"]
    reason: Annotated[str, Field(max_length=20)] = ""


RED = '{"colour": "red", "reason": "warm"}'


def question(node: str = "paint", **facts: object) -> Question[Colour]:
    """Make a question."""
    return Question(node, "Choose a colour.", facts or {"seen": ["red", "blue"]}, Colour)


def chat(content: Any = RED, *, finish: str = "stop", usage: Any = (100, 10), **message: Any) -> dict[str, Any]:
    """Make the body of a chat completion."""
    body: dict[str, Any] = {
        "id": "1",
        "object": "chat.completion",
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
        ],
    }
    if isinstance(usage, tuple):
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    elif usage is not None:
        body["usage"] = usage
    return body


Part = dict[str, Any] | Response | Callable[[Request], Response]


class Script:
    """Answer requests in turn, the last answer again and again, and keep the requests.

    Args:
        server: where.
        parts: a body of JSON for status 200, a response, or a function that makes one.
    """

    def __init__(self, server: HTTPServer, *parts: Part) -> None:
        self.requests: list[Request] = []
        self._parts = parts
        server.expect_request("/v1/chat/completions", method="POST").respond_with_handler(self._answer)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of the requests."""
        return [json.loads(request.get_data()) for request in self.requests]

    def _answer(self, request: Request) -> Response:
        request.get_data(cache=True)
        self.requests.append(request)
        part = self._parts[min(len(self.requests), len(self._parts)) - 1]
        if callable(part) and not isinstance(part, Response):
            return part(request)
        if isinstance(part, dict):
            return Response(json.dumps(part), content_type="application/json")
        return Response(part.get_data(), status=part.status_code, headers=part.headers)


def endpoint(server: HTTPServer, **settings: Any) -> Endpoint:
    """Name the endpoint on loopback; each call names another model, so that nothing is remembered of the others."""
    settings = {
        "model": f"model-{next(_models)}",
        "base_url": server.url_for("/v1"),
        "key": KEY,
        "timeout": 5,
        "retry_wait": 0.001,
        "longest_wait": 0.5,
    } | settings
    return Endpoint(**settings)
