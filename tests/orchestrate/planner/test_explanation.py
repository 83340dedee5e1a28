"""A draft is told in words that a person can review: what happens, who chose it, and what was not understood."""

from __future__ import annotations

from typing import Any, get_args

from etl_agent.orchestrate.meanings import FINDINGS
from etl_agent.orchestrate.planner.draft import By, PlanDraft, Point
from etl_agent.orchestrate.planner.explanation import CHOSEN_BY, destroys, explained
from etl_agent.orchestrate.planner.findings import Finding, FindingKind
from etl_agent.orchestrate.planner.revision import Change, Revision
from etl_agent.orchestrate.sequential import PipelineSpec


def pipeline(name: str = "orders", **changes: Any) -> PipelineSpec:
    """Make a small pipeline."""
    load = {"to": "sqlite:///w.db", "table": name, **changes.pop("load", {})}
    return PipelineSpec.model_validate(
        {"version": 1, "name": name, "extract": {"files": f"data/{name}.csv"}, "load": load, **changes}
    )


def told(*pipelines: PipelineSpec, findings: tuple[Finding, ...] = (), **draft: Any) -> str:
    """Tell a draft."""
    return "\n".join(explained(PlanDraft(goal="load", pipelines=pipelines, **draft), findings=findings))


def test_pipelines_stand_in_their_order_with_where_their_rows_go() -> None:
    """A reader sees first what goes where."""
    text = told(pipeline("customers"), pipeline("orders", needs=["customers"]))
    assert text.index("1. customers") < text.index("2. orders")
    assert "data/orders.csv -> orders in sqlite:///w.db" in text
    assert "after:    customers" in text


def test_mode_key_and_newest_are_told() -> None:
    """How rows come into the table stands on one line."""
    load = {"write_disposition": "merge", "strategy": "scd2", "primary_key": ["id", "day"], "newest_by": "at"}
    assert "load:     merge (scd2), key id, day, newest by at" in told(pipeline(load=load))


def test_columns_of_which_the_same_is_asked_stand_together() -> None:
    """A contract of many columns stays readable."""
    contract = {name: {"type": "date"} for name in ("ordered", "paid")} | {"email": {"format": "email", "unique": True}}
    text = told(pipeline(validate={"contract": contract}))
    assert "date, not null: ordered, paid" in text
    assert "text, not null, unique, email: email" in text


def test_steps_are_told_by_name_and_columns() -> None:
    """Every node of the cleaning is told, also routes and branches."""
    clean = [
        {"step": "strip", "columns": "all"},
        {"route": "days", "columns": ["at"], "among": ["us_dates", "eu_dates"]},
        {"when": {"measure": "has_column", "column": "x"}, "then": [{"step": "case", "columns": ["x"], "to": "lower"}]},
    ]
    text = told(pipeline(clean=clean))
    assert "cleaned:  strip\n" in text
    assert "days: one of us_dates, eu_dates (by auto) on at" in text
    assert "under a condition case on x, otherwise nothing" in text


def test_no_values_are_told() -> None:
    """What stands in a contract or a step may be text of cells; an explanation has none of it."""
    text = told(
        pipeline(
            validate={"contract": {"town": {"one_of": ["Secretville"]}, "n": {"type": "integer", "min": 4711}}},
            clean=[{"step": "map_values", "columns": ["town"], "values": {"Hiddenham": "Secretville"}}],
        )
    )
    assert "text, not null, one value: town" in text
    assert not any(value in text for value in ("Secretville", "Hiddenham", "4711"))


def test_bounds_of_the_goal_are_told() -> None:
    """What the user said can be held against the plan, word for word."""
    points = (
        Point(pipeline="orders", key="validate.contract.town.one_of", reason="the goal says so", by="goal"),
        Point(pipeline="orders", key="validate.contract.n.min", reason="the goal says so", by="goal"),
    )
    contract = {"town": {"one_of": ["Kiel", "Bonn"]}, "n": {"type": "integer", "min": 1, "max": 4711}}
    text = told(pipeline(validate={"contract": contract}), points=points)
    assert "text, not null, one of Kiel, Bonn: town" in text
    assert "integer, not null, at least 1, at most a bound: n" in text


