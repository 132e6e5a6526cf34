"""`make bench ARGS=questions`: twenty questions on 10 million dossiers and five years of indicators.

In: how many dossiers (default 10,000,000). Out: how long the marts took to make, each question's time (the best and
the worst of five), and what its plan reads; exit status 1 if one takes 300 ms or more, or scans a fact.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from kho.indicators.marts import refresh_indicators
from kho.server import postgres
from kho.server.warehouse import open_warehouse
from kho.sql_files import files_in, run_file
from tests.integration.embedded import temporary_home
from tests.integration.plans import nodes_of, plan_of

NIGHT = date(2026, 11, 21)
ASKED = {"month": date(2026, 10, 1), "agency": "A001", "indicator": "I001"}
_LIMIT_MS = 300
_RUNS = 5

# Every number comes from a hash of the row's own, so that any size is the same world.
_WORLD = """
INSERT INTO dw.dim_agency (agency_code, name_vi, agency_type)
SELECT 'A' || lpad(n::text, 3, '0'), 'Cơ quan ' || n, CASE WHEN n > 22 THEN 'commune' ELSE 'department' END
FROM generate_series(1, 118) AS n;
INSERT INTO dw.dim_administrative_unit (unit_code, name_vi, unit_level, valid_from)
SELECT lpad(n::text, 5, '0'), 'Xã ' || n, 'commune', '2020-01-01' FROM generate_series(1, 96) AS n;
INSERT INTO dw.dim_procedure (procedure_code, name_vi, sector_code, online_level)
SELECT '1.' || lpad(n::text, 6, '0'), 'Thủ tục ' || n, 'LV-' || n % 12, (ARRAY['full', 'partial', 'none'])[1 + n % 3]
FROM generate_series(1, 300) AS n;
INSERT INTO dw.dim_indicator (indicator_code, name_vi, unit_code, direction)
SELECT 'I' || lpad(n::text, 3, '0'), 'Chỉ tiêu ' || n, 'percent', 'higher_is_better' FROM generate_series(1, 40) AS n;
INSERT INTO dw.fact_indicator_target (target_code, indicator_key, target_year, target_raw, comparator, target_low,
    plan_code, province_code, source_document, source_place, batch_key)
SELECT 'T' || i.indicator_key, i.indicator_key, 2030, '≥ 80', '>=', 80, 'P', '51', 'văn bản', 'dòng', 1
FROM dw.dim_indicator AS i WHERE i.indicator_key > 0;
INSERT INTO dw.fact_indicator_value
SELECT a.agency_key, i.indicator_key, u.unit_key, to_char(m, 'YYYY"-M"MM'), 0,
    dw.date_key((m + interval '1 month - 1 day')::timestamp, -1), h.part / 10.0, h.part, 1000, 'percent', m, TRUE, 1
FROM dw.dim_indicator AS i
CROSS JOIN dw.dim_administrative_unit AS u
CROSS JOIN generate_series('2021-11-01'::timestamp, '2026-10-01', '1 month') AS m
INNER JOIN dw.dim_agency AS a ON a.agency_code = 'A001'
CROSS JOIN LATERAL (
    SELECT abs(hashint8(i.indicator_key * 1000003 + u.unit_key * 1009 + extract(EPOCH FROM m)::bigint)) % 1000 AS part
) AS h
WHERE i.indicator_key > 0 AND u.unit_key > 0;
INSERT INTO dw.fact_electronic_document (document_code, receiver_agency_key, sender_agency_key, issued_date_key,
    sent_date_key, received_date_key, sent_at, received_at, status_code, source_updated_at, batch_key)
