"""A warehouse is of one province."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from kho.errors import ConfigurationError
from kho.pipeline import Context
from kho.server.databases import ensure_database
from kho.server.migrations import migrate
from kho.server.warehouse import engine, open_warehouse
from kho.settings import get_settings
from tests.integration.fixture_dataset import FixtureNight

NIGHT = date(2026, 11, 20)
REFUSED = r"holds province 51, and KHO_PROVINCE is 48 \(at database .*\)\. Next: set KHO_PROVINCE=51, or give"


def test_another_province_is_refused_after_the_first_load(fixture_night: FixtureNight) -> None:
    province = fixture_night.province
    context = province.context
    assert province.run("administrative_units", NIGHT)[-1].outcome == "loaded"
    before = province.scalar("SELECT count(*) FROM dw.dim_administrative_unit")
    with pytest.raises(ConfigurationError, match=REFUSED):
        Context.create(context.connections, replace(context.settings, province="48"))
    assert Context.create(context.connections, context.settings).engine is context.engine
    assert province.scalar("SELECT count(*) FROM dw.dim_administrative_unit") == before


def test_a_warehouse_without_data_becomes_that_of_any_province(fixture_night: FixtureNight) -> None:
    settings = fixture_night.province.context.settings
    noted = "SELECT province_code FROM meta.province"
    assert fixture_night.province.rows(noted) == [("51",)]
    open_warehouse(replace(settings, province="48"))
    assert fixture_night.province.rows(noted) == [("48",)]
    with pytest.raises(ConfigurationError, match="'99' is the code of no province"):
        open_warehouse(replace(settings, province="99"))


def test_a_warehouse_of_an_earlier_version_is_of_the_province_of_its_communes(
    empty_warehouse: tuple[Any, ...], tmp_path: Path
) -> None:
    settings, server, _ = empty_warehouse
    ensure_database(server, "earlier")
    url = server.url("earlier")
    folder = get_settings().migrations_dir
    for file in folder.glob("*.sql"):
        if file.name < "0195":
            shutil.copy(file, tmp_path)
    warehouse = engine(url)
    migrate(warehouse, tmp_path)
    with warehouse.begin() as db:
        db.execute(
            text(
                "INSERT INTO dw.dim_administrative_unit"
                " (unit_code, valid_from, unit_level, name_vi, province_code, batch_key) VALUES"
                " ('20194', '2025-07-01', 'commune', 'Phường Hải Vân', '48', 9),"
                " ('20197', '2025-07-01', 'commune', 'Phường Liên Chiểu', '48', 9),"
                " ('21025', '2025-07-01', 'commune', 'Phường Cẩm Thành', '51', 1)"
            )
        )
        db.execute(
            text(
                "INSERT INTO meta.batch (batch_id, dataset, as_of, status, content_sha256,"
                " contract_version, fetched, raw_path)"
                " VALUES ('b', 'administrative_units', '2026-11-20', 'loaded', '', '1', 3, '')"
            )
        )
    own = replace(settings, warehouse_url=url.render_as_string(hide_password=False))
    with pytest.raises(ConfigurationError, match=REFUSED):
        open_warehouse(replace(own, province="48"))
    open_warehouse(own).dispose()
