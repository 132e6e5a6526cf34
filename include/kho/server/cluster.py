"""The embedded server's data directory: where it is and how it is made.

In: the settings and a password for the superuser.
Out: `var/pg/data`, complete or absent. It is made as `data.new` and renamed when
complete, so that an interrupted `initdb` never looks like a database.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kho.errors import HostError
from kho.server.account import Account, initdb_account, require_reachable, server_account
from kho.server.binaries import MAJOR_VERSION, bin_dir
from kho.server.configuration import FILE_NAME, PORT
from kho.server.databases import SUPERUSER
from kho.server.processes import end_leftovers
from kho.settings import Settings

_SOCKET_PATH_LIMIT = 107


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one embedded server."""

    home: Path
    data: Path
    sockets: Path

    @classmethod
    def of(cls, settings: Settings) -> "Layout":
        """Return the layout that belongs to `settings`, with symbolic links resolved.

        Raises:
            HostError: the socket's path would be longer than the system allows.
        """
        home = settings.postgres_home.resolve()
        layout = cls(home, home / settings.postgres_data.name, home / settings.socket_dir.name)
        length = len(os.fsencode(layout.socket))
        if length > _SOCKET_PATH_LIMIT:
            raise HostError(
                f"the path of the database's socket has {length} bytes, "
                f"and the system allows {_SOCKET_PATH_LIMIT}",
                where=str(layout.socket),
                next_step="set KHO_HOME to a shorter path",
            )
        return layout

    @property
    def new_data(self) -> Path:
        return self.home / "data.new"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def start_log(self) -> Path:
        """What the server says before its own log is open."""
        return self.log / "start.log"

    @property
    def socket(self) -> Path:
        return self.sockets / f".s.PGSQL.{PORT}"

    @property
    def lock(self) -> Path:
        return self.home / "server.lock"


def prepare(layout: Layout) -> Account:
    """Make the folders around the data directory and return the server's account.

    Raises:
        HostError: a folder cannot be made, or the server could not reach it.
    """
    try:
        layout.home.mkdir(parents=True, exist_ok=True)
        account = server_account(layout.data)
        if account.switch:
            layout.home.chmod(0o711)
        for folder in (layout.sockets, layout.log):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
            account.take(folder)
    except OSError as error:
        raise HostError(
            f"cannot make the database's folders: {error.strerror}",
            where=str(error.filename or layout.home),
            next_step="allow writing there, or set KHO_HOME to another folder",
        ) from error
    require_reachable(account, layout.home, bin_dir())
    return account


def initialise(layout: Layout, account: Account, password: str) -> None:
    """Make the data directory, unless it is there.

    Raises:
        HostError: `initdb` fails, or the data is of another major version.
    """
    if layout.data.exists():
        _require_version(layout.data)
        return
    maker = initdb_account(account)
    end_leftovers(layout.new_data, patience=0)
    try:
        if layout.new_data.exists():
            shutil.rmtree(layout.new_data)
        layout.new_data.mkdir(mode=0o700)
        maker.take(layout.new_data)
        _run_initdb(layout.new_data, maker, password)
        with (layout.new_data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"\n# Written anew at every start.\ninclude = '{FILE_NAME}'\n")
        account.take(layout.new_data)
        layout.new_data.rename(layout.data)
    except OSError as error:
        raise HostError(
            f"cannot make the database: {error.strerror}",
            where=str(error.filename or layout.new_data),
            next_step="make room or allow writing there, or set KHO_HOME to another folder",
        ) from error


def _require_version(data: Path) -> None:
    version = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    if version != MAJOR_VERSION:
        raise HostError(
            f"the database was made by PostgreSQL {version}, "
            f"and this checkout brings PostgreSQL {MAJOR_VERSION}",
            where=str(data),
            next_step="check out the earlier version, pg_dump there, and restore here",
        )


def _run_initdb(data: Path, maker: Account, password: str) -> None:
    # The password goes through a pipe, so that it never lies in a file.
    read_end, write_end = os.pipe()
    try:
        if maker.switch:
            os.fchown(read_end, maker.uid, maker.gid)
        os.write(write_end, password.encode() + b"\n")
        os.close(write_end)
        result = run_program(
            maker,
            "initdb",
            f"--pgdata={data}",
            f"--username={SUPERUSER}",
            "--pwfile=/dev/stdin",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            stdin=read_end,
        )
    finally:
        os.close(read_end)
    if result.returncode != 0:
        said = (result.stderr or result.stdout).strip().splitlines()
        raise HostError(
            f"initdb failed: {said[-1] if said else f'exit status {result.returncode}'}",
            where=str(data),
            next_step="see that the disk has room and the folder allows writing, then try again",
        )


def run_program(
    account: Account, name: str, *options: str, stdin: int = subprocess.DEVNULL
) -> "subprocess.CompletedProcess[str]":
    """Run one of PostgreSQL's programs as an account; nothing of the caller's environment gets in."""
    programs = bin_dir()
    return subprocess.run(
        [str(programs / name), *options],
        stdin=stdin,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        cwd="/",
        env={"PATH": f"{programs}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        umask=0o077,
        start_new_session=True,
        **account.run_as(),
    )
