"""`kho doctor`: what may be wrong with this machine before a night fails on it.

In: the settings. Out: findings, one line each, the bad ones with what to do.
"""

import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from psycopg2.errors import QueryCanceled

from kho.connections import EnvironmentConnections
from kho.contracts import load_contracts
from kho.errors import KhoError
from kho.night.airflow_environment import HOST
from kho.night.standing import ended_by_itself, standing_port
from kho.province import is_noted, name_of
from kho.sandbox import process as sandbox
from kho.server import postgres
from kho.server.warehouse import engine, warehouse_url
from kho.settings import Settings

_GIGABYTE = 1024**3
_WANTED_DISK = 3 * _GIGABYTE
_PYTHONS = ((3, 11), (3, 12), (3, 13))
_SECONDS = 3.0
_PATIENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    good: bool
    text: str


def examine(settings: Settings, ui_port: int) -> Iterator[Finding]:
    """Look at one thing after the other, the slow ones last; change nothing."""
    yield _python()
    yield _disk(settings.home)
    yield _province(settings)
    yield from _airflow(settings)
    yield _port(settings, ui_port)
    yield _database(settings)
    yield from _connections(settings)


def _python() -> Finding:
    version = sys.version_info[:2]
    text = ".".join(map(str, version))
    good = version in _PYTHONS
    return Finding("python", good, text if good else f"{text}; needed is 3.11, 3.12 or 3.13")


def _disk(home: Path) -> Finding:
    place = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(place).free
    text = f"{free / _GIGABYTE:.1f} GB free at {place}"
    if free < _WANTED_DISK:
        return Finding("disk", good=False, text=f"{text}; make room, or set KHO_HOME to another disk")
    return Finding("disk", good=True, text=text)


def _province(settings: Settings) -> Finding:
    try:
        return Finding("province", good=True, text=f"{settings.province}, {name_of(settings.province)}")
    except KhoError as error:
        return Finding("province", good=False, text=str(error))


def _airflow(settings: Settings) -> Iterator[Finding]:
    cause = ended_by_itself(settings)
    if cause is not None:
        text = f"was left running and has ended: {cause}; kho up starts it again, kho down leaves it off"
        yield Finding("airflow", good=False, text=text)


def _port(settings: Settings, port: int) -> Finding:
    if standing_port(settings) == port:
        return Finding("port", good=True, text=f"Airflow is up on {port}")
    with socket.socket() as probe:
        used = probe.connect_ex((HOST, port)) == 0
    if used:
        return Finding("port", good=False, text=f"{port} is in use; set KHO_UI_PORT to a free one")
    return Finding("port", good=True, text=f"{port} is free")


def _database(settings: Settings) -> Finding:
    try:
        if settings.warehouse_url is None:
            state = postgres.status(settings).state
            if state != "running":
                good = state in {"stopped", "absent"}
                return Finding("database", good, f"embedded server {state}; kho up starts it")
        with engine(warehouse_url(settings, _PATIENCE_SECONDS)).connect() as db:
            # Whoever loads or migrates may hold what is asked for.
            db.exec_driver_sql(f"SET LOCAL statement_timeout = '{_SECONDS:.0f}s'")
            # What an earlier version made says nothing of its province until it is migrated.
            if db.scalar(sa.text("select to_regclass('meta.province')")) is not None:
                is_noted(db, settings)
            return Finding("database", good=True, text="answers")
    except KhoError as error:
        return Finding("database", good=False, text=str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        text = f"does not answer: {type(error).__name__}"
        if isinstance(error, sa.exc.OperationalError) and isinstance(error.orig, QueryCanceled):
            text = "lets us in, but answers no question; see in pg_stat_activity who holds it, or wait"
        return Finding("database", good=False, text=text)


def _connections(settings: Settings) -> Iterator[Finding]:
    known = EnvironmentConnections(settings)
    sources = [contract.source for contract in load_contracts()]
    for name in sorted({source.connection for source in sources if source.kind != "reference"}):
        try:
            found = known.get(name)
        except KhoError as error:
            yield Finding(f"connection {name}", good=False, text=str(error))
            continue
        place = found.host or found.extra.get("path") or found.schema
        where = f"{place}:{found.port}" if found.port else str(place)
        if found.port is None or found.extra.get("host"):
            yield Finding(f"connection {name}", good=True, text=where)
            continue
        with socket.socket() as probe:
            probe.settimeout(_SECONDS)
            good = probe.connect_ex((str(found.host), found.port)) == 0
        text = where if good else f"{where} does not answer; is the sandbox up (kho sandbox up)?"
        yield Finding(f"connection {name}", good, text)
    running = sandbox.running(settings)
    yield Finding("sandbox", good=True, text=f"up at {running.lgsp_url}" if running else "not running")
