"""Agencies over time: a renamed one begins a new version, and each fact keeps the name of its day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kho.sql_files import run_file

from .fixture_dataset import NIGHT, FixtureNight

FINANCE, BUILDING = "000.00.05.H48", "000.00.10.H48"
RENAMED = NIGHT + timedelta(days=10)


def agency(code: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "maDinhDanh": code, "tenCoQuan": name, "tenNgan": name, "loaiCoQuan": "department",
        "maCoQuanCapTren": "000.00.00.H48", "maDVHC": "51", "hieuLucTu": "2025-07-01",
    } | more  # fmt: skip


def signature(code: str, month: str, issued: int) -> dict[str, Any]:
    return {
        "maDonVi": code, "maDVHC": "21025", "kyThongKe": month, "soPhaiCap": "100", "soDaCap": str(issued),
        "soDangHoatDong": "10", "capNhatLuc": f"2026-11-{issued - 20:02d}T08:00:00",
    }  # fmt: skip


@pytest.fixture
def night(fixture_night: FixtureNight) -> Iterator[FixtureNight]:
    """Two departments; a dossier of one was seen before the catalogue was, under its bare code."""
    with fixture_night.province.context.engine.begin() as db:
        db.execute(
            sa.text("INSERT INTO dw.dim_agency (agency_code, name_vi, is_inferred) VALUES (:c, :c, TRUE)"),
            {"c": BUILDING},
        )
    fixture_night.load("agencies", 0, [agency(FINANCE, "Sở Kế hoạch"), agency(BUILDING, "Sở Xây dựng")])
    yield fixture_night
    fixture_night.province.context.engine.dispose()


def versions(night: FixtureNight, code: str) -> list[tuple[Any, ...]]:
    return night.province.rows(
        "SELECT name_vi, valid_from, valid_to, is_inferred FROM dw.dim_agency WHERE agency_code = :c "
        "ORDER BY valid_from",
        c=code,
    )


def test_a_member_that_data_named_first_is_completed_in_place(night: FixtureNight) -> None:
    assert versions(night, BUILDING) == [("Sở Xây dựng", date(1900, 1, 1), None, False)]


def test_a_renamed_agency_begins_a_version_and_facts_keep_the_name_of_their_day(night: FixtureNight) -> None:
    day_before, as_of = RENAMED - timedelta(days=1), RENAMED
    catalogue = [agency(FINANCE, "Sở Tài chính"), agency(BUILDING, "Sở Xây dựng", tenNgan="SXD")]
    dossiers = (
        "INSERT INTO dw.fact_dossier (dossier_code, agency_key, procedure_key, unit_key, received_date_key, "
        "due_date_key, finished_date_key, returned_date_key, batch_key, received_at, source_updated_at, "
        "status_code) SELECT :code, a.agency_key, -1, -2, to_char(cast(:on AS date), 'YYYYMMDD')::int, -2, -2, "
        "-2, 1, :on, :on, '4' FROM dw.dim_agency AS a WHERE a.agency_code = :agency "
        "AND :on BETWEEN a.valid_from AND coalesce(a.valid_to, 'infinity')"
    )
    night.load("agencies", 10, catalogue)
    # The same catalogue once more, and a short name that changes, make no version.
    night.load("agencies", 11, [catalogue[0] | {"tenNgan": "STC"}, catalogue[1]])
    assert versions(night, FINANCE) == [
        ("Sở Kế hoạch", date(1900, 1, 1), day_before, False),
        ("Sở Tài chính", as_of, None, False),
    ]
    assert len(versions(night, BUILDING)) == 1
    # What came in on a night is put right on the same night without another version.
    night.load("agencies", 11, [catalogue[0] | {"tenCoQuan": "Sở Tài chính tỉnh"}, catalogue[1]])
    assert [row[0] for row in versions(night, FINANCE)] == ["Sở Kế hoạch", "Sở Tài chính tỉnh"]
    with night.province.context.engine.begin() as db:
        for code, on in (("D1", day_before), ("D2", as_of)):
            db.execute(sa.text("SELECT dw.make_month('dw.fact_dossier', :on)"), {"on": on})
            db.execute(sa.text(dossiers), {"code": code, "on": on, "agency": FINANCE})
        run_file(db, "mart/refresh.sql")
    called = night.province.rows(
        "SELECT f.dossier_code, a.name_vi FROM dw.fact_dossier AS f JOIN dw.dim_agency AS a USING (agency_key) "
        "ORDER BY 1"
    )
    assert called == [("D1", "Sở Kế hoạch"), ("D2", "Sở Tài chính tỉnh")]
    # A month in which the name changed is one line, under the name of today.
    months = night.province.rows("SELECT agency_code, agency_name, sum(received) FROM mart.dossier_by_agency "
                                 "GROUP BY 1, 2")  # fmt: skip
    assert months == [(FINANCE, "Sở Tài chính tỉnh", 2)]


def test_a_report_that_is_sent_again_after_a_rename_is_the_same_row(night: FixtureNight) -> None:
    """October is the department's under its old name, also when it is corrected in December."""
    night.load("digital_signatures", 1, [signature(FINANCE, "202610", 40)])
    night.load("agencies", 10, [agency(FINANCE, "Sở Tài chính"), agency(BUILDING, "Sở Xây dựng")])
    night.load("digital_signatures", 20, [signature(FINANCE, "202610", 44), signature(FINANCE, "202612", 50)])
    found = night.province.rows(
        "SELECT a.name_vi, f.period_code, f.issued_count FROM dw.fact_digital_signature AS f "
        "JOIN dw.dim_agency AS a USING (agency_key) ORDER BY 2"
    )
    assert found == [("Sở Kế hoạch", "2026-M10", 44), ("Sở Tài chính", "2026-M12", 50)]
