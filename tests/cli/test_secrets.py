"""No part of a password is ever shown or kept, whatever goes wrong with a connection and whatever the password is."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

import psycopg
import pytest
from sqlalchemy.engine import make_url

from etl_agent.cli import main
from etl_agent.cli.failure import DEBUG
from tests.fake_postgres import closes, repeats_the_password, says_garbage, serving

Capture = pytest.CaptureFixture[str]

PASSWORDS = (
    "Qzalpha@Wxbeta:Vygamma/Utdelta%Sreps'Pqzeta",
    "Qzalpha%40Wxbeta%3AVygamma%2FUtdelta%25Sreps%27Pqzeta",  # an encoded one as it is typed
    "Qzalpha%40Wxbeta:Vygamma%2futdelta%Sreps",  # one that is encoded in part, and not as Python does it
    "Qzalpha%2540Wxbeta",  # one that looks encoded when it is decoded
    'Qzalpha\\Wxbeta"Vygamma Utdelta$$Sreps;Pqzeta',
    "Qzalpha#Wxbeta?Vygamma&Utdelta=Sreps+Pqzeta",
    "Qzalpha?Wxbeta@Vygamma/Utdelta",
    "5432/Qzalpha?Wxbeta@Vygamma",  # its head could be a port
)
PARTS = ("Qzalpha", "Wxbeta", "Vygamma", "Utdelta", "Sreps", "Pqzeta")
"""What the passwords are made of: one of these in an output is a part of a password."""

KINDS = {
    "a host that does not exist": "postgresql://ann:{password}@nowhere.invalid/shop?connect_timeout=2",
    "a port that is refused": "postgresql://ann:{password}@127.0.0.1:1/shop",
    "a host name that is none": "postgresql://ann:{password}@a..b%20c/shop?connect_timeout=2",
    "a socket folder that is not there": "postgresql://ann:{password}@/shop?host=/nonexistent",
    "a socket folder that may not be read": "postgresql://ann:{password}@/shop?host=/dev/null",
    "an sslmode that is none": "postgresql://ann:{password}@127.0.0.1:1/shop?sslmode=bogus",
    "an option that is none": "postgresql://ann:{password}@127.0.0.1:1/shop?no_such_option=1",
    "a service that is none": "postgresql://ann:{password}@127.0.0.1:1/shop?service=none",
    "a number that is none": "postgresql://ann:{password}@127.0.0.1:1/shop?keepalives=many",
    "a certificate that is not there": "postgresql://ann:{password}@127.0.0.1:1/d?sslmode=verify-full&sslrootcert=/no",
    "a password as an option": "postgresql://127.0.0.1:1/shop?user=ann&password={encoded}",
    "two passwords": "postgresql://ann:{password}@127.0.0.1:1/shop?password={encoded}",
    "a port that is none": "postgresql://ann:{password}@127.0.0.1:port/shop",
    "a port that is too high": "postgresql://ann:{password}@127.0.0.1:99999/shop",
    "an open bracket": "postgresql://ann:{password}@[::1/shop",
    "no scheme": "ann:{password}@127.0.0.1/shop",
    "a scheme that is none": "oracle://ann:{password}@127.0.0.1/shop",
    "a scheme without its colon": "postgresql//ann:{password}@127.0.0.1/shop",
    "one slash": "postgresql:/ann:{password}@127.0.0.1/shop",
    "no user": "postgresql://:{password}@127.0.0.1:1/shop",
    "no host": "postgresql://ann:{password}@",
    "words of libpq": "host=127.0.0.1 port=1 user=ann password={password}",
    "SQLite with a user": "sqlite://ann:{password}@127.0.0.1/w.db",
    "blanks around it": " postgresql://ann:{password}@127.0.0.1:1/shop ",
    "a server that hangs up": "postgresql://ann:{password}@127.0.0.1:{closes}/shop",
    "a server of another kind": "postgresql://ann:{password}@127.0.0.1:{garbage}/shop",
    "a server that repeats the password": "postgresql://ann:{password}@127.0.0.1:{repeats}/shop",
    "a server without encryption": "postgresql://ann:{password}@127.0.0.1:{repeats}/shop?sslmode=require",
}
"""How a connection fails, before there is any session."""

EVERYTHING = "ETL_AGENT_TEST_ALL"
"""Environment variable: try every kind with every password and every command (a minute)."""

PIPELINE = "version: 1\nname: p\nextract: {files: in.csv}\nload: {to: TARGET, table: t}\n"


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    """Give the ports of servers that let nobody in."""
    with serving(closes) as hangs, serving(says_garbage) as garbage, serving(repeats_the_password) as repeats:
        yield {"closes": hangs, "garbage": garbage, "repeats": repeats}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a project folder with one file."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "in.csv").write_text("id,name\n1,Ann\n2,Bob\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ETL_AGENT_SCRATCH", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    return tmp_path


def secrets_in(text: str) -> list[str]:
    """Find parts of passwords in a text."""
    return [part for part in PARTS if part.casefold() in unquote(text).casefold()]


def commands(project: Path, url: str) -> list[list[str]]:
    """Name every command that opens a target or reads where it is; the URL in the environment and in the file."""
    by_variable = project / "pipelines" / "p.yaml"
    by_variable.write_text(PIPELINE.replace("TARGET", "'${DATABASE_URL}'"))
    direct = project / "direct.yaml"
    direct.write_text(PIPELINE.replace("TARGET", "'" + url.replace("$", "$$").replace("'", "''") + "'"))
    variable = "${DATABASE_URL}"
    return [
        ["run", str(by_variable)],
        ["run", str(direct), "--json", "--balance"],
        ["run", str(direct), "--dry-run"],
        ["load", "in.csv", "--to", variable, "--table", "t"],
        ["load", "in.csv", "--to", url, "--table", "t", "--json"],
        ["check", str(by_variable), str(direct)],
        ["explain", str(direct)],
        ["explain", str(by_variable), "--json"],
        ["lock", str(direct)],
        ["runs", "--to", url],
        ["runs", str(direct), "--json"],
        ["show", "--to", url],
        ["quarantine", "list", "--to", variable],
        ["plan", "load the file", "in.csv", "--to", variable],
        ["plan", "load the file", "in.csv", "--to", url, "--execute"],
        ["why", "t", "id=1", "--to", url],
        ["why", "in.csv:2", "--to", str(direct), "--json"],
        ["status", str(by_variable), str(direct), "--max-age", "26h"],
        ["status", "--to", url, "--json"],
        ["doctor", "--to", url],
        ["cron", "line", str(direct), "15 2 * * *"],
        ["run", str(direct), "--log", "night.jsonl", "--retries", "1", "--retry-wait", "0s"],
        ["quarantine", "export", "-o", "rejected.csv", "--to", url],
        ["quarantine", "replay", str(direct)],
        ["quarantine", "discard", "--table", "t", "--yes", "--to", url],
        ["undo", "1", "--to", url],
    ]


def leaks(project: Path, url: str, capsys: Capture, *, only: slice = slice(None)) -> list[str]:
    """Run the commands with a target, and name those that show or keep a part of its password."""
    found = []
    for words in commands(project, url)[only]:
        before = {path for path in project.rglob("*") if path.is_file()}
        code = main(words)
        shown = "".join(capsys.readouterr())
        if parts := secrets_in(shown):
            found.append(f"{words[0]} (exit {code}) shows {parts}: {shown}")
        made = {path for path in project.rglob("*") if path.is_file()} - before
        kept = {path.name: secrets_in(path.read_bytes().decode("utf-8", "replace")) for path in made}
        found += [f"{words[0]} (exit {code}) writes {parts} into {name}" for name, parts in kept.items() if parts]
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("debug", ["", "1"], ids=["plain", "debug"])
def test_no_failing_connection_shows_its_password(
    kind: str, debug: str, ports: dict[str, int], project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command, every way to fail, with tracebacks and without: no part of any password."""
    monkeypatch.setenv(DEBUG, debug)
    chosen = list(KINDS).index(kind)
    every = os.environ.get(EVERYTHING)  # else each kind meets two passwords and a third of the commands
    passwords = PASSWORDS if every else [PASSWORDS[0], PASSWORDS[1 + chosen % (len(PASSWORDS) - 1)]]
    for number, password in enumerate(passwords):
        url = KINDS[kind].format(password=password, encoded=quote(unquote(password), safe=""), **ports)
        monkeypatch.setenv("DATABASE_URL", url)
        only = slice(None) if every else slice((chosen + number + bool(debug)) % 3, None, 3)
        assert leaks(project, url, capsys, only=only) == []


