"""How to open the databases of a running embedded server, and how to add one."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg2
from psycopg2 import errorcodes, sql

from kho.server.configuration import PORT

if TYPE_CHECKING:
    from sqlalchemy import URL

SUPERUSER = "kho"

CONNECT_SECONDS = 30
"""How long one attempt may take: a machine under load may need its time for every session."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running embedded server, and how to open its databases."""

    socket_dir: Path
    password: str = field(repr=False)
    user: str = SUPERUSER
    port: int = PORT

    def url(self, database: str) -> "URL":
        """Return the SQLAlchemy URL of `database`.

        It names a host, which Great Expectations insists on; the socket folder in the
        query takes precedence over it.
        """
        from sqlalchemy import URL

        return URL.create(
            "postgresql+psycopg2",
            username=self.user,
            password=self.password,
            host="localhost",
            database=database,
            query={"host": str(self.socket_dir)},
        )

    def libpq_uri(self, database: str) -> str:
        """Return the URI of `database` as libpq reads it: for ADBC, psql and pg_dump."""
        user, password, name, folder = (
            quote(part, safe="") for part in (self.user, self.password, database, str(self.socket_dir))
        )
        return f"postgresql://{user}:{password}@/{name}?host={folder}"


def ensure_database(server: Server, name: str, owner: str | None = None) -> bool:
    """Make the database `name` unless it is there; return whether it was made.

    Args:
        server: the running server.
        name: the database's name.
        owner: an existing role that shall own it; the superuser by default.
    """
    statement = sql.SQL("create database {}").format(sql.Identifier(name))
    if owner is not None:
        statement += sql.SQL(" owner {}").format(sql.Identifier(owner))
    return _make_once(server, "select 1 from pg_catalog.pg_database where datname = %s", name, statement)


def ensure_role(server: Server, name: str, password: str) -> bool:
    """Make the login role `name` unless it is there; return whether it was made."""
    statement = sql.SQL("create role {} login password {}").format(
        sql.Identifier(name), sql.Literal(password)
    )
    return _make_once(server, "select 1 from pg_catalog.pg_roles where rolname = %s", name, statement)


def _make_once(server: Server, query: str, name: str, statement: sql.Composed) -> bool:
    connection = psycopg2.connect(server.libpq_uri("postgres"), connect_timeout=CONNECT_SECONDS)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(query, (name,))
            if cursor.fetchone() is not None:
                return False
            try:
                cursor.execute(statement)
            except psycopg2.Error as error:
                # Somebody else made it in between.
                if error.pgcode in {
                    errorcodes.DUPLICATE_DATABASE,
                    errorcodes.DUPLICATE_OBJECT,
                    errorcodes.UNIQUE_VIOLATION,
                }:
                    return False
                raise
            return True
    finally:
        connection.close()
