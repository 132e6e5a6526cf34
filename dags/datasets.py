"""One night of one dataset: fetch it, test it, load it, and say how it went.

**Purpose**: extract → stage → validate → load, as the contract of the same name says. `finish` records
the outcome and updates the dataset's asset, good night or bad, so that nobody waits for a bad one.

**Schedule**: 01:00 Asia/Ho_Chi_Minh; a dataset that looks up others starts when their night is over.
The partition key is the night's date.

**Rerun**: at any time, with the same partition key; what is loaded already is not loaded twice.
Clearing a failed task goes on from there.

**Triage**: `extract`: the source; the log names endpoint, cause and next step. `validate`: the data;
see `kho quarantine list`. `stage`, `load`, `finish`: this machine or the warehouse; see `kho doctor`.
"""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

from kho import pipeline
from kho.contracts import Contract, load_contract
from kho_schedule import TASK_DEFAULTS, after_datasets, dataset_asset, datasets_to_parse, pool_of, weight_of
from kho_steps import batch_of, night, night_ended, run_step


def dag_of(contract: Contract) -> DAG:
    """Return the DAG of one contract."""
    dataset = contract.dataset
    with DAG(
        dataset,
        description=contract.title,
        schedule=after_datasets(contract.depends_on),
        max_active_runs=1,
        default_args={**TASK_DEFAULTS, "owner": contract.owner},
        tags=["dataset", contract.source.kind],
        doc_md=__doc__,
    ) as dag:

        @task(pool=pool_of(contract), priority_weight=weight_of(contract))
        def extract() -> str:
            return batch_of(run_step(lambda context: pipeline.extract(dataset, night(), context)))

        def step(name: str, batch_id: str) -> None:
            run_step(lambda context: getattr(pipeline, name)(batch_id, context))

        @task(outlets=[dataset_asset(dataset)], trigger_rule="all_done")
        def finish() -> None:
            ended = night_ended()
            run_step(lambda context: pipeline.finish(dataset, night(), context, **ended))

        batch = extract()
        steps = [task(task_id=name)(step)(name, batch) for name in ("stage", "validate", "load")]
        batch >> steps[0] >> steps[1] >> steps[2]
        # `finish` succeeds after a bad night too; this one, which costs no process, tells the run so.
        steps[2] >> [finish(), EmptyOperator(task_id="verdict", trigger_rule="none_failed")]
    return dag


for name in datasets_to_parse():
    dag_of(load_contract(name))
