"""The steps of one dataset's night, in the order in which they run.

In: a dataset's slug and the night's date, then the batch's id. Out: a `StepResult` for each step. Each step
may be killed and run again; it finds its input by the batch's id. What a crash took (the staging tables are
unlogged) is made again from the raw zone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from kho import ledger
from kho.errors import GateClosed, KhoError, SchemaDrifted
from kho.extract.drift import Drift
from kho.extract.land import land
from kho.pipeline.batches import batch_folder, contract_of, enter_batch, read_batch
from kho.pipeline.context import Clock, Context, StepResult
from kho.quality.schema_changes import drift_message, note_drift
from kho.sql_files import run_file
from kho.stage import drop_staging, stage_table

if TYPE_CHECKING:
    from datetime import date

    import sqlalchemy as sa

    from kho.contracts import Contract
    from kho.raw_zone.manifest import Manifest


def extract(dataset: str, as_of: date, context: Context) -> StepResult:
    """Land what the source has for the night of `as_of`; `unchanged` if the warehouse has it already."""
    from kho.privacy.erasure import without_suppressed
    from kho.privacy.keyring import Keyring

    clock = Clock(dataset, "extract")
    contract = contract_of(dataset)
    earlier = ledger.earlier(context.engine, contract, as_of)
    try:
        manifest = land(
            contract,
            as_of,
            earlier,
            context.connections,
            context.settings,
            partial(ledger.note_requests, context.engine, dataset, as_of),
        )
    except KhoError as error:
        # A conversation with a source does not know whom it is for.
        error.dataset = error.dataset or dataset
        if isinstance(error, SchemaDrifted):
            note_drift(context.engine, Drift.from_json(error.drift, dataset), as_of)
        raise
    keyring = Keyring(context.settings, context.connections)
    manifest = without_suppressed(context.engine, context.settings, keyring, manifest)
    status = enter_batch(manifest, context)
    # Of a batch that is loaded they are written down, and cases that its load closed stay closed.
    if manifest.files and status != "loaded":
        ledger.note_files(context.engine, manifest)
    drift = Drift.from_json(manifest.drift, dataset)
    note_drift(context.engine, drift, as_of, manifest.batch_id)
    return clock.result(
        manifest.batch_id,
        outcome="unchanged" if status == "loaded" else "done",
        counts={"fetched": manifest.fetched},
        message="; ".join(
            filter(None, (_said_of(manifest), drift_message(contract, drift, context.settings)))
        ),
    )


def stage(batch_id: str, context: Context) -> StepResult:
    """Conform a landed batch, with the corrections that hold, and copy it; a large one is judged on the way.

    Raises:
        ConfigurationError: a correction no longer matches what the source sends.
    """
    from kho.corrections import corrections_in_force, count_matches, not_applied, note_applied
    from kho.quality.judge import suite_of_batch
    from kho.stage import JUDGED_ON_THE_WAY, stage_batch

    manifest, contract = read_batch(batch_id, context)
    clock = Clock(contract.dataset, "stage")
    ledger.set_status(context.engine, batch_id, "landed")
    folder = batch_folder(contract.dataset, batch_id, context)
    fixes = corrections_in_force(contract, manifest.judged_on)
    applied = count_matches(contract, fixes, manifest, folder) if fixes else ()
    is_large = manifest.fetched >= JUDGED_ON_THE_WAY
    suite = suite_of_batch(context.engine, contract, manifest) if is_large else None
    staged = stage_batch(context.engine, contract, batch_id, folder, manifest.fetched, suite, fixes)
    if fixes:
        with context.engine.begin() as db:
            note_applied(db, contract.dataset, batch_id, applied)
    with context.engine.connect() as db:
        missed = not_applied(db, contract, applied, manifest.judged_on, folder)
    ledger.set_status(context.engine, batch_id, "staged")
    corrected = f"corrected by hand: {', '.join(one.correction.id for one in applied)}" if applied else ""
    return clock.result(
        batch_id,
        counts={
            "staged": staged.rows,
            "duplicates": staged.duplicates,
            "conflicts": staged.conflicts,
        },
        message="; ".join(filter(None, (corrected, missed))),
    )


def validate(batch_id: str, context: Context) -> StepResult:
    """Label every staged row with the rules it breaks, and judge the batch as a whole.

    Raises:
        GateClosed: a critical rule of the whole dataset is broken, or too many rows are rejected, and nobody
            has decided to load just this batch all the same.
    """
    from kho.quality.gate import stand_at_gate
    from kho.quality.judge import judge_batch

    manifest, contract = read_batch(batch_id, context)
    clock = Clock(contract.dataset, "validate")
    if not ledger.is_staged(context.engine, manifest):
        stage(batch_id, context)
    verdict = judge_batch(
        context.engine,
        contract,
        manifest,
        stage_table(batch_id),
        batch_folder(contract.dataset, batch_id, context),
    )
    decided = None
    if verdict.reasons:
        decided = stand_at_gate(
            context.engine, contract, manifest, stage_table(batch_id), verdict.reasons, verdict.rejected
        )
    approved = decided is not None and decided.decision == "approved"
    blocked = bool(verdict.reasons) and not approved
    note = "; ".join(verdict.reasons)
    ledger.set_status(context.engine, batch_id, "blocked" if blocked else "validated", note)
    if blocked:
        refused = f"; refused by {decided.decided_by}: {decided.reason}" if decided else ""
        raise GateClosed(
            f"the batch is not fit to load: {note}{refused}",
            dataset=contract.dataset,
            batch=batch_id,
            next_step=_after_gate(manifest, refused=decided is not None),
        )
    return clock.result(
        batch_id,
        counts={"quarantined": verdict.rejected, "warnings": verdict.warned},
        message=f"let through by {decided.decided_by}: {note}" if decided and approved else "",
    )


def load(batch_id: str, context: Context) -> StepResult:
    """Load a validated batch in one transaction; a batch that is in the warehouse is left alone."""
    from kho.anomalies.step import watched
    from kho.load import load_batch
    from kho.privacy.keyring import Keyring

    manifest, contract = read_batch(batch_id, context)
    clock = Clock(contract.dataset, "load")
    status = ledger.status_of(context.engine, batch_id)
    if status != "loaded" and (status != "validated" or not ledger.is_staged(context.engine, manifest)):
        validate(batch_id, context)
    table = stage_table(batch_id)
    watch, message = watched(contract, context.settings)
    set_aside = _set_aside(manifest, contract, context)
    keyring = Keyring(context.settings, context.connections)
    loaded = load_batch(context.engine, contract, manifest, table, set_aside, watch, keyring)
    drop_staging(context.engine, table)
    return clock.result(
        batch_id,
        outcome="unchanged" if loaded.already else "done",
        counts={
            "fetched": loaded.fetched,
            "accepted": loaded.accepted,
            "quarantined": loaded.quarantined,
            "duplicates": loaded.duplicates,
            "loaded": loaded.loaded,
        },
        message=message,
    )


def finish(
    dataset: str,
    as_of: date,
    context: Context,
    *,
    outcome: str | None = None,
    batch_id: str | None = None,
    error: BaseException | str | None = None,
) -> StepResult:
    """Record how the dataset fared tonight, so that the report can say it whatever happened.

    What is loaded is compared with comparable nights; that changes no outcome.
    """
    from kho.anomalies.step import look_at_night

    clock = Clock(dataset, "finish")
    if outcome is None:
        outcome = "loaded" if error is None else "blocked" if isinstance(error, GateClosed) else "failed"
    with context.engine.begin() as db:
        run_file(
            db,
            "quality/record_night.sql",
            as_of=as_of,
            dataset=dataset,
            outcome=outcome,
            fault=error.fault if isinstance(error, KhoError) else "own_fault" if error else None,
            message=str(error) if error else None,
            next_step=error.next_step if isinstance(error, KhoError) else None,
            batch_id=batch_id,
        )
    message = str(error) if error else ""
    if batch_id:
        drop_staging(context.engine, stage_table(batch_id))
        if outcome in ("loaded", "unchanged"):
            message = look_at_night(context.engine, dataset, batch_id, as_of, context.settings)
    return clock.result(batch_id, outcome=outcome, message=message)


def run_dataset(
    dataset: str, as_of: date, context: Context, on_step: Callable[[StepResult], None] | None = None
) -> list[StepResult]:
    """All steps of one dataset's night in turn; the error of a failed step is recorded and raised."""
    results: list[StepResult] = []
    batch_id: str | None = None

    def note(result: StepResult) -> StepResult:
        results.append(result)
        if on_step:
            on_step(result)
        return result

    try:
        extracted = note(extract(dataset, as_of, context))
        batch_id = extracted.batch_id
        if extracted.outcome != "unchanged" and batch_id:
            note(stage(batch_id, context))
            note(validate(batch_id, context))
            note(load(batch_id, context))
    except Exception as error:
        note(finish(dataset, as_of, context, batch_id=batch_id, error=error))
        raise
    outcome = "unchanged" if extracted.outcome == "unchanged" else "loaded"
    note(finish(dataset, as_of, context, batch_id=batch_id, outcome=outcome))
    return results


