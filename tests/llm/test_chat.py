"""A model answers over HTTP, and whatever goes wrong with it is a typed failure."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from email.utils import formatdate
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from etl_agent.ask import Answered, Asked, Budget, Unanswered, Usage, no_model_calls
from etl_agent.errors import CannotWrite, EtlAgentError
from etl_agent.llm import AnswerFile, ChatAsk, Sent
from etl_agent.metering import Meter
from tests.llm.serving import KEY, RED, Colour, Script, chat, endpoint, question

PROMPT_WORDS = "sesame-open"  # stands in replies; no record may show it


def error(status: int, message: str = PROMPT_WORDS, *, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """Make an error as endpoints do."""
    body = json.dumps({"error": {"message": message, **more}})
    return Response(body, status=status, content_type="application/json", headers=headers)


def asked(server: HTTPServer, *parts: Any, **settings: Any) -> tuple[Answered[Colour] | Unanswered, Script]:
    """Ask once."""
    script = Script(server, *parts)
    return ChatAsk(endpoint(server, **settings))(question()), script


def test_an_answer(httpserver: HTTPServer) -> None:
    """An answer is of the type, with who gave it and what it took."""
    where = endpoint(httpserver, price_in=Decimal(2), price_out=Decimal(10))
    script = Script(httpserver, chat())
    outcome = ChatAsk(where)(question())
    assert outcome == Answered(
        Colour(colour="red", reason="warm"), Asked(where.address, where.model), Usage(1, 100, 10, Decimal("0.0003"))
    )
    assert script.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    form = script.bodies[0]["response_format"]
    assert (form["type"], form["json_schema"]["strict"]) == ("json_schema", True)


def test_a_server_without_key(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key none is sent, also not the one of the environment, which is for another address."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere.invalid/v1")
    outcome, script = asked(httpserver, chat(), key=None)
    assert isinstance(outcome, Answered)
    assert "Authorization" not in script.requests[0].headers


def test_nothing_of_the_machine_is_told(httpserver: HTTPServer) -> None:
    """Headers tell neither the operating system nor the version of Python."""
    _, script = asked(httpserver, chat())
    assert not {"X-Stainless-Os", "X-Stainless-Arch", "X-Stainless-Runtime-Version"} & set(
        dict(script.requests[0].headers)
    )


FAILURES: dict[str, tuple[Any, str, str, int]] = {
    "401": (error(401), "transport", "401: the key is not accepted", 1),
    "403": (error(403), "transport", "403: access is refused", 1),
    "404": (error(404), "transport", "404: there is no such address or model", 1),
    "429 for ever": (error(429, headers={"Retry-After": "0"}), "transport", "429: too many requests, 3 times", 3),
    "429 for an hour": (error(429, headers={"Retry-After": "3600"}), "transport", "429: too many requests", 1),
    "no quota": (error(429, code="insufficient_quota"), "transport", "429: the account has no quota left", 1),
    "500 for ever": (error(500), "transport", "500: it failed, 3 times", 3),
    "500 with a page": (Response("<html>", status=500), "transport", "500: it failed, 3 times", 3),
    "400": (error(400), "transport", "400: it does not accept the request", 1),
    "too long": (error(400, code="context_length_exceeded"), "transport", "the question is too long for the model", 1),
    "HTML with 200": (Response("<!doctype html><p>sesame-open", content_type="text/html"), "transport", "a page", 1),
    "nothing with 200": (Response(""), "transport", "broken JSON", 1),
    "broken JSON": (Response('{"choices": [{"mess', content_type="application/json"), "transport", "broken JSON", 1),
    "deep JSON": (Response("[" * 100_000, content_type="application/json"), "transport", "broken JSON", 1),
    "no UTF-8": (Response(b'{"\xff": 1}', content_type="application/json"), "transport", "broken JSON", 1),
    "other JSON": (Response("[1]", content_type="application/json"), "transport", "no chat completion", 1),
    "error with 200": ({"error": {"message": PROMPT_WORDS, "code": 502}}, "transport", "answered with an error", 1),
    "error text with 200": ({"error": PROMPT_WORDS}, "transport", "answered with an error", 1),
    "no choices": ({"choices": []}, "transport", "no choices", 1),
    "null choices": ({"choices": None}, "transport", "no choices", 1),
    "odd choices": ({"choices": ["sesame-open"]}, "transport", "no choices", 1),
    "no message": ({"choices": [{"message": None}]}, "transport", "no message", 1),
    "null content": (chat(None), "transport", "no content", 1),
    "content of no text": (chat(5), "transport", "no content", 1),
    "refusal": (chat(None, refusal=PROMPT_WORDS), "refusal", "declined", 1),
    "length": (chat('{"colour": "re', finish="length"), "truncation", "cut off", 1),
    "content filter": (chat(None, finish="content_filter"), "filter", "held the answer back", 1),
    "400 content filter": (error(400, code="content_filter"), "filter", "held the question back", 1),
    "400 inner filter": (
        error(400, code=None, innererror={"code": "ResponsibleAIPolicyViolation"}),
        "filter",
        "held the question back",
        1,
    ),
    "wrong enum for ever": (chat('{"colour": "sesame-open"}'), "invalid", "colour: literal error", 2),
    "prose for ever": (chat("sesame-open"), "invalid", "no JSON object", 2),
    "empty content for ever": (chat(""), "invalid", "no JSON object", 2),
    "further fields": (chat('{"colour": "red", "sesame-open": 1}'), "invalid", "?: extra forbidden", 2),
    "redirect": (Response("", status=307, headers={"Location": "/v1/other"}), "transport", "another address", 1),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_typed(httpserver: HTTPServer, name: str) -> None:
    """Each failure has its kind, is told in words of ours, and counts its requests."""
    part, failure, detail, calls = FAILURES[name]
    outcome, script = asked(httpserver, part)
    assert isinstance(outcome, Unanswered)
    assert outcome.failure == failure
    assert detail in outcome.detail
    assert PROMPT_WORDS not in outcome.detail
    assert len(script.requests) == outcome.usage.calls == calls


def test_patience_with_429(httpserver: HTTPServer) -> None:
    """After too many requests the next one waits as long as the endpoint says, and may be answered."""
    start = time.monotonic()
    outcome, _ = asked(httpserver, error(429, headers={"Retry-After": "0.2"}), chat())
    assert isinstance(outcome, Answered)
    assert time.monotonic() - start >= 0.2
    assert outcome.usage == Usage(2, 100, 10)


def test_patience_with_429_until_a_date(httpserver: HTTPServer) -> None:
    """How long may be told as a date, here one that is past."""
    headers = {"Retry-After": formatdate(time.time() - 60, usegmt=True)}
    outcome, _ = asked(httpserver, error(429, headers=headers), chat(), retry_wait=100)
    assert isinstance(outcome, Answered)


def test_a_server_recovers(httpserver: HTTPServer) -> None:
    """A server's error in passing costs a request and no answer."""
    outcome, _ = asked(httpserver, error(503), chat())
    assert isinstance(outcome, Answered)
    assert outcome.usage.calls == 2


