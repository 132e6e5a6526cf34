"""Figures of communes by the units of their day, of today, and of a reorganisation to come.

The numbers are worked out by hand beside each test, from the document of 2025 and a made-up one of 2027.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from importlib.metadata import version

import pytest

from .night import EPOCH
from .reorganised import Units

OLD, NOW, NEXT = date(2024, 5, 1), date(2026, 10, 1), date(2027, 7, 1)
OF_2027 = (
    # Cà Đam and Tây Trà Bồng, to which the parts of Trà Bùi went in 2025, become one.
    "2027-07-01,21136,21157,commune,Xã Trà Bùi,,,,,,made up,",
    "2027-07-01,21157,21157,commune,,,,,,,made up,",
    # Cẩm Thành is divided; 6,000 of its people stay.
    "2027-07-01,21025,21025,commune,,,,,6000,4.0,made up,",
    "2027-07-01,21025,21900,commune,Phường Trà Khúc,,,,4000,3.93,made up,",
    # Nghĩa Lộ changes its name and keeps its code.
    "2027-07-01,21028,21028,commune,Phường Trần Phú,,,,,,made up,",
    # Lý Sơn is divided by area: 7.5 and 2.5 km².
    "2027-07-01,21548,21548,commune,,,,,,7.5,made up,",
    "2027-07-01,21548,21901,commune,Xã An Bình,,,,,2.5,made up,",
)
DIMENSIONS = (
    "INSERT INTO dw.dim_agency (agency_key, agency_code, name_vi) VALUES (1, 'H48.01', 'Sở Một')",
    "INSERT INTO dw.dim_indicator (indicator_key, indicator_code, name_vi) VALUES (1, 'CT-1', 'Chỉ tiêu')",
    (
        "INSERT INTO dw.dim_commune_form_line (line_key, line_code, name_vi, unit_code, measure_kind) VALUES "
        "(1, 'XH01', 'Hộ nghèo', 'household', 'stock'), (2, 'NN02', 'Sản lượng lúa', 'tonne', 'flow'), "
        "(3, 'GD01', 'Tỷ lệ', 'percent', 'share')"
    ),
)
# One row of each fact for every unit that a figure may stand at: communes of both orders, Lý Sơn's district.
FACTS = (
    (
        "INSERT INTO dw.fact_population SELECT unit_key, '{m}', -1, k + 1, 3 * k + 1, k, k % 7, k % 5, "
        "'2026-11-01', 1 FROM {u}"
    ),
    (
        "INSERT INTO dw.fact_dossier (dossier_code, agency_key, procedure_key, unit_key, received_date_key, "
        "due_date_key, finished_date_key, returned_date_key, is_on_time, received_at, finished_at, "
        "source_updated_at, status_code, channel_code, batch_key) "
        "SELECT 'D{m}-' || unit_key || '-' || n, -1, -1, unit_key, {d}, -2, -2, -2, "
        "n % 3 = 0, '{t}', CASE WHEN n % 2 = 0 THEN timestamp '{t}' END, '{t}', '4', "
        "CASE WHEN n % 5 = 0 THEN '2' END, 1 FROM {u} CROSS JOIN generate_series(1, 1 + k % 4) AS n"
    ),
    (
        "INSERT INTO dw.fact_indicator_value SELECT 1, 1, unit_key, '{m}', 0, -1, 100.0 * k / (2 * k + 1), k, "
        "2 * k + 1, 'percent', '{t}', TRUE, 1 FROM {u}"
    ),
    (
        "INSERT INTO dw.fact_land_parcel SELECT 'P{m}-' || unit_key || '-' || n, unit_key, 1, n, 100.5 + k, 'ODT', "
        "n = 1, -2, FALSE, 1 FROM {u} CROSS JOIN generate_series(1, 3) AS n"
    ),
    (
        "INSERT INTO dw.fact_school_month SELECT 'S{m}-' || unit_key, '{m}', -1, 'Trường', 'TH', unit_key, 5, "
        "151 + k, 77, 9, '{t}', 1 FROM {u}"
    ),
    (
        "INSERT INTO dw.fact_commune_form_value (unit_key, period_code, line_key, form_version, submitted_at, "
        "agency_key, period_end_date_key, month_value, source_file, is_current, batch_key) "
        "SELECT unit_key, '{m}', l.line_key, 1, '{t}', 1, -1, CASE l.line_key WHEN 2 THEN k + 0.25 ELSE k END, "
        "'f.xlsx', TRUE, 1 FROM {u} CROSS JOIN dw.dim_commune_form_line AS l WHERE l.line_key > 0"
    ),
)
UNITS = (
    "(SELECT unit_key, row_number() OVER (ORDER BY unit_code) AS k FROM dw.dim_administrative_unit "
    "WHERE date '{t}' BETWEEN valid_from AND coalesce(valid_to, 'infinity') "
    "AND (unit_level = 'commune' OR unit_code = '536')) AS u"
)


@pytest.fixture(scope="module")
def units(empty_warehouse: tuple) -> Iterator[Units]:
    """Figures of one month before and one after July 2025, for every commune."""
    settings, server, engine = empty_warehouse
    engine.dispose()
    units = Units.create(settings, server, "empty")
    units.load()
    for month, day in (("2024-M05", OLD), ("2026-M10", NOW)):
        known = {"m": month, "t": day.isoformat(), "d": f"{day:%Y%m%d}"}
        units.put("SELECT dw.make_month('dw.fact_dossier', :day)", [{"day": day}])
        for sql in (*(DIMENSIONS if day == OLD else ()), *FACTS):
            units.put(sql.format(u=UNITS.format(**known), **known), [{}])
    units.people("2023-M01", OLD, {"21136": 900, "21142": 101, "21157": 700, "21166": 300})
    units.people("2023-M02", OLD, {"536": 19_874})
    units.people("2023-M03", OLD, {"21118": 1_200, "21244": 4_400, "21241": 3_000, "21259": 50})
    units.people("2023-M04", OLD, {"23293": 11, "23296": 22})
    units.people("2026-M01", NOW, {"21025": 10_001, "21028": 8_000, "21136": 51, "21157": 50, "21548": 7})
    units.refresh()
    yield units
    units.context.engine.dispose()


@pytest.fixture(scope="module")
def after_2027(units: Units) -> Units:
    """The same figures, nothing but a CSV file added."""
    units.load(EPOCH, OF_2027)
    return units


def test_tra_bui_is_shared_out_between_its_two_successors(units: Units) -> None:
    """Trà Tân (21136) 900 and half of Trà Bùi; Hương Trà 700, Trà Tây 300 and the other half.

    Of 101 people each part gets 50; the last one goes to the lower code, 21136: 900 + 51 and 1000 + 50.
    """
    assert units.measure("population.people", None, "2023-M01")["21142"] == 101
    assert units.measure("population.people", NOW, "2023-M01") == {"21136": 951, "21157": 1_050}
    stated = units.rows(
        "SELECT unit_code, value_from_splits, split_method FROM mart.unit_measure_as_is "
        "WHERE measure_code = 'population.people' AND period_code = '2023-M01' ORDER BY 1"
    )
    assert stated == [("21136", 51, "equal"), ("21157", 50, "equal")]


def test_ly_son_had_a_district_and_no_communes(units: Units) -> None:
    """All of the district's people are the special zone's."""
    as_was = units.rows(
        "SELECT unit_code, unit_level, district_name, value FROM mart.unit_measure_as_was "
        "WHERE measure_code = 'population.people' AND period_code = '2023-M02'"
    )
    assert as_was == [("536", "district", "Huyện Lý Sơn", 19_874)]
    assert units.measure("population.people", NOW, "2023-M02") == {"21548": 19_874}


def test_the_two_tra_giang_are_not_one(units: Units) -> None:
    """21118 Trà Giang went into Đông Trà Bồng; today's Trà Giang, 21244, is Nghĩa Thắng 4,400, Nghĩa Lâm
    3,000 and Nghĩa Sơn 50."""
    as_was = units.measure("population.people", None, "2023-M03", by="unit_name")
    assert as_was == {
        "Xã Trà Giang": 1_200,
        "Xã Nghĩa Thắng": 4_400,
        "Xã Nghĩa Lâm": 3_000,
        "Xã Nghĩa Sơn": 50,
    }
    as_is = units.measure("population.people", NOW, "2023-M03", by="unit_name")
    assert as_is == {"Xã Đông Trà Bồng": 1_200, "Xã Trà Giang": 7_450}


def test_districts_and_kon_tum_as_they_were_and_the_province_as_it_is(units: Units) -> None:
    """Two communes of Kon Tum: 11 + 22 people."""
    assert units.measure("population.people", None, "2023-M04", by="province_name") == {"Tỉnh Kon Tum": 33}
    assert units.measure("population.people", NOW, "2023-M04", by="province_name") == {"Tỉnh Quảng Ngãi": 33}
    assert units.measure("population.people", None, "2023-M01", by="district_name") == {
        "Huyện Trà Bồng": 2_001
    }
    assert units.measure("population.people", NOW, "2023-M01", by="district_name") == {None: 2_001}


def test_a_figure_of_a_whole_district_stays_one_of_the_province(units: Units) -> None:
    units.people("2022-M01", OLD, {"525": 50_000, "62": 600_000})
    units.refresh()
    as_is = units.rows(
        "SELECT unit_code, unit_level, value, split_method FROM mart.unit_measure_as_is "
        "WHERE measure_code = 'population.people' AND period_code = '2022-M01'"
    )
    assert as_is == [("51", "province", 650_000, None)]


def test_ratios_are_made_of_what_was_brought_together(units: Units) -> None:
    """Cẩm Thành is four former wards: 100 × Σ numerators ÷ Σ denominators, not a mean of four shares."""
    parts = units.rows(
        "SELECT numerator, denominator FROM mart.unit_ratio_as_was WHERE ratio_code = 'indicator.percent' "
        "AND period_code = '2024-M05' AND unit_code IN ('21019', '21022', '21025', '21031')"
    )
    top, bottom = sum(n for n, _ in parts), sum(d for _, d in parts)
    assert len(parts) == 4
    [found] = units.rows(
        "SELECT numerator, denominator, ratio FROM mart.unit_ratio_as_is "
        "WHERE ratio_code = 'indicator.percent' AND period_code = '2024-M05' AND unit_code = '21025'"
    )
    assert found == (top, bottom, round(100 * top / bottom, 2))


def test_shares_that_have_no_parts_are_never_added(units: Units) -> None:
    assert units.rows("SELECT FROM mart.unit_measure_as_is WHERE breakdown = 'GD01'") == []


def test_totals_are_the_same_for_every_day_to_the_last_unit(after_2027: Units) -> None:
    source = {
        tuple(row[:4]): row[4]
        for row in after_2027.rows(
            "SELECT measure_code, breakdown, agency_code, period_code, sum(value) FROM dw.unit_measure "
            "GROUP BY 1, 2, 3, 4"
        )
    }
    assert len({key[0] for key in source}) > 20
    for day in (None, date(2024, 1, 1), NOW, NEXT):
        assert after_2027.totals(day) == source
    straight = after_2027.rows("SELECT period_code, sum(population_count) FROM dw.fact_population GROUP BY 1")
    assert {key[3]: value for key, value in source.items() if key[0] == "population.people"} == dict(straight)
    [(dossiers,)] = after_2027.rows("SELECT count(*) FROM dw.fact_dossier")
    assert sum(value for key, value in source.items() if key[0] == "dossier.received") == dossiers


def test_the_next_reorganisation_is_a_file(after_2027: Units) -> None:
    """Cẩm Thành 10,001 × 6000/10000 = 6000.6 and 4000.4: the one that is left goes to the larger rest.
    Lý Sơn 7 × 0.75 = 5.25 and 1.75: 5 and 1, and the last one to 1.75. Cà Đam and Tây Trà Bồng 51 + 50."""
    today = after_2027.measure("population.people", NOW, "2026-M01")
    assert today == {"21025": 10_001, "21028": 8_000, "21136": 51, "21157": 50, "21548": 7}
    assert after_2027.measure("population.people", NEXT, "2026-M01") == {
        "21025": 6_001, "21900": 4_000, "21028": 8_000, "21157": 101, "21548": 5, "21901": 2,
    }  # fmt: skip
    names = after_2027.measure("population.people", NEXT, "2026-M01", by="unit_name")
    assert names["Phường Trần Phú"] == 8_000
    methods = after_2027.rows(
        "SELECT unit_code, split_method FROM mart.unit_measures(:d) WHERE period_code = '2026-M01' "
        "AND measure_code = 'population.people' AND split_method IS NOT NULL ORDER BY 1",
        d=NEXT,
    )
    assert methods == [("21025", "population"), ("21548", "area"), ("21900", "population"), ("21901", "area")]


def test_every_unit_and_every_step_says_where_it_is_written(after_2027: Units) -> None:
    resolution = "1677/NQ-UBTVQH15 ngày 16/6/2025"
    for table, origin in (
        ("dw.dim_administrative_unit WHERE unit_key > 0 AND", "valid_from"),
        ("dw.bridge_administrative_unit_succession WHERE", "effective_date"),
    ):
        assert after_2027.rows(f"SELECT * FROM {table} (source_document = '') IS NOT FALSE") == []
        assert after_2027.rows(f"SELECT * FROM {table} (source_place = '') IS NOT FALSE") == []
        later = f"SELECT DISTINCT source_document FROM {table} {origin} = '2027-07-01'"
        assert after_2027.rows(later) == [("made up",)]
    communes = "SELECT DISTINCT source_document, source_place FROM dw.dim_administrative_unit"
    [(document, place)] = after_2027.rows(
        f"{communes} WHERE valid_from = '2025-07-01' AND unit_level = 'commune'"
    )
    assert document == f"vietnamadminunits {version('vietnamadminunits')}"
    assert resolution in place
    steps = "SELECT DISTINCT is_derived, source_place FROM dw.bridge_administrative_unit_succession"
    derived, stated = after_2027.rows(f"{steps} WHERE effective_date = '2025-07-01' ORDER BY 1 DESC")
    assert resolution in stated[1]
    assert "các xã thuộc đơn vị cũ" in derived[1]


def test_a_chain_of_reorganisations_is_followed_to_its_end(after_2027: Units) -> None:
    """Trà Bùi's 101 people were divided in 2025 and are together again in 2027: 900 + 101 + 700 + 300.
    Lý Sơn's district became a zone, which is divided: 19,874 × 0.75 = 14,905.5 and 4,968.5: the lower code."""
    assert after_2027.measure("population.people", NEXT, "2023-M01") == {"21157": 2_001}
    assert after_2027.measure("population.people", NEXT, "2023-M02") == {"21548": 14_906, "21901": 4_968}
    # The day before it takes effect, nothing has changed.
    assert after_2027.measure("population.people", date(2027, 6, 30), "2023-M02") == {"21548": 19_874}


def test_a_reorganisation_that_is_put_off_leaves_nothing_behind(after_2027: Units) -> None:
    later = [line.replace("2027-07-01", "2028-01-01") for line in OF_2027]
    after_2027.load(EPOCH, later)
    begun = "SELECT DISTINCT valid_from FROM dw.dim_administrative_unit WHERE valid_from > '2025-07-01'"
    assert after_2027.rows(begun) == [(date(2028, 1, 1),)]
    assert after_2027.measure("population.people", NEXT, "2023-M02") == {"21548": 19_874}
    # What was announced first is right after all: content that was in force before is taken in again.
    after_2027.load(EPOCH, OF_2027)
    assert after_2027.measure("population.people", NEXT, "2023-M02") == {"21548": 14_906, "21901": 4_968}
