"""What became of each report that the calendar of obligations asks for.

In: the obligations, and what the star holds (`sql/submission/<dataset>.sql`). Out: rows of `dq.submission`,
and for a night what each was: in time, late, not reported, sent but unusable, not due, exempt, or unknown to
us because we could not look. A report of nothing but zeros is a report.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, get_args

import sqlalchemy as sa

from kho.calendar import load_calendar
from kho.contracts import Contract, load_contract
from kho.errors import ConfigurationError
from kho.quality.obligations import Obligation, Obligations, load_obligations, obligations_path
from kho.sql_files import read_sql, run_file

if TYPE_CHECKING:
    from kho.settings import Settings

State = Literal["in_time", "late", "not_reported", "unusable", "unknown", "not_due", "exempt"]
STATES: tuple[str, ...] = get_args(State)


@dataclass(frozen=True, slots=True)
class Submission:
    """One report that is asked for, as a night saw it.

    Attributes:
        late_days: calendar days past the last day, of what came or has not come.
        zero_count: of `row_count` usable rows, those that report zero.
        expected_units: communes it must speak of, None where that is not asked.
    """

    dataset: str
    agency_code: str
    agency_name: str
    period_code: str
    due_on: date
    last_day: date
    state: str
    first_submitted_at: datetime | None
    row_count: int
    zero_count: int
    expected_units: int | None
    reported_units: int | None
    exempt_reason: str | None
    late_days: int


def note_submissions(db: sa.Connection, as_of: date, settings: Settings) -> int:
    """Bring `dq.submission` up to the night of `as_of`; returns how many rows changed.

    Raises:
        ConfigurationError: the calendar of obligations is wrong.
    """
    calendar = load_obligations(obligations_path(settings))
    return sum(_note(db, as_of, calendar, obligation) for obligation in calendar.obligations)


def list_submissions(
    engine: sa.Engine,
    as_of: date,
    *,
    dataset: str | None = None,
    agency: str | None = None,
    period: str | None = None,
    state: str | None = None,
    limit: int = 1_000_000,
) -> tuple[int, tuple[Submission, ...]]:
    """How many obligations the filters let through, and the latest due of them.

    Raises:
        ConfigurationError: there is no such state.
    """
    if state is not None and state not in STATES:
        raise ConfigurationError(
            f"no submission is '{state}'", next_step=f"choose one of: {', '.join(STATES)}"
        )
    with engine.connect() as db:
        rows = run_file(
            db,
            "quality/list_submissions.sql",
            as_of=as_of,
            dataset=dataset,
            agency=agency,
            period=period,
            state=state,
            most=limit,
        ).mappings()
        found = [dict(row) for row in rows]
    total = found[0]["total"] if found else 0
    for row in found:
        del row["total"]
    return total, tuple(Submission(**row) for row in found)


def _note(db: sa.Connection, as_of: date, calendar: Obligations, obligation: Obligation) -> int:
    contract = load_contract(obligation.dataset)
    periods = list(obligation.periods(calendar.since(as_of), as_of, load_calendar()))
    exemptions = [found for found in calendar.exemptions if found.dataset == obligation.dataset]
    db.execute(sa.text("DROP TABLE IF EXISTS pg_temp.reported"))
    query = f"CREATE TEMP TABLE reported ON COMMIT DROP AS {read_sql(f'submission/{contract.dataset}.sql')}"
    statement = sa.text(query)
    owner = {"owner_agency": contract.quality.owner_agency}
    db.execute(statement, {name: owner[name] for name in statement.compile().params})
    result = run_file(
        db,
        "quality/note_submissions.sql",
        dataset=contract.dataset,
        as_of=as_of,
        codes=[period.code for period in periods],
        firsts=[period.first for period in periods],
        lasts=[period.last for period in periods],
        due=[period.due_on for period in periods],
        last_days=[period.last_day for period in periods],
        types=list(obligation.agencies.types),
        agencies=list(obligation.agencies.codes),
        reported_before=obligation.agencies.reported_before,
        leads_task=obligation.agencies.leads_task,
        exempt=[found.agency for found in exemptions],
        exempt_from=[found.valid_from for found in exemptions],
        exempt_to=[found.valid_to for found in exemptions],
        reasons=[found.reason for found in exemptions],
        units=obligation.units,
        is_exact=obligation.times == "exact",
        period_position=_period_position(contract),
    )
    return result.rowcount


def _period_position(contract: Contract) -> int:
    """Where the period stands in the business key; past its end if it is no part of it."""
    names = [column.name for column in contract.key]
    return names.index("period_code") + 1 if "period_code" in names else len(names) + 1
