"""A private MariaDB for the sandbox: the agencies that run MariaDB or MySQL.

In: the settings. Out: a running server, below the state directory, that listens on a Unix socket and on a
port of 127.0.0.1, with a password for everybody. It runs in a session of its own and outlives whoever
started it; killed in any way, it recovers at the next start.
"""

import hashlib
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from kho.errors import HostError
from kho.server.account import Account, require_reachable, server_account
from kho.server.locking import file_lock
from kho.server.mariadb_programs import Programs, find_programs
from kho.server.secrets import get_or_create_secret
from kho.settings import Settings

ADMIN = "kho_admin"
_SECRET = "mariadb_admin"  # noqa: S105
_HOST = "127.0.0.1"
_START_SECONDS = 120.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.05
_SOCKET_PATH_LIMIT = 107


@dataclass(frozen=True, slots=True)
class MariaDb:
    """A running server and its administrator."""

    socket: Path
    port: int
    password: str = field(repr=False)
    user: str = ADMIN
    host: str = _HOST


@dataclass(frozen=True, slots=True)
class _Layout:
    home: Path

    @classmethod
    def of(cls, settings: Settings) -> "_Layout":
        layout = cls((settings.home / "mariadb").resolve())
        if len(str(layout.socket).encode()) > _SOCKET_PATH_LIMIT:
            raise HostError(
                "the path of MariaDB's socket is longer than the system allows",
                where=str(layout.socket),
                next_step="set KHO_HOME to a shorter path",
            )
        return layout

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def socket(self) -> Path:
        return self.home / "run" / "mariadb.sock"

    @property
    def files(self) -> Path:
        """The only folder whose files the server may read; for loading many rows."""
        return self.home / "files"

    @property
    def log(self) -> Path:
        return self.home / "log" / "mariadb.log"

    @property
    def pid_file(self) -> Path:
        return self.home / "run" / "mariadb.pid"

    @property
    def port_file(self) -> Path:
        return self.home / "port"


def files_folder(settings: Settings) -> Path:
    """Where a file must lie for the server to load it."""
    return _Layout.of(settings).files


def ensure_running(settings: Settings) -> MariaDb:
    """Return the running server of `settings`; make and start it if need be.

    Raises:
        HostError: this machine cannot run it; the message names the obstacle.
    """
    layout = _Layout.of(settings)
    password = get_or_create_secret(settings.secrets_file, _SECRET)
    layout.home.mkdir(parents=True, exist_ok=True)
    with file_lock(layout.home / "lock", timeout=_START_SECONDS + 30, purpose="start MariaDB"):
        port = _kept_port(layout)
        if _process(layout) is None or port is None or not _answers(port):
            port = _start(layout, settings, password, port)
    return MariaDb(layout.socket, port, password)


def stop(settings: Settings) -> bool:
    """Stop the server, as a shutdown of the machine would; return whether it was running."""
    layout = _Layout.of(settings)
    if not layout.home.exists():
        return False
    with file_lock(layout.home / "lock", timeout=_START_SECONDS + 30, purpose="stop MariaDB"):
        process = _process(layout)
        if process is None:
            return False
        _end(process, layout)
        return True


def _end(process: psutil.Process, layout: _Layout) -> None:
    try:
        process.terminate()
        process.wait(_STOP_SECONDS)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(_STOP_SECONDS)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise HostError(
            "MariaDB belongs to another user and may not be stopped by this one",
            where=str(layout.data),
            next_step=f"stop it as its owner or as root: kill {process.pid}",
        ) from error


def _process(layout: _Layout) -> psutil.Process | None:
    """The live server of this data directory; a process id alone proves nothing."""
    try:
        process = psutil.Process(int(layout.pid_file.read_text(encoding="ascii")))
        mine = f"--datadir={layout.data}" in process.cmdline()
        return process if mine and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, ValueError, psutil.Error):
        return None


