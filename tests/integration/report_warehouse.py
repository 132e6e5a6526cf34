"""A warehouse with two small nights in it: every number of the report is known beforehand."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import sqlalchemy as sa

from kho.contracts import load_contract
from kho.quality.index import index_night
from kho.settings import get_settings
from kho.sql_files import run_file

NIGHT = date(2026, 11, 20)
BEFORE = NIGHT - timedelta(days=1)
DOSSIERS, VOUCHERS = "public_service_dossiers", "investment_disbursements"
HEALTH, FINANCE = "000.00.11.H48", "000.00.05.H48"
HOSTILE = (
    "<script>alert(1)</script>\u202egnp.exe\u2066<img src=x onerror=alert(2)>'\"&{{ 7*7 }}" + "Ặ" * 10_000
)


def fill_two_nights(db: sa.Connection) -> None:
    """Two nights of two datasets; the finance agency's database is down in the second."""
    add_agency(db, HEALTH, "Sở Y tế")
    add_agency(db, FINANCE, "Sở Tài chính")
    add_rule(db, DOSSIERS, "code_format", "correct", "critical", "Mã hồ sơ sai cấu trúc", "Cấp lại mã")
    add_rule(db, DOSSIERS, "name_nfc", "clean", "warning", "Tên chưa dựng sẵn", "Chuẩn hoá Unicode")
    add_load(db, DOSSIERS, BEFORE, fetched=1_000, quarantined=10, duplicates=0)
    add_result(db, DOSSIERS, BEFORE, "code_format", HEALTH, 1_000, 10)
    add_score(db, DOSSIERS, BEFORE)
    add_load(db, VOUCHERS, BEFORE, fetched=40, quarantined=0, duplicates=0)
    add_result(db, VOUCHERS, BEFORE, "amount_positive", FINANCE, 40, 0)
    add_score(db, VOUCHERS, BEFORE)
    add_load(db, DOSSIERS, NIGHT, fetched=2_345, quarantined=300, duplicates=45)
    add_result(db, DOSSIERS, NIGHT, "code_format", HEALTH, 1_200, 300)
    add_result(db, DOSSIERS, NIGHT, "code_format", FINANCE, 1_100, 0)
    add_result(db, DOSSIERS, NIGHT, "code_format", "", 45, 0)
    add_result(db, DOSSIERS, NIGHT, "name_nfc", HEALTH, 1_200, 7)
    add_score(db, DOSSIERS, NIGHT)
    add_night(db, VOUCHERS, NIGHT, "failed", fault="gateway_down", message="no answer after 5 tries")
    add_waiting(db, DOSSIERS, BEFORE, "code_format", HEALTH, 10, seen=NIGHT - timedelta(days=12))
    add_waiting(db, DOSSIERS, NIGHT, "code_format", HEALTH, 300, seen=NIGHT)
    add_waiting(db, DOSSIERS, NIGHT, "code_format", "", 2, seen=NIGHT)
    db.execute(
        sa.text(
            "INSERT INTO dq.submission "
            "(dataset, agency_code, period_code, due_on, first_submitted_at) VALUES "
            "('indicator_reports', :health, '2026-M09', '2026-10-03', NULL), "
            "('indicator_reports', :health, '2026-M10', '2026-11-03', '2026-11-02'), "
            "('indicator_reports', :finance, '2026-M11', '2026-12-03', NULL)"
        ),
        {"health": HEALTH, "finance": FINANCE},
    )
    # The reports were looked for after they were due, in a night that is over.
    add_night(db, "indicator_reports", BEFORE, "unchanged")
    add_plan_tasks(db)
    for night in (BEFORE, NIGHT):
        index_night(db, night, get_settings())


def batch_of(dataset: str, night: date) -> str:
    return f"{dataset}-{night:%Y%m%d}-abc"


def add_agency(db: sa.Connection, code: str, name: str) -> None:
    db.execute(
        sa.text("INSERT INTO dw.dim_agency (agency_code, name_vi, short_name) VALUES (:c, :n, :n)"),
        {"c": code, "n": name},
    )


def add_rule(db: sa.Connection, dataset: str, rule_id: str, *texts: str) -> None:
    db.execute(
        sa.text("INSERT INTO dq.rule VALUES (:d, :r, :principle, :severity, :title, :remedy)"),
        {
            "d": dataset,
            "r": rule_id,
            **dict(zip(("principle", "severity", "title", "remedy"), texts, strict=True)),
        },
    )


