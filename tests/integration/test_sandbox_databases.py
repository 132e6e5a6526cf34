"""The agencies' databases on the embedded PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from kho.sandbox import process
from kho.sandbox.errors import SandboxDatabaseError
from kho.sandbox.postgres import PostgresAgency
from kho.sandbox.registry import tables
from kho.sandbox.source import AgencyTable, Column
from kho.sandbox.world import World
from kho.server.postgres import ensure_running
from kho.settings import Settings
from tests.integration.embedded import temporary_home

EPOCH = date(2026, 11, 20)
VOUCHERS = tables()["investment_disbursements"]
COLUMNS = [column.name for column in VOUCHERS.columns]


@pytest.fixture(scope="module")
def home() -> Iterator[Settings]:
    with temporary_home() as settings:
        yield settings


@pytest.fixture(scope="module")
def admin_url(home: Settings) -> str:
    return ensure_running(home).url("postgres").render_as_string(hide_password=False)


def read(url: str, query: str = f"select {', '.join(COLUMNS)} from tabmis.giai_ngan") -> list[Any]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return sorted(map(tuple, connection.execute(text(query))), key=repr)
    finally:
        engine.dispose()


def test_the_table_follows_the_clock_and_the_reader_only_reads(home: Settings, admin_url: str) -> None:
    world = World(51, 2000, EPOCH)
    process.up(home, size=2000, admin_urls={"postgresql": admin_url})
    try:
        for nights in (0, 3, 3, 1):
            today = EPOCH + timedelta(days=nights)
            state = process.set_clock(home, today)
            rows = world.on(today).view("investment_disbursements").page(0, 99_999, 0, 99_999).rows
            expected = sorted((tuple(row[name] for name in COLUMNS) for row in rows), key=repr)
            assert read(state.database_urls["finance"]) == expected
        assert process.up(home, size=2000) == state
    finally:
        process.down(home)
    engine = create_engine(state.database_urls["finance"])
    with engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text("delete from tabmis.giai_ngan"))
    engine.dispose()


def test_preparing_twice_and_columns_with_comments(admin_url: str) -> None:
    database = PostgresAgency("finance", admin_url, "a password", [VOUCHERS])
    database.prepare()
    database.prepare()
    described = read(
        database.reader_url,
        "select a.attname, format_type(a.atttypid, a.atttypmod),"
        " col_description(a.attrelid, a.attnum) from pg_attribute a"
        " where a.attrelid = 'tabmis.giai_ngan'::regclass and a.attnum > 0",
    )
    assert ("so_tien", "numeric(20,2)", "Số tiền (đồng)") in described
    assert all(comment for _, _, comment in described)


def test_a_table_with_row_ids_takes_only_what_changed(admin_url: str) -> None:
    columns = (Column("id", "bigint", "Số"), Column("ten", "text", "Tên"))
    table = AgencyTable("small", "kho_nho.thua", "Thửa", columns, row_id="id")
    database = PostgresAgency("small", admin_url, "a password", [table])
    database.prepare()
    before = [{"id": 1, "ten": "một"}, {"id": 2, "ten": None}, {"id": 3, "ten": "ba"}]
    database.replace(table, [before[:2], before[2:]])
    database.change(table, [2, 3, 99], [[{"id": 3, "ten": "ba, sửa"}], [{"id": 4, "ten": ""}]])
    query = "select id, ten from kho_nho.thua"
    after = [(1, "một"), (3, "ba, sửa"), (4, "")]
    assert read(database.reader_url, query) == after
    database.prepare()
    assert read(database.reader_url, query) == after
    wider = replace(table, columns=(*columns, Column("loai", "text", "Loại")))
    PostgresAgency("small", admin_url, "a password", [wider]).prepare()
    assert read(database.reader_url, query) == []
    database.drop()


def test_what_an_earlier_version_made_is_replaced(home: Settings, admin_url: str) -> None:
    database = PostgresAgency("finance", admin_url, "a password", [VOUCHERS])
    database.prepare()
    engine = create_engine(ensure_running(home).url("sandbox_finance"))
    with engine.begin() as connection:
        connection.execute(text("alter schema tabmis owner to current_user"))
    engine.dispose()
    database.prepare()
    assert read(database.reader_url) == []


def test_an_unreachable_server_gives_one_line() -> None:
    nowhere = "postgresql+psycopg2://kho@127.0.0.1:1/postgres"
    database = PostgresAgency("finance", nowhere, "secret", [VOUCHERS])
    with pytest.raises(SandboxDatabaseError, match="agency database postgres: ") as caught:
        database.prepare()
    assert "\n" not in str(caught.value)
