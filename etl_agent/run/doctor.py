"""Whether this installation can run the pipelines of a project: each part is looked at, and nothing is changed."""

from __future__ import annotations

import os
import re
import shlex
import sqlite3
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from etl_agent.errors import EtlAgentError
from etl_agent.paths import pipeline_files

if TYPE_CHECKING:
    from etl_agent.load.target import Target
    from etl_agent.orchestrate.sequential import PipelineSpec

__all__ = ["Check", "examine"]

_SQLITE = (3, 33)  # UPDATE ... FROM, which a merge is made of
_FLOOR = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*>=\s*(?P<floor>[0-9.]+)")
_SKEW = 60.0  # seconds that two clocks may differ


@dataclass(frozen=True, slots=True)
class Check:
    """What was found at one part.

    Args:
        name: the part.
        state: ok; warning: it works, and somebody should look; wrong: a run would fail.
        text: what was found, without secrets.
    """

    name: str
    state: Literal["ok", "warning", "wrong"]
    text: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, for JSON."""
        return asdict(self)


def examine(project: Path, *, target: str | None = None) -> tuple[Check, ...]:
    """Look at every part, each for itself: one that fails keeps none of the others from being looked at.

    Args:
        project: the project folder, whose ``.env`` has been read.
        target: one more target to reach, if one is named.
    """
    specs: list[PipelineSpec] = []
    parts: list[tuple[str, Callable[[], Iterator[Check]]]] = [
        ("python", _python),
        ("libraries", _libraries),
        ("sqlite", _sqlite),
        ("time zones", _zones),
        ("scratch", _scratch),
        ("project", lambda: _project(project, specs)),
        (".env", lambda: _env(project)),
        ("target", lambda: _targets(project, specs, target)),
        ("crontab", lambda: _crontab(project)),
        ("notifications", _notifications),
    ]
    return tuple(check for name, look in parts for check in _guarded(name, look))


def _guarded(name: str, look: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from look()
    except EtlAgentError as error:
        yield Check(name, "wrong", "; ".join(part.strip() for part in str(error).splitlines()))
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        yield Check(name, "wrong", f"{place}{(error.strerror or type(error).__name__).lower()}")


def _python() -> Iterator[Check]:
    yield Check("python", "ok", f"{sys.version.split()[0]} at {sys.executable}")


def _libraries() -> Iterator[Check]:
    """Hold the installed libraries against the floors that this package was installed with."""
    from importlib.metadata import PackageNotFoundError, requires, version

    wrong, found = [], 0
    for line in requires("etl-agent") or []:
        requirement, _, marker = line.partition(";")
        floor = _FLOOR.match(requirement)
        if floor is None or "extra" in marker:
            continue
        try:
            installed = version(floor["name"])
        except PackageNotFoundError:
            wrong.append(f"{floor['name']} is not installed")
            continue
        found += 1
        if _numbers(installed) < _numbers(floor["floor"]):
            wrong.append(f"{floor['name']} {installed} is older than {floor['floor']}")
    if wrong:
        yield Check("libraries", "wrong", f"{', '.join(wrong)}; next: pip install --upgrade etl-agent")
    else:
        yield Check("libraries", "ok", f"{found} are as new as they must be")


def _numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, zeros at its end left out."""
    numbers = [int(part) for part in re.match(r"[0-9.]*", version)[0].split(".") if part]  # type: ignore[index]  # it matches nothing at least
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _sqlite() -> Iterator[Check]:
    enough = sqlite3.sqlite_version_info >= _SQLITE
    least = "" if enough else f", and a merge needs {'.'.join(map(str, _SQLITE))}"
    yield Check("sqlite", "ok" if enough else "wrong", f"{sqlite3.sqlite_version}{least}")


