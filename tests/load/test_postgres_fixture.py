"""The databases that the tests are given."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

pytestmark = pytest.mark.postgres
REPOSITORY = Path(__file__).parents[2]


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.mark.parametrize("time", [1, 2])
def test_each_test_has_a_database_of_its_own(postgres_url: str, time: int) -> None:
    """A table made by one test is not seen by the next."""
    with psycopg.connect(_plain(postgres_url)) as connection:
        connection.execute("CREATE TABLE only_here (n int)")
    assert make_url(postgres_url).drivername == "postgresql+psycopg"


@pytest.mark.skipif("ETL_AGENT_TEST_POSTGRES" in os.environ, reason="the server is not ours to sweep")
def test_a_killed_runs_server_is_swept(tmp_path: Path, postgres_server: URL) -> None:
    """The server of a test run that was killed is stopped and removed when the next run starts."""
    script = tmp_path / "test_killed.py"
    script.write_text("import os, signal\ndef test_it(postgres_url): os.kill(os.getpid(), signal.SIGKILL)\n")
    environment = os.environ | {"PYTEST_XDIST_TESTRUNUID": f"killed{os.getpid()}"}
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        environment.pop(name, None)
    pytest_run = [sys.executable, "-m", "pytest", "-q", "-p", "tests.postgres", "-p", "no:cacheprovider"]
    killed = subprocess.run([*pytest_run, str(script)], cwd=REPOSITORY, env=environment, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stdout
    place = Path(tempfile.gettempdir()) / f"etlpg-killed{os.getpid()}"[: len("etlpg-") + 12]
    postmaster = int((place / "postmaster.pid").read_text().split()[0])
    script.write_text("def test_it(postgres_url): pass\n")
    environment["PYTEST_XDIST_TESTRUNUID"] = f"next{os.getpid()}"
    subprocess.run([*pytest_run, str(script)], cwd=REPOSITORY, env=environment, check=True, capture_output=True)
    assert not place.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(postmaster, 0)
