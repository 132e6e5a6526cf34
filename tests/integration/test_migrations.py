"""Migrations: applied once and in order, by one migrator, never changed afterwards."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from kho.errors import ConfigurationError, MigrationError, WarehouseUnavailable
from kho.server.migrations import migrate
from kho.server.postgres import Server, ensure_database, ensure_running
from kho.server.warehouse import engine, warehouse_url
from kho.settings import Settings, get_settings
from tests.integration.embedded import temporary_home


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with temporary_home() as settings:
        yield ensure_running(settings)


@pytest.fixture
def database(server: Server) -> Iterator[Engine]:
    """An engine on an empty database of its own."""
    name = f"test_{uuid4().hex}"
    ensure_database(server, name)
    made = engine(server.url(name))
    yield made
    made.dispose()
    with (
        engine(server.url("postgres")).execution_options(isolation_level="AUTOCOMMIT").connect() as connection
    ):
        connection.execute(text(f"drop database {name} with (force)"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text(
        "-- Purpose: a table.\ncreate table first (n int);\ninsert into first values (1);\n"
    )
    (tmp_path / "0002_second.sql").write_text(
        "create function f() returns int language plpgsql as $$\n"
        "begin\n  if true then return 1; end if;\nend;\n$$;\n"
        "create table second (code text check (code like '%:x'));\n"
    )
    return tmp_path


def _tables(database: Engine) -> set[str]:
    query = text("select tablename from pg_tables where schemaname = 'public'")
    with database.connect() as connection:
        return set(connection.scalars(query))


def test_each_file_is_applied_once(database: Engine, folder: Path) -> None:
    assert migrate(database, folder) == ("0001_first", "0002_second")
    assert migrate(database, folder) == ()
    assert _tables(database) == {"first", "second"}
    with database.connect() as connection:
        assert connection.scalar(text("select count(*) from first")) == 1


def test_a_later_file_is_applied_alone(database: Engine, folder: Path) -> None:
    migrate(database, folder)
    (folder / "0003_third.sql").write_text("create table third (n int);")
    assert migrate(database, folder) == ("0003_third",)


def test_two_migrators_at_once_apply_each_file_once(database: Engine, folder: Path) -> None:
    (folder / "0003_slow.sql").write_text("select pg_sleep(0.5);")
    together = threading.Barrier(2)

    def run() -> tuple[str, ...]:
        together.wait()
        return migrate(database, folder)

    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(run) for _ in range(2)]
        applied = [run.result() for run in runs]
    assert sorted(applied) == [(), ("0001_first", "0002_second", "0003_slow")]


def test_a_changed_file_is_refused(database: Engine, folder: Path) -> None:
    migrate(database, folder)
    changed = folder / "0001_first.sql"
    original = changed.read_text()
    changed.write_text(original + "-- more\n")
    with pytest.raises(MigrationError, match=r"0001_first was changed.*new migration") as caught:
        migrate(database, folder)
    assert caught.value.where == str(changed)
    changed.write_bytes(original.replace("\n", "\r\n").encode())
    assert migrate(database, folder) == ()


def test_a_file_that_fails_leaves_nothing_behind(database: Engine, folder: Path) -> None:
    failing = folder / "0003_third.sql"
    failing.write_text("create table third (n int); select 1 / 0;")
    with pytest.raises(MigrationError, match="0003_third failed.*division by zero"):
        migrate(database, folder)
    assert _tables(database) == {"first", "second"}
    failing.write_text("create table third (n int);")
    assert migrate(database, folder) == ("0003_third",)


def test_a_dead_migrators_lock_is_no_obstacle(database: Engine, folder: Path) -> None:
    migrate(database, folder)
    with database.begin() as connection:
        connection.execute(text("insert into meta.yoyo_lock (locked, pid) values (1, 1)"))
    (folder / "0003_third.sql").write_text("create table third (n int);")
    assert migrate(database, folder) == ("0003_third",)


def test_a_database_ahead_of_the_checkout_is_refused(database: Engine, folder: Path) -> None:
    migrate(database, folder)
    (folder / "0002_second.sql").unlink()
    with pytest.raises(MigrationError, match="has migration 0002_second, and this checkout"):
        migrate(database, folder)


def test_a_file_before_the_last_applied_is_refused(database: Engine, folder: Path) -> None:
    (folder / "0001_first.sql").rename(folder / "0003_third.sql")
    migrate(database, folder)
    (folder / "0001_first.sql").write_text("select 1;")
    with pytest.raises(MigrationError, match="0001_first comes before 0003_third"):
        migrate(database, folder)


@pytest.mark.parametrize("name", ["1_short.sql", "0003_Upper.sql", "0003-dash.sql"])
def test_a_misnamed_file_is_refused(database: Engine, folder: Path, name: str) -> None:
    (folder / name).write_text("select 1;")
    with pytest.raises(MigrationError, match="misnamed"):
        migrate(database, folder)


def test_a_number_used_twice_is_refused(database: Engine, folder: Path) -> None:
    (folder / "0002_other.sql").write_text("select 1;")
    with pytest.raises(MigrationError, match="2 migrations have the number 0002"):
        migrate(database, folder)


def test_an_empty_folder_is_refused(database: Engine, tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="no migrations"):
        migrate(database, tmp_path)


# The warehouse's URL and engine.


def test_a_session_keeps_vietnams_time_and_its_name(database: Engine) -> None:
    with database.connect() as connection:
        row = connection.execute(
            text("select current_setting('timezone'), current_setting('application_name')")
        ).one()
    assert tuple(row) == ("Asia/Ho_Chi_Minh", "kho")


def test_one_url_has_one_engine(server: Server) -> None:
    assert engine(server.url("postgres")) is engine(server.url("postgres"))


@pytest.mark.parametrize(
    ("given", "normalised"),
    [
        ("postgres://u:p@h/db", "postgresql+psycopg2://u:p@h/db"),
        ("postgresql+psycopg://u:p@h:1/db", "postgresql+psycopg2://u:p@h:1/db"),
        ("postgresql://u@/db?host=/s", "postgresql+psycopg2://u@localhost/db?host=%2Fs"),
    ],
)
def test_a_given_url_is_normalised(given: str, normalised: str) -> None:
    url = warehouse_url(Settings(home=Path("/nonexistent"), warehouse_url=given))
    assert url.render_as_string(hide_password=False) == normalised


@pytest.mark.parametrize("given", ["postgresql://u:s3cret@h:port/db", "postgresql://u:s3cret@h"])
def test_an_unusable_url_is_refused_without_showing_the_password(given: str) -> None:
    with pytest.raises(ConfigurationError, match="KHO_WAREHOUSE_URL") as caught:
        warehouse_url(Settings(home=Path("/nonexistent"), warehouse_url=given))
    assert "s3cret" not in str(caught.value)


def test_a_silent_database_is_a_reason_to_try_again(folder: Path) -> None:
    nowhere = Settings(home=Path("/nonexistent"), warehouse_url="postgresql://u:s3cret@127.0.0.1:1/db")
    with pytest.raises(WarehouseUnavailable) as caught:
        migrate(engine(warehouse_url(nowhere)), folder)
    assert "s3cret" not in str(caught.value)
    assert caught.value.retryable


# What an earlier version left: a loaded voucher, one that was rejected, and how the night went.
EARLIER = "0150"
LOADED = """
    insert into meta.batch
        (batch_id, dataset, as_of, status, content_sha256, contract_version, fetched, raw_path)
    values ('b', 'investment_disbursements', '2026-11-20', 'loaded', 's', '1', 2, 'raw');
    insert into meta.watermark (dataset, as_of, value, batch_id)
    values ('investment_disbursements', '2026-11-20', '2026-11-19 08:00', 'b');
    insert into meta.night (as_of, dataset, outcome, batch_id)
    values ('2026-11-20', 'investment_disbursements', 'loaded', 'b');
    insert into dw.dim_agency (agency_code, name_vi) values ('000.00.05.H48', 'Sở Tài chính');
    insert into dw.dim_investment_project (project_code, name_vi) values ('DA-1', 'Cầu');
    insert into dw.fact_disbursement
        (voucher_code, project_key, agency_key, disbursed_date_key, budget_year, amount_vnd, fund_source_code,
         source_updated_at, batch_key)
    select 'CT-1', p.project_key, a.agency_key, 20261119, 2026, 1500, 'NSTW', '2026-11-19 08:00', b.batch_key
    from dw.dim_agency a, dw.dim_investment_project p, meta.batch b
    where a.agency_code = '000.00.05.H48' and p.project_code = 'DA-1' and b.batch_id = 'b';
    insert into dq.quarantine
        (dataset, business_key, batch_id, failed_rules, raw, raw_md5, agency_code, first_seen_on,
         last_seen_batch_id)
    values ('investment_disbursements', 'CT-2', 'b', '{amount_positive}', '{"so_chung_tu": "CT-2"}', 'm',
            '000.00.05.H48', '2026-11-20', 'b');
