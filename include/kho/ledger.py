"""The ledger of batches: what has been landed, how far each has come, what was asked for each night.

In: the warehouse's engine. Out: rows of `meta.batch` and `meta.watermark`, read and written one
question at a time. A batch whose status is `loaded` is in the warehouse, wholly; only the load itself
says so, in its own transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.contracts import Contract
from kho.extract.earlier import Earlier
from kho.extract.files.refusal import for_sender
from kho.quality.deadlines import load_deadlines
from kho.raw_zone.manifest import Manifest
from kho.raw_zone.received import KnownFiles, ReceivedFile
from kho.rules.duck_labels import is_complete
from kho.sql_files import run_file
from kho.stage import stage_table

if TYPE_CHECKING:
    from kho.extract.rest.attempts import Answers


def enter(engine: sa.Engine, manifest: Manifest, raw_path: Path) -> str:
    """Enter a landed batch, unless it is there already; returns its status.

    Args:
        raw_path: the batch's folder, relative to the state directory.
    """
    with engine.begin() as db:
        run_file(db, "quality/open_batch.sql", **asdict(manifest), raw_path=str(raw_path))
    return status_of(engine, manifest.batch_id)


def status_of(engine: sa.Engine, batch_id: str) -> str:
    """How far a batch has come: landed, staged, validated, blocked or loaded; empty if unknown."""
    query = sa.text("SELECT status FROM meta.batch WHERE batch_id = :id")
    with engine.connect() as db:
        return str(db.scalar(query, {"id": batch_id}) or "")


def set_status(engine: sa.Engine, batch_id: str, status: str, note: str | None = None) -> None:
    """Say how far a batch has come; a loaded batch stays loaded."""
    update = sa.text(
        "UPDATE meta.batch SET status = :status, note = :note WHERE batch_id = :id AND status <> 'loaded'"
    )
    with engine.begin() as db:
        db.execute(update, {"id": batch_id, "status": status, "note": note or None})


def note_requests(engine: sa.Engine, dataset: str, as_of: date, answers: Sequence[Answers]) -> None:
    """Keep how a service answered on a night, in place of what an earlier run of the same night said."""
    with engine.begin() as db:
        run_file(
            db,
            "quality/note_requests.sql",
            dataset=dataset,
            as_of=as_of,
            endpoints=[one.endpoint for one in answers],
            purposes=[one.purpose for one in answers],
            outcomes=[one.outcome for one in answers],
            statuses=[one.status for one in answers],
            requests=[one.requests for one in answers],
            seconds=[one.seconds for one in answers],
            slowest=[one.slowest for one in answers],
            bytes=[one.bytes for one in answers],
        )


def earlier(engine: sa.Engine, contract: Contract, as_of: date) -> Earlier:
    """How far a dataset's source had been read before the night of `as_of`."""
    if contract.source.kind == "reference":
        return _content_before(engine, contract.dataset)
    if contract.source.kind == "files":
        return Earlier(files=_files_before(engine, contract.dataset, as_of))
    return Earlier(
        watermark=_watermark_before(engine, contract.dataset, as_of),
        batch=_last_loaded(engine, contract.dataset),
    )


def _watermark_before(engine: sa.Engine, dataset: str, as_of: date) -> datetime | None:
    """What had been asked for before that night.

    A watermark that this very night has set does not count: asking again must give the same batch.
    """
    query = sa.text("SELECT max(value) FROM meta.watermark WHERE dataset = :dataset AND as_of < :as_of")
    with engine.connect() as db:
        value: datetime | None = db.scalar(query, {"dataset": dataset, "as_of": as_of})
    return value


def _content_before(engine: sa.Engine, dataset: str) -> Earlier:
    """Which content is in force, and which was before it."""
    last = _last_loaded(engine, dataset)
    if last is None:
        return Earlier()
    with engine.connect() as db:
        found = run_file(db, "quality/overtaken_batches.sql", dataset=dataset, last=last).scalars()
        return Earlier(batch=last, overtaken=frozenset(found))


def _last_loaded(engine: sa.Engine, dataset: str) -> str | None:
    """The batch of this dataset that the warehouse took in last, replays aside."""
    with engine.connect() as db:
        found: str | None = run_file(db, "quality/last_loaded.sql", dataset=dataset).scalar()
    return found


def _files_before(engine: sa.Engine, dataset: str, as_of: date) -> KnownFiles:
    """Each file known; it counts as read once the batch that brought it is loaded."""
    with engine.connect() as db:
        rows = run_file(db, "quality/files_before.sql", dataset=dataset, as_of=as_of).mappings()
        return KnownFiles.of(ReceivedFile(**row) for row in rows)


def note_files(engine: sa.Engine, manifest: Manifest) -> None:
    """Write down what became of each file of a batch, and the refused ones for their senders."""
    with engine.begin() as db:
        batch = {"dataset": manifest.dataset, "batch_id": manifest.batch_id, "as_of": manifest.as_of}
        due_on = load_deadlines().due_on("critical", manifest.as_of)
        for file in manifest.files:
            values = asdict(file) | {"notes": list(file.notes), "remarks": list(file.remarks)}
            run_file(db, "quality/note_received_file.sql", **values, **batch)
            if file.status == "refused":
                title, remedy = for_sender(file.reason or "")
                wanted = {"title": title, "remedy": remedy, "due_on": due_on}
                run_file(db, "quality/note_rejected_file.sql", **values, **batch, **wanted)


def is_staged(engine: sa.Engine, manifest: Manifest) -> bool:
    """Whether the staging table still holds every landed row: a server crash empties unlogged tables."""
    with engine.connect() as db:
        return is_complete(db, stage_table(manifest.batch_id), manifest.fetched)