def _start(layout: _Layout, settings: Settings, password: str, port: int | None) -> int:
    programs = find_programs(settings)
    process = _process(layout)
    if process is not None:
        # It lives and does not answer: give it its time to recover.
        _wait_until_open(layout, port or 0, process.pid)
        return port or 0
    account = _prepare(layout, programs)
    if not layout.data.exists():
        _initialise(layout, programs, account, password)
    port = _free_port(port)
    layout.pid_file.unlink(missing_ok=True)
    with layout.log.open("ab") as output:
        server = subprocess.Popen(
            _command(layout, programs, port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=programs.environment(),
            umask=0o077,
            start_new_session=True,
            **account.run_as(),
        )
    # Somebody has to collect the exit status of a child that outlives this call.
    threading.Thread(target=server.wait, name="mariadb-reaper", daemon=True).start()
    layout.port_file.write_text(f"{port}\n", encoding="ascii")
    _wait_until_open(layout, port, server.pid)
    return port


def _prepare(layout: _Layout, programs: Programs) -> Account:
    account = server_account(layout.data)
    if account.switch:
        layout.home.chmod(0o711)
    for folder in (layout.socket.parent, layout.files, layout.log.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
        account.take(folder)
    layout.log.touch(mode=0o600)
    require_reachable(account, layout.home, programs.server.parent, programs.share)
    return account


def _initialise(layout: _Layout, programs: Programs, account: Account, password: str) -> None:
    """Make the data directory; it gets its name when it is complete."""
    new = layout.data.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    account.take(new)
    scripts = ("mysql_system_tables", "mysql_performance_tables", "mysql_system_tables_data")
    text = "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\n"
    for name in (*scripts, "maria_add_gis_sp_bootstrap"):
        text += (programs.share / f"{name}.sql").read_text(encoding="utf-8") + "\n"
    done = subprocess.run(
        [*_common(new, programs), "--bootstrap"],
        input=text + _accounts(password),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        cwd="/",
        env=programs.environment(),
        umask=0o077,
        **account.run_as(),
    )
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if "ERROR" in line]
        raise HostError(
            f"MariaDB's data directory cannot be made: {errors[0] if errors else 'no reason given'}",
            where=str(layout.home),
            next_step="see that the disk has room and the folder allows writing, then try again",
        )
    new.rename(layout.data)


def _accounts(password: str) -> str:
    """One administrator with a password, and nobody else; the log must not hold the password itself."""
    twice = hashlib.sha1(hashlib.sha1(password.encode()).digest())  # noqa: S324 - MariaDB's own form
    secret = f'"plugin":"mysql_native_password","authentication_string":"*{twice.hexdigest().upper()}"'
    rows = ", ".join(
        f"""('{host}', '{ADMIN}', '{{"access":18446744073709551615,{secret}}}')"""
        for host in ("localhost", _HOST)
    )
    return (
        "\nDELETE FROM global_priv WHERE User <> 'mariadb.sys';\n"
        "DELETE FROM proxies_priv;\n"
        f"INSERT INTO global_priv (Host, User, Priv) VALUES {rows};\n"
    )


def _command(layout: _Layout, programs: Programs, port: int) -> list[str]:
    return [
        *_common(layout.data, programs),
        f"--socket={layout.socket}",
        f"--port={port}",
        f"--bind-address={_HOST}",
        f"--pid-file={layout.pid_file}",
        f"--secure-file-priv={layout.files}",
        f"--log-error={layout.log}",
        "--skip-name-resolve",
        "--performance-schema=OFF",
        "--local-infile=OFF",
        "--character-set-server=utf8mb4",
        "--default-time-zone=+07:00",
        "--max-connections=100",
        "--max-connect-errors=1000000",
        "--innodb-flush-log-at-trx-commit=2",
    ]


def _common(data: Path, programs: Programs) -> list[str]:
    return [
        str(programs.server),
        "--no-defaults",
        f"--datadir={data}",
        f"--lc-messages-dir={programs.share}",
        f"--character-sets-dir={programs.share / 'charsets'}",
        "--innodb-buffer-pool-size=128M",
        "--innodb-log-file-size=64M",
    ]


def _wait_until_open(layout: _Layout, port: int, pid: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if _answers(port):
            return
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            raise HostError(
                f"MariaDB does not start: {_complaint(layout)}",
                where=str(layout.log),
                next_step="remove what the message names, then try again",
            )
        time.sleep(_POLL_SECONDS)
    raise HostError(
        f"MariaDB did not answer within {_START_SECONDS:.0f} s",
        where=str(layout.log),
        next_step="see its log, then try again",
    )


def _answers(port: int) -> bool:
    """Whether a MariaDB greets us at the port: its first packet names its version."""
    try:
        with socket.create_connection((_HOST, port), timeout=1) as connection:
            return b"MariaDB" in connection.recv(128)
    except OSError:
        return False


def _kept_port(layout: _Layout) -> int | None:
    try:
        return int(layout.port_file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _free_port(preferred: int | None) -> int:
    for port in (preferred or 0, 0):
        with socket.socket() as probe:
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise HostError("no port of this machine is free", next_step="end what uses them, then try again")


def _complaint(layout: _Layout) -> str:
    text = layout.log.read_text(encoding="utf-8", errors="replace")[-20_000:]
    errors = [line.partition("[ERROR]")[2].strip() for line in text.splitlines() if "[ERROR]" in line]
    return errors[0] if errors else "its log says nothing"
