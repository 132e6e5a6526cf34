"""What waits for a person: batches at the gate, drafts of the report.

In: the batch or the draft, and who decides what and why. Out: what was decided, and done because of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kho.errors import FatalError, SourceUnavailable
from kho.pipeline.context import Clock, Context, StepResult
from kho.pipeline.dataset import finish, load
from kho.pipeline.night import build_star

if TYPE_CHECKING:
    from datetime import date

    from kho.quality.gate import Decision, Via
    from kho.report.periods import Kind


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
    clock = Clock(gate.dataset, "gate")
    said = f"{gate.decision or decision} by {gate.decided_by or by}"
    if gate.decision != "approved":
        return clock.result(batch_id, message=f"{said}: {batch_id} is not loaded")
    loaded = load(batch_id, context)
    if gate.replays:
        said += _finish_replay(batch_id, context)
    elif loaded.outcome != "unchanged":
        finish(gate.dataset, gate.as_of, context, batch_id=batch_id, outcome="loaded")
        build_star(gate.as_of, context)
    return clock.result(batch_id, outcome=loaded.outcome, counts=loaded.counts, message=said)


def _finish_replay(batch_id: str, context: Context) -> str:
    """A replay changes no night's outcome; its entry says what it did to the scores."""
    from kho.quality.replay_log import finish_replay, replay_behind

    entry = replay_behind(context.engine, batch_id)
    if entry is None:
        return ""
    return f"; scores: {finish_replay(context.engine, entry, 'done') or 'as they were'}"


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

    clock = Clock("report_review", "decide")
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

    clock = Clock("report_review", "send")
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
