"""Airflow's notifier for failures that the warehouse cannot write down.

In: a task that has failed for good. Out: one message to those who run the platform (`kho.alerts.outside`), by
the mail server and webhooks of `include/alerts.yaml`; the warehouse is not asked. Steps of a dataset's night
are left out: `finish` writes down how they ended, and the DAG `alerts` tells it.

Airflow's own SmtpNotifier sends a mail per failed task; a warehouse that is down fails all of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.sdk import BaseNotifier

from kho.errors import SourceUnavailable
from kho_steps import STEPS

if TYPE_CHECKING:
    from airflow.sdk import Context


class OperatorsNotifier(BaseNotifier):
    """Tells those who run the platform; use it as `on_failure_callback`."""

    def notify(self, context: Context) -> None:
        """Tell of the context's task, unless it is told already.

        Raises:
            UndeliveredError: nobody could be reached.
        """
        from kho.alerts.outside import tell_failure
        from kho.settings import get_settings
        from kho_connections import AirflowConnections

        ti, error = context["ti"], context.get("exception")
        # What `alerts` could not send is in its book and tried again: another message would not get through.
        if ti.task_id in STEPS or (ti.dag_id == "alerts" and isinstance(error, SourceUnavailable)):
            return
        name = type(error).__name__ if isinstance(error, BaseException) else "killed or timed out"
        tell_failure(
            f"{ti.dag_id}.{ti.task_id}", name, get_settings(), AirflowConnections(), datetime.now(UTC)
        )