def test_a_refused_connection() -> None:
    """Where nobody listens, that is said."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        outcome = ChatAsk(endpoint(HTTPServer(), base_url=address, retries=1))(question())
    assert outcome == Unanswered("transport", "the endpoint refused the connection, 2 times", Usage(2))


def test_an_unknown_host(httpserver: HTTPServer) -> None:
    """A host without address is told, without its name."""
    outcome = ChatAsk(endpoint(httpserver, base_url="http://nobody.invalid/v1", retries=0))(question())
    assert isinstance(outcome, Unanswered)
    assert outcome.failure == "transport"
    assert "nobody" not in outcome.detail


def test_a_timeout(httpserver: HTTPServer) -> None:
    """An answer that does not come in time is none; what it may have taken counts."""

    def late(_: Request) -> Response:
        time.sleep(0.4)
        return Response("{}")

    outcome, _ = asked(httpserver, late, timeout=0.1, retries=0, max_output_tokens=50)
    assert isinstance(outcome, Unanswered)
    assert (outcome.failure, outcome.detail) == ("transport", "no answer within 0.1 seconds")
    assert (outcome.usage.calls, outcome.usage.estimated, outcome.usage.tokens_out) == (1, 1, 50)
    assert outcome.usage.tokens_in > 0


def test_an_answer_in_drops(httpserver: HTTPServer) -> None:
    """An answer must end in time, not only go on."""

    def drops(_: Request) -> Response:
        def pieces() -> Any:
            for _ in range(20):
                yield b" "
                time.sleep(0.05)

        return Response(pieces(), content_type="application/json")

    start = time.monotonic()
    outcome, _ = asked(httpserver, drops, timeout=0.2, retries=0)
    assert isinstance(outcome, Unanswered)
    assert outcome.detail == "no answer within 0.2 seconds"
    assert time.monotonic() - start < 0.8


def test_an_endless_answer(httpserver: HTTPServer) -> None:
    """An answer that never ends is cut off before it fills the memory."""

    def endless(_: Request) -> Response:
        return Response((b" " * 1_000_000 for _ in range(8)), content_type="application/json")

    outcome, _ = asked(httpserver, endless)
    assert isinstance(outcome, Unanswered)
    assert outcome.detail == "the endpoint's answer is far too long"


@pytest.mark.parametrize(("size", "answered"), [(0, True), (10_000_000, True), (200_000_000, False)])
def test_a_compressed_answer(httpserver: HTTPServer, size: int, answered: bool) -> None:
    """A compressed answer is read, though none was asked for, unless it may unpack to no end."""
    packer = zlib.compressobj(9, wbits=31)
    spaces = b" " * 1_000_000
    packed = b"".join(packer.compress(spaces) for _ in range(size // len(spaces)))
    packed += packer.compress(json.dumps(chat()).encode()) + packer.flush()
    reply = Response(packed, content_type="application/json", headers={"Content-Encoding": "gzip"})
    outcome, _ = asked(httpserver, reply)
    assert isinstance(outcome, Answered) == answered


def test_half_a_character(httpserver: HTTPServer) -> None:
    """Half a character, as a name of a file or an answer may have it, is no reason to fail."""
    script = Script(httpserver, chat('{"colour": "\\ud800", "x": "\ud800"}'), chat())
    assert isinstance(ChatAsk(endpoint(httpserver))(question(file="\udcff.csv")), Answered)
    assert len(script.requests) == 2


class FullDisk:
    """Keeps nothing."""

    def get(self, key: str) -> None:
        """Find nothing."""

    def put(self, key: str, kept: object) -> None:
        """Fail."""
        raise OSError(28, "No space left on device")


def test_a_full_disk(httpserver: HTTPServer) -> None:
    """An answer is not lost for want of room in the cache, but a record must be whole."""
    Script(httpserver, chat())
    assert isinstance(ChatAsk(endpoint(httpserver), answers=FullDisk())(question()), Answered)
    with pytest.raises(CannotWrite):
        ChatAsk(endpoint(httpserver), answers=FullDisk(), mode="record")(question())


@pytest.mark.parametrize(
    "usage", [None, {}, "sesame-open", {"prompt_tokens": -5, "completion_tokens": 10**30}, {"prompt_tokens": "x"}]
)
def test_missing_usage_is_estimated(httpserver: HTTPServer, usage: Any) -> None:
    """Tokens that are not told, or cannot be, count at the most that they can have been, and it is said."""
    outcome, script = asked(httpserver, chat(usage=usage))
    assert isinstance(outcome, Answered)
    assert outcome.usage.estimated == 1
    assert outcome.usage.tokens_in == len(script.requests[0].get_data())
    assert outcome.usage.tokens_out == 2048


def test_a_wrong_answer_is_repaired(httpserver: HTTPServer) -> None:
    """One turn says which fields are wrong and what they may be, without a word of the data."""
    outcome, script = asked(httpserver, chat('{"colour": "sesame-open", "open": 1}'), chat())
    assert isinstance(outcome, Answered)
    assert outcome.usage == Usage(2, 200, 20)
    *_, said, wrong = script.bodies[1]["messages"]
    assert said == {"role": "assistant", "content": '{"colour": "sesame-open", "open": 1}'}
    assert "colour: should be 'red' or 'blue'; ?: extra forbidden" in wrong["content"]
    assert PROMPT_WORDS not in wrong["content"]


@pytest.mark.parametrize(
    "content",
    [
        f"```json\n{RED}\n```",
        f"Sure! Here is it:\n\n{RED}\n\nI hope that {{this}} helps.",
        f'<think>blue? {{"colour": "blue"}}</think>{RED}',
        f"{RED}\n{RED}",
        [{"type": "text", "text": RED}],
    ],
)
def test_fenced_json(httpserver: HTTPServer, content: Any) -> None:
    """An answer may be fenced, have prose around it, or come in parts."""
    outcome, script = asked(httpserver, chat(content))
    assert isinstance(outcome, Answered)
    assert outcome.value.colour == "red"
    assert len(script.requests) == 1


def test_two_answers_are_none(httpserver: HTTPServer) -> None:
    """Of two different answers none is picked."""
    outcome, _ = asked(httpserver, chat('{"colour": "red"} or {"colour": "blue"}'))
    assert isinstance(outcome, Unanswered)
    assert outcome.failure == "invalid"


def test_no_response_format(httpserver: HTTPServer) -> None:
    """An endpoint that takes no schema gets it in the prompt, and that is remembered."""
    where = endpoint(httpserver)
    script = Script(httpserver, error(400, "'response_format' is not supported"), chat(f"```\n{RED}\n```"))
    outcome = ChatAsk(where)(question())
    assert isinstance(outcome, Answered)
    assert outcome.usage.calls == 2
    assert "response_format" not in script.bodies[1]
    assert '"enum": ["red", "blue"]' in script.bodies[1]["messages"][0]["content"]
    assert isinstance(ChatAsk(where)(question()), Answered)
    assert len(script.requests) == 3
    assert "response_format" not in script.bodies[2]


@pytest.mark.parametrize(
    ("refusal", "gone", "instead"),
    [
        (
            error(400, "Unsupported parameter. Use 'max_completion_tokens' instead.", param="max_tokens"),
            "max_tokens",
            "max_completion_tokens",
        ),
        (error(400, "Unsupported value", param="temperature"), "temperature", "max_tokens"),
        (error(422, "extra field: json_schema"), "response_format", "max_tokens"),
        (Response("Invalid grammar", status=400), "response_format", "max_tokens"),
        (
            Response('{"detail": [{"loc": ["body", "response_format"], "msg": "extra"}]}', status=422),
            "response_format",
            "max_tokens",
        ),
    ],
)
def test_other_parameters(httpserver: HTTPServer, refusal: Response, gone: str, instead: str) -> None:
    """An endpoint that names a parameter that it does not take is asked without it."""
    outcome, script = asked(httpserver, refusal, chat())
    assert isinstance(outcome, Answered)
    assert gone in script.bodies[0]
    assert gone not in script.bodies[1]
    assert instead in script.bodies[1]


def test_threads_learn_together(httpserver: HTTPServer) -> None:
    """Two questions at a time that meet the same refusal are both asked otherwise."""
    where = endpoint(httpserver)
    both = Barrier(2)

    def answer(request: Request) -> Response:
        if "response_format" in request.get_json():
            return error(400, "response_format")
        return Response(json.dumps(chat()), content_type="application/json")

    script = Script(httpserver, answer)

    def ask(number: int) -> Any:
        def wait(one: Sent) -> None:
            if one.attempt == 0:
                both.wait(timeout=5)  # both are on their way before either is refused

        return ChatAsk(where, sent=wait)(question(number=number))

    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(ask, range(2)))
    assert [type(outcome) for outcome in outcomes] == [Answered, Answered], outcomes
    assert len(script.requests) == 4


def test_a_400_for_ever(httpserver: HTTPServer) -> None:
    """An endpoint that never takes what it is asked is not asked for ever."""
    outcome, script = asked(httpserver, error(400, "response_format temperature max_completion_tokens"))
    assert isinstance(outcome, Unanswered)
    assert outcome.failure == "transport"
    assert len(script.requests) <= 4


def test_the_key_is_nowhere(httpserver: HTTPServer, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Neither outcomes nor records, logs, kept replies or representations hold the key, whatever comes back."""
    caplog.set_level(logging.DEBUG)
    sent: list[Sent] = []
    echo = error(401, f"the key {KEY} is not known", code=KEY, type=KEY)
    Script(httpserver, chat(f'{{"colour": "{KEY}"}}'), echo)
    where = endpoint(httpserver, base_url=httpserver.url_for("/v1"))
    kept = AnswerFile(tmp_path / "kept.jsonl")
    ask = ChatAsk(where, sent=sent.append, answers=kept, mode="record")
    outcomes = [ask(question()), ask(question(a=1))]
    shown = [repr(part) for part in (where, ask, outcomes, where.asked)]
    assert KEY not in "".join(shown) + where.model_dump_json() + caplog.text
    assert not any(KEY in one.body for one in sent if one.turn == 0)
    assert isinstance(outcomes[0], Unanswered)
    assert KEY not in outcomes[0].detail


