"""Everything that is decided before the first row flows: headers matched, steps fitted, types known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from etl_agent.orchestrate.plan import Plan, ancestry
from etl_agent.orchestrate.resolve import plan_digest, resolve, runnable
from etl_agent.orchestrate.sequential import PipelineSpec, routes_of, waits_for_evidence
from etl_agent.rejects import Reason
from etl_agent.run.chain import Door, KeyRule
from etl_agent.run.deciding import Decided, decide
from etl_agent.run.flow import ahead
from etl_agent.run.survey import Fits, fit_steps
from etl_agent.shape import ColumnType
from etl_agent.validate.contract import Contract, compile_contract
from etl_agent.validate.header import HeaderReport, match_header

if TYPE_CHECKING:
    from etl_agent.ask import Ask
    from etl_agent.clean.step import Step
    from etl_agent.extract.dataset import Dataset
    from etl_agent.orchestrate.lock import Lock

__all__ = [
    "Prepared",
    "digest_of",
    "key_rules",
    "must_see_values",
    "plan_for",
    "prepare",
    "report_headers",
    "unbrought",
]


_SHOWN = 5  # files or columns that a warning names


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that is ready to flow.

    Args:
        plan: what will run.
        headers: how the files' headers differ from what is wanted.
        door: what is done with unknown and absent columns.
        fits: the steps, pinned.
        contract: judges the content.
        rules: keys that must be unique in the dataset.
        decided: what the pipeline's branches and routes became.
    """

    plan: Plan
    headers: HeaderReport
    door: Door
    fits: Fits
    contract: Contract
    rules: tuple[KeyRule, ...]
    decided: Decided

    @property
    def sensitive(self) -> frozenset[str]:
        """The columns, at any point of the plan, that may hold cells of a column that is declared sensitive."""
        if not self.contract.sensitive:
            return frozenset()
        return ancestry(self.plan.steps, self.plan.door, columns=self.contract.sensitive)


def digest_of(spec: PipelineSpec, *, project: Path, lock: Lock | None = None) -> str:
    """Digest everything of a pipeline that decides what a row becomes; not where files or databases are.

    Args:
        spec: the pipeline.
        project: the folder that its paths are relative to.
        lock: the lock that it runs by.
    """
    contract = spec.validation.contract
    parts: dict[str, Any] = {
        "extract": spec.extract.model_dump(mode="json", exclude={"files", "fallback"}),
        "validate": spec.validation.model_dump(mode="json"),
        "load": spec.load.model_dump(mode="json", exclude={"to"}),
    }
    if isinstance(contract, str) and contract.endswith((".yaml", ".yml")) and (project / contract).is_file():
        parts["contract"] = (project / contract).read_text(encoding="utf-8", errors="replace")
    if any(routes_of(spec.clean)):
        from etl_agent.orchestrate.strategies import strategy_texts  # late: it loads what every strategy needs

        parts["strategies"] = strategy_texts(spec.clean, project=project)
    if lock is not None:
        parts["lock"] = lock.model_dump(mode="json", include={"routes", "formats"})
    return plan_digest(spec.clean, parts)


def plan_for(
    spec: PipelineSpec, dataset: Dataset, steps: Sequence[Step], *, project: Path, lock: Lock | None = None
) -> Plan:
    """Resolve a pipeline against the columns of its files.

    Args:
        spec: the pipeline.
        dataset: its files.
        steps: what its nodes became.
        project: the folder that its paths are relative to.
        lock: what its steps learned before.
    """
    plan = resolve(
        spec.name,
        runnable(steps, project=project),
        brought=dataset.names,
        contract=_promised(spec, project=project),
        digest=digest_of(spec, project=project, lock=lock),
        infer=must_see_values(spec),
    )
    if lock is not None:
        plan = plan.pinned(lock.pinned)
    if waits_for_evidence(spec.clean):
        plan = replace(plan, passes=("survey: sample the rows for branches and routes", *plan.passes))
    return plan


def report_headers(spec: PipelineSpec, dataset: Dataset, plan: Plan) -> HeaderReport:
    """Match the header of every file with what the plan wants."""
    from etl_agent.extract.spec import fold

    known = {fold(name): name for name in dataset.names}
    added = tuple(spec.extract.add)
    files = [(file.name, (*(known[fold(name)] for name in file.header), *added)) for file in dataset.files]
    welcome = [name for name in (*dataset.names, *plan.absent) if name not in plan.unknown]
    drift = spec.validation.drift.columns
    # the first file's order is the one that later files are held against
    return match_header(plan.wanted, files=files, optional=welcome, order=dataset.names, drift=drift)