def test_every_choice_has_its_reason_and_who_made_it() -> None:
    """Choices of one reason stand together; that a type is as the data show it is not worth a line."""
    points = (
        Point(pipeline="orders", key="load.primary_key", reason="the goal says so", by="goal"),
        Point(pipeline="orders", key="load.newest_by", reason="its name says so", by="profile"),
        Point(pipeline="orders", key="validate.contract.a.type", reason="every value fits", by="profile"),
        Point(pipeline="orders", key="validate.contract.b.type", reason="too few fit", by="evidence"),
        Point(pipeline="orders", key="validate.contract.c.type", reason="too few fit", by="evidence"),
        Point(pipeline="other", key="load.table", reason="not of this one", by="goal"),
    )
    text = told(pipeline(), points=points)
    assert "because:  the goal says so (your goal): load.primary_key" in text
    assert "its name says so (the data): load.newest_by" in text
    assert "too few fit (a revision): b.type, c.type" in text
    assert "every value fits" not in text
    assert "not of this one" not in text


def test_what_was_not_understood_is_quoted_word_for_word() -> None:
    """Words that nothing was made of are never silently ignored."""
    text = told(pipeline(), not_understood=("before breakfast",), left_out=("returns",), notes=("no model answered",))
    assert "not understood: 'before breakfast'" in text
    assert "left out: returns" in text
    assert "note: no model answered" in text


def test_what_would_be_destroyed_is_said() -> None:
    """A replace and a delete are told; adding and updating rows are not called so."""
    assert "every row that is in orders now" in told(pipeline(load={"write_disposition": "replace"}))
    merge = {"write_disposition": "merge", "primary_key": "id"}
    assert destroys(pipeline(load=merge | {"strategy": "delete-insert"})) is not None
    absent = destroys(pipeline(load=merge | {"absent": "delete"}))
    assert absent is not None
    assert "whose key is not in the new data" in absent
    assert destroys(pipeline(load=merge | {"strategy": "scd2", "absent": "close"})) is not None
    assert destroys(pipeline(load=merge)) is None
    assert destroys(pipeline()) is None


def test_findings_are_told_with_their_pipeline_and_figures() -> None:
    """What the rehearsal found stands where it was found; without a sentence of its own it is told by its figures."""
    found = Finding(kind="over_budget", pipeline="orders", column="at", code="type-error", rows=1200, share=0.4)
    said = Finding(kind="broken", pipeline="customers", detail="the database is away")
    text = told(pipeline("customers"), pipeline("orders"), findings=(found, said))
    assert "found:    over_budget: More rows than the budget allows break the contract" in text
    assert "(type-error, at, 40.00% of the rows)" in text
    assert text.index("broken: the database is away") < text.index("2. orders") < text.index("over_budget")


def test_revisions_are_told_with_their_reasons() -> None:
    """A draft that was changed says what was changed and why, and who chose."""
    draft = PlanDraft(goal="load", pipelines=(pipeline(),))
    change = Change(pipeline="orders", key="clean.0", before="", after="{step: strip}", reason="blanks stand around")
    revision = Revision(draft=draft, changes=(change,), findings=(), by="model", note="asked twice")
    lines = explained(draft, revisions=(revision,))
    assert "revised by a model (asked twice)" in lines
    assert "   blanks stand around: clean.0 of orders" in lines


def test_passwords_and_control_characters_are_not_told() -> None:
    """Whatever stands in names, a line stays a line, and a password of a target is not repeated."""
    spec = pipeline(
        extract={"files": ["a\nb\x1b[2J.csv"]}, load={"to": "postgresql://ann:hunter2@db/shop", "table": "t"}
    )
    lines = explained(PlanDraft(goal="x", pipelines=(spec,), not_understood=("a\u202eb",)))
    assert "hunter2" not in "".join(lines)
    assert all(sign.isprintable() for sign in "".join(lines))


def test_every_word_has_a_meaning() -> None:
    """The vocabulary of findings and of who chose is told in full."""
    assert set(FINDINGS) == set(get_args(FindingKind))
    assert set(CHOSEN_BY) == set(get_args(By))