SELECT 'V' || n, r.agency_key, s.agency_key, -1, -1, -1, t.at, t.at + interval '3 hours', '06', t.at, 1
FROM generate_series(1, 500000) AS n
CROSS JOIN LATERAL (SELECT '2021-11-01'::timestamp + n * interval '315 seconds' AS at) AS t
INNER JOIN dw.dim_agency AS s ON s.agency_code = 'A' || lpad((1 + n % 118)::text, 3, '0')
INNER JOIN dw.dim_agency AS r ON r.agency_code = 'A' || lpad((1 + n % 117)::text, 3, '0');
INSERT INTO dw.dim_investment_project (project_code, name_vi, total_investment_million_vnd)
SELECT 'DA' || n, 'Dự án ' || n, 300000 FROM generate_series(1, 200) AS n;
INSERT INTO dw.fact_disbursement (voucher_code, project_key, agency_key, disbursed_date_key, amount_vnd, fund_source_code,
    source_updated_at, batch_key)
SELECT 'CT' || n, p.project_key, -1, dw.date_key('2021-11-01'::timestamp + n * interval '30 minutes', -1), 1e9, 'other', now(), 1
FROM generate_series(1, 80000) AS n INNER JOIN dw.dim_investment_project AS p ON p.project_code = 'DA' || (1 + n % 200);
INSERT INTO dw.fact_enterprise_event (event_code, enterprise_key, unit_key, agency_key, effective_date_key,
    event_type_code, event_number, status_code, source_updated_at, batch_key)
SELECT 'E' || n, -1, u.unit_key, -1, dw.date_key('2021-11-01'::timestamp + n * interval '15 minutes', -1),
    (ARRAY['DK', 'TD', 'TN', 'HD', 'GT'])[1 + n % 5], 1, '00', now(), 1
FROM generate_series(1, 170000) AS n INNER JOIN dw.dim_administrative_unit AS u ON u.unit_code = lpad((1 + n % 96)::text, 5, '0');
INSERT INTO dw.fact_population (unit_key, period_code, month_start_date_key, household_count, population_count,
    female_count, source_updated_at, batch_key)
SELECT u.unit_key, to_char(m, 'YYYY"-M"MM'), dw.date_key(m, -1), 4000, 15000, 7400, m, 1
FROM dw.dim_administrative_unit AS u CROSS JOIN generate_series('2021-11-01'::timestamp, '2026-10-01', '1 month') AS m
WHERE u.unit_key > 0;
INSERT INTO dw.fact_health_record (record_code, unit_key, birth_year, has_insurance, examined_date_key, source_updated_at, batch_key)
SELECT 'SK' || n, u.unit_key, 1990, n % 9 > 0, -1, now(), 1
FROM generate_series(1, 1000000) AS n INNER JOIN dw.dim_administrative_unit AS u ON u.unit_code = lpad((1 + n % 96)::text, 5, '0');
INSERT INTO dw.dim_plan_task (task_code, name_vi, deadline_date)
SELECT 'N' || n, 'Nhiệm vụ ' || n, '2026-06-30' FROM generate_series(1, 60) AS n;
"""

_DOSSIERS = """
INSERT INTO dw.fact_dossier (dossier_code, agency_key, procedure_key, unit_key, received_date_key, due_date_key,
    finished_date_key, returned_date_key, batch_key, document_count, digitised_document_count, supplement_count,
    result_count, electronic_result_count, is_on_time, received_at, due_at, finished_at, source_updated_at, status_code, channel_code)
SELECT 'H' || n, a.keys[w.agency], p.keys[w.procedure], u.keys[w.commune],
    dw.date_key(t.received, -1), dw.date_key(t.due, -1), dw.date_key(t.finished, -2),
    -2, 1, 2, abs(hashint8(n * 11)) % 3, abs(hashint8(n * 13)) % 20 / 19, 1, n % 2, t.finished <= t.due,
    t.received, t.due, t.finished, t.received, CASE WHEN t.finished IS NULL THEN '4' ELSE '10' END,
    (1 + abs(hashint8(n * 17)) % 3)::text
