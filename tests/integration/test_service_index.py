"""The index of QĐ 766/QĐ-TTg against an independent computation, and what its numbers lead to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from kho.errors import ConfigurationError
from kho.indicators.marts import refresh_indicators
from kho.indicators.service_index import load_service_index, service_index_path
from kho.server.warehouse import open_warehouse
from kho.settings import Settings
from kho.sql_files import files_in, run_file

from .dossier_world import Span, expected_measures, expected_points, load_dossiers, random_dossiers
from .embedded import EMPTY, copy_database
from .plans import relations_read

SPAN = Span(date(2025, 12, 14), 30)
LAST_DAY = SPAN.last + timedelta(days=3)
KEYS = ["scope_type", "scope_code", "period_type", "period_start", "measure"]


@pytest.fixture(scope="module")
def world(empty_warehouse: tuple) -> Iterator[tuple[sa.Engine, pd.DataFrame, Settings]]:
    """A warehouse of 5,000 dossiers whose marts tell up to LAST_DAY; tests only look."""
    settings, server, template = empty_warehouse
    template.dispose()
    copy_database(server, EMPTY, "service_index")
    url = server.url("service_index").render_as_string(hide_password=False)
    own = replace(settings, warehouse_url=url)
    engine = open_warehouse(own)
    frame = random_dossiers(5_000, SPAN)
    with engine.begin() as db:
        load_dossiers(db, frame)
        refresh_indicators(db, LAST_DAY + timedelta(days=1), own)
    yield engine, frame, own
    engine.dispose()


@pytest.fixture(scope="module")
def expected(world: tuple) -> pd.DataFrame:
    _, frame, _ = world
    return expected_measures(frame, SPAN, LAST_DAY)


def _measured(engine: sa.Engine) -> pd.DataFrame:
    query = (
        "SELECT m.scope_type, s.scope_code, m.period_type, m.period_start, m.measure, m.numerator, m.denominator "
        "FROM mart.service_measure AS m JOIN mart.dossier_scope AS s USING (scope_type, scope_key) "
        "WHERE m.denominator > 0"
    )
    return pd.read_sql(query, engine)


def test_every_measure_of_every_period_equals_the_rule_applied_dossier_by_dossier(
    world: tuple, expected: pd.DataFrame
) -> None:
    engine, _, _ = world
    both = expected[expected["denominator"] > 0].merge(
        _measured(engine), on=KEYS, how="outer", indicator=True
    )
    assert len(both) > 4_000
    assert set(both["_merge"]) == {"both"}, both[both["_merge"] != "both"].head(10).to_string()
    wrong = both[
        (both["numerator_x"] != both["numerator_y"]) | (both["denominator_x"] != both["denominator_y"])
    ]
    assert wrong.empty, wrong.head(10).to_string()


def test_points_of_the_groups_equal_the_rule(world: tuple, expected: pd.DataFrame) -> None:
    engine, _, settings = world
    points = expected_points(expected, service_index_path(settings))
    by = ["scope_type", "scope_code", "period_type", "period_start", "group_id"]
    wanted = points.groupby(by)["points"].sum().reset_index()
    query = (
        "SELECT scope_type, scope_code, period_type, period_start, group_id, points, coverage_percent "
        "FROM mart.service_index_group WHERE points IS NOT NULL"
    )
    both = wanted.merge(pd.read_sql(query, engine), on=by, how="outer")
    wrong = both[both["points_x"].map(str) != both["points_y"].map(lambda value: f"{value:.2f}")]
    assert wrong.empty, wrong.head(10).to_string()


def test_what_no_source_tells_gets_neither_zero_nor_full_marks(world: tuple) -> None:
    engine, _, _ = world
    with engine.connect() as db:
        groups = db.execute(
            sa.text(
                "SELECT group_id, points IS NULL, maximum, measured_maximum, not_applicable_vi "
                "FROM mart.service_index_group WHERE scope_type = 'province' AND period_code = '2025-M12'"
            )
        ).all()
        total = db.execute(
            sa.text(
                "SELECT maximum, measured_maximum, coverage_percent, points BETWEEN 0 AND measured_maximum "
                "FROM mart.service_index WHERE scope_type = 'province' AND period_code = '2025-M12'"
            )
        ).one()
    assert {group: (missing, measured) for group, missing, _, measured, _ in groups} == {
        "publicity": (True, 0),
        "progress": (False, 20),
        "online_services": (False, 12),
        "digitisation": (False, 14),
        "online_payment": (True, 0),
        "satisfaction": (True, 0),
    }
    assert all(said for _, missing, _, _, said in groups if missing)
    assert tuple(total) == (100, 46, 46, True)


@pytest.mark.parametrize("scope", ["agency", "commune", "province"])
@pytest.mark.parametrize(
    "measure", ["on_time", "online_dossiers", "digitised_dossiers", "electronic_results"]
)
def test_a_number_leads_to_its_dossiers(world: tuple, measure: str, scope: str) -> None:
    engine, _, _ = world
    query = """
        SELECT m.numerator, m.denominator, d.counted, d.dossiers, d.distinct_dossiers
        FROM mart.service_measure AS m
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE b.is_counted) AS counted, count(*) AS dossiers,
                count(DISTINCT b.dossier_code) AS distinct_dossiers
            FROM mart.dossiers_behind(m.measure, m.scope_type, m.scope_key, m.period_start, m.last_day) AS b
        ) AS d
        WHERE m.measure = :measure AND m.scope_type = :scope AND m.period_start >= '2025-12-31'
          AND m.period_start <= '2026-01-02' ORDER BY m.scope_key LIMIT 12
    """
    with engine.connect() as db:
        rows = db.execute(sa.text(query), {"measure": measure, "scope": scope}).all()
    assert len(rows) >= 5
    assert all((row[0], row[1], row[1]) == (row[2], row[3], row[4]) for row in rows), rows


NOT_DOSSIERS = (
    "full_online_procedures", "procedures_filed_online", "health_records", "digital_enterprises", "tasks_followed",
    "agencies_on_axis",
)  # fmt: skip
FACTS = """
INSERT INTO dw.fact_population (unit_key, period_code, month_start_date_key, household_count, population_count,
    female_count, source_updated_at, batch_key)
