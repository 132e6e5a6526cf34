"""Bring a database's schema up to date: numbered SQL files, forward only, by yoyo.

In: a folder of files `NNNN_name.sql`. Out: all of them applied, in order, once.

yoyo reads the files and keeps the list of those applied (in schema `meta`). On top of
it, because yoyo alone does not give them:

* a file and its entry in the list are one transaction, so that a kill in between
  leaves neither;
* one migrator at a time, by an advisory lock that dies with its holder;
* the content of each applied file is remembered, and a changed file is refused.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

import psycopg2
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlBackend
from yoyo.connections import DatabaseURI
from yoyo.exceptions import BadMigration
from yoyo.migrations import Migration

from kho.errors import MigrationError, WarehouseUnavailable
from kho.settings import get_settings

_SCHEMA = "meta"
_TABLE = "_yoyo_migration"
_NAME = re.compile(r"[0-9]{4}_[a-z0-9_]+")
_LOCK_KEY = 0x6B686F  # "kho"
_LOCK_TIMEOUT = "10min"

_PREPARE = f"""
create schema if not exists {_SCHEMA};
create table if not exists {_SCHEMA}.migration_content (
    migration_id text primary key,
    sha256 text not null,
    applied_at timestamptz not null default now()
);
"""


def migrate(engine: Engine, folder: Path | None = None) -> tuple[str, ...]:
    """Apply the files of `folder` that were not applied yet; return their ids, in order.

    The folder is `sql/migrations` unless another is given.

    Statements run as in psql, each file in one transaction.

    Raises:
        MigrationError: a file is misnamed, changed after it was applied, older than
            one already applied, or fails; or the database is ahead of this checkout.
        WarehouseUnavailable: the database does not answer.
    """
    folder = folder or get_settings().migrations_dir
    contents = _read(folder)
    with _only_migrator(engine) as connection:
        connection.execute(text(_PREPARE))
        applied = {
            row.migration_id: row.sha256
            for row in connection.execute(
                text(f"select migration_id, sha256 from {_SCHEMA}.migration_content")  # noqa: S608
            )
        }
        pending = _pending(folder, contents, applied)
        if pending:
            _apply(engine, folder, pending, contents)
    return pending


def _read(folder: Path) -> dict[str, str]:
    """Return the sha256 of each migration's text by id, in order."""
    files = sorted(folder.glob("*.sql"))
    if not files:
        raise MigrationError(
            "there are no migrations",
            where=str(folder),
            next_step="restore the folder (git checkout sql/migrations)",
        )
    for file in files:
        if not _NAME.fullmatch(file.stem):
            raise MigrationError(
                "a migration is misnamed",
                where=str(file),
                next_step="name it NNNN_what_it_does.sql, in lower case",
            )
    number, times = Counter(file.stem[:4] for file in files).most_common(1)[0]
    if times > 1:
        raise MigrationError(
            f"{times} migrations have the number {number}",
            where=str(folder),
            next_step="give the one that is not applied anywhere the next free number",
        )
    # read_text() reads any line ending as one, so a checkout on another system is the same.
    return {
        file.stem: hashlib.sha256(file.read_text(encoding="utf-8").encode()).hexdigest() for file in files
    }


def _pending(folder: Path, contents: dict[str, str], applied: dict[str, str]) -> tuple[str, ...]:
    for migration, sha256 in sorted(applied.items()):
        file = folder / f"{migration}.sql"
        if migration not in contents:
            raise MigrationError(
                f"the database has migration {migration}, and this checkout has not",
                where=str(file),
                next_step="check out the version that last migrated this database, or a later one",
            )
        if contents[migration] != sha256:
            raise MigrationError(
                f"migration {migration} was changed after it was applied",
                where=str(file),
                next_step="restore the file (git checkout), and put the change in a new migration",
            )
    pending = tuple(migration for migration in contents if migration not in applied)
    newest = max(applied, default="")
    if pending and pending[0] < newest:
        raise MigrationError(
            f"migration {pending[0]} comes before {newest}, which is already applied",
            where=str(folder / f"{pending[0]}.sql"),
            next_step="give it a number after the last one",
        )
    return pending


@contextmanager
def _only_migrator(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except OperationalError as error:
        raise WarehouseUnavailable(
            f"the warehouse does not answer: {str(error.orig).strip()}",
            where=engine.url.render_as_string(hide_password=True),
            next_step="see that the database runs and the URL is right, then try again",
        ) from error
    with connection.execution_options(isolation_level="AUTOCOMMIT"):
        connection.execute(text(f"set lock_timeout = '{_LOCK_TIMEOUT}'"))
        try:
            connection.execute(text("select pg_advisory_lock(:key)"), {"key": _LOCK_KEY})
        except OperationalError as error:
            raise MigrationError(
                f"another process has been migrating this database for {_LOCK_TIMEOUT}",
                next_step="find it in pg_stat_activity, wait for it or end it, then try again",
            ) from error
        try:
            yield connection
        finally:
            # Closes the session and with it the lock, whatever state it is in.
            connection.invalidate()


def _apply(engine: Engine, folder: Path, pending: tuple[str, ...], contents: dict[str, str]) -> None:
    with _backend(engine) as backend:
        # We alone are migrating, so a lock row is a dead migrator's.
        backend.break_lock()
        backend.ensure_internal_schema_updated()
        by_id = {migration.id: migration for migration in read_migrations(str(folder))}
        for migration in pending:
            try:
                _apply_one(backend, by_id[migration], contents[migration])
            except (psycopg2.Error, BadMigration) as error:
                raise MigrationError(
                    f"migration {migration} failed and left nothing behind: {_first_line(error)}",
                    where=str(folder / f"{migration}.sql"),
                    next_step="mend the file, then migrate again",
                ) from error


def _apply_one(backend: PostgresqlBackend, migration: Migration, sha256: str) -> None:
    migration.load()
    if not migration.use_transactions:
        raise BadMigration("'transactional: false' is not supported here")
    with backend.transaction():
        backend.execute("set local search_path to default")
        # yoyo prints what a SELECT gives; between the lines of a night it tells nobody anything.
        with redirect_stdout(StringIO()):
            migration.process_steps(backend, "apply")
        backend.execute(f"set local search_path to {_SCHEMA}")
        backend.mark_one(migration, log=False)
        backend.execute(
            f"insert into {_SCHEMA}.migration_content (migration_id, sha256) "  # noqa: S608
            "values (:id, :sha256)",
            {"id": migration.id, "sha256": sha256},
        )


def _backend(engine: Engine) -> PostgresqlBackend:
    url = engine.url
    arguments = {
        **{name: value for name, value in url.query.items() if isinstance(value, str)},
        "application_name": "kho migrate",
        "schema": _SCHEMA,
    }
    backend = PostgresqlBackend(
        DatabaseURI(
            scheme="postgresql",
            username=url.username,
            password=url.password,
            # A socket folder in the query takes precedence, as it does in SQLAlchemy.
            hostname=None if "host" in arguments else url.host,
            port=url.port,
            database=url.database,
            args=arguments,
        ),
        _TABLE,
    )
    backend.init_database()
    return backend


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
