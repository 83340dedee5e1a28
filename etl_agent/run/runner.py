"""Run a pipeline: the one place where the stages meet, in the order in which they happen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from etl_agent import collector
from etl_agent.ask import no_model_calls
from etl_agent.clean.step import CarryStep, KeyStep
from etl_agent.errors import DataRefused, EtlAgentError, HeldByAnother
from etl_agent.extract.dataset import Dataset
from etl_agent.extract.opening import open_dataset
from etl_agent.load.target import Target, open_target
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.run.arrivals import expect_arrivals
from etl_agent.run.books import Books, HeldBack
from etl_agent.run.budget import check_budget
from etl_agent.run.chain import Chain, Passed
from etl_agent.run.commit import Commit, keep_refusal
from etl_agent.run.doubt import after_doubt
from etl_agent.run.flow import Behind, ahead, in_order
from etl_agent.run.ledger import active_files, loaded_types
from etl_agent.run.locking import current_lock
from etl_agent.run.meter import Meter
from etl_agent.run.options import RunOptions
from etl_agent.run.outcome import Run, judged, layouts_of, refused, without_model
from etl_agent.run.prepare import Prepared, digest_of, prepare, unbrought
from etl_agent.run.result import RunResult
from etl_agent.run.run_id import new_run_id
from etl_agent.run.scratch import scratch_folder
from etl_agent.run.selection import Selection, select_files
from etl_agent.run.settling import settle_absent, settle_keys
from etl_agent.run.withheld import Withholding
from etl_agent.shape import ColumnType

if TYPE_CHECKING:
    import pandas as pd

    from etl_agent.load.tx import Tx
    from etl_agent.rejects import Verdict
    from etl_agent.run.replay import Replay

__all__ = ["run_pipeline"]

BATCH_ROWS = 65_536
_WORKERS = 2


def run_pipeline(
    spec: PipelineSpec,
    *,
    project: Path,
    options: RunOptions | None = None,
    frame: pd.DataFrame | None = None,
    replay: Replay | None = None,
) -> RunResult:
    """Run one pipeline: extract, validate, clean, load; all of it or nothing.

    Args:
        spec: the pipeline.
        project: the folder that its paths are relative to.
        options: how it is run this time.
        frame: rows to take instead of the pipeline's files.
        replay: rows in quarantine to take instead of the pipeline's files.

    Returns:
        What became of every row. A run that is refused for its data returns too, with status ``refused``.

    Raises:
        EtlAgentError: of the class that says why nothing could be done.
    """
    options = options or RunOptions()
    with ExitStack() as stack:
        if options.locked:
            stack.enter_context(no_model_calls())
        run_id = new_run_id()
        scratch = stack.enter_context(scratch_folder(run_id=run_id))
        run = Run(spec, project, options, run_id, scratch, replay, decisions=options.decisions)
        target = stack.enter_context(open_target(spec.load.to, read_only=options.dry, folder=project))
        try:
            if not options.dry:
                stack.enter_context(target.lock(run.table, schema=spec.load.db_schema, wait=options.wait))
        except HeldByAnother as held:
            if not options.skip_if_running:
                raise
            return run.result(status="skipped", message=held.what)
        if options.has_file:
            run.lock, run.warning = current_lock(spec, project=project, required=options.locked)
        digest = digest_of(spec, project=project, lock=run.lock)
        run.spec = spec.model_copy(update={"load": target.named(spec.load)})
        stack.callback(options.progress.end)
        try:
            dataset = stack.enter_context(_opened(run, target, frame))
        except DataRefused as refusal:  # no line of a file can be trusted, not even its header
            if replay is not None:
                raise  # it says that the corrections are wrong, not the pipeline's data
            outcome = run.result(status="refused", message=str(refusal), exit_code=refusal.exit_code, refusal=refusal)
            return _kept(run, target, outcome, books=None, digest=digest)
        return _extract_to_load(run, target, dataset, digest)


def _opened(run: Run, target: Target, frame: pd.DataFrame | None) -> Dataset:
    if frame is not None:
        return Dataset.of_frame(frame, scratch=run.scratch)
    if run.replay is not None:
        return run.replay.open(target, run.spec, scratch=run.scratch)
    day = run.options.as_of or date.today()
    return open_dataset(
        run.spec.extract, project=run.project, variables=run.options.variables, as_of=day, scratch=run.scratch
    )


def _extract_to_load(run: Run, target: Target, dataset: Dataset, digest: str) -> RunResult:
    selection = _select(run, target, dataset, digest)
    if not selection.chosen:
        return run.result(status="nothing new", files=selection.left_out, message=selection.message)
    chosen = dataset.only(selection.chosen)
    books = Books(run.scratch, encodings={file.name: file.dialect.encoding.name for file in chosen.files})
    try:
        frozen = _frozen_types(run, target)
        ask = None if run.options.locked else run.options.ask
        prepared = prepare(run.spec, chosen, project=run.project, frozen=frozen, lock=run.lock, ask=ask)
        run.sensitive = prepared.sensitive
        run.decisions = (*run.options.decisions, *prepared.decided.settled.decisions)
        run.warn(without_model(run.decisions))
        if _rejects_late(run.spec, prepared):
            books.keep_places()
        if run.options.dry:
            return _judged(run, target, chosen, prepared, books, selection)
        return _loaded(run, target, chosen, prepared, books, selection)
    except DataRefused as refusal:
        return _kept(run, target, refused(run, chosen, books, selection, refusal), books=books, digest=digest)


def _kept(run: Run, target: Target, outcome: RunResult, *, books: Books | None, digest: str) -> RunResult:
    """Write a refusal down, unless nothing is written in this run."""
    if not run.options.dry:
        entered = books if run.replay is None else None  # replayed rows stay in quarantine as the entries they are
        keep_refusal(target, outcome, spec=run.spec, books=entered, plan_digest=digest)
    return outcome


def _select(run: Run, target: Target, dataset: Dataset, digest: str) -> Selection:
    """Leave out the files whose content is in the table."""
    if run.replay is not None:  # what is in the table is told by the entries, not by the files that they came from
        return Selection(tuple(range(len(dataset.files))), message=run.replay.message)
    with target.reading() as connection:
        if connection is not None:
            run.active = active_files(connection, table=run.table, schema=run.spec.load.db_schema)
    return select_files(
        dataset.candidates,
        run.active,
        snapshot=run.spec.load.is_snapshot,
        plan_digest=digest,
        reload=run.options.reload,
    )


def _frozen_types(run: Run, target: Target) -> dict[str, ColumnType] | None:
    """Return the types that were inferred for the table before; they hold from then on."""
    if run.spec.validation.contract is not None or run.spec.validation.types != "infer":
        return None
    if target.table_facts(run.table, schema=run.spec.load.db_schema) is None:
        return None
    with target.reading() as connection:
        schema = run.spec.load.db_schema
        return None if connection is None else loaded_types(connection, table=run.table, schema=schema)


def _loaded(
    run: Run, target: Target, dataset: Dataset, prepared: Prepared, books: Books, selection: Selection
) -> RunResult:
    spec = run.spec
    facts = target.table_facts(spec.load.table, schema=spec.load.db_schema)
    table = () if facts is None else facts.fillable
    tx = target.begin(
        spec.load,
        shape=prepared.contract.shape,
        run_id=run.run_id,
        direct=_first_wins(prepared),
        evolve=spec.validation.drift.columns == "evolve",
    )
    result: RunResult | None = None
    try:
        with tx:
            result = _filled(run, dataset, prepared, books, selection, tx=tx, table=table)
            tx.commit()
    except EtlAgentError as error:
        if result is None or not tx.in_doubt:
            raise
        result = after_doubt(result, error, target=target, schema=spec.load.db_schema)
    return replace(result, seconds=run.seconds)


def _filled(
    run: Run, dataset: Dataset, prepared: Prepared, books: Books, selection: Selection, *, tx: Tx, table: Sequence[str]
) -> RunResult:
    """Bring everything into the transaction, up to its commit."""
    spec = run.spec
    held = HeldBack(run.scratch) if tx.direct else None
    with Behind(tx.stage) as loader:  # the database takes a batch while the next one is entered in the books
        for passed in _flow(run, dataset, prepared, books, hold_back=tx.direct):
            loader.put(passed.kept if held is None else held.part(passed.kept, passed.keys))
    arrivals = expect_arrivals(run, dataset, tx, prepared=prepared, books=books)
    settle_keys(run, dataset, tx, books=books, held=held)
    settle_absent(run, tx, books=books, selection=selection)
    _check_budget(run, dataset, books)
    commit = Commit(
        spec,
        tx,
        books,
        prepared,
        dataset.tallies(),
        selection,
        run.options.reload,
        layouts=layouts_of(dataset, books),
        replay=run.replay,
        arrivals=arrivals,
    )
    unfilled = unbrought(spec, prepared.headers, table=table, loaded=prepared.contract.shape.names)
    said = "; ".join(each for each in (dataset.fell_back, run.warning, unfilled) if each)
    return commit.write(run.result(message=selection.message, warning=said or None))


def _flow(run: Run, dataset: Dataset, prepared: Prepared, books: Books, *, hold_back: bool = False) -> Iterator[Passed]:
    """Take every batch through the chain, enter it in the books, and hand it on in dataset order."""
    chain = Chain(
        prepared.fits.of_file,
        door=prepared.door,
        contract=prepared.contract,
        rules=prepared.rules,
        not_null=run.spec.load.primary_key,
        hold_back=hold_back,
        known=books.changes.known,
    )
    work: Callable[[Verdict], Passed] = chain.run
    if run.spec.load.absent != "keep":
        work = Withholding(run.spec, dataset, prepared).around(work)
    sequential = any(isinstance(planned.step, CarryStep) for planned in prepared.plan.steps)
    meter = Meter(dataset.files, run.options.progress, pipeline=run.spec.name)
    watch = prepared.decided.watch
    sample = run.options.sample
    rows = BATCH_ROWS if sample is None else max(1, min(BATCH_ROWS, sample))
    collector.resume()
    batches: Iterable[Verdict] = ahead(dataset.batches(rows=rows))
    if watch is not None:
        batches = watch.over(batches)
    for passed in in_order(work, batches, workers=1 if sequential else _WORKERS, most=_WORKERS):
        books.add(passed)
        yield passed
        meter.count(passed)
        if sample is not None and meter.rows >= sample:
            return
    if watch is not None:
        watch.check()


def _first_wins(prepared: Prepared) -> bool:
    """Tell whether every key keeps its first row, so that no row has to wait for the rows behind it."""
    steps = (planned.step for planned in prepared.plan.steps)
    kept = {rule.keep for rule in prepared.rules} | {step.keep for step in steps if isinstance(step, KeyStep)}
    return kept <= {"first"}


def _rejects_late(spec: PipelineSpec, prepared: Prepared) -> bool:
    """Tell whether a row may be rejected after it was staged: over a contract's key, or over the table's."""
    conflicts = spec.load.write_disposition == "append" and bool(spec.load.primary_key)
    return conflicts or any(rule.reason is not None for rule in prepared.rules)


def _judged(
    run: Run, target: Target, dataset: Dataset, prepared: Prepared, books: Books, selection: Selection
) -> RunResult:
    """Do everything but load: what the run would do, as far as the files alone can tell."""
    spec = run.spec
    facts = target.table_facts(spec.load.table, schema=spec.load.db_schema)
    target.judge(facts, load=spec.load, shape=prepared.contract.shape, evolve=spec.validation.drift.columns == "evolve")
    kept = read = 0
    for passed in _flow(run, dataset, prepared, books):
        kept += len(passed.kept)
        read += passed.rows
    kept -= len(books.losers(dataset.raw_at))
    result = judged(run, dataset, books, selection, read=read, kept=kept)
    if run.options.sample is None:
        _check_budget(run, dataset, books)
    return result


def _check_budget(run: Run, dataset: Dataset, books: Books) -> None:
    if run.replay is None:  # replayed rows were held against a budget when they were first rejected
        check_budget(run.spec.validation, dataset.tallies(), books.rejects, pipeline=run.spec.name)