SELECT u.unit_key, p.code, p.day, 1, 1000 * p.number + u.unit_key, 1, '2026-01-01', 1
FROM dw.dim_administrative_unit AS u
CROSS JOIN (VALUES ('2025-M11', 20251101, 1), ('2025-M12', 20251201, 2)) AS p (code, day, number)
WHERE u.unit_key > 0;
INSERT INTO dw.fact_health_record
SELECT u.unit_key || '-' || n, u.unit_key, 1980, '1', TRUE, 20251201, 2, '2026-01-01', 1
FROM dw.dim_administrative_unit AS u CROSS JOIN generate_series(1, 3) AS n
WHERE u.unit_key > 0 AND n <= u.unit_key % 4;
INSERT INTO dw.dim_enterprise (enterprise_ref, valid_from, entity_type_code, sector_version, sector_code, unit_key,
    status_code)
SELECT 'E' || n, '2025-01-01', CASE WHEN n % 5 = 0 THEN 'HKD' ELSE 'DN' END, '2018',
    CASE WHEN n % 3 = 0 THEN '4711' ELSE '6201' END, u.unit_key, '00'
FROM (SELECT unit_key FROM dw.dim_administrative_unit WHERE unit_key > 0 ORDER BY 1 LIMIT 2) AS u (unit_key)
CROSS JOIN generate_series(1, 9) AS n WHERE n % 2 = u.unit_key % 2;
INSERT INTO dw.dim_plan_task (task_code, name_vi) SELECT 'NV-' || n, 'Nhiệm vụ' FROM generate_series(1, 4) AS n;
INSERT INTO dw.fact_plan_task_progress (task_key, agency_key, period_code, month_start_date_key, percent_done,
    status_code, expected_finish_date_key, submitted_at, batch_key)
