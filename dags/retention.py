"""Remove what is kept longer than contracts and `include/retention.yaml` allow.

**Purpose**: batches of the raw zone, logs of requests, records of closed cases, drafts of reports and the log
of who looked at what go when their term is over. What is open stays. `meta.retention_log` says what went. The
command line does the same: `kho privacy retain`, and says beforehand what would go: `--dry-run`.

**Schedule**: every Sunday at four, when the night is over.

**Rerun**: at any time; a run that was killed goes on, one that is repeated changes nothing.

**Triage**: this machine or the warehouse; see `kho doctor`. Files that stay belong to another user.
"""

from airflow.sdk import DAG, CronTriggerTimetable, task

from kho import pipeline
from kho.settings import TIMEZONE
from kho_schedule import TASK_DEFAULTS
from kho_steps import run_step, today

with DAG(
    "retention",
    description="What is kept too long goes",
    schedule=CronTriggerTimetable("0 4 * * 0", timezone=TIMEZONE),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    tags=["warehouse"],
    doc_md=__doc__,
):

    @task
    def retain() -> None:
        run_step(lambda context: pipeline.retain(today(), context))

    retain()
