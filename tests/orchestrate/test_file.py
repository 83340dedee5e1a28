"""Reading pipeline files: what is wrong is said in words, at its place, all at once."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError
from pydantic_core.core_schema import ErrorType

from etl_agent.errors import ConfigurationError, NoInput, SpecInvalid
from etl_agent.orchestrate.file import parse_spec, read_pipeline, read_pipelines, read_steps
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.orchestrate.wording import worded

LEAST = """\
version: 1
name: orders
extract: {files: a.csv}
load: {to: "sqlite:///x.db", table: t}
"""


def mistakes(text: str) -> list[str]:
    """Return what is wrong with a pipeline file, without its name."""
    with pytest.raises(SpecInvalid) as caught:
        parse_spec(text, PipelineSpec, name="p.yaml")
    assert caught.value.exit_code == 78
    return [mistake.removeprefix("p.yaml:") for mistake in caught.value.mistakes]


def pipeline(folder: Path, name: str, *needs: str) -> Path:
    """Write a small pipeline file."""
    path = folder / f"{name}.yaml"
    path.write_text(LEAST.replace("name: orders", f"name: {name}\nneeds: [{', '.join(needs)}]"))
    return path


def test_the_least_file_is_read() -> None:
    """Version, name, extract and load are enough."""
    spec = parse_spec(LEAST, PipelineSpec, name="p.yaml")
    assert (spec.name, spec.clean, spec.validation.contract) == ("orders", (), None)


def test_all_mistakes_are_listed_in_the_order_of_the_file() -> None:
    """Nobody has to run a file five times to find five mistakes."""
    found = mistakes(
        LEAST.replace("version: 1", "version: 2").replace("files:", "fils:").replace("table: t", "table: t, a: 1, a: 2")
        + "clean: [{step: stirp}, {stp: strip}, 5]\n"
    )
    assert [mistake.split(": ")[:2] for mistake in found] == [
        ["1:10", "version"],
        ["3:11", "extract.fils"],
        ["4:40", "load.a"],
        ["4:46", "load.a"],
        ["5:16", "clean[0].step"],
        ["5:25", "clean[1].stp"],
        ["5:38", "clean[2]"],
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("needs: orders", "5:1: needs[0]: a pipeline cannot need itself"),
        ("needs: [orders]", "needs[0]: a pipeline cannot need itself"),
        ("needs: {a: b}", "5:1: needs: expected text or a list, not a mapping (key: value)"),
        ("needs: ''", "5:8: needs: must not be empty"),
        ("clean: [{step: strip, columns: []}]", "5:23: clean[0].columns: must not be empty"),
        ("clean: [{step: strip, columns: ''}]", "clean[0].columns: must not be empty"),
        ("validate: {max_rejects: true}", "validate.max_rejects: expected a number, not true"),
        ("validate: {max_rejects: 1.5}", "validate.max_rejects: expected a whole number, not the number 1.5"),
        ("validate: {max_rejects: many}", "validate.max_rejects: expected a whole number, not the text 'many'"),
        ("validate: {max_rejects: -1}", "validate.max_rejects: must be at least 0, not the number -1"),
        ("validate: {max_reject_share: 1}", "validate.max_reject_share: must be less than 1.0, not the number 1"),
        ("validate: {contract: {a: {nullable: maybe}}}", "expected true or false, not the text 'maybe'"),
        ("validate: {contract: {a: }}", "validate.contract.a: expected a mapping (key: value), not nothing (null)"),
        ("validate: {contract: {a: {type: decimal}}}", "'decimal' is no column type"),
        ("validate: {drift: freeze}", "validate.drift: expected a mapping (key: value), not the text 'freeze'"),
        ("validate: {drift: {types: quarantin}}", "'quarantin' is not valid here; did you mean 'quarantine'?"),
        ("clean: [{columns: all}]", "clean[0]: the key 'step' or 'route' or 'when' is missing"),
        ("clean: {step: strip}", "clean: expected a list, not a mapping (key: value)"),
        ("clean: [{step: strip, columns: {a: b}}]", "clean[0].columns: expected a list or 'all', not a mapping"),
        ("description: [a]", "description: expected text, not a list"),
        ("description:", "description: expected text, not nothing (null)"),
    ],
)
def test_wrong_values_are_explained_without_jargon(line: str, said: str) -> None:
    """A message names kinds of values as people do."""
    (found,) = mistakes(LEAST + line + "\n")
    assert said in found
    assert "nput should" not in found


@pytest.mark.parametrize("kind", get_args(ErrorType))
def test_no_error_of_pydantic_leaks_its_jargon(kind: str) -> None:
    """Whatever pydantic finds, nobody is told what an input should be."""
    context = dict.fromkeys(
        (
            "error",
            "gt",
            "ge",
            "lt",
            "le",
            "multiple_of",
            "min_length",
            "max_length",
            "actual_length",
            "pattern",
            "expected",
        ),
        "1",
    )
    said = worded({"type": kind, "msg": "Input should be a thing, unable to parse input", "ctx": context}, "x")
    assert "nput should" not in said


def test_numbers_and_truth_values_are_text_where_text_belongs() -> None:
    """Columns named after years, countries and numbers keep their spelling."""
    spec = parse_spec(
        LEAST + "validate: {contract: {2024: {type: text, one_of: [no, 1.10, 007]}, no: {}}}\n"
        "clean: [{step: strip, columns: [2024, no]}, {step: strip, columns: no}]\ndescription: 1.0\n",
        PipelineSpec,
        name="p.yaml",
    )
    assert isinstance(spec.validation.contract, dict)
    assert list(spec.validation.contract) == ["2024", "no"]
    assert spec.validation.contract["2024"].one_of == ("no", "1.10", "007")
    assert [step.reads(()) for step in spec.clean] == [("2024", "no"), ("no",)]
    assert spec.description == "1.0"


def test_yes_and_no_are_truth_values_only_where_one_belongs() -> None:
    """In a field for true or false, yes and no mean what they say."""
    spec = parse_spec(LEAST + "validate: {contract: {a: {nullable: yes, unique: no}}}", PipelineSpec, name="p.yaml")
    assert isinstance(spec.validation.contract, dict)
    column = spec.validation.contract["a"]
    assert (column.nullable, column.unique) == (True, False)


def test_a_password_in_a_file_is_never_repeated() -> None:
    """A mistake beside or in a URL does not show its password."""
    text = (
        LEAST.replace('"sqlite:///x.db"', "[postgresql://ann:hunter2@db/x]")
        + 'version2: "postgresql://a:hunter2@b/c"\n'
    )
    text += 'commit: "postgresql://ann:hunter2@db/x"\nnme: "postgresql://ann:hunter2@db/x"\n'
    assert "hunter2" not in "\n".join(mistakes(text))


@pytest.mark.parametrize(
    ("keep", "name"),
    [
        ("{column: a, matchs: x}", "4:42: clean[0].keep.matchs"),
        ("[{column: a, matchs: x}]", "4:43: clean[0].keep[0].matchs"),
    ],
)
def test_a_slip_in_a_condition_is_one_mistake(keep: str, name: str) -> None:
    """Also where one condition stands for a list of them; the list is not called empty for it."""
    text = LEAST.replace("load:", f"clean: [{{step: filter, keep: {keep}}}]\nload:")
    (mistake,) = mistakes(text)
    assert mistake.startswith(f"{name}: unknown key; did you mean 'matches'?; valid: column, is, in,")
    for wrong in ("{column: a}", "[{column: a}]"):
        (mistake,) = mistakes(text.replace(keep, wrong))
        assert "a condition needs one of" in mistake
    (mistake,) = mistakes(text.replace(keep, "[]"))
    assert "must not be empty" in mistake


def test_a_password_in_an_object_is_never_repeated() -> None:
    """Nor does one who writes a pipeline in Python see it in the exception."""
    with pytest.raises(ValidationError) as caught:
        PipelineSpec.model_validate({"name": "x", "load": {"to": "postgresql://ann:hunter2@db/x"}})
    assert "hunter2" not in str(caught.value)


def test_columns_of_the_load_must_be_in_the_contract() -> None:
    """A slip in primary_key, newest_by or indexes is found without reading data."""
    found = mistakes(
        LEAST.replace(
            "table: t", "table: t, write_disposition: merge, primary_key: [ordr_id], newest_by: b, indexes: [[a, c]]"
        )
        + "validate: {contract: {order_id: {}, a: {}}}\n"
    )
    assert [mistake.split(": ")[1] for mistake in found] == [
        "load.primary_key[0]",
        "load.newest_by",
        "load.indexes[0][1]",
    ]
    assert "did you mean 'order_id'" in found[0]


def test_a_missing_file_names_those_that_are_near(tmp_path: Path) -> None:
    """A slip in a file's name is answered with the file that was meant."""
    pipeline(tmp_path, "orders")
    with pytest.raises(NoInput, match=r"orders\.yaml"):
        read_pipeline(tmp_path / "order.yaml")
    with pytest.raises(NoInput, match="folder"):
        read_pipeline(tmp_path)


