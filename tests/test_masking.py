"""Credentials in text that people read."""

import pytest

from etl_agent.masking import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ann:secret@db/shop", "postgresql://ann:***@db/shop"),
        ("postgresql+psycopg://ann:p@ss:w/rd@db:5432/shop", "postgresql+psycopg://ann:***@db:5432/shop"),
        ("cannot reach postgresql://:pw@db, retry", "cannot reach postgresql://:***@db, retry"),
        ("host=db password=hunter2 user=ann", "host=db password=*** user=ann"),
        ("sqlite:///warehouse.db", "sqlite:///warehouse.db"),
        ("OPENAI_API_KEY=abc", "OPENAI_API_KEY=***"),
        ("key sk-abcdefghijkl was refused", "key *** was refused"),
        ("12:30 a@b.c", "12:30 a@b.c"),
    ],
)
def test_credentials_are_hidden(text: str, shown: str) -> None:
    """Passwords and keys become ***, everything else stays as it is."""
    assert masked(text) == shown
