"""Take a person out of a landed batch.

In: a batch's folder, its contract, and a `Finder`. Out: the same files without the person, each replaced by
one rename, and a manifest that says so. The batch keeps its id, which is the checksum of what once came: the
same content that is landed again is still the same batch, and stays as it is.

    record-*  a record about the person goes whole; of others the personal fields are emptied, and every
              field that names the person (the contract's personIdentifier says which of both)
    pages-*   the person's records go from the bodies; a body that is not JSON goes whole

A kill leaves some files with the person and some without; running it again finishes. How many records there
are, the files say, so the manifest's counts are right again after that, too.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kho.conform.expressions import conform
from kho.duck import connect as duck_connect
from kho.privacy.subjects import MAY_IDENTIFY, has_key
from kho.raw_zone.landing import record_files
from kho.raw_zone.manifest import read_manifest, write_manifest

if TYPE_CHECKING:
    from kho.contracts import Contract
    from kho.privacy.subjects import Finder

_ROWS = 16_384


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of one file: those about the person, and those that name the person."""

    whole: frozenset[int]
    named: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.whole or self.named)


@dataclass(frozen=True, slots=True)
class ErasedBatch:
    """What went from a batch: records, records that lost fields, and bodies that were changed."""

    records: int = 0
    fields: int = 0
    pages: int = 0

    def __bool__(self) -> bool:
        return bool(self.records or self.fields or self.pages)


def keys_in_batch(folder: Path, contract: Contract, finder: Finder) -> set[str]:
    """The business keys of the records of a batch that are about a subject."""
    found: set[str] = set()
    for path in record_files(folder):
        rows = _look(Path(path), contract, finder).whole
        if rows:
            found |= {key for row, key in _keys(path, contract) if row in rows and has_key(key)}
    return found


def names_anybody(folder: Path, contract: Contract, finder: Finder) -> bool:
    """Whether a batch still has something of a subject."""
    return any(_look(Path(path), contract, finder) for path in record_files(folder)) or any(
        _body(body, contract, finder) is not None
        for path in record_files(folder, "pages")
        for body in _bodies(path)
    )


def erase_from_batch(folder: Path, contract: Contract, finder: Finder, note: str) -> ErasedBatch:
    """Take the subjects out of a batch; nothing where they are not in it.

    Args:
        note: what the manifest says about why its files changed; it names nobody.

    Raises:
        HostError: the batch is not in the raw zone.
    """
    for left in folder.glob(".*.new"):
        left.unlink()
    manifest = read_manifest(folder)
    fields = sum(_erase_records(Path(path), contract, finder) for path in record_files(folder))
    pages = sum(_erase_pages(Path(path), contract, finder) for path in record_files(folder, "pages"))
    fetched = sum(pq.read_metadata(path).num_rows for path in record_files(folder))
    gone = manifest.fetched - fetched
    done = ErasedBatch(gone, fields, pages)
    if done:
        declared = None if manifest.declared is None else manifest.declared - gone
        said = f"{date.today().isoformat()}: {note}"  # noqa: DTZ011 (the day is for people)
        changed = replace(
            manifest,
            fetched=fetched,
            declared=declared,
            erased=manifest.erased + gone,
            rewritten=(*manifest.rewritten, said),
        )
        write_manifest(folder, changed)
    return done


def _look(path: Path, contract: Contract, finder: Finder) -> Found:
    """Which rows of a file of records concern a subject."""
    identifies = {one.source_name: one.person_identifier for one in contract.person_identifiers}
    whole: set[int] = set()
    named: set[int] = set()
    for batch in pq.ParquetFile(path).iter_batches(_ROWS):
        rows = batch.column("_row")
        for name in batch.schema.names:
            texts = _texts(batch.column(name)) if name != "_row" else None
            if texts is None:
                continue
            suspects = pc.fill_null(pc.match_substring_regex(texts, MAY_IDENTIFY), False)
            for place in pc.indices_nonzero(suspects).to_pylist():
                if finder.mentions(texts[place].as_py()):
                    target = whole if identifies.get(name) == "record" else named
                    target.add(rows[place].as_py())
    if finder.records and "record" in identifies.values():
        whole |= {row for row, key in _keys(str(path), contract) if finder.is_record(contract.dataset, key)}
    return Found(frozenset(whole), frozenset(named - whole))


