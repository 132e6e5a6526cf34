"""The embedded server's configuration, for this machine and this place.

In: the folders of the server and the memory of the machine.
Out: `kho.conf` in the data directory, which `postgresql.conf` includes. It is written at
every start, so that a checkout may move and a new version may change it.
"""

import shutil
from pathlib import Path

import psutil

from kho.errors import HostError
from kho.server.account import Account
from kho.settings import TIMEZONE

FILE_NAME = "kho.conf"

PORT = 5432
"""Only names the socket file: the server listens on no network address."""

_MEGABYTE = 1024**2


def configure(data: Path, sockets: Path, log: Path, account: Account) -> None:
    """Write our part of the configuration into the data directory.

    Raises:
        HostError: the file cannot be written.
    """
    path = data / FILE_NAME
    new = path.with_suffix(".new")
    try:
        new.write_text(_configuration(sockets, log), encoding="utf-8")
        new.chmod(0o600)
        account.take_file(new)
        new.replace(path)
    except OSError as error:
        raise HostError(
            f"cannot write the database's configuration: {error.strerror}",
            where=str(path),
            next_step="make room or allow writing there",
        ) from error


def _configuration(sockets: Path, log: Path) -> str:
    memory = _memory_megabytes()
    # A table that is read several times, as a night's batch is, stays in memory if a quarter holds it.
    shared_buffers = max(32, min(4096, memory // 6))
    options = {
        # Nobody from outside: no network address, a private folder for the socket.
        "listen_addresses": "",
        "port": PORT,
        "unix_socket_directories": f'"{sockets}"',
        "unix_socket_permissions": "0700",
        "max_connections": 200,
        # Memory.
        "shared_buffers": f"{shared_buffers}MB",
        "effective_cache_size": f"{max(64, memory // 2)}MB",
        "work_mem": "64MB",
        "maintenance_work_mem": "256MB",
        "dynamic_shared_memory_type": _shared_memory_type(),
        # Bulk loads: few checkpoints, no log for replicas. fsync stays on.
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        # Plans: a few large statements.
        "max_parallel_workers_per_gather": 2,
        "random_page_cost": 1.1,
        "jit": "off",
        "timezone": TIMEZONE,
        # One log file per weekday.
        "logging_collector": "on",
        "log_directory": str(log),
        "log_filename": "postgresql-%a.log",
        "log_rotation_age": "1d",
        "log_rotation_size": 0,
        "log_truncate_on_rotation": "on",
        "log_line_prefix": "%m [%p] %d %a ",
        "log_timezone": TIMEZONE,
    }
    lines = [f"{name} = '{_quoted(value)}'" for name, value in options.items()]
    return "\n".join(["# Generated at every start; changes here are lost.", *lines, ""])


def _quoted(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace("'", "''")


def _memory_megabytes() -> int:
    """Return the memory this process may use: the machine's, or its container's if less."""
    total = psutil.virtual_memory().total
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            total = min(total, int(Path("/sys/fs/cgroup", limit).read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return total // _MEGABYTE


def _shared_memory_type() -> str:
    """Return where parallel workers share memory; containers often give /dev/shm only 64 MB."""
    try:
        room = shutil.disk_usage("/dev/shm").total  # noqa: S108
    except OSError:
        return "sysv"
    return "posix" if room >= 512 * _MEGABYTE else "sysv"
