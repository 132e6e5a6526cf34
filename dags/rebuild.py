"""Make the star, or a part of it, again from the raw zone, and mend what differs.

**Purpose**: after rows of the star were lost or spoilt, or after a mistake in a load was mended. The batches
that are loaded are loaded again beside the star, with the rows left out that were left out then; readers see
the old rows until all of a dataset's are mended. Cases and scores stay as they are: for those there is
`replay`. `meta.rebuild` keeps who, why, and what differed. The command line does the same: `kho rebuild`.

**Schedule**: none; a person triggers it, with a dataset (none: all of them), perhaps a month or a day.

**Rerun**: at any time: killed, it has changed nothing of the dataset; repeated, it finds nothing to mend.

**Triage**: `does not come to what it came to then`: see the runbook, *rebuilding*. A night's load of the same
dataset waits until the rebuild is over.
"""

from airflow.sdk import DAG, Param, task

from kho import pipeline
from kho.contracts import dataset_names
from kho_schedule import TASK_DEFAULTS
from kho_steps import asked_to_rebuild, run_step

with DAG(
    "rebuild",
    description="Make the star again from the raw zone",
    schedule=None,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    tags=["warehouse"],
    doc_md=__doc__,
    params={
        "dataset": Param(None, type=["null", "string"], enum=[None, *dataset_names()]),
        "month": Param(None, type=["null", "string"], description="2026-11; only what its nights brought"),
        "day": Param(
            None, type=["null", "string"], format="date", description="Only what this night brought"
        ),
        "check": Param(False, type="boolean", description="Only say what would be changed"),
        "reason": Param("", type="string", description="Why"),
    },
):

    @task
    def rebuild() -> None:
        run_step(lambda context: pipeline.rebuild(context=context, **asked_to_rebuild())[-1])

    rebuild()
