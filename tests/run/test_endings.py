"""A run that is asked to end does so at once, whatever it waits for, and nothing of it stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run.endings import SIGNALS, STAGES, asked_to_end, make_table
from tests.run.forked import Forked

SOON = 10  # seconds: five times what is promised, for a machine that is busy; benchmarks/server_faults.py measures


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forked]:
    """Give what begins runs."""
    with Forked(tmp_path_factory.mktemp("said")) as made:
        yield made


def cases() -> Iterator[object]:
    """Name each database, what a run may wait for there, and what ends it."""
    of = {"sqlite": {"staging", "a retry", "connecting"}, "postgres": {"its turn"}}
    for database, others in of.items():
        marks = [pytest.mark.postgres] if database == "postgres" else []
        pairs = [(stage, "SIGTERM") for stage in STAGES if stage not in others]
        pairs += [("merging", by) for by in SIGNALS if by != "SIGTERM"]
        yield from (pytest.param(database, stage, by, marks=marks) for stage, by in pairs)


@pytest.mark.parametrize(("database", "stage", "by"), list(cases()))
def test_a_run_ends_at_once_and_is_rolled_back(
    forked: Forked, request: pytest.FixtureRequest, tmp_path: Path, database: str, stage: str, by: str
) -> None:
    """With the exit code of what ended it; the next run loads."""
    url = request.getfixturevalue(f"{database}_url")
    make_table(url)
    ended = asked_to_end(forked, url, tmp_path, stage=stage, by=by)
    assert (ended.code, ended.problems) == (SIGNALS[by], [])
    assert ended.seconds < SOON and ended.free < SOON
    assert len(ended.said.splitlines()) <= 1 or by == "SIGINT"  # click moves on from a terminal's ^C
