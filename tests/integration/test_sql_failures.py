"""What a database refuses, and what people are told: cause, place and next step, never a password."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pytest

from kho.connections import Connection
from kho.errors import AuthenticationFailed, KhoError, SchemaDrifted, SourceRejected, SourceUnavailable
from kho.extract.sql import landing as sql_landing
from kho.extract.sql.rows import RowWriter

from .agency import Agency, a_contract, land, landed

SNAPSHOT = {"snapshot": "row_hash"}
COLUMNS = {"ma": "string", "so": "integer"}
PASSWORD = "mat-khau-rat-dai-7391"
ROWS = 60_000
NewAgency = Callable[..., Agency]
SERVERS = pytest.mark.parametrize("kind", ["postgres", "mariadb"])


def _fill(agency: Agency, rows: int = 10) -> None:
    agency.run("CREATE TABLE ho_so (ma varchar(250) PRIMARY KEY, so integer)")
    for first in range(0, rows, 20_000):
        values = (f"('{'x' * 200}{n:06d}', {n})" for n in range(first, min(rows, first + 20_000)))
        agency.run(f"INSERT INTO ho_so VALUES {', '.join(values)}")


def _refused(agency: Agency, tmp_path: Path, kind: type[KhoError], **source: Any) -> str:
    with pytest.raises(kind) as caught:
        land(agency, a_contract(SNAPSHOT | source, COLUMNS), tmp_path / "raw")
    error = caught.value
    text = str(error)
    assert error.next_step
    assert (error.dataset, "agency_test:" in (error.where or "")) == ("test_rows", True)
    assert str(agency.connection.password) not in text
    assert PASSWORD not in text
    assert list((tmp_path / "raw").glob("*/*")) == [], "nothing may be left behind"
    return text


@SERVERS
def test_a_wrong_password(new_agency: NewAgency, tmp_path: Path, kind: str) -> None:
    agency = new_agency(kind)
    agency.connection = replace(agency.connection, password=PASSWORD)
    text = _refused(agency, tmp_path, AuthenticationFailed)
    assert "refuses our user or password" in text
    assert "check the connection 'agency_test'" in text


def test_a_server_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_landing, "PAUSE_SECONDS", 0.01)
    for kind in ("postgres", "mysql", "mssql", "oracle"):
        connection = Connection("agency_test", kind, "127.0.0.1", 9, "kho", PASSWORD, "khong_co")
        agency = Agency(kind, connection, {})
        assert "does not answer" in _refused(agency, tmp_path, SourceUnavailable), kind


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    connection = Connection("agency_test", "sqlite", schema=str(tmp_path / "khong-co.db"))
    assert "no such database" in _refused(Agency("sqlite", connection, {}), tmp_path, SourceRejected)
    assert not (tmp_path / "khong-co.db").exists(), "looking for it must not make it"


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "agency.db").write_text("Kính gửi: Sở Tài chính" * 100, encoding="utf-8")
    connection = Connection("agency_test", "sqlite", schema=str(tmp_path / "agency.db"))
    assert "not a database" in _refused(Agency("sqlite", connection, {}), tmp_path, SourceRejected)


@SERVERS
def test_a_database_that_does_not_exist(new_agency: NewAgency, tmp_path: Path, kind: str) -> None:
    agency = new_agency(kind)
    agency.connection = replace(agency.connection, schema="khong_co")
    text = _refused(agency, tmp_path, SourceRejected)
    assert "no such database" in text


@pytest.mark.parametrize("kind", ["postgres", "mariadb", "sqlite"])
def test_a_missing_table_and_a_missing_column(new_agency: NewAgency, tmp_path: Path, kind: str) -> None:
    agency = new_agency(kind)
    assert "the table does not exist or is hidden from us" in _refused(agency, tmp_path, SourceRejected)
    agency.run("CREATE TABLE ho_so (so integer, so_luong integer)")
    text = _refused(agency, tmp_path, SchemaDrifted)
    assert "column 'ma' is gone (it is part of the key)" in text


@SERVERS
def test_no_right_to_read(new_agency: NewAgency, tmp_path: Path, kind: str) -> None:
    agency = new_agency(kind)
    _fill(agency)
    if kind == "postgres":
        agency.run(f"DROP ROLE IF EXISTS stranger_{agency.connection.schema}")
        agency.run(f"CREATE ROLE stranger_{agency.connection.schema} LOGIN PASSWORD '{PASSWORD}'")
    else:
        agency.run("CREATE TABLE khac (ma int)")
        agency.run(
            f"CREATE OR REPLACE USER stranger_{agency.connection.schema}@'%' IDENTIFIED BY '{PASSWORD}'"
        )
        agency.run(f"GRANT SELECT ON khac TO stranger_{agency.connection.schema}@'%'")
    stranger = f"stranger_{agency.connection.schema}"
    agency.connection = replace(agency.connection, login=stranger, password=PASSWORD)
    text = _refused(agency, tmp_path, SourceRejected)
    assert "we may not read the table" in text or "hidden from us" in text
    assert "ask the agency for SELECT on it" in text
    agency.run(f"DROP {'ROLE' if kind == 'postgres' else 'USER'} {stranger}")


@SERVERS
def test_a_statement_that_takes_too_long(
    new_agency: NewAgency, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_landing, "ATTEMPTS", 1)
    agency = new_agency(kind)
    if kind == "postgres":
        agency.run("CREATE VIEW ho_so AS SELECT 'A'::text AS ma, 1 AS so, pg_sleep(5)::text AS cho")
    else:
        agency.run("CREATE VIEW ho_so AS SELECT 'A' AS ma, sleep(5) AS so, 1 AS cho")
    columns = {"ma": "string", "so": "integer", "cho": "string"}
    contract = a_contract(SNAPSHOT | {"statement_timeout_seconds": 1}, columns)
    with pytest.raises(SourceUnavailable, match="did not finish in time") as caught:
        land(agency, contract, tmp_path)
    assert "statement_timeout_seconds" in str(caught.value)


def test_a_lock_that_somebody_holds(
    new_agency: NewAgency, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_landing, "ATTEMPTS", 1)
    monkeypatch.setattr("kho.extract.sql.postgresql.LOCK_SECONDS", 1)
    agency = new_agency("postgres")
    _fill(agency)
    other = psycopg2.connect(**agency.admin)
    try:
        other.cursor().execute("LOCK TABLE ho_so IN ACCESS EXCLUSIVE MODE")
        assert "somebody else holds a lock" in _refused(agency, tmp_path, SourceUnavailable)
    finally:
        other.close()


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Stop after the first rows have been written, until told to go on; later attempts are not stopped."""
    first_rows, go_on = threading.Event(), threading.Event()
    write = RowWriter.write

    def hesitant(self: RowWriter, batch: pa.RecordBatch) -> None:
        write(self, batch)
        if not first_rows.is_set():
            first_rows.set()
            assert go_on.wait(30)

    monkeypatch.setattr(RowWriter, "write", hesitant)
    hesitant_event = first_rows
    hesitant_event.go_on = go_on  # type: ignore[attr-defined]
    yield hesitant_event
    go_on.set()


