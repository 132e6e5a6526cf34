"""The warehouse: its URL, its engine, and its schema brought up to date.

In: the settings, and the numbered files of `sql/migrations/`.
Out: a SQLAlchemy engine on a database whose schema is that of this checkout.
"""

import os
from functools import cache

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError

from kho.calendar import sync_holidays
from kho.errors import ConfigurationError
from kho.province import keep_province
from kho.server.databases import CONNECT_SECONDS
from kho.server.migrations import migrate
from kho.server.postgres import START_SECONDS, ensure_database, ensure_running
from kho.settings import TIMEZONE, Settings

__all__ = ["DATABASE", "engine", "migrate", "open_warehouse", "warehouse_url"]

DATABASE = "warehouse"
"""Name of the warehouse's database on the embedded server."""

_DRIVER = "postgresql+psycopg2"


def warehouse_url(settings: Settings, patience: float = START_SECONDS) -> URL:
    """Return the warehouse's URL; start the embedded server if the warehouse is on it.

    Args:
        patience: how many seconds to ask the embedded server, at most, if it runs and does not let us in.

    Raises:
        ConfigurationError: KHO_WAREHOUSE_URL cannot be used.
        HostError: the embedded server cannot run on this machine.
    """
    if settings.warehouse_url is not None:
        return _normalised(settings.warehouse_url)
    server = ensure_running(settings, patience)
    ensure_database(server, DATABASE)
    return server.url(DATABASE)


def engine(url: URL) -> Engine:
    """Return this process's engine for `url`; the same one for the same URL.

    Sessions are named `kho`, keep Vietnam's time zone, and are tested before use.
    A forked process starts with no connections of its parent's.
    """
    return _engine(url.render_as_string(hide_password=False))


def open_warehouse(settings: Settings) -> Engine:
    """Return the engine of a warehouse that is running and migrated, and knows the working days.

    Raises:
        ConfigurationError: KHO_WAREHOUSE_URL cannot be used, or the warehouse is of another province.
        HostError: the embedded server cannot run on this machine.
        WarehouseUnavailable: the database does not answer.
        MigrationError: its schema cannot be brought up to date.
    """
    warehouse = engine(warehouse_url(settings))
    migrate(warehouse, settings.migrations_dir)
    with warehouse.begin() as db:
        keep_province(db, settings)
        sync_holidays(db)
    return warehouse


@cache
def _engine(url: str) -> Engine:
    parsed = make_url(url)
    given = parsed.query.get("options", "")
    options = given if isinstance(given, str) else " ".join(given)
    made = create_engine(
        parsed,
        pool_pre_ping=True,
        connect_args={
            "application_name": "kho",
            "connect_timeout": CONNECT_SECONDS,
            "options": f"{options} -c timezone={TIMEZONE}".strip(),
        },
    )
    # Two processes must never speak through one connection.
    os.register_at_fork(after_in_child=lambda: made.dispose(close=False))
    return made


def _normalised(given: str) -> URL:
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        # Without the cause, which would repeat the password.
        raise ConfigurationError(
            "the warehouse's URL cannot be read",
            where="KHO_WAREHOUSE_URL",
            next_step="write it as postgresql://user:password@host:5432/database",
        ) from None
    if not url.database:
        raise ConfigurationError(
            "the warehouse's URL names no database",
            where="KHO_WAREHOUSE_URL",
            next_step="write it as postgresql://user:password@host:5432/database",
        )
    return url.set(drivername=_DRIVER, host=url.host or "localhost")