def _texts(column: pa.Array) -> pa.Array | None:
    """A column as text, where it may hold an identifier."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column
    return column.cast(pa.string()) if pa.types.is_integer(column.type) else None


def _keys(path: str, contract: Contract) -> Iterator[tuple[int, str]]:
    """Each row of a file with its business key, as the warehouse writes it."""
    with duck_connect(threads=1, memory="200MB") as duck:
        only_keys = contract.model_copy(update={"columns": contract.key})
        names = [column.name for column in contract.key]
        conformed = conform(duck.read_parquet(path), only_keys)
        for batch in conformed.to_arrow_reader(_ROWS):
            parts = [batch.column(name).cast(pa.string()).to_pylist() for name in names]
            for row, *values in zip(batch.column("_row").to_pylist(), *parts, strict=True):
                yield row, "|".join(value or "" for value in values)


def _erase_records(path: Path, contract: Contract, finder: Finder) -> int:
    """Rewrite a file of records; how many records lost fields."""
    found = _look(path, contract, finder)
    if not found:
        return 0
    personal = {one.source_name for one in contract.columns if one.classification == "personal"}

    def without(batch: pa.RecordBatch) -> pa.RecordBatch:
        keep = pc.invert(pc.is_in(batch.column("_row"), pa.array(sorted(found.whole), pa.int64())))
        left = batch.filter(keep)
        emptied = pc.is_in(left.column("_row"), pa.array(sorted(found.named), pa.int64()))
        columns = []
        for name in left.schema.names:
            column = left.column(name)
            if name == "_row" or not pc.any(emptied).as_py():
                columns.append(column)
                continue
            hidden = emptied if name in personal else pc.and_(emptied, _naming(column, finder))
            columns.append(pc.if_else(hidden, pa.scalar(None, column.type), column))
        return pa.record_batch(columns, schema=left.schema)

    _rewrite(path, without)
    return len(found.named)


def _naming(column: pa.Array, finder: Finder) -> pa.Array:
    texts = _texts(column)
    if texts is None:
        return pa.array([False] * len(column))
    return pa.array([text is not None and finder.mentions(text) for text in texts.to_pylist()])


def _erase_pages(path: Path, contract: Contract, finder: Finder) -> int:
    """Rewrite a file of bodies; how many were changed."""
    changed = sum(_body(body, contract, finder) is not None for body in _bodies(str(path)))
    if not changed:
        return 0

    def without(batch: pa.RecordBatch) -> pa.RecordBatch:
        bodies, digests = [], []
        for body, digest in zip(
            batch.column("body").to_pylist(), batch.column("sha256").to_pylist(), strict=True
        ):
            new = _body(body, contract, finder)
            bodies.append(body if new is None else new)
            digests.append(digest if new is None else hashlib.sha256(new).hexdigest())
        values = {"body": pa.array(bodies, pa.large_binary()), "sha256": pa.array(digests, pa.string())}
        columns = [values.get(name, batch.column(name)) for name in batch.schema.names]
        return pa.record_batch(columns, schema=batch.schema)

    _rewrite(path, without, rows=1)
    return changed


def _bodies(path: str) -> Iterator[bytes]:
    for batch in pq.ParquetFile(path).iter_batches(batch_size=1, columns=["body"]):
        yield batch.column(0)[0].as_py()


def _body(body: bytes, contract: Contract, finder: Finder) -> bytes | None:
    """A body without the subjects' records; None where it has none of them."""
    text = body.decode("utf-8", "replace")
    by_key = bool(finder.records) and any(
        one.person_identifier == "record" for one in contract.person_identifiers
    )
    if not by_key and not finder.mentions(text):
        return None
    try:
        content = json.loads(text)
    except ValueError:
        return b"" if finder.mentions(text) else None
    cut = _Cut(finder, contract.dataset, [column.source_name for column in contract.key] if by_key else [])
    left = cut.out_of(content)
    return json.dumps(left, ensure_ascii=False).encode() if cut.removed else None


class _Cut:
    """Takes the outermost records about a subject out of a body."""

    def __init__(self, finder: Finder, dataset: str, key: list[str]) -> None:
        self._finder, self._dataset, self._key = finder, dataset, key
        self.removed = 0

    def out_of(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.out_of(one) for one in value if not self._drops(one)]
        if isinstance(value, dict):
            return {name: self.out_of(one) for name, one in value.items()}
        if isinstance(value, str | int) and self._finder.mentions(str(value)):
            self.removed += 1
            return None
        return value

    def _drops(self, one: Any) -> bool:
        if not isinstance(one, dict):
            return False
        named = self._finder.mentions(json.dumps(one, ensure_ascii=False))
        if not named and self._key and all(name in one for name in self._key):
            key = "|".join(str(one[name] or "") for name in self._key)
            named = self._finder.is_record(self._dataset, key)
        self.removed += named
        return named


def _rewrite(path: Path, change: Callable[[pa.RecordBatch], pa.RecordBatch], rows: int = _ROWS) -> None:
    """Replace a file by its batches as `change` makes them, in one rename."""
    source = pq.ParquetFile(path)
    group = source.metadata.row_group(0) if source.metadata.num_row_groups else None
    compression = group.column(0).compression.lower() if group else "lz4"
    new = path.with_name(f".{path.name}.new")
    with pq.ParquetWriter(new, source.schema_arrow, compression=_NAMES.get(compression, compression)) as to:
        for batch in source.iter_batches(rows):
            to.write_batch(change(batch))
    with new.open("rb") as written:
        os.fsync(written.fileno())
    new.replace(path)


_NAMES = {"uncompressed": "none", "lz4_raw": "lz4"}