SELECT t.task_key, a.agency_key, '2025-M12', 20251201, 50, '1', 20260101, '2026-01-03', 1
FROM dw.dim_plan_task AS t CROSS JOIN (SELECT max(agency_key) AS agency_key FROM dw.dim_agency) AS a
WHERE t.task_code IN ('NV-1', 'NV-3');
INSERT INTO dw.fact_electronic_document (document_code, receiver_agency_key, sender_agency_key, issued_date_key,
    sent_date_key, received_date_key, sent_at, status_code, source_updated_at, batch_key)
SELECT 'V1', a.agency_key, a.agency_key, 20251220, 20251220, 20251220, '2025-12-31 23:30', '06', '2025-12-31', 1
FROM (SELECT max(agency_key) AS agency_key FROM dw.dim_agency WHERE is_current) AS a;
REFRESH MATERIALIZED VIEW mart.health_state;
REFRESH MATERIALIZED VIEW mart.indicator_fact_month;
"""


def test_every_other_measure_leads_to_what_it_counts(world: tuple) -> None:
    engine, _, _ = world
    query = """
        SELECT m.measure, m.scope_type, m.numerator, m.denominator, b.numerator, b.denominator
        FROM (
            SELECT measure, scope_type, scope_key, month_start, (month_start + interval '1 month - 1 day')::date,
                numerator, denominator
            FROM mart.indicator_fact_month
            UNION ALL
            SELECT measure, scope_type, scope_key, period_start, last_day, numerator, denominator
            FROM mart.service_measure
            WHERE measure IN ('full_online_procedures', 'procedures_filed_online') AND denominator > 0
                AND period_start BETWEEN '2025-12-28' AND '2026-01-01'
        ) AS m (measure, scope_type, scope_key, first_day, last_day, numerator, denominator)
        CROSS JOIN LATERAL (
            SELECT sum(f.numerator), sum(f.denominator)
            FROM mart.facts_behind(m.measure, m.scope_type, m.scope_key, m.first_day, m.last_day) AS f
        ) AS b (numerator, denominator)
    """
    with engine.connect() as db:
        db.execute(sa.text(FACTS))
        db.exec_driver_sql("SET LOCAL ROLE kho_analyst")
        rows = db.execute(sa.text(query)).all()
        records = db.execute(
            sa.text(
                "SELECT * FROM mart.facts_behind('health_records', 'province', 0, '2025-12-01', '2025-12-31')"
            )
        ).all()
        db.rollback()
    assert {row[0] for row in rows} == set(NOT_DOSSIERS)
    assert {row[1] for row in rows if row[0] == "health_records"} == {"commune", "province"}
    assert all(row[2:4] == row[4:6] for row in rows), [row for row in rows if row[2:4] != row[4:6]]
    assert all(any(row[2] for row in rows if row[0] == measure) for measure in NOT_DOSSIERS)
    assert {row.fact for row in records} == {"population", "health_records"}, "nobody by himself"


@pytest.mark.parametrize(
    ("function", "measure", "scope", "message", "hint"),
    [
        *(("dossiers_behind", measure, "province", "does not count dossiers", "mart.facts_behind")
          for measure in NOT_DOSSIERS),
        ("dossiers_behind", "on_tiem", "province", "there is no measure on_tiem", "on_time, online_dossiers"),
        ("dossiers_behind", "on_time", "district", "there is no scope district", "agency, commune or province"),
        ("facts_behind", "on_time", "province", "counts dossiers", "mart.dossiers_behind"),
        ("facts_behind", "tasks", "province", "there is no measure tasks", "tasks_followed"),
        ("facts_behind", "tasks_followed", "commune", "is not counted by commune", "counted by province"),
    ],
)  # fmt: skip
def test_a_measure_that_is_not_covered_says_what_to_ask_instead(
    world: tuple, function: str, measure: str, scope: str, message: str, hint: str
) -> None:
    engine, _, _ = world
    call = sa.text(f"SELECT * FROM mart.{function}(:measure, :scope, 0, '2025-12-01', '2025-12-31')")
    with engine.connect() as db, pytest.raises(sa.exc.DBAPIError, match=message) as caught:
        db.execute(call, {"measure": measure, "scope": scope})
    assert hint in caught.value.orig.diag.message_hint


def test_agencies_and_communes_add_up_to_the_province(world: tuple) -> None:
    engine, _, _ = world
    query = """
        SELECT count(*) FROM (
            SELECT day, scope_type, sum(received), sum(finished), sum(open_at_end), sum(overdue_at_end)
            FROM mart.dossier_day GROUP BY day, scope_type
        ) AS t (day, scope, received, finished, open_at_end, overdue)
        GROUP BY day HAVING count(DISTINCT (received, finished, open_at_end, overdue)) > 1
    """
    with engine.connect() as db:
        assert db.execute(sa.text(query)).all() == []


def test_a_night_that_brings_nothing_recomputes_nothing(world: tuple) -> None:
    engine, _, settings = world
    with engine.begin() as db:
        assert not refresh_indicators(db, LAST_DAY + timedelta(days=1), settings)
        assert not refresh_indicators(db, LAST_DAY - timedelta(days=9), settings), "no day is taken away"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("maximum: 20\n        components", "maximum: 19\n        components", "add up"),
        ("measure: on_time\n", "measure: on_tme\n", "groups"),
        ("            measure: online_dossiers\n", "", "measure"),
        ("- valid_from:", "- valid_form:", "valid_form"),
    ],
)
def test_a_wrong_index_is_named(world: tuple, tmp_path: Path, old: str, new: str, said: str) -> None:
    text = service_index_path(world[2]).read_text(encoding="utf-8")
    assert old in text
    wrong = tmp_path / "service_index.yaml"
    wrong.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load_service_index(wrong)


QUESTIONS = files_in("questions")
ASKED = {"month": date(2025, 12, 1), "agency": "000.00.01.H48", "indicator": "KH1534-07.1"}


def test_there_are_twenty_questions() -> None:
    assert len(QUESTIONS) == 20


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda name: Path(name).stem)
def test_a_question_is_answered_from_the_marts_alone(world: tuple, question: str) -> None:
    engine, _, _ = world
    with engine.connect() as db:
        relations = relations_read(db, question, ASKED)
        run_file(db, question, **ASKED).all()
    assert relations, "the plan reads something"
    assert not [name for name in relations if name.startswith("dw.fact_")], relations


def test_answers_are_those_of_the_dossiers(world: tuple) -> None:
    engine, frame, _ = world
    received = frame["received_at"].dt
    december = frame[received.month == 12]
    ended = frame["finished_at"].notna()
    with engine.connect() as db:
        today = run_file(db, "questions/01_today.sql").one()
        trend = run_file(db, "questions/03_on_time_by_month.sql").all()
        procedures = run_file(db, "questions/07_late_procedures.sql", **ASKED).all()
        sectors = run_file(db, "questions/08_online_by_sector.sql", **ASKED).all()
    still_open = frame["status_code"].isin(["4", "5"]) | (ended & (frame["finished_at"].dt.date > LAST_DAY))
    assert (today.day, today.received, today.open_at_end) == (LAST_DAY, 0, int(still_open.sum()))
    assert [row.period_code for row in trend] == ["2025-M12", "2026-M01"]
    worst = december[december["procedure_code"] == procedures[0].procedure_code]
    assert procedures[0].finished == int(worst["finished_at"].notna().sum())
    assert [(row.sector_code, int(row.received)) for row in sectors] == [(None, len(december))]
