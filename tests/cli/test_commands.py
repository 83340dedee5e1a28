"""The commands check, catalog and schema, and the pages that are made from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from etl_agent.clean.union import STEPS
from etl_agent.cli import main
from etl_agent.cli.reference import pages
from etl_agent.decide.decision import Policy
from etl_agent.decide.policies import RoutePolicy
from etl_agent.decide.propose import PROPOSERS, family_of
from etl_agent.decide.strategies import known_strategies
from etl_agent.decide.vocabulary import MEASURES
from etl_agent.load.spec import Strategy, WriteDisposition
from etl_agent.orchestrate.catalog import KINDS, catalogue
from etl_agent.orchestrate.meanings import (
    DRIFT_MODES,
    FINDINGS,
    MERGE_STRATEGIES,
    POLICIES,
    REASONS,
    SEMANTIC_KINDS,
    WRITE_DISPOSITIONS,
)
from etl_agent.orchestrate.planner.findings import FindingKind
from etl_agent.orchestrate.planner.wishes import Wish
from etl_agent.profile.kinds import Kind as SemanticKind
from etl_agent.rejects import reason_codes
from etl_agent.validate.spec import DriftMode

LEAST = 'version: 1\nname: {name}\n{more}extract: {{files: a.csv}}\nload: {{to: "sqlite:///x.db", table: t}}\n'
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
Capture = pytest.CaptureFixture[str]


def pipeline(folder: Path, name: str, more: str = "") -> str:
    """Write a small pipeline file."""
    path = folder / f"{name}.yaml"
    path.write_text(LEAST.format(name=name, more=more))
    return str(path)


@pytest.fixture
def own_strategy(tmp_path: Path) -> Path:
    """A strategy in a project folder."""
    file = tmp_path / "pipelines" / "strategies" / "lockers.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("name: lockers\ndescription: Lockers of the sports hall.\nclean: [{step: strip, columns: all}]\n")
    return file


def test_check_says_ok_for_each_good_file(tmp_path: Path, capsys: Capture) -> None:
    """One line a file, on stdout, exit 0."""
    files = [pipeline(tmp_path, "a"), pipeline(tmp_path, "b")]
    assert main(["check", *files]) == 0
    assert capsys.readouterr().out == f"OK  {files[0]}  a\nOK  {files[1]}  b\n"


def test_check_lists_the_mistakes_of_all_files(tmp_path: Path, capsys: Capture) -> None:
    """Mistakes go to stderr with their places, exit 1; good files are still OK."""
    files = [pipeline(tmp_path, "a", "nedes: []\n"), pipeline(tmp_path, "b", "clan: []\n"), pipeline(tmp_path, "c")]
    assert main(["check", *files]) == 1
    captured = capsys.readouterr()
    assert captured.out == f"OK  {files[2]}  c\n"
    assert [line.split(": ")[:2] for line in captured.err.splitlines()] == [
        [f"{files[0]}:3:1", "nedes"],
        [f"{files[1]}:3:1", "clan"],
    ]


def test_check_as_json_lists_files_and_mistakes(tmp_path: Path, capsys: Capture) -> None:
    """Programs read the same from JSON."""
    assert main(["check", "--json", pipeline(tmp_path, "a"), pipeline(tmp_path, "b", "clan: []\n")]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert (first["pipeline"], first["ok"], first["mistakes"]) == ("a", True, [])
    assert (second["pipeline"], second["ok"], len(second["mistakes"])) == (None, False, 1)


def test_check_looks_at_what_the_file_refers_to(tmp_path: Path, capsys: Capture) -> None:
    """A contract, an SQL file and a target that cannot work are found without data and without a database."""
    file = Path(pipeline(tmp_path, "a", "validate: {contract: none.yaml}\n"))
    file.write_text(
        file.read_text().replace("sqlite:///x.db", "mysql://h/d").replace("table: t", "table: t, after_sql: [no.sql]")
    )
    assert main(["check", str(file)]) == 1
    err = capsys.readouterr().err
    assert [place in err for place in ("validate.contract", "load.after_sql[0]", "load.to")] == [True] * 3
    assert len(err.splitlines()) == 3


def test_check_wants_the_needed_pipelines_only_among_several(tmp_path: Path) -> None:
    """One file alone may need others; of several files the needs must be met."""
    first, second = pipeline(tmp_path, "a", "needs: [c]\n"), pipeline(tmp_path, "b")
    assert main(["check", first]) == 0
    assert main(["check", first, second]) == 1
    assert main(["check", first, second, pipeline(tmp_path, "c")]) == 0


def test_check_of_a_missing_file_is_no_input(tmp_path: Path, capsys: Capture) -> None:
    """Exit 66, with the file that was meant."""
    meant = pipeline(tmp_path, "orders")
    assert main(["check", meant.replace("orders", "order")]) == 66
    assert meant in capsys.readouterr().err


def test_the_catalogue_holds_every_member_of_every_union() -> None:
    """Whatever a file may say and a run may answer has an entry with a sentence."""
    entries = catalogue()
    names = {kind: [entry.name for entry in entries if entry.kind == kind] for kind in KINDS}
    assert names["step"] == [step.model_fields["step"].default for step in STEPS]
    assert names["write disposition"] == list(WRITE_DISPOSITIONS) == list(get_args(WriteDisposition))
    assert names["merge strategy"] == list(MERGE_STRATEGIES) == list(get_args(Strategy))
    assert names["drift mode"] == list(DRIFT_MODES) == list(get_args(DriftMode))
    assert names["strategy"] == list(known_strategies())
    assert names["family of dirt"] == list(map(family_of, PROPOSERS))
    assert names["measure"] == [get_args(measure.model_fields["measure"].annotation)[0] for measure in MEASURES]
    assert names["semantic kind"] == list(SEMANTIC_KINDS) == list(get_args(SemanticKind))
    assert names["policy"] == list(POLICIES) == list(dict.fromkeys((*get_args(RoutePolicy), *get_args(Policy))))
    assert names["finding"] == list(FINDINGS) == list(get_args(FindingKind))
    assert names["wish"] == [get_args(wish.model_fields["wish"].annotation)[0] for wish in get_args(get_args(Wish)[0])]
    assert names["reject reason"] == sorted(REASONS) == list(reason_codes())
    assert {"0", "1", "2", "65", "66", "69", "70", "73", "74", "75", "77", "78", "130", "143"} <= set(
        names["exit code"]
    )
    assert all(entry.summary.endswith((".", ":")) for entry in entries)


def test_every_parameter_of_the_catalogue_is_described() -> None:
    """Each key has a type in words and a sentence."""
    parameters = [(entry.name, each) for entry in catalogue() for each in entry.parameters]
    assert [(name, each.name) for name, each in parameters if not each.description or each.type == "a value"] == []


def test_catalog_tells_all_of_one_entry(capsys: Capture) -> None:
    """Parameters, defaults and examples of a step are printed."""
    assert main(["catalog", "strip"]) == 0
    out = capsys.readouterr().out
    assert "columns: all or a list of text (default all)" in out
    assert "before" in out


def test_catalog_answers_a_wrong_name_with_the_near_one(capsys: Capture) -> None:
    """Exit 2 and a suggestion."""
    assert main(["catalog", "stirp"]) == 2
    assert "did you mean 'strip'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("policy", "trial      Every candidate"),
        ("measure", "null_share"),
        ("route", "among: text or a list of text (required)"),
        ("when", "then: a list of steps or routes or branches"),
        ("matches_kind", "kind: a semantic kind or a list of semantic kinds (required)"),
        ("us_money", "Steps: null_markers, numbers."),
        ("typos", "Typos: "),
        ("columns", "when: a condition (default absent)"),
    ],
)
def test_catalog_tells_of_choices(name: str, said: str, capsys: Capture) -> None:
    """A kind lists its members; a member, and the last part of a section's path, is told in full."""
    assert main(["catalog", name]) == 0
    assert said in capsys.readouterr().out


