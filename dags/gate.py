"""Ask a person whether a batch that is not fit to load is loaded all the same, and do what the person says.

**Purpose**: `show` gathers the evidence, `ask` waits for an answer (Airflow: Required Actions), `decide`
writes it down and, if the batch is approved, loads it. The command line does the same: `kho gate`.

**Schedule**: triggered by `star` for each batch at the gate. It waits in a run of its own, three days at
most; the night is over long before, and nobody waits for it. No answer counts as no.

**Rerun**: at any time. A decision is made once and holds for that batch, judged as it was, only.

**Triage**: `decide`: the batch is loaded, overtaken by a newer one, decided otherwise, or judged otherwise
since it was shown; the log says which. See `kho gate show BATCH`.
"""

import datetime

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, Param, task

from kho import pipeline
from kho_schedule import TASK_DEFAULTS
from kho_steps import answer_of, batch_asked_about, evidence_of, run_step

with DAG(
    "gate",
    description="A person decides about a batch that is not fit to load",
    schedule=None,
    max_active_runs=50,
    default_args=TASK_DEFAULTS,
    tags=["quality"],
    doc_md=__doc__,
):

    @task
    def show() -> dict[str, str]:
        return evidence_of(batch_asked_about())

    question = HITLOperator(
        task_id="ask",
        subject="{{ ti.xcom_pull(task_ids='show')['subject'] }}",
        body="{{ ti.xcom_pull(task_ids='show')['body'] }}",
        options=["Approve", "Reject"],
        defaults=["Reject"],
        params={"reason": Param("", type="string", title="Lý do", description="Vì sao quyết định như vậy")},
        response_timeout=datetime.timedelta(days=3),
        execution_timeout=None,
    )

    @task
    def decide(evidence: dict[str, str], answer: dict[str, object]) -> None:
        said = answer_of(evidence, answer)
        run_step(lambda context: pipeline.decide_gate(batch_asked_about(), context=context, **said))

    evidence = show()
    evidence >> question
    decide(evidence, question.output)
