"""Every invariant of the star holds, and each is broken by what it is there to find."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from kho import pipeline
from kho.cli import main
from kho.quality.invariants import check_invariants
from kho.sql_files import files_in

from .night import EPOCH
from .reorganised import Units

if TYPE_CHECKING:
    from pathlib import Path

COMMUNE = "(SELECT unit_key FROM dw.dim_administrative_unit WHERE unit_code = '21025' AND is_current)"
# What breaks an invariant; the table and part of the words it is reported with.
BREAKS = [
    pytest.param(
        "validity_does_not_overlap",
        "INSERT INTO dw.dim_administrative_unit (unit_code, valid_from, unit_level, name_vi) "
        "VALUES ('21142', '2025-06-30', 'commune', 'Xã Trà Bùi')",
        "dim_administrative_unit: 21142 from 1900-01-01: the next version begins on 2025-06-30",
        id="two versions on one day",
    ),
    pytest.param(
        "one_current_version",
        "INSERT INTO dw.dim_agency (agency_code, valid_from, valid_to, name_vi) "
        "VALUES ('H48.77', '2020-01-01', '2024-12-31', 'Sở Cũ')",
        "dim_agency: H48.77: 0 current versions",
        id="no current version",
    ),
    pytest.param(
        "keys_resolve",
        "UPDATE dw.fact_land_parcel SET unit_key = 999999 WHERE parcel_code = 'P1'",
        "fact_land_parcel: unit_key: 1 rows lead to no member",
        id="a key that leads nowhere",
    ),
    pytest.param(
        "keys_resolve",
        "CREATE TABLE dw.fact_new (unit_key integer PRIMARY KEY "
        "REFERENCES dw.dim_administrative_unit (unit_key) NOT ENFORCED)",
        "fact_new: unit_key: is neither enforced nor checked",
        id="a fact that nobody checks",
    ),
    pytest.param(
        "grain_is_unique",
        "ALTER TABLE dw.fact_population DROP CONSTRAINT fact_population_pkey",
        "fact_population: primary key: there is none",
        id="no primary key",
    ),
    pytest.param(
        "grain_is_unique",
        "UPDATE dw.fact_indicator_value SET is_current = FALSE",
        "fact_indicator_value: indicator 900, agency 900",
        id="no current revision",
    ),
    pytest.param(
        "ratios_recompute",
        "UPDATE dw.fact_indicator_value SET numerator = numerator + 1",
        "fact_indicator_value: CT-1 H48.01 2026-M10: 3.0000 ÷ 8.0000 by commune, 4.0000 ÷ 8.0000 in the fact",
        id="a numerator that the mart does not have",
    ),
    pytest.param(
        "totals_agree",
        "DELETE FROM dw.fact_population",
        "fact_population: population.people: 0 in the fact, 700 in dw.unit_measure",
        id="a fact that the mart does not follow",
    ),
    pytest.param(
        "totals_agree",
        # A row's unit is gone from the dimension: by unit it is lost, in all it is not.
        "UPDATE dw.fact_land_parcel SET unit_key = 999999; REFRESH MATERIALIZED VIEW dw.unit_measure",
        "fact_land_parcel: land.parcels ODT: 1 in all",
        id="a figure that belongs to no unit",
    ),
    pytest.param(
        "successions_are_whole",
        "UPDATE dw.bridge_administrative_unit_succession SET weight = 0.4 WHERE weight_method = 'equal' "
        "AND is_default",
        "bridge_administrative_unit_succession: 21142, to 2025-06-30: the shares of its successors add up to 0.9",
        id="a part that is lost",
    ),
    pytest.param(
        "successions_are_whole",
        f"UPDATE dw.dim_administrative_unit SET valid_to = '2026-01-01' WHERE unit_key = {COMMUNE}",
        "bridge_administrative_unit_succession: 21025, to 2026-01-01: has ended, and nothing has taken",
        id="a unit without successor",
    ),
    pytest.param(
        "periods_are_known",
        "UPDATE dw.fact_population SET period_code = '2026-10'",
        "fact_population: 2026-10: is no month",
        id="a period that is none",
    ),
    pytest.param(
        "keys_are_of_their_day",
        "UPDATE dw.fact_land_parcel SET unit_key = "
        "(SELECT unit_key FROM dw.dim_administrative_unit WHERE unit_code = '21142'); "
        "INSERT INTO dw.dim_administrative_unit (unit_code, valid_from, unit_level, name_vi) "
        "VALUES ('21142', '2025-07-01', 'commune', 'Xã Trà Bùi Mới')",
        "fact_land_parcel: 21142, valid from 1900-01-01 to 2025-06-30: 1 rows of other days, the first of 2026-11-20",
        id="a version that had ended",
    ),
    pytest.param(
        "unknown_members_exist",
        "DELETE FROM dw.dim_plan_task WHERE task_key = -2",
        "dim_plan_task: members -1 and -2: 1 of 2 are there",
        id="no member for not applicable",
    ),
]


# Trà Bùi, which was divided, its two successors, and a commune without a past; one row in some facts.
STAR = (
    (
        "INSERT INTO dw.dim_administrative_unit (unit_code, valid_from, valid_to, unit_level, name_vi) VALUES "
        "('21142', '1900-01-01', '2025-06-30', 'commune', 'Xã Trà Bùi')"
    ),
    (
        "INSERT INTO dw.dim_administrative_unit (unit_code, valid_from, unit_level, name_vi) VALUES "
        "('21136', '2025-07-01', 'commune', 'Xã Cà Đam'), ('21157', '2025-07-01', 'commune', 'Xã Tây Trà Bồng'), "
        "('21025', '2025-07-01', 'commune', 'Phường Cẩm Thành')"
    ),
    (
        "INSERT INTO dw.bridge_administrative_unit_succession (old_unit_key, new_unit_key, effective_date, "
        "succession_kind, is_default, weight, weight_method) SELECT o.unit_key, n.unit_key, '2025-07-01', 'split', "
        "n.unit_code = '21136', 0.5, 'equal' FROM dw.dim_administrative_unit AS o "
        "CROSS JOIN dw.dim_administrative_unit AS n WHERE o.unit_code = '21142' AND n.unit_code IN ('21136', '21157')"
    ),
    (
        # Its key by name: other tests may have taken the first from the sequence.
        "INSERT INTO meta.batch (batch_key, batch_id, dataset, as_of, status, content_sha256, contract_version, "
        "fetched, raw_path) OVERRIDING SYSTEM VALUE VALUES (1, 'b', 'administrative_unit_successions', '2026-11-20', 'loaded', '', '1.0.0', 0, '')"
    ),
    "INSERT INTO dw.dim_agency (agency_key, agency_code, name_vi) VALUES (900, 'H48.01', 'Sở Một')",
    "INSERT INTO dw.dim_indicator (indicator_key, indicator_code, name_vi) VALUES (900, 'CT-1', 'Một')",
    f"INSERT INTO dw.fact_population VALUES ({COMMUNE}, '2026-M10', -1, 200, 700, 300, 1, 1, now(), 1)",
    f"INSERT INTO dw.fact_land_parcel VALUES ('P1', {COMMUNE}, 1, 1, 10.5, 'ODT', TRUE, -2, FALSE, 1)",
    (
        f"INSERT INTO dw.fact_indicator_value VALUES (900, 900, {COMMUNE}, '2026-M10', 0, -1, 37.5, 3, 8, "
        "'percent', now(), TRUE, 1)"
    ),
)


@pytest.fixture(scope="module")
def star(empty_warehouse: tuple) -> Iterator[Units]:
    """A small star in which everything holds."""
    settings, server, engine = empty_warehouse
    engine.dispose()
    units = Units.create(settings, server, "empty")
    with units.context.engine.begin() as db:
        for sql in STAR:
            db.execute(sa.text(sql))
    units.refresh()
    yield units
    units.context.engine.dispose()


def test_every_invariant_holds_and_says_what_it_asks(star: Units) -> None:
    found = pipeline.check_star(star.context)
    assert len(found) == len(files_in("invariants")) >= 8
    assert [(one.name, one.rows) for one in found if one.broken] == []
    assert all(one.purpose.endswith(".") and "Grain" not in one.purpose for one in found)


@pytest.mark.parametrize(("name", "harm", "said"), BREAKS)
def test_an_invariant_finds_what_breaks_it(star: Units, name: str, harm: str, said: str) -> None:
    with star.context.engine.connect() as db:
        db.execute(sa.text(harm))
        broken = {one.name: one for one in check_invariants(db) if one.broken}
        db.rollback()
    shown = [f"{row.relation}: {row.subject}: {row.problem}" for row in broken[name].rows]
    assert any(line.startswith(said) for line in shown), shown
    assert broken[name].broken >= 1


def test_every_file_has_something_that_breaks_it() -> None:
    assert {f"invariants/{one.values[0]}.sql" for one in BREAKS} == set(files_in("invariants"))


def test_a_broken_invariant_is_the_platforms_fault_and_stops_nothing(
    star: Units, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    harm = "UPDATE dw.bridge_administrative_unit_succession SET weight = {} WHERE weight_method = 'equal'"
    star.put(harm.format(0.4), [{}])
    result = pipeline.build_star(EPOCH, star.context)
    assert "successions_are_whole (1)" in result.message
    assert "kho invariants" in result.message
    evidence = star.rows(
        "SELECT dataset, agency_code, fault, evaluated, failed FROM dq.evidence "
        "WHERE rule_id = 'invariants_hold' AND failed > 0"
    )
    assert evidence == [("administrative_unit_successions", "", "own_fault", 1, 1)]
    [(broken, samples)] = star.rows("SELECT broken, samples FROM dq.invariant_result WHERE broken > 0")
    assert (broken, samples[0]["subject"]) == (1, "21142, to 2025-06-30")
    monkeypatch.setattr(pipeline.Context, "create", lambda *_: star.context)
    shown = CliRunner().invoke(main.app, ["invariants"])
    assert shown.exit_code == 1
    assert "successions_are_whole: 1 broken" in shown.output
    star.put(harm.format(0.5), [{}])
    assert "invariants" not in pipeline.build_star(EPOCH, star.context).message
    assert CliRunner().invoke(main.app, ["invariants"]).exit_code == 0
    assert star.rows("SELECT count(*) FROM dq.invariant_result WHERE broken > 0") == [(0,)]
