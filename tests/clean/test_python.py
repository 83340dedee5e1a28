"""A user's own step: found, checked, and refused with words that help."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from etl_agent.clean.python import PythonStep
from etl_agent.clean.text import Strip
from etl_agent.cli.entry import cli
from etl_agent.errors import ConfigurationError

SOURCE = '''
from typing import ClassVar, Literal
import pyarrow.compute as pc
from etl_agent.clean.step import Change, RowStep, replaced

class Shout(RowStep):
    """Write a column in capitals."""
    step: Literal["shout"] = "shout"
    column: str
    change: ClassVar[Change] = "format"
    def reads(self, names):
        return (self.column,)
    def apply(self, data):
        return replaced(data, self.column, pc.utf8_upper(data.column(self.column)))

class Nameless(Shout):
    step: str

class Lazy(RowStep):
    step: Literal["lazy"] = "lazy"

class Unclear(RowStep):
    step: Literal["unclear"] = "unclear"
    def reads(self, names):
        return ()
    def apply(self, data):
        return data

class NoStep:
    pass
'''


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module own_steps_of_a_user, and one that fails while it is imported."""
    (tmp_path / "own_steps_of_a_user.py").write_text(SOURCE)
    (tmp_path / "broken_steps_of_a_user.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_steps_of_a_user", raising=False)


def made(use: str, **settings: object) -> object:
    """Make the step that a pipeline file names."""
    return PythonStep.model_validate({"use": use, "with": settings}).made()


@pytest.mark.usefixtures("own")
def test_made() -> None:
    """The class of the user runs with the parameters of the file, under its own name."""
    step = PythonStep.model_validate({"use": "own_steps_of_a_user:Shout", "with": {"column": "x"}})
    assert step.made().name == "shout"
    assert step.reads(["x"]) == step.writes(["x"]) == ("x",)
    assert step.names_after(["x"]) == ("x",)


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    """A spec that names a module does not load it."""
    PythonStep(use="no_such_module_anywhere:Class")


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("use", "settings", "what"),
    [
        ("no_such_module_anywhere:X", {}, "cannot be imported"),
        ("broken_steps_of_a_user:X", {}, "ZeroDivisionError"),
        ("own_steps_of_a_user:Shot", {}, "valid: Shout"),
        ("own_steps_of_a_user:NoStep", {}, "no class that derives"),
        ("own_steps_of_a_user:Lazy", {}, "does not say how to do: apply, reads"),
        ("own_steps_of_a_user:Nameless", {"column": "x"}, "add the field step"),
        ("own_steps_of_a_user:Unclear", {}, "ClassVar"),
        ("own_steps_of_a_user:Shout", {"colum": "x"}, "colum: Extra inputs"),
        ("own_steps_of_a_user:Shout", {}, "column: Field required"),
    ],
)
def test_what_is_wrong_is_said(use: str, settings: dict[str, object], what: str) -> None:
    """Every way to get it wrong is a configuration error that names the class and what to do."""
    with pytest.raises(ConfigurationError) as caught:
        made(use, **settings)
    assert what in str(caught.value)
    assert use in str(caught.value)


@pytest.mark.parametrize("use", ["os.system", "a:b:c", "../x:Y", "a b:C", ":X", "x:"])
def test_only_a_module_and_a_class(use: str) -> None:
    """Anything that is not ``package.module:Class`` is a mistake of the spec."""
    with pytest.raises(ValueError, match=r"package\.module:Class"):
        PythonStep(use=use)


def test_round_trip_by_either_name() -> None:
    """``with`` in files, ``settings`` in Python: the same step."""
    step = PythonStep(use="etl_agent.clean.text:Strip", settings={"columns": ["x"]})
    assert step.made() == Strip(columns=("x",))
    assert PythonStep.model_validate_json(step.model_dump_json(by_alias=True)) == step


FAILING = '''
from typing import ClassVar, Literal
import pyarrow as pa
from etl_agent.clean.step import Change, RowStep, replaced

class Odd(RowStep):
    """Do what no step may do."""
    step: Literal["odd"] = "odd"
    how: str
    change: ClassVar[Change] = "value"
    def reads(self, names):
        return ("x",)
    def apply(self, data):
        match self.how:
            case "raise":
                raise KeyError("oops")
            case "lose":
                return data.slice(1)
            case "rename":
                return data.rename_columns(["z"])
            case "type":
                return replaced(data, "x", pa.array([1] * len(data)))
            case "nothing":
                return None
'''


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("raise", "the class fails: KeyError: 'oops'"),
        ("lose", "it must give back every row, and gave 1 for 2"),
        ("rename", "names_after says x, and the columns are z"),
        ("type", "it must give back text, and the column 'x' is int64"),
        ("nothing", "it must give back a record batch, not NoneType"),
    ],
)
@pytest.mark.parametrize("command", ["run", "clean"])
def test_what_goes_wrong_in_a_run_is_said_to_be_the_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, what: str, command: str
) -> None:
    """A step of the user that fails is not taken for a fault of this package, and no row is lost to it."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "failing_steps_of_a_user.py").write_text(FAILING)
    (tmp_path / "a.csv").write_text("x\n1\n2\n")
    step = {"step": "python", "use": "failing_steps_of_a_user:Odd", "with": {"how": how}}
    (tmp_path / "steps.yaml").write_text(json.dumps([step]))
    load = {"to": "sqlite:///w.db", "table": "t"}
    pipeline = {"version": 1, "name": "p", "extract": {"files": "a.csv"}, "clean": [step], "load": load}
    (tmp_path / "p.yaml").write_text(json.dumps(pipeline))
    words = ["run", "p.yaml"] if command == "run" else ["clean", "a.csv", "-o", "o.csv", "--steps", "steps.yaml"]
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, words)
    error = result.exception
    said = result.stderr if error is None or isinstance(error, SystemExit) else str(error)
    assert what in said
    assert "step 1 odd (failing_steps_of_a_user:Odd)" in said
    assert result.exit_code == 78 or isinstance(error, ConfigurationError)
