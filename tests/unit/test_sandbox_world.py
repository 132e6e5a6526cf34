"""The simulated sources as a function of seed, size and date: growth, late rows, deletions."""

from collections import Counter
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import msgspec
import pytest

from kho.contracts import load_contracts
from kho.sandbox.clocks import day_of
from kho.sandbox.manifest import build_manifest
from kho.sandbox.people import applicant_pool
from kho.sandbox.registry import all_sources
from kho.sandbox.sources.indicator_reports.population import ReportPopulation
from kho.sandbox.sources.investment_disbursements.population import VoucherPopulation
from kho.sandbox.world import Scene, World

EPOCH = date(2026, 11, 20)
SIZE = 2000
STRAY = "\u200b\ufeff\u00a0 "


@cache
def world() -> World:
    return World(7, SIZE, EPOCH)


@cache
def plain_world() -> World:
    return World(7, SIZE, EPOCH, defect_scale=0)


@cache
def scene(nights: int = 0) -> Scene:
    return world().on(EPOCH + timedelta(days=nights))


def dossiers(shown: Scene, first: date = date(2026, 1, 1), last: date = date(2027, 12, 31)) -> Any:
    page = shown.view("public_service_dossiers").page(day_of(first), day_of(last), 0, 1_000_000)
    return msgspec.json.decode(msgspec.json.encode(page.rows))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"{text[6:10]}-{text[3:5]}-{text[:2]}{text[10:]}")


@cache
def latest(nights: int = 0) -> dict[str, Any]:
    """The row that wins for each key: the last, as rows come in the order of their update."""
    rows = [row for row in dossiers(scene(nights)) if row["MaHoSo"] and row["NgayCapNhat"]]
    return {row["MaHoSo"].strip(STRAY): row for row in rows}


def test_the_window_before_the_epoch_holds_the_size_asked_for() -> None:
    shown = plain_world().on(EPOCH)
    assert sum(shown.view("public_service_dossiers").totals().values()) == pytest.approx(SIZE, rel=0.02)
    received = [moment(row["NgayTiepNhan"]).date() for row in dossiers(shown)]
    assert min(received) >= EPOCH - timedelta(days=60)
    assert max(received) < EPOCH


def test_the_same_seed_and_date_give_the_same_rows_whatever_was_asked_before() -> None:
    later, fresh = World(7, 500, EPOCH), World(7, 500, EPOCH)
    for nights in (0, 9):
        later.on(EPOCH + timedelta(days=nights))
    on = EPOCH + timedelta(days=5)
    for dataset in later.datasets:
        pages = [shown.on(on).view(dataset).page(0, 99_999, 0, 9999) for shown in (later, fresh)]
        assert msgspec.json.encode(pages[0].rows) == msgspec.json.encode(pages[1].rows)


def test_every_dataset_that_is_fetched_has_a_source_here() -> None:
    fetched = {contract.dataset for contract in load_contracts() if contract.source.kind != "reference"}
    assert fetched <= {source.dataset for source in all_sources()}


def test_another_seed_gives_other_applicants() -> None:
    assert applicant_pool(7).men[:50] != applicant_pool(8).men[:50]


def test_every_record_was_updated_before_the_date_that_shows_it() -> None:
    for nights in range(4):
        today = EPOCH + timedelta(days=nights)
        for view in scene(nights).views().values():
            assert max(view.totals()) < today


def test_nights_bring_new_dossiers_and_move_statuses() -> None:
    before, after = latest(), latest(1)
    new = after.keys() - before.keys()
    moved = [key for key in before if before[key]["TrangThaiHoSo"] != after[key]["TrangThaiHoSo"]]
    assert before.keys() <= after.keys()
    assert len(new) > SIZE / 60 / 2
    assert len(moved) > 10


def test_what_changed_carries_a_new_time_within_the_lookback() -> None:
    """Five nights in a row, each reading three days back, see every change."""
    late = 0
    for nights in range(1, 7):
        today = EPOCH + timedelta(days=nights)
        before = latest(nights - 1)
        for key, row in latest(nights).items():
            if before.get(key) == row:
                continue
            updated = moment(row["NgayCapNhat"])
            if key in before:
                assert updated > moment(before[key]["NgayCapNhat"])
            age = (today - updated.date()).days
            assert 1 <= age <= 3
            late += age > 1
    assert late > 0


