"""Read the DAG folder with Airflow and print what is in it, as one line of JSON."""

import json
from pathlib import Path
from typing import Any

import airflow.settings
from airflow.configuration import conf
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization


def describe() -> dict[str, Any]:
    folder = Path(conf.get("core", "dags_folder"))
    bag = DagBag(str(folder), bundle_name="dags-folder", bundle_path=folder, collect_dags=True)
    return {"errors": bag.import_errors, "dags": {name: _dag(dag) for name, dag in bag.dags.items()}}


def _dag(dag: Any) -> dict[str, Any]:
    # Assets and timetables as the scheduler gets to see them.
    core = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    return {
        "doc": dag.doc_md,
        "tags": sorted(dag.tags),
        "max_active_runs": dag.max_active_runs,
        "timetable": type(core.timetable).__name__,
        "cron": core.timetable.summary,
        "awaits": sorted(
            key.uri.rstrip("/")
            for key, _ in getattr(core.timetable, "asset_condition", _Nothing).iter_assets()
        ),
        "params": sorted(dag.params),
        "tasks": {task.task_id: _task(task) for task in dag.tasks},
    }


class _Nothing:
    @staticmethod
    def iter_assets() -> list[Any]:
        return []


def _task(task: Any) -> dict[str, Any]:
    return {
        "operator": task.task_type,
        "response_timeout": (waits := getattr(task, "response_timeout", None)) and waits.total_seconds(),
        "defaults": getattr(task, "defaults", None),
        "owner": task.owner,
        "retries": task.retries,
        "timeout": task.execution_timeout and task.execution_timeout.total_seconds(),
        "retry_policy": type(task.retry_policy).__name__,
        "pool": task.pool,
        "weight": task.priority_weight,
        "tells": [type(callback).__name__ for callback in task.on_failure_callback],
        "trigger_rule": task.trigger_rule.value,
        "outlets": [outlet.uri.rstrip("/") for outlet in task.outlets],
        "downstream": sorted(task.downstream_task_ids),
    }


if __name__ == "__main__":
    airflow.settings.initialize()
    print(json.dumps(describe()))
