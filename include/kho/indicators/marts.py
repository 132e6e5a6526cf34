"""Bring what is computed from the facts up to the night.

In: the star after all datasets' nights. Out: the marts up to the last whole day before the night, and the
configuration by which they are read. Readers are never blocked; a night that loaded nothing new recomputes
nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kho.indicators.methods import copy_methods
from kho.indicators.service_index import copy_service_index
from kho.sql_files import run_file

if TYPE_CHECKING:
    from datetime import date

    import sqlalchemy as sa

    from kho.settings import Settings

_IN_ORDER = ("refresh_dossiers", "refresh_marts", "refresh_progress")


def refresh_indicators(db: sa.Connection, as_of: date, settings: Settings) -> bool:
    """Make all marts tell up to the day before `as_of`; whether there was anything to do.

    A night that is run again after later ones takes no days away.
    """
    copy_service_index(db, settings)
    methods = copy_methods(db, settings)
    known = run_file(db, "indicators/made_from.sql").one()
    last_day = max(known.last_day, as_of - timedelta(days=1))
    made_from = f"{known.made_from} {methods}"
    if (known.last_day, known.was_made_from) == (last_day, made_from):
        return False
    for name in _IN_ORDER:
        run_file(db, f"indicators/{name}.sql", last_day=last_day, made_from=made_from)
    return True
