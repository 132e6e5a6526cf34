"""Land the quarantined rows of a dataset again, to be judged by today's rules.

In: the open cases and the batches of the raw zone that hold their records. Out: new batches of those
records only, each of which says in its manifest which batch it replays. Every record with the key of a
case is taken, so that repeats are judged together as they were. A replay has no watermark; its identity
is its records and the rules, so the same question is not asked twice.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from kho.duck import connect as duck_connect
from kho.raw_zone.landing import Landing, record_files
from kho.raw_zone.manifest import Manifest, batch_id, read_manifest
from kho.sql_files import run_file
from kho.stage import BATCH_ROWS

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.contracts import Contract

Key = tuple[str, ...]


def open_cases(engine: sa.Engine, contract: Contract, rule: str | None = None) -> dict[str, set[Key]]:
    """The keys of the open cases, as received, by the batch they were last seen in."""
    names = [column.source_name for column in contract.key]
    found: dict[str, set[Key]] = defaultdict(set)
    with engine.connect() as db:
        for row in run_file(db, "quality/open_cases.sql", dataset=contract.dataset, rule=rule):
            found[row.last_seen_batch_id].add(tuple(_text(row.raw.get(name)) for name in names))
    return dict(found)


def land_replay(contract: Contract, replayed: str, keys: set[Key], raw_zone: Path) -> Manifest:
    """Land the records of a batch that have one of `keys` as a batch of their own.

    Raises:
        HostError: the batch is no longer in the raw zone.
    """
    source = raw_zone / contract.dataset / replayed
    earlier = read_manifest(source)
    with Landing(raw_zone, contract.dataset, f"replay-{replayed}") as landing:
        landing.write_batches(_records(contract, keys, source))
        for part in ("replay", contract.content_sha256):
            landing.add_digest(part)
        manifest = Manifest(
            batch_id=batch_id(contract.dataset, earlier.as_of, landing.content_sha256),
            dataset=contract.dataset,
            as_of=earlier.as_of,
            contract_version=contract.version,
            endpoint=str(source.relative_to(raw_zone)),
            content_sha256=landing.content_sha256,
            fetched=landing.rows,
            replays=replayed,
        )
        folder = landing.publish(manifest)
    return read_manifest(folder)


def _records(contract: Contract, keys: set[Key], folder: Path) -> list[pa.RecordBatch]:
    names = [column.source_name for column in contract.key]
    wanted = pa.table(
        {f"key_{i}": pa.array(parts, pa.string()) for i, parts in enumerate(zip(*sorted(keys), strict=True))}
    )
    same = " AND ".join(
        f"replace(coalesce(CAST(landed.{_quoted(name)} AS VARCHAR), ''), chr(0), chr(65533)) = wanted.key_{i}"
        for i, name in enumerate(names)
    )
    with duck_connect(threads=1, memory="200MB") as duck:
        landed = duck.read_parquet(record_files(folder)).set_alias("landed")
        found = landed.join(duck.from_arrow(wanted).set_alias("wanted"), same, how="semi").order("_row")
        return list(found.select(duckdb.StarExpression(exclude=["_row"])).to_arrow_reader(BATCH_ROWS))


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
