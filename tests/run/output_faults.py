"""Commands that write files, with calls that fail: whole before or whole after, and one line that says why."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.run.crashes import Crashes
from tests.run.io_faults import NEVER_BEGAN, Faulted, faults_of, wrong_words
from tests.run.watched_calls import Fault, read_calls

__all__ = ["COMMANDS", "Command", "Outputs"]


@dataclass(frozen=True)
class Command:
    """A command and the files that it writes.

    Args:
        arguments: its words, beginning with its name.
        outputs: the files, relative to the project.
    """

    arguments: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def name(self) -> str:
        """The command with its first option, for people."""
        return " ".join(word for word in self.arguments[:2] if "." not in word)


COMMANDS = (
    Command(("extract", "data/orders.csv", "-o", "out.csv"), ("out.csv",)),
    Command(("extract", "data/orders.csv", "-o", "out.csv.gz"), ("out.csv.gz",)),
    Command(("clean", "data/orders.csv", "-o", "out.csv", "--strategy", "auto"), ("out.csv",)),
    Command(("profile", "data/orders.csv", "--html", "page.html"), ("page.html",)),
    Command(("quarantine", "export", "--to", "sqlite:///w.db", "-o", "rows.csv"), ("rows.csv",)),
    Command(("lock", "pipelines/p.yaml"), ("pipelines/p.lock.json",)),
    Command(
        ("plan", "load the orders", "data/orders.csv", "--to", "sqlite:///new.db", "--yes"),
        ("pipelines/orders.yaml", "pipelines/orders.lock.json"),
    ),
)
"""Every command that writes a file."""

_PIPELINE = """\
version: 1
name: p
extract: {files: data/orders.csv}
validate: {types: infer, max_reject_share: 0.5}
clean:
  - {route: amounts, columns: [amount], among: [us_money, eu_money], by: auto, otherwise: leave}
load: {to: "sqlite:///w.db", table: t}
"""


class Outputs(contextlib.AbstractContextManager["Outputs"]):
    """Let calls of commands fail that write files, and prove what they leave.

    Args:
        folder: an empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self._crashes = Crashes(folder / "server", f"sqlite:///{folder / 'none.db'}")
        self._project = folder / "project"
        self._scratch = folder / "scratch"
        self._made: dict[tuple[Command, str], Mapping[str, bytes]] = {}
        self.said = ""
        """What the last command said on stderr."""
        for made in (self._scratch, self._project / "data", self._project / "pipelines"):
            made.mkdir(parents=True)
        (self._project / "pipelines" / "p.yaml").write_text(_PIPELINE)
        self._write_data("before")
        assert self._run(("run", "--quiet", "pipelines/p.yaml"))["code"] == 0, self.said
        self._write_data("after")
        assert self._run(("run", "--quiet", "pipelines/p.yaml"))["code"] == 0, self.said
        shutil.copytree(self._project, folder / "pristine")
        self._pristine = folder / "pristine"

    def __exit__(self, *error: object) -> None:
        self._crashes.__exit__(*error)

    def faults(self, command: Command) -> list[Fault]:
        """Name each call on the project's files, and on the scratch of the command, with each way in which it fails."""
        record = self._project.parent / "record"
        for _ in range(2):  # the first run imports what is not there yet
            self._prepare(command, there=True)
            watch = {"record": str(record), "modules": str(self._project.parent / "modules")}
            assert self._run(command.arguments, watch=watch)["code"] == 0, self.said
        return list(faults_of(read_calls(record), self._project.parent))

    def fail(self, command: Command, fault: Fault, *, there: bool) -> Faulted:
        """Let one call fail.

        Args:
            command: whose.
            fault: the call.
            there: whether the files that it writes are there already, from other data.
        """
        old, new = self._made_of(command, "before") if there else {}, self._made_of(command, "after")
        self._prepare(command, there=there)
        before = self._listed() - set(command.outputs)
        answer = self._run(command.arguments, watch={"fault": asdict(fault)})
        outcome = Faulted(int(answer["code"]), self.said.strip(), met=answer["met"], hung=answer["hung"])
        problems = outcome.problems
        if outcome.hung and not outcome.said.startswith(NEVER_BEGAN):
            problems.append("the command did not end")
        unread = command.arguments[0] == "plan" and outcome.code == 1  # the files could not be rehearsed, which is told
        if outcome.code and not (unread and fault.how != "ENOSPC"):
            problems += wrong_words(outcome.code, outcome.said, fault)
        found = self._found(command)
        told = (self._project.parent / "stdout").read_text()
        for name in command.outputs:
            if outcome.code == 0 and found.get(name) != new[name] and "no lock for" not in told:
                problems.append(f"{name} is not what was to be written, and nothing was said")
            elif found.get(name) not in (old.get(name), new[name]):
                problems.append(f"{name} is neither as it was nor as it was to be")
        if not outcome.hung and fault.lasting != "EIO" and fault.name != "unlink":  # else nothing could be removed
            problems += [f"{name} was left behind" for name in self._listed() - before - set(command.outputs)]
        problems += [f"{name} is gone" for name in before - self._listed()]
        again = self._run(command.arguments)
        if again["code"]:
            problems.append(f"the next one ended with {again['code']}: {self.said.strip()}")
        elif self._found(command) != new:
            problems.append("the next one wrote something else")
        problems += [f"{left.name} was left behind" for left in self._scratch.iterdir()]
        return outcome

    def _made_of(self, command: Command, data: str) -> Mapping[str, bytes]:
        """Return what a command writes when nothing fails."""
        if (command, data) not in self._made:
            self._prepare(command, there=False, data=data)
            assert self._run(command.arguments)["code"] == 0, self.said
            self._made[command, data] = self._found(command)
        return self._made[command, data]

    def _prepare(self, command: Command, *, there: bool, data: str = "after") -> None:
        old = self._made_of(command, "before") if there else {}
        shutil.rmtree(self._project)
        shutil.copytree(self._pristine, self._project)
        self._write_data(data)
        for name, content in old.items():
            (self._project / name).write_bytes(content)

    def _found(self, command: Command) -> Mapping[str, bytes]:
        there = (name for name in command.outputs if (self._project / name).exists())
        return {name: (self._project / name).read_bytes() for name in there}

    def _listed(self) -> set[str]:
        files = (path for path in self._project.rglob("*") if path.is_file())
        return {path.relative_to(self._project).as_posix() for path in files} - {"w.db-wal", "w.db-shm"}

    def _run(self, arguments: tuple[str, ...], **hooks: Any) -> dict[str, Any]:
        stderr = self._project.parent / "stderr"
        answer = self._crashes.exchange(
            {
                "arguments": [*arguments],
                "folder": str(self._project),
                "environment": {"ETL_AGENT_SCRATCH": str(self._scratch), "TMPDIR": str(self._scratch)},
                "stdout": str(self._project.parent / "stdout"),
                "stderr": str(stderr),
                "batch_rows": 100,
                **hooks,
            }
        )
        self.said = stderr.read_text()
        return answer

    def _write_data(self, which: str) -> None:
        rows = [f"{n},{which} {n},2026-01-{n % 28 + 1:02},${n}.50\n" for n in range(120)]
        rows[7] = "7,too,many,cells,here\n"
        rows[9] = f"9,{which}  9 ,2026-01-09,$1,000.5\n"
        (self._project / "data" / "orders.csv").write_text("".join(["id,name,day,amount\n", *rows]))
