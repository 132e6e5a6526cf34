"""Land records of the raw zone again, to be judged by today's rules: those of open cases, or of a whole
night.

In: the open cases, or a night, and the batches of the raw zone that hold their records. Out: new batches,
each of which says in its manifest which batch it replays. A replay has no watermark.

Of open cases every record with the key of a case is taken, so that repeats are judged together as they were;
its identity is its records and the rules, so the same question is not asked twice. Of a night everything is
taken; its identity is also the number of the replay, because what changed may be our own code.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from kho.corrections import corrections_in_force
from kho.duck import BATCH_ROWS
from kho.duck import connect as duck_connect
from kho.errors import ConfigurationError
from kho.raw_zone.landing import Landing, record_files
from kho.raw_zone.manifest import Manifest, batch_id, read_manifest
from kho.sql_files import run_file

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


def land_replay(contract: Contract, replayed: str, keys: set[Key], raw_zone: Path, today: date) -> Manifest:
    """Land the records of a batch that have one of `keys` as a batch of their own.

    Args:
        today: whose corrections hold.

    Raises:
        HostError: the batch is no longer in the raw zone.
    """
    source = raw_zone / contract.dataset / replayed
    earlier = read_manifest(source)
    replayed_on = max(today, earlier.as_of)
    with Landing(raw_zone, contract.dataset, f"replay-{replayed}") as landing:
        landing.write_batches(_records(contract, keys, source))
        for part in ("replay", contract.content_sha256, *_corrections(contract, replayed_on)):
            landing.add_digest(part)
        folder = landing.publish(_manifest(landing, contract, earlier, replayed_on))
    return read_manifest(folder)


def day_batch(engine: sa.Engine, contract: Contract, night: date) -> tuple[str, tuple[str, ...]]:
    """The batch of a night, and the batches loaded after it.

    Raises:
        ConfigurationError: the night has no batch, or replaying it could only bring back an old state.
    """
    with engine.connect() as db:
        found = run_file(db, "quality/day_batch.sql", dataset=contract.dataset, night=night).one_or_none()
        nights = run_file(db, "quality/nights_with_batches.sql", dataset=contract.dataset).scalars().all()
        if found is None:
            raise ConfigurationError(
                f"the night of {night} brought no batch of its own",
                dataset=contract.dataset,
                next_step=f"choose one of the last nights that did: {', '.join(map(str, nights)) or 'none'}",
            )
        later = tuple(run_file(db, "quality/later_batches.sql", batch_id=found.batch_id).scalars())
    if later and contract.comes_whole:
        raise ConfigurationError(
            f"a newer version of the whole table than that of {night} is in the warehouse",
            dataset=contract.dataset,
            next_step=f"replay the night of {nights[0]}, which is the present state",
        )
    return found.batch_id, later


def land_day(
    contract: Contract,
    replayed: str,
    replay_id: int,
    raw_zone: Path,
    later: tuple[str, ...],
    today: date,
) -> Manifest:
    """Land a batch once more under a name of its own; the files are the same ones, not copies.

    Args:
        later: the batches loaded after it; without any, what it says of vanished keys still holds. A newer
            one makes the replay another batch: its records may have been overtaken while it waited.
        today: whose corrections hold.

    Raises:
        HostError: the batch is no longer in the raw zone.
    """
    source = raw_zone / contract.dataset / replayed
    earlier = read_manifest(source)
    replayed_on = max(today, earlier.as_of)
    fixes = _corrections(contract, replayed_on)
    with Landing(raw_zone, contract.dataset, f"day-{replay_id}") as landing:
        for name in ("records",) if later else ("records", "keys"):
            for path in map(Path, record_files(source, name)):
                _same_file(path, landing.folder / path.name)
        identity = ("day", str(replay_id), earlier.content_sha256, contract.content_sha256, *later, *fixes)
        for part in identity:
            landing.add_digest(part)
        landing.rows = earlier.fetched
        manifest = replace(
            _manifest(landing, contract, earlier, replayed_on),
            declared=earlier.declared,
            requests=earlier.requests,
            failed_requests=earlier.failed_requests,
            request_seconds=earlier.request_seconds,
            rejudges_day=True,
        )
        folder = landing.publish(manifest)
    return read_manifest(folder)


def _manifest(landing: Landing, contract: Contract, earlier: Manifest, replayed_on: date) -> Manifest:
    """Of a replay: what it lands, under the contract of today, for the night of the batch that it replays."""
    return Manifest(
        batch_id=batch_id(contract.dataset, earlier.as_of, landing.content_sha256),
        dataset=contract.dataset,
        as_of=earlier.as_of,
        contract_version=contract.version,
        endpoint=f"{contract.dataset}/{earlier.batch_id}",
        content_sha256=landing.content_sha256,
        fetched=landing.rows,
        replays=earlier.batch_id,
        replayed_on=replayed_on,
    )


def _corrections(contract: Contract, day: date) -> list[str]:
    """The corrections of a day: part of a replay's identity, as another day's may come to other results."""
    return [fix.id for fix in corrections_in_force(contract, day)]


def _same_file(path: Path, name: Path) -> None:
    try:
        name.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, name)


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
