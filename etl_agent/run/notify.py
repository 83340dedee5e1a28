"""Telling people and monitors far away that a run began or ended, in seconds at most, and never failing a run."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args
from urllib.parse import unquote, urlsplit

from etl_agent.errors import ConfigurationError, near
from etl_agent.masking import masked, spelled_out
from etl_agent.run.event import Event, EventKind

if TYPE_CHECKING:
    from email.message import EmailMessage

__all__ = ["NOTIFY_VARIABLES", "Notifier", "read_notifier"]

_URL = "ETL_AGENT_NOTIFY_URL"
_HEARTBEAT = "ETL_AGENT_HEARTBEAT_URL"
_EMAIL = "ETL_AGENT_NOTIFY_EMAIL"
_SMTP = "ETL_AGENT_SMTP_URL"
_SENDER = "ETL_AGENT_NOTIFY_FROM"
_ON = "ETL_AGENT_NOTIFY_ON"

NOTIFY_VARIABLES: Mapping[str, str] = {
    _URL: "every event is posted there as JSON",
    _HEARTBEAT: "asked (GET) after each success, so that a monitor misses a run that did not happen",
    _EMAIL: "addresses that events are mailed to, with commas between them",
    _SMTP: "smtp://USER:PASSWORD@HOST:PORT, smtps:// for TLS from the start; smtp://localhost:25 by default",
    _SENDER: "the sender's address; the first of the receivers by default",
    _ON: "which events are posted and mailed: start, retry, skip, success, failure; failure by default",
}
"""What each variable of the environment says."""

_TIMEOUT = 5.0  # seconds for one answer
_LAST = 10.0  # seconds that the end of a command waits for all that is under way
_LEAST = 0.5  # seconds that it waits when the process was asked to end
_SUBMISSION = {"smtp": 25, "smtps": 465}

Sender = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class _Channel:
    """A way to tell somebody.

    Args:
        name: its variable, for messages.
        on: the kinds of events that go this way.
        send: sends one.
    """

    name: str
    on: frozenset[EventKind]
    send: Sender


class Notifier:
    """Send events on threads of their own, so that a slow receiver delays nothing but the end, and that briefly.

    Args:
        channels: the ways to tell.
        failures: what is known beforehand not to reach anybody.
    """

    def __init__(self, channels: Sequence[_Channel] = (), *, failures: Sequence[str] = ()) -> None:
        self._channels = tuple(channels)
        self._under_way: list[threading.Thread] = []
        self.failures = list(failures)
        """What could not be told, without addresses' secrets."""

    def tell(self, event: Event) -> None:
        """Begin to send an event on every channel that it is meant for."""
        for channel in self._channels:
            if event.kind in channel.on:
                thread = threading.Thread(target=self._send, args=(channel, event), daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # the system has no thread left
                    self.failures.append(f"{channel.name}: no thread could be started")
                else:
                    self._under_way.append(thread)

    def close(self, *, hurry: bool = False) -> None:
        """Wait a little for what is under way; what takes longer is given up.

        Args:
            hurry: the process was asked to end, so wait hardly at all.
        """
        most = _LEAST if hurry else _LAST
        until = time.monotonic() + most
        for thread in self._under_way:
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                self.failures.append(f"no answer within {most:g} s")
        self._under_way.clear()

    def _send(self, channel: _Channel, event: Event) -> None:
        try:
            channel.send(event)
        except Exception as error:  # whatever a receiver does, the run goes on
            self.failures.append(f"{channel.name}: {type(error).__name__}")  # its text may hold the address


def read_notifier(environ: Mapping[str, str] | None = None) -> Notifier:
    """Read from the environment who is to be told; what cannot be read is among the notifier's failures.

    It is no reason not to load, and what can be read is told all the same.

    Args:
        environ: the variables; those of the process when absent.
    """
    found = os.environ if environ is None else environ
    wrong: list[str] = []
    kinds: frozenset[EventKind] = frozenset({"failure"})
    try:
        kinds = _kinds(found.get(_ON) or "failure")
    except ConfigurationError as error:
        wrong.append(str(error))
    senders: tuple[tuple[str, frozenset[EventKind], Callable[[], Sender | None]], ...] = (
        (_URL, kinds, lambda: _poster(_http(found[_URL], name=_URL))),
        (_HEARTBEAT, frozenset({"success"}), lambda: _asker(_http(found[_HEARTBEAT], name=_HEARTBEAT))),
        (_EMAIL, kinds, lambda: _mailing(found)),
    )
    channels: list[_Channel] = []
    for name, on, read in senders:
        try:
            send = read() if found.get(name) else None
        except ConfigurationError as error:
            wrong.append(str(error))
        else:
            channels += [] if send is None else [_Channel(name, on, send)]
    return Notifier(channels, failures=wrong)


def _mailing(found: Mapping[str, str]) -> Sender | None:
    receivers = [each for part in found[_EMAIL].split(",") if (each := part.strip())]
    if not receivers:
        return None
    return _mailer(receivers, found.get(_SENDER) or receivers[0], found.get(_SMTP) or "smtp://localhost:25")


def _kinds(text: str) -> frozenset[EventKind]:
    known: tuple[EventKind, ...] = get_args(EventKind)
    words = [word for part in text.split(",") if (word := part.strip())]
    for word in words:
        if word not in known:
            raise ConfigurationError(f"{word!r} is no event", where=_ON, choices=near(word, known) or known)
    return frozenset(kind for kind in known if kind in words)


def _http(address: str, *, name: str) -> str:
    try:
        parts = urlsplit(address)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or not address.isprintable() or " " in address:
        raise ConfigurationError("the address cannot be read", where=name, choices=["https://HOST/PATH"])
    return address


def _poster(address: str) -> Sender:
    return lambda event: _request(address, json.dumps(event.as_dict()).encode())


def _asker(address: str) -> Sender:
    return lambda _event: _request(address, None)


def _request(address: str, body: bytes | None) -> None:
    """Ask once, without following anywhere; credentials in the address become a header."""
    import base64
    import http.client

    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    headers = {"User-Agent": "etl-agent"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET" if body is None else "POST", path, body=body, headers=headers)
        answer = connection.getresponse()
        if answer.status >= http.client.MULTIPLE_CHOICES:
            raise OSError(f"the answer was {answer.status}")
    finally:
        connection.close()


def _mailer(receivers: Sequence[str], sender: str, server: str) -> Sender:
    """Read the mail server's address once, and mail over a new connection each time."""
    try:
        parts = urlsplit(server)
        port = parts.port or _SUBMISSION[parts.scheme]
        sound = bool(parts.hostname)
    except (ValueError, KeyError):
        sound, port = False, 0
    if not sound:
        raise ConfigurationError(
            "the mail server cannot be read", where=_SMTP, choices=["smtp://USER:PASSWORD@HOST:25"]
        )
    if not all("@" in each and each.isprintable() and " " not in each for each in (*receivers, sender)):
        raise ConfigurationError("an address cannot be read", where=_EMAIL, choices=["ann@example.org"])

    def send(event: Event) -> None:
        import smtplib
        import ssl

        login = (unquote(parts.username), unquote(parts.password or "")) if parts.username is not None else None
        secured = parts.scheme == "smtps"
        context = ssl.create_default_context() if secured or login else None
        host = parts.hostname or ""
        with (
            smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT, context=context)
            if secured
            else smtplib.SMTP(host, port, timeout=_TIMEOUT)
        ) as line:
            if login is not None:
                if not secured:
                    line.starttls(context=context)  # a password never goes in the clear
                line.login(*login)
            line.send_message(_mail(event, receivers, sender))

    return send


def _mail(event: Event, receivers: Sequence[str], sender: str) -> EmailMessage:
    from email.message import EmailMessage

    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ", ".join(receivers)
    mail["Subject"] = spelled_out(f"etl-agent: {masked(event.pipeline)}: {event.kind}")
    told = {name: value for name, value in event.as_dict().items() if value is not None}
    mail.set_content("\n".join(f"{name}: {spelled_out(str(value))}" for name, value in told.items()))
    return mail
