"""What the calendar does to the quarantine each night: waivers end, deadlines pass.

In: the warehouse and the night. Out: cases that are open again or marked as expired, each with an event that
says so, and what each agency has to mend by when. A night that is run again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from kho.calendar import add_working_days
from kho.quality.deadlines import load_deadlines
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

SOON = 2
"""Working days within which a deadline counts as near."""


@dataclass(frozen=True, slots=True)
class Turned:
    """How many cases the night opened again, and how many it found past their deadline."""

    reopened: int
    expired: int

    def __str__(self) -> str:
        parts = []
        if self.reopened:
            parts.append(f"{self.reopened} waivers have ended and their cases are open again")
        if self.expired:
            parts.append(f"{self.expired} cases have passed their deadline")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What an agency has to mend in a dataset; `agency_code` is empty for rows of nobody known."""

    dataset: str
    agency_code: str
    open_cases: int
    expired: int
    due_soon: int
    reopened: int
    first_due_on: date | None


def turn_cases(db: sa.Connection, as_of: date) -> Turned:
    """End the waivers and mark the deadlines that are over on the night of `as_of`."""
    run_file(db, "quality/fill_deadlines.sql", working_days=load_deadlines().working_days.critical)
    reopened = run_file(db, "quality/end_waivers.sql", as_of=as_of).rowcount
    expired = run_file(db, "quality/expire_cases.sql", as_of=as_of).rowcount
    return Turned(reopened, expired)


def list_backlogs(
    engine: sa.Engine, as_of: date, *, dataset: str | None = None, agency: str | None = None
) -> tuple[Backlog, ...]:
    """What is to be mended on the night of `as_of`, the nearest deadline first."""
    filters = {"dataset": dataset, "agency": agency, "soon": add_working_days(as_of, SOON)}
    with engine.connect() as db:
        rows = run_file(db, "quality/list_deadlines.sql", as_of=as_of, **filters).mappings()
        return tuple(Backlog(**row) for row in rows)
