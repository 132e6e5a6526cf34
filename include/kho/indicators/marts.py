"""Bring what is computed from the facts up to the night.

In: the star after all datasets' nights. Out: the marts of dossiers up to the last whole day before the night,
and the configuration by which they are read. Readers are never blocked; a night that loaded nothing new
recomputes nothing.
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


def refresh_dossiers(db: sa.Connection, as_of: date) -> bool:
    """Count dossiers by day, procedure and period up to the day before `as_of`; whether it had to.

    A night that is run again after later ones takes no days away.
    """
    known = run_file(db, "indicators/made_from.sql").one()
    last_day = max(known.last_day, as_of - timedelta(days=1))
    if (known.last_day, known.was_made_from) == (last_day, known.made_from):
        return False
    run_file(db, "indicators/refresh_dossiers.sql", last_day=last_day, made_from=known.made_from)
    return True


def refresh_indicators(db: sa.Connection, as_of: date, settings: Settings) -> None:
    """All that is computed from the facts, as of the night."""
    copy_service_index(db, settings)
    copy_methods(db, settings)
    refresh_dossiers(db, as_of)
    run_file(db, "indicators/refresh_progress.sql")
