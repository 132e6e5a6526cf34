"""Judge records of the raw zone again, by today's rules: a dataset's open cases, or all that a night brought.

**Purpose**: after a rule has changed (open cases, of one rule or of all), or after a bug of ours (a
night). What passes now is loaded; an older state never replaces a newer one. `dq.replay` keeps who, why,
and the scores before and after. The command line does the same: `kho quarantine replay`.

**Schedule**: none; a person triggers it, with a dataset, perhaps a date or a rule, and a reason.

**Rerun**: at any time: a replay that was killed goes on, one that is repeated changes nothing.

A night that is not fit to load waits for a person: `ask_at_gate` starts the DAG `gate`, whose answer ends
the replay too.

**Triage**: as for the dataset's own DAG; `kho quarantine replays` says how the last ones ended.
"""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param, task

from kho import pipeline
from kho.contracts import dataset_names
from kho_schedule import TASK_DEFAULTS
from kho_steps import asked, gates_to_ask, run_step

with DAG(
    "replay",
    description="Judge open cases, or a whole night, again",
    schedule=None,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    tags=["quality"],
    doc_md=__doc__,
    params={
        "dataset": Param(None, type=["null", "string"], enum=[None, *dataset_names()]),
        "date": Param(None, type=["null", "string"], format="date", description="A whole night"),
        "rule": Param(None, type=["null", "string"], description="Only open cases that break this rule"),
        "reason": Param("", type="string", description="Why"),
    },
):

    @task
    def replay() -> None:
        run_step(lambda context: pipeline.replay(context=context, **asked())[-1])

    @task(trigger_rule="all_failed")
    def find_blocked() -> list[dict[str, object]]:
        return gates_to_ask()

    replayed, blocked = replay(), find_blocked()
    ask = TriggerDagRunOperator.partial(
        task_id="ask_at_gate", trigger_dag_id="gate", skip_when_already_exists=True
    ).expand_kwargs(blocked)
    replayed >> blocked >> ask
    # Asking succeeds; this one, which costs no process, tells the run that the replay did not.
    replayed >> EmptyOperator(task_id="verdict", trigger_rule="none_failed")
