"""Failures that the warehouse could not write down: a task that died with the warehouse, or because of it.

In: a failed task. Out: one message to those who run the platform, at any hour, and a line in a file
(`KHO_HOME/alerts/outside.json`), so that the twenty tasks that fail for the same reason are one message. It
is over when a night got as far as the star afterwards; the next `send` says so.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from kho.alerts.channels import UndeliveredError, deliver
from kho.alerts.config import config_path, load_alert_config, local
from kho.alerts.messages import Event, Notice, compose
from kho.server.locking import file_lock

if TYPE_CHECKING:
    from kho.connections import Connections
    from kho.settings import Settings

_LOCK_SECONDS = 60.0
_NO_PLACE = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """What failed, and what became of telling it.

    Attributes:
        where: DAG and task.
        error: the error's class, never its text.
        first_at, last_at: when it was first and last seen.
        count: how many tasks failed since.
        told_at: when somebody was last told; None: nobody could be reached yet.
    """

    where: str
    error: str
    first_at: datetime
    last_at: datetime
    count: int = 1
    told_at: datetime | None = None


def tell_failure(
    where: str, error: str, settings: Settings, connections: Connections, now: datetime
) -> Failure:
    """Note a failed task, and tell those who run the platform unless they know already.

    Raises:
        UndeliveredError: nobody could be reached; the next failure tries again.
        ConfigurationError: `include/alerts.yaml` is wrong.
    """
    config = load_alert_config(config_path(settings))
    with _locked(settings) as path:
        known = _read(path)
        failure = (
            replace(known, last_at=now, count=known.count + 1) if known else Failure(where, error, now, now)
        )
        again = timedelta(days=config.remind_after_days)
        if failure.told_at is None or failure.told_at <= now - again:
            event: Event = "reminder" if failure.told_at else "opened"
            problems = _tell(failure, event, settings, connections, now)
            somebody = len(problems) < len(config.operators.all())
            failure = replace(failure, told_at=now if somebody else failure.told_at)
            if problems and not somebody:
                _write(path, failure)
                raise UndeliveredError("; ".join(problems))
        _write(path, failure)
        return failure


def standing_failure(settings: Settings) -> Failure | None:
    """The failure that stands."""
    return _read(_path(settings))


def resolve_failure(
    built_at: datetime | None, settings: Settings, connections: Connections, now: datetime
) -> bool:
    """Say that it is over, if a night was built after the failure; whether it is.

    Args:
        built_at: when a night last got as far as the star.

    Raises:
        UndeliveredError: somebody could not be told; the next run tries again.
    """
    with _locked(settings) as path:
        failure = _read(path)
        if failure is None or built_at is None or built_at <= failure.last_at:
            return False
        if failure.told_at:
            problems = _tell(failure, "resolved", settings, connections, now)
            if problems:
                raise UndeliveredError("; ".join(problems))
        path.unlink()
        return True


def _tell(
    failure: Failure, event: Event, settings: Settings, connections: Connections, now: datetime
) -> list[str]:
    config = load_alert_config(config_path(settings))
    notice = Notice(
        # The same for every try, another one for every failure.
        notice_id=int(failure.first_at.timestamp()),
        event=event,
        wording="outside",
        about={"where": failure.where, "error": failure.error},
        place=_NO_PLACE,
        since=f"{local(failure.first_at):%H:%M ngày %d/%m/%Y}",
    )
    problems: list[str] = []
    for recipient in config.operators.all():
        message = compose(f"{recipient} {event}", [notice], config.board_url)
        try:
            deliver(recipient, message, config.mail, connections, now)
        except UndeliveredError as error:
            problems.append(str(error))
    return problems


class _locked:  # noqa: N801
    """The file, while nobody else has it."""

    def __init__(self, settings: Settings) -> None:
        self._path = _path(settings)
        self._lock = file_lock(
            self._path.with_suffix(".lock"), timeout=_LOCK_SECONDS, purpose="tell of a failure"
        )

    def __enter__(self) -> Path:
        self._lock.__enter__()
        return self._path

    def __exit__(self, *error: object) -> None:
        self._lock.__exit__(*error)  # type: ignore[arg-type]


def _path(settings: Settings) -> Path:
    return settings.home / "alerts" / "outside.json"


def _read(path: Path) -> Failure | None:
    if not path.exists():
        return None
    kept = json.loads(path.read_text(encoding="utf-8"))
    for name in ("first_at", "last_at", "told_at"):
        kept[name] = datetime.fromisoformat(kept[name]) if kept[name] else None
    return Failure(**kept)


def _write(path: Path, failure: Failure) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_text(json.dumps(asdict(failure), default=datetime.isoformat), encoding="utf-8")
    new.replace(path)
