"""Dossiers lie by month: made when they are needed, made ahead, read alone, and detached when their time is over."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kho import pipeline
from kho.load.load import lock_dataset
from kho.privacy.retention import remove_expired
from kho.privacy.retention_policy import load_policy
from kho.server.databases import ensure_database
from kho.server.migrations import migrate
from kho.server.warehouse import engine
from kho.settings import get_settings

from .fixture_dataset import FixtureNight

DATASET = "public_service_dossiers"


def dossier(number: int, received: str, **changes: Any) -> dict[str, Any]:
    """A record as LGSP sends it, received on a day given as 2026-10-31."""
    day = date.fromisoformat(received)
    return {
        "MaHoSo": f"000.00.02.H48-{day:%y%m%d}-{number:07d}",
        "MaTTHC": "1.001193",
        "TenTTHC": "Đăng ký khai sinh",
        "MaLinhVuc": "HT",
        "ChuHoSo": "Nguyễn Văn An",
        "LoaiDoiTuong": "1",
        "NgayTiepNhan": f"{day:%d/%m/%Y} 08:30:00",
        "TrangThaiHoSo": "4",
        "HinhThuc": "1",
        "KenhThucHien": "2",
        "DonViXuLy": "000.00.02.H48",
        "TaiLieuNop": "[]",
        "DanhSachLePhi": "[]",
        "DanhSachHoSoBoSung": "[]",
        "DanhSachGiayToKetQua": "[]",
        "NgayCapNhat": f"{day:%d/%m/%Y} 09:00:00",
    } | changes


@pytest.fixture
def nights(fixture_night: FixtureNight) -> FixtureNight:
    """Three dossiers of two months, loaded."""
    sent = [dossier(1, "2026-09-30"), dossier(2, "2026-10-01"), dossier(3, "2026-10-31")]
    counts = fixture_night.load(DATASET, 0, sent)
    assert counts.loaded == 3
    return fixture_night


def months(nights: FixtureNight, fact: str = "fact_dossier") -> dict[str, int]:
    """How many rows each month has that has any."""
    return dict(
        nights.province.rows(
            f"SELECT split_part(tableoid::regclass::text, '.', 2), count(*) FROM dw.{fact} GROUP BY 1 ORDER BY 1"
        )
    )


def test_a_dossier_lies_in_the_month_of_its_receipt(nights: FixtureNight) -> None:
    assert months(nights) == {"fact_dossier_2026_09": 1, "fact_dossier_2026_10": 2}
    plan = "\n".join(
        row[0]
        for row in nights.province.rows(
            "EXPLAIN SELECT count(*) FROM dw.fact_dossier WHERE received_date_key BETWEEN 20261001 AND 20261031"
        )
    )
    assert "fact_dossier_2026_10" in plan
    assert "fact_dossier_2026_09" not in plan


def test_months_of_the_first_load_are_like_those_made_later(nights: FixtureNight) -> None:
    """They are made aside, with their rows: what a later month has, they must have too."""
    nights.load(DATASET, 1, [dossier(4, "2026-08-02")])
    of_column = (
        "SELECT a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attislocal FROM pg_attribute AS a "
        "WHERE a.attrelid = cast(:month AS regclass) AND a.attnum > 0 ORDER BY 1"
    )
    of_constraint = (
        "SELECT contype, conkey::text, convalidated, conenforced, coninhcount, conislocal, confrelid "
        "FROM pg_constraint WHERE conrelid = cast(:month AS regclass) ORDER BY 1, 2"
    )
    of_index = (
        "SELECT replace(pg_get_indexdef(indexrelid), right(:month, 7), ''), indisvalid FROM pg_index "
        "WHERE indrelid = cast(:month AS regclass) ORDER BY 1"
    )
    of_owner = (
        "SELECT relowner, relacl, relkind, relpersistence FROM pg_class WHERE oid = cast(:month AS regclass)"
    )
    with nights.province.context.engine.connect() as db:
        for query in (of_column, of_constraint, of_index, of_owner):
            first, later = (
                db.execute(sa.text(query), {"month": f"dw_month.fact_dossier_2026_{month}"}).all()
                for month in ("09", "08")
            )
            assert first
            assert first == later


@pytest.mark.parametrize(
    "received",
    [
        pytest.param([f"2026-{month:02d}-15" for month in range(1, 11)], id="ten months are inserted"),
        pytest.param(["1999-12-31", "2026-09-30", "2026-10-31"], id="a day before the calendar has no month"),
        pytest.param(["2026-10-01", "2026-10-31"], id="one month"),
    ],
)
def test_the_first_load_holds_every_dossier_once_with_its_key(
    fixture_night: FixtureNight, received: list[str]
) -> None:
    counts = fixture_night.load(DATASET, 0, [dossier(number, day) for number, day in enumerate(received)])
    rows = fixture_night.province.rows(
        "SELECT received_at::date::text, count(*) FROM dw.fact_dossier GROUP BY 1 ORDER BY 1"
    )
    assert counts.loaded == counts.accepted == len(rows)
    assert {day for day, _ in rows} == {day for day in received if day >= "2000"}
    keys = fixture_night.province.rows(
        "SELECT count(*) FROM pg_constraint AS k WHERE k.contype = 'p' AND k.conrelid IN "
        "(SELECT relid FROM pg_partition_tree('dw.fact_dossier'))"
    )
    tables = fixture_night.province.rows("SELECT count(*) FROM pg_partition_tree('dw.fact_dossier')")
    assert keys == tables


def test_a_later_night_finds_what_changed_and_makes_the_month_that_is_missing(nights: FixtureNight) -> None:
    nights.load(
        DATASET,
        1,
        [
            dossier(1, "2026-09-30"),
            dossier(2, "2026-10-01", TrangThaiHoSo="2", NgayCapNhat="05/10/2026 10:00:00"),
            dossier(4, "2026-08-02"),
        ],
    )
    assert months(nights) == {
        "fact_dossier_2026_08": 1, "fact_dossier_2026_09": 1, "fact_dossier_2026_10": 2,
    }  # fmt: skip
    assert months(nights, "fact_dossier_event") == {"fact_dossier_event_2026_10": 1}
    changed = nights.province.rows(
        "SELECT right(f.dossier_code, 1), b.as_of - date '2026-11-20' FROM dw.fact_dossier AS f "
        "INNER JOIN meta.batch AS b USING (batch_key) ORDER BY 1"
    )
    assert changed == [("1", 0), ("2", 1), ("3", 0), ("4", 1)]


def test_what_the_star_does_not_keep_changes_no_dossier_and_is_not_looked_at_again(
    nights: FixtureNight,
) -> None:
    row = "SELECT batch_key, status_code, xmin::text, content_hash FROM dw.fact_dossier WHERE received_date_key = 20260930"
    [before] = nights.province.rows(row)
    renamed = dossier(1, "2026-09-30", ChuHoSo="Nguyễn Thị Bình", NgayCapNhat="30/09/2026 09:00:00")
    nights.load(DATASET, 1, [renamed])
    [after] = nights.province.rows(row)
    assert after[:2] == before[:2]
    assert after[3] != before[3]
    nights.load(DATASET, 2, [renamed])
    [again] = nights.province.rows(row)
    assert again == after


def test_a_dossier_that_points_to_nothing_known_is_looked_at_again(nights: FixtureNight) -> None:
    """Its agency was not in the catalogue when it came; when it is, the same record finds it."""
    record = "SELECT agency_key > 0 FROM dw.fact_dossier WHERE received_date_key = 20260930"
    assert nights.province.rows(record) == [(False,)]
    with nights.province.context.engine.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO dw.dim_agency (agency_code, name_vi) VALUES ('000.00.02.H48', 'Sở Thử nghiệm')"
            )
        )
    nights.load(DATASET, 1, [dossier(1, "2026-09-30")])
    assert nights.province.rows(record) == [(True,)]


def test_an_older_state_that_comes_late_changes_nothing(nights: FixtureNight) -> None:
    older = dossier(3, "2026-10-31", TrangThaiHoSo="1", NgayCapNhat="31/10/2026 08:31:00")
    everything = "SELECT f::text FROM dw.fact_dossier AS f ORDER BY 1"
    before = nights.province.rows(everything)
    assert nights.load(DATASET, 1, [older]).loaded == 1
    assert nights.province.rows(everything) == before


def test_the_months_to_come_are_made_ahead_once(nights: FixtureNight) -> None:
    pipeline.build_star(date(2026, 11, 20), nights.province.context)
    names = [row[0] for row in nights.province.rows("SELECT name FROM meta.fact_month ORDER BY name")]
    ahead = ["2026_11", "2026_12", "2027_01", "2027_02"]
    assert names == sorted(
        [f"fact_dossier_{month}" for month in ("2026_09", "2026_10", *ahead)]
        + [f"fact_dossier_event_{month}" for month in ahead]
    )
    assert nights.province.scalar("SELECT dw.make_months_ahead('2026-11-20', 3)") == 0


def test_a_month_is_made_beside_readers(nights: FixtureNight) -> None:
    """Who reads the fact does not wait for a load that has made a month and is not done."""
    warehouse = nights.province.context.engine
    with warehouse.begin() as loading, warehouse.connect() as reading:
        lock_dataset(loading, DATASET)
        assert loading.scalar(sa.text("SELECT dw.make_month('dw.fact_dossier', '2027-05-01')"))
        reading.execute(sa.text("SET lock_timeout = '2s'"))
        assert reading.scalar(sa.text("SELECT count(*) FROM dw.fact_dossier")) == 3
        loading.rollback()


def test_a_month_whose_time_is_over_is_kept_beside_the_star(nights: FixtureNight) -> None:
    context = nights.province.context
    policy = load_policy().model_copy(update={"fact_month_days": 365})
    today = date(2027, 10, 15)
    planned = remove_expired(context.engine, context.settings, today, dry_run=True, policy=policy)
    assert [one.subject for one in planned.removed if one.kind == "fact_month"] == ["fact_dossier_2026_09"]
    assert months(nights) == {"fact_dossier_2026_09": 1, "fact_dossier_2026_10": 2}
    done = remove_expired(context.engine, context.settings, today, dry_run=False, policy=policy)
    assert [one.subject for one in done.removed if one.kind == "fact_month"] == ["fact_dossier_2026_09"]
    assert months(nights) == {"fact_dossier_2026_10": 2}
    assert nights.province.scalar("SELECT count(*) FROM dw_detached.fact_dossier_2026_09") == 1
    assert nights.province.rows("SELECT subject FROM meta.retention_log WHERE kind = 'fact_month'") == [
        ("fact_dossier_2026_09",)
    ]
    # Late news of it comes and goes too; neither takes the other's place.
    nights.load(DATASET, 1, [dossier(5, "2026-09-02")])
    remove_expired(context.engine, context.settings, today, dry_run=False, policy=policy)
    assert months(nights) == {"fact_dossier_2026_10": 2}
    assert nights.province.scalar("SELECT count(*) FROM dw_detached.fact_dossier_2026_09") == 1
    assert nights.province.scalar("SELECT count(*) FROM dw_detached.fact_dossier_2026_09_late") == 1


def test_late_news_of_a_month_that_is_over_may_come_for_many_weeks(nights: FixtureNight) -> None:
    """Each time it goes to a table of its own, whose name is no longer than PostgreSQL's names are."""
    with nights.province.context.engine.begin() as db:
        db.execute(sa.text("SET LOCAL statement_timeout = '20s'"))
        for _ in range(12):
            db.execute(sa.text("SELECT dw.make_month('dw.fact_dossier_event', '2026-09-01')"))
            assert db.scalar(sa.text("SELECT dw.detach_month('dw.fact_dossier_event', '2026-09-01')"))
    assert nights.province.scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'dw_detached'") == 12


