"""MariaDB's server program: the machine's own, or Debian's package unpacked below the state directory.

In: the settings. Out: the program, its folder of messages, and the libraries it needs. The sandbox plays the
agencies that run MariaDB or MySQL; nothing else needs it.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kho.errors import HostError
from kho.server.locking import file_lock
from kho.settings import Settings

PACKAGE = "mariadb-server-core"
_PLACES = ("/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin")
_MESSAGES = ("share/mysql", "share/mariadb", "share")
_FETCH_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Programs:
    """Where MariaDB's server is.

    Attributes:
        server: the program `mariadbd`.
        share: its folder of messages, character sets and the system tables' SQL.
        libraries: folders of shared libraries that are not the machine's own.
    """

    server: Path
    share: Path
    libraries: tuple[Path, ...] = ()

    def environment(self) -> dict[str, str]:
        """The environment of the program: nothing of the caller's gets in."""
        found = {"PATH": "/usr/sbin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        if self.libraries:
            found["LD_LIBRARY_PATH"] = ":".join(str(folder) for folder in self.libraries)
        return found


def find_programs(settings: Settings) -> Programs:
    """MariaDB's server, fetched if this machine has none and a Debian archive is at hand.

    Raises:
        HostError: there is none; the message says which package to install.
    """
    unpacked = settings.home / "cache" / "mariadb"
    found = _installed() or _unpacked(unpacked)
    if found:
        return found
    with file_lock(unpacked.with_suffix(".lock"), timeout=_FETCH_SECONDS + 30, purpose="fetch MariaDB"):
        found = _unpacked(unpacked)
        if not found:
            _fetch(unpacked)
            found = _unpacked(unpacked)
    if not found:
        raise _missing("what was fetched does not run here")
    return found


def _installed() -> Programs | None:
    path = os.pathsep.join([os.environ.get("PATH", ""), *_PLACES])
    server = shutil.which("mariadbd", path=path)
    if server is None:
        return None
    real = Path(server).resolve()
    return _with_messages(real, real.parent.parent)


def _unpacked(folder: Path) -> Programs | None:
    server = folder / "usr" / "sbin" / "mariadbd"
    if not server.is_file():
        return None
    libraries = tuple(sorted({path.parent for path in folder.glob("**/*.so.*")}))
    return _with_messages(server, folder / "usr", libraries)


def _with_messages(server: Path, prefix: Path, libraries: tuple[Path, ...] = ()) -> Programs | None:
    for name in _MESSAGES:
        if (prefix / name / "mysql_system_tables.sql").is_file():
            return Programs(server, prefix / name, libraries)
    return None


def _fetch(folder: Path) -> None:
    """Unpack the package, and what it needs that is not installed, into `folder`; no root is needed."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise _missing("this machine has no apt to fetch it with")
    work = folder.with_suffix(".new")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        options: list[str] = []
        if not _download(work, [PACKAGE], options):
            # A fresh machine or container often has no package lists; these are our own.
            options = _own_lists(work)
            if _run(["apt-get", *options, "--quiet=2", "update"], work) is None or not _download(
                work, [PACKAGE], options
            ):
                raise _missing("the package archive does not answer")
        _download(work, _needed_libraries(work, options), options)
        for package in sorted(work.glob("*.deb")):
            if _run(["dpkg-deb", "--extract", str(package), str(work / "root")], work) is None:
                raise _missing(f"{package.name} cannot be unpacked")
        shutil.rmtree(folder, ignore_errors=True)
        (work / "root").rename(folder)
    except OSError as error:
        raise _missing(f"it could not be fetched: {error.strerror}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _own_lists(work: Path) -> list[str]:
    for name in ("lists/partial", "archives/partial"):
        (work / name).mkdir(parents=True, exist_ok=True)
    return [
        f"--option=Dir::State::Lists={work}/lists",
        f"--option=Dir::Cache={work}",
        "--option=Acquire::Languages=none",
    ]


def _needed_libraries(work: Path, options: list[str]) -> list[str]:
    """The libraries that the package depends on, near and far, and that are not installed."""
    kinds = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
    answer = _run(
        ["apt-cache", *options, "depends", "--recurse", *(f"--no-{kind}" for kind in kinds), PACKAGE], work
    )
    names = {line for line in (answer or "").splitlines() if line.startswith("lib") and "elogind" not in line}
    have = _run(["dpkg-query", "--show", "--showformat=${Package} ${Status}\\n"], work) or ""
    installed = {line.split()[0] for line in have.splitlines() if line.endswith("install ok installed")}
    return sorted(names - installed)


def _download(work: Path, packages: list[str], options: list[str]) -> bool:
    if not packages:
        return True
    return _run(["apt-get", *options, "--quiet=2", "download", *packages], work) is not None


def _run(command: list[str], folder: Path) -> str | None:
    """What a command says; None if it fails or takes too long."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _missing(reason: str) -> HostError:
    return HostError(
        f"there is no MariaDB server on this machine, and {reason}",
        where="mariadbd",
        next_step=f"install it (Debian, Ubuntu: apt-get install {PACKAGE}), or name real sources by "
        "AIRFLOW_CONN_AGENCY_HEALTH and AIRFLOW_CONN_AGENCY_EDUCATION",
    )
