"""One request to an endpoint and what came of it, by the openai client."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from etl_agent.llm.endpoint import Endpoint
from etl_agent.llm.reply import Failed, Reply, read_reply, refused

if TYPE_CHECKING:
    import httpx2
    from openai import OpenAI

__all__ = ["Line"]

_MOST_BYTES = 4 * 1024 * 1024  # of a body: hundreds of times the longest answer
_MOST_PACKED = 64 * 1024  # of a compressed body, which may unpack to a thousand times as much

_PLATFORM = ("OS", "Arch", "Runtime", "Runtime-Version", "Lang", "Package-Version", "Async")
"""What the client tells about this machine in headers; nobody needs to know."""


class Line:
    """Hold the connection to an endpoint for as long as one question takes; it opens at the first request.

    The client's own retries are off: each request is budgeted and recorded by whoever makes it. Redirects are not
    followed, for what is sent would go to another address than the one that was given. Proxies and certificates are
    those of the environment.

    Args:
        endpoint: who is asked.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._client: OpenAI | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client = None
        self._open.close()

    def request(self, body: Mapping[str, Any]) -> Reply | Failed:
        """Make one request; what goes wrong is returned.

        Args:
            body: the body of a chat completion.
        """
        import openai

        try:
            client = self._client or self._connect()
            unwanted: dict[str, Any] = {f"X-Stainless-{name}": openai.Omit() for name in _PLATFORM}
            if self._endpoint.key is None:
                unwanted["Authorization"] = openai.Omit()
            create = cast(Any, client.chat.completions.with_raw_response.create)
            raw = create(**body, extra_headers=unwanted)
            return read_reply(raw.http_response.content)
        except openai.APIStatusError as error:
            return refused(error.status_code, body=error.body, headers=error.response.headers)
        except openai.APITimeoutError as error:
            seconds = self._endpoint.timeout
            connecting = any(type(cause).__name__ == "ConnectTimeout" for cause in _causes(error))
            what = "no connection" if connecting else "no answer"
            limit = self._endpoint.connect_timeout if connecting else seconds
            return Failed("transport", f"{what} within {limit:g} seconds", again=True, charged=not connecting)
        except Exception as error:  # what is malformed makes the client raise anything: ValueError, TypeError
            return _broken(error)

    def _connect(self) -> OpenAI:
        import httpx2
        import openai

        endpoint = self._endpoint
        web = self._open.enter_context(
            httpx2.Client(
                timeout=httpx2.Timeout(endpoint.timeout, connect=endpoint.connect_timeout),
                follow_redirects=False,
                auth=endpoint.credentials,  # not in the address, which the client's log tells
                headers={"Accept-Encoding": "identity"},
                event_hooks={"request": [self._start], "response": [self._bound]},
            )
        )
        self._client = openai.OpenAI(
            base_url=endpoint.address,
            api_key=endpoint.key.get_secret_value() if endpoint.key else "none",
            max_retries=0,
            http_client=web,
            default_headers={"Accept-Encoding": "identity"},
        )
        return self._client

    def _start(self, request: httpx2.Request) -> None:
        request.extensions["etl_agent.deadline"] = time.monotonic() + self._endpoint.timeout

    def _bound(self, response: httpx2.Response) -> None:
        """Bound the size and the time of a body: the client itself limits only the wait for each piece of it."""
        packed = response.headers.get("content-encoding", "identity") != "identity"
        most = _MOST_PACKED if packed else _MOST_BYTES
        deadline = response.request.extensions["etl_agent.deadline"]
        response.stream = _bounded(cast(Any, response.stream), most=most, deadline=deadline)


def _bounded(stream: httpx2.SyncByteStream, *, most: int, deadline: float) -> httpx2.SyncByteStream:
    import httpx2

    class Bounded(httpx2.SyncByteStream):
        """A body up to a size and a moment."""

        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for piece in stream:
                size += len(piece)
                if size > most:
                    raise _TooLong(f"more than {most} bytes")
                if time.monotonic() > deadline:
                    raise httpx2.ReadTimeout("the answer is too slow")
                yield piece

        def close(self) -> None:
            stream.close()

    return Bounded()


class _TooLong(Exception):
    """A body is longer than any answer."""


def _broken(error: Exception) -> Failed:
    """Say in words of ours why there was no reply; the error's own text may hold addresses and headers."""
    for cause in _causes(error):
        match cause:
            case _TooLong():
                return Failed("transport", "the endpoint's answer is far too long", charged=True)
            case socket.gaierror():
                return Failed("transport", "the name of the endpoint's host is not known", again=True)
            case ConnectionRefusedError():
                return Failed("transport", "the endpoint refused the connection", again=True)
            case ssl.SSLError():
                return Failed("transport", "the endpoint's certificate or encryption is not accepted")
    names = {type(cause).__name__ for cause in _causes(error)}
    if names & {"ConnectError", "ProxyError"}:
        return Failed("transport", "no connection to the endpoint", again=True)
    if names & {"ReadError", "WriteError", "RemoteProtocolError", "CloseError", "APIConnectionError"}:
        return Failed("transport", "the connection to the endpoint broke", again=True, charged=True)
    return Failed("transport", f"the endpoint answered with what is no answer ({type(error).__name__})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Give an error and what it came from."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