def test_credentials_of_an_address(httpserver: HTTPServer, caplog: pytest.LogCaptureFixture) -> None:
    """Credentials in the address are used, and shown nowhere."""
    caplog.set_level(logging.DEBUG)
    script = Script(httpserver, chat())
    sent: list[Sent] = []
    where = endpoint(httpserver, base_url=httpserver.url_for("/v1").replace("//", "//me:hush-hush@"))
    outcome = ChatAsk(where, sent=sent.append)(question())
    assert isinstance(outcome, Answered)
    assert outcome.asked.endpoint == httpserver.url_for("/v1")
    assert "hush-hush" not in repr((where, outcome, sent)) + caplog.text
    given = script.requests[0].authorization
    assert given is not None
    assert (given.username, given.password) == ("me", "hush-hush")


def test_sent_is_what_was_sent(httpserver: HTTPServer) -> None:
    """The record tells every request, retries and repair too, before it is made and to the letter."""
    sent: list[Sent] = []
    seen: list[int] = []

    def counted(part: dict[str, Any] | Response) -> Any:
        def answer(_: Request) -> Response:
            seen.append(len(sent))
            return part if isinstance(part, Response) else Response(json.dumps(part), content_type="application/json")

        return answer

    parts = [error(400, "response_format"), error(503), chat("?"), chat()]
    script = Script(httpserver, *map(counted, parts))
    where = endpoint(httpserver)
    assert isinstance(ChatAsk(where, sent=sent.append)(question(name="Grüße \u202e")), Answered)
    assert seen == [1, 2, 3, 4]
    assert [one.body.encode() for one in sent] == [request.get_data() for request in script.requests]
    assert [(one.turn, one.attempt) for one in sent] == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert {(one.node, one.endpoint, one.model) for one in sent} == {("paint", where.address, where.model)}
    assert [one.bytes for one in sent] == [len(request.get_data()) for request in script.requests]


