"""Load one validated batch in one transaction.

In: the batch's staging tables and the SQL files of `sql/load/<dataset>/`. Out: the star, the
quarantine, the reconciliation, the scores, the watermark and the ledger, all of them or none.

    lock -> ledger -> dimensions and facts -> quarantine -> count equation -> scores -> watermark

A batch that the ledger holds as loaded is left alone, so a load may be killed anywhere and run again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from kho.anomalies.config import Watch
from kho.anomalies.profile import Profile, keep_profile, measure_batch
from kho.contracts.model import Contract
from kho.errors import ReconciliationError
from kho.load.compare import compare_with_star
from kho.load.decisions import note_decisions
from kho.load.rekey import rekey_facts
from kho.privacy.handing import handed_keys, makes_pseudonyms
from kho.privacy.keyring import Keyring
from kho.quality.classifications import copy_classifications
from kho.quality.deadlines import load_deadlines
from kho.quality.rejects import rejected_table
from kho.raw_zone.manifest import Manifest
from kho.settings import TIMEZONE
from kho.sql_files import files_in, run_file
from kho.stage import StageTable

log = logging.getLogger(__name__)

COUNT_FILE = "90_count_loaded.sql"

Found = TypeVar("Found")


@dataclass(frozen=True)
class Loaded:
    """The count equation of a loaded batch; `already` where the ledger held it before."""

    declared: int | None
    fetched: int
    duplicates: int
    quarantined: int
    accepted: int
    loaded: int
    already: bool = False


def load_batch(
    engine: sa.Engine,
    contract: Contract,
    manifest: Manifest,
    table: StageTable,
    set_aside: Callable[[sa.Connection], None] | None = None,
    watch: Watch | None = None,
    keyring: Keyring | None = None,
) -> Loaded:
    """Load a batch; returns its count equation.

    Args:
        set_aside: takes rows out of the batch, in the load's transaction, that must not be loaded.
        watch: what is measured of the rows, for the nights to come; nothing without it.
        keyring: where the key of pseudonyms is, for the datasets that make some.

    Raises:
        ReconciliationError: the equation does not hold; nothing was changed.
        ConfigurationError: the key at hand is not that of this warehouse's pseudonyms; nothing was changed.
    """
    with ThreadPoolExecutor(1) as beside, engine.begin() as db:
        lock_dataset(db, contract.dataset)
        batch_key, status = db.execute(
            sa.text("SELECT batch_key, status FROM meta.batch WHERE batch_id = :id FOR UPDATE"),
            {"id": manifest.batch_id},
        ).one()
        if status == "loaded":
            return _already_loaded(db, manifest.batch_id)
        _require_base(db, manifest)
        run_file(db, "history/begin_load.sql", batch_key=batch_key)
        run_file(db, "load/name_batch.sql", batch_key=batch_key)
        run_file(db, "stage/tune_for_batch.sql")
        if set_aside:
            set_aside(db)
        _create_views(db, contract, table)
        # Filling the star keeps one core busy; what the batch looks like is found out on the other meanwhile.
        counting = (
            _done(_count(db, contract, table))
            if set_aside
            else beside.submit(_look, engine, contract, table, lambda at: _count(at, contract, table))
        )
        measuring: Future[Profile | None] = (
            beside.submit(_look, engine, contract, table, lambda at: measure_batch(at, watch, manifest))
            if watch and not manifest.replays
            else _done(None)
        )
        note_decisions(db, batch_key, table, some_set_aside=set_aside is not None)
        with (
            handed_keys(db, keyring) if keyring and makes_pseudonyms(db, contract.dataset) else nullcontext()
        ):
            loaded = _run_load_files(db, contract, batch_key, counting)
        rekey_facts(db, contract.dataset, batch_key)
        counted = counting.result()
        _settle_quarantine(db, contract, manifest)
        if manifest.files:
            run_file(db, "quality/settle_rejected_files.sql", batch_id=manifest.batch_id)
        equation = _reconcile(db, contract, manifest, counted, loaded)
        _keep_profile(db, measuring, manifest)
        if not manifest.only_cases:
            compare_with_star(db, contract, manifest, counted.accepted)
            _score(db, contract, manifest, counted.newest)
        if manifest.window_to is not None:
            run_file(
                db,
                "quality/advance_watermark.sql",
                dataset=contract.dataset,
                batch_id=manifest.batch_id,
                as_of=manifest.as_of,
                value=manifest.window_to,
            )
        db.execute(
            sa.text("UPDATE meta.batch SET status = 'loaded', loaded_at = now() WHERE batch_id = :id"),
            {"id": manifest.batch_id},
        )
        _drop_views(db)
    return equation


def _look(
    engine: sa.Engine, contract: Contract, table: StageTable, look: Callable[[sa.Connection], Found]
) -> Found:
    """Look at the staged batch in a session of its own, which leaves nothing behind."""
    with engine.connect() as db:
        run_file(db, "stage/tune_for_batch.sql")
        _create_views(db, contract, table)
        found = look(db)
        db.rollback()
    return found


def _done(value: Found) -> Future[Found]:
    future: Future[Found] = Future()
    future.set_result(value)
    return future


def _keep_profile(db: sa.Connection, measuring: Future[Profile | None], manifest: Manifest) -> None:
    """Keep the batch's measures for the nights to come; what goes wrong there does not cost the load."""
    try:
        if profile := measuring.result():
            with db.begin_nested():
                keep_profile(db, profile, manifest)
    except sa.exc.DBAPIError:
        log.exception("measuring %s failed; the night is loaded and not compared", manifest.batch_id)


