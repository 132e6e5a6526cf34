"""The embedded server: it starts once, survives anything, and lets nobody else in."""

import contextlib
import itertools
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from kho.cli import doctor
from kho.errors import HostError, WarehouseUnavailable
from kho.night.airflow_process import free_port
from kho.server import postgres
from kho.server.account import Account, require_reachable
from kho.server.postgres import (
    Server,
    ensure_database,
    ensure_role,
    ensure_running,
    status,
    stop,
)
from kho.server.secrets import get_or_create_secret
from kho.settings import Settings
from tests.integration.embedded import temporary_home

KHO = Path(sys.executable).with_name("kho")
START = "from kho.server.postgres import ensure_running; from kho.settings import get_settings; "


@pytest.fixture(scope="module")
def shared() -> Iterator[Settings]:
    """Settings of a running server for the tests that leave it running."""
    with temporary_home() as settings:
        ensure_running(settings)
        yield settings


@pytest.fixture
def fresh() -> Iterator[Settings]:
    """Settings of a server that was never started."""
    with temporary_home() as settings:
        yield settings


def _query(server: Server, statement: str) -> list[tuple[object, ...]]:
    with contextlib.closing(psycopg2.connect(server.libpq_uri("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _starter(settings: Settings) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", START + "print(ensure_running(get_settings()).socket_dir)"],
        env={**os.environ, "KHO_HOME": str(settings.home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def _postmaster(settings: Settings) -> psutil.Process:
    pid = status(settings).pid
    assert pid is not None
    return psutil.Process(pid)


# Starting and stopping.


def test_start_and_stop_are_idempotent(fresh: Settings) -> None:
    assert status(fresh).state == "absent"
    assert stop(fresh) is False
    server = ensure_running(fresh)
    running = status(fresh)
    assert running.state == "running"
    assert ensure_running(fresh) == server
    assert status(fresh) == running
    assert stop(fresh) is True
    assert status(fresh).state == "stopped"
    assert stop(fresh) is False
    assert ensure_running(fresh) == server


def test_the_server_outlives_its_starter(fresh: Settings) -> None:
    starter = _starter(fresh)
    output, errors = starter.communicate(timeout=60)
    assert starter.returncode == 0, errors
    assert output.strip() == str(fresh.socket_dir)
    postmaster = _postmaster(fresh)
    assert os.getsid(postmaster.pid) != os.getsid(0)


def test_two_starters_at_once_share_one_server(fresh: Settings) -> None:
    starters = [_starter(fresh) for _ in range(2)]
    for starter in starters:
        _, errors = starter.communicate(timeout=60)
        assert starter.returncode == 0, errors
    assert _query(ensure_running(fresh), "select 1") == [(1,)]


def test_databases_and_roles_are_made_once(shared: Settings) -> None:
    server = ensure_running(shared)
    assert ensure_role(server, "finance", "it's \\ a secret") is True
    assert ensure_role(server, "finance", "it's \\ a secret") is False
    assert ensure_database(server, 'fin"ance', owner="finance") is True
    assert ensure_database(server, 'fin"ance', owner="finance") is False
    assert server.url("x y").render_as_string(hide_password=False).startswith("postgresql+psycopg2")
    psycopg2.connect(server.libpq_uri('fin"ance')).close()


def test_the_configuration_is_ours(shared: Settings) -> None:
    names = ["fsync", "jit", "wal_level", "TimeZone", "server_encoding", "listen_addresses"]
    server = ensure_running(shared)
    values = [_query(server, f"show {name}")[0][0] for name in names]
    assert values == ["on", "off", "minimal", "Asia/Ho_Chi_Minh", "UTF8", ""]
    assert _query(server, "select upper('đắk lắk')") == [("ĐẮK LẮK",)]


# Who may come in.


def test_folders_and_secrets_are_private(shared: Settings) -> None:
    assert _mode(shared.socket_dir) == 0o700
    assert _mode(shared.postgres_data) == 0o700
    assert _mode(shared.secrets_file) == 0o600
    owner = _postmaster(shared).uids().real
    assert owner != 0
    assert shared.socket_dir.stat().st_uid == owner


@pytest.mark.parametrize("password", [None, "wrong"])
def test_nobody_enters_without_the_password(shared: Settings, password: str | None) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(
            host=str(shared.socket_dir),
            user="kho",
            dbname="postgres",
            password=password,
            passfile="/nonexistent",
        )


def test_the_password_is_nowhere_but_in_its_file(shared: Settings) -> None:
    server = ensure_running(shared)
    assert server.password not in repr(server)
    assert server.password not in " ".join(_postmaster(shared).cmdline())
    holders = [
        path
        for path in shared.home.rglob("*")
        if path.is_file() and server.password.encode() in path.read_bytes()
    ]
    assert holders == [shared.secrets_file]


def test_a_lost_password_is_one_clear_line(fresh: Settings) -> None:
    ensure_running(fresh)
    fresh.secrets_file.unlink()
    with pytest.raises(HostError, match=r"refuses the password.*restore") as caught:
        ensure_running(fresh)
    assert "\n" not in str(caught.value)


# What it survives.


def test_a_slow_server_is_asked_again(shared: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ensure_running(shared)
    monkeypatch.setattr(postgres, "CONNECT_SECONDS", 2)
    monkeypatch.setattr(postgres, "_GRACE_SECONDS", 1)
    postmaster = _postmaster(shared)
    postmaster.suspend()
    resume = threading.Timer(3, postmaster.resume)
    resume.start()
    try:
        assert ensure_running(shared) == server
        assert postmaster.status() != psutil.STATUS_STOPPED
    finally:
        resume.cancel()
        postmaster.resume()


def test_a_server_that_always_needs_its_time_is_used(
    shared: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ensure_running(shared)
    monkeypatch.setattr(postgres, "_SLOW_SECONDS", 1)
    with contextlib.closing(psycopg2.connect(server.libpq_uri("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("alter system set pre_auth_delay = 6")
            cursor.execute("select pg_reload_conf()")
            try:
                assert ensure_running(shared) == server
            finally:
                cursor.execute("alter system reset pre_auth_delay")
                cursor.execute("select pg_reload_conf()")


def test_a_server_that_stays_slow_is_given_up(shared: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_running(shared)
    monkeypatch.setattr(postgres, "CONNECT_SECONDS", 2)
    monkeypatch.setattr(postgres, "_SLOW_SECONDS", 1)
    postmaster = _postmaster(shared)
    postmaster.suspend()
    try:
        with pytest.raises(WarehouseUnavailable, match="timeout expired"):
            ensure_running(shared)
    finally:
        postmaster.resume()


def test_the_doctor_says_what_it_knows_and_asks_a_hung_server_not_for_long(
    shared: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_running(shared)
    monkeypatch.setattr(doctor, "_PATIENCE_SECONDS", 2)
    postmaster = _postmaster(shared)
    findings = doctor.examine(shared, free_port())
    postmaster.suspend()
    try:
        known = list(itertools.takewhile(lambda finding: finding.subject != "port", findings))
        assert [finding.subject for finding in known] == ["python", "disk", "province"]
        database = next(findings)
    finally:
        postmaster.resume()
    assert database.subject == "database"
    assert "the database does not let us in: " in database.text
    assert "timeout expired" in database.text


def test_the_doctor_prints_each_finding_when_it_has_it(shared: Settings) -> None:
    ensure_running(shared)
    postmaster = _postmaster(shared)
    environment = {**os.environ, "KHO_HOME": str(shared.home), "KHO_UI_PORT": str(free_port())}
    postmaster.suspend()
    try:
        asked = subprocess.Popen([KHO, "doctor"], env=environment, stdout=subprocess.PIPE, text=True)
        assert asked.stdout is not None
        while not (line := asked.stdout.readline()).startswith("ok   port: "):
            assert line, "it ended, and nobody has answered"
    finally:
        postmaster.resume()
    said, _ = asked.communicate(timeout=60)
    assert "ok   database: answers\n" in said


def test_sigkill_of_the_postmaster_loses_nothing(fresh: Settings) -> None:
    server = ensure_running(fresh)
    _query(server, "create table kept as select generate_series(1, 100000) as n")
    with contextlib.closing(psycopg2.connect(server.libpq_uri("postgres"))) as connection:
        postmaster = _postmaster(fresh)
        backend = psutil.Process(connection.info.backend_pid)
        # A backend that cannot notice its postmaster's death blocks the next start.
        backend.suspend()
        postmaster.kill()
        _wait_for(lambda: status(fresh).state == "stopped")
        assert backend.is_running()
        assert _query(ensure_running(fresh), "select count(*) from kept") == [(100000,)]
        assert not backend.is_running() or backend.status() == psutil.STATUS_ZOMBIE


def test_sigkill_of_everything_loses_nothing(fresh: Settings) -> None:
    server = ensure_running(fresh)
    _query(server, "create table kept as select generate_series(1, 100000) as n")
    postmaster = _postmaster(fresh)
    for process in [postmaster, *postmaster.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    assert _query(ensure_running(fresh), "select count(*) from kept") == [(100000,)]


def test_a_stale_process_id_that_belongs_to_somebody_else(fresh: Settings) -> None:
    ensure_running(fresh)
    pid_file = fresh.postgres_data / "postmaster.pid"
    content = pid_file.read_text().splitlines()
    stop(fresh)
    pid_file.write_text("\n".join([str(os.getpid()), *content[1:]]) + "\n")
    assert status(fresh).state == "stopped"
    assert stop(fresh) is False
    assert _query(ensure_running(fresh), "select 1") == [(1,)]


def test_an_interrupted_initdb_is_made_anew(fresh: Settings) -> None:
    unfinished = fresh.postgres_home / "data.new" / "global"
    starter = _starter(fresh)
    _wait_for(unfinished.exists)
    starter.send_signal(signal.SIGKILL)
    starter.communicate()
    assert status(fresh).state == "absent"
    assert _query(ensure_running(fresh), "select 1") == [(1,)]
    assert not unfinished.parent.exists()


def test_a_broken_configuration_is_one_clear_line(fresh: Settings) -> None:
    ensure_running(fresh)
    stop(fresh)
    with (fresh.postgres_data / "postgresql.auto.conf").open("a") as file:
        file.write("work_mem = 'plenty'\n")
    with pytest.raises(HostError, match="does not start: .*work_mem") as caught:
        ensure_running(fresh)
    assert "\n" not in str(caught.value)


# What it refuses.


def test_a_path_too_long_for_a_socket_is_one_clear_line(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / ("x" * 100))
    with pytest.raises(HostError, match=r"107.*Next: set KHO_HOME to a shorter path\.$"):
        ensure_running(settings)
    assert not settings.home.exists()


def test_a_folder_closed_to_the_servers_user_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    data = closed / "below"
    data.mkdir(parents=True)
    for folder in (tmp_path, data):
        folder.chmod(0o755)
    closed.chmod(0o700)
    stranger = Account(uid=61184, gid=61184, switch=True)
    with pytest.raises(HostError, match=r"move the checkout.* or run as an ordinary user") as caught:
        require_reachable(stranger, data)
    assert caught.value.where in {str(closed), *map(str, closed.parents)}
    require_reachable(Account(uid=os.getuid(), gid=os.getgid(), switch=False), data)


# Secrets.


def test_a_secret_is_generated_once(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = get_or_create_secret(path, "a")
    assert get_or_create_secret(path, "a") == first
    assert get_or_create_secret(path, "b") != first
    assert set(json.loads(path.read_text())) == {"a", "b"}
    assert _mode(path) == 0o600


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}'])
def test_damaged_secrets_are_not_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(content)
    with pytest.raises(HostError, match="not a JSON object"):
        get_or_create_secret(path, "a")
    assert path.read_text() == content
