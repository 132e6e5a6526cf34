"""Sources whose columns change: what is loaded, what is written down, what is said."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from starlette.responses import Response

from kho import pipeline
from kho.contracts import Contract, load_contract
from kho.errors import SchemaDrifted
from kho.extract.drift import Drift
from kho.quality.schema_changes import acknowledge, list_changes
from kho.raw_zone.manifest import read_manifest
from kho.report.quality_report import write_quality_report

from .night import EPOCH, Province, SandboxConnections, a_sandbox, new_province
from .spoiling import Gateway, with_records

MASTER = ("administrative_units", "agencies", "procedures", "indicators", "investment_projects")
DOSSIERS = "public_service_dossiers"
VOUCHERS = "investment_disbursements"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple]:
    with a_sandbox(size=600) as running:
        yield running


@pytest.fixture(scope="module")
def master_data(sandbox: tuple, gateway: Gateway) -> Province:
    """A province that knows its master data and asks its sources through the spoiling gateway."""
    behind = replace(sandbox[2], lgsp_url=gateway.url)
    province = new_province(sandbox[0], sandbox[1], behind)
    for dataset in MASTER:
        province.run(dataset, EPOCH)
    return province


@pytest.fixture
def province(master_data: Province, gateway: Gateway) -> Iterator[Province]:
    gateway.spoiler = None
    yield master_data.copy()
    gateway.spoiler = None


@pytest.fixture
def policy(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the drift policy of every contract."""

    def choose(drift: str) -> None:
        def with_policy(dataset: str) -> Contract:
            return load_contract(dataset).model_copy(update={"drift": drift})

        monkeypatch.setattr("kho.pipeline.batches.load_contract", with_policy)

    return choose


def spoil_dossiers(gateway: Gateway, change: Any) -> None:
    def spoil(path: str, query: dict[str, str], response: Response) -> Response:
        return with_records(["data"], change)(path, query, response) if "danhSachHoSo" in path else response

    gateway.spoiler = spoil


@contextlib.contextmanager
def altered_table(sandbox: tuple, *statements: str, back: tuple[str, ...]) -> Iterator[None]:
    """The finance agency changes its table, and changes it back after the test."""
    admin = sa.make_url(sandbox[2].config.admin_urls["postgresql"])
    url = admin.set(database=sa.make_url(sandbox[2].database_urls["finance"]).database)
    engine = sa.create_engine(url)
    try:
        with engine.begin() as db:
            for statement in statements:
                db.exec_driver_sql(statement)
        yield
        with engine.begin() as db:
            for statement in back:
                db.exec_driver_sql(statement)
    finally:
        engine.dispose()


def drift_of(province: Province, results: list[pipeline.StepResult]) -> Drift:
    extracted = results[0]
    assert extracted.batch_id
    folder = province.context.settings.raw_zone / extracted.dataset / extracted.batch_id
    return Drift.from_json(read_manifest(folder).drift)


@pytest.mark.parametrize("dataset", [DOSSIERS, VOUCHERS, "indicator_reports"])
def test_the_sandbox_as_it_is_shows_no_drift(province: Province, dataset: str) -> None:
    results = province.run(dataset, EPOCH)
    assert not drift_of(province, results), drift_of(province, results).text
    assert results[0].message == ""
    assert list_changes(province.context.engine) == ()


