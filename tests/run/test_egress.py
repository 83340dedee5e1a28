"""The record of what is sent to a model: bounded, whole lines, and no request without it."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from etl_agent.llm.chat import Sent
from etl_agent.run import egress
from etl_agent.run.egress import EgressRecord


def request(number: int) -> Sent:
    """Make a request."""
    body = json.dumps({"messages": [{"role": "user", "content": f"question {number}"}]})
    return Sent(node="n", endpoint="http://h/v1", model="m", body=body, turn=0, attempt=number)


def test_a_full_record_is_put_away_and_three_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest requests are there, a line each."""
    monkeypatch.setattr(egress, "_MOST_BYTES", 1000)
    record = EgressRecord(tmp_path / "own" / "egress.jsonl")
    for number in range(60):
        record(request(number))
    files = sorted((tmp_path / "own").glob("egress.jsonl*"))
    assert [file.name for file in files] == ["egress.jsonl", *(f"egress.jsonl.{number}" for number in (1, 2, 3))]
    assert max(file.stat().st_size for file in files) <= 1000
    kept = [json.loads(line)["attempt"] for file in reversed(files) for line in file.read_text().splitlines()]
    assert kept == [*range(kept[0], 60)]


def test_a_request_that_cannot_be_recorded_is_refused_and_leaves_no_half_line(tmp_path: Path) -> None:
    """Where the disk is full, nothing is sent, and the record is as it was."""
    file = tmp_path / "own" / "egress.jsonl"
    EgressRecord(file)(request(1))
    before = file.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, limits[1]))
    try:
        with pytest.raises(OSError, match="no space left"):
            EgressRecord(file)(request(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert file.read_bytes() == before


def test_a_folder_that_cannot_be_kept_out_of_version_control_takes_no_record(tmp_path: Path) -> None:
    """An empty .gitignore, which a full disk may leave, would keep nothing out for ever."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            EgressRecord(tmp_path / "own" / "egress.jsonl")(request(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    EgressRecord(tmp_path / "own" / "egress.jsonl")(request(1))
    assert (tmp_path / "own" / ".gitignore").read_text() == "*\n"
