"""Notifications: over real sockets of this machine, without cells and secrets, and never failing anything."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from etl_agent.cli import main
from etl_agent.run.event import Event
from etl_agent.run.notify import NOTIFY_VARIABLES, read_notifier

FAILURE = Event("failure", "orders", "the database postgresql://ann:hunter2@db/x is away", 69, 1.5)


HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "cron.md"


def tell(*events: Event, **environment: str) -> list[str]:
    """Tell events to those whom the environment names, and return what went wrong."""
    notifier = read_notifier({f"ETL_AGENT_{name}": value for name, value in environment.items()})
    for event in events:
        notifier.tell(event)
    notifier.close()
    return notifier.failures


def asked(server: HTTPServer) -> list[Request]:
    """Return the requests that a server got."""
    return [request for request, _ in server.log]


@pytest.fixture
def mailbox() -> Iterator[tuple[str, list[str]]]:
    """A mail server of few words: its address, and the lines that it was sent."""
    heard: list[str] = []

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 hello\r\n")
            data = False
            for raw in self.rfile:
                line = raw.decode().rstrip("\r\n")
                heard.append(line)
                if data and line != ".":
                    continue
                code = "354" if line.upper() == "DATA" else "221" if line == "QUIT" else "250"
                data = line.upper() == "DATA"
                self.wfile.write(f"{code} ok\r\n".encode())
                if line == "QUIT":
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"smtp://127.0.0.1:{server.server_address[1]}", heard
        server.shutdown()
        thread.join()


def test_a_failure_is_posted_as_json_without_secrets(httpserver: HTTPServer) -> None:
    """What a receiver gets is the sentence, the code and the times."""
    httpserver.expect_request("/hook").respond_with_data("ok")
    assert tell(FAILURE, NOTIFY_URL=httpserver.url_for("/hook")) == []
    (request,) = asked(httpserver)
    told = json.loads(request.data)
    assert request.method == "POST" and "hunter2" not in request.data.decode()
    assert (told["event"], told["pipeline"], told["exit_code"], told["seconds"]) == ("failure", "orders", 69, 1.5)


def test_only_the_events_that_were_asked_for_are_told(httpserver: HTTPServer) -> None:
    """By default failures; the variable says otherwise."""
    httpserver.expect_request("/hook").respond_with_data("ok")
    url = httpserver.url_for("/hook")
    assert tell(Event("start", "orders"), Event("success", "orders"), NOTIFY_URL=url) == []
    assert asked(httpserver) == []
    tell(Event("start", "orders"), Event("success", "orders"), NOTIFY_URL=url, NOTIFY_ON="start, success")
    assert sorted(json.loads(each.data)["event"] for each in asked(httpserver)) == ["start", "success"]


def test_the_heartbeat_beats_after_a_success_only(httpserver: HTTPServer) -> None:
    """A monitor that hears nothing knows that no run succeeded."""
    httpserver.expect_request("/beat", query_string="id=1").respond_with_data("ok")
    url = httpserver.url_for("/beat?id=1")
    assert tell(FAILURE, Event("start", "orders"), HEARTBEAT_URL=url) == []
    assert asked(httpserver) == []
    assert tell(Event("success", "orders"), HEARTBEAT_URL=url) == []
    assert [each.method for each in asked(httpserver)] == ["GET"]


def test_credentials_in_the_address_become_a_header(httpserver: HTTPServer) -> None:
    """They stand in no request line, which proxies log."""
    httpserver.expect_request("/hook").respond_with_data("ok")
    tell(FAILURE, NOTIFY_URL=httpserver.url_for("/hook").replace("://", "://ann:p%40ss@"))
    (request,) = asked(httpserver)
    assert request.authorization is not None
    assert (request.authorization.username, request.authorization.password) == ("ann", "p@ss")


def test_a_mail_says_what_happened(mailbox: tuple[str, list[str]]) -> None:
    """Subject and sentence, to every receiver; a newline in a name forges no header and no line."""
    address, heard = mailbox
    event = Event("failure", "orders\nBcc: eve@example.org", FAILURE.message, 69)
    failed = tell(event, NOTIFY_EMAIL="ann@example.org, bob@example.org", SMTP_URL=address)
    assert failed == []
    assert [line for line in heard if line.upper().startswith("RCPT")] == [
        "rcpt TO:<ann@example.org>",
        "rcpt TO:<bob@example.org>",
    ]
    text = "\n".join(heard)
    assert "Subject: etl-agent: orders\\nBcc: eve@example.org: failure" in text
    assert [line for line in heard if line.startswith("Bcc")] == []
    assert "exit_code: 69" in text and "hunter2" not in text


@pytest.mark.parametrize("answer", [500, 302])
def test_a_receiver_that_refuses_is_told_and_not_raised(httpserver: HTTPServer, answer: int) -> None:
    """A redirect is not followed: nothing goes where nobody said it should."""
    httpserver.expect_request("/hook").respond_with_response(
        Response(status=answer, headers={"Location": httpserver.url_for("/elsewhere")})
    )
    failed = tell(FAILURE, NOTIFY_URL=httpserver.url_for("/hook"))
    assert failed == ["ETL_AGENT_NOTIFY_URL: OSError"]
    assert [each.path for each in asked(httpserver)] == ["/hook"]


def test_nobody_there_is_told_and_not_raised() -> None:
    """Neither the webhook nor the mail server answers; no address is repeated."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    failed = tell(
        FAILURE,
        NOTIFY_URL=f"http://x:hunter2@127.0.0.1:{port}/",
        NOTIFY_EMAIL="ann@example.org",
        SMTP_URL=f"smtp://127.0.0.1:{port}",
    )
    assert sorted(failed) == [
        "ETL_AGENT_NOTIFY_EMAIL: ConnectionRefusedError",
        "ETL_AGENT_NOTIFY_URL: ConnectionRefusedError",
    ]


