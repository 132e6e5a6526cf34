"""The steps of one dataset's night, in the order in which they run.

In: a dataset's slug and the night's date. Out: a `StepResult` for each step. The DAGs and the command
line call these functions and nothing else, so both do the same thing.

    extract -> stage -> validate -> load -> finish      per dataset
    build_star -> write_report -> build_docs            once all datasets have finished

Each step may be killed and run again. A step finds its input by the batch id; what a crash took (the
staging tables are unlogged) is made again from the raw zone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kho import ledger
from kho.connections import Connections
from kho.contracts import Contract, load_contract
from kho.errors import (
    ConfigurationError,
    FatalError,
    GateClosed,
    KhoError,
    SchemaDrifted,
    SourceUnavailable,
)
from kho.extract.drift import Drift
from kho.extract.land import land
from kho.quality.schema_changes import drift_message, note_drift
from kho.raw_zone.manifest import Manifest, read_manifest
from kho.server.warehouse import open_warehouse
from kho.settings import Settings, get_settings
from kho.sql_files import run_file
from kho.stage import drop_staging, stage_table

if TYPE_CHECKING:
    from kho.quality.gate import Decision, Via
    from kho.quality.invariants import Invariant
    from kho.report.periods import Kind


@dataclass(frozen=True)
class StepResult:
    """What one step did: `outcome` is done, unchanged or blocked; counts are rows."""

    dataset: str
    step: str
    batch_id: str | None = None
    outcome: str = "done"
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    message: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The result as plain JSON values, small enough for XCom and free of data and secrets."""
        return asdict(self)


@dataclass(frozen=True)
class Context:
    """What every step needs: the warehouse, the sources' connections, the settings."""

    engine: sa.Engine
    connections: Connections
    settings: Settings

    @classmethod
    def create(cls, connections: Connections, settings: Settings | None = None) -> Context:
        """A context on the configured warehouse, which is started and migrated if need be."""
        settings = settings or get_settings()
        return cls(open_warehouse(settings), connections, settings)


def extract(dataset: str, as_of: date, context: Context) -> StepResult:
    """Land what the source has for the night of `as_of`; `unchanged` if the warehouse has it already."""
    clock = _Clock(dataset, "extract")
    contract = load_contract(dataset)
    earlier = ledger.earlier(context.engine, contract, as_of)
    try:
        manifest = land(contract, as_of, earlier, context.connections, context.settings)
    except SchemaDrifted as error:
        note_drift(context.engine, Drift.from_json(error.drift, dataset), as_of)
        raise
    status = _enter(manifest, context)
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
    from kho.corrections import corrections_in_force, count_matches, note_applied
    from kho.quality.judge import suite_of_batch
    from kho.stage import JUDGED_ON_THE_WAY, stage_batch

    manifest, contract = _batch(batch_id, context)
    clock = _Clock(contract.dataset, "stage")
    ledger.set_status(context.engine, batch_id, "landed")
    folder = _folder(contract.dataset, batch_id, context)
    fixes = corrections_in_force(contract, manifest.as_of)
    applied = count_matches(contract, fixes, folder) if fixes else ()
    is_large = manifest.fetched >= JUDGED_ON_THE_WAY
    suite = suite_of_batch(context.engine, contract, manifest) if is_large else None
    staged = stage_batch(context.engine, contract, batch_id, folder, manifest.fetched, suite, fixes)
    if fixes:
        with context.engine.begin() as db:
            note_applied(db, contract.dataset, batch_id, applied)
    ledger.set_status(context.engine, batch_id, "staged")
    return clock.result(
        batch_id,
        counts={
            "staged": staged.rows,
            "duplicates": staged.duplicates,
            "conflicts": staged.conflicts,
        },
        message=f"corrected by hand: {', '.join(one.correction.id for one in applied)}" if applied else "",
    )