def add_night(
    db: sa.Connection,
    dataset: str,
    night: date,
    outcome: str,
    *,
    fault: str | None = None,
    message: str | None = None,
    batch: str | None = None,
) -> None:
    run_file(
        db,
        "quality/record_night.sql",
        as_of=night,
        dataset=dataset,
        outcome=outcome,
        fault=fault,
        message=message,
        next_step=None,
        batch_id=batch,
    )


def add_load(
    db: sa.Connection, dataset: str, night: date, *, fetched: int, quarantined: int, duplicates: int
) -> None:
    batch, accepted = batch_of(dataset, night), fetched - quarantined - duplicates
    db.execute(
        sa.text(
            "INSERT INTO meta.batch (batch_id, dataset, as_of, status, content_sha256, contract_version, "
            "fetched, requests, raw_path) VALUES (:b, :d, :n, 'loaded', 'x', '1.0.0', :f, 20, 'x')"
        ),
        {"b": batch, "d": dataset, "n": night, "f": fetched},
    )
    db.execute(
        sa.text(
            "INSERT INTO dq.reconciliation (dataset, batch_id, fetched, duplicates, quarantined, accepted, "
            "loaded) VALUES (:d, :b, :f, :dup, :q, :a, :a)"
        ),
        {"d": dataset, "b": batch, "f": fetched, "dup": duplicates, "q": quarantined, "a": accepted},
    )
    add_night(db, dataset, night, "loaded", batch=batch)


def add_result(
    db: sa.Connection, dataset: str, night: date, rule_id: str, agency: str, evaluated: int, failed: int
) -> None:
    severity = "warning" if rule_id == "name_nfc" else "critical"
    db.execute(
        sa.text("INSERT INTO dq.rule_result VALUES (:d, :b, :r, :p, :s, :a, :e, :f)"),
        {
            "d": dataset,
            "b": batch_of(dataset, night),
            "r": rule_id,
            "p": "clean" if rule_id == "name_nfc" else "correct",
            "s": severity,
            "a": agency,
            "e": evaluated,
            "f": failed,
        },
    )
    db.execute(
        sa.text("INSERT INTO dq.judged_agency VALUES (:d, :a, :n, :b) ON CONFLICT DO NOTHING"),
        {"d": dataset, "a": agency, "n": night, "b": batch_of(dataset, night)},
    )


def add_score(db: sa.Connection, dataset: str, night: date) -> None:
    midnight = datetime.combine(night, datetime.min.time())
    batch = {"as_of": night, "dataset": dataset, "batch_id": batch_of(dataset, night)}
    owner = load_contract(dataset).quality.owner_agency
    run_file(db, "quality/note_batch_evidence.sql", **batch, newest=midnight, fresh_days=0, owner=owner)
    run_file(db, "quality/score_night.sql", **batch)


def add_waiting(
    db: sa.Connection, dataset: str, night: date, rule_id: str, agency: str, rows: int, *, seen: date
) -> None:
    db.execute(
        sa.text(
            "INSERT INTO dq.quarantine (dataset, business_key, batch_id, failed_rules, raw, raw_md5, "
            "agency_code, first_seen_on, last_seen_batch_id) "
            "SELECT :d, :a || n, :b, ARRAY[:r], '{}', md5(:a || n || :seen), :a, cast(:seen AS date), :b "
            "FROM generate_series(1, :n) AS n"
        ),
        {
            "d": dataset,
            "b": batch_of(dataset, night),
            "r": rule_id,
            "a": agency,
            "n": rows,
            "seen": seen.isoformat(),
        },
    )


def add_plan_tasks(db: sa.Connection) -> None:
    """Two tasks of the plan of another province: one past its deadline, one not."""
    for number, deadline in ((1, NIGHT - timedelta(days=1)), (2, NIGHT)):
        key = db.scalar(
            sa.text(
                "INSERT INTO dw.dim_plan_task (task_code, name_vi, lead_agency_raw, deadline_date, "
                "plan_code, province_code, source_document) "
                "VALUES (:c, 'Xây dựng kế hoạch', 'Sở Nội vụ', :d, 'KH1534', '49', '1534/KH-UBND') "
                "RETURNING task_key"
            ),
            {"c": f"KH1534-NV-0{number}", "d": deadline},
        )
        db.execute(
            sa.text("INSERT INTO dw.fact_task_status VALUES (:k, 20250227, 'assigned', -2, -1, 1)"),
            {"k": key},
        )
