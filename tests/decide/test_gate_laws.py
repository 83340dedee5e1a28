"""Laws of the gate: every step of the catalogue can be judged, on any rows, always with the same answer."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from etl_agent.clean.examples import Example, examples
from etl_agent.clean.python import PythonStep
from etl_agent.clean.step import Step
from etl_agent.clean.union import STEPS, AnyStep
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.gate import judge
from etl_agent.decide.gate.amounts import number_reading
from etl_agent.decide.gate.readings import reading
from etl_agent.errors import EtlAgentError

ANY: TypeAdapter[Step] = TypeAdapter(AnyStep)
EXAMPLES = [(kind, example) for kind in STEPS if kind is not PythonStep for example in examples(kind)]
CELLS = (
    None, "", " ", "  a  b ", "N/A", "-", "?", "0", "1", "-1", "007", "1,234.50", "1.234,50", "$1,234.50", "(12)",
    "12 kg", "50%", "1e5", "NaN", "inf", "99999999999999999999", "1e999999999", "2025-04-03", "03/04/2025",
    "2025-02-30", "99999999999/1/2", "1/2/99999999999999999999", "2025-04-03T12:30:00+02:00", "9:05 a.m.",
    "yes", "No", "user@example.com", "+49 30 901820", "straße",
    "İ", "é", "10²", "½", "\u200bx", "schÃ¶n", "\x00", "x" * 500, "1" * 300, "٣", "(((((", ".,.,.,.,",
)  # fmt: skip


@pytest.mark.parametrize(("kind", "example"), EXAMPLES, ids=lambda each: getattr(each, "__name__", ""))
def test_every_step_can_be_judged_on_its_own_examples(kind: type[Step], example: Example) -> None:
    """Whatever the step does, the gate has an answer, and the same one again."""
    step = ANY.validate_python({"step": kind.model_fields["step"].default, **example.parameters})
    evidence = Evidence(example.batch(), example.batch().num_rows)
    try:
        pinned = evidence.pinned(step)
    except EtlAgentError:
        return
    assert judge(pinned, evidence) == judge(pinned, Evidence(example.batch(), example.batch().num_rows))


@given(cells=st.lists(st.sampled_from(CELLS), max_size=30), at=st.integers(0, len(EXAMPLES) - 1))
@settings(max_examples=150, deadline=None)
def test_no_cells_are_too_strange(cells: list[str | None], at: int) -> None:
    """Hostile cells make no error, whatever step is judged on them."""
    kind, example = EXAMPLES[at]
    step = ANY.validate_python({"step": kind.model_fields["step"].default, **example.parameters})
    columns = dict.fromkeys([*example.before, "other"], pa.array(cells, pa.string()))
    evidence = Evidence(pa.RecordBatch.from_pydict(columns), len(cells))
    try:
        pinned = evidence.pinned(step)
    except EtlAgentError:
        return
    assert judge(pinned, evidence).reason


@given(before=st.text(max_size=40), after=st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_two_texts_have_a_reading(before: str, after: str) -> None:
    """Every change is of some relation."""
    assert reading(before, after).relation


@pytest.mark.parametrize(
    ("before", "after", "relation"),
    [
        (" a\u00a0b ", "a b", "blanks"),
        ("schÃ¶n", "schön", "blanks"),
        ("Straße", "STRASSE", "case"),
        ("10²", "102", "value"),
        ("St. Louis", "St Louis", "marks"),
        ("C#", "C", "noise"),
        ("-5", "5", "value"),
        ("1.5", "15", "value"),
        ("($1,234.00)", "$1,234.00", "value"),
        ("1,234.50", "1234.50", "number"),
        ("1.234,50", "1234.50", "number"),
        ("12,5", "12.5", "number"),
        ("12.5", "12,5", "number"),
        ("1,23,456", "123456", "number"),
        ("1,2345", "12345", "value"),
        ("(12.00)", "-12.00", "number"),
        ("14.0 oz", "14", "unit"),
        ("$5", "5", "unit"),
        ("5 %", "0.05", "unit"),
        ("2 kg", "2000", "converted"),
        ("2 kg", "20", "value"),
        ("1.0", "1", "digits"),
        ("0.07000000000000001", "0.07", "rounded"),
        ("0.0701", "0.07", "value"),
        ("007", "7", "zeros"),
        ("31/12/2024", "2024-12-31", "moment"),
        ("31/12/2024", "2024-11-30", "value"),
        ("3 Apr 2025 1:05 pm", "2025-04-03 13:05:00", "moment"),
        ("04/13/2025 14:05", "2025-04-13", "value"),
        ("2020-04-14", "4/14/2020", "moment"),
        ("Thu 20:00", "8:00 p.m.", "clock"),
        ("20:00", "8:00 a.m.", "value"),
        ("12/02/2011 00:15", "12:15 a.m.", "clock"),
        ("9:05 am", "09:05", "moment"),
        ("yes", "true", "truth"),
        ("yes", "false", "value"),
        ("N/A", "-", "missing"),
        ("(212) 555-0123", "+12125550123", "phone"),
        ("(212) 555-0123", "+12125550124", "value"),
        ("mailto:Ann@X.org", "Ann@x.org", "address"),
        ("1/2/99999999999999999999", "1/3/99999999999999999999", "value"),
        ("~growth", "growth", "noise"),
    ],
)
def test_what_a_change_does_is_read_from_both_texts(before: str, after: str, relation: str) -> None:
    """A change is of a format only where the digits, letters or moments are the same."""
    assert reading(before, after).relation == relation


def test_a_number_with_marks_is_not_sure_of_itself_where_three_digits_follow() -> None:
    """1,234 can be read in two ways, 12,5 and 1,234.5 in one."""
    cells = {"1,234": "1234", "12,5": "12.5", "1,234.5": "1234.5"}
    sure = {before: found.certain for before, after in cells.items() if (found := number_reading(before, after))}
    assert sure == {"1,234": False, "12,5": True, "1,234.5": True}
