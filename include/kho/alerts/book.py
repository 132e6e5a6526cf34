"""The book of alerts: which causes stand, who was told, who is still to be told.

In: causes. Out: rows of `meta.alert` and `meta.alert_notice`, and of these what is due. A notice is
written in the transaction that sees its cause, and marked as sent after it was handed over: a run that is
killed in between repeats one message, and none is lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kho.alerts.causes import Cause
from kho.alerts.config import AlertConfig, local
from kho.alerts.messages import Notice
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Noted:
    """What a look at the causes changed: how many stand, how many are over."""

    standing: int
    resolved: int


def note_causes(db: sa.Connection, causes: Iterable[Cause], config: AlertConfig, now: datetime) -> Noted:
    """Bring the book up to what stands now; writes what has to be told, and sends nothing."""
    known = set(run_file(db, "alert_book/standing_keys.sql").scalars())
    # What is old and was never told is left alone; what is old and was told stays until it is over.
    standing = [cause for cause in causes if cause.key in known or not cause.is_old]
    for cause in standing:
        alert_id = run_file(
            db,
            "alert_book/see_alert.sql",
            cause_key=cause.key,
            kind=cause.kind,
            wording=cause.wording,
            owner=cause.owner,
            is_urgent=cause.is_urgent,
            about=json.dumps(dict(cause.about), ensure_ascii=False),
            place=cause.place,
            now=now,
        ).scalar_one()
        if cause.is_old:
            continue
        about = {"alert_id": alert_id, "recipients": list(config.recipients(cause.owner)), "now": now}
        run_file(db, "alert_book/note_opened.sql", **about)
        run_file(db, "alert_book/note_reminders.sql", **about, after_days=config.remind_after_days)
    keys = [cause.key for cause in standing]
    resolved = run_file(db, "alert_book/resolve_alerts.sql", standing=keys, now=now).all()
    named = {one for group in (config.operators, *config.owners.values()) for one in group.all()}
    run_file(db, "alert_book/withdraw_strangers.sql", recipients=sorted(named), now=now)
    return Noted(len(standing), len(resolved))


def due_notices(db: sa.Connection, config: AlertConfig, now: datetime) -> Mapping[str, list[Notice]]:
    """What each recipient is to be told now."""
    due: dict[str, list[Notice]] = {}
    for row in run_file(db, "alert_book/due_notices.sql", now=now, quiet=config.is_quiet(now)):
        notice = Notice(
            notice_id=row.notice_id,
            event=row.event,
            wording=row.wording,
            about=row.about,
            place=row.place,
            since=f"{local(row.opened_at):%H:%M ngày %d/%m/%Y}",
        )
        due.setdefault(row.recipient, []).append(notice)
    return due


def note_sent(engine: sa.Engine, notices: Iterable[Notice], message_id: str, now: datetime) -> None:
    """These have reached their recipient."""
    numbers = [notice.notice_id for notice in notices]
    with engine.begin() as db:
        run_file(db, "alert_book/note_sent.sql", notices=numbers, message_id=message_id, now=now)


def note_failed(engine: sa.Engine, notices: Iterable[Notice], error: str, now: datetime) -> None:
    """These have not; they are tried again later."""
    numbers = [notice.notice_id for notice in notices]
    with engine.begin() as db:
        run_file(db, "alert_book/note_failed.sql", notices=numbers, error=error, now=now)


def undelivered(engine: sa.Engine) -> tuple[str, ...]:
    """Why what was tried and has not got through has not."""
    with engine.connect() as db:
        return tuple(run_file(db, "alert_book/undelivered.sql").scalars())


def list_alerts(engine: sa.Engine, *, all_of_them: bool = False, most: int = 200) -> list[sa.Row[Any]]:
    """Open alerts, or all of them, the newest first."""
    with engine.connect() as db:
        return list(run_file(db, "alert_book/list_alerts.sql", all_of_them=all_of_them, most=most))