def test_catalog_lists_the_strategies_of_the_project(own_strategy: Path, capsys: Capture) -> None:
    """One's own strategy stands beside the shipped ones, with its summary and its steps."""
    assert main(["--project", str(own_strategy.parents[2]), "catalog", "lockers", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert (entry["kind"], entry["summary"]) == ("strategy", "Lockers of the sports hall.")
    assert "Steps: strip." in entry["description"]
    assert "No rule chooses it." in entry["description"]


def test_catalog_stays_of_use_while_a_strategy_has_a_mistake(own_strategy: Path, capsys: Capture) -> None:
    """The mistake is said on stderr, and everything else is listed."""
    own_strategy.write_text(own_strategy.read_text().replace("clean", "claen"))
    assert main(["--project", str(own_strategy.parents[2]), "catalog", "strip"]) == 0
    captured = capsys.readouterr()
    assert "columns: all or a list of text" in captured.out
    assert "lockers.yaml:3:1: claen: unknown key; did you mean 'clean'?" in captured.err


def test_catalog_as_json_is_read_by_programs(capsys: Capture) -> None:
    """Every entry is an object with its kind and name."""
    assert main(["catalog", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(catalogue())


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the definitions of a schema that describe objects."""
    return {name: each for name, each in schema["$defs"].items() if each.get("type") == "object"}


@pytest.mark.parametrize(("words", "key"), [(["schema"], "validate"), (["schema", "--strategy"], "suits")])
def test_the_schema_describes_every_key_and_refuses_others(words: list[str], key: str, capsys: Capture) -> None:
    """An editor can complete and explain keys, and marks a wrong one."""
    assert main(words) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert key in schema["properties"]
    for name, each in {**described(schema), "file": schema}.items():
        assert each["additionalProperties"] is False, name
        undescribed = [
            key
            for key, value in each["properties"].items()
            if "description" not in value and key not in ("step", "measure")
        ]
        assert undescribed == [], name


@pytest.mark.parametrize("name", sorted(pages()))
def test_the_reference_is_current(name: str) -> None:
    """docs/reference says what the code says; ``make docs`` writes it anew."""
    assert (REFERENCE / name).read_text(encoding="utf-8") == pages()[name]