def _after_gate(manifest: Manifest, *, refused: bool) -> str:
    """What is to be done about a batch that is not loaded."""
    mend = "what is loaded stands; mend the rules or the code, then replay the night again"
    if not manifest.replays:
        mend = "yesterday's data stands; the source's owner must mend it, then run it again"
    decide = "" if refused else f", or somebody decides (kho gate show {manifest.batch_id})"
    return mend + decide


def _set_aside(
    manifest: Manifest, contract: Contract, context: Context
) -> Callable[[sa.Connection], None] | None:
    """What keeps an old night's records from taking the place of newer ones; nothing in an ordinary night."""
    if not manifest.rejudges_day or manifest.replays is None:
        return None
    from kho.quality.superseded import set_aside, superseded_rows

    with context.engine.connect() as db:
        later = run_file(db, "quality/later_batches.sql", batch_id=manifest.replays).scalars().all()
    folders = [batch_folder(contract.dataset, other, context) for other in later]
    rows = superseded_rows(contract, batch_folder(contract.dataset, manifest.batch_id, context), folders)
    return lambda db: set_aside(db, stage_table(manifest.batch_id), rows)


def _said_of(manifest: Manifest) -> str:
    """What became of the files, where the source is one of files."""
    if not manifest.files:
        return ""
    from kho.extract.files.extractor import summary

    return summary(manifest.files)
