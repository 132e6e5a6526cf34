"""The board's ties to Airflow's runs: where a night's runs are, and a replay as a run of its DAG."""

from datetime import date
from urllib.parse import quote

from airflow import settings
from airflow.api.common.trigger_dag import trigger_dag
from airflow.models import DagRun
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import select

from kho_web.login import REPLAY_DAG


def runs_of_night(as_of: date | None) -> dict[str, str]:
    """The path of each dataset's newest run of a night, below Airflow's root."""
    if as_of is None:
        return {}
    query = (
        select(DagRun.dag_id, DagRun.run_id)
        .where(DagRun.partition_key == as_of.isoformat())
        .order_by(DagRun.id)
    )
    with settings.Session() as session:
        return {run.dag_id: _path(run.dag_id, run.run_id) for run in session.execute(query)}


def start_replay(dataset: str, rule: str, reason: str, by: str) -> str:
    """Trigger the DAG that replays, in the user's name; the path of its run."""
    run = trigger_dag(
        dag_id=REPLAY_DAG,
        triggered_by=DagRunTriggeredByType.UI,
        triggering_user_name=by,
        conf={"dataset": dataset, "rule": rule or None, "date": None, "reason": reason},
    )
    return _path(REPLAY_DAG, run.run_id) if run else f"/dags/{REPLAY_DAG}"


def _path(dag_id: str, run_id: str) -> str:
    return f"/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"