def test_what_was_believed_goes_with_the_month(nights: FixtureNight) -> None:
    """Of a month that left nothing is believed any more, instead of only what had been revised."""
    nights.load(DATASET, 1, [dossier(1, "2026-09-30", TrangThaiHoSo="2", NgayCapNhat="05/10/2026 10:00:00")])
    nights.load(DATASET, 1, [dossier(2, "2026-10-01", TrangThaiHoSo="2", NgayCapNhat="05/10/2026 10:00:00")])
    believed = (
        "SELECT right(dossier_code, 1), status_code FROM dw.fact_dossier_as_known_at('2026-11-20') ORDER BY 1"
    )
    assert nights.province.rows(believed) == [("1", "4"), ("2", "4"), ("3", "4")]
    with nights.province.context.engine.begin() as db:
        kept = db.scalar(sa.text("SELECT dw.detach_month('dw.fact_dossier', '2026-09-01')"))
    assert nights.province.rows(believed) == [("2", "4"), ("3", "4")]
    assert nights.province.rows(f"SELECT status_code FROM {kept}_history") == [("4",)]


def test_a_rebuild_leaves_a_month_that_is_over_where_it_is_and_makes_one_that_was_lost(
    nights: FixtureNight,
) -> None:
    context = nights.province.context
    policy = load_policy().model_copy(update={"fact_month_days": 365})
    remove_expired(context.engine, context.settings, date(2027, 10, 15), dry_run=False, policy=policy)
    assert months(nights) == {"fact_dossier_2026_10": 2}
    pipeline.rebuild(DATASET, context, by="Lê C", reason="thử")
    assert months(nights) == {"fact_dossier_2026_10": 2}
    with context.engine.begin() as db:
        db.execute(sa.text("DROP TABLE dw_month.fact_dossier_2026_10"))
    pipeline.rebuild(DATASET, context, by="Lê C", reason="thử")
    assert months(nights) == {"fact_dossier_2026_10": 2}
    # Late news of the month that is over stays, and brings nobody else back.
    nights.load(DATASET, 1, [dossier(5, "2026-09-02")])
    pipeline.rebuild(DATASET, context, by="Lê C", reason="thử")
    assert months(nights) == {"fact_dossier_2026_09": 1, "fact_dossier_2026_10": 2}


