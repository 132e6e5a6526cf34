"""Have a person read a draft of the secretariat's report; number, keep and send it if it is approved.

**Purpose**: `ask` waits for an answer (Airflow: Required Actions), `decide` numbers the report and keeps its
files, `send` mails it, to each agency its own extract. The command line does the same: `kho report`.

**Schedule**: none; a person triggers it with a kind and a date. Without an answer it stays a draft.

**Rerun**: at any time; nothing is numbered or mailed twice.

**Triage**: `decide`: the draft changed since it was shown, or was decided already. `send`: the mail server; a
mail that was cut off waits for a person. See `kho report show ID`.
"""

from datetime import timedelta

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, Param, task

from kho import pipeline
from kho_schedule import TASK_DEFAULTS
from kho_steps import decide_draft, drafted, run_step

with DAG(
    "report_review",
    description="A person approves the report; it is numbered, kept and sent",
    schedule=None,
    max_active_runs=50,
    default_args=TASK_DEFAULTS,
    tags=["report"],
    doc_md=__doc__,
    params={
        "kind": Param("daily", enum=["daily", "monthly", "quarterly"]),
        "date": Param(None, type=["null", "string"], format="date", description="Yesterday"),
    },
):
    draft = task(task_id="draft")(drafted)

    question = HITLOperator(
        task_id="ask",
        subject="{{ ti.xcom_pull(task_ids='draft')['subject'] }}",
        body="{{ ti.xcom_pull(task_ids='draft')['body'] }}",
        options=["Approve", "Reject"],
        defaults=["Reject"],
        params={"reason": Param("", type="string", title="Lý do")},
        response_timeout=timedelta(days=5),
        execution_timeout=None,
    )

    @task.short_circuit
    def decide(shown: dict, answer: dict) -> bool:
        return decide_draft(shown, answer)

    @task
    def send(shown: dict) -> None:
        run_step(lambda context: pipeline.send_report(shown["report_id"], context))

    (shown := draft()) >> question
    decide(shown, question.output) >> send(shown)
