"""The shared catalogues of the platform: read whole, and what every other dataset's codes are judged by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from kho.contracts import load_contract
from kho.quality.catalogues import loaded_codes
from kho.raw_zone.landing import record_files
from kho.rules.suite import load_dataset_suite

from .night import EPOCH, Province, a_sandbox, new_province

TOMORROW = EPOCH + timedelta(days=1)
GONE, BACK = "H48.77", "000.00.04.H48"


@pytest.fixture(scope="module")
def province() -> Iterator[Province]:
    """A province on whose second night an agency has left the catalogue and another has come back."""
    with a_sandbox(size=300) as sandbox:
        province = new_province(*sandbox)
        for dataset in ("agencies", "procedures"):
            assert province.run(dataset, EPOCH)[-1].outcome == "loaded"
        with province.context.engine.begin() as db:
            db.execute(
                sa.text("INSERT INTO dw.dim_agency (agency_code, name_vi) VALUES (:code, 'Ban đã giải thể')"),
                {"code": GONE},
            )
            db.execute(
                sa.text("UPDATE dw.dim_agency SET retired_on = '2026-01-01' WHERE agency_code = :code"),
                {"code": BACK},
            )
        province.set_clock(TOMORROW)
        assert province.run("agencies", TOMORROW)[-1].outcome == "loaded"
        yield province


def test_what_left_the_catalogue_is_marked_and_what_came_back_is_not(province: Province) -> None:
    retired = province.rows("SELECT agency_code, retired_on FROM dw.dim_agency WHERE retired_on IS NOT NULL")
    assert retired == [(GONE, TOMORROW)]


def test_a_rejected_entry_has_not_left_the_catalogue(province: Province) -> None:
    """It is still there, only not fit to load: nothing is retired for it."""
    rejected = province.scalar("SELECT count(*) FROM dq.quarantine WHERE dataset = 'procedures'")
    assert rejected > 10
    assert province.scalar("SELECT count(*) FROM dw.dim_procedure WHERE retired_on IS NOT NULL") == 0


def test_an_end_that_cannot_be_read_keeps_no_agency_out(province: Province) -> None:
    """Nothing is made of the column, and 9999-12-31 is how many systems write that there is no end."""
    loaded = province.rows("SELECT agency_code FROM dw.dim_agency")
    assert {("000.90.24.H48",), ("000.90.25.H48",)} <= set(loaded)
    rejected = "SELECT count(*) FROM dq.quarantine WHERE business_key IN ('000.90.24.H48', '000.90.25.H48')"
    assert province.scalar(rejected) == 0


def test_codes_are_those_of_the_loaded_catalogue(province: Province) -> None:
    loaded = loaded_codes(province.context.engine)
    assert {GONE, BACK, "000.90.14.H48"} <= set(loaded["agencies.agency_code"])
    assert len(loaded["procedures.procedure_code"]) > 60
    contract = load_contract("public_service_dossiers")
    rules = {rule.rule_id: rule for rule in load_dataset_suite(contract, loaded).rules}
    shipped = {rule.rule_id: rule for rule in load_dataset_suite(contract).rules}
    known = next(name for name, rule in rules.items() if rule.kwargs != shipped[name].kwargs)
    assert GONE in str(rules[known].kwargs)
    assert GONE not in str(shipped[known].kwargs)


def test_before_a_catalogue_was_loaded_the_shipped_file_stands_in(province: Province) -> None:
    empty = new_province(province.settings, province.server, province.sandbox)
    assert loaded_codes(empty.context.engine) == {}


def test_the_keys_of_the_catalogue_are_landed_beside_its_records(province: Province) -> None:
    folder = next((province.context.settings.raw_zone / "agencies").glob("agencies-20261121-*"))
    records = pq.read_table(record_files(folder), columns=["maDinhDanh"])
    keys = pq.read_table(record_files(folder, "keys"))
    assert keys.column("maDinhDanh").to_pylist() == records.column("maDinhDanh").to_pylist()