"""
STANDING = """
    select f.voucher_code, a.agency_code, p.project_code, d.calendar_date::text, f.amount_vnd::integer,
           w.value::text, n.outcome, q.business_key, q.status
    from dw.fact_disbursement f
    join dw.dim_agency a using (agency_key)
    join dw.dim_investment_project p using (project_key)
    join dw.dim_date d on d.date_key = f.disbursed_date_key
    join meta.batch b on b.batch_key = f.batch_key and b.status = 'loaded'
    join meta.watermark w using (batch_id)
    join meta.night n using (batch_id)
    join dq.quarantine q using (batch_id)
"""


def test_the_projects_own_files_apply_from_empty_and_from_the_version_before(
    database: Engine, tmp_path: Path
) -> None:
    """And over what an earlier version has loaded: it stands as it stood."""
    files = sorted(get_settings().migrations_dir.glob("*.sql"))

    def release(*some: Path) -> tuple[str, ...]:
        for file in some:
            (tmp_path / file.name).write_bytes(file.read_bytes())
        return migrate(database, tmp_path)

    earlier = [file for file in files[:-1] if file.name <= EARLIER]
    assert len(release(*earlier)) == len(earlier)
    with database.begin() as connection:
        connection.exec_driver_sql(LOADED)
        before = connection.execute(text(STANDING)).all()
    assert len(before) == 1
    assert len(release(*files[:-1])) == len(files) - 1 - len(earlier)
    assert migrate(database) == (files[-1].stem,)
    assert migrate(database) == ()
    with database.connect() as connection:
        assert connection.execute(text(STANDING)).all() == before