def lock_dataset(db: sa.Connection, dataset: str) -> None:
    """Let one transaction at a time change a dataset; released at its end, however it ends."""
    db.execute(
        sa.text("SELECT pg_advisory_xact_lock(hashtextextended('kho.load.' || :dataset, 0))"),
        {"dataset": dataset},
    )


def _require_base(db: sa.Connection, manifest: Manifest) -> None:
    """The changes of a table may only follow the state that they were computed from."""
    if manifest.follows is None:
        return
    last = run_file(db, "quality/last_loaded.sql", dataset=manifest.dataset).scalar()
    if manifest.follows != (last or ""):
        raise ReconciliationError(
            f"the table's changes since {manifest.follows or 'nothing'} cannot be loaded after {last}",
            dataset=manifest.dataset,
            batch=manifest.batch_id,
            next_step="run the dataset again: its table is read anew and compared with the present state",
        )


def _create_views(db: sa.Connection, contract: Contract, table: StageTable) -> None:
    """What the SQL files read: accepted, accepted_keys, rejected, source_keys, source_business_keys."""
    rejected = rejected_table(table)
    key = ", ".join(f"coalesce(s.{column.name}::text, '')" for column in contract.key)
    views = {
        # NOT IN: asked of each row while it is read, by a hash of the few; a join hashes the whole batch.
        "accepted": f"SELECT s.* FROM {table.quoted} AS s WHERE s._repeat = 0 "
        f"AND s._row NOT IN (SELECT r._row FROM {rejected.quoted} AS r)",
        "accepted_keys": f"SELECT concat_ws('|', {key}) AS business_key FROM pg_temp.accepted AS s",
        "rejected": "SELECT business_key, agency_code, failed_rules, raw::jsonb AS raw, raw_md5 "
        f"FROM {rejected.quoted}",
        "source_keys": f'SELECT * FROM {table.schema}."{table.name}__keys"',
        "source_business_keys": f"SELECT concat_ws('|', {key}) AS business_key FROM pg_temp.source_keys AS s",
    }
    for name, query in views.items():
        db.exec_driver_sql(f"CREATE TEMP VIEW {name} AS {query}")


def _drop_views(db: sa.Connection) -> None:
    """A pooled session outlives the load; its views must not keep the staging tables."""
    db.exec_driver_sql(
        "DROP VIEW pg_temp.accepted_keys, pg_temp.accepted, pg_temp.rejected, pg_temp.source_business_keys, "
        "pg_temp.source_keys"
    )


