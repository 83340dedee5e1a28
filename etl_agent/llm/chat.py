"""Asking a model behind an endpoint: in budget, recorded, with one chance to repair an answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel

from etl_agent.ask import Answered, Failure, Question, Unanswered, Usage, check_model_call
from etl_agent.errors import CannotWrite
from etl_agent.llm.answers import Answers, Kept, key_of
from etl_agent.llm.endpoint import Endpoint
from etl_agent.llm.line import Line
from etl_agent.llm.prompt import Message, conversation, repair, with_schema
from etl_agent.llm.reading import Wrong, read_answer
from etl_agent.llm.reply import Concession, Failed, Reply
from etl_agent.llm.strict import strict_schema
from etl_agent.metering import Meter

__all__ = ["ChatAsk", "Mode", "Sent"]

Answer = TypeVar("Answer", bound=BaseModel)

Mode = Literal["cache", "record", "replay"]
"""cache: a kept answer is used, and a new one kept. record: the endpoint is always asked, and all that comes of it
is kept. replay: only what was kept is used, and no connection is ever opened."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What is about to leave this machine: one request, in full but for the key.

    Args:
        node: the decision that the question is for.
        endpoint: the address, without credentials.
        model: the model.
        body: the request's body, to the letter; conversation and schema stand in it.
        turn: 0 for the question, 1 for the one request to repair its answer.
        attempt: 0 for the first request of a turn, and one more for each further one.
    """

    node: str
    endpoint: str
    model: str
    body: str
    turn: int
    attempt: int

    @property
    def bytes(self) -> int:
        """The size of the body."""
        return len(self.body.encode())


@dataclass(slots=True)
class _Asking:
    """A question on its way."""

    question: Question[Any]
    schema: Mapping[str, Any]
    line: Line
    usage: Usage = field(default_factory=Usage)
    turn: int = 0


class ChatAsk:
    """Ask a model by chat completions; whatever goes wrong with it comes back as a typed failure.

    Args:
        endpoint: who is asked.
        meter: the budget, checked before each request, and the endpoint's failures; it may be shared.
        sent: told of each request before it is made; if it fails with an OSError, the request is not made.
        answers: where replies are kept.
        mode: what they are kept for.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        meter: Meter | None = None,
        sent: Callable[[Sent], None] | None = None,
        answers: Answers | None = None,
        mode: Mode = "cache",
    ) -> None:
        self._endpoint = endpoint
        self._meter = meter or Meter()
        self._sent = sent
        self._answers = answers
        self._mode = mode

    @property
    def used(self) -> Usage:
        """What all requests of the meter so far took."""
        return self._meter.used

    def __call__(self, question: Question[Answer]) -> Answered[Answer] | Unanswered:
        """Answer a question.

        Raises:
            EtlAgentError: calls are forbidden, or the answer's type is no closed vocabulary.
            CannotWrite: the conversation is to be recorded, and cannot be.
        """
        schema = strict_schema(question.answer)
        messages = conversation(question)
        if self._mode == "cache" and (known := self._known(question, messages, schema)) is not None:
            return Answered(known, self._endpoint.asked)
        if self._mode != "replay" and (refused := self._meter.admitted()):
            return refused
        with Line(self._endpoint) as line:
            outcome = self._ask(question, messages, _Asking(question, schema, line))
        if self._mode != "replay":
            self._meter.heard(outcome)
        return outcome

    def _ask(
        self, question: Question[Answer], messages: list[Message], asking: _Asking
    ) -> Answered[Answer] | Unanswered:
        first = key_of(self._endpoint, messages=messages, schema=asking.schema)
        brief = ""
        for asking.turn in range(2):
            said = self._said(messages, asking)
            if isinstance(said, Unanswered):
                return replace(said, usage=asking.usage)
            read = read_answer(said, answer=question.answer)
            if not isinstance(read, Wrong):
                if self._mode == "cache":
                    self._keep(first, {"content": said})
                return Answered(read, self._endpoint.asked, asking.usage)
            messages = repair(messages, said=said, wrong=read.said)
            brief = read.brief
        return Unanswered("invalid", f"the answer is not valid, also after one repair ({brief})", asking.usage)

    def _known(self, question: Question[Answer], messages: list[Message], schema: Mapping[str, Any]) -> Answer | None:
        """Find a kept answer that is still of the type."""
        kept = self._answers.get(key_of(self._endpoint, messages=messages, schema=schema)) if self._answers else None
        if kept is None or "content" not in kept:
            return None
        read = read_answer(kept["content"], answer=question.answer)
        return None if isinstance(read, Wrong) else read

    def _said(self, messages: list[Message], asking: _Asking) -> str | Unanswered:
        """Have the model's text of one turn: from the record, or from the endpoint."""
        key = key_of(self._endpoint, messages=messages, schema=asking.schema)
        if self._mode == "replay":
            return _replayed(self._answers.get(key) if self._answers else None)
        said = self._exchange(messages, asking)
        if self._mode == "record" and not (isinstance(said, Unanswered) and said.failure == "over_budget"):
            self._keep(key, {"content": said} if isinstance(said, str) else _failure(said))
        return said

    def _exchange(self, messages: list[Message], asking: _Asking) -> str | Unanswered:
        """Make requests until one is answered, or no other may do better."""
        tries = attempt = 0
        while True:
            made = _concessions(self._endpoint)
            got = self._request(self._body(messages, asking, made), asking, attempt)
            if isinstance(got, Unanswered):
                return got
            if isinstance(got, Reply):
                return got.content
            attempt += 1
            if got.concession and got.concession not in made:
                _concede(self._endpoint, got.concession)
                continue
            tries += 1
            wait = self._endpoint.retry_wait * 2 ** (tries - 1) if got.wait is None else got.wait
            if not got.again or tries > self._endpoint.retries or wait > self._endpoint.longest_wait:
                times = f", {tries} times" if tries > 1 else ""
                return Unanswered(got.failure, f"{got.detail}{times}")
            time.sleep(wait)

    def _request(self, body: Mapping[str, Any], asking: _Asking, attempt: int) -> Reply | Failed | Unanswered:
        """Make one request, if the budget allows for the most that it may take."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        size = len(text.encode())
        if size > self._endpoint.max_question_bytes:
            most = self._endpoint.max_question_bytes
            return Unanswered("over_budget", f"the question has {size:,} bytes, and at most {most:,} are sent")
        check_model_call()
        # A token is at least a byte, so this is the most that the request takes.
        ahead = self._endpoint.priced(calls=1, tokens_in=size, tokens_out=self._endpoint.max_output_tokens)
        if refused := self._meter.reserve(ahead):
            return refused
        took = Usage()
        try:
            if unrecorded := self._tell(text, asking, attempt):
                return unrecorded
            got = asking.line.request(body)
            took = self._took(got, ahead)
        finally:
            self._meter.settle(ahead, took=took)
            asking.usage += took
        return got

    def _body(self, messages: list[Message], asking: _Asking, made: frozenset[Concession]) -> dict[str, Any]:
        """Make the body of a request, its parts in the order in which the client sends them."""
        said = with_schema(messages, schema=asking.schema) if "schema_in_prompt" in made else messages
        limit = "max_completion_tokens" if "max_completion_tokens" in made else "max_tokens"
        body: dict[str, Any] = {
            "model": self._endpoint.model,
            "messages": said,
            limit: self._endpoint.max_output_tokens,
        }
        if "schema_in_prompt" not in made:
            form = {"name": asking.question.answer.__name__[:64], "strict": True, "schema": asking.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        if "no_temperature" not in made:
            body["temperature"] = self._endpoint.temperature
        return body

    def _tell(self, text: str, asking: _Asking, attempt: int) -> Unanswered | None:
        """Tell what is about to be sent; what cannot be recorded is not sent."""
        if not self._sent:
            return None
        asked = self._endpoint.asked
        try:
            self._sent(Sent(asking.question.node, asked.endpoint, asked.model, text, asking.turn, attempt))
        except OSError as error:
            return Unanswered("transport", f"what is sent could not be recorded ({type(error).__name__})")
        return None

    def _took(self, got: Reply | Failed, ahead: Usage) -> Usage:
        """Say what a request took: as the endpoint told, or else the most that it may have been."""
        if got.tokens:
            return self._endpoint.priced(calls=1, tokens_in=got.tokens[0], tokens_out=got.tokens[1])
        charged = isinstance(got, Reply) or got.charged
        return replace(ahead, estimated=1) if charged else Usage(calls=1)

    def _keep(self, key: str, kept: Kept) -> None:
        """Keep a reply; an answer is not lost for want of room in a cache."""
        if not self._answers:
            return
        try:
            self._answers.put(key, kept)
        except OSError as error:
            if self._mode == "record":
                raise CannotWrite(f"the conversation cannot be recorded ({type(error).__name__})") from error


def _failure(said: Unanswered) -> Kept:
    return {"failure": said.failure, "detail": said.detail}


def _replayed(kept: Kept | None) -> str | Unanswered:
    if kept is None:
        return Unanswered("transport", "this question is not in the record")
    if "content" in kept:
        return kept["content"]
    known: dict[str, Failure] = {failure: failure for failure in get_args(Failure)}
    return Unanswered(known.get(kept["failure"], "transport"), kept.get("detail", "no answer is in the record"))


_made: dict[tuple[str, str], frozenset[Concession]] = {}
"""What endpoints needed to be asked otherwise, by address and model, for as long as this process lives."""
_making = Lock()


def _concessions(endpoint: Endpoint) -> frozenset[Concession]:
    return _made.get((endpoint.address, endpoint.model), frozenset())


def _concede(endpoint: Endpoint, concession: Concession) -> None:
    with _making:
        _made[endpoint.address, endpoint.model] = _concessions(endpoint) | {concession}
