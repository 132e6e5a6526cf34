"""What follows once every dataset's night is over: the star schema, then the secretariat's report.

**Purpose**: `star` joins what the night loaded and turns the quarantine's calendar (waivers end, deadlines
pass); `quality_report` writes the page, each agency's list of records to mend, and Data Docs.

**Schedule**: `star` when the assets of all datasets were updated for the same night, good or bad;
`quality_report` when the star was. The partition key is the night's date.

**Rerun**: at any time, with the same partition key; both make the same result again.

**Triage**: this machine or the warehouse; see `kho doctor`. What an agency did wrong never fails
these two: it is in the report.
"""

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, task

from kho import pipeline
from kho.contracts import dataset_names
from kho_schedule import STAR, TASK_DEFAULTS, after_datasets, after_star
from kho_steps import gates_to_ask, night, run_step

with DAG(
    "star",
    description="The star schema, from what was loaded tonight",
    schedule=after_datasets(dataset_names()),
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    tags=["warehouse"],
    doc_md=__doc__,
):

    @task(outlets=[STAR])
    def build_star() -> list[dict[str, object]]:
        run_step(lambda context: pipeline.build_star(night(), context))
        return gates_to_ask()

    # Without a batch at the gate it costs no process; nobody waits for the runs that it starts.
    TriggerDagRunOperator.partial(
        task_id="ask_at_gate", trigger_dag_id="gate", skip_when_already_exists=True
    ).expand_kwargs(build_star())

with DAG(
    "quality_report",
    description="Scores by agency and principle, and the secretariat's report",
    schedule=after_star(),
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    tags=["warehouse"],
    doc_md=__doc__,
):

    def write(name: str) -> None:
        run_step(lambda context: getattr(pipeline, name)(night(), context))

    for name in ("write_report", "write_lists", "build_docs"):
        task(task_id=name)(write)(name)