def _zones() -> Iterator[Check]:
    """Look for the data of time zones: with them, local times are told in UTC on both nights of a clock change."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        yield Check("time zones", "wrong", "there are no data of time zones; next: pip install tzdata")
        return
    now = datetime.now(UTC)
    yield Check("time zones", "ok", f"it is {now:%Y-%m-%d %H:%M} UTC, {now.astimezone():%H:%M %Z} here")


def _scratch() -> Iterator[Check]:
    """Write a byte where runs spool their rejects, keys and stages."""
    import shutil

    folder = os.environ.get("ETL_AGENT_SCRATCH") or tempfile.gettempdir()
    with tempfile.NamedTemporaryFile(dir=folder, prefix="etl-agent-doctor-") as file:
        file.write(b"x")
        file.flush()
    free = shutil.disk_usage(folder).free
    yield Check("scratch", "ok", f"{folder}, {free / 2**30:,.1f} GiB free")


def _project(project: Path, specs: list[PipelineSpec]) -> Iterator[Check]:
    """Read every pipeline, and what it refers to; those that can be read are kept for their targets."""
    from etl_agent.orchestrate.file import read_pipeline
    from etl_agent.orchestrate.offline import problems

    files = pipeline_files(project)
    wrong = False
    for file in files:
        try:
            spec = read_pipeline(file)
        except EtlAgentError as error:
            wrong = True
            yield Check("project", "wrong", f"{error.what}; next: etl-agent check {shlex.quote(str(file))}")
            continue
        specs.append(spec)
        for problem in problems(spec, project=project):
            wrong = True
            yield Check("project", "wrong", f"{file.name}: {problem}")
    if not files:
        yield Check("project", "warning", f"{project} holds no pipelines/*.yaml")
    elif not wrong:
        yield Check("project", "ok", f"{project}, {len(files)} pipeline{'s' * (len(files) > 1)}")


def _env(project: Path) -> Iterator[Check]:
    """Look whether others may read what is secret."""
    file = project / ".env"
    if not file.exists():
        yield Check(".env", "ok", "there is none")
        return
    with file.open("rb") as opened:
        mode = os.fstat(opened.fileno()).st_mode
        opened.read(1)
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        yield Check(".env", "warning", f"others may read {file}; next: chmod 600 {shlex.quote(str(file))}")
    else:
        yield Check(".env", "ok", str(file))


def _targets(project: Path, specs: list[PipelineSpec], target: str | None) -> Iterator[Check]:
    """Reach every target once."""
    from etl_agent.load.target import open_target

    places = {(spec.load.to, spec.load.db_schema): project for spec in specs}
    if target is not None:
        places[target, None] = Path.cwd()

    def reached(url: str, schema: str | None, folder: Path) -> Iterator[Check]:
        with open_target(url, read_only=True, folder=folder) as opened:
            yield _reached(opened, schema)

    for (url, schema), folder in places.items():
        yield from _guarded("target", lambda url=url, schema=schema, folder=folder: reached(url, schema, folder))  # type: ignore[misc]  # the defaults bind the loop's values


def _reached(target: Target, schema: str | None) -> Check:
    import sqlalchemy as sa

    from etl_agent.run.history import ledger_in

    if refused := _unwritable(target):
        return Check("target", "wrong", f"{target}: {refused}")
    with target.reading() as connection:
        if connection is None:
            return Check("target", "ok", f"{target} is not there yet; the first run makes it")
        tables = ledger_in(connection, schema=schema)
        if tables is None:
            connection.execute(sa.select(1))
            return Check("target", "ok", f"{target} answers; no run is on record")
        newest = connection.execute(sa.select(tables.runs.c.finished_at).order_by(tables.runs.c.run_id.desc()).limit(1))
        moment = newest.scalar()
    ahead = 0.0 if moment is None else (moment - datetime.now(UTC)).total_seconds()
    if ahead > _SKEW:
        return Check("target", "wrong", f"{target}: its newest run is {ahead:,.0f} s in the future: a clock is wrong")
    return Check("target", "ok", f"{target} answers")


def _unwritable(target: Target) -> str | None:
    """Say why a run could not write an SQLite file; what Postgres allows is known when it is asked to write."""
    if target.location.path is None:
        return None
    file = target.folder / target.location.path
    if not file.parent.is_dir():
        return f"there is no folder {file.parent}"
    if not os.access(file.parent, os.W_OK):  # the journal lies beside the file
        return f"the folder {file.parent} may not be written"
    return "the file may not be written" if file.exists() and not os.access(file, os.W_OK) else None


def _crontab(project: Path) -> Iterator[Check]:
    """Look for entries of this project whose pipeline or program has gone."""
    from etl_agent.run.crontab_file import entries_in, has_crontab, read_crontab

    if not has_crontab():
        yield Check("crontab", "ok", "this machine has none")
        return
    home = os.path.abspath(project)  # noqa: PTH100  as entries are written
    mine = [
        entry
        for entry in entries_in(read_crontab(instead="etl-agent cron line PIPELINE SCHEDULE"))
        if entry.pipeline.startswith(f"{home}/")
    ]
    gone = False
    for entry in mine:
        try:
            program = shlex.split(entry.command)[0]
        except (ValueError, IndexError):  # somebody has edited it
            program = ""
        for path in (entry.pipeline, program):
            if not Path(path).is_file():
                gone = True
                then = f"etl-agent cron remove {shlex.quote(entry.pipeline)}"
                yield Check("crontab", "wrong", f"an entry names {path or 'no program'}, which is gone; next: {then}")
    if not gone:
        yield Check("crontab", "ok", f"{len(mine)} of this project's pipelines are in it")


def _notifications() -> Iterator[Check]:
    from etl_agent.run.notify import NOTIFY_VARIABLES, read_notifier

    if failures := read_notifier().failures:
        yield Check("notifications", "warning", "; ".join(failures))
        return
    told = [name for name in NOTIFY_VARIABLES if os.environ.get(name)]
    yield Check("notifications", "ok", ", ".join(told) if told else "nobody is notified")
