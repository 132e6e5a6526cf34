"""Airflow's own database: its schema, the pools, the DAGs, and what an interrupted night left.

In: the database that Airflow's configuration names. Out: the same, ready for a scheduler. Each
function does nothing where nothing is to do.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

from airflow import settings
from airflow.api.common.mark_tasks import set_dag_run_state_to_failed
from airflow.models import DagModel, DagRun
from airflow.models.asset import AssetPartitionDagRun, PartitionedAssetKeyLog
from airflow.models.dagbag import DBDagBag
from airflow.utils.state import DagRunState
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import ProgrammingError

BUNDLE = "dags-folder"
WAIT_FOR_PEOPLE = ("gate", "report_review")
_UNFINISHED = (DagRunState.QUEUED, DagRunState.RUNNING)


def migrate(stamp: Path) -> bool:
    """Bring the schema up to this Airflow; `stamp` remembers which version was last seen to fit."""
    installed = version("apache-airflow-core")
    if stamp.exists() and stamp.read_text() == f"{installed} {_revision()}":
        return False
    from airflow.utils import db

    db.upgradedb()
    stamp.write_text(f"{installed} {_revision()}")
    return True


def _revision() -> str | None:
    with settings.Session() as session:
        try:
            revision = session.scalar(text("select version_num from alembic_version"))
        except ProgrammingError:
            return None
    return str(revision)


def publish_dags(watched: list[Path], stamp: Path) -> bool:
    """Serialise the DAGs, as the dag-processor would, if a file they come from has changed.

    Raises:
        ImportError: a DAG file cannot be imported.
    """
    digest = hashlib.sha256(version("apache-airflow-core").encode())
    for path in sorted(found for folder in watched for found in folder.rglob("*") if found.is_file()):
        if path.suffix in {".py", ".yaml"}:
            digest.update(str(path).encode() + path.read_bytes())
    with settings.Session() as session:
        present = session.scalar(select(DagModel.dag_id).where(DagModel.is_stale.is_(False)).limit(1))
    if present and stamp.exists() and stamp.read_text() == digest.hexdigest():
        return False
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db

    manager = DagBundlesManager()
    with settings.Session() as session:
        manager.sync_bundles_to_db(session=session)
        session.commit()
        bundle = manager.get_bundle(BUNDLE)
        bundle.initialize()
        bag = BundleDagBag(bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
        if bag.import_errors:
            path, problem = next(iter(bag.import_errors.items()))
            raise ImportError(f"{path}: {problem.strip().splitlines()[-1]}")
        sync_bag_to_db(bag, bundle.name, bundle_version=None, session=session)
        session.execute(update(DagModel).where(DagModel.dag_id.not_in(bag.dag_ids)).values(is_stale=True))
        session.commit()
    stamp.write_text(digest.hexdigest())
    return True


def end_leftovers() -> int:
    """End the runs that a killed scheduler left unfinished; only while no scheduler runs.

    What they did is kept by the pipeline itself, so a new run goes on from there. A run that waits for
    a person goes on waiting.
    """
    bag = DBDagBag()
    with settings.Session() as session:
        left = session.scalars(
            select(DagRun).where(DagRun.state.in_(_UNFINISHED), DagRun.dag_id.not_in(WAIT_FOR_PEOPLE))
        ).all()
        for run in left:
            dag = bag.get_latest_version_of_dag(run.dag_id, session=session)
            if dag is None:
                run.state = DagRunState.FAILED
            else:
                set_dag_run_state_to_failed(dag=dag, run_id=run.run_id, commit=True, session=session)
        session.commit()
        return len(left)


def forget_half_updates(night: str) -> None:
    """Drop what consumers have collected for the night without starting.

    A consumer that had seen some of its assets updated would start too early when the night is
    repeated. Call this before the night is triggered.
    """
    with settings.Session() as session:
        pending = select(AssetPartitionDagRun.id).where(
            AssetPartitionDagRun.partition_key == night,
            AssetPartitionDagRun.created_dag_run_id.is_(None),
        )
        logs = PartitionedAssetKeyLog
        session.execute(delete(logs).where(logs.asset_partition_dag_run_id.in_(pending)))
        session.execute(
            delete(AssetPartitionDagRun)
            .where(AssetPartitionDagRun.id.in_(pending))
            .execution_options(synchronize_session=False)
        )
        session.commit()


def hold_the_clock() -> None:
    """Let nothing start by the clock while the scheduler runs for one night only.

    A scheduler of longer standing computes the next date again as soon as it sees the DAGs.
    """
    with settings.Session() as session:
        session.execute(update(DagModel).values(next_dagrun_create_after=None))
        session.commit()
