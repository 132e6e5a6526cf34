"""The finance agency's database on the embedded PostgreSQL."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from kho.sandbox import process
from kho.sandbox.errors import SandboxFinanceError
from kho.sandbox.finance import COLUMNS, FinanceDatabase
from kho.sandbox.world import World
from kho.server.postgres import ensure_running
from kho.settings import Settings
from tests.integration.embedded import temporary_home

EPOCH = date(2026, 11, 20)


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
    process.up(home, size=2000, finance_admin_url=admin_url)
    try:
        for nights in (0, 3, 3, 1):
            today = EPOCH + timedelta(days=nights)
            state = process.set_clock(home, today)
            rows = world.on(today).vouchers.rows()
            expected = sorted((tuple(row[name] for name in COLUMNS) for row in rows), key=repr)
            assert state.finance_url is not None
            assert read(state.finance_url) == expected
        assert process.up(home, size=2000) == state
    finally:
        process.down(home)
    engine = create_engine(str(state.finance_url))
    with engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text("delete from tabmis.giai_ngan"))
    engine.dispose()


def test_preparing_twice_and_columns_with_comments(admin_url: str) -> None:
    database = FinanceDatabase(admin_url, "a password")
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


def test_an_unreachable_server_gives_one_line() -> None:
    database = FinanceDatabase("postgresql+psycopg2://kho@127.0.0.1:1/postgres", "secret")
    with pytest.raises(SandboxFinanceError, match="finance database postgres: ") as caught:
        database.prepare()
    assert "\n" not in str(caught.value)
