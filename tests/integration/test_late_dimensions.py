"""News of a dimension's history that comes late: facts that are loaded already move to the version of their day.

A row of every table that points to an agency or to a unit stands on the last day of September, another one on the
last of October. On 30 November it becomes known that the agency and the unit are called otherwise since 1 October.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from kho.load.rekey import rekey_facts
from kho.quality.invariants import check_invariants
from kho.sql_files import files_in

from .fixture_dataset import FixtureNight
from .night import Province
from .reorganised import NO_SOURCE, Units
from .test_agency_versions import FINANCE, agency, signature

SEPTEMBER, OCTOBER, SINCE = date(2026, 9, 30), date(2026, 10, 31), date(2026, 10, 1)
NIGHT = date(2026, 11, 30)
UNIT = "21025"
RENAMED = f"{SINCE},{UNIT},{UNIT},commune,Phường Cẩm Thành Mới,,,,,,made up,"
POINTING = """
SELECT c.conrelid::regclass::text AS name, a.attname AS key
FROM pg_constraint AS c
INNER JOIN pg_attribute AS a ON c.conrelid = a.attrelid AND c.conkey[1] = a.attnum
WHERE c.contype = 'f' AND c.confrelid = cast(:dimension AS regclass) AND c.conparentid = 0
    AND c.conrelid::regclass::text !~ 'bridge' ORDER BY 1, 2