def with_password(url: str, password: str, *, user: str = "postgres", database: str | None = None) -> str:
    """Put a user and a password into the URL of the tests' server; its trust asks for none, ``etl_login`` needs one."""
    server = make_url(url)
    folder = server.query["host"]
    return f"postgresql://{user}:{password}@/{database or server.database}?host={folder}"


@contextlib.contextmanager
def asked_for_a_password(url: str, user: str) -> Iterator[None]:
    """Make a user whom the server asks for a password."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        place = connection.execute("SHOW hba_file").fetchone()
        assert place is not None
        rules = Path(place[0])
        if not os.access(rules, os.W_OK):
            pytest.skip("the rules of the server that was named cannot be written")
        before = rules.read_text()
        connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'another'".encode())
        rules.write_text(f"local all {user} scram-sha-256\n{before}")
        connection.execute("SELECT pg_reload_conf()")
        time.sleep(0.1)  # the server reads its rules when it comes to it
        try:
            yield
        finally:
            rules.write_text(before)
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(f"DROP ROLE {user}".encode())


@pytest.mark.postgres
@pytest.mark.parametrize("password", PASSWORDS[:5])
def test_no_refusal_of_a_server_shows_the_password(
    password: str, postgres_url: str, project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong password, an unknown user, an unknown database, and an option that the server refuses."""
    monkeypatch.setenv(DEBUG, "1")
    user = f"login_{make_url(postgres_url).database}"
    refused = [
        with_password(postgres_url, password, user=user),
        with_password(postgres_url, password, user="nobody_of_this_name"),
        with_password(postgres_url, password, database="no_such_database"),
        with_password(postgres_url, password) + "&options=-cno_such_setting%3D1",
    ]
    with asked_for_a_password(postgres_url, user):
        for number, url in enumerate(refused):
            monkeypatch.setenv("DATABASE_URL", url)
            assert main(["load", "in.csv", "--to", "${DATABASE_URL}", "--table", "t"]) in (69, 77, 78)
            capsys.readouterr()
            assert leaks(project, url, capsys, only=slice(number, None, 3)) == []


