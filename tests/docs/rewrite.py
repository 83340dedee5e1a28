"""Write into documents what their commands print now: ``python -m tests.docs.rewrite docs/tutorial.md ...``.

What a document leaves open with ``...`` stays open where it still fits. Read the difference before you commit it.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.docs.test_documents import BLOCK, exchanges, matches, played, project, serving, session


def rewritten(text: str, *, folder: Path, programs: Path) -> str:
    """Return a document with what its commands print.

    Args:
        text: the document.
        folder: an empty folder.
        programs: the folder with ``etl-agent``.
    """
    home = project(folder / "shop")
    commands = [exchange.command for exchange in played(text, folder=home, aside=folder)]
    printed = iter(session(commands, folder=home, programs=programs))

    def block(found: re.Match[str]) -> str:
        if found["file"]:
            next(printed)  # that of copying the file
        elif found["kind"] == "console":
            return "\n".join(["```console", *_lines(found["text"], printed), "```"])
        return found[0]

    return BLOCK.sub(block, text)


def _lines(shown: str, printed: Iterator[str]) -> Iterator[str]:
    for exchange in exchanges(shown):
        first, *more = exchange.command.splitlines()
        yield from (f"$ {first}", *(f"> {line}" for line in more))
        output = next(printed)
        kept = exchange.shown if matches(exchange.shown, output) else output
        yield from (line.rstrip() for line in kept.strip("\n").splitlines())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place, serving(Path(place)) as programs:
        for number, name in enumerate(sys.argv[1:]):
            own = Path(place) / str(number)
            own.mkdir()
            document = Path(name)
            document.write_text(rewritten(document.read_text(), folder=own, programs=programs))