def test_what_cannot_be_recorded_is_not_sent(httpserver: HTTPServer) -> None:
    """If the record cannot be written, nothing leaves the machine."""

    def full(_: Sent) -> None:
        raise OSError(28, "No space left on device")

    script = Script(httpserver, chat())
    outcome = ChatAsk(endpoint(httpserver), sent=full)(question())
    assert outcome == Unanswered("transport", "what is sent could not be recorded (OSError)")
    assert not script.requests


@pytest.mark.parametrize(("calls", "made"), [(0, 0), (1, 1), (2, 2), (9, 3)])
def test_calls_are_budgeted_each(httpserver: HTTPServer, calls: int, made: int) -> None:
    """The budget of calls holds for each request, also for retries and the repair of an answer."""
    script = Script(httpserver, error(503), chat("?"), chat())
    meter = Meter(Budget(calls=calls))
    outcome = ChatAsk(endpoint(httpserver), meter=meter)(question())
    assert len(script.requests) == meter.used.calls == outcome.usage.calls == made
    assert isinstance(outcome, Answered) == (calls >= 3)
    assert isinstance(outcome, Answered) or outcome.failure == "over_budget"


def test_money_is_budgeted_ahead(httpserver: HTTPServer) -> None:
    """A request whose longest answer could exceed the money is not made."""
    script = Script(httpserver, chat())
    where = endpoint(httpserver, price_in=Decimal(1), price_out=Decimal(1000), max_output_tokens=1000)
    outcome = ChatAsk(where, meter=Meter(Budget(cost=Decimal("1.0"))))(question())
    assert isinstance(outcome, Unanswered)
    assert outcome.failure == "over_budget"
    assert not script.requests
    assert isinstance(ChatAsk(where, meter=Meter(Budget(cost=Decimal("1.1"))))(question()), Answered)


