"""A reading session on PostgreSQL.

In: a URL, the contract's binding. Out: a session in one READ ONLY transaction of isolation REPEATABLE READ.
Rows come by COPY as CSV, which the server writes and Arrow reads without making a Python object of
any value; one thread takes them from the connection while the other reads them.
"""

from __future__ import annotations

import io
import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg2
import pyarrow as pa
import sqlalchemy as sa
from pyarrow import csv
from sqlalchemy.pool import NullPool

from kho.connections import Connection
from kho.contracts import SqlSource
from kho.extract.sql.arrow import as_text
from kho.extract.sql.session import LOCK_SECONDS, Session
from kho.extract.sql.urls import CONNECT_SECONDS
from kho.settings import TIMEZONE

BLOCK_BYTES = 2 * 1024 * 1024
"""CSV parsed at a time; no single row may be longer."""

_BLOCKS_AHEAD = 2


@contextmanager
def open_postgresql(url: sa.URL, connection: Connection, source: SqlSource) -> Iterator[PostgresSession]:
    """Begin the transaction; it is rolled back and the connection closed at the end."""
    arguments = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "kho",
        # A server that has vanished without a word is noticed within a minute or two.
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 120_000,
    }
    for name in ("sslmode", "sslrootcert", "sslcert", "sslkey"):
        if connection.extra.get(name):
            arguments[name] = connection.extra[name]
    engine = sa.create_engine(url, poolclass=NullPool, connect_args=arguments)
    try:
        with engine.connect() as db:
            db.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            for name, value in _settings(source).items():
                db.execute(sa.text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
            yield PostgresSession(db)
    finally:
        engine.dispose()


def _settings(source: SqlSource) -> dict[str, str]:
    return {
        "statement_timeout": str(source.statement_timeout_seconds * 1000),
        "lock_timeout": str(LOCK_SECONDS * 1000),
        "TimeZone": TIMEZONE,
        "DateStyle": "ISO, YMD",
        "IntervalStyle": "iso_8601",
        "extra_float_digits": "1",
        "client_encoding": "UTF8",
    }


class PostgresSession(Session):
    """Reads rows by COPY."""

    def __init__(self, db: sa.Connection) -> None:
        self._db = db
        self.dialect = db.dialect
        self._unchecked = db.exec_driver_sql("SHOW server_encoding").scalar() == "SQL_ASCII"

    def inspect(self, name: str, schema: str | None) -> sa.Table:
        return sa.Table(name, sa.MetaData(), schema=schema, autoload_with=self._db, resolve_fks=False)

    def rows(self, query: sa.Select[Any]) -> Sequence[Sequence[Any]]:
        return self._db.execute(query).all()

    def column(self, column: sa.ColumnElement[Any], charset: str) -> sa.ColumnElement[Any]:
        if isinstance(column.type, sa.DateTime) and column.type.timezone:
            return sa.cast(column, sa.DateTime(timezone=False))
        return column

    def stream(self, query: sa.Select[Any], size: int) -> Iterator[pa.RecordBatch]:
        schema = self.schema(query)
        compiled = query.compile(self._db)
        driver: Any = self._db.connection.driver_connection
        with driver.cursor() as cursor:
            select = cursor.mogrify(str(compiled), compiled.params).decode()
            statement = f"COPY ({select}) TO STDOUT (FORMAT csv)"
            if self._unchecked:
                # Asked for UTF-8, the server would stop at the first text that is none.
                cursor.execute("SET LOCAL client_encoding TO 'SQL_ASCII'")
            with _Pipe() as pipe, ThreadPoolExecutor(1, thread_name_prefix="copy") as pool:
                copying = pool.submit(_copy, cursor, statement, pipe)
                try:
                    yield from _parse(pipe, schema, checked=not self._unchecked)
                except pa.ArrowInvalid:
                    # Most likely the text is cut short, and the other thread knows why.
                    pipe.abandon()
                    if isinstance(copying.exception(), psycopg2.Error):
                        copying.result()
                    raise
                finally:
                    # Whoever stops early does not leave the other thread waiting for room.
                    pipe.abandon()
                copying.result()
            if self._unchecked:
                cursor.execute("SET LOCAL client_encoding TO 'UTF8'")


def _copy(cursor: Any, statement: str, pipe: _Pipe) -> None:
    try:
        cursor.copy_expert(statement, pipe.writer)
        pipe.writer.flush()
    finally:
        pipe.end()


def _parse(pipe: _Pipe, schema: pa.Schema, *, checked: bool) -> Iterator[pa.RecordBatch]:
    """The rows of the CSV text in the pipe; the types are those of the catalogue, not guessed."""
    first = pipe.peek()
    if not first:
        yield pa.RecordBatch.from_pylist([], schema=schema)
        return
    # A server with an encoding sends no text that is not of it; one of encoding SQL_ASCII checks nothing.
    text = pa.string() if checked else pa.binary()
    parsed = {field.name: text if pa.types.is_string(field.type) else field.type for field in schema}
    reader = csv.open_csv(
        pa.PythonFile(pipe, mode="r"),
        read_options=csv.ReadOptions(column_names=schema.names, block_size=BLOCK_BYTES, use_threads=False),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=parsed,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
            check_utf8=False,
        ),
    )
    for batch in reader:
        columns = [
            as_text(column) if pa.types.is_binary(column.type) else column
            for column, field in zip(batch.columns, schema, strict=True)
        ]
        yield pa.record_batch(columns, schema=schema)


class _Pipe(io.RawIOBase):
    """A file that one thread writes in large pieces and another reads."""

    def __init__(self) -> None:
        self._pieces: queue.Queue[bytes] = queue.Queue(_BLOCKS_AHEAD)
        self._left = memoryview(b"")
        self._abandoned = False
        self.writer = io.BufferedWriter(_PipeEnd(self), BLOCK_BYTES)

    def put(self, data: bytes) -> None:
        """Wait for room and add a piece; an empty one is the end."""
        while True:
            if self._abandoned:
                raise BrokenPipeError("the reader has left")
            try:
                return self._pieces.put(data, timeout=0.5)
            except queue.Full:
                continue

    def end(self) -> None:
        """Say that nothing more will come."""
        if not self._abandoned:
            self.put(b"")

    def abandon(self) -> None:
        """Say that nobody will read any more."""
        self._abandoned = True

    def peek(self) -> memoryview:
        """The beginning of the text; empty if there is none."""
        if not self._left:
            self._left = memoryview(self._pieces.get())
        return self._left

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = self.peek()
        taken, self._left = (piece, memoryview(b"")) if size < 0 else (piece[:size], piece[size:])
        if not piece:
            # The end stays the end, however often it is asked for.
            self._pieces.put(b"")
        return bytes(taken)


class _PipeEnd(io.RawIOBase):
    def __init__(self, pipe: _Pipe) -> None:
        self._pipe = pipe

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pipe.put(bytes(data))
        return len(data)