def prepare(
    spec: PipelineSpec,
    dataset: Dataset,
    *,
    project: Path,
    frozen: Mapping[str, ColumnType] | None = None,
    lock: Lock | None = None,
    ask: Ask | None = None,
    climbs: bool = False,
    earlier: Lock | None = None,
) -> Prepared:
    """Decide everything that is left open, with as few passes over the data as it takes.

    Args:
        spec: the pipeline.
        dataset: its files.
        project: the folder that its paths are relative to.
        frozen: types that an earlier run inferred for this table.
        lock: what was chosen and learned before.
        ask: a model, for the routes that one chooses.
        climbs: whether routes by ``auto`` may ask it too, where rules and trial cannot tell.
        earlier: a lock whose choices by a model hold on where the data are the same.

    Raises:
        Drifted: the columns of a file do not fit.
        AmbiguousFormat: a column allows several readings.
        ConfigurationError: the contract or a step cannot work.
    """
    decided = decide(spec, dataset, project=project, lock=lock, ask=ask, climbs=climbs, earlier=earlier)
    plan = plan_for(spec, dataset, decided.settled.steps, project=project, lock=decided.lock)
    headers = report_headers(spec, dataset, plan)
    headers.raise_if_refused()
    door = Door(
        absent=plan.absent,
        unknown=(*headers.quarantined, *headers.discarded),
        effect="quarantine" if headers.quarantined else "discard_value",
    )
    types, fits = _survey(spec, dataset, plan, door, project=project, frozen=frozen)
    names = tuple(name for name in plan.names if name not in door.unknown)
    contract = compile_contract(spec.validation, project=project, names=names, types=types)
    return Prepared(plan, headers, door, fits, contract, key_rules(spec, contract), decided)


def key_rules(spec: PipelineSpec, contract: Contract) -> tuple[KeyRule, ...]:
    """Name the keys that the contract and the load ask for."""
    rules = [
        KeyRule(
            f"unique ({', '.join(columns)})",
            "first",
            reason=Reason("unique-error", columns[0] if len(columns) == 1 else None, f"unique: {', '.join(columns)}"),
            columns=columns,
        )
        for columns in contract.unique
        if columns != spec.load.primary_key
    ]
    if key := spec.load.primary_key:
        newest_by = spec.load.newest_by
        label = f"primary key ({', '.join(key)})"
        rules.append(KeyRule(label, "newest" if newest_by else "last", columns=key, newest_by=newest_by))
    return tuple(rules)


def unbrought(spec: PipelineSpec, headers: HeaderReport, *, table: Sequence[str], loaded: Sequence[str]) -> str | None:
    """Say which columns are null for want of a file that brings them, where no contract says that they may be.

    Args:
        spec: the pipeline; with a contract nothing is said, since it has been asked already.
        headers: the files' headers.
        table: columns that the table has and a file could bring.
        loaded: columns that are loaded.
    """
    if spec.validation.contract is not None:
        return None
    said = [f"{file.file} is without {', '.join(map(repr, file.absent))}" for file in headers.files if file.absent]
    known = {name.casefold() for name in loaded}
    gone = [name for name in table if name.casefold() not in known]
    if gone:
        said.append(f"no file brings {', '.join(map(repr, gone[:_SHOWN]))}, which the table has")
    more = f" (and {len(said) - _SHOWN} more)" if len(said) > _SHOWN else ""
    return f"{'; '.join(said[:_SHOWN])}{more}: null in these rows" if said else None


def _promised(spec: PipelineSpec, *, project: Path) -> dict[str, bool]:
    """Name the contract's columns, and whether the files or steps must bring them."""
    promise = spec.validation.contract
    if promise is None:
        return {}
    if not isinstance(promise, str):
        return {name: column.required for name, column in promise.items()}
    from etl_agent.validate.user_schema import load_schema

    columns = load_schema(promise, project=project).columns
    return {str(name): bool(column.required) for name, column in columns.items() if not column.regex}


def must_see_values(spec: PipelineSpec) -> bool:
    """Tell whether the types of a pipeline's columns depend on what its files hold."""
    if spec.validation.contract is None:
        return spec.validation.types == "infer"
    return spec.validation.drift.types == "evolve"


def _survey(
    spec: PipelineSpec,
    dataset: Dataset,
    plan: Plan,
    door: Door,
    *,
    project: Path,
    frozen: Mapping[str, ColumnType] | None,
) -> tuple[dict[str, ColumnType], Fits]:
    """Pin the waiting steps, and see which types the cleaned values have where that is asked for."""
    look = _Look() if must_see_values(spec) and frozen is None else None

    def read() -> Iterable[tuple[str, pa.RecordBatch]]:
        for verdict in ahead(dataset.batches(digest=False)):
            if len(verdict.kept):
                entered, _ = door.enter(verdict.kept)
                yield verdict.kept.origin.files[0], entered.kept.data

    fits = fit_steps(
        plan.steps,
        plan.door,
        read=read,
        files=[file.name for file in dataset.files],
        where=spec.name,
        watch=None if look is None else look.at,
    )
    if look is not None:
        return look.types(spec, project=project, names=plan.names), fits
    return dict(frozen or {}), fits


class _Look:
    """Look at every cleaned value, to know the types that hold them all."""

    def __init__(self) -> None:
        from etl_agent.profile.table import TableFacts

        self._facts = TableFacts()

    def at(self, data: pa.RecordBatch) -> None:
        self._facts = self._facts.combine(self._facts.observe(data))

    def types(self, spec: PipelineSpec, *, project: Path, names: Sequence[str]) -> dict[str, ColumnType]:
        """Return the inferred type of every column, or the types of the contract that must be wider."""
        from etl_agent.profile.infer import infer_type, widened

        seen = self._facts.columns
        if spec.validation.contract is None:
            return {name: infer_type(facts) for name, facts in seen.items()}
        promised = compile_contract(spec.validation, project=project, names=names).shape
        return widened(promised, facts=self._facts)