def _count(db: sa.Connection, contract: Contract, table: StageTable) -> Any:
    """One pass over the batch: rows to load, identical copies, and the newest change in it."""
    newest = f"max({contract.freshness.column})" if contract.freshness else "NULL"
    rejected = rejected_table(table).quoted
    return db.execute(
        sa.text(
            "SELECT count(*) FILTER "
            f"(WHERE _repeat = 0 AND _row NOT IN (SELECT _row FROM {rejected})) AS accepted, "
            f"count(*) FILTER (WHERE _repeat = 1) AS duplicates, {newest} AS newest FROM {table.quoted}"
        )
    ).one()


def _run_load_files(db: sa.Connection, contract: Contract, batch_key: int, counting: Future[Any]) -> int:
    loaded = 0
    for name in files_in(f"load/{contract.dataset}"):
        if name.endswith(COUNT_FILE):
            accepted = counting.result().accepted
            loaded = int(run_file(db, name, batch_key=batch_key, accepted=accepted).scalar_one())
        else:
            run_file(db, name, batch_key=batch_key)
    return loaded


def _settle_quarantine(db: sa.Connection, contract: Contract, manifest: Manifest) -> None:
    """Take in what fails now, close what its owner mended."""
    batch = {"dataset": manifest.dataset, "batch_id": manifest.batch_id, "as_of": manifest.as_of}
    older = run_file(db, "quality/count_older_open.sql", **batch).scalar_one()
    if older:
        run_file(db, "quality/replace_superseded.sql", **batch)
    # What only a replay finds, its owner hears of today, however old the records are.
    today = datetime.now(ZoneInfo(TIMEZONE)).date() if manifest.replays else manifest.as_of
    run_file(
        db,
        "quality/quarantine_rejected.sql",
        seen_on=max(today, manifest.as_of),
        working_days=load_deadlines().working_days.critical,
        **batch,
    )
    copy_classifications(db, [contract])
    if older:
        run_file(db, "quality/resolve_mended.sql", **batch)
        run_file(db, "quality/resolve_deleted.sql", **batch)


def _reconcile(
    db: sa.Connection, contract: Contract, manifest: Manifest, counted: Any, loaded: int
) -> Loaded:
    row = run_file(
        db,
        "quality/reconcile_batch.sql",
        batch_id=manifest.batch_id,
        duplicates=counted.duplicates,
        quarantined=db.scalar(sa.text("SELECT count(*) FROM rejected")),
        accepted=counted.accepted,
        loaded=loaded,
    ).one()
    if not row.balanced:
        raise ReconciliationError(
            f"the counts do not balance: declared {row.declared}, fetched {row.fetched} "
            f"= accepted {row.accepted} + quarantined {row.quarantined} "
            f"+ duplicates {row.duplicates}, loaded {row.loaded}",
            dataset=contract.dataset,
            batch=manifest.batch_id,
            where=f"sql/load/{contract.dataset}",
            next_step="nothing was changed; run the dataset again, and if it repeats compare "
            f"{COUNT_FILE} with the other load files",
        )
    return _equation(row)


def _already_loaded(db: sa.Connection, batch_id: str) -> Loaded:
    row = db.execute(sa.text("SELECT * FROM dq.reconciliation WHERE batch_id = :id"), {"id": batch_id}).one()
    return _equation(row, already=True)


def _equation(row: Any, *, already: bool = False) -> Loaded:
    return Loaded(
        row.declared,
        row.fetched,
        row.duplicates,
        row.quarantined,
        row.accepted,
        row.loaded,
        already,
    )


def _score(db: sa.Connection, contract: Contract, manifest: Manifest, newest: datetime | None) -> None:
    batch = {"as_of": manifest.as_of, "dataset": contract.dataset, "batch_id": manifest.batch_id}
    if manifest.rejudges_day:
        # How the night's requests and its freshness were, the raw zone does not say anew.
        run_file(db, "quality/score_night.sql", **batch)
        return
    fresh_days: int | None = None
    if contract.freshness:
        fresh_days = contract.freshness.days
        newest = run_file(
            db, "quality/note_freshness.sql", dataset=contract.dataset, newest=newest
        ).scalar_one()
    owner = contract.quality.owner_agency
    run_file(
        db, "quality/note_batch_evidence.sql", **batch, newest=newest, fresh_days=fresh_days, owner=owner
    )
    run_file(db, "quality/score_night.sql", **batch)
