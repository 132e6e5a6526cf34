"""An embedded server of a test's own, away from the one that holds real data."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from kho.server import mariadb
from kho.server.postgres import Server, ensure_running, stop
from kho.settings import Settings, get_settings

_SOCKET_PATH_LIMIT = 107
AWKWARD = "kho đêm nay-"
"""How the name of a folder may begin on somebody's machine: with a space and Vietnamese letters."""


@contextlib.contextmanager
def temporary_home(prefix: str = "kho-") -> Iterator[Settings]:
    """Yield settings with an empty state directory; stop its server and remove it at the end.

    The directory is open to the user that root's servers run as, and its path is short
    enough for a socket; pytest's own temporary folders are neither.
    """
    parent = get_settings().home / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    socket = parent.resolve() / f"{prefix}xxxxxxxx" / "pg" / "run" / ".s.PGSQL.5432"
    if len(os.fsencode(socket)) > _SOCKET_PATH_LIMIT:
        # The temporary folder of make is below the checkout, too.
        parent = Path("/tmp")
    home = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    home.chmod(0o711)
    settings = Settings(home=home)
    try:
        yield settings
    finally:
        mariadb.stop(settings)
        stop(settings)
        shutil.rmtree(home)


def throwaway_server(settings: Settings) -> Server:
    """Start the server of a temporary home; it waits for no disk, since nobody needs its data tomorrow."""
    server = ensure_running(settings)
    admin = sa.create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as db:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            db.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        db.exec_driver_sql("SELECT pg_reload_conf()")
    admin.dispose()
    return server