FROM generate_series(cast(:first AS bigint), cast(:last AS bigint)) AS n
CROSS JOIN (SELECT array_agg(agency_key ORDER BY agency_code) AS keys FROM dw.dim_agency WHERE agency_key > 0) AS a
CROSS JOIN (SELECT array_agg(procedure_key ORDER BY procedure_code) AS keys FROM dw.dim_procedure WHERE procedure_key > 0) AS p
CROSS JOIN (SELECT array_agg(unit_key ORDER BY unit_code) AS keys FROM dw.dim_administrative_unit WHERE unit_key > 0) AS u
CROSS JOIN LATERAL (
    -- Communes have a hundred procedures for their own people, each department nine for everybody.
    SELECT h.agency, CASE WHEN h.agency > 22 THEN h.agency - 22 ELSE 1 + abs(hashint8(n * 7)) % 96 END AS commune,
        CASE WHEN h.agency > 22 THEN 1 + h.draw % 100 ELSE 91 + h.agency * 9 + h.draw % 9 END AS procedure
    FROM (SELECT 1 + abs(hashint8(n)) % 118 AS agency, abs(hashint8(n * 3)) AS draw) AS h
) AS w
CROSS JOIN LATERAL (
    SELECT r.received, r.received + interval '7 days' AS due,
        CASE WHEN abs(hashint8(n * 19)) % 100 > 1 AND r.received < '2026-11-10'
            THEN r.received + (abs(hashint8(n * 23)) % 12960) * interval '1 minute' END AS finished
    FROM (SELECT '2021-11-20 07:00'::timestamp + (n % 1826) * interval '1 day'
        + (abs(hashint8(n * 29)) % 600) * interval '1 minute' AS received) AS r
) AS t
"""


def main(arguments: Sequence[str]) -> None:
    """Make the world, make the marts, ask each question."""
    count = int(arguments[0]) if arguments else 10_000_000
    console = Console(width=150)
    with temporary_home() as settings:
        server = postgres.ensure_running(settings)
        postgres.ensure_database(server, "questions")
        own = replace(settings, warehouse_url=server.url("questions").render_as_string(hide_password=False))
        engine = open_warehouse(own)
        start = time.monotonic()
        make_world(engine, count)
        made = time.monotonic() - start
        with engine.begin() as db:
            start = time.monotonic()
            refresh_indicators(db, NIGHT, own)
            refreshed = time.monotonic() - start
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.exec_driver_sql("VACUUM ANALYZE")
        console.print(f"{count:,} dossiers made in {made:.0f} s; all marts made in {refreshed:.0f} s")
        bad = ask(engine, console)
        engine.dispose()
    sys.exit(1 if bad else 0)


def make_world(engine: sa.Engine, count: int) -> None:
    """Dimensions, five years of everything, and the dossiers, straight into the star."""
    with engine.begin() as db:
        with db.connection.cursor() as cursor:
            cursor.execute(_WORLD)
        db.exec_driver_sql("SELECT dw.make_months_ahead('2021-11-20', 60)")
        db.exec_driver_sql("ALTER TABLE dw.fact_dossier DROP CONSTRAINT fact_dossier_pkey")
    for first in range(1, count + 1, 1_000_000):
        with engine.begin() as db:
            db.execute(sa.text(_DOSSIERS), {"first": first, "last": min(first + 999_999, count)})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql("ANALYZE")


def ask(engine: sa.Engine, console: Console) -> list[str]:
    """Ask every question; returns those that are slow or scan a fact."""
    table = Table("question", "rows", "best ms", "worst ms", "facts read", title="twenty questions")
    bad = []
    with engine.connect() as db:
        for name in files_in("questions"):
            facts = {
                node["Relation Name"]
                for node in nodes_of(plan_of(db, name, ASKED))
                if node.get("Relation Name", "").startswith("fact_")
            }
            times = []
            for _ in range(_RUNS):
                start = time.monotonic()
                rows = run_file(db, name, **ASKED).all()
                times.append(1000 * (time.monotonic() - start))
            table.add_row(
                Path(name).stem,
                str(len(rows)),
                f"{min(times):.1f}",
                f"{max(times):.1f}",
                ", ".join(facts) or "none",
            )
            if facts or max(times) >= _LIMIT_MS:
                bad.append(name)
    console.print(table)
    return bad