def test_a_file_that_is_not_utf8_is_refused_with_the_place(tmp_path: Path) -> None:
    """The first byte that is wrong is named with its line."""
    path = tmp_path / "p.yaml"
    path.write_bytes(b"version: 1\nname: \xe4\n")
    with pytest.raises(SpecInvalid, match=r"p\.yaml:2:7: not UTF-8: the byte 0xE4"):
        read_pipeline(path)


def test_an_empty_file_is_a_mistake(tmp_path: Path) -> None:
    """A file of comments alone holds no pipeline."""
    path = tmp_path / "p.yaml"
    path.write_text("# nothing\n")
    with pytest.raises(SpecInvalid, match="the file is empty"):
        read_pipeline(path)


def test_pipelines_come_after_those_that_they_need(tmp_path: Path) -> None:
    """Needs decide the order; what they leave open stays as given."""
    paths = [
        pipeline(tmp_path, "d"),
        pipeline(tmp_path, "a", "c"),
        pipeline(tmp_path, "b"),
        pipeline(tmp_path, "c", "b"),
    ]
    assert [spec.name for spec in read_pipelines(paths)] == ["d", "b", "c", "a"]


def test_a_circle_of_needs_is_refused(tmp_path: Path) -> None:
    """The pipelines of the circle are named."""
    paths = [pipeline(tmp_path, "a", "b"), pipeline(tmp_path, "b", "a")]
    with pytest.raises(ConfigurationError, match=r"(a needs b needs a|b needs a needs b)$"):
        read_pipelines(paths)


