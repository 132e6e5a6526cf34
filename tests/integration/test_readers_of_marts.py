"""Whose reading of a mart counts: others', and not the warehouse's own."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from kho import pipeline
from kho.pipeline import Context
from kho.pipeline.night import refresh_marts
from kho.quality.sharing import close_usage, open_usage

from .gates import small_context  # noqa: F401

FIRST, SECOND = date(2026, 11, 20), date(2026, 11, 21)


@pytest.mark.parametrize("reads", [False, True], ids=["nobody", "somebody"])
def test_marts_that_are_refreshed_between_two_nights_are_not_read_by_others(
    context: Context, reads: bool
) -> None:
    with context.engine.begin() as db:
        open_usage(db, FIRST)
    close_usage(context.engine, FIRST)
    refresh_marts(context)
    pipeline.check_star(context)
    with context.engine.begin() as db:
        if reads:
            db.exec_driver_sql("SELECT count(*) FROM mart.dossier_day")
        db.exec_driver_sql("SELECT pg_stat_force_next_flush()")
    with context.engine.begin() as db:
        open_usage(db, SECOND)
        found = db.execute(
            sa.text("SELECT relation FROM meta.mart_usage WHERE as_of = :day AND read_by_others"),
            {"day": SECOND},
        ).scalars()
        assert set(found) == ({"dossier_day"} if reads else set())
