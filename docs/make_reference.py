"""Write docs/reference from the code, or check that it is current: ``python docs/make_reference.py [--check]``."""

from __future__ import annotations

import sys
from pathlib import Path

from etl_agent.cli.reference import pages

FOLDER = Path(__file__).parent / "reference"


def main(arguments: list[str]) -> int:
    """Write the pages, or say which are out of date."""
    made = pages()
    if "--check" in arguments:
        there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.*")} if FOLDER.is_dir() else {}
        stale = sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))
        if stale:
            sys.stderr.write(f"docs/reference is out of date: {', '.join(stale)}; next: make docs\n")
        return int(bool(stale))
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.*"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
