"""Airflow's connections, in the form the pipeline asks for.

In: a connection's name. Out: a `kho.connections.Connection`. Airflow's own places come first
(`AIRFLOW_CONN_<NAME>`, a secrets backend, the metadata database); what the sandbox wrote down comes
last, so that a real source always wins over the stand-in.
"""

from airflow.sdk import Connection as AirflowConnection
from airflow.sdk.exceptions import AirflowNotFoundException

from kho.connections import Connection, EnvironmentConnections
from kho.settings import get_settings


class AirflowConnections:
    """The protocol `kho.connections.Connections`, served by Airflow."""

    def get(self, name: str) -> Connection:
        """Return the connection `name`; Airflow masks its password in the logs.

        Raises:
            ConfigurationError: neither Airflow nor the sandbox knows it.
        """
        try:
            found = AirflowConnection.get(name)
        except AirflowNotFoundException:
            return EnvironmentConnections(get_settings()).get(name)
        return Connection(
            name=name,
            conn_type=found.conn_type or "",
            host=found.host,
            port=found.port,
            login=found.login,
            password=found.password,
            schema=found.schema,
            extra=dict(found.extra_dejson),
        )
