"""A pipeline that is written as a file is the same when it is read, and looks as if a person had written it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.clean.examples import examples
from etl_agent.clean.union import STEPS
from etl_agent.orchestrate.file import parse_spec, read_pipeline
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.orchestrate.written import flow, write_pipeline

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```yaml[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEXTS = [
    match[1] for path in DOCUMENTS for match in BLOCK.finditer(path.read_text()) if match[1].startswith("version:")
]
HOSTILE = [
    "yes", "no", "y", "on", "NULL", "~", "true", "00123", "0o17", "0x1F", "1.10", "1e3", ".5", "12:30", "190:20:30",
    "2025-04-03", "2025-04-03 12:00:00", "+1", "-", "--", "=", "<<", "!tag", "&a", "*a", "%x", "@x", "`x`", "# x",
    "x #", "x # y", "a: b", "a:", ":a", "? a", "- a", "[a", "{a}", "a, b", "a]", "'", '"', "\\", "\\n", " a", "a ",
    "a\nb",
    "a\r\nb", "\n", "\t", "\0", "\x1b[2J", "\x85", "\u2028", "\u202e", "\u200b", "\ufeff", "\u00a0",
    "\U0001f600", "👩\u200d👩", "${HOME}", "${A:-b}", "$$", "{date}",
    "a" * 200, "--- a", "...", "Größe (cm)", "🙂: #",
    "\U0010ffff", "|", ">", "1_000",
    "name.with.dots", "clean.0", "'; drop table x; --", "n: {a: b}", "null\n", "inf", ".inf", ".nan", "-0", "0.0",
    "1.0",
]  # fmt: skip
"""Text that some reader of YAML takes for something else."""
texts = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(codec="utf-8"), max_size=8).map(lambda text: text or "_")
)


def made(**changes: Any) -> PipelineSpec:
    """Make a small pipeline."""
    said = {"extract": {"files": ["a.csv"]}, "load": {"to": "sqlite:///w.db", "table": "t"}, **changes}
    return PipelineSpec.model_validate({"version": 1, "name": "a", **said})


def read(text: str) -> PipelineSpec:
    """Read what was written."""
    return parse_spec(text, PipelineSpec, name="written")


@pytest.mark.parametrize("path", sorted((ROOT / "pipelines").glob("*.yaml")), ids=lambda path: path.name)
def test_the_pipelines_of_the_project_come_back(path: Path) -> None:
    """What the project's own files say is not changed by writing it."""
    spec = read_pipeline(path)
    assert read(write_pipeline(spec)) == spec


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_the_pipelines_of_the_documents_come_back(text: str) -> None:
    """What the documents show is not changed by writing it."""
    spec = read(text)
    assert read(write_pipeline(spec)) == spec


def test_all_that_a_file_may_say_comes_back() -> None:
    """A file that uses every section comes back, also when the key of every line has a comment."""
    spec = read_pipeline(Path(__file__).parent / "rich.yaml")
    said = {
        key: f"about {key}: # - [" for key in ("", "load", "load.to", "clean", "clean.0", "validate.contract.email")
    }
    assert read(write_pipeline(spec, comments=said)) == spec


@pytest.mark.parametrize("kind", STEPS, ids=lambda kind: kind.model_fields["step"].default)
def test_every_step_comes_back(kind: Any) -> None:
    """A step with the parameters of any of its examples comes back as it is."""
    for example in examples(kind):
        spec = made(clean=[example.parameters | {"step": kind.model_fields["step"].default}])
        assert read(write_pipeline(spec)) == spec


@settings(max_examples=60, deadline=None)
@given(draw=st.data())
def test_hostile_names_and_values_come_back(draw: st.DataObject) -> None:
    """No name and no value can become another one, a comment or a key."""
    a, b, c = (draw.draw(texts) for _ in range(3))
    spec = made(
        description=a,
        extract={"files": [b, c], "add": {a: {"value": b}}},
        validate={"contract": {a: {"one_of": [b, c], "description": c}, f"{a}!": {"nullable": True}}},
        clean=[
            {"step": "map_values", "columns": [a], "values": {b: c}},
            {"step": "null_markers", "columns": [a], "markers": [b, ""]},
            {"step": "rename", "columns": {f"{a}!": f"{b}."}},
            {"step": "python", "use": "m:C", "with": {a: [b, 1, True, None, {c: 0.5}]}},
        ],
        load={"to": b, "table": c, "schema": a, "primary_key": [a, f"{a}!"], "write_disposition": "merge"},
    )
    text = write_pipeline(spec, comments={"load": f"{a}\n{b}", f"validate.contract.{a}": c, "clean.1": b, "": a})
    assert read(text) == spec


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_text_means_the_same_to_other_readers(text: str) -> None:
    """Readers of YAML 1.1 take a value for the text that it is."""
    assert yaml.safe_load(write_pipeline(made(description=text))).get("description", "") == text


