"""Where a pipeline's files are."""

from datetime import date
from pathlib import Path

import pytest

from etl_agent.errors import ConfigurationError, NoInput
from etl_agent.paths import expand, find_files, from_environment, project_folder

DAY = date(2025, 4, 3)


def test_project_is_the_folder_that_holds_pipelines(tmp_path):
    """A pipeline file in pipelines/, or below it, belongs to the folder above."""
    assert project_folder(tmp_path / "pipelines" / "orders.yaml") == tmp_path
    assert project_folder(tmp_path / "pipelines" / "daily" / "orders.yaml") == tmp_path


def test_project_of_a_lone_file_is_its_own_folder(tmp_path):
    """Without pipelines/ paths are relative to the pipeline file."""
    assert project_folder(tmp_path / "orders.yaml") == tmp_path


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("in/{date}.csv", "in/2025-04-03.csv"),
        ("in/{date:%Y%m%d}_{shop}.csv", "in/20250403_kiel.csv"),
        ("{{date}}", "{date}"),
        ("plain.csv", "plain.csv"),
        ("{project}/x", "/p/x"),
    ],
)
def test_templates_are_filled_in(pattern, path):
    """The day, the project and the variables stand in braces."""
    assert expand(pattern, project=Path("/p"), variables={"shop": "kiel"}, as_of=DAY) == path


def test_unknown_variable_names_its_near_matches():
    """A typo in a template is met with the name that was meant."""
    with pytest.raises(ConfigurationError, match=r"did you mean \{shop\}") as caught:
        expand("{shpo}.csv", project=Path("/p"), variables={"shop": "kiel"}, as_of=DAY)
    assert "{date}" in caught.value.choices


def test_only_the_date_has_a_format():
    """A format on another variable is an error, not text."""
    with pytest.raises(ConfigurationError, match="format"):
        expand("{shop:%Y}", project=Path("/p"), variables={"shop": "kiel"}, as_of=DAY)


@pytest.mark.parametrize(
    ("text", "value"),
    [("${DB}", "x"), ("${NONE:-y}", "y"), ("${EMPTY:-y}", "y"), ("a$$b${DB}", "a$bx"), ("${NONE:-}", "")],
)
def test_environment_is_filled_in(text, value):
    """A default stands in for what is not set or empty."""
    assert from_environment(text, environ={"DB": "x", "EMPTY": ""}) == value


def test_missing_environment_variable_is_an_error_without_values():
    """The error names near variables and shows no value."""
    with pytest.raises(ConfigurationError, match="did you mean DATABASE_URL") as caught:
        from_environment("${DATABSE_URL}", environ={"DATABASE_URL": "secret"})
    assert "secret" not in str(caught.value)


def test_an_empty_variable_without_a_default_is_an_error():
    """An empty URL would only be told as one that cannot be read."""
    with pytest.raises(ConfigurationError, match="EMPTY is empty"):
        from_environment("${EMPTY}", environ={"EMPTY": ""})


@pytest.fixture
def project(tmp_path):
    """A folder with a few files."""
    for name in ("in/b.csv", "in/a.csv", "in/c.csv.gz", "in/d.csv.part", "in/.e.csv", "in/deep/f.csv", "in/g.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ("in/a.csv", ["a.csv"]),
        ("in", ["a.csv", "b.csv", "c.csv.gz"]),
        ("in/*.csv", ["a.csv", "b.csv"]),
        ("in/**/*.csv", ["a.csv", "b.csv", "f.csv"]),
        ("in/[ab].csv", ["a.csv", "b.csv"]),
        (["in/b.csv", "in/a.csv", "in/*.csv", "./in/../in/a.csv"], ["a.csv", "b.csv"]),
    ],
)
def test_patterns_find_files_sorted_and_once(project, patterns, names):
    """A path, a folder, globs and a list of them give each file once, in the order of their paths."""
    assert [path.name for path in find_files(patterns, project=project)] == names


def test_the_working_directory_does_not_matter(project, monkeypatch):
    """Relative paths start at the project."""
    monkeypatch.chdir(project / "in")
    assert [path.name for path in find_files("in/a.csv", project=project)] == ["a.csv"]


def test_a_name_with_glob_characters_is_found_as_it_is(project):
    """A file that exists under the very name is meant."""
    (project / "x[1].csv").touch()
    assert [path.name for path in find_files("x[1].csv", project=project)] == ["x[1].csv"]


def test_a_symbolic_link_to_a_listed_file_adds_nothing(project):
    """The same file under two names is read once."""
    (project / "in" / "z.csv").symlink_to(project / "in" / "a.csv")
    assert [path.name for path in find_files("in/*.csv", project=project)] == ["a.csv", "b.csv"]


@pytest.mark.parametrize("pattern", ["in/aa.csv", "inn/a.csv", "in/x*.csv", "in/deep/deeper"])
def test_what_matches_nothing_is_no_input_with_near_names(project, pattern):
    """The error tells what is there instead."""
    with pytest.raises(NoInput) as caught:
        find_files(pattern, project=project)
    assert caught.value.choices
    assert caught.value.where == pattern


def test_a_folder_without_tables_is_no_input(tmp_path):
    """An empty folder is an error, not an empty dataset."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoInput, match=r"no \.csv file"):
        find_files("empty", project=tmp_path)
