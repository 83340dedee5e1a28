"""Replies are kept in a file that processes share and crashes do not spoil."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from etl_agent.llm import AnswerFile, Endpoint
from etl_agent.llm.answers import key_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where replies are kept."""
    return tmp_path / "folder" / "kept.jsonl"


def test_what_is_kept_is_found(path: Path) -> None:
    """What was put is got, by others too; the last one counts; the file is its owner's alone."""
    kept = AnswerFile(path)
    assert kept.get("a") is None
    kept.put("a", {"content": "1"})
    kept.put("a", {"content": "2\n\u2028"})
    for file in (kept, AnswerFile(path)):
        found = file.get("a")
        assert found is not None
        assert found["content"] == "2\n\u2028"
    assert path.stat().st_mode & 0o777 == 0o600


def test_others_are_seen(path: Path) -> None:
    """What another one keeps later is found too."""
    one, other = AnswerFile(path), AnswerFile(path)
    one.put("a", {"content": "1"})
    assert other.get("a")
    one.put("b", {"content": "2"})
    assert other.get("b")


@pytest.mark.parametrize(
    "torn",
    [
        b'{"key": "b", "cont',
        b"\xff\xfe\x00",
        b"[" * 50_000,
        b"[]\n",
        b"3\n",
        b'{"key": 1, "content": 2}\n',
        b"\n\n",
        b"\r",
        b"\r\n",
    ],
)
def test_a_torn_line_is_nothing(path: Path, torn: bytes) -> None:
    """What a crash left, or someone wrote, spoils neither what stands before nor what comes behind."""
    AnswerFile(path).put("a", {"content": "1"})
    with path.open("ab") as file:
        file.write(torn)
    kept = AnswerFile(path)
    assert kept.get("a")
    assert kept.get("b") is None
    kept.put("c", {"content": "3"})
    for file in (kept, AnswerFile(path)):
        assert file.get("a")
        assert file.get("c")


def test_the_file_is_bounded(path: Path) -> None:
    """When the file is full the older half goes, and the newer one stays in its order."""
    kept = AnswerFile(path, most_bytes=10_000)
    other = AnswerFile(path, most_bytes=10_000)
    for number in range(1000):
        kept.put(f"{number % 700}", {"content": f"{number}"})
        assert path.stat().st_size <= 10_000
        found = other.get(f"{number % 700}")
        assert found is not None
        assert found["content"] == f"{number}"
    assert other.get("650") is None
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_reply_as_large_as_the_file_is_not_kept(path: Path) -> None:
    """One reply does not push all others out."""
    kept = AnswerFile(path, most_bytes=1000)
    kept.put("a", {"content": "1"})
    kept.put("b", {"content": "x" * 600})
    assert kept.get("a")
    assert kept.get("b") is None


def test_processes_share_a_file(path: Path) -> None:
    """Of what several processes and threads keep at a time nothing is lost or torn, also where the file is renewed."""
    code = (
        "import sys; from pathlib import Path; from etl_agent.llm import AnswerFile\n"
        "kept = AnswerFile(Path(sys.argv[1]), most_bytes=40_000)\n"
        "for n in range(300): kept.put(f'{sys.argv[2]}-{n}', {'content': 'x' * 100})\n"
    )
    others = [subprocess.Popen([sys.executable, "-c", code, str(path), f"process{n}"]) for n in range(2)]
    kept = AnswerFile(path, most_bytes=40_000)

    def keep(name: str) -> None:
        for number in range(100):
            kept.put(f"{name}-{number}", {"content": "y"})

    threads = [Thread(target=keep, args=(f"thread{n}",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait(timeout=30) for other in others] == [0, 0]
    first, *lines = path.read_bytes().splitlines()
    assert list(json.loads(first)) == ["file"]
    assert all(json.loads(line)["content"] for line in lines)
    assert path.stat().st_size <= 40_000
    assert json.loads(lines[-1])["key"] in {"process0-299", "process1-299", "thread0-99", "thread1-99"}


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_file_that_cannot_be_read_is_empty(path: Path) -> None:
    """A cache that cannot be read is none."""
    AnswerFile(path).put("a", {"content": "1"})
    path.chmod(0)
    assert AnswerFile(path).get("a") is None


def test_the_key_of_a_question() -> None:
    """All that an answer may depend on makes another key; the secret, limits of time and prices do not."""
    where = Endpoint(model="m", base_url="http://localhost/v1")
    messages = [{"role": "user", "content": "?"}]
    key = key_of(where, messages=messages, schema={"type": "object"})

    def other(**settings: object) -> str:
        return key_of(where.model_copy(update=settings), messages=messages, schema={"type": "object"})

    assert key == other(key="another", timeout=3, retries=0, price_in=1)
    different = [
        other(model="n"),
        other(base_url="http://localhost/v2"),
        other(temperature=1.0),
        other(max_output_tokens=1),
        key_of(where, messages=[], schema={"type": "object"}),
        key_of(where, messages=messages, schema={}),
    ]
    assert len({key, *different}) == 7
