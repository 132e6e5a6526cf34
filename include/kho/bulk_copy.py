"""Stream Arrow batches into a PostgreSQL table by binary COPY.

In: an engine, a reader of record batches, a table whose columns have the types that Arrow's map to
(int64 bigint, string text, timestamp, date, decimal128 numeric, bool, list of string text[]). Out:
the number of rows. One COPY, one transaction; memory is one encoded batch.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import pgpq
import pyarrow as pa
import sqlalchemy as sa

READ_BYTES = 1 << 18
"""How much is handed to the connection at a time."""


def copy_batches(engine: sa.Engine, reader: pa.RecordBatchReader, table: str) -> int:
    """Append the batches to `table` (quoted, with its schema); returns the number of rows."""
    names = ", ".join(f'"{name}"' for name in reader.schema.names)
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.copy_expert(
            f"COPY {table} ({names}) FROM STDIN (FORMAT binary)",
            _Stream(_encoded(reader)),
            size=READ_BYTES,
        )
        connection.commit()
        return cursor.rowcount
    finally:
        connection.close()


def _encoded(reader: pa.RecordBatchReader) -> Iterator[bytes]:
    encoder = pgpq.ArrowToPostgresBinaryEncoder(reader.schema)
    yield encoder.write_header()
    for batch in reader:
        yield encoder.write_batch(batch)
    yield encoder.finish()


class _Stream(io.RawIOBase):
    """A file made of parts, read a piece at a time; an empty part is not its end."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._part = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._part:
            part = next(self._parts, None)
            if part is None:
                return b""
            self._part = memoryview(part)
        size = len(self._part) if size < 0 else size
        piece, self._part = self._part[:size], self._part[size:]
        return bytes(piece)