def test_late_vouchers_and_reports_stay_within_the_lookback() -> None:
    ages: Counter[int] = Counter()
    reference = world().reference
    reports = ReportPopulation(7, day_of(EPOCH), 1.0, reference)
    vouchers = VoucherPopulation(7, 60_000, day_of(EPOCH), 1.0, reference)
    for population in (reports, vouchers):
        before: dict[date, int] = {}
        for nights in range(-20, 5):
            today = EPOCH + timedelta(days=nights)
            after = population.on(day_of(today)).totals()
            grown = [day for day in after if after[day] > before.get(day, 0)]
            if before:
                ages.update((today - day).days for day in grown)
            before = after
    assert set(ages) == {1, 2, 3}


def test_vouchers_are_adjusted_and_deleted_but_not_before_twenty_days() -> None:
    vouchers = VoucherPopulation(7, 20_000, day_of(EPOCH), 1.0, world().reference)
    start = EPOCH - timedelta(days=50)
    first_seen: dict[str, date] = {}
    deleted = adjusted = 0
    before: dict[str, Any] = {}
    for nights in range(60):
        today = start + timedelta(days=nights)
        rows = vouchers.on(day_of(today)).rows()
        after = {row["so_chung_tu"]: row for row in rows if row["so_chung_tu"]}
        for code in after:
            first_seen.setdefault(code, today)
        for code in before.keys() - after.keys():
            assert (today - first_seen[code]).days >= 20 or first_seen[code] == start
            deleted += 1
        adjusted += sum(before[code] != row for code, row in after.items() if code in before)
        before = after
    assert deleted > 10
    assert adjusted > 10


def test_reports_cover_three_months_with_revisions_and_a_unique_key() -> None:
    rows = plain_world().on(EPOCH).view("indicator_reports").rows()
    key = ("maDonVi", "maChiTieu", "maDVHC", "kyBaoCao", "lanSuaDoi")
    assert len({tuple(row[name] for name in key) for row in rows}) == len(rows)
    assert {row["kyBaoCao"] for row in rows} == {"2026-M08", "2026-M09", "2026-M10"}
    assert {row["lanSuaDoi"] for row in rows} == {"0", "1", "2"}
    assert len({row["maDVHC"] for row in rows}) == 96
    for row in rows:
        numbers = [
            float(row[name].replace(".", "").replace(",", ".")) for name in ("giaTri", "tuSo", "mauSo")
        ]
        assert numbers[0] == pytest.approx(100 * numbers[1] / numbers[2], abs=0.01)


def test_dossiers_look_like_a_provinces() -> None:
    rows = dossiers(plain_world().on(EPOCH))
    done = [row for row in rows if row["NgayKetThucXuLy"]]
    on_time = sum(moment(row["NgayKetThucXuLy"]) <= moment(row["NgayHenTra"]) for row in done)
    assert 0.88 < on_time / len(done) < 0.97
    assert {row["TrangThaiHoSo"] for row in rows} >= {"1", "2", "3", "4", "5", "7", "8", "9", "10"}
    assert {row["KenhThucHien"] for row in rows} == {"1", "2", "3", ""}
    assert any(row["MaHoSo"] != row["MaHoSo"].strip(STRAY) for row in rows)
    for row in rows:
        citizen = row["LoaiDoiTuong"] == "1"
        assert citizen == ("SoDinhDanh" in row) == (row["MaSoThue"] is None)


def test_manifest_totals_are_those_of_the_rows() -> None:
    for dataset, view in scene().views().items():
        manifest = build_manifest(dataset, EPOCH, view)
        assert manifest["totals"]["records"] == view.page(0, 99_999, 0, 1).total
        assert sum(manifest["totals"]["by_date"].values()) == manifest["totals"]["records"]
        assert manifest["exact_duplicates"]["total"] > 0
