"""One line of at most 300 bytes for cron, with the next command kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.cli import main
from etl_agent.cli.brief import MOST_BYTES, bounded
from etl_agent.errors import EtlAgentError


@given(said=st.text(max_size=600), then=st.text(max_size=300), encoding=st.sampled_from(["utf-8", "ascii", "latin-1"]))
@settings(max_examples=200)
def test_a_line_is_never_longer_than_it_may_be(said: str, then: str, encoding: str) -> None:
    """Whatever is said, in whatever encoding, its bytes with the end of the line are at most 300."""
    line = bounded(f"{said}; next: {then}", encoding=encoding)
    assert len(line.encode(encoding, "backslashreplace")) < MOST_BYTES
    assert "\n" not in line


def test_what_fits_is_not_touched() -> None:
    """A short line is as it was."""
    assert bounded("orders: no such file; next: etl-agent check a.yaml") == (
        "orders: no such file; next: etl-agent check a.yaml"
    )


def test_the_next_command_is_kept_whole() -> None:
    """The middle is cut, since what to type is at the end."""
    line = bounded("orders: refused: " + "x" * 1000 + "; next: etl-agent quarantine list --run 1")
    assert line.startswith("orders: refused: x") and line.endswith("...; next: etl-agent quarantine list --run 1")


def test_a_command_that_leaves_no_room_goes_whole() -> None:
    """Half a command would be pasted."""
    line = bounded("orders: refused; next: etl-agent check /" + "y" * 400)
    assert line == "orders: refused..."


@pytest.fixture
def wrong(tmp_path: Path) -> dict[str, str]:
    """Pipelines that fail, each in its own way."""
    text = "version: 1\nname: {name}\nextract: {{files: {files}}}\nload: {{to: '{to}', table: t}}\n{more}"
    away, here = "postgresql://u:secret-word@127.0.0.1:1/db", f"sqlite:///{tmp_path}/w.db"
    (tmp_path / "in.csv").write_text("a,b\n1,2\n3\n" + "4\n" * 50)
    long = "n" * 200
    cases = {
        "mistakes": text.format(name="a", files="in.csv", to=here, more="".join(f"wrong{i}: 1\n" for i in range(30))),
        "no_files": text.format(name="b" * 60, files=f"{long}.csv", to=here, more=""),
        "no_database": text.format(name="c", files="in.csv", to=away, more=""),
        "no_variable": text.format(name="d", files="in.csv", to="${NO_SUCH_VARIABLE_" + "X" * 300 + "}", more=""),
        "budget": text.format(name="e", files="in.csv", to=here, more=""),
        "not_a_database": text.format(name="f", files="in.csv", to=f"sqlite:///{tmp_path}/in.csv", more=""),
        "no_folder": text.format(name="g", files="in.csv", to=f"sqlite:///{tmp_path}/{long}/{long}/w.db", more=""),
        "columns": text.format(
            name="h",
            files="in.csv",
            to=here,
            more="validate: {contract: {"
            + ", ".join(f"column_{i}_{'z' * 30}: {{type: text}}" for i in range(60))
            + "}}",
        ),
    }
    files = {}
    for name, content in cases.items():
        files[name] = str(tmp_path / f"{name}.yaml")
        Path(files[name]).write_text(content)
    return {**files, "no_pipeline": str(tmp_path / ("p" * 250))}


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("mistakes", 78),
        ("no_files", 66),
        ("no_database", 69),
        ("no_variable", 78),
        ("budget", 65),
        ("not_a_database", 78),
        ("no_folder", 73),
        ("columns", 65),
        ("no_pipeline", 66),
    ],
)
def test_a_failure_without_a_terminal_is_one_line_of_300_bytes(
    case: str, code: int, wrong: dict[str, str], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Whatever the kind of failure, cron mails one line, which begins with the program's name."""
    assert main(["run", wrong[case]]) == code
    out, err = capfdbinary.readouterr()
    assert out == b""
    assert err.startswith(b"etl-agent: ") and err.count(b"\n") == 1 and err.endswith(b"\n")
    assert len(err) <= MOST_BYTES
    assert b"secret-word" not in err


def test_of_several_pipelines_that_fail_there_is_one_line_too(
    wrong: dict[str, str], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """It counts them, names the first ones and says what is wrong with the first; the exit code is the first's."""
    well, after = tmp_path / "well.yaml", tmp_path / "after.yaml"
    (tmp_path / "good.csv").write_text("a\n1\n")
    for path, more in ((well, ""), (after, "needs: [e]\n")):
        load = f"load: {{to: 'sqlite:///{tmp_path}/w.db', table: {path.stem}}}\n"
        path.write_text(f"version: 1\nname: {path.stem}\nextract: {{files: good.csv}}\n{load}{more}")
    files = [wrong["no_database"], wrong["budget"], wrong["not_a_database"], str(after), str(well)]
    assert main(["run", *files]) == 69
    out, err = capfdbinary.readouterr()
    assert (out, err.count(b"\n")) == (b"", 1)
    assert err.startswith(b"etl-agent: 4 of 5 pipelines need a look (c, e, f, ...): ")
    assert len(err) <= MOST_BYTES
    assert main(["run", wrong["budget"], str(well)]) == 65
    assert capfdbinary.readouterr().err.startswith(b"etl-agent: e: refused")


def test_mistakes_of_a_pipeline_name_the_command_that_lists_them(
    wrong: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line has no room for thirty mistakes."""
    main(["run", wrong["mistakes"]])
    err = capsys.readouterr().err
    assert "30 mistakes in " in err and err.endswith(f"; next: etl-agent check {wrong['mistakes']}\n")


def test_a_person_reads_all_of_it(
    wrong: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where either output is a terminal, nothing is cut, and the mistakes are a line each."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert main(["run", wrong["mistakes"]]) == 78
    assert len(capsys.readouterr().err.splitlines()) == 31


def test_a_bug_is_one_bounded_line_too(
    wrong: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception that nobody foresaw may bring a text of any length."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("long " * 1000)

    monkeypatch.setattr("etl_agent.run.runner.run_pipeline", broken)
    assert main(["run", wrong["budget"]]) == EtlAgentError.exit_code
    err = capsys.readouterr().err
    assert len(err.encode()) <= MOST_BYTES and err.endswith("; next: the same command with --debug shows where\n")


def test_wrong_options_are_one_bounded_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    """A crontab entry may be wrong itself."""
    assert main(["run", "--" + "x" * 500]) == 2
    assert len(capsys.readouterr().err.encode()) <= MOST_BYTES
