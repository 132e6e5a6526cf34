"""A reading session on MySQL or MariaDB.

In: a connection, the contract's binding. Out: a session in one READ ONLY transaction with a consistent
snapshot. The driver is asked not to interpret any value: rows come as the bytes that the server sent, in
UTF-8, and become Arrow columns a few thousand at a time, while they are still in the processor's cache.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import asyncmy
import pyarrow as pa
import sqlalchemy as sa
from asyncmy import converters
from asyncmy.cursors import SSCursor
from sqlalchemy.dialects import mysql as mysql_types
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from kho.connections import Connection
from kho.contracts import SqlSource
from kho.extract.sql.arrow import from_bytes, is_binary
from kho.extract.sql.session import LOCK_SECONDS, Session
from kho.extract.sql.urls import CONNECT_SECONDS, source_url

_FETCH_ROWS = 2_000
_ANSWER_SECONDS = 60


@contextmanager
def open_mysql(connection: Connection, source: SqlSource) -> Iterator[MySqlSession]:
    """Begin the transaction; it ends with the connection."""
    with asyncio.Runner() as runner:
        arguments = _arguments(connection, source)
        write = {kind: write for kind, write in converters.conversions.items() if not isinstance(kind, int)}
        driver = runner.run(asyncmy.connect(**arguments, conv=write, use_unicode=False))
        try:
            for statement in first_statements(driver.get_server_info(), source):
                runner.run(_execute(driver, statement))
            yield MySqlSession(runner, driver, connection, arguments)
        finally:
            # Not a polite goodbye: there may be rows on their way that nobody wants.
            driver.close()


def first_statements(version: str, source: SqlSource) -> tuple[str, ...]:
    """What makes the transaction read-only and all its statements see one instant."""
    seconds = source.statement_timeout_seconds
    limit = (
        f"SET SESSION max_statement_time = {seconds}"
        if "mariadb" in version.lower()
        else f"SET SESSION max_execution_time = {seconds * 1000}"
    )
    return (
        limit,
        f"SET SESSION lock_wait_timeout = {LOCK_SECONDS}, SESSION net_write_timeout = {seconds}",
        "SET SESSION time_zone = '+07:00'",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    )


def _arguments(connection: Connection, source: SqlSource) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "user": connection.login,
        "password": connection.password or "",
        "database": connection.schema,
        "charset": "utf8mb4",
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": source.statement_timeout_seconds + _ANSWER_SECONDS,
        "program_name": "kho",
    }
    if connection.extra.get("unix_socket"):
        arguments["unix_socket"] = str(connection.extra["unix_socket"])
    else:
        arguments |= {"host": connection.host or "localhost", "port": connection.port or 3306}
    if connection.extra.get("ssl_ca"):
        arguments["ssl"] = ssl.create_default_context(cafile=str(connection.extra["ssl_ca"]))
    return arguments


class MySqlSession(Session):
    """Reads rows as uninterpreted bytes."""

    def __init__(
        self, runner: asyncio.Runner, driver: Any, connection: Connection, arguments: dict[str, Any]
    ) -> None:
        self._runner = runner
        self._driver = driver
        self._url = source_url(connection)
        self._arguments = arguments
        self.dialect = self._url.get_dialect()()

    def inspect(self, name: str, schema: str | None) -> sa.Table:
        """The table, by a connection of its own: there, values have to be interpreted."""

        async def look() -> sa.Table:
            # Everything that leads to the server is in the arguments; the URL only names the dialect.
            engine = create_async_engine(
                sa.URL.create(self._url.drivername), poolclass=NullPool, connect_args=self._arguments
            )
            try:
                async with engine.connect() as db:
                    return await db.run_sync(
                        lambda sync: sa.Table(
                            name, sa.MetaData(), schema=schema, autoload_with=sync, resolve_fks=False
                        )
                    )
            finally:
                await engine.dispose()

        return self._runner.run(look())

    def rows(self, query: sa.Select[Any]) -> Sequence[Sequence[Any]]:
        kinds = [column.type for column in query.selected_columns]

        async def ask() -> list[tuple[bytes | None, ...]]:
            async with self._driver.cursor() as cursor:
                await cursor.execute(*self._compiled(query))
                return list(await cursor.fetchall())

        return [
            tuple(_value(value, kind) for value, kind in zip(row, kinds, strict=True))
            for row in self._runner.run(ask())
        ]

    def column(self, column: sa.ColumnElement[Any], charset: str) -> sa.ColumnElement[Any]:
        if isinstance(column.type, mysql_types.BIT):
            return sa.cast(column, mysql_types.BIGINT(unsigned=True))
        if charset == "utf8_bytes" and not is_binary(column.type):
            # As stored: without this the server converts from the character set that it believes in.
            return sa.type_coerce(sa.cast(column, sa.BINARY), sa.Text())
        return column

    def stream(self, query: sa.Select[Any], size: int) -> Iterator[pa.RecordBatch]:
        schema = self.schema(query)
        cursor = SSCursor(self._driver)
        run = self._runner.run
        run(cursor.execute(*self._compiled(query)))
        pieces: list[list[pa.Array]] = []
        waiting = 0
        empty = True
        while rows := run(cursor.fetchmany(min(size, _FETCH_ROWS))):
            pieces.append([pa.array(values, pa.binary()) for values in zip(*rows, strict=True)])
            waiting += len(rows)
            if waiting >= size:
                yield _batch(pieces, schema)
                pieces, waiting, empty = [], 0, False
        run(cursor.close())
        if pieces or empty:
            yield _batch(pieces, schema)

    def _compiled(self, query: sa.Select[Any]) -> tuple[str, tuple[Any, ...] | None]:
        compiled = query.compile(dialect=self.dialect)
        values = [compiled.params[name] for name in compiled.positiontup or ()]
        return str(compiled), tuple(values)


async def _execute(driver: Any, statement: str) -> None:
    async with driver.cursor() as cursor:
        await cursor.execute(statement)


def _batch(pieces: list[list[pa.Array]], schema: pa.Schema) -> pa.RecordBatch:
    if not pieces:
        return pa.RecordBatch.from_pylist([], schema=schema)
    columns = [
        from_bytes(pa.concat_arrays(parts), field.type)
        for parts, field in zip(zip(*pieces, strict=True), schema, strict=True)
    ]
    return pa.record_batch(columns, schema=schema)


def _value(value: bytes | None, kind: Any) -> Any:
    if value is None:
        return None
    return int(value) if isinstance(kind, sa.Integer) else value.decode()
