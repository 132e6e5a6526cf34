"""Read one night from an agency's database and land it.

In: the contract's SQL binding, a connection, the night. Out: a landed batch: the rows changed in the
night's span, or what changed in the whole table since the batch loaded last. Everything is read in one
read-only transaction; a connection that breaks is begun again from the first row, with nothing kept.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kho.connections import Connection
from kho.contracts import Contract, SqlSource
from kho.errors import SourceLate, SourceUnavailable
from kho.extract.sql.failures import explained
from kho.extract.sql.queries import EVERY_ROW, Condition, SourceTable, pieces
from kho.extract.sql.rows import HASH_FUNCTION, RowWriter
from kho.extract.sql.session import Session, open_session
from kho.extract.sql.snapshot import SNAPSHOT, Changes, agreement_of, pick_changes
from kho.extract.windows import Span, span_for
from kho.raw_zone.landing import Landing
from kho.raw_zone.manifest import Manifest, batch_id, read_manifest

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""How often a read is begun when the connection breaks."""

PAUSE_SECONDS = 1.0

_RECORDS = "records-00000.parquet"
_KEYS = "keys-00000.parquet"
_ALL_ROWS = "rows-all.parquet"


def extract_sql(
    contract: Contract,
    source: SqlSource,
    connection: Connection,
    as_of: date,
    watermark: datetime | None,
    raw_zone: Path,
    base: str | None = None,
) -> Manifest:
    """Land what the table has for the night; the manifest of `base` if nothing changed since it.

    Args:
        watermark: what was asked for before; None for the first night.
        base: the batch loaded last, with which a table without a watermark is compared.

    Raises:
        KhoError: what the database refused, or how the table is not as the contract says.
    """
    where = f"{connection.name}:{source.table}"
    attempt = 1
    while True:
        try:
            with (
                explained(connection, contract.dataset, where),
                Landing(raw_zone, contract.dataset, f"{as_of:%Y%m%d}") as landing,
                open_session(connection, source) as session,
            ):
                table = SourceTable.find(session, contract, source, where)
                night = _Night(session, table, landing, as_of, attempt)
                if source.watermark is not None:
                    span = span_for(as_of, watermark, source.watermark.lookback_days, history_days=None)
                    return night.land_span(span)
                return night.land_changes(raw_zone / contract.dataset, base)
        except SourceUnavailable as error:
            if attempt == ATTEMPTS:
                raise
            log.warning("%s; reading it again from the beginning", error)
            time.sleep(PAUSE_SECONDS * attempt)
            attempt += 1


class _Night:
    """One attempt to read the table."""

    def __init__(
        self, session: Session, table: SourceTable, landing: Landing, as_of: date, attempt: int
    ) -> None:
        self._session = session
        self._table = table
        self._contract = table.contract
        self._landing = landing
        self._as_of = as_of
        self._attempt = attempt
        self._key = tuple(column.source_name for column in table.contract.key)

    @property
    def _drift(self) -> dict[str, Any] | None:
        return self._table.drift.as_json() if self._table.drift else None

    def land_span(self, span: Span) -> Manifest:
        """The rows changed in the span; and all keys, if the contract wants deletions found."""
        wanted = self._table.changed_within(span)
        declared, rows = self._read(wanted, self._landing.folder / _RECORDS)
        self._landing.add_digest(rows.sha256)
        if self._table.source.deletions == "key_comparison":
            self._landing.add_digest(self._read_keys().sha256)
        return self._publish(rows.rows, declared, span=span)

    def land_changes(self, home: Path, base: str | None) -> Manifest:
        """The rows that are new or changed since `base`; the manifest of `base` if there are none."""
        folder = self._landing.folder
        declared, now = self._read(EVERY_ROW, folder / _ALL_ROWS)
        then = home / base if base else None
        agreement = agreement_of(then) if then else None
        if then is not None and agreement is not None:
            self._refuse_empty(declared)
        if then is not None and agreement == self._contract.content_sha256:
            changes = pick_changes(
                folder / _ALL_ROWS, folder / SNAPSHOT, then / SNAPSHOT, self._key, folder / _RECORDS
            )
            (folder / _ALL_ROWS).unlink()
            if not changes.rows and not changes.deleted:
                self._landing.discard()
                return replace(read_manifest(then), drift=self._drift)
        else:
            # Nothing to compare with, or other rules now: every row is judged, and every key told.
            (folder / _ALL_ROWS).rename(folder / _RECORDS)
            changes = Changes(declared, deleted=declared)
        if changes.deleted:
            (folder / _KEYS).hardlink_to(folder / SNAPSHOT)
        for part in (now.sha256, base or ""):
            self._landing.add_digest(part)
        return self._publish(changes.rows, changes.rows, follows=base or "")

    def _read(self, wanted: Condition, path: Path) -> tuple[int, RowWriter]:
        """Write the rows; what is counted and what arrives must be the same."""
        session, source = self._session, self._table.source
        counting = sa.select(sa.func.count().label("n")).select_from(self._table.table).where(wanted)
        declared = int(session.rows(counting)[0][0])
        note = {"agreement": self._contract.content_sha256, "hash": HASH_FUNCTION}
        with RowWriter(path, path.with_name(SNAPSHOT), self._key, note) as rows:
            query = self._table.query(session, self._table.landed_names)
            for piece in pieces(session, self._table, wanted):
                for batch in session.stream(query.where(piece), source.fetch_size):
                    rows.write(batch)
        if source.watermark is not None:
            path.with_name(SNAPSHOT).unlink()
        if rows.rows != declared:
            raise SourceUnavailable(
                f"the table has {declared} rows and sent {rows.rows}",
                dataset=self._contract.dataset,
                where=self._table.where,
                next_step="ask the agency whether it rebuilds the table then; the next run asks again",
            )
        return declared, rows

    def _read_keys(self) -> RowWriter:
        folder = self._landing.folder
        query = self._table.query(self._session, self._key)
        with RowWriter(folder / _KEYS, folder / _ALL_ROWS, self._key, {}) as keys:
            for batch in self._session.stream(query, self._table.source.fetch_size):
                keys.write(batch)
        (folder / _ALL_ROWS).unlink()
        return keys

    def _refuse_empty(self, rows: int) -> None:
        if not rows:
            raise SourceLate(
                "the table is empty, and had rows before",
                dataset=self._contract.dataset,
                where=self._table.where,
                next_step="ask the agency whether it is being rebuilt; nothing was deleted here",
            )

    def _publish(
        self, fetched: int, declared: int, span: Span | None = None, follows: str | None = None
    ) -> Manifest:
        landing = self._landing
        landing.rows = fetched
        landing.add_digest(self._contract.content_sha256)
        manifest = Manifest(
            batch_id=batch_id(self._contract.dataset, self._as_of, landing.content_sha256),
            dataset=self._contract.dataset,
            as_of=self._as_of,
            contract_version=self._contract.version,
            endpoint=self._table.where,
            content_sha256=landing.content_sha256,
            fetched=fetched,
            declared=declared,
            requests=self._attempt,
            failed_requests=self._attempt - 1,
            follows=follows,
            drift=self._drift,
        )
        if span is not None:
            manifest = replace(manifest, window_from=span.start, window_to=span.end)
        landing.publish(manifest)
        return manifest
