"""The documents are true: their sessions give what they show, and their links lead somewhere."""

from __future__ import annotations

import contextlib
import doctest
import fcntl
import os
import pty
import re
import runpy
import shutil
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.commands import install

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md")),
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if "reference" not in path.parts),
]
BLOCK = re.compile(r"^```(?P<kind>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)(?P<path>[^)#\s]+)")
SEPARATOR = "\x1e"
STYLE = re.compile(r"\x1b\[[0-9;]*m")
VARYING = (
    (re.compile(r"\b\d{18}\b"), "RUN"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"\b\d+\.\d s\b|\b\d+\.\d$|\b\d+\.\d\d +\d+\.\d\d(?=  )", re.MULTILINE), "SECONDS"),
)
"""What is another one in each run; documents show it as it was once."""
UNSET = ("ETL_AGENT_", "DATABASE_URL", "OPENAI_", "COLUMNS", "LINES")
WIDTH = 120  # characters of the terminal


@dataclass(frozen=True)
class Exchange:
    """A command of a ``console`` block and what the document says it prints."""

    command: str
    shown: str


def named(path: Path) -> str:
    """Name a document in a test's id."""
    return path.relative_to(ROOT).as_posix()


def exchanges(block: str) -> Iterator[Exchange]:
    """Part a block at its ``$``; lines with ``>`` go on with the command, all others are output."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        more = 1
        while more < len(lines) and lines[more].startswith("> "):
            more += 1
        command = "\n".join([lines[0], *(line[2:] for line in lines[1:more])])
        yield Exchange(command, "\n".join(lines[more:]))


def played(text: str, *, folder: Path, aside: Path) -> Iterator[Exchange]:
    """Yield the commands of a document in their order; a file that the reader makes is copied at its place.

    Args:
        text: the document.
        folder: the project.
        aside: where the files wait until their turn.
    """
    for place, block in enumerate(BLOCK.finditer(text)):
        if block["file"]:
            target, waiting = folder / block["file"], aside / str(place)
            target.parent.mkdir(parents=True, exist_ok=True)
            waiting.write_text(block["text"])
            yield Exchange(f"cp '{waiting}' '{target}'", "")
        elif block["kind"] == "console":
            yield from exchanges(block["text"])


def settled(text: str) -> str:
    """Write text without what is another one in each run, and without blanks at the ends of lines."""
    for pattern, name in VARYING:
        text = pattern.sub(name, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def matches(shown: str, printed: str) -> bool:
    """Compare, where ``...`` stands for anything: within its line, or for any lines if it is alone on its own."""
    pieces = []
    for line in settled(shown).splitlines():
        if line.strip() == "...":
            pieces.append(r"(?:[^\n]*\n)*?")
        else:
            pieces.append(r"[^\n]*?".join(re.escape(part) for part in line.split("...")) + r"\n")
    return re.fullmatch("".join(pieces), "".join(f"{line}\n" for line in settled(printed).splitlines())) is not None


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Path]:
    """Give a folder with an ``etl-agent`` whose processes are forked from one that has imported all."""
    address = folder / "socket"
    install(folder / "bin", address=address)
    with subprocess.Popen([sys.executable, str(Path(__file__).with_name("commands.py")), str(address)]) as server:
        try:
            while not address.exists() and server.poll() is None:
                time.sleep(0.05)
            yield folder / "bin"
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Serve all documents from one process."""
    with serving(tmp_path_factory.mktemp("programs")) as folder:
        yield folder