def test_tokens_never_exceed_the_budget(httpserver: HTTPServer) -> None:
    """Questions are asked until the next could exceed the budget, which then holds."""
    Script(httpserver, chat(usage=(300, 40)))
    meter = Meter(Budget(tokens=5000))
    ask = ChatAsk(endpoint(httpserver, max_output_tokens=100), meter=meter)
    outcomes = [ask(question(number=number)) for number in range(20)]
    assert isinstance(outcomes[0], Answered)
    assert isinstance(outcomes[-1], Unanswered)
    assert outcomes[-1].failure == "over_budget"
    assert meter.used.tokens <= 5000


def test_failed_tries_count(httpserver: HTTPServer) -> None:
    """What a refused, cut or invalid answer took counts like any other."""
    parts = [chat(None, refusal="no"), chat(finish="length"), chat("?"), chat("?")]
    Script(httpserver, *parts)
    meter = Meter()
    ask = ChatAsk(endpoint(httpserver), meter=meter)
    failures = [ask(question(n=n)).failure for n in range(3)]
    assert failures == ["refusal", "truncation", "invalid"]
    assert meter.used == Usage(4, 400, 40)


def test_the_circuit_opens(httpserver: HTTPServer) -> None:
    """An endpoint that keeps failing is left alone."""
    script = Script(httpserver, error(500))
    ask = ChatAsk(endpoint(httpserver, retries=0), meter=Meter(patience=2))
    assert [ask(question()).failure for _ in range(4)] == ["transport", "transport", "circuit_open", "circuit_open"]
    assert len(script.requests) == 2


