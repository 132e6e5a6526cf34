"""Indicators beside their targets, with numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any

import pytest
import sqlalchemy as sa

from kho.indicators.marts import refresh_indicators
from kho.quality.agreements import compare, load_pairs
from kho.server.warehouse import open_warehouse

from .dossier_world import Span, load_dossiers, random_dossiers
from .embedded import EMPTY, copy_database

NIGHT = date(2026, 3, 1)
# Reported by two communes, 100 and 300 people each month; shares of nobody's mean, but of 400.
MONTHS = {month: (40 + 2 * month, 150 + 3 * month) for month in range(1, 9)}
TARGETS = (
    # code, indicator, year, text, comparator, low, high
    ("T1", "X-SHARE", 2030, "≥ 50", ">=", 50, None),
    ("T2", "X-SHARE", 2026, "> 80", ">", 80, None),
    ("T3", "X-SHARE", 2030, "60 - 70", "range", 60, 70),
    ("T4", "X-SHARE", 2030, "99", "=", 99, 99),
    ("T5", "X-RANK", 2030, "≤ 20", "<=", None, 20),
    ("T6", "X-RANK", 2030, "thuộc nhóm dẫn đầu", "prose", None, None),
    ("T7", "X-NONE", 2030, "≥ 1", ">=", 1, None),
    ("T8", "KH1534-07.1", 2030, "≥ 80", ">=", 80, None),
    ("T9", "X-RANK", 2030, "24", "=", 24, 24),
    ("T10", "KH1534-27", 2030, "≥ 95", ">=", 95, None),
)


@pytest.fixture(scope="module")
def warehouse(empty_warehouse: tuple) -> Iterator[tuple]:
    settings, server, template = empty_warehouse
    template.dispose()
    copy_database(server, EMPTY, "progress")
    url = server.url("progress").render_as_string(hide_password=False)
    own = replace(settings, warehouse_url=url)
    engine = open_warehouse(own)
    with engine.begin() as db:
        load_dossiers(db, random_dossiers(400, Span(date(2026, 1, 1), 58)))
        _say(db)
        refresh_indicators(db, NIGHT, own)
    yield engine, own
    engine.dispose()


def _say(db: sa.Connection) -> None:
    for key in (1, 2, 3):
        text = (
            "INSERT INTO meta.batch (batch_id, dataset, as_of, status, content_sha256, contract_version, fetched, raw_path)"
            " VALUES (:id, 'indicator_reports', :day, 'loaded', 'x', '1', 1, 'x')"
        )
        db.execute(sa.text(text), {"id": f"b{key}", "day": date(2026, key, 5)})
    for code, unit, direction in (
        ("X-SHARE", "percent", "higher_is_better"),
        ("X-RANK", "rank", "lower_is_better"),
        ("X-NONE", "count", "higher_is_better"),
        ("KH1534-07.1", "percent", "higher_is_better"),
        ("KH1534-27", "percent", "higher_is_better"),
    ):
        text = "INSERT INTO dw.dim_indicator (indicator_code, name_vi, unit_code, direction) VALUES (:c, :c, :u, :d)"
        db.execute(sa.text(text), {"c": code, "u": unit, "d": direction})
    for target, code, year, words, comparator, low, high in TARGETS:
        text = (
            "INSERT INTO dw.fact_indicator_target (target_code, indicator_key, target_year, target_raw, comparator, "
            "target_low, target_high, unit_code, plan_code, province_code, source_document, source_place, batch_key) "
            "SELECT :t, indicator_key, :y, :w, :c, :l, :h, unit_code, 'P', '49', 'văn bản', 'dòng 1', 1 "
            "FROM dw.dim_indicator WHERE indicator_code = :i"
        )
        values = {"t": target, "i": code, "y": year, "w": words, "c": comparator, "l": low, "h": high}
        db.execute(sa.text(text), values)
    for month, (small, large) in MONTHS.items():
        ends = date(2025, month, 28)
        _report(db, "X-SHARE", "21100", ends, small, 100)
        _report(db, "X-SHARE", "21101", ends, large, 300)
        _report(db, "KH1534-27", "21100", ends, small, 100)
    _people(db)
    _report(db, "X-RANK", "21100", date(2025, 8, 28), 24, None)
    _report(db, "KH1534-07.1", "21100", date(2026, 1, 31), 1, 100)
    _report(db, "KH1534-07.1", "21100", date(2026, 1, 31), 2, 100, revision=1, batch=2, current=True)


def _report(
    db: sa.Connection, code: str, commune: str, ends: date, part: int, whole: int | None, **how: Any
) -> None:
    revision, batch = how.get("revision", 0), how.get("batch", 1)
    text = (
        "INSERT INTO dw.fact_indicator_value SELECT a.agency_key, i.indicator_key, u.unit_key, :period, :revision, "
        "dw.date_key(cast(:ends AS date), -1), :value, :part, :whole, i.unit_code, :ends, :current, "
        "(SELECT batch_key FROM meta.batch WHERE batch_id = :batch) "
        "FROM dw.dim_agency AS a, dw.dim_indicator AS i, dw.dim_administrative_unit AS u "
        "WHERE a.agency_code = '000.00.01.H48' AND i.indicator_code = :code AND u.unit_code = :commune"
    )
    if revision:
        db.execute(sa.text("UPDATE dw.fact_indicator_value SET is_current = FALSE WHERE period_code = :p"),
                   {"p": f"{ends:%Y-M%m}"})  # fmt: skip
    values = {
        "period": f"{ends:%Y-M%m}", "revision": revision, "ends": ends, "code": code, "commune": commune,
        "value": part if whole is None else Decimal(100 * part) / whole, "part": None if whole is None else part,
        "whole": whole, "current": True, "batch": f"b{batch}",
    }  # fmt: skip
    db.execute(sa.text(text), values)


def _people(db: sa.Connection) -> None:
    """The population of two months, of which the last is counted."""
    for month in (1, 2):
        text = (
            "INSERT INTO dw.fact_population (unit_key, period_code, month_start_date_key, household_count, "
            "population_count, female_count, source_updated_at, batch_key) "
            "SELECT unit_key, :period, dw.date_key(cast(:start AS date), -1), 250, 1000, 500, :start, 1 "
            "FROM dw.dim_administrative_unit WHERE unit_code = '21100'"
        )
        start = date(2026, month, 1)
        db.execute(sa.text(text), {"period": f"{start:%Y-M%m}", "start": start})


def _progress(warehouse: tuple) -> dict[str, Any]:
    with warehouse[0].connect() as db:
        return {row.target_code: row for row in db.execute(sa.text("SELECT * FROM mart.indicator_progress"))}


def test_ratios_are_put_together_from_their_parts_and_not_averaged(warehouse: tuple) -> None:
    # August: (56 + 174) / 400 = 57.5 %; the mean of 56 % and 58 % would be 57 %.
    found = _progress(warehouse)["T1"]
    assert (found.value, found.value_source, found.value_month) == (
        Decimal("57.5"),
        "reported",
        date(2025, 8, 1),
    )


@pytest.mark.parametrize(
    ("target", "status", "gap", "on_the_way"),
    [
        ("T1", "reached", None, "on_track"),
        ("T2", "not_reached", Decimal("22.5"), "off_track"),
        ("T3", "not_reached", Decimal("2.5"), "on_track"),
        ("T4", "not_reached", Decimal("41.5"), "on_track"),
        ("T5", "not_reached", Decimal(4), "no_forecast"),
        ("T6", "not_measurable", None, "not_measurable"),
        ("T7", "no_value", None, "no_forecast"),
        ("T9", "reached", None, "no_forecast"),
    ],
)
def test_progress_against_each_kind_of_target(
    warehouse: tuple, target: str, status: str, gap: Decimal | None, on_the_way: str
) -> None:
    found = _progress(warehouse)[target]
    assert (found.status, found.gap, found.forecast_status) == (status, gap, on_the_way)
    assert found.forecast_note_vi


def test_a_forecast_is_the_median_line_and_stays_within_what_is_possible(warehouse: tuple) -> None:
    points = {month: 100 * (small + large) / 400 for month, (small, large) in MONTHS.items()}
    slope = median((points[b] - points[a]) / (b - a) for a in points for b in points if a < b)
    start = median(value - slope * month for month, value in points.items())
    found = _progress(warehouse)
    # December 2026 is month 24 of 2025.
    assert float(found["T2"].forecast_value) == pytest.approx(start + slope * 24, abs=0.01)
    assert found["T2"].forecast_method == "Theil–Sen"
    assert found["T4"].forecast_value == 100, "a share does not grow beyond the whole"
    assert found["T5"].forecast_value is None
    assert "1 tháng" in found["T5"].forecast_note_vi


def test_where_the_facts_tell_of_too_few_months_the_reports_are_extrapolated(warehouse: tuple) -> None:
    found = _progress(warehouse)["T10"]
    points = {month: float(small) for month, (small, _) in MONTHS.items()}
    slope = median((points[b] - points[a]) / (b - a) for a in points for b in points if a < b)
    start = median(value - slope * month for month, value in points.items())
    assert (found.value_source, found.computed_value) == ("computed", 0)
    assert (found.forecast_source, found.forecast_months) == ("reported", 8)
    # December 2030 is month 72 of 2025.
    assert float(found.forecast_value) == pytest.approx(min(start + slope * 72, 100), abs=0.01)
    assert found.forecast_note_vi.endswith(
        "; theo số liệu báo cáo, vì giá trị tính từ dữ liệu của kho mới có 1 tháng"
    )
    assert _progress(warehouse)["T8"].forecast_source == "computed"


def test_what_the_facts_give_stands_beside_what_is_reported(warehouse: tuple) -> None:
    engine, settings = warehouse
    found = _progress(warehouse)["T8"]
    with engine.connect() as db:
        shares = db.execute(
            sa.text(
                "SELECT to_char(received_at, 'YYYY-MM'), round(100.0 * count(*) FILTER (WHERE channel_code = '2') "
                "/ count(*), 4) FROM dw.fact_dossier GROUP BY 1 ORDER BY 1"
            )
        ).all()
    # The last whole month is that of facts; what is reported for the province is the one commune's.
    assert (found.computed_value, found.computed_month) == (dict(shares)["2026-01"], date(2026, 1, 1)) or (
        found.computed_value,
        found.computed_month,
    ) == (dict(shares)["2026-02"], date(2026, 2, 1))
    assert found.reported_value == 2
    assert found.value_source == "computed"
    assert found.difference == found.computed_value - 2
    pair = next(pair for pair in load_pairs(settings) if pair.id == "indicator_equals_computed")
    with engine.begin() as db:
        assert compare(db, pair, NIGHT) == [], "the share of online dossiers has a pair of its own"


def test_what_was_known_on_a_day(warehouse: tuple) -> None:
    query = "SELECT indicator_value FROM mart.indicator_value_as_known_at(:day) WHERE indicator_code = 'KH1534-07.1'"
    with warehouse[0].connect() as db:
        known = {
            day: db.scalar(sa.text(query), {"day": date(2026, *day)})
            for day in ((1, 4), (1, 5), (2, 4), (2, 5))
        }
    assert known == {(1, 4): None, (1, 5): 1, (2, 4): 1, (2, 5): 2}
