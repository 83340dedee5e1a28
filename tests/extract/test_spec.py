"""What may be said of the files to read."""

import pytest
from pydantic import ValidationError

from etl_agent.extract.spec import Extract

WRONG = [
    ({"files": ()}, "at least 1 item"),
    ({"files": "a", "delimiter": "::"}, "not one ASCII character"),
    ({"files": "a", "delimiter": "\n"}, "no line end"),
    ({"files": "a", "delimiter": '"', "quote": '"'}, "the same character"),
    ({"files": "a", "quote": "'", "quoting": "none"}, "has no quote"),
    ({"files": "a", "encoding": "utf8x"}, "no encoding"),
    ({"files": "a", "encoding": "cp037"}, "no encoding"),
    ({"files": "a", "encoding": "base64"}, "no encoding"),
    ({"files": "a", "names": ("x", " X")}, "same name"),
    ({"files": "a", "names": ("x", "")}, "empty name"),
    ({"files": "a", "comment": ""}, "at least one character"),
    ({"files": "a", "add": {"x": {"from": "file_name", "pattern": "a(b)(c)"}}}, "2 groups"),
    ({"files": "a", "add": {"x": {"from": "file_name", "pattern": "("}}}, "no regular expression"),
    ({"files": "a", "add": {"x": {}}}, "exactly one of from and value"),
    ({"files": "a", "delimeter": ","}, "Extra inputs"),
]


@pytest.mark.parametrize(("given", "message"), WRONG)
def test_what_cannot_work_is_refused(given, message):
    """Each mistake is an error that says what is valid."""
    with pytest.raises(ValidationError, match=message):
        Extract(**given)


def test_named_delimiters_and_single_paths():
    """YAML files may say tab, and one path needs no list."""
    spec = Extract(files="a.csv", delimiter="tab")
    assert (spec.files, spec.delimiter) == (("a.csv",), "\t")


def test_spec_goes_through_json():
    """What is read from JSON is what was written."""
    spec = Extract(files="a.csv", delimiter="tab", add={"x": {"from": "file_name"}}, preamble=3)
    assert Extract.model_validate_json(spec.model_dump_json()) == spec
