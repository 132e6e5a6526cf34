"""Tell people what is wrong, once, and once more when it is over.

**Purpose**: `send` looks for causes in what the warehouse records, and sends what is due by mail and
webhook (`include/alerts.yaml`): also a night that should be over and is not. The command line does the
same: `kho alerts`.

**Schedule**: every 15 minutes. In quiet hours only what is urgent is sent; the first run after them sends
the rest as one message.

**Rerun**: at any time; nobody is told the same thing twice.

**Triage**: the mail server or a webhook does not answer, which the log names; what was not sent is tried
again later. See `kho alerts list`.
"""

from airflow.sdk import DAG, task

from kho import pipeline
from kho_schedule import TASK_DEFAULTS
from kho_steps import run_step

with DAG(
    "alerts",
    description="What is wrong, told to those who can mend it",
    schedule="*/15 * * * *",
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    tags=["quality"],
    doc_md=__doc__,
):

    @task
    def send() -> None:
        run_step(pipeline.send_alerts)

    send()