def test_a_new_field_of_one_record_is_written_down_once_and_reported(
    province: Province, gateway: Gateway
) -> None:
    def add(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for record in records[len(records) // 2 :][:1]:
            record["SoDienThoaiMoi"] = "0912345678"
        return list(records)

    spoil_dossiers(gateway, add)
    results = province.run(DOSSIERS, EPOCH)
    assert results[-1].outcome == "loaded"
    assert "new column 'SoDienThoaiMoi'" in results[0].message
    province.set_clock(EPOCH + timedelta(days=1))
    province.run(DOSSIERS, EPOCH + timedelta(days=1))
    province.set_clock(EPOCH)
    (change,) = list_changes(province.context.engine)
    assert (change.dataset, change.kind, change.column_name) == (DOSSIERS, "added", "SoDienThoaiMoi")
    assert (change.first_seen_on, change.last_seen_on) == (EPOCH, EPOCH + timedelta(days=1))
    report = write_quality_report(province.context.engine, EPOCH, province.context.settings)
    text = report.read_text(encoding="utf-8")
    assert "SoDienThoaiMoi" in text
    assert "Trường mới" in text
    assert "0912345678" not in text
    acknowledge(province.context.engine, change.change_id, "tester")
    assert list_changes(province.context.engine) == ()
    assert list_changes(province.context.engine, acknowledged=True)[0].acknowledged_by == "tester"


def test_a_missing_optional_field_loads_as_null(province: Province, gateway: Gateway) -> None:
    spoil_dossiers(gateway, lambda records: [without(record, "TenTTHC") for record in records])
    results = province.run(DOSSIERS, EPOCH)
    assert results[-1].outcome == "loaded"
    assert drift_of(province, results).missing == ("TenTTHC",)
    assert "'TenTTHC' is gone" in results[0].message


def test_a_missing_key_stops_before_anything_is_landed_and_is_the_source_s_fault(
    province: Province, gateway: Gateway
) -> None:
    spoil_dossiers(gateway, lambda records: [without(record, "MaHoSo") for record in records])
    with pytest.raises(SchemaDrifted, match="MaHoSo"):
        province.run(DOSSIERS, EPOCH)
    assert province.scalar("SELECT count(*) FROM meta.batch WHERE dataset = :d", d=DOSSIERS) == 0
    assert province.rows("SELECT outcome, fault FROM meta.night WHERE dataset = :d", d=DOSSIERS) == [
        ("failed", "contract_breach")
    ]
    (change,) = list_changes(province.context.engine, DOSSIERS)
    assert (change.kind, change.stops) == ("missing", True)
    gateway.spoiler = None
    assert province.run(DOSSIERS, EPOCH)[-1].outcome == "loaded"


def test_a_renamed_field_is_called_one(province: Province, gateway: Gateway) -> None:
    def rename(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {"NgayTraKetQua" if name == "NgayTra" else name: value for name, value in record.items()}
            for record in records
        ]

    spoil_dossiers(gateway, rename)
    results = province.run(DOSSIERS, EPOCH)
    assert "probably renamed to 'NgayTraKetQua'" in results[0].message
    assert list_changes(province.context.engine)[0].kind == "renamed"


def test_a_code_that_becomes_a_number_is_noticed(province: Province, gateway: Gateway) -> None:
    def number(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**record, "TrangThaiHoSo": int(record["TrangThaiHoSo"])}
            if str(record["TrangThaiHoSo"]).isdigit()
            else record
            for record in records
        ]

    spoil_dossiers(gateway, number)
    results = province.run(DOSSIERS, EPOCH)
    assert drift_of(province, results).retyped == ("TrangThaiHoSo",)
    assert results[-1].outcome == "loaded"


def test_freeze_stops_at_a_new_field(province: Province, gateway: Gateway, policy: Any) -> None:
    policy("freeze")
    spoil_dossiers(gateway, lambda records: [{**record, "Moi": 1} for record in records])
    with pytest.raises(SchemaDrifted, match="new column 'Moi'"):
        province.run(DOSSIERS, EPOCH)
    assert list_changes(province.context.engine)[0].policy == "freeze"


def test_a_database_that_grows_evolves(sandbox: tuple, province: Province, policy: Any) -> None:
    policy("evolve")
    with altered_table(
        sandbox,
        "ALTER TABLE tabmis.giai_ngan ADD COLUMN so_dien_thoai varchar(15) DEFAULT '0912345678'",
        back=("ALTER TABLE tabmis.giai_ngan DROP COLUMN so_dien_thoai",),
    ):
        results = province.run(VOUCHERS, EPOCH)
    assert results[-1].outcome == "loaded"
    assert drift_of(province, results).added == ("so_dien_thoai",)
    assert results[0].batch_id
    import pyarrow.parquet as pq

    folder = province.context.settings.raw_zone / VOUCHERS / results[0].batch_id
    landed = pq.read_table(next(iter(folder.glob("records-*.parquet"))))
    assert set(landed["so_dien_thoai"].to_pylist()) == {"0912345678"}
    proposed = (province.context.settings.home / "proposals" / f"{VOUCHERS}.yaml").read_text(encoding="utf-8")
    assert "classification: personal" in proposed
    assert "0912345678" not in proposed
    assert yaml.safe_load(proposed)["dataset"] == VOUCHERS


def test_a_database_column_that_is_gone_loads_as_null_or_stops(sandbox: tuple, province: Province) -> None:
    rename = "ALTER TABLE tabmis.giai_ngan RENAME COLUMN {} TO {}"
    with altered_table(
        sandbox, rename.format("dien_giai", "ghi_chu_2"), back=(rename.format("ghi_chu_2", "dien_giai"),)
    ):
        results = province.run(VOUCHERS, EPOCH)
        assert results[-1].outcome == "loaded"
        assert drift_of(province, results).missing == ("dien_giai",)
    with (
        altered_table(
            sandbox, rename.format("so_tien", "tong_tien"), back=(rename.format("tong_tien", "so_tien"),)
        ),
        pytest.raises(SchemaDrifted, match="so_tien"),
    ):
        province.run(VOUCHERS, EPOCH + timedelta(days=1))


def test_a_database_column_of_another_type_is_noticed(sandbox: tuple, province: Province) -> None:
    alter = "ALTER TABLE tabmis.giai_ngan ALTER COLUMN nam_ngan_sach TYPE {0} USING nam_ngan_sach::{0}"
    with altered_table(sandbox, alter.format("text"), back=(alter.format("integer"),)):
        results = province.run(VOUCHERS, EPOCH)
    assert drift_of(province, results).retyped == ("nam_ngan_sach",)
    assert results[-1].outcome == "loaded"


def without(record: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != field}


def test_connections_reach_the_gateway(gateway: Gateway, sandbox: tuple) -> None:
    behind = SandboxConnections(replace(sandbox[2], lgsp_url=gateway.url))
    assert behind.get("lgsp").port == int(gateway.url.rpartition(":")[2])
