"""Land what an extraction receives.

In: JSON pages, or Arrow batches. Out: a folder of the raw zone: `pages-*.parquet` (each response
body as it came, with its sha256), `records-*.parquet` (one row per record, values as sent, numbered
by `_row`), and later the manifest. A landing is built in a private folder and appears under its
batch id by one rename, so a killed extraction leaves nothing that looks finished.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kho.raw_zone.json_records import JsonRecords, SeenFields
from kho.raw_zone.manifest import Manifest, write_manifest

CHUNK_BYTES = 8 * 1024 * 1024
"""JSON text parsed at a time; memory during a landing is a small multiple of it."""

_PAGES = pa.schema(
    [
        ("page", pa.int32()),
        ("request", pa.string()),
        ("sha256", pa.string()),
        ("body", pa.large_binary()),
    ]
)


class Landing:
    """A batch on its way into the raw zone."""

    def __init__(self, raw_zone: Path, dataset: str, purpose: str) -> None:
        self._home = raw_zone / dataset
        self.folder = self._home / f".landing-{purpose}"
        # What sources send holds personal data: only the owner may look.
        raw_zone.mkdir(mode=0o700, parents=True, exist_ok=True)
        raw_zone.chmod(0o700)
        self._prepare()
        self._digest = hashlib.sha256()
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _prepare(self) -> None:
        """Make the private folder, empty."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    @property
    def content_sha256(self) -> str:
        return self._digest.hexdigest()

    def add_digest(self, part: str) -> None:
        """Make `part` count towards the batch's identity."""
        self._digest.update(part.encode())

    def publish(self, manifest: Manifest) -> Path:
        """Write the manifest and move the folder to its final name; an equal batch stays as it is."""
        write_manifest(self.folder, replace(manifest, fetched=self.rows))
        final = self._home / manifest.batch_id
        if final.exists():
            shutil.rmtree(self.folder)
        else:
            self.folder.rename(final)
        return final

    def discard(self) -> None:
        """Give the batch up: there is nothing in it that is not known already."""
        shutil.rmtree(self.folder)

    def write_batches(self, batches: Iterable[pa.RecordBatch], name: str = "records") -> int:
        """Land Arrow batches with their native types; returns the number of rows."""
        writer: pq.ParquetWriter | None = None
        rows = 0
        try:
            for batch in batches:
                table = pa.table(batch)
                self.add_digest(_table_sha256(table))
                table = _numbered(table, rows)
                if writer is None:
                    writer = pq.ParquetWriter(
                        self.folder / f"{name}-00000.parquet", table.schema, compression="zstd"
                    )
                writer.write_table(table)
                rows += table.num_rows
        finally:
            if writer is not None:
                writer.close()
        if name == "records":
            self.rows = rows
        return rows


class JsonPages:
    """One span of pages of a landing; it can be thrown away and asked for again.

    Bodies are written by one background thread and records parsed and written by another, a chunk
    behind the pages, so that the source is not kept waiting.
    """

    def __init__(
        self, landing: Landing, part: str, fields: Sequence[str], first_row: int, memory: str = "200MB"
    ) -> None:
        self._reader = JsonRecords(fields, memory)
        self._records_path = landing.folder / f"records-{part}.parquet"
        self._pages_path = landing.folder / f"pages-{part}.parquet"
        self._chunk_paths = [landing.folder / f"chunk-{part}-{turn}.ndjson" for turn in (0, 1)]
        self._chunk: list[bytes] = []
        self._bodies: list[tuple[int, str, str, bytes]] = []
        self._bytes = 0
        self._workers = [ThreadPoolExecutor(1, thread_name_prefix=name) for name in ("bodies", "records")]
        self._pending: list[Future[None]] = []
        self._records_writer: pq.ParquetWriter | None = None
        self._pages_writer: pq.ParquetWriter | None = None
        self._next_row = first_row
        self.rows = 0
        self.page_digests: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._flush()
                self._wait()
        finally:
            for worker in self._workers:
                worker.shutdown(wait=True)
            for writer in (self._records_writer, self._pages_writer):
                if writer is not None:
                    writer.close()
            self._reader.close()
            for path in self._chunk_paths:
                path.unlink(missing_ok=True)
            if kind is not None:
                self._records_path.unlink(missing_ok=True)
                self._pages_path.unlink(missing_ok=True)

    @property
    def seen(self) -> SeenFields:
        """The fields that the records have; complete once the pages are closed."""
        return self._reader.seen

    def add(self, request: str, body: bytes, records: Sequence[bytes]) -> None:
        """Take one page: the body for the record, its records for the warehouse."""
        digest = hashlib.sha256(body).hexdigest()
        self._bodies.append((len(self.page_digests), request, digest, body))
        self.page_digests.append(digest)
        if records:
            self._chunk.extend(records)
            self.rows += len(records)
            self._reader.look_at(records)
        self._bytes += len(body)
        if self._bytes >= CHUNK_BYTES:
            self._flush()

    def _flush(self) -> None:
        chunk, bodies = self._chunk, self._bodies
        self._chunk, self._bodies, self._bytes = [], [], 0
        # The last chunk may still be read: two files take turns.
        self._chunk_paths.reverse()
        if chunk:
            self._reader.write(self._chunk_paths[0], chunk)
        self._wait()
        if bodies:
            self._pending.append(self._workers[0].submit(self._write_bodies, bodies))
        if chunk:
            self._pending.append(
                self._workers[1].submit(self._write_records, self._chunk_paths[0], len(chunk))
            )

    def _wait(self) -> None:
        pending, self._pending = self._pending, []
        for future in pending:
            future.result()

    def _write_bodies(self, bodies: list[tuple[int, str, str, bytes]]) -> None:
        if self._pages_writer is None:
            self._pages_writer = pq.ParquetWriter(
                self._pages_path, _PAGES, compression="lz4", use_dictionary=False
            )
        columns = [
            pa.array(list(column), kind)
            for column, kind in zip(zip(*bodies, strict=True), _PAGES.types, strict=True)
        ]
        self._pages_writer.write_batch(pa.record_batch(columns, schema=_PAGES))

    def _write_records(self, chunk: Path, records: int) -> None:
        table = _numbered(self._reader.read(chunk), self._next_row)
        if table.num_rows != records:
            raise RuntimeError(f"{records} records became {table.num_rows} rows while landing")
        self._next_row += table.num_rows
        if self._records_writer is None:
            self._records_writer = pq.ParquetWriter(self._records_path, table.schema, compression="lz4")
        self._records_writer.write_table(table)


def record_files(folder: Path, name: str = "records") -> list[str]:
    """The record files of a landed batch, in order."""
    return sorted(str(path) for path in folder.glob(f"{name}-*.parquet"))


def pages_of(folder: Path) -> Iterator[bytes]:
    """The response bodies of a landed batch, in the order in which they came."""
    for path in sorted(folder.glob("pages-*.parquet")):
        for batch in pq.ParquetFile(path).iter_batches(batch_size=1, columns=["body"]):
            yield batch.column(0)[0].as_py()


def _numbered(table: pa.Table, first_row: int) -> pa.Table:
    numbers = pa.array(np.arange(first_row, first_row + table.num_rows))
    return table.append_column("_row", numbers)


def _table_sha256(table: pa.Table) -> str:
    digest = hashlib.sha256(str(table.schema).encode())
    for batch in table.to_batches():
        digest.update(batch.serialize())
    return digest.hexdigest()
