"""Endpoints on loopback that fail in every way in which a model's endpoint can, each with the outcome it must give."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from etl_agent.ask import Failure

__all__ = ["FAILING", "HANGS", "Failing", "chat", "refused_address"]

HANGS = 0.6
"""Seconds for which the endpoint that is too slow says nothing; a client's limit must be well below."""


def chat(content: str | None, *, finish: str = "stop", **message: Any) -> dict[str, Any]:
    """Make the body of a chat completion.

    Args:
        content: what the model says.
        finish: why it stopped.
        message: further fields of its message.
    """
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "double",
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }


@dataclass(frozen=True)
class Failing:
    """An endpoint that fails.

    Args:
        name: how.
        failure: the typed outcome.
        respond: answers a request.
    """

    name: str
    failure: Failure
    respond: Callable[[Request], Response]

    def serve(self, server: HTTPServer) -> str:
        """Let a server fail like this, and return its base URL."""
        if self.name == "refused connection":
            return refused_address()
        server.expect_request("/v1/chat/completions", method="POST").respond_with_handler(self.respond)
        return str(server.url_for("/v1"))


def refused_address() -> str:
    """Return a base URL at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


def _says(body: Mapping[str, Any] | str, *, status: int = 200, kind: str = "application/json", **headers: str) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request: Response(text, status=status, content_type=kind, headers=named)


def _error(status: int, **headers: str) -> Any:
    return _says({"error": {"message": f"made to fail with {status}", "type": "made"}}, status=status, **headers)


def _hangs(_request: Request) -> Response:
    time.sleep(HANGS)
    return Response(json.dumps(chat("{}")), content_type="application/json")


def _no_format_then_garbage(request: Request) -> Response:
    if "response_format" in request.get_json():
        error = {"error": {"message": "response_format is not supported", "param": "response_format"}}
        return Response(json.dumps(error), status=400, content_type="application/json")
    return Response(json.dumps(chat("as you wish: ```{{{")), content_type="application/json")


FAILING: tuple[Failing, ...] = (
    Failing("401", "transport", _error(401)),
    Failing("404", "transport", _error(404)),
    Failing("429", "transport", _error(429, Retry_After="0")),
    Failing("500", "transport", _error(500)),
    Failing("HTML with 200", "transport", _says("<html><body>Log in</body></html>", kind="text/html")),
    Failing("broken JSON", "transport", _says('{"choices": [{"mess')),
    Failing("error with 200", "transport", _says({"error": {"message": "overloaded", "code": 503}})),
    Failing("empty choices", "transport", _says(chat("{}") | {"choices": []})),
    Failing("null content", "transport", _says(chat(None))),
    Failing("refusal", "refusal", _says(chat(None, refusal="I will not"))),
    Failing("length", "truncation", _says(chat('{"chosen": "us_', finish="length"))),
    Failing("content filter", "filter", _says(chat(None, finish="content_filter"))),
    Failing("wrong enum", "invalid", _says(chat('{"chosen": "drop_table", "reason": "DROP TABLE x"}'))),
    Failing("no response_format, then garbage", "invalid", _no_format_then_garbage),
    Failing("timeout", "transport", _hangs),
    Failing("refused connection", "transport", _error(500)),
)
"""Every way, in the order of the road from the network to the answer."""
