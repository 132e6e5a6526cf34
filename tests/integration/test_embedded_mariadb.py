"""The sandbox's MariaDB: private, with a password for everybody, and back after any kind of death."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncmy
import psutil
import pytest

from kho.errors import HostError
from kho.server import mariadb
from kho.server import mariadb_programs as programs
from kho.settings import Settings

from .embedded import temporary_home


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    with temporary_home() as made:
        yield made


def _ask(server: mariadb.MariaDb, statement: str, **other: Any) -> list[Any]:
    async def ask() -> list[Any]:
        how = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
        db = await asyncmy.connect(**(how | other), autocommit=True)
        try:
            async with db.cursor() as cursor:
                await cursor.execute(statement)
                return list(await cursor.fetchall())
        finally:
            db.close()

    return asyncio.run(ask())


def _pid(settings: Settings) -> int:
    return int((settings.home / "mariadb" / "run" / "mariadb.pid").read_text())


def test_it_starts_once_and_keeps_its_rows_through_sigkill(settings: Settings) -> None:
    server = mariadb.ensure_running(settings)
    _ask(server, "CREATE DATABASE nguon")
    _ask(server, "CREATE TABLE nguon.ho_so (ma int) ENGINE=InnoDB")
    _ask(server, "INSERT INTO nguon.ho_so VALUES (1), (2)")
    assert mariadb.ensure_running(settings) == server

    os.kill(_pid(settings), signal.SIGKILL)
    psutil.wait_procs(
        [psutil.Process(_pid(settings))] if psutil.pid_exists(_pid(settings)) else [], timeout=10
    )
    again = mariadb.ensure_running(settings)
    assert _ask(again, "SELECT count(*) FROM nguon.ho_so") == [(2,)]
    assert again.port == server.port, "the connections that were written down stay true"


def test_it_is_stopped_cleanly(settings: Settings) -> None:
    mariadb.ensure_running(settings)
    pid = _pid(settings)
    assert mariadb.stop(settings)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert not mariadb.stop(settings)
    log = (settings.home / "mariadb" / "log" / "mariadb.log").read_text()
    assert "Shutdown complete" in log.splitlines()[-1]


def test_nobody_comes_in_without_the_password(settings: Settings) -> None:
    server = mariadb.ensure_running(settings)
    for user in ("root", server.user, ""):
        for place in ({}, {"unix_socket": str(server.socket)}):
            with pytest.raises(asyncmy.errors.OperationalError):
                _ask(server, "SELECT 1", user=user, password="", **place)
    assert _ask(server, "SELECT User FROM mysql.global_priv WHERE User <> 'mariadb.sys' GROUP BY User") == [
        (server.user,)
    ]


def test_it_listens_to_this_machine_only_and_does_not_run_as_root(settings: Settings) -> None:
    mariadb.ensure_running(settings)
    process = psutil.Process(_pid(settings))
    assert {c.laddr.ip for c in process.net_connections("tcp") if c.status == "LISTEN"} == {"127.0.0.1"}
    assert process.uids().effective != 0 or os.geteuid() != 0
    home = settings.home / "mariadb"
    for folder in ("data", "run", "files", "log"):
        assert stat.S_IMODE((home / folder).stat().st_mode) == 0o700, folder
    assert mariadb.ensure_running(settings).password not in (home / "log" / "mariadb.log").read_text()
    assert mariadb.ensure_running(settings).password not in " ".join(process.cmdline())


def test_an_unpacked_package_serves_where_none_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = programs.find_programs(Settings(home=Path("/nowhere")))
    monkeypatch.setattr(programs, "_installed", lambda: None)
    with temporary_home() as made:
        unpacked = made.home / "cache" / "mariadb" / "usr"
        shutil.copytree(installed.share, unpacked / "share" / "mysql")
        (unpacked / "sbin").mkdir()
        shutil.copy(installed.server, unpacked / "sbin")
        server = mariadb.ensure_running(made)
        assert psutil.Process(_pid(made)).exe().startswith(str(made.home))
        assert _ask(server, "SELECT 1") == [(1,)]


def test_where_it_cannot_be_fetched_people_are_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with temporary_home() as made, pytest.raises(HostError) as caught:
        mariadb.ensure_running(made)
    assert "apt-get install mariadb-server-core" in str(caught.value)
