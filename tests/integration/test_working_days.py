"""SQL and Python count the same working days, and the warehouse's copy follows the calendar."""

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from kho.calendar import add_working_days, is_working_day, sync_holidays


def test_sql_counts_like_python(empty_warehouse: tuple[Any, Any, sa.Engine]) -> None:
    _, _, engine = empty_warehouse
    first = date(2024, 1, 1)
    days = [first + timedelta(days=n) for n in range(3 * 366)]
    with engine.connect() as db:
        rows = db.execute(
            sa.text(
                "SELECT d, meta.is_working_day(d) AS works, "
                "ARRAY(SELECT meta.add_working_days(d, n) FROM unnest(ARRAY[0, 1, 5, 10]) AS n) AS later "
                "FROM unnest(cast(:days AS date[])) AS d"
            ),
            {"days": days},
        ).all()
    assert [(row.d, row.works, row.later) for row in rows] == [
        (day, is_working_day(day), [add_working_days(day, n) for n in (0, 1, 5, 10)]) for day in days
    ]


def test_a_warehouse_knows_the_calendar_once_it_is_open(empty_warehouse: tuple[Any, Any, sa.Engine]) -> None:
    _, _, engine = empty_warehouse
    with engine.begin() as db:
        assert sync_holidays(db) is False
        name = db.scalar(sa.text("SELECT name_vi FROM meta.holiday WHERE day = '2026-02-17'"))
        assert name == "Tết Nguyên Đán"
        db.execute(sa.text("DELETE FROM meta.holiday WHERE day = '2026-02-17'"))
        db.execute(sa.text("UPDATE meta.calendar_copy SET made_from = 'an older calendar'"))
        assert sync_holidays(db) is True
        assert db.scalar(sa.text("SELECT name_vi FROM meta.holiday WHERE day = '2026-02-17'")) == name
