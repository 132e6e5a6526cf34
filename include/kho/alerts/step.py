"""Telling people what is wrong: look, write down, send what is due.

In: a context and the time. Out: `Sent`. Any run may follow any other, at any time: what was told is not told
again. Two at once do no harm: the second leaves it to the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from kho.alerts.book import due_notices, note_causes, note_failed, note_sent, undelivered
from kho.alerts.causes import read_causes, who_answers
from kho.alerts.channels import UndeliveredError, deliver
from kho.alerts.config import AlertConfig, config_path, load_alert_config, local
from kho.alerts.messages import Message, compose
from kho.alerts.outside import resolve_failure
from kho.contracts import load_contracts
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.connections import Connections
    from kho.settings import Settings


@dataclass(frozen=True, slots=True)
class Sent:
    """How a run went.

    Attributes:
        standing: causes that stand now; `resolved`: those that are over since the last run.
        messages: recipient and message, of each that was sent, or would be.
        failed: why something that was tried, now or before, has not got through; without addresses.
        busy: another process is sending; this one did nothing.
    """

    standing: int = 0
    resolved: int = 0
    messages: tuple[tuple[str, Message], ...] = ()
    failed: tuple[str, ...] = ()
    busy: bool = False


def send_alerts(
    engine: sa.Engine, settings: Settings, connections: Connections, now: datetime, *, dry_run: bool = False
) -> Sent:
    """Look for causes, and tell whoever is to be told now.

    Args:
        dry_run: change nothing and send nothing; say what would be sent.

    Raises:
        ConfigurationError: `include/alerts.yaml` is wrong.
    """
    contracts = load_contracts()
    owners = {contract.quality.owner_agency for contract in contracts}
    with engine.connect() as db:
        answers = who_answers(db, local(now).date())
    config = load_alert_config(config_path(settings), {*owners, *(answers.get(one) or one for one in owners)})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as turn:
        if not run_file(turn, "alert_book/take_turn.sql").scalar_one():
            return Sent(busy=True)
        try:
            with engine.connect() as db:
                noted = note_causes(db, read_causes(db, contracts, config, now), config, now)
                due = due_notices(db, config, now)
                built_at = run_file(db, "alert_book/star_built_at.sql").scalar_one()
                if dry_run:
                    db.rollback()
                else:
                    db.commit()
            messages = [
                (recipient, notices, compose(recipient, notices, config.board_url))
                for recipient, notices in due.items()
            ]
            if dry_run:
                return Sent(noted.standing, noted.resolved, tuple((one[0], one[2]) for one in messages))
            done: list[tuple[str, Message]] = []
            for recipient, notices, message in messages:
                try:
                    deliver(recipient, message, config.mail, connections, now)
                except UndeliveredError as error:
                    note_failed(engine, notices, str(error), now)
                else:
                    note_sent(engine, notices, message.message_id, now)
                    done.append((recipient, message))
            failed = (*undelivered(engine), *_outside(built_at, config, settings, connections, now))
            return Sent(noted.standing, noted.resolved, tuple(done), failed)
        finally:
            # Given back before the session is closed: the server may take a while to notice that.
            run_file(turn, "alert_book/give_turn.sql")
            turn.invalidate()


def _outside(
    built_at: datetime | None,
    config: AlertConfig,
    settings: Settings,
    connections: Connections,
    now: datetime,
) -> list[str]:
    if config.is_quiet(now):
        return []
    try:
        resolve_failure(built_at, settings, connections, now)
    except UndeliveredError as error:
        return [str(error)]
    return []
