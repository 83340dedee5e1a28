"""Fixtures of the tests of what must not be possible."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="package")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep scratch folders to these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ETL_AGENT_SCRATCH", str(tmp_path_factory.mktemp("scratch")))
        yield
