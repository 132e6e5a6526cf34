"""The record files of a landing of files.

In: blocks of records. Out: `records-*.parquet`. A file's rows are kept apart until the whole file has
been read, so that a file refused on its last row has landed nothing. Small files share a record file,
a large one has its own: memory holds one block and the small files since the last writing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kho.extract.files.records import ROWS_AT_ONCE, Block, Record


class RecordSink:
    """The record files of a landing; a file's rows count only once it is committed."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder
        self._schema = pa.schema([(name, pa.string()) for name in names] + [("_row", pa.int64())])
        self._kept: list[pa.RecordBatch] = []
        self._pending: list[pa.RecordBatch] = []
        self._main: pq.ParquetWriter | None = None
        self._own: tuple[Path, pq.ParquetWriter] | None = None
        self._spilled = 0
        self._next = 0
        self.rows = 0

    def add(self, block: Block, common: Record) -> None:
        """Take records of the file that is being read; `common` is the same for all of them."""
        columns = []
        for name in self._schema.names[:-1]:
            values = block.columns.get(name)
            if values is None:
                constant = pa.scalar(block.fixed.get(name, common.get(name)), pa.string())
                columns.append(pa.repeat(constant, block.rows))
            else:
                columns.append(pa.array(values, pa.string()))
        columns.append(pa.array(np.arange(self._next, self._next + block.rows)))
        self._next += block.rows
        self._pending.append(pa.record_batch(columns, schema=self._schema))
        if self._own or sum(batch.num_rows for batch in self._pending) > ROWS_AT_ONCE:
            self._spill()

    def commit(self) -> int:
        """The file has been read: its rows are landed. Returns how many."""
        rows = self._next - self.rows
        if self._own:
            self._own[1].close()
            self._own = None
        self._kept += self._pending
        self._pending = []
        self.rows = self._next
        if sum(batch.num_rows for batch in self._kept) >= ROWS_AT_ONCE:
            self._write_kept()
        return rows

    def rollback(self) -> None:
        """The file is refused: nothing of it is landed."""
        self._pending = []
        if self._own:
            self._own[1].close()
            self._own[0].unlink()
            self._own = None
        self._next = self.rows

    def close(self) -> None:
        """Write what is kept; a landing without a row still has a record file."""
        if self._kept or (self._main is None and not self._spilled):
            self._write_kept()
        if self._main:
            self._main.close()

    def _spill(self) -> None:
        """A large file gets a record file of its own."""
        if self._own is None:
            self._spilled += 1
            path = self._folder / f"records-9{self._spilled:04d}.parquet"
            self._own = (path, pq.ParquetWriter(path, self._schema, compression="zstd"))
        for batch in self._pending:
            self._own[1].write_batch(batch)
        self._pending = []

    def _write_kept(self) -> None:
        if self._main is None:
            self._main = pq.ParquetWriter(
                self._folder / "records-00000.parquet", self._schema, compression="zstd"
            )
        table = pa.Table.from_batches(self._kept, self._schema)
        self._main.write_table(table)
        self._kept = []
