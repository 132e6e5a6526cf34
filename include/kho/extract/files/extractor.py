"""Land the files that were dropped since the last night.

In: the contract's files binding, a connection, what earlier nights know of each file. Out: a landed
batch: `files/` with every new file as it came, the records as text, and a manifest that says of each
file what became of it. A bad file never stops the others, and a file half written is left for later.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kho.connections import Connection
from kho.contracts import Column, Contract, FilesSource
from kho.errors import SourceRejected
from kho.extract.drift import observe
from kho.extract.files.filesystem import errors_named, open_filesystem
from kho.extract.files.inbox import list_files
from kho.extract.files.reading import FOLDER, FileReader, in_order
from kho.extract.files.sink import RecordSink
from kho.extract.files.texts import written_forms
from kho.extract.sample import Sample
from kho.raw_zone.landing import Landing, record_files
from kho.raw_zone.manifest import Manifest, batch_id
from kho.raw_zone.received import FileStatus, KnownFiles, ReceivedFile

_WORDS: Mapping[FileStatus, str] = {
    "read": "read",
    "same": "received again unchanged",
    "superseded": "replaced by a later one",
    "refused": "refused",
    "not_ready": "not ready",
}


def extract_files(
    contract: Contract,
    source: FilesSource,
    connection: Connection,
    as_of: date,
    known: KnownFiles,
    raw_zone: Path,
) -> Manifest:
    """Land what was dropped until the end of the night's day and no earlier night has read."""
    started = time.monotonic()
    where = f"{connection.name}:{source.folder or '/'}"
    with (
        open_filesystem(connection) as (system, root),
        errors_named(where),
        Landing(raw_zone, contract.dataset, f"{as_of:%Y%m%d}") as landing,
    ):
        (landing.folder / FOLDER).mkdir()
        sink = RecordSink(landing.folder, source.landed_names)
        forms = written_forms(contract.columns, source)
        reader = FileReader(source, landing.folder, sink, known, as_of, forms)
        received = [
            reader.take(system, file)
            for file in in_order(list_files(system, _folder(root, source)), source, known)
        ]
        sink.close()
        landing.rows = sink.rows
        # A form without a column that it must have is refused by itself; here only new ones can show.
        drift = observe(contract, [*contract.source_names, *sorted(reader.unexpected)], where=where)
        for file in received:
            landing.add_digest("|".join(map(str, (*file.stat, file.status, file.sha256, file.message))))
        landing.add_digest(contract.content_sha256)
        manifest = Manifest(
            batch_id=batch_id(contract.dataset, as_of, landing.content_sha256),
            dataset=contract.dataset,
            as_of=as_of,
            contract_version=contract.version,
            endpoint=where,
            content_sha256=landing.content_sha256,
            fetched=landing.rows,
            declared=sum(file.rows for file in received),
            requests=1 + len(received),
            request_seconds=round(time.monotonic() - started, 3),
            drift=drift.as_json() if drift else None,
            files=tuple(received),
        )
        landing.publish(manifest)
    return manifest


def summary(files: Iterable[ReceivedFile]) -> str:
    """What a night's files amount to, in one line; the refused ones by name."""
    files = list(files)
    counts = Counter(file.status for file in files)
    parts = [f"{counts[status]} files {word}" for status, word in _WORDS.items() if counts[status]]
    for unread in ("refused", "not_ready"):
        parts += [str(file) for file in files if file.status == unread][:5]
    troubled = sum(len(file.notes) for file in files)
    parts += [f"{troubled} cells without a value they should have"] if troubled else []
    return "; ".join(parts)


def sample_files(
    source: FilesSource, connection: Connection, rows: int, columns: Iterable[Column] = ()
) -> Sample:
    """The first records of the newest files that can be read; nothing is landed.

    Args:
        columns: those of the contract, as far as it is known how their numbers and dates are written.

    Raises:
        SourceRejected: no file can be read; the message says why of the newest one.
    """
    where = f"{connection.name}:{source.folder or '/'}"
    with (
        open_filesystem(connection) as (system, root),
        errors_named(where),
        tempfile.TemporaryDirectory(prefix="kho-sample-") as temporary,
    ):
        folder = Path(temporary)
        (folder / FOLDER).mkdir()
        sink = RecordSink(folder, source.landed_names)
        reader = FileReader(source, folder, sink, KnownFiles(), date.max, written_forms(columns, source))
        received = []
        for file in in_order(list_files(system, _folder(root, source)), source, KnownFiles()):
            received.append(reader.take(system, file))
            if sink.rows >= rows:
                break
        sink.close()
        read = [file for file in received if file.status == "read"]
        if not read:
            raise SourceRejected(
                f"no file can be read: {received[0] if received else 'none is called as agreed'}",
                where=where,
                next_step="compare the file with `form` in the contract, or its name with `file_name`",
            )
        records = pa.concat_tables(pq.read_table(path) for path in record_files(folder)).drop_columns("_row")
        unexpected = tuple(sorted(reader.unexpected))
        return Sample(records.slice(0, rows), None, f"{where} {read[0].path}", None, unexpected)


def _folder(root: str, source: FilesSource) -> str:
    return f"{root.rstrip('/')}/{source.folder}".rstrip("/") if source.folder else root