def test_two_loads_that_make_months_in_another_order_wait_for_each_other(nights: FixtureNight) -> None:
    """Late dossiers of two months, and the months to come that are made beside them: nobody is killed for it."""
    warehouse = nights.province.context.engine
    make = "SELECT dw.make_month('dw.{}', '{}')"
    with ThreadPoolExecutor(1) as beside, warehouse.begin() as one:

        def other() -> int:
            with warehouse.begin() as db:
                return int(db.scalar(sa.text("SELECT dw.make_months_ahead('2027-05-01', 1)")))

        one.execute(sa.text(make.format("fact_dossier", "2027-06-01")))
        waiting = beside.submit(other)
        blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        until = time.monotonic() + 10
        while not nights.province.scalar(blocked) and time.monotonic() < until:
            time.sleep(0.05)
        one.execute(sa.text(make.format("fact_dossier", "2027-05-01")))
        one.execute(sa.text(make.format("fact_dossier_event", "2027-05-01")))
        one.commit()
        assert waiting.result() == 1


def test_nothing_leaves_the_star_unless_the_policy_says_so(nights: FixtureNight) -> None:
    context = nights.province.context
    remove_expired(context.engine, context.settings, date(2099, 1, 1), dry_run=False)
    assert months(nights) == {"fact_dossier_2026_09": 1, "fact_dossier_2026_10": 2}