def test_a_receiver_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The beginning is not delayed at all, the end only a little."""
    monkeypatch.setattr("etl_agent.run.notify._LAST", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        began = time.monotonic()
        assert tell(FAILURE, NOTIFY_URL=url) == ["no answer within 0.3 s"]
        assert time.monotonic() - began < 2


def test_a_process_that_is_asked_to_end_does_not_wait_for_a_receiver() -> None:
    """Who sent SIGTERM will send SIGKILL next."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        notifier = read_notifier({"ETL_AGENT_NOTIFY_URL": f"http://127.0.0.1:{silent.getsockname()[1]}/"})
        notifier.tell(FAILURE)
        began = time.monotonic()
        notifier.close(hurry=True)
        assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("NOTIFY_URL", "file:///etc/passwd", "https://HOST/PATH"),
        ("NOTIFY_URL", "https://", "https://HOST/PATH"),
        ("HEARTBEAT_URL", "http://h:port/", "https://HOST/PATH"),
        ("NOTIFY_ON", "sucess", "valid: success"),
        ("NOTIFY_EMAIL", "ann", "ann@example.org"),
    ],
)
def test_an_address_that_cannot_be_read_is_told_as_a_failure(name: str, value: str, said: str) -> None:
    """It says which variable, and what would be right."""
    (told,) = tell(**{name: value})
    assert told.startswith(f"ETL_AGENT_{name}: ")
    assert said in told


def test_one_address_that_cannot_be_read_keeps_nobody_else_from_hearing(httpserver: HTTPServer) -> None:
    """A slip in one variable is no reason to be silent everywhere."""
    httpserver.expect_request("/hook").respond_with_data("ok")
    (told,) = tell(FAILURE, NOTIFY_URL=httpserver.url_for("/hook"), HEARTBEAT_URL="nonsense", NOTIFY_ON="failure")
    assert told.startswith("ETL_AGENT_HEARTBEAT_URL: ")
    assert len(httpserver.log) == 1


@pytest.fixture
def pipeline(tmp_path: Path, httpserver: HTTPServer) -> Path:
    """A pipeline whose project says in its .env who is to be told."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "in.csv").write_text("id\n1\n")
    httpserver.expect_request("/hook").respond_with_data("ok")
    httpserver.expect_request("/beat").respond_with_data("ok")
    path = tmp_path / "pipelines" / "p.yaml"
    path.write_text("version: 1\nname: p\nextract: {files: in.csv}\nload: {to: 'sqlite:///w.db', table: t}\n")
    return path


def test_a_run_tells_and_beats(
    pipeline: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Start and success are told; a dry run tells nobody, for nothing was loaded."""
    monkeypatch.setenv("ETL_AGENT_NOTIFY_URL", httpserver.url_for("/hook"))
    monkeypatch.setenv("ETL_AGENT_HEARTBEAT_URL", httpserver.url_for("/beat"))
    monkeypatch.setenv("ETL_AGENT_NOTIFY_ON", "start,success,failure")
    assert main(["run", str(pipeline), "--dry-run"]) == 0
    assert asked(httpserver) == []
    assert main(["run", str(pipeline)]) == 0
    assert sorted(each.path for each in asked(httpserver)) == ["/beat", "/hook", "/hook"]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://127.0.0.1:1/", "ConnectionRefusedError"),
        ("example.org/beat?key=secret-word", "the address cannot be read; valid: https://HOST/PATH"),
    ],
)
def test_a_receiver_that_is_away_or_misspelled_fails_no_run(
    address: str, why: str, pipeline: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rows are loaded, the code is 0, and one line says that nobody heard of it."""
    monkeypatch.setenv("ETL_AGENT_HEARTBEAT_URL", address)
    assert main(["run", str(pipeline)]) == 0
    assert capsys.readouterr().err == (
        f"etl-agent: nobody was notified (ETL_AGENT_HEARTBEAT_URL: {why}); the run went on\n"
    )


def test_the_page_names_every_variable() -> None:
    """Nothing that can be said is known to the code alone."""
    assert [name for name in NOTIFY_VARIABLES if f"`{name}`" not in HOWTO.read_text()] == []
