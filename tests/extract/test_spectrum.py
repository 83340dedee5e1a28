"""The files of csv-spectrum, read with nothing declared."""

import json
import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("ETL_AGENT_SHARED", Path(__file__).parents[3] / "shared"))
FOLDER = SHARED / "data" / "csv-spectrum"
STRAY = "location_coordinates"
FILES = sorted(file for file in FOLDER.glob("csvs/*.csv") if file.stem != STRAY)

if not FILES:
    pytest.skip(f"there is no {FOLDER}", allow_module_level=True)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_file_means_what_its_json_says(read, file):
    """Each row is the JSON object beside it; a null and an empty string are both the empty string there."""
    got = read(file.read_bytes())
    rows = [dict(zip(got.names, (cell or "" for cell in row), strict=True)) for row in got.rows]
    meant = json.loads((FOLDER / "json" / f"{file.stem}.json").read_text().replace("\\r\\n", "\\n"))
    assert rows == meant  # the collection lost the CRLF of one of its files, not that of its JSON
    assert not got.bad


def test_quotes_within_a_cell_are_stray_unless_quotes_are_text(read):
    """The one file that is not RFC 4180 is quarantined, and read where the user says that quotes are text."""
    content = (FOLDER / "csvs" / f"{STRAY}.csv").read_bytes()
    assert [code for _, code, _ in read(content).bad] == ["stray-quote"]
    assert [row[1] for row in read(content, quoting="none").rows] == ["37\ufffd36'37.8\"N 121\ufffd2'17.9\"W"]
