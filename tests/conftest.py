"""Fixtures that every test may use."""

from tests.postgres import postgres_server, postgres_url, sqlite_url, target_url

__all__ = ["postgres_server", "postgres_url", "sqlite_url", "target_url"]
