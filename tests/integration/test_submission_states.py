"""What a report is on a night, by what is known of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from kho.pipeline import Context
from kho.quality.submissions import list_submissions, note_submissions

from .gates import small_context  # noqa: F401

NIGHT = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("sent", "exempt", "state"),
    [
        pytest.param("2026-11-04", None, "in_time", id="in time"),
        pytest.param("2026-11-04", "bão", "in_time", id="in time, though it need not"),
        pytest.param("2026-11-09", None, "late", id="late"),
        pytest.param("2026-11-09", "bão", "exempt", id="late, and need not"),
        pytest.param(None, None, "not_reported", id="silent"),
        pytest.param(None, "bão", "exempt", id="silent, and need not"),
    ],
)
def test_an_exemption_excuses_what_is_missing_and_hides_no_report(
    context: Context, sent: str | None, exempt: str | None, state: str
) -> None:
    values: dict[str, Any] = {"sent": sent, "exempt": exempt}
    with context.engine.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO dq.submission (dataset, agency_code, period_code, due_on, last_day, "
                "first_submitted_at, first_seen_on, exempt_reason) VALUES ('indicator_reports', "
                "'000.00.01.H48', '2026-M10', '2026-11-03', '2026-11-05', :sent, cast(:sent AS date), :exempt)"
            ),
            values,
        )
        db.exec_driver_sql(
            "INSERT INTO meta.night (as_of, dataset, outcome) VALUES ('2026-11-19', 'indicator_reports', 'loaded')"
        )
    _, (found,) = list_submissions(context.engine, NIGHT)
    assert (found.state, found.exempt_reason) == (state, exempt)


def test_nothing_is_asked_of_an_agency_for_a_time_before_it_began(context: Context) -> None:
    """Communes of which one was always there, one began on 12 October, one on 1 October; one reported before its day."""
    begun = {
        "old": None,
        "new": date(2026, 10, 12),
        "first": date(2026, 10, 1),
        "earlier": date(2026, 10, 20),
    }
    with context.engine.begin() as db:
        for code, day in begun.items():
            db.execute(
                sa.text(
                    "INSERT INTO dw.dim_agency (agency_code, name_vi, agency_type, stated_from) "
                    "VALUES (:c, :c, 'commune', :d)"
                ),
                {"c": code, "d": day},
            )
        db.exec_driver_sql("INSERT INTO dw.dim_indicator (indicator_code, name_vi) VALUES ('CT', 'x')")
        # The last one is renamed later: its beginning stays that of its first version.
        db.exec_driver_sql("UPDATE dw.dim_agency SET valid_to = '2026-11-09' WHERE agency_code = 'first'")
        db.exec_driver_sql(
            "INSERT INTO dw.dim_agency (agency_code, name_vi, agency_type, valid_from, stated_from) "
            "VALUES ('first', 'Renamed', 'commune', '2026-11-10', '2026-11-10')"
        )
        db.exec_driver_sql(
            "INSERT INTO dw.fact_indicator_value SELECT a.agency_key, i.indicator_key, -1, v.period, 0, -1, 1, 1, 1, "
            "'percent', v.sent::timestamp, TRUE, -1 FROM (VALUES ('old', '2026-M08', '2026-09-02'), "
            "('new', '2026-M10', '2026-11-03'), ('earlier', '2026-M09', '2026-10-02')) AS v (code, period, sent) "
            "INNER JOIN dw.dim_agency AS a ON v.code = a.agency_code "
            "INNER JOIN dw.dim_indicator AS i ON i.indicator_code = 'CT'"
        )
        # What was asked of it before the update, and a night that looked.
        db.exec_driver_sql(
            "INSERT INTO dq.submission (dataset, agency_code, period_code, due_on, last_day) "
            "VALUES ('indicator_reports', 'new', '2026-M09', '2026-10-05', '2026-10-07')"
        )
        db.exec_driver_sql(
            "INSERT INTO meta.night (as_of, dataset, outcome) VALUES ('2026-11-19', 'indicator_reports', 'loaded')"
        )
        note_submissions(db, NIGHT, context.settings)
    _, found = list_submissions(context.engine, NIGHT, dataset="indicator_reports")
    states: dict[str, dict[str, str]] = {}
    for item in found:
        states.setdefault(item.agency_code, {})[item.period_code] = item.state
    assert states == {
        "old": {"2026-M08": "in_time", "2026-M09": "not_reported", "2026-M10": "not_reported"},
        # The month in which it began it need not report; it did, and that counts.
        "new": {"2026-M10": "in_time"},
        "first": {"2026-M10": "not_reported"},
        "earlier": {"2026-M09": "in_time", "2026-M10": "not_reported"},
    }
    with context.engine.begin() as db:
        db.exec_driver_sql("DELETE FROM dw.fact_indicator_value WHERE period_code = '2026-M10'")
        db.exec_driver_sql("DELETE FROM dq.submission WHERE agency_code = 'new'")
        note_submissions(db, NIGHT, context.settings)
    _, (item,) = list_submissions(context.engine, NIGHT, agency="new")
    assert (item.state, item.exempt_reason) == (
        "exempt",
        "Cơ quan bắt đầu hoạt động trong kỳ, từ ngày 12/10/2026",
    )


def test_a_lead_agency_is_asked_though_it_has_never_reported(context: Context) -> None:
    """LEAD and NEXT each lead an open task, the latter since 15 September. OLD led one that is NEW's since October,
    PART one that is HEIR's, who had led another until it was done."""
    tasks = {
        "LEAD": ("2026-02-27", None, None), "NEXT": ("2026-09-15", None, None), "OLD": ("2026-02-27", None, None),
        "DONE": ("2026-02-27", "HT", None), "GONE": ("2026-02-27", None, "2026-06-01"), "REPORTS": (None, "DTH", None),
        "PART": ("2026-02-27", None, None), "HEIR": ("2026-02-27", "HT", None),
    }  # fmt: skip
    with context.engine.begin() as db:
        for code in (*tasks, "NEW", "OTHER"):
            db.execute(
                sa.text("INSERT INTO dw.dim_agency (agency_code, name_vi) VALUES (:c, :c)"), {"c": code}
            )
        db.exec_driver_sql(
            "UPDATE dw.dim_agency SET retired_on = '2026-10-01' WHERE agency_code IN ('OLD', 'PART')"
        )
        db.exec_driver_sql(
            "INSERT INTO dw.bridge_agency_succession (old_agency_name, old_agency_code, new_agency_code, "
            "effective_date, succession_kind) VALUES ('x', 'OLD', 'NEW', '2026-10-01', 'merged'), "
            "('y', 'PART', 'HEIR', '2026-10-01', 'merged')"
        )
        # What was due before that day was asked of the successors too, of one of them rightly.
        db.exec_driver_sql(
            "INSERT INTO dq.submission (dataset, agency_code, period_code, due_on, last_day) "
            "SELECT 'plan_task_progress', a, '2026-M07', '2026-08-05', '2026-08-07' "
            "FROM unnest(ARRAY['NEW', 'HEIR']) AS a"
        )
        for code, (assigned, progress, retired) in tasks.items():
            at = {"c": code, "d": assigned, "p": progress, "r": retired}
            db.execute(
                sa.text(
                    "INSERT INTO dw.dim_plan_task (task_code, name_vi, retired_on) VALUES (:c, :c, cast(:r AS date))"
                ),
                at,
            )
            of = "FROM dw.dim_plan_task AS t INNER JOIN dw.dim_agency AS a ON t.task_code = a.agency_code WHERE t.task_code = :c"
            db.execute(
                sa.text(
                    "INSERT INTO dw.fact_task_status SELECT t.task_key, dw.date_key(cast(:d AS date), -1), 'assigned', "
                    f"-2, a.agency_key, -1 {of} AND :d IS NOT NULL"
                ),
                at,
            )
            db.execute(
                sa.text(
                    "INSERT INTO dw.fact_plan_task_progress SELECT t.task_key, a.agency_key, '2026-M08', -1, 50, :p, "
                    f"NULL, -2, '2026-09-03', -1 {of} AND :p IS NOT NULL"
                ),
                at,
            )
        # Somebody else has said that the task of DONE is done.
        db.exec_driver_sql(
            "UPDATE dw.fact_plan_task_progress SET agency_key = (SELECT agency_key FROM dw.dim_agency "
            "WHERE agency_code = 'OTHER') WHERE status_code = 'HT'"
        )
        note_submissions(db, NIGHT, context.settings)
    _, found = list_submissions(context.engine, NIGHT, dataset="plan_task_progress")
    asked: dict[str, list[str]] = {}
    for item in found:
        asked.setdefault(item.agency_code, []).append(item.period_code)
    assert {code: sorted(periods) for code, periods in asked.items()} == {
        "LEAD": ["2026-M08", "2026-M09", "2026-M10"],
        "NEXT": ["2026-M10"],
        # What is due on the day it took over or later; the months before were the other's.
        "NEW": ["2026-M09", "2026-M10"],
        "HEIR": ["2026-M07", "2026-M09", "2026-M10"],
        "REPORTS": ["2026-M08", "2026-M09", "2026-M10"],
        "OTHER": ["2026-M08", "2026-M09", "2026-M10"],
    }