@pytest.fixture
def killed_agency(
    new_agency: NewAgency, kind: str, slowly: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Agency]:
    """An agency whose server kills whoever reads, once the first rows have come."""
    monkeypatch.setattr("kho.extract.sql.postgresql.BLOCK_BYTES", 64 * 1024)
    agency = new_agency(kind)
    _fill(agency, ROWS)
    killer = threading.Thread(target=_kill_reader, args=(agency, slowly))
    killer.start()
    yield agency
    killer.join()


@SERVERS
def test_a_connection_killed_in_the_middle_is_begun_again(
    killed_agency: Agency, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_landing, "PAUSE_SECONDS", 0.01)
    contract = a_contract(SNAPSHOT | {"fetch_size": 1000}, COLUMNS)
    manifest = land(killed_agency, contract, tmp_path / "raw")
    assert (manifest.requests, manifest.failed_requests) == (2, 1)
    records = landed(tmp_path / "raw", manifest)
    assert len({row["ma"] for row in records}) == len(records) == manifest.fetched == ROWS


@SERVERS
def test_a_server_that_kills_every_connection_leaves_nothing_behind(
    killed_agency: Agency, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_landing, "ATTEMPTS", 1)
    _refused(killed_agency, tmp_path, SourceUnavailable, fetch_size=1000)


def _kill_reader(agency: Agency, reading: threading.Event) -> None:
    assert reading.wait(30)
    if agency.kind == "postgres":
        agency.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'kho'"
        )
    else:
        agency.run(
            "BEGIN NOT ATOMIC FOR r IN (SELECT id FROM information_schema.processlist "
            "WHERE db = database() AND id <> connection_id()) DO "
            "EXECUTE IMMEDIATE concat('KILL CONNECTION ', r.id); END FOR; END"
        )
    time.sleep(0.2)
    reading.go_on.set()  # type: ignore[attr-defined]
