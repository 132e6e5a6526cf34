"""One consumer, one night, one pending run: Airflow's asset manager with the lock it lacks.

In: the updates of two assets at the same moment. Out: both noted on the same pending run of their
common consumer.

Airflow 3.3 locks the updated asset while it looks for the pending run, so two different assets make
two pending runs, each complete by half, and the consumer never starts
(https://github.com/apache/airflow/issues/71070). Here all updates queue up behind one lock, which the
end of the transaction releases. Remove this when the issue is fixed.

Named by the setting `[core] asset_manager_class`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.assets.manager import AssetManager
from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_LOCK = 7_107_051


class NightAssetManager(AssetManager):
    """Notes the updates of partitioned assets one after the other."""

    @classmethod
    def _queue_partitioned_dags(cls, *, session: Session, **arguments: Any) -> None:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        super()._queue_partitioned_dags(session=session, **arguments)