def test_a_question_of_any_size_is_not_sent(httpserver: HTTPServer) -> None:
    """A question beyond the limit of bytes is not sent at all."""
    script = Script(httpserver, chat())
    outcome = ChatAsk(endpoint(httpserver, max_question_bytes=2000))(question(names=["column"] * 1000))
    assert isinstance(outcome, Unanswered)
    assert outcome.failure == "over_budget"
    assert not script.requests


def test_a_cached_answer_costs_nothing(httpserver: HTTPServer, tmp_path: Path) -> None:
    """The same question is asked once, also by another process, and its answer is free from then on."""
    script = Script(httpserver, chat("?"), chat())
    where = endpoint(httpserver)
    for expected in (Usage(2, 200, 20), Usage(), Usage()):
        outcome = ChatAsk(where, answers=AnswerFile(tmp_path / "kept.jsonl"))(question())
        assert outcome == Answered(Colour(colour="red", reason="warm"), where.asked, expected)
    assert len(script.requests) == 2


def test_a_cached_answer_needs_no_call(httpserver: HTTPServer, tmp_path: Path) -> None:
    """A kept answer is given where calls are forbidden, over budget, and while the circuit is open."""
    Script(httpserver, chat())
    where, kept = endpoint(httpserver), AnswerFile(tmp_path / "kept.jsonl")
    ChatAsk(where, answers=kept)(question())
    with no_model_calls():
        assert isinstance(ChatAsk(where, answers=kept, meter=Meter(Budget(calls=0), patience=0))(question()), Answered)


