"""Load one validated batch in one transaction.

In: the batch's staging tables and the SQL files of `sql/load/<dataset>/`. Out: the star, the
quarantine, the reconciliation, the scores, the watermark and the ledger, all of them or none.

    lock -> ledger -> dimensions and facts -> quarantine -> count equation -> scores -> watermark

A batch that the ledger holds as loaded is left alone, so a load may be killed anywhere and run again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from kho.anomalies.config import Watch
from kho.contracts.model import Contract
from kho.errors import ReconciliationError
from kho.load.compare import compare_with_star
from kho.load.decisions import note_decisions
from kho.load.look import Look
from kho.load.rekey import rekey_facts
from kho.load.views import create_views, drop_views
from kho.privacy.handing import handed_keys, makes_pseudonyms
from kho.privacy.keyring import Keyring
from kho.quality.classifications import copy_classifications
from kho.quality.deadlines import load_deadlines
from kho.raw_zone.manifest import Manifest
from kho.settings import TIMEZONE
from kho.sql_files import files_in, run_file
from kho.stage import StageTable

DELTA_FILE = "_build_delta.sql"
"""How the name of a file ends that sets apart what is to be written; the files after it read no more."""

FILL_FILE = "_fill_empty.sql"
"""How the name of a file ends that fills an empty fact; its result is whether it did. Then no file after it
reads the batch."""

COUNT_FILE = "90_count_loaded.sql"


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
    with Look(engine, contract, manifest, table, watch) as look, engine.begin() as db:
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
        create_views(db, contract, table)
        if set_aside:
            look.count_in(db)
        note_decisions(db, batch_key, table, some_set_aside=set_aside is not None)
        with (
            handed_keys(db, keyring) if keyring and makes_pseudonyms(db, contract.dataset) else nullcontext()
        ):
            loaded = _run_load_files(db, contract, batch_key, look)
        rekey_facts(db, contract.dataset, batch_key)
        counted = look.counted
        settle_quarantine(db, contract, manifest)
        if manifest.files:
            run_file(db, "quality/settle_rejected_files.sql", batch_id=manifest.batch_id)
        equation = _reconcile(db, contract, manifest, counted, loaded)
        look.keep_profile(db)
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
        drop_views(db)
    return equation


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


def _run_load_files(db: sa.Connection, contract: Contract, batch_key: int, look: Look) -> int:
    """Run the dataset's files; the look begins after the one that reads the whole batch for the last time."""
    names = files_in(f"load/{contract.dataset}")
    if not any(name.endswith(DELTA_FILE) for name in names):
        look.begin()
    loaded = 0
    for name in names:
        if name.endswith(COUNT_FILE):
            loaded = int(run_file(db, name, batch_key=batch_key, accepted=look.counted.accepted).scalar_one())
            continue
        result = run_file(db, name, batch_key=batch_key)
        if name.endswith(DELTA_FILE) or (name.endswith(FILL_FILE) and result.scalar_one()):
            look.begin()
    return loaded


def settle_quarantine(db: sa.Connection, contract: Contract, manifest: Manifest) -> None:
    """Take in what fails now, close what its owner mended."""
    batch = {
        "dataset": manifest.dataset,
        "batch_id": manifest.batch_id,
        "as_of": manifest.as_of,
        "comes_whole": contract.comes_whole and not manifest.only_cases,
    }
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
        run_file(db, "quality/resolve_unsent.sql", **batch)


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
