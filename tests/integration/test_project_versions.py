"""Investment projects over time: a revised total begins a version, and each payment keeps the project of its day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kho.quality.invariants import check_invariants

from .fixture_dataset import NIGHT, FixtureNight

DECIDED = date(2026, 11, 23)
"""The day of the document that revises the project; the warehouse hears of it ten nights after the first."""


def project(total: int, **more: Any) -> dict[str, Any]:
    return {
        "project_code": "DTC57-01", "name_vi": "Đường ven biển", "total_investment_million_vnd": str(total),
        "fund_source_raw": "NSTW", "fund_source_code": "central_budget", "source_document": "QĐ 10",
        "source_date": "2026-01-15", "plan_code": "DTC57", "province_code": "51",
    } | more  # fmt: skip


def voucher(number: int, on: str) -> dict[str, Any]:
    return {
        "so_chung_tu": f"CT-{number:06d}", "ma_du_an": "DTC57-01", "ma_don_vi": "000.00.05.H48",
        "nam_ngan_sach": "2026", "ngay_chung_tu": on, "so_tien": "1000000", "nguon_von": "central_budget",
        "cap_nhat_luc": f"{on} 09:00:00",
    }  # fmt: skip


@pytest.fixture
def night(fixture_night: FixtureNight) -> Iterator[FixtureNight]:
    fixture_night.load("investment_projects", 0, [project(100)])
    yield fixture_night
    fixture_night.province.context.engine.dispose()


def versions(night: FixtureNight) -> list[tuple[Any, ...]]:
    return night.province.rows(
        "SELECT total_investment_million_vnd::int, valid_from, valid_to FROM dw.dim_investment_project "
        "WHERE project_code = 'DTC57-01' ORDER BY valid_from"
    )


def payments(night: FixtureNight) -> list[tuple[Any, ...]]:
    return night.province.rows(
        "SELECT f.voucher_code, p.total_investment_million_vnd::int FROM dw.fact_disbursement AS f "
        "INNER JOIN dw.dim_investment_project AS p USING (project_key) ORDER BY 1"
    )


def broken(night: FixtureNight) -> list[str]:
    with night.province.context.engine.connect() as db:
        return [one.name for one in check_invariants(db) if one.rows]


def test_a_revised_total_begins_a_version_on_the_day_of_its_document(night: FixtureNight) -> None:
    night.load("investment_disbursements", 9, [voucher(1, "2026-11-22"), voucher(2, "2026-11-24")])
    assert payments(night) == [("CT-000001", 100), ("CT-000002", 100)]
    revised = project(140, source_document="QĐ 77", source_date=str(DECIDED))
    night.load("investment_projects", 10, [revised])
    assert versions(night) == [
        (100, date(1900, 1, 1), DECIDED - timedelta(days=1)),
        (140, DECIDED, None),
    ]
    # What was paid between the decision and the night that heard of it belongs to what was decided.
    assert payments(night) == [("CT-000001", 100), ("CT-000002", 140)]
    assert broken(night) == []
    # A payment that is told late still finds the project of its day.
    night.load("investment_disbursements", 11, [voucher(1, "2026-11-22"), voucher(3, "2026-11-21")])
    assert payments(night) == [("CT-000001", 100), ("CT-000002", 140), ("CT-000003", 100)]
    [by_project] = night.province.rows(
        "SELECT total_investment_million_vnd::int, vouchers FROM mart.disbursement_by_project"
    )
    assert by_project == (140, 3)


def test_another_place_in_the_same_document_is_no_revision(night: FixtureNight) -> None:
    night.load("investment_projects", 5, [project(100, source_place="dòng 2")])
    night.load("investment_projects", 6, [project(100, source_place="dòng 2")])
    assert versions(night) == [(100, date(1900, 1, 1), None)]


def test_a_revision_without_a_new_document_begins_on_the_night_and_is_mended_in_place(
    night: FixtureNight,
) -> None:
    as_of = NIGHT + timedelta(days=5)
    for total in (150, 160):
        night.load("investment_projects", 5, [project(total)])
    assert versions(night) == [(100, date(1900, 1, 1), as_of - timedelta(days=1)), (160, as_of, None)]


def test_a_payment_that_points_to_the_version_of_another_day_is_found(night: FixtureNight) -> None:
    night.load("investment_disbursements", 1, [voucher(1, "2026-11-20")])
    night.load("investment_projects", 10, [project(140)])
    assert broken(night) == []
    with night.province.context.engine.begin() as db:
        db.execute(
            sa.text(
                "UPDATE dw.fact_disbursement SET project_key = (SELECT project_key FROM dw.dim_investment_project "
                "WHERE project_code = 'DTC57-01' AND is_current)"
            )
        )
    assert broken(night) == ["keys_are_of_their_day"]