@pytest.mark.parametrize(
    "text", ["orders", "in transit", "n/a", "k. A.", "%Y-%m-%d"[1:], "Größe", "°C", "a.csv", "data/*.csv"]
)
def test_plain_text_has_no_quotes(text: str) -> None:
    """Quotes stand only where they are needed."""
    assert f"description: {text}\n" in write_pipeline(made(description=text))


def test_what_cannot_be_seen_is_spelled_out() -> None:
    """Signs that turn the direction of text, and other invisible ones, cannot hide anything from a review."""
    text = write_pipeline(made(description="a\u202eb\u200bc\x1b[2J"), comments={"load": "x\u202ey\x1bz"})
    assert all(sign.isprintable() or sign == "\n" for sign in text)


def test_defaults_are_left_out() -> None:
    """A file says what is chosen, and what a reader looks for first."""
    assert write_pipeline(made()) == (
        "version: 1\nname: a\nextract: {files: a.csv}\n"
        "load:\n  to: sqlite:///w.db\n  table: t\n  write_disposition: append\n"
    )


def test_the_keys_of_the_file_are_used() -> None:
    """Keys stand as files write them, also where the attribute is called otherwise."""
    text = write_pipeline(made(validate={"types": "infer"}, load={"to": "x", "table": "t", "schema": "s"}))
    assert "\nvalidate:\n  types: infer\n" in text
    assert "\n  schema: s\n" in text


def test_short_lists_stand_on_one_line_and_long_ones_do_not() -> None:
    """No line is longer than 120 characters where it can be parted."""
    few, many = [f"column_{number}" for number in range(3)], [f"column_{number}" for number in range(40)]
    text = write_pipeline(made(clean=[{"step": "strip", "columns": names} for names in (few, many)]))
    assert "  - {step: strip, columns: [column_0, column_1, column_2]}\n  - step: strip\n    columns:\n      - " in text
    assert max(map(len, text.splitlines())) <= 120


def test_what_a_mapping_is_about_comes_first() -> None:
    """A step begins with its name, and a condition with its measure."""
    branch = {"when": {"ge": 5, "measure": "row_count"}, "then": [{"columns": ["a"], "step": "email"}]}
    text = write_pipeline(made(clean=[branch]))
    assert "  - {when: {measure: row_count, ge: 5}, then: [{step: email, columns: [a]}]}\n" in text


def test_bounds_of_numbers_are_numbers() -> None:
    """A bound is written as people do; of text that looks like a number the quotes stay."""
    contract = {"k": {"type": "integer", "min": 0, "one_of": [1, 2]}, "t": {"one_of": ["1", "2"]}}
    text = write_pipeline(made(validate={"contract": contract}))
    assert "k: {type: integer, min: 0, one_of: [1, 2]}" in text
    assert 't: {type: text, one_of: ["1", "2"]}' in text


def test_a_comment_stands_above_its_key() -> None:
    """A reason is where the choice is; one about a key within a line stands above that line."""
    spec = made(validate={"contract": {"a": {"type": "integer"}}}, clean=[{"step": "strip"}])
    said = {"validate.contract.a.type": "whole numbers", "clean.0": "blanks", "load.indexes": "none", "": "all of it"}
    lines = write_pipeline(spec, comments=said).splitlines()
    assert lines[0] == "# all of it"
    assert [lines[at + 1] for at, line in enumerate(lines) if line.lstrip().startswith("#")] == [
        "version: 1", "    a: {type: integer}", "  - {step: strip, columns: all}", "load:"
    ]  # fmt: skip


def test_a_long_comment_is_parted() -> None:
    """A comment keeps to the width of the file."""
    text = write_pipeline(made(), comments={"load.table": "why " * 100})
    assert max(map(len, text.splitlines())) <= 120
    assert text.count("why") == 100


def test_a_very_long_name_comes_back() -> None:
    """YAML wants a question mark before long keys; a column may have one."""
    spec = made(validate={"contract": {"x" * 3000: {}, "a": {}}})
    assert read(write_pipeline(spec)) == spec


def test_a_value_in_flow_style() -> None:
    """A part of a pipeline is written on one line, for a report of what was changed."""
    assert flow(["order_id", "yes"]) == '[order_id, "yes"]'
    assert flow("merge") == "merge"
