"""A reading session on an agency's database: one read-only transaction on one connection.

In: a connection and the contract's binding. Out: `Session`: what the table looks like, single values,
and rows as a stream of Arrow batches. PostgreSQL and MySQL have sessions of their own, which read in
bulk; the session here reads through SQLAlchemy, row by row, and serves SQL Server, Oracle and SQLite.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from kho.connections import Connection
from kho.contracts import SqlSource
from kho.extract.sql.arrow import from_objects, landed_type
from kho.extract.sql.urls import CONNECT_SECONDS, source_url

LOCK_SECONDS = 60
"""How long a statement waits for a lock that somebody else holds."""


class Session(ABC):
    """One read-only transaction; every statement in it sees the same instant where the engine can do so."""

    dialect: sa.Dialect

    @abstractmethod
    def inspect(self, name: str, schema: str | None) -> sa.Table:
        """The table with its columns; NoSuchTableError if there is none that we may see."""

    @abstractmethod
    def rows(self, query: sa.Select[Any]) -> Sequence[Sequence[Any]]:
        """All rows of a query that has few."""

    @abstractmethod
    def stream(self, query: sa.Select[Any], size: int) -> Iterator[pa.RecordBatch]:
        """The rows of a query in batches of about `size`; at least one batch, which may be empty."""

    def column(self, column: sa.ColumnElement[Any], charset: str) -> sa.ColumnElement[Any]:
        """What to select so that a column arrives as text can be read."""
        return column

    def schema(self, query: sa.Select[Any]) -> pa.Schema:
        """The types with which a query's columns land."""
        return pa.schema(
            [(column.name, landed_type(column.type, self.dialect.name)) for column in query.selected_columns]
        )


@contextmanager
def open_session(connection: Connection, source: SqlSource) -> Iterator[Session]:
    """Begin the transaction; it is rolled back and the connection closed at the end."""
    url = source_url(connection)
    if url.get_backend_name() == "postgresql":
        from kho.extract.sql.postgresql import open_postgresql

        with open_postgresql(url, connection, source) as session:
            yield session
    elif url.get_backend_name() in ("mysql", "mariadb"):
        from kho.extract.sql.mysql import open_mysql

        with open_mysql(connection, source) as session:
            yield session
    else:
        with _open_plain(url, source) as plain:
            yield plain


@contextmanager
def _open_plain(url: sa.URL, source: SqlSource) -> Iterator[PlainSession]:
    engine = sa.create_engine(url, poolclass=NullPool, **engine_options(url, source))
    try:
        with engine.connect() as db:
            for statement in first_statements(db.dialect.name):
                db.exec_driver_sql(statement)
            if db.dialect.name == "oracle":
                driver: Any = db.connection.driver_connection
                driver.call_timeout = source.statement_timeout_seconds * 1000
            yield PlainSession(db)
    finally:
        engine.dispose()


def engine_options(url: sa.URL, source: SqlSource) -> dict[str, Any]:
    """What `create_engine` has to know of the engine, beside the URL."""
    seconds = source.statement_timeout_seconds
    if url.get_backend_name() == "mssql":
        arguments = {
            "login_timeout": CONNECT_SECONDS,
            "timeout": seconds,
            "appname": "kho",
            "charset": "UTF-8",
        }
        return {"isolation_level": "SNAPSHOT", "connect_args": arguments}
    if url.get_backend_name() == "oracle":
        return {"connect_args": {"tcp_connect_timeout": CONNECT_SECONDS}}
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": LOCK_SECONDS}}
    return {}


def first_statements(dialect: str) -> tuple[str, ...]:
    """What makes the transaction read-only and all its statements see one instant, by engine."""
    return {
        # The isolation level SNAPSHOT is set by SQLAlchemy when it connects.
        "mssql": (f"SET LOCK_TIMEOUT {LOCK_SECONDS * 1000}",),
        "oracle": ("SET TRANSACTION READ ONLY",),
        "sqlite": ("PRAGMA query_only = ON", "BEGIN"),
    }[dialect]


class PlainSession(Session):
    """Reads through SQLAlchemy's own cursor."""

    def __init__(self, db: sa.Connection) -> None:
        self._db = db
        self.dialect = db.dialect

    def inspect(self, name: str, schema: str | None) -> sa.Table:
        return sa.Table(name, sa.MetaData(), schema=schema, autoload_with=self._db, resolve_fks=False)

    def rows(self, query: sa.Select[Any]) -> Sequence[Sequence[Any]]:
        return self._db.execute(query).all()

    def stream(self, query: sa.Select[Any], size: int) -> Iterator[pa.RecordBatch]:
        schema = self.schema(query)
        plain = _as_stored(query) if self.dialect.name == "sqlite" else query
        empty = True
        with _text_as_bytes(self._db), self._db.execution_options(yield_per=size).execute(plain) as result:
            for rows in result.partitions():
                empty = False
                columns = zip(*rows, strict=True)
                yield pa.record_batch(
                    [from_objects(values, field.type) for values, field in zip(columns, schema, strict=True)],
                    schema=schema,
                )
        if empty:
            yield pa.RecordBatch.from_pylist([], schema=schema)


def _as_stored(query: sa.Select[Any]) -> sa.Select[Any]:
    """The query without SQLAlchemy's readers, which stop at the first value that is not of its type."""
    columns: list[Any] = [
        sa.type_coerce(column, sa.types.NullType()).label(column.name) for column in query.selected_columns
    ]
    plain: sa.Select[Any] = query.with_only_columns(*columns)
    return plain


@contextmanager
def _text_as_bytes(db: sa.Connection) -> Iterator[None]:
    """SQLite: hand text over as bytes, because it may hold text that is no UTF-8."""
    if db.dialect.name != "sqlite":
        yield
        return
    driver: Any = db.connection.driver_connection
    before, driver.text_factory = driver.text_factory, bytes
    try:
        yield
    finally:
        driver.text_factory = before