def session(commands: list[str], *, folder: Path, programs: Path) -> list[str]:
    """Run commands one after the other in one shell, on a terminal, and return what each printed.

    Only the standard output is a terminal: errors are collected beside it, and progress, which is for eyes, is not
    drawn.
    """
    after = f"__code=$?; cat '{folder}.err'; : > '{folder}.err'; printf '{SEPARATOR}'; (exit $__code)\n"
    script = f"exec 2>> '{folder}.err'\n" + "".join(f"{one}\n{after}" for one in commands)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(UNSET)}
    environment = {
        **kept,
        "PATH": os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(folder),
        "TERM": "xterm",
        "TZ": "UTC",
    }
    terminal, end = pty.openpty()
    settings = termios.tcgetattr(end)
    settings[1] &= ~termios.OPOST  # line ends as they are written
    termios.tcsetattr(end, termios.TCSANOW, settings)
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("4H", 50, WIDTH, 0, 0))
    with subprocess.Popen(
        ["bash", "--noprofile", "--norc", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=end,
    ):
        os.close(end)
        printed = b"".join(chunks(terminal))
    os.close(terminal)
    return STYLE.sub("", printed.decode()).split(SEPARATOR)[:-1]


def chunks(terminal: int) -> Iterator[bytes]:
    """Read a terminal until its other end is closed, which Linux tells by an error."""
    while True:
        try:
            chunk = os.read(terminal, 1 << 16)
        except OSError:
            return
        if not chunk:
            return
        yield chunk


def project(folder: Path) -> Path:
    """Copy what a reader has after cloning: the sample files and their pipelines."""
    for name in ("pipelines", "sample_data"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def console_documents() -> list[Path]:
    """List the documents that show a session."""
    return [path for path in DOCUMENTS if "```console" in path.read_text()]


@pytest.mark.parametrize("path", console_documents(), ids=named)
def test_a_session_gives_what_the_document_shows(path: Path, tmp_path: Path, programs: Path) -> None:
    """Every command of a document, run in order in a fresh project, prints what stands below it."""
    folder = project(tmp_path / "shop")
    expected = list(played(path.read_text(), folder=folder, aside=tmp_path))
    printed = session([exchange.command for exchange in expected], folder=folder, programs=programs)
    assert len(printed) == len(expected)
    wrong = [
        f"$ {exchange.command}\n--- the document shows\n{exchange.shown}\n--- it prints\n{output.strip()}"
        for exchange, output in zip(expected, printed, strict=True)
        if not matches(exchange.shown, output)
    ]
    next_command = f"next, if that is right: python -m tests.docs.rewrite {named(path)}"
    assert not wrong, "\n\n".join([*wrong, next_command])


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if ">>> " in path.read_text()], ids=named)
def test_python_in_a_document_gives_what_it_shows(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ``>>>`` line of a document prints what stands below it."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.chdir(project(tmp_path))
    examples = doctest.DocTestParser().get_doctest(path.read_text(), {}, named(path), named(path), 0)
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples, out=said.append)
    assert result.failed == 0, "".join(said)


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_links_lead_somewhere(path: Path) -> None:
    """A link to a file of the project names one that is there."""
    missing = [link["path"] for link in LINK.finditer(path.read_text()) if not (path.parent / link["path"]).exists()]
    assert not missing


def test_the_reference_is_what_the_code_says() -> None:
    """docs/reference was written after the last change of a docstring, an option or a command."""
    pages: dict[str, str] = runpy.run_path(str(ROOT / "docs" / "make_reference.py"))["pages"]()
    present = {path.name: path.read_text() for path in (ROOT / "docs" / "reference").glob("*.*")}
    stale = [name for name in pages.keys() | present.keys() if pages.get(name) != present.get(name)]
    assert not stale, "next: make docs"


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\nb", "a\nc\n", False),
        ("a\n...\nz", "a\nb\nc\nz\n", True),
        ("run ... loaded 3", "run 17 loaded 3\n", True),
        ("run ... loaded 3", "run 17\nloaded 3\n", False),
        ("", "", True),
        ("", "a surprise\n", False),
        ("...", "anything\nat all\n", True),
        ("run 123456789012345678 in 0.4 s", "run 987654321098765432 in 1.2 s\n", True),
        ("loaded 4", "loaded 5\n", False),
    ],
)
def test_dots_stand_for_anything_and_nothing_else_does(shown: str, printed: str, same: bool) -> None:
    """The comparison itself can fail."""
    assert matches(shown, printed) is same
