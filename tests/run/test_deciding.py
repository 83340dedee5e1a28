"""Branches, routes, fallbacks and locks in a run: what is decided, kept and replayed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from etl_agent.errors import ConfigurationError
from etl_agent.orchestrate.lock import difference, write_lock
from etl_agent.run.locking import lock_file, make_lock, save_lock
from etl_agent.run.options import RunOptions
from etl_agent.run.result import RunResult
from tests.run.project import Project

LOCKED = RunOptions(locked=True)

BRANCH = {
    "when": {"measure": "null_share", "column": "email", "gt": 0.4},
    "then": [{"step": "constant", "column": "known", "value": "no"}],
    "otherwise": [{"step": "constant", "column": "known", "value": "yes"}],
}
ROUTE = {"route": "amounts", "columns": ["amount"], "among": ["us_money", "eu_money"], "otherwise": "leave"}
US = "id,amount\n" + "".join(f'{n},"$1,{n:03}.50"\n' for n in range(200, 240))
EU = "id,amount\n" + "".join(f'{n},"1.{n:03},50 €"\n' for n in range(200, 240))


def locked(project: Project, **sections: Any) -> Path:
    """Make the lock of a pipeline, and return its file."""
    spec = project.spec(**sections)
    file = lock_file(spec, project=project.folder)
    save_lock(make_lock(spec, project=project.folder), file)
    return file


def decided(result: RunResult) -> list[tuple[str, str, str]]:
    """Return what was decided in a run."""
    return [(each.node, each.chosen, each.policy) for each in result.decisions]


@pytest.mark.parametrize(("emails", "known"), [((",", ",", "a@x.de"), "no"), (("b@x.de", ",", "a@x.de"), "yes")])
def test_a_branch_takes_the_arm_that_the_data_ask_for(project: Project, emails: tuple[str, ...], known: str) -> None:
    """A condition on a share of nulls picks a list of steps in every run, and the choice is on record."""
    rows = "".join(f"{number},{email.strip(',')}\n" for number, email in enumerate(emails))
    project.write("in.csv", "id,email\n" + rows)
    result = project.run(clean=[BRANCH])
    assert project.ask("SELECT DISTINCT known FROM t") == [(known,)]
    arm = "then" if known == "no" else "otherwise"
    assert decided(result) == [("clean[0]", arm, "condition")]
    ((node, chosen, evidence),) = project.ask("SELECT node, chosen, evidence FROM _etl_decisions")
    assert (node, chosen) == ("clean[0]", arm)
    assert list(json.loads(evidence)) == ["null_share(email)"]


def test_a_branch_sees_what_the_steps_before_it_left(project: Project) -> None:
    """The share is that of the place where the branch stands, not that of the file."""
    project.write("in.csv", "id,email\n1,N/A\n2,N/A\n3,a@x.de\n")
    project.run(clean=[{"step": "null_markers", "columns": "email"}, BRANCH])
    assert project.ask("SELECT DISTINCT known FROM t") == [("no",)]


def test_a_branch_may_stand_before_the_step_that_makes_a_column_of_the_contract(project: Project) -> None:
    """What a step makes is not there before it, whatever the contract says of it."""
    project.write("in.csv", "id,email\n1,a@x.de\n2,b@x.de\n")
    contract = {"id": "integer", "email": "text", "ok": "boolean"}
    branch = {
        "when": {"all": [{"measure": "reject_share", "lt": 0.5}, {"not": {"measure": "has_column", "column": "ok"}}]},
        "then": [{"step": "is_email", "column": "email", "into": "ok"}],
        "otherwise": [{"step": "constant", "column": "ok", "value": False}],
    }
    again = {"when": {"measure": "has_column", "column": "ok"}, "then": [{"step": "strip", "columns": "all"}]}
    result = project.run(contract=contract, clean=[branch, again])
    assert project.ask("SELECT ok FROM t") == [(1,), (1,)]
    assert decided(result) == [("clean[0]", "then", "condition"), ("clean[1]", "then", "condition")]


def test_a_column_that_no_file_brings_is_not_there(project: Project) -> None:
    """A column that the contract does not require is null then, and has_column does not take it for one."""
    contract = {"id": "integer", "channel": {"type": "text", "required": False, "nullable": True}}
    branch = {
        "when": {"measure": "has_column", "column": "channel"},
        "otherwise": [{"step": "fill", "columns": ["channel"], "value": "desk"}],
    }
    for content, channel in (("id\n1\n", "desk"), ("id,channel\n2,web\n", "web")):
        project.write("in.csv", content)
        project.run(contract=contract, clean=[branch])
        assert project.ask("SELECT channel FROM t ORDER BY id DESC LIMIT 1") == [(channel,)]


def test_a_branch_may_ask_what_the_contract_would_reject(project: Project) -> None:
    """reject_share is the share of the sample that does not fit, after the steps so far."""
    project.write("in.csv", "id,amount\n1,x\n2,2\n3,y\n4,4\n")
    branch = {
        "when": {"measure": "reject_share", "gt": 0.3},
        "then": [{"step": "null_markers", "columns": ["amount"], "markers": ["x", "y"]}],
    }
    contract = {"id": "integer", "amount": {"type": "integer", "nullable": True}}
    result = project.run(contract=contract, clean=[branch])
    assert (result.balance.loaded, decided(result)[0][1]) == (4, "then")


@pytest.mark.parametrize(("content", "chosen", "amount"), [(US, "us_money", "1200.50"), (EU, "eu_money", "1200.50")])
def test_a_route_picks_the_strategy_that_suits(project: Project, content: str, chosen: str, amount: str) -> None:
    """The same pipeline reads money as it is written in each file."""
    project.write("in.csv", content)
    result = project.run(clean=[ROUTE])
    assert decided(result) == [("amounts", chosen, "rule")]
    assert project.ask("SELECT amount FROM t WHERE id = '200'") == [(amount,)]


def test_a_route_that_suits_nothing_leaves_the_data_alone(project: Project) -> None:
    """Where no strategy fits, what stands under otherwise is done, and said."""
    project.write("in.csv", "id,amount\n1,red\n2,green\n3,blue\n")
    result = project.run(clean=[ROUTE])
    assert decided(result) == [("amounts", "leave", "otherwise")]
    assert result.changed_cells == 0


def test_an_unknown_strategy_is_an_error_with_near_names(project: Project) -> None:
    """A slip in the name of a strategy is found before any row is read."""
    project.write("in.csv", US)
    with pytest.raises(ConfigurationError, match="did you mean 'us_money'"):
        project.run(clean=[ROUTE | {"among": ["us_mony"]}])


def test_a_strategy_of_ones_own_stands_beside_the_pipelines(project: Project) -> None:
    """A file in pipelines/strategies/ is a strategy like those that are shipped."""
    folder = project.folder / "pipelines" / "strategies"
    folder.mkdir(parents=True)
    (folder / "neat.yaml").write_text(
        "name: neat\ndescription: No blanks around.\nsuits: {matches: city}\n"
        "clean: [{step: strip, columns: {matches: city}}]\n"
    )
    project.write("in.csv", "id,city\n1, Rome\n2,Oslo\n")
    result = project.run(clean=[{"route": "r", "among": ["neat"]}])
    assert decided(result) == [("r", "neat", "rule")]
    assert project.ask("SELECT city FROM t WHERE id = '1'") == [("Rome",)]


def test_what_was_read_instead_is_said_and_kept(project: Project) -> None:
    """A run that fell back to other files says so in its warning and in its decisions."""
    project.write("old.csv", "id\n1\n")
    result = project.run("new.csv", extract={"fallback": "old.csv"})
    assert result.warning is not None
    assert "read old.csv instead" in result.warning
    assert decided(result) == [("extract", "fallback", "otherwise")]


class TestLocks:
    """Locks: choices that are kept, reviewed and replayed."""

    def test_a_locked_run_without_a_lock_is_refused(self, project: Project) -> None:
        """There is nothing to go by: exit code 78, and the command that makes a lock."""
        project.write("in.csv", US)
        with pytest.raises(ConfigurationError, match=r"there is no lock.*etl-agent lock pipelines/p\.yaml") as caught:
            project.run(clean=[ROUTE], options=LOCKED)
        assert caught.value.exit_code == 78

    def test_a_locked_run_repeats_the_choice(self, project: Project) -> None:
        """The route is not decided again, and the record says who decided."""
        project.write("in.csv", US)
        locked(project, clean=[ROUTE])
        result = project.run(clean=[ROUTE], options=LOCKED)
        assert decided(result) == [("amounts", "us_money", "lock")]
        assert project.ask("SELECT amount FROM t WHERE id = '200'") == [("1200.50",)]

    def test_a_lock_of_another_pipeline_is_stale(self, project: Project) -> None:
        """Once the pipeline is edited the lock does not fit: refused when required, else said and not used."""
        project.write("in.csv", US)
        locked(project, clean=[ROUTE])
        edited = [ROUTE | {"otherwise": "us_money"}]
        with pytest.raises(ConfigurationError, match="stale"):
            project.run(clean=edited, options=LOCKED)
        result = project.run(clean=edited)
        assert result.warning is not None
        assert "stale" in result.warning
        assert decided(result) == [("amounts", "us_money", "rule")]

    def test_a_lock_is_the_same_text_every_time(self, project: Project) -> None:
        """The same pipeline on the same files makes the same lock, so that a review shows only what changed."""
        project.write("in.csv", US)
        spec = project.spec(clean=[ROUTE])
        one, other = (make_lock(spec, project=project.folder) for _ in range(2))
        assert write_lock(one) == write_lock(other)
        assert difference(one, other, name="lock") == ""

    def test_a_difference_names_what_would_change(self, project: Project) -> None:
        """A review sees the other choice and the other reason, in words."""
        spec = project.spec(clean=[ROUTE])
        project.write("in.csv", US)
        before = make_lock(spec, project=project.folder)
        project.write("in.csv", EU)
        said = difference(before, make_lock(spec, project=project.folder), name="p.lock.json")
        assert "-route amounts: us_money (by rule)" in said
        assert "+route amounts: eu_money (by rule)" in said

    def test_two_locked_runs_are_byte_identical(self, project: Project) -> None:
        """The ordered rows of table, quarantine and changes are the same, the runs' numbers and times aside."""
        project.write("in.csv", US + "x,y,z\n" + "300,\n")
        nodes = [{"step": "strip"}, {"route": "all", "among": ["auto"]}, ROUTE]
        locked(project, clean=nodes, write_disposition="replace")
        seen = []
        for _ in range(2):
            project.run(clean=nodes, options=RunOptions(locked=True, reload=True), write_disposition="replace")
            seen.append(
                (
                    project.ask("SELECT id, amount FROM t ORDER BY id"),
                    project.ask(f"SELECT line, reasons, raw FROM _etl_quarantine WHERE run_id = {_newest(project)}"),
                    project.ask(
                        "SELECT step, column_name, before, after, rows, kind FROM _etl_changes"
                        f" WHERE run_id = {_newest(project)}"
                    ),
                )
            )
        assert seen[0] == seen[1]

    def test_a_locked_format_needs_no_pass_over_the_data(self, project: Project) -> None:
        """What a step learned stands in the lock: the step does not wait for a survey any more."""
        from etl_agent.run.explain import explain_pipeline

        days = "".join(f"{n},{n % 28 + 1:02}/03/2025\n" for n in range(40))
        project.write("in.csv", "id,day\n" + days)
        nodes = [{"step": "dates", "columns": ["day"]}]
        spec = project.spec(clean=nodes)
        assert len(explain_pipeline(spec, project=project.folder).plan.passes) == 2
        locked(project, clean=nodes)
        assert len(explain_pipeline(spec, project=project.folder).plan.passes) == 1
        project.run(clean=nodes, options=LOCKED)
        assert project.ask("SELECT day FROM t WHERE id = '0'") == [("2025-03-01",)]

    def test_drift_from_the_lock_refuses_the_run(self, project: Project) -> None:
        """Data that look otherwise than when the lock was made are not loaded, and every difference is named."""
        project.write("in.csv", US)
        locked(project, clean=[ROUTE])
        project.write("in.csv", EU)
        result = project.run(clean=[ROUTE], options=LOCKED)
        assert (result.status, result.exit_code) == ("refused", 65)
        assert "amount" in str(result.message)
        assert "etl-agent lock pipelines/p.yaml --diff" in str(result.message)

    @pytest.mark.parametrize("policy", ["rules", "reroute"])
    def test_drift_may_be_followed(self, project: Project, policy: str) -> None:
        """With rules or reroute the routes are chosen anew, and the record says why."""
        project.write("in.csv", US)
        spec = project.spec(clean=[ROUTE]).model_copy(update={"on_profile_drift": policy})
        file = lock_file(spec, project=project.folder)
        save_lock(make_lock(spec, project=project.folder), file)
        project.write("in.csv", EU)
        from etl_agent.run.runner import run_pipeline

        result = run_pipeline(spec, project=project.folder, options=LOCKED)
        assert decided(result) == [("lock", policy, "condition"), ("amounts", "eu_money", "rule")]

    def test_a_route_in_an_arm_that_was_not_taken_is_locked_too(self, project: Project) -> None:
        """A locked run finds a choice for every route, whichever arm it takes."""
        project.write("in.csv", US)
        branch = {"when": {"measure": "row_count", "gt": 1000}, "then": [ROUTE]}
        lock = make_lock(project.spec(clean=[branch]), project=project.folder)
        assert [route.decision.node for route in lock.routes] == ["amounts"]

    def test_nothing_learned_of_a_sensitive_column_is_locked(self, project: Project) -> None:
        """A lock lies in version control: a value of a sensitive column is learned again in every run instead."""
        project.write("in.csv", "id,who\n1,Secret\n2,Secret\n3,\n4,Secret\n")
        nodes = [{"step": "fill_mode", "columns": ["who"]}]
        contract = {"id": "text", "who": {"type": "text", "nullable": True, "sensitive": True}}
        file = locked(project, clean=nodes, contract=contract)
        assert "Secret" not in file.read_text()
        project.run(clean=nodes, contract=contract, options=LOCKED)
        assert project.ask("SELECT DISTINCT who FROM t") == [("Secret",)]

    def test_a_broken_lock_is_named(self, project: Project) -> None:
        """A file that is no lock is an error that says which file and how to make a new one."""
        project.write("in.csv", US)
        file = locked(project, clean=[ROUTE])
        for broken, why in ((b"{", "line 1"), (b"{}", "pipeline: Field required"), (b"\xff", "not UTF-8")):
            file.write_bytes(broken)
            with pytest.raises(ConfigurationError, match=f"the lock cannot be read: .*{why}") as failure:
                project.run(clean=[ROUTE])
            assert failure.value.next_command == "etl-agent lock pipelines/p.yaml"


def _newest(project: Project) -> int:
    ((run_id,),) = project.ask("SELECT max(run_id) FROM _etl_runs")
    return int(run_id)
