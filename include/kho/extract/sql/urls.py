"""The SQLAlchemy URL of an agency's database.

In: a connection as Airflow keeps it. Out: a URL with the driver that this project brings for the engine.

| conn_type              | driver         | database in `schema` | more in `extra`                       |
|------------------------|----------------|----------------------|---------------------------------------|
| postgres, postgresql   | psycopg2       | database             | `host`: folder of the Unix socket     |
| mysql, mariadb         | asyncmy        | database             | `unix_socket`, `ssl_ca`               |
| mssql                  | pymssql        | database             |                                       |
| oracle                 | oracledb, thin | service name         |                                       |
| sqlite                 |                | path of the file     |                                       |
"""

from __future__ import annotations

import sqlalchemy as sa

from kho.connections import Connection
from kho.errors import ConfigurationError, HostError

_DRIVERS = {
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
    "mysql": "mysql+asyncmy",
    "mariadb": "mariadb+asyncmy",
    "mssql": "mssql+pymssql",
    "oracle": "oracle+oracledb",
    "sqlite": "sqlite+pysqlite",
}
CONNECT_SECONDS = 10


def source_url(connection: Connection) -> sa.URL:
    """The URL of an agency's database.

    Raises:
        ConfigurationError: no driver is known for this kind of connection.
    """
    if connection.extra.get("unavailable"):
        raise HostError(
            str(connection.extra["unavailable"]),
            where=f"connection '{connection.name}'",
            next_step=str(connection.extra.get("next_step") or ""),
        )
    kind = connection.conn_type.replace("-", "_")
    if kind not in _DRIVERS:
        raise ConfigurationError(
            f"there is no database driver for connections of type '{connection.conn_type}'",
            where=f"connection '{connection.name}'",
            next_step=f"use one of: {', '.join(_DRIVERS)}",
        )
    url = sa.URL.create(
        _DRIVERS[kind],
        username=connection.login,
        password=connection.password,
        host=connection.host,
        port=connection.port,
        database=connection.schema,
    )
    if kind == "sqlite":
        # Read-only, and an error instead of a new empty file where there is none.
        path = connection.schema or connection.host or ""
        return sa.URL.create(_DRIVERS[kind], database=f"file:{path}", query={"mode": "ro", "uri": "true"})
    if kind == "oracle" and connection.schema:
        return url._replace(database=None).update_query_dict({"service_name": connection.schema})
    if kind.startswith("postgres") and connection.extra.get("host"):
        return url.update_query_dict({"host": str(connection.extra["host"])})
    return url
