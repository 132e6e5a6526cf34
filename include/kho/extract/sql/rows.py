"""Write the rows of a table into the raw zone, with what identifies them.

In: Arrow batches. Out: `records-*.parquet` with `_row`, beside it the keys of all rows with a hash of each
row, and a checksum that is the same in whatever order the rows came. Hashing and writing happen in a
thread of their own, one batch behind the reading.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kho.duck import connect as duck_connect

HASH = "_hash"
HASH_FUNCTION = f"duckdb {duckdb.__version__}"
"""Hashes of two versions of DuckDB cannot be compared."""

_AHEAD = 2


class RowWriter:
    """Two Parquet files that grow with every batch.

    Attributes:
        rows: how many rows were written.
    """

    def __init__(self, rows_path: Path, keys_path: Path, key: tuple[str, ...], note: dict[str, str]) -> None:
        self._paths = (rows_path, keys_path)
        self._key = list(key)
        self._note = note
        self._writers: tuple[pq.ParquetWriter, pq.ParquetWriter] | None = None
        self._engine = duck_connect(threads=1, memory="100MB")
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="rows")
        self._pending: list[Future[None]] = []
        self._sum = 0
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._wait(0)
        finally:
            self._worker.shutdown(wait=True)
            for writer in self._writers or ():
                writer.close()
            self._engine.close()

    @property
    def sha256(self) -> str:
        """Checksum over all rows, whatever their order."""
        return hashlib.sha256(f"{self.rows} {self._sum}".encode()).hexdigest()

    def write(self, batch: pa.RecordBatch) -> None:
        """Take the next rows."""
        self._wait(_AHEAD)
        self._pending.append(self._worker.submit(self._write, batch))

    def _wait(self, left: int) -> None:
        while len(self._pending) > left:
            self._pending.pop(0).result()

    def _write(self, batch: pa.RecordBatch) -> None:
        table = pa.table(batch)
        hashes = self._hashes(table)
        self._sum += _sum(hashes)
        numbers = pa.array(np.arange(self.rows, self.rows + table.num_rows))
        rows = table.append_column("_row", numbers)
        keys = table.select(self._key).append_column(HASH, pa.array(hashes))
        if self._writers is None:
            self._writers = (
                pq.ParquetWriter(self._paths[0], rows.schema, compression="lz4", use_dictionary=False),
                pq.ParquetWriter(
                    self._paths[1],
                    keys.schema.with_metadata(self._note),
                    compression="zstd",
                    use_dictionary=False,
                ),
            )
        self._writers[0].write_table(rows)
        self._writers[1].write_table(keys)
        self.rows += table.num_rows

    def _hashes(self, table: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
        columns = [duckdb.ColumnExpression(name) for name in table.column_names]
        hashed = self._engine.from_arrow(table).select(
            duckdb.FunctionExpression("hash", *columns).alias(HASH)
        )
        found: np.ndarray[tuple[int], np.dtype[np.uint64]] = (
            hashed.to_arrow_table().column(HASH).combine_chunks().to_numpy()
        )
        return found


def _sum(hashes: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> int:
    """The sum of 64-bit numbers, which does not fit into 64 bits."""
    high, low = hashes >> np.uint64(32), hashes & np.uint64(0xFFFFFFFF)
    return (int(high.sum()) << 32) + int(low.sum())
