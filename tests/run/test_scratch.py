"""Run identifiers sort by time, and scratch folders of dead runs are swept."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from etl_agent.errors import CannotCreate
from etl_agent.run.run_id import new_run_id, run_started
from etl_agent.run.scratch import scratch_folder


def test_run_ids_sort_by_time_and_fit_a_signed_64_bit_column():
    """A later run has the greater number, also in the year 2150."""
    first = new_run_id(now=datetime(2026, 11, 22, tzinfo=UTC))
    later = new_run_id(now=datetime(2026, 11, 22, tzinfo=UTC) + timedelta(milliseconds=1))
    assert first < later < new_run_id(now=datetime(2150, 1, 1, tzinfo=UTC)) < 2**63
    assert run_started(first) == datetime(2026, 11, 22, tzinfo=UTC)


def test_the_folder_is_removed_at_the_end(tmp_path):
    """Nothing is left after a run, also after a failing one."""
    with pytest.raises(ValueError), scratch_folder(run_id=1, parent=tmp_path) as folder:
        (folder / "spool").write_bytes(b"x")
        raise ValueError
    assert list(tmp_path.iterdir()) == []


def test_a_killed_runs_folder_is_swept_and_a_living_ones_is_not(tmp_path):
    """The kernel's lock tells the living from the dead."""
    script = (
        "import os, sys; from pathlib import Path; from etl_agent.run.scratch import scratch_folder\n"
        "context = scratch_folder(run_id=7, parent=Path(sys.argv[1])); context.__enter__(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert [folder.name for folder in tmp_path.iterdir()] == ["etl-agent-7"]
    with scratch_folder(run_id=8, parent=tmp_path):
        assert [folder.name for folder in tmp_path.iterdir()] == ["etl-agent-8"]
        with scratch_folder(run_id=9, parent=tmp_path):
            assert sorted(folder.name for folder in tmp_path.iterdir()) == ["etl-agent-8", "etl-agent-9"]


def test_a_folder_that_cannot_be_made_is_a_typed_error(tmp_path):
    """The error names the place and what to set."""
    file = tmp_path / "file"
    file.write_text("")
    with (
        pytest.raises(CannotCreate, match="ETL_AGENT_SCRATCH"),
        scratch_folder(run_id=1, parent=file / os.sep.join("x")),
    ):
        pass


def test_a_folder_without_a_lock_is_swept_too(tmp_path):
    """A run that died between making its folder and locking it, or while removing it, leaves nothing either."""
    (tmp_path / "etl-agent-7").mkdir()
    (tmp_path / "etl-agent-7" / "spool").write_bytes(b"x")
    (tmp_path / "etl-agent-notes").mkdir()
    with scratch_folder(run_id=8, parent=tmp_path):
        assert sorted(folder.name for folder in tmp_path.iterdir()) == ["etl-agent-8", "etl-agent-notes"]


def test_many_runs_at_once_leave_each_others_folders_alone(tmp_path):
    """Runs that begin while others sweep keep their folders, and at the end none is left."""
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from etl_agent.run.scratch import scratch_folder\n"
        "for number in range(150):\n"
        "    with scratch_folder(run_id=int(sys.argv[1]) + number, parent=Path(sys.argv[2])) as folder:\n"
        "        (folder / 'spool').write_bytes(b'x')\n"
        "        assert (folder / 'spool').exists()\n"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", script, str(first), str(tmp_path)]) for first in (1_000, 2_000, 3_000)
    ]
    assert [run.wait(timeout=60) for run in runs] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == []
