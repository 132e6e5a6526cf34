"""How a step of the pipeline runs as an Airflow task.

In: a step of `kho.pipeline`. Out: its batch id and counts as XCom, or its error where the last task
of the night finds it. A DAG says which step runs when; what every step shares is here.
"""

from __future__ import annotations

import datetime
import logging
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow.sdk import RetryDecision, RetryPolicy, get_current_context
from airflow.sdk.exceptions import DownstreamTasksSkipped

from kho import errors
from kho.errors import ConfigurationError, GateClosed, KhoError
from kho.settings import TIMEZONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from kho.pipeline import Context, StepResult

STEPS = ("extract", "stage", "validate", "load")
ERROR_KEY = "error"
COUNTS_KEY = "counts"
BATCH_KEY = "batch"

_log = logging.getLogger(__name__)
_ERROR_PARTS = ("dataset", "batch", "where", "next_step")


_BUGS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    TypeError,
    ValueError,
)
"""Trying again does not change our own mistakes."""


class ErrorDecides(RetryPolicy):
    """Whether to try again is written on the error itself; other errors follow the task's settings."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,  # noqa: ARG002
        max_tries: int,  # noqa: ARG002
        context: object = None,  # noqa: ARG002
    ) -> RetryDecision:
        """Fail at once where a retry gives the same result; wait as long as the source asks."""
        if not isinstance(exception, (KhoError, *_BUGS)):
            return RetryDecision.default()
        if not getattr(exception, "retryable", False):
            return RetryDecision.fail(reason=type(exception).__name__)
        wait = getattr(exception, "retry_after", None)
        return RetryDecision.retry(
            delay=datetime.timedelta(seconds=wait) if wait else None,
            reason=type(exception).__name__,
        )


def night() -> datetime.date:
    """Return the night this run belongs to: its partition, or `as_of` of a run started by hand."""
    context = get_current_context()
    key = context["dag_run"].partition_key or context["params"].get("as_of")
    try:
        return datetime.date.fromisoformat(str(key))
    except ValueError:
        raise ConfigurationError(
            f"the night must be a date like 2026-01-31, not {key!r}",
            next_step="trigger the DAG again with a partition key",
        ) from None


def run_step(step: Callable[[Context], StepResult]) -> StepResult:
    """Run one step; keep its counts, and on failure its error, for the end of the night.

    Raises:
        GateClosed: the step says that the batch must not be loaded.
        Exception: whatever the step raises.
    """
    from kho.pipeline import Context
    from kho_connections import AirflowConnections

    ti = get_current_context()["ti"]
    try:
        result = step(Context.create(AirflowConnections()))
        if result.outcome == "blocked" and result.step != "finish":
            raise GateClosed(result.message, dataset=result.dataset, batch=result.batch_id)
    except KhoError as error:
        ti.xcom_push(key=ERROR_KEY, value=_packed(error))
        raise
    except Exception as error:
        # The text of an unforeseen error may hold anything; it stays in the task's log.
        ti.xcom_push(key=ERROR_KEY, value={"message": f"unforeseen {type(error).__name__}"})
        raise
    _log.info("%s %s: %s %s", result.dataset, result.step, result.outcome, result.message)
    if result.counts:
        ti.xcom_push(key=COUNTS_KEY, value=result.counts)
    if result.batch_id:
        ti.xcom_push(key=BATCH_KEY, value=result.batch_id)
    return result


def batch_of(result: StepResult) -> str:
    """Return the batch id for the next step; with nothing new, skip the rest of the steps."""
    if result.outcome == "unchanged" or result.batch_id is None:
        raise DownstreamTasksSkipped(tasks=list(STEPS[1:]))
    return result.batch_id


def night_ended() -> dict[str, Any]:
    """Say how the steps before this task ended, as `kho.pipeline.finish` wants to know it."""
    ti: Any = get_current_context()["ti"]
    states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id], task_ids=list(STEPS))
    by_step = states.get(ti.run_id, {})
    batch_id = ti.xcom_pull(task_ids="extract", key=BATCH_KEY)
    for step in STEPS:
        if by_step.get(step) == "failed":
            packed = ti.xcom_pull(task_ids=step, key=ERROR_KEY)
            error = _unpacked(packed, dataset=ti.dag_id, step=step)
            return {"outcome": None, "batch_id": batch_id, "error": error}
    outcome = "loaded" if by_step.get("load") == "success" else "unchanged"
    return {"outcome": outcome, "batch_id": batch_id, "error": None}


def asked() -> dict[str, Any]:
    """What the person who triggered a replay asked for, and who it was."""
    context = get_current_context()
    params = context["params"]
    if not params.get("dataset"):
        raise ConfigurationError("no dataset is named", next_step="trigger the DAG again and choose one")
    night = params.get("date")
    return {
        "dataset": params["dataset"],
        "night": datetime.date.fromisoformat(str(night)) if night else None,
        "rule": params.get("rule") or None,
        "by": context["dag_run"].triggering_user_name or "airflow",
        "reason": str(params.get("reason") or ""),
    }


def asked_to_rebuild() -> dict[str, Any]:
    """What the person who triggered a rebuild asked for, and who it was."""
    from kho.rebuild import span_of

    context = get_current_context()
    params = context["params"]
    return {
        "dataset": params.get("dataset") or None,
        "span": span_of(params.get("month") or None, params.get("day") or None),
        "by": context["dag_run"].triggering_user_name or "airflow",
        "reason": str(params.get("reason") or ""),
        "check": bool(params.get("check")),
    }


def drafted() -> dict[str, Any]:
    """Write the report that the run asks for; what a person is to see of the draft.

    Raises:
        DownstreamTasksSkipped: the report in force says the same, so there is nothing to decide.
    """
    from kho import pipeline
    from kho.pipeline import Context
    from kho_connections import AirflowConnections

    context = Context.create(AirflowConnections())
    as_of, kind = report_night(), get_current_context()["params"].get("kind") or "daily"
    pipeline.write_report(as_of, context, kind)
    report_id = pipeline.waiting_draft(as_of, context, kind)
    if report_id is None:
        raise DownstreamTasksSkipped(tasks=["ask", "decide", "send"])
    return {"report_id": report_id, **pipeline.show_draft(report_id, context)}


def decide_draft(shown: dict[str, Any], answer: dict[str, Any]) -> bool:
    """Keep what a person decided about the draft that was shown; whether it is to be sent now."""
    from kho import pipeline

    said = answer_of(shown, answer)
    run_step(lambda context: pipeline.decide_report(shown["report_id"], context=context, on=today(), **said))
    return bool(said["decision"] == "approved")


def report_night() -> datetime.date:
    """The night that a report is asked for: of the run's parameter, or yesterday where the data is."""
    asked_for = get_current_context()["params"].get("date")
    if asked_for:
        return datetime.date.fromisoformat(str(asked_for))
    return today() - datetime.timedelta(days=1)


def today() -> datetime.date:
    """Today where the data is, whatever the clock of this machine is set to."""
    return datetime.datetime.now(ZoneInfo(TIMEZONE)).date()


def batch_asked_about() -> str:
    """The batch that this run of the gate is about."""
    conf = get_current_context()["dag_run"].conf or {}
    if not isinstance(conf.get("batch_id"), str):
        raise ConfigurationError(
            "no batch is named", next_step='trigger the DAG with {"batch_id": ...}; kho gate list names them'
        )
    return str(conf["batch_id"])


def evidence_of(batch_id: str) -> dict[str, str]:
    """What a person is to see of the batch."""
    from kho.pipeline import Context, show_evidence
    from kho_connections import AirflowConnections

    return show_evidence(batch_id, Context.create(AirflowConnections()))


def answer_of(evidence: dict[str, str], answer: dict[str, Any]) -> dict[str, Any]:
    """What was decided, by whom and why, about which evidence; nobody's answer is a time-out."""
    who = answer.get("responded_by_user") or {}
    chosen = answer["chosen_options"][0]
    decision = {"Approve": "approved", "Reject": "rejected"}[chosen] if who else "timed_out"
    reason = (answer.get("params_input") or {}).get("reason") or ""
    return {
        "decision": decision,
        "by": who.get("name") or who.get("id") or "",
        "reason": reason.strip() or f"answered '{chosen}' in Airflow without giving a reason",
        "via": "airflow",
        "fingerprint": evidence["fingerprint"],
    }


def gates_to_ask() -> list[dict[str, Any]]:
    """A run of the gate for each batch that waits for a person; one that is there is not started again."""
    from kho.pipeline import Context, gates_to_decide
    from kho_connections import AirflowConnections

    return [
        {"trigger_run_id": f"gate__{batch_id}", "conf": {"batch_id": batch_id}}
        for batch_id in gates_to_decide(Context.create(AirflowConnections()))
    ]


def _packed(error: KhoError) -> dict[str, str]:
    parts = {name: getattr(error, name) for name in _ERROR_PARTS}
    return {
        "kind": type(error).__name__,
        "message": error.message,
        **{name: value for name, value in parts.items() if value is not None},
    }


def _unpacked(packed: dict[str, str] | None, *, dataset: str, step: str) -> KhoError:
    """Return the step's error; one that died without a word is our own fault."""
    packed = packed or {"message": "the task was killed or timed out"}
    kind = getattr(errors, packed.get("kind", ""), errors.FatalError)
    parts = {name: packed.get(name) for name in _ERROR_PARTS}
    parts["dataset"] = parts["dataset"] or dataset
    parts["where"] = parts["where"] or f"task {step}"
    parts["next_step"] = parts["next_step"] or f"read the log of task {step}, then clear it"
    error: KhoError = kind(packed["message"], **parts)
    return error