def only_to(folder: Path, number: int) -> Path:
    """The migrations up to a number."""
    shutil.copytree(get_settings().migrations_dir, folder)
    for path in folder.glob("*.sql"):
        if int(path.name[:4]) > number:
            path.unlink()
    return folder


@pytest.fixture
def before_months(empty_warehouse: tuple, tmp_path: Path) -> Iterator[sa.Engine]:
    """A warehouse of the version before, with three dossiers."""
    server = empty_warehouse[1]
    name = f"m_{uuid.uuid4().hex[:8]}"
    ensure_database(server, name)
    made = engine(server.url(name))
    migrate(made, only_to(tmp_path / "from", 142))
    with made.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO dw.fact_dossier (dossier_code, agency_key, procedure_key, unit_key, received_date_key, "
                "due_date_key, finished_date_key, returned_date_key, batch_key, received_at, source_updated_at, "
                "status_code) VALUES "
                "('a', -1, -1, -2, 20260930, -2, -2, -2, 1, '2026-09-30', '2026-09-30', '4'), "
                "('b', -1, -1, -2, 20261001, -2, -2, -2, 1, '2026-10-01', '2026-10-01', '4'), "
                "('c', -1, -1, -2, -1, -2, -2, -2, 1, '1999-10-01', '2026-10-01', '4')"
            )
        )
    yield made
    made.dispose()


def what_reads_it(warehouse: sa.Engine) -> str:
    """Every view and materialized view: definition, columns, comments, indexes, options."""
    with warehouse.connect() as db:
        rows = db.execute(
            sa.text(
                "SELECT c.oid::regclass::text, c.relkind, c.reloptions, pg_get_viewdef(c.oid), "
                "obj_description(c.oid), "
                "(SELECT array_agg(format('%s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), "
                "col_description(c.oid, a.attnum)) ORDER BY a.attnum) FROM pg_attribute AS a "
                "WHERE a.attrelid = c.oid AND a.attnum > 0), "
                "(SELECT array_agg(pg_get_indexdef(i.indexrelid) ORDER BY 1) FROM pg_index AS i "
                "WHERE i.indrelid = c.oid) "
                "FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
                "WHERE c.relkind IN ('v', 'm') AND n.nspname IN ('dw', 'mart', 'open_data') "
                "ORDER BY 1"
            )
        ).all()
    return json.dumps([list(row) for row in rows], default=str, ensure_ascii=False, indent=1)


def test_a_warehouse_of_the_version_before_keeps_its_dossiers_and_what_reads_them(
    before_months: sa.Engine, tmp_path: Path
) -> None:
    readers = what_reads_it(before_months)
    migrate(before_months, only_to(tmp_path / "to", 145))
    assert what_reads_it(before_months) == readers
    with before_months.connect() as db:
        rows = db.execute(
            sa.text("SELECT dossier_code, tableoid::regclass::text FROM dw.fact_dossier ORDER BY 1")
        ).all()
        assert [tuple(row) for row in rows] == [
            ("a", "dw_month.fact_dossier_2026_09"),
            ("b", "dw_month.fact_dossier_2026_10"),
            ("c", "dw_month.fact_dossier_undated"),
        ]