"""


@pytest.fixture(scope="module")
def units(empty_warehouse: tuple) -> Iterator[Units]:
    """The units and an agency as they were known in time, and facts of both months."""
    settings, server, engine = empty_warehouse
    engine.dispose()
    made = Units.create(settings, server, "empty")
    made.load()
    catalogue(made, 0, "Sở Kế hoạch", "2025-07-01")
    with made.context.engine.begin() as db:
        for day in (SEPTEMBER, OCTOBER):
            _put_everywhere(db, day)
    yield made
    made.context.engine.dispose()


def catalogue(units: Units, days_later: int, name: str, since: str) -> None:
    night = FixtureNight(Province(units.context.settings, NO_SOURCE, NO_SOURCE, units.context))
    night.load("agencies", days_later, [agency(FINANCE, name, hieuLucTu=since)])


def versions_pointed_to(units: Units, dimension: str, key: str) -> dict[str, set[tuple[date, date]]]:
    """By table and column: (day of the row, first day of the version)."""
    found = {}
    for name, column in units.rows(POINTING, dimension=dimension):
        day = "d.day FROM (SELECT max(as_of) AS day, batch_key FROM meta.batch GROUP BY 2) AS d"
        rows = units.rows(
            f"SELECT {day} JOIN {name} AS t USING (batch_key) WHERE t.{column} > 0".replace(
                "d.day FROM",
                f"d.day, (SELECT v.valid_from FROM {dimension} AS v WHERE v.{key} = t.{column}) FROM",
            )
        )
        found[f"{name}.{column}"] = set(rows)
    return found


@pytest.mark.parametrize(
    ("dimension", "key"),
    [("dw.dim_agency", "agency_key"), ("dw.dim_administrative_unit", "unit_key")],
    ids=["a renamed agency", "a renamed unit"],
)
def test_every_fact_points_to_the_version_of_its_day(units: Units, dimension: str, key: str) -> None:
    if dimension == "dw.dim_agency":
        catalogue(units, 10, "Sở Tài chính", str(SINCE))
    else:
        units.load(NIGHT, [RENAMED])
    found = versions_pointed_to(units, dimension, key)
    old = {version for name in found for day, version in found[name] if day == SEPTEMBER}
    assert len(old) == 1
    expected = {(SEPTEMBER, *old), (OCTOBER, SINCE)}
    assert {name: rows for name, rows in found.items() if rows != expected} == {}
    assert len(found) == 11


def test_nothing_points_to_a_version_of_another_day(units: Units) -> None:
    with units.context.engine.connect() as db:
        [found] = [one for one in check_invariants(db) if one.name == "keys_are_of_their_day"]
    assert found.rows == ()


@pytest.mark.parametrize("dataset", ["agencies", "administrative_units"])
def test_a_night_without_such_news_looks_at_no_fact(units: Units, dataset: str) -> None:
    asked = []
    with units.context.engine.begin() as db:
        sa.event.listen(db, "before_cursor_execute", lambda *a: asked.append(a[2]))
        [last] = db.execute(sa.text("SELECT max(batch_key) + 1 FROM meta.batch")).scalars()
        assert rekey_facts(db, dataset, last) == {}
    assert "moved_version" in "".join(asked)
    assert "fact_" not in "".join(asked)


def test_every_key_with_a_history_has_a_statement(units: Units) -> None:
    for dataset, dimension in {
        "agencies": "dw.dim_agency",
        "administrative_units": "dw.dim_administrative_unit",
    }.items():
        assert len(units.rows(POINTING, dimension=dimension)) == len(files_in(f"rekey/{dataset}")) - 1


def test_a_report_sent_again_after_late_news_is_the_same_row(fixture_night: FixtureNight) -> None:
    """October was loaded under the old name; the catalogue tells in December that the new one holds since then."""
    fixture_night.load("agencies", 0, [agency(FINANCE, "Sở Kế hoạch")])
    fixture_night.load("digital_signatures", 1, [signature(FINANCE, "202610", 40)])
    fixture_night.load("agencies", 15, [agency(FINANCE, "Sở Tài chính", hieuLucTu=str(SINCE))])
    fixture_night.load("digital_signatures", 20, [signature(FINANCE, "202610", 44)])
    found = fixture_night.province.rows(
        "SELECT a.name_vi, f.period_code, f.issued_count FROM dw.fact_digital_signature AS f "
        "JOIN dw.dim_agency AS a USING (agency_key)"
    )
    fixture_night.province.context.engine.dispose()
    assert found == [("Sở Tài chính", "2026-M10", 44)]


def _put_everywhere(db: sa.Connection, day: date) -> None:
    """A row of `day` in every table with a key of an agency or a unit."""
    batch = db.execute(
        sa.text(
            "INSERT INTO meta.batch (batch_id, dataset, as_of, status, content_sha256, contract_version, fetched, "
            "raw_path) VALUES (:id, 'x', :day, 'loaded', '', '1', 0, '') RETURNING batch_key"
        ),
        {"id": f"x-{day}", "day": day},
    ).scalar_one()
    keys = {
        "agency": f"(SELECT agency_key FROM dw.dim_agency WHERE agency_code = '{FINANCE}')",
        "unit": f"(SELECT unit_key FROM dw.dim_administrative_unit WHERE unit_code = '{UNIT}' "
        "AND valid_to IS NULL)",
        "enterprise": f"(SELECT enterprise_key FROM dw.dim_enterprise WHERE valid_from = '{day}')",
        "batch": str(batch),
        "date": f"{day:%Y%m%d}",
    }
    tables = {
        name
        for dimension in ("dw.dim_agency", "dw.dim_administrative_unit")
        for name, _ in db.execute(sa.text(POINTING), {"dimension": dimension})
    }
    db.execute(sa.text("SELECT dw.make_months_ahead(:day, 0)"), {"day": day})
    # The enterprise first: its events point to it.
    for name in sorted(tables):
        row = {
            column.column_name: _value(column, day, keys)
            for column in db.execute(
                sa.text(
                    "SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns "
                    "WHERE table_schema || '.' || table_name = :name AND is_generated = 'NEVER' "
                    "AND is_identity = 'NO'"
                ),
                {"name": name},
            )
            if column.is_nullable == "NO" or column.column_name in ("batch_key", "valid_from")
        }
        row |= {"month_value": "1", "year_value": "1", "plan_value": "1"} if "form_value" in name else {}
        db.execute(sa.text(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({', '.join(row.values())})"))


def _value(column: Any, day: date, keys: Mapping[str, str]) -> str:
    name, kind = column.column_name, column.data_type
    for word, key in keys.items():
        if name.endswith(f"{word}_key"):
            return key
    if name.endswith("_key"):
        return "-1"
    if name == "period_code":
        return f"'{day:%Y-M%m}'"
    return {"text": f"'{day}'", "boolean": "FALSE", "date": f"'{day}'"}.get(kind) or (
        f"'{day}'" if kind.startswith("timestamp") else "1"
    )