def test_a_need_that_is_not_given_is_refused_with_near_names(tmp_path: Path) -> None:
    """A slip in needs is answered with the pipeline that was meant."""
    paths = [pipeline(tmp_path, "orders", "custmers"), pipeline(tmp_path, "customers")]
    with pytest.raises(ConfigurationError, match="did you mean 'customers'"):
        read_pipelines(paths)


def test_one_pipeline_may_run_alone(tmp_path: Path) -> None:
    """What it needs may have run before."""
    assert len(read_pipelines([pipeline(tmp_path, "orders", "customers")])) == 1


def test_two_pipelines_of_one_name_are_refused(tmp_path: Path) -> None:
    """Both files are named."""
    other = tmp_path / "other.yaml"
    other.write_text(pipeline(tmp_path, "orders").read_text())
    with pytest.raises(ConfigurationError, match="two pipelines are named 'orders'"):
        read_pipelines([tmp_path / "orders.yaml", other])


def test_the_mistakes_of_all_files_are_listed(tmp_path: Path) -> None:
    """One wrong file does not hide the next."""
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text(LEAST.replace("name: orders", f"nam: {name}"))
    with pytest.raises(SpecInvalid) as caught:
        read_pipelines([tmp_path / "a.yaml", tmp_path / "b.yaml"])
    next_command = caught.value.next_command or ""
    assert next_command == f"etl-agent check {tmp_path / 'a.yaml'} {tmp_path / 'b.yaml'}"
    assert len(caught.value.mistakes) == 2


def test_a_list_of_steps_is_read(tmp_path: Path) -> None:
    """A steps file holds what may stand under clean."""
    path = tmp_path / "steps.yaml"
    path.write_text("- {step: strip, columns: a}\n")
    assert [step.name for step in read_steps(path)] == ["strip"]
    path.write_text("- {step: strip, colums: a}\n")
    with pytest.raises(SpecInvalid, match=r"steps\.yaml:1:17: \[0\]\.colums: unknown key; did you mean 'columns'"):
        read_steps(path)


def test_a_branch_needs_an_arm() -> None:
    """A condition that decides nothing is a mistake."""
    (found,) = mistakes(LEAST + "clean: [{when: {measure: row_count, gt: 3}}]\n")
    assert "a branch needs nodes under then or otherwise" in found
