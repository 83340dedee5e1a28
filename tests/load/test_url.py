"""Target URLs, and the passwords in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from etl_agent.errors import ConfigurationError, EtlAgentError
from etl_agent.load.spec import Load
from etl_agent.load.target import open_target
from etl_agent.load.url import parse_url, shown

SECRETS = ["p@ss/w:rd", "100%'s", "a?b@c", "x%zz", 'quo"te', "simple1secret", "p%40ss", "#hash@", "@"]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_raw_password_is_read_and_masked(secret: str) -> None:
    """A password that was not encoded is read whole, and no part of it is shown."""
    url = f"postgresql://loader:{secret}@db.example:5433/shop"
    location = parse_url(url)
    assert (location.user, location.host, location.port, location.database) == ("loader", "db.example", 5433, "shop")
    assert location.password == secret.replace("%40", "@")
    assert shown(url) == "postgresql://loader:***@db.example:5433/shop"
    assert secret not in repr(location)


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_an_encoded_password_is_read(secret: str) -> None:
    """Whatever the password, its encoded form is read back."""
    from urllib.parse import quote

    url = f"postgres://u:{quote(secret, safe='')}@h/d"
    assert parse_url(url).password == secret
    assert shown(url) == "postgresql://u:***@h/d"
    assert parse_url(url).engine_url.password == secret


@pytest.mark.parametrize("secret", ["p@ss/w:rd", "100%'s", "simple1secret"])
def test_no_error_shows_the_password(secret: str, tmp_path: Path) -> None:
    """A server that cannot be reached is named without the password, in the message and in all it was caused by."""
    with open_target(f"postgresql://u:{secret}@/d?host={tmp_path}") as target, pytest.raises(EtlAgentError) as failed:
        target.table_facts("t")
    assert failed.value.exit_code == 69
    shown = f"{failed.value} {failed.value!r} {failed.value.__cause__!r} {target}"
    assert secret not in shown
    assert "***" in shown


def test_options_with_secrets_are_masked() -> None:
    """A password given as an option is masked too."""
    assert shown("postgresql:///d?host=/tmp/x&password=hush") == "postgresql:///d?host=/tmp/x&password=***"
    assert parse_url("postgresql:///d?password=hush").without_secrets("hush, hush") == "***, ***"


@pytest.mark.parametrize(
    "url", ["", "warehouse.db", "mysql://u:hush@h/d", "postgresql://u:hush@h:port/d", "postgresql://u:hush@[h/d"]
)
def test_what_cannot_be_read_is_not_repeated(url: str) -> None:
    """A URL that is refused is not repeated in the message."""
    with pytest.raises(ConfigurationError) as refused:
        parse_url(url)
    assert "hush" not in str(refused.value)
    assert "hush" not in shown(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///a.db?mode=ro", "sqlite:///file:a.db"])
def test_sqlite_needs_a_plain_file(url: str) -> None:
    """A database in memory, or one with options, is refused."""
    with pytest.raises(ConfigurationError):
        parse_url(url)


def test_sqlite_paths() -> None:
    """Three slashes begin a relative path, four an absolute one."""
    assert parse_url("sqlite:///a/b.db").path == Path("a/b.db")
    assert parse_url("sqlite:////a/b.db").path == Path("/a/b.db")


def test_a_relative_path_begins_at_the_project_folder(tmp_path: Path) -> None:
    """The working folder plays no part where a project folder is given."""
    target = open_target("sqlite:///data.db", folder=tmp_path)
    assert getattr(target, "path") == tmp_path.resolve() / "data.db"  # noqa: B009  the base class has no path


def test_what_a_variable_holds_is_put_in_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A dollar sign in a variable is one of its password's; in the file ``$$`` stands for it."""
    monkeypatch.setenv("DB_OF_TEST", "postgresql://u:a$$b${c}@h/d")
    assert open_target("${DB_OF_TEST}").location.password == "a$$b${c}"
    assert open_target("postgresql://u:a$$b@h/d").location.password == "a$b"
    with pytest.raises(ConfigurationError, match="variable DB_OF_NO_TEST"):
        open_target("${DB_OF_NO_TEST}")


def test_the_load_section_never_prints_its_password() -> None:
    """Neither the repr of a load section nor a mistake in it shows the password."""
    load = Load(to="postgresql://u:hush@h/d", table="t")
    assert "hush" not in repr(load)
    assert load.shown == "postgresql://u:***@h/d"
    with pytest.raises(ValidationError) as wrong:
        Load.model_validate({"to": "postgresql://u:hush@h/d", "table": "t", "write_disposition": "upsert"})
    assert "hush" not in str(wrong.value)
