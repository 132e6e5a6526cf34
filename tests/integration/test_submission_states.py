"""What a report is on a night, by what is known of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from kho.pipeline import Context
from kho.quality.submissions import list_submissions

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