def test_failures_are_not_cached(httpserver: HTTPServer, tmp_path: Path) -> None:
    """A failure is asked anew, and so is whatever differs in endpoint, model, facts or parameters."""
    script = Script(httpserver, chat(None, refusal="no"), chat())
    where, kept = endpoint(httpserver), AnswerFile(tmp_path / "kept.jsonl")
    ask = ChatAsk(where, answers=kept)
    assert isinstance(ask(question()), Unanswered)
    assert isinstance(ask(question()), Answered)
    assert isinstance(ask(question(other=1)), Answered)
    hotter = where.model_copy(update={"temperature": 0.5})
    assert isinstance(ChatAsk(hotter, answers=kept)(question()), Answered)
    assert len(script.requests) == 4


def test_a_kept_answer_is_validated_anew(httpserver: HTTPServer, tmp_path: Path) -> None:
    """What someone wrote into the file is no answer unless it is of the type."""
    script = Script(httpserver, chat())
    where, path = endpoint(httpserver), tmp_path / "kept.jsonl"
    ChatAsk(where, answers=AnswerFile(path))(question())
    path.write_text(path.read_text().replace("red", "DROP TABLE"))
    assert isinstance(ChatAsk(where, answers=AnswerFile(path))(question()), Answered)
    assert len(script.requests) == 2


def test_a_conversation_is_replayed(httpserver: HTTPServer, tmp_path: Path) -> None:
    """A record replays answers, repairs and failures alike, without a connection and at no cost."""
    script = Script(httpserver, chat("?"), chat(), error(401), chat(None, refusal="no"))
    where, path = endpoint(httpserver), tmp_path / "record.jsonl"
    recording = ChatAsk(where, answers=AnswerFile(path), mode="record")
    live = [recording(question(n=n)) for n in range(3)]
    made = len(script.requests)
    with no_model_calls():
        replay = ChatAsk(where, answers=AnswerFile(path), mode="replay")
        again = [replay(question(n=n)) for n in range(3)]
    assert [type(outcome) for outcome in live] == [Answered, Unanswered, Unanswered]
    for then, now in zip(live, again, strict=True):
        assert now.usage == Usage()
        if isinstance(then, Unanswered):
            assert isinstance(now, Unanswered)
            assert (then.failure, then.detail) == (now.failure, now.detail)
        else:
            assert isinstance(now, Answered)
            assert then.value == now.value
    assert len(script.requests) == made == 4


def test_what_is_not_in_the_record_is_not_asked(httpserver: HTTPServer, tmp_path: Path) -> None:
    """In a replay an unknown question fails, and nobody is called."""
    script = Script(httpserver, chat())
    ask = ChatAsk(endpoint(httpserver), answers=AnswerFile(tmp_path / "none.jsonl"), mode="replay")
    assert ask(question()) == Unanswered("transport", "this question is not in the record")
    assert not script.requests


def test_no_call_where_none_may_be(httpserver: HTTPServer) -> None:
    """Where calls are forbidden, a question is a mistake of whoever asks, and nothing is sent or recorded."""
    script = Script(httpserver, chat())
    sent: list[Sent] = []
    meter = Meter()
    with no_model_calls(), pytest.raises(EtlAgentError, match="where none may be"):
        ChatAsk(endpoint(httpserver), meter=meter, sent=sent.append)(question())
    assert not script.requests
    assert not sent
    assert meter.used == Usage()


def test_a_redirect_leads_nowhere(httpserver: HTTPServer) -> None:
    """What is sent goes to the given address and to no other."""
    httpserver.expect_request("/other/v1/chat/completions").respond_with_json(chat())
    with HTTPServer() as elsewhere:
        elsewhere.expect_request("/v1/chat/completions").respond_with_json(chat())
        target = elsewhere.url_for("/v1/chat/completions")
        outcome, _ = asked(httpserver, Response("", status=308, headers={"Location": target}))
        assert isinstance(outcome, Unanswered)
        assert not elsewhere.log


def test_the_client_is_imported_late() -> None:
    """Whoever asks no model does not wait for its client."""
    code = "import sys, etl_agent.llm; print(sorted({'openai', 'httpx2', 'pandas', 'pyarrow'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_one_module_imports_the_client() -> None:
    """The client is known to one module of the package."""
    package = Path(__file__).parents[2] / "etl_agent"
    knowing = [path.relative_to(package) for path in package.rglob("*.py") if "import openai" in path.read_text()]
    assert knowing == [Path("llm/line.py")]