def validate(batch_id: str, context: Context) -> StepResult:
    """Label every staged row with the rules it breaks, and judge the batch as a whole.

    Raises:
        GateClosed: a critical rule of the whole dataset is broken, or too many rows are rejected, and nobody
            has decided to load just this batch all the same.
    """
    from kho.quality.gate import stand_at_gate
    from kho.quality.judge import judge_batch

    manifest, contract = _batch(batch_id, context)
    clock = _Clock(contract.dataset, "validate")
    if not ledger.is_staged(context.engine, manifest):
        stage(batch_id, context)
    verdict = judge_batch(
        context.engine,
        contract,
        manifest,
        stage_table(batch_id),
        _folder(contract.dataset, batch_id, context),
    )
    decided = None
    if verdict.reasons and not manifest.replays:
        decided = stand_at_gate(
            context.engine, contract, manifest, stage_table(batch_id), verdict.reasons, verdict.rejected
        )
    approved = decided is not None and decided.decision == "approved"
    blocked = bool(verdict.reasons) and not approved
    note = "; ".join(verdict.reasons)
    ledger.set_status(context.engine, batch_id, "blocked" if blocked else "validated", note)
    if blocked:
        raise GateClosed(
            f"the batch is not fit to load: {note}",
            dataset=contract.dataset,
            batch=batch_id,
            next_step="yesterday's data stands; the source's owner must mend it, then run it again, or "
            f"somebody decides (kho gate show {batch_id})",
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

    manifest, contract = _batch(batch_id, context)
    clock = _Clock(contract.dataset, "load")
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

    clock = _Clock(dataset, "finish")
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


def replay(
    dataset: str,
    context: Context,
    rule: str | None = None,
    on_step: Callable[[StepResult], None] | None = None,
    *,
    night: date | None = None,
    by: str = "kho",
    reason: str = "rules have changed",
) -> list[StepResult]:
    """Judge a dataset's open quarantined rows again, from the raw zone, by the rules of today.

    What passes now is loaded and its case closed; an older state never replaces a newer one. Only the
    cases that break `rule`, if one is given; all that a night brought, if one is (`replay_day`). The night's
    scores, watermark and outcome stay as they are; the last result says, and `dq.replay` keeps, what the
    scores would be.

    Raises:
        ConfigurationError: a night and a rule are given.
    """
    from kho.quality.replay import land_replay, open_cases

    if night and rule:
        raise ConfigurationError(
            "a night is replayed whole", dataset=dataset, next_step="give either a night or a rule"
        )
    if night:
        return replay_day(dataset, night, context, on_step, by=by, reason=reason)

    contract = load_contract(dataset)

    def land_all(replay_id: int) -> Iterator[Manifest]:  # noqa: ARG001
        for replayed, keys in open_cases(context.engine, contract, rule).items():
            yield land_replay(contract, replayed, keys, context.settings.raw_zone)

    entry = {"night": None, "rule": rule, "by": by, "reason": reason}
    return _replay(dataset, context, land_all, on_step, entry)


def replay_day(
    dataset: str,
    night: date,
    context: Context,
    on_step: Callable[[StepResult], None] | None = None,
    *,
    by: str,
    reason: str,
) -> list[StepResult]:
    """Judge all that a night brought again, from the raw zone, by the suite and the code of today.

    The night's scores are made anew. Records of which a later night has a newer form are judged with the
    rest, but neither loaded nor quarantined. The watermark stays where it is.

    Raises:
        ConfigurationError: the night has no batch, or a newer version of a whole table is loaded.
        GateClosed: the batch is not fit to load.
    """
    from kho.quality.replay import day_batch, land_day

    contract = load_contract(dataset)
    replayed, later = day_batch(context.engine, contract, night)

    def land_it(replay_id: int) -> Iterator[Manifest]:
        yield land_day(contract, replayed, replay_id, context.settings.raw_zone, is_newest=not later)

    entry = {"night": night, "rule": None, "by": by, "reason": reason}
    return _replay(dataset, context, land_it, on_step, entry)


def _replay(
    dataset: str,
    context: Context,
    land_them: Callable[[int], Iterable[Manifest]],
    on_step: Callable[[StepResult], None] | None,
    entry: dict[str, Any],
) -> list[StepResult]:
    """Land, stage, validate and load batches of the raw zone again, and write down what came of it."""
    from kho.quality.replay_log import finish_replay, note_batch, open_replay

    results: list[StepResult] = []

    def note(result: StepResult) -> None:
        results.append(result)
        if on_step:
            on_step(result)

    clock = _Clock(dataset, "compare")
    opened = open_replay(context.engine, dataset, **entry)
    try:
        for manifest in land_them(opened.replay_id):
            landing = _Clock(dataset, "extract")
            unchanged = _enter(manifest, context) == "loaded"
            note_batch(context.engine, opened, manifest.batch_id)
            note(
                landing.result(
                    manifest.batch_id,
                    outcome="unchanged" if unchanged else "done",
                    counts={"fetched": manifest.fetched},
                    message=f"out of {manifest.replays}",
                )
            )
            if not unchanged:
                for step in (stage, validate, load):
                    note(step(manifest.batch_id, context))
    except Exception as error:
        outcome = "blocked" if isinstance(error, GateClosed) else "failed"
        # The text of an unforeseen error may hold anything.
        said = str(error) if isinstance(error, KhoError) else f"unforeseen {type(error).__name__}"
        finish_replay(context.engine, opened, outcome, said)
        raise
    changed = finish_replay(context.engine, opened, "done")
    note(clock.result(None, message=f"scores: {changed or 'as they were'}"))
    return results


def decide_gate(
    batch_id: str,
    decision: Decision,
    context: Context,
    *,
    by: str,
    reason: str,
    via: Via,
    fingerprint: str | None = None,
) -> StepResult:
    """Decide about a batch that stands at the gate; one that is approved is loaded, its failing rows aside.

    Args:
        decision: approved, rejected or timed_out.
        fingerprint: of the evidence that was shown, where time has passed since.

    Raises:
        ConfigurationError: there is nothing to decide any more; the message says why.
        GateClosed: judged now, the batch is not the one that the decision was about.
    """
    from kho.quality.gate import decide

    gate = decide(context.engine, batch_id, decision, by=by, reason=reason, via=via, fingerprint=fingerprint)
    clock = _Clock(gate.dataset, "gate")
    said = f"{gate.decision or decision} by {gate.decided_by or by}"
    if gate.decision != "approved":
        return clock.result(batch_id, message=f"{said}: {batch_id} is not loaded")
    loaded = load(batch_id, context)
    if loaded.outcome != "unchanged":
        finish(gate.dataset, gate.as_of, context, batch_id=batch_id, outcome="loaded")
        build_star(gate.as_of, context)
    return clock.result(batch_id, outcome=loaded.outcome, counts=loaded.counts, message=said)


def gates_to_decide(context: Context) -> list[str]:
    """The batches that wait for a person."""
    from kho.quality.gate import list_gates

    return [gate.batch_id for gate in list_gates(context.engine)]


def show_evidence(batch_id: str, context: Context) -> dict[str, str]:
    """What a person sees before deciding about a batch: subject, body, and the checksum of what was seen."""
    from kho.quality.gate import show_gate
    from kho.quality.gate_text import gate_body, gate_subject

    gate = show_gate(context.engine, batch_id)
    return {"subject": gate_subject(gate), "body": gate_body(gate), "fingerprint": gate.fingerprint}


def build_star(as_of: date, context: Context) -> StepResult:
    """Bring what spans datasets up to date: deadlines, marts, indicators, submissions, measures, scores.

    The star's invariants are asked once the marts are fresh; the message says which are broken.
    """
    from kho.indicators.marts import refresh_indicators
    from kho.load.reference_dimensions import copy_dimensions
    from kho.quality.case_calendar import turn_cases
    from kho.quality.classifications import copy_classifications
    from kho.quality.invariants import note_invariants, said_of
    from kho.quality.measure import measure_night
    from kho.quality.sharing import open_usage
    from kho.quality.submissions import note_submissions

    clock = _Clock("star", "build_star")
    with context.engine.begin() as db:
        open_usage(db, as_of)
    with context.engine.begin() as db:
        copy_classifications(db)
        copy_dimensions(db, context.settings)
        turned = turn_cases(db, as_of)
        run_file(db, "mart/refresh.sql")
        refresh_indicators(db, as_of, context.settings)
        invariants = note_invariants(db, as_of)
        note_submissions(db, as_of, context.settings)
        measure_night(db, as_of, context.settings)
    return clock.result(None, message="; ".join(filter(None, (str(turned), said_of(invariants)))))


def check_star(context: Context) -> tuple[Invariant, ...]:
    """Ask every invariant of the star now; nothing is changed or written down."""
    from kho.quality.invariants import check_invariants

    with context.engine.connect() as db:
        return check_invariants(db)


def write_report(as_of: date, context: Context, kind: Kind = "daily") -> StepResult:
    """Write the report of the night, or of its month or quarter; the message is the page's path.

    Files that tell the same data already are left alone.
    """
    from kho.quality.sharing import close_usage
    from kho.report.files import write_report_files

    clock = _Clock("quality_report", "write_report")
    files = write_report_files(context.engine, as_of, context.settings, kind)
    close_usage(context.engine, as_of)
    outcome = "done" if files.made else "unchanged"
    return clock.result(None, outcome, message=str(files.paths["html"]))


def waiting_draft(as_of: date, context: Context, kind: Kind = "daily") -> int | None:
    """The id of the draft of a night, or of its month or quarter; None if there is nothing to decide."""
    from kho.report.register import draft_of

    return draft_of(context.engine, kind, as_of)


def show_draft(report_id: int, context: Context) -> dict[str, str]:
    """What a person is to see of a draft: subject, summary, and what the answer is bound to."""
    from kho.report.register import read_registered
    from kho.report.register_text import draft_body, draft_subject

    found = read_registered(context.engine, report_id)
    return {"subject": draft_subject(found), "body": draft_body(found), "fingerprint": found.data_sha256}


def decide_report(
    report_id: int,
    decision: Decision,
    context: Context,
    *,
    by: str,
    reason: str,
    via: Via,
    on: date,
    fingerprint: str | None = None,
) -> StepResult:
    """Approve or reject a draft; approved, it is numbered and archived. See `kho.report.register`."""
    from kho.report import register

    clock = _Clock("report_review", "decide")
    if decision == "timed_out":
        told = f"draft {report_id}: nobody answered, it stays a draft"
        return clock.result(None, "unchanged", message=told)
    found = register.decide_report(
        context.engine,
        report_id,
        decision,
        context.settings,
        by=by,
        reason=reason,
        via=via,
        on=on,
        data_sha256=fingerprint,
    )
    number = f" as number {found.number}/{found.year}" if found.number else ""
    return clock.result(None, message=f"report {report_id} {found.state}{number}")


def send_report(report_id: int, context: Context, *, again: bool = False) -> StepResult:
    """Mail a report in force to those whom `include/report.yaml` names, each what is theirs.

    Raises:
        SourceUnavailable: some mails failed; the next run tries them again.
        FatalError: some were cut off; somebody has to look whether they arrived.
    """
    from dataclasses import asdict

    from kho.report import mailing

    clock = _Clock("report_review", "send")
    sending = mailing.send_report(
        context.engine, report_id, context.settings, context.connections, again=again
    )
    counts = asdict(sending)
    told = ", ".join(f"{name} {number}" for name, number in counts.items())
    if sending.failed:
        raise SourceUnavailable(
            f"some mails of report {report_id} failed: {told}", next_step=f"kho report show {report_id}"
        )
    if sending.cut_off:
        raise FatalError(
            f"some mails of report {report_id} were cut off: {told}",
            next_step=f"ask whether they arrived; if not, kho report send {report_id} --again",
        )
    return clock.result(None, counts=counts, message=f"report {report_id}: {told}")


def write_lists(as_of: date, context: Context, agency: str | None = None) -> StepResult:
    """Write each agency's list of records to mend, as Excel files; the message says where."""
    from kho.report.mend_lists import lists_folder, write_mend_lists

    clock = _Clock("quality_report", "write_lists")
    lists = write_mend_lists(context.engine, as_of, context.settings, agency=agency)
    return clock.result(
        None,
        counts={"files": len(lists), "records": sum(item.records for item in lists)},
        message=str(lists_folder(context.settings, as_of)),
    )


def build_docs(as_of: date, context: Context) -> StepResult:
    """Make Great Expectations' pages of all rules and their last results; the message is the first page."""
    from kho.report.data_docs import build_data_docs

    clock = _Clock("quality_report", "build_docs")
    path = build_data_docs(context.engine, as_of, context.settings)
    return clock.result(None, message=str(path))


def send_alerts(context: Context, *, dry_run: bool = False) -> StepResult:
    """Tell people what is wrong and what is over, each thing once (`include/alerts.yaml`).

    Args:
        dry_run: change nothing and send nothing; the message says what would be sent.

    Raises:
        SourceUnavailable: some messages did not get through; the next run tries them again.
        ConfigurationError: the configuration is wrong.
    """
    from datetime import UTC, datetime

    from kho.alerts.step import send_alerts

    clock = _Clock("alerts", "send")
    sent = send_alerts(
        context.engine, context.settings, context.connections, datetime.now(UTC), dry_run=dry_run
    )
    if sent.busy:
        return clock.result(None, outcome="unchanged", message="another process is sending")
    if sent.failed:
        raise SourceUnavailable(
            f"{len(sent.failed)} messages did not get through: {'; '.join(sorted(set(sent.failed)))}",
            next_step="check the connections that include/alerts.yaml names; kho alerts list",
        )
    counts = {"standing": sent.standing, "resolved": sent.resolved, "messages": len(sent.messages)}
    told = "\n\n".join(f"{who}\n{message.subject}\n{message.text}" for who, message in sent.messages)
    return clock.result(None, counts=counts, message=told if dry_run else "")


class _Clock:
    """Times one step and makes its result."""

    def __init__(self, dataset: str, step: str) -> None:
        self._dataset, self._step, self._start = dataset, step, time.monotonic()

    def result(
        self,
        batch_id: str | None,
        outcome: str = "done",
        counts: dict[str, int] | None = None,
        message: str = "",
    ) -> StepResult:
        seconds = round(time.monotonic() - self._start, 3)
        return StepResult(self._dataset, self._step, batch_id, outcome, counts or {}, seconds, message)


def _enter(manifest: Manifest, context: Context) -> str:
    folder = _folder(manifest.dataset, manifest.batch_id, context)
    return ledger.enter(context.engine, manifest, folder.relative_to(context.settings.home))


def _set_aside(
    manifest: Manifest, contract: Contract, context: Context
) -> Callable[[sa.Connection], None] | None:
    """What keeps an old night's records from taking the place of newer ones; nothing in an ordinary night."""
    if not manifest.rejudges_day or manifest.replays is None:
        return None
    from kho.quality.superseded import set_aside, superseded_rows

    with context.engine.connect() as db:
        later = run_file(db, "quality/later_batches.sql", batch_id=manifest.replays).scalars().all()
    folders = [_folder(contract.dataset, other, context) for other in later]
    rows = superseded_rows(contract, _folder(contract.dataset, manifest.batch_id, context), folders)
    return lambda db: set_aside(db, stage_table(manifest.batch_id), rows)


def _batch(batch_id: str, context: Context) -> tuple[Manifest, Contract]:
    dataset = batch_id.split("-", 1)[0]
    return read_manifest(_folder(dataset, batch_id, context)), load_contract(dataset)


def _folder(dataset: str, batch_id: str, context: Context) -> Path:
    return context.settings.raw_zone / dataset / batch_id


def _said_of(manifest: Manifest) -> str:
    """What became of the files, where the source is one of files."""
    if not manifest.files:
        return ""
    from kho.extract.files.extractor import summary

    return summary(manifest.files)