@pytest.mark.postgres
@pytest.mark.parametrize("password", PASSWORDS[:5])
def test_no_ledger_keeps_the_password(
    password: str, postgres_url: str, project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs that load, are refused and fail at a statement leave no part of it in the database, nor in what they say."""
    url = with_password(postgres_url, password)
    monkeypatch.setenv("DATABASE_URL", url)
    (project / "bad.csv").write_text("id,name\n1,a\n2,too,many\n")
    (project / "wrong.sql").write_text("select * from no_such_table")
    file = project / "pipelines" / "p.yaml"
    codes = []
    for files, load in (("in.csv", ""), ("bad.csv", ""), ("in.csv", ", after_sql: [wrong.sql]")):
        file.write_text(
            PIPELINE.replace("in.csv", files).replace("TARGET, table: t", f"'${{DATABASE_URL}}', table: t{load}")
        )
        codes.append(main(["run", str(file), "--reload", "--json"]))
    assert codes == [0, 65, 78]
    assert main(["show", "--to", url]) == 0
    assert main(["plan", "load the file", "in.csv", "--to", url]) == 2  # it would stand in the pipeline file
    assert [path.name for path in (project / "pipelines").iterdir()] == ["p.yaml"]
    assert secrets_in("".join(capsys.readouterr())) == []
    with psycopg.connect(make_url(postgres_url).set(drivername="postgresql").render_as_string()) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert ("_etl_runs",) in tables
        kept = [connection.execute(f'SELECT * FROM "{table}"'.encode()).fetchall() for (table,) in tables]
        kept.append(connection.execute("SELECT application_name, query FROM pg_stat_activity").fetchall())
    assert secrets_in(repr(kept)) == []


def test_the_process_list_shows_no_password(project: Path) -> None:
    """A command whose target comes from the environment has no part of the password in its words or its children's."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://ann:{PASSWORDS[0]}@127.0.0.1:{silent.getsockname()[1]}/shop"
        words = [sys.executable, "-m", "etl_agent", "load", "in.csv", "--to", "${DATABASE_URL}", "--table", "t"]
        environment = {**os.environ, "DATABASE_URL": url}
        with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as process:
            silent.settimeout(30)
            connection, _ = silent.accept()
            with connection:
                seen = [processes_of(process.pid)]
                process.terminate()
                _, said = process.communicate(timeout=20)
    assert "etl_agent" in seen[0]
    assert secrets_in(seen[0] + said) == []


def processes_of(process: int) -> str:
    """Return the words of a process and of those that it started, as ``ps`` shows them."""
    ours, told = {process}, []
    for place in sorted(Path("/proc").glob("[0-9]*"), key=lambda place: int(place.name)):
        with contextlib.suppress(OSError):
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            if int(place.name) in ours or parent in ours:
                ours.add(int(place.name))
                told.append((place / "cmdline").read_bytes().decode("utf-8", "replace"))
    return "\n".join(told)
