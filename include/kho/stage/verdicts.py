"""What DuckDB says of the rows of a batch while they stream into its staging table.

In: a stream of conformed rows with the columns that `kho.rules.duck_labels` adds. Out: the stream without
them; the rows that break a rule, with their records as received, in `__judged`; how many rows each rule
applies to. It takes every row for the only one with its key: `kho.stage.settle` puts that right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa
import sqlalchemy as sa

from kho.bulk_copy import copy_batches
from kho.contracts.model import Contract
from kho.duck import BATCH_ROWS
from kho.duck import connect as duck_connect
from kho.rules.duck_labels import APPLYING, BROKEN, VERDICTS, DuckLabels
from kho.stage.table import StageTable

Tally = Counter[tuple[str, str | None]]
"""Rows that a rule applies to, by rule and agency."""

_HELD_BYTES = 8 << 20
"""Rows that break a rule are held up to this size, and then labelled and copied."""


class Verdicts:
    """What DuckDB says of the rows of one stream: taken off it, counted, copied where a rule is broken."""

    def __init__(self, engine: sa.Engine, contract: Contract, table: StageTable, labels: DuckLabels) -> None:
        self._engine, self._target, self._labels = engine, table.beside("judged").quoted, labels
        self._quality = contract.quality
        self._counts: Counter[tuple[str | None, int]] = Counter()
        self._held: list[pa.RecordBatch] = []
        self._bytes = 0

    def watch(self, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """The same stream without the labels."""
        schema = pa.schema([field for field in reader.schema if field.name not in VERDICTS])

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in reader:
                self._count(batch)
                self._hold(batch)
                yield batch.select(schema.names)

        return pa.RecordBatchReader.from_batches(schema, batches())

    def close(self) -> None:
        """Label and copy what is still held."""
        held, self._held, self._bytes = self._held, [], 0
        if held:
            with duck_connect(threads=1, memory="150MB") as duck:
                rows = duck.from_arrow(pa.Table.from_batches(held))
                labelled = self._labels.labelled(rows, self._quality).to_arrow_reader(BATCH_ROWS)
                copy_batches(self._engine, labelled, self._target)

    def tally(self) -> Tally:
        """How many rows each rule applies to."""
        tally: Tally = Counter()
        for (agency, applying), rows in self._counts.items():
            for rule, place in self._labels.domain_of.items():
                if applying >> place & 1:
                    tally[rule, agency] += rows
        return tally

    def _agency_of(self, batch: pa.RecordBatch) -> pa.Array:
        column = self._quality.agency_column
        return batch.column(column) if column else pa.repeat(self._quality.owner_agency, batch.num_rows)

    def _count(self, batch: pa.RecordBatch) -> None:
        pairs = pa.table([self._agency_of(batch), batch.column(APPLYING)], names=["agency", "applying"])
        counted = pairs.group_by(["agency", "applying"], use_threads=False).aggregate([([], "count_all")])
        names = ("agency", "applying", "count_all")
        for agency, applying, rows in zip(*(counted[name].to_pylist() for name in names), strict=True):
            self._counts[agency, applying] += rows

    def _hold(self, batch: pa.RecordBatch) -> None:
        broken = batch.column(BROKEN)
        if broken.null_count == batch.num_rows:
            return
        self._held.append(batch.filter(broken))
        self._bytes += self._held[-1].nbytes
        if self._bytes >= _HELD_BYTES:
            self.close()
