"""What spans datasets: the star brought up to date, the report, lists to mend, the rules' pages.

In: the night, once all its datasets have finished, well or badly. Out: a `StepResult` for each step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.errors import SourceUnavailable
from kho.pipeline.context import Clock, Context, StepResult
from kho.sql_files import run_file

if TYPE_CHECKING:
    from datetime import date

    from kho.quality.invariants import Invariant
    from kho.report.periods import Kind


def build_star(as_of: date, context: Context) -> StepResult:
    """Bring what spans datasets up to date: deadlines, marts, indicators, submissions, measures, scores.

    The star's invariants are asked once the marts are fresh; the message says which are broken.
    """
    from kho.indicators.marts import refresh_indicators
    from kho.load.reference_dimensions import copy_dimensions
    from kho.quality.case_calendar import turn_cases
    from kho.quality.classifications import copy_classifications
    from kho.quality.invariants import note_invariants, said_of
    from kho.quality.measure import measure_night
    from kho.quality.sharing import open_usage
    from kho.quality.submissions import note_submissions

    clock = Clock("star", "build_star")
    with context.engine.begin() as db:
        open_usage(db, as_of)
    with context.engine.begin() as db:
        copy_classifications(db)
        copy_dimensions(db, context.settings)
        turned = turn_cases(db, as_of)
        run_file(db, "mart/make_months_ahead.sql", as_of=as_of)
        run_file(db, "mart/refresh.sql")
        refresh_indicators(db, as_of, context.settings)
        invariants = note_invariants(db, as_of)
        note_submissions(db, as_of, context.settings)
        measure_night(db, as_of, context.settings)
    return clock.result(None, message="; ".join(filter(None, (str(turned), said_of(invariants)))))


def refresh_marts(context: Context) -> None:
    """Bring the marts up to what the star says now, for the last night that was; measures nothing."""
    from kho.indicators.marts import refresh_indicators
    from kho.quality.sharing import own_reading

    with own_reading(context.engine) as db:
        last = db.scalar(sa.text("SELECT max(as_of) FROM meta.night"))
        run_file(db, "mart/refresh.sql")
        if last is not None:
            refresh_indicators(db, last, context.settings)


def check_star(context: Context) -> tuple[Invariant, ...]:
    """Ask every invariant of the star now; nothing that they say is written down."""
    from kho.quality.invariants import check_invariants
    from kho.quality.sharing import own_reading

    with own_reading(context.engine) as db:
        return check_invariants(db)


def write_report(as_of: date, context: Context, kind: Kind = "daily") -> StepResult:
    """Write the report of the night, or of its month or quarter; the message is the page's path.

    Files that tell the same data already are left alone.
    """
    from kho.quality.sharing import close_usage
    from kho.report.files import write_report_files

    clock = Clock("quality_report", "write_report")
    files = write_report_files(context.engine, as_of, context.settings, kind)
    close_usage(context.engine, as_of)
    outcome = "done" if files.made else "unchanged"
    return clock.result(None, outcome, message=str(files.paths["html"]))


def write_lists(as_of: date, context: Context, agency: str | None = None) -> StepResult:
    """Write each agency's list of records to mend, as Excel files; the message says where."""
    from kho.report.mend_lists import lists_folder, write_mend_lists

    clock = Clock("quality_report", "write_lists")
    lists = write_mend_lists(context.engine, as_of, context.settings, agency=agency)
    return clock.result(
        None,
        counts={"files": len(lists), "records": sum(item.records for item in lists)},
        message=str(lists_folder(context.settings, as_of)),
    )


def build_docs(as_of: date, context: Context) -> StepResult:
    """Make Great Expectations' pages of all rules and their last results; the message is the first page."""
    from kho.report.data_docs import build_data_docs

    clock = Clock("quality_report", "build_docs")
    path = build_data_docs(context.engine, as_of, context.settings)
    return clock.result(None, message=str(path))


def retain(today: date, context: Context, *, dry_run: bool = False) -> StepResult:
    """Remove what is kept longer than its term; in a dry run the counts say what would go."""
    from kho.privacy.retention import remove_expired

    clock = Clock("retention", "retain")
    found = remove_expired(context.engine, context.settings, today, dry_run=dry_run)
    said = "nothing was removed: a dry run" if dry_run else ""
    return clock.result(None, counts={**found.counts(), "kept_batches": len(found.kept)}, message=said)


def send_alerts(context: Context, *, dry_run: bool = False) -> StepResult:
    """Tell people what is wrong and what is over, each thing once (`include/alerts.yaml`).

    Args:
        dry_run: change nothing and send nothing; the message says what would be sent.

    Raises:
        SourceUnavailable: some messages did not get through; the next run tries them again.
        ConfigurationError: the configuration is wrong.
    """
    from datetime import UTC, datetime

    from kho.alerts.step import send_alerts

    clock = Clock("alerts", "send")
    sent = send_alerts(
        context.engine, context.settings, context.connections, datetime.now(UTC), dry_run=dry_run
    )
    if sent.busy:
        return clock.result(None, outcome="unchanged", message="another process is sending")
    if sent.failed:
        raise SourceUnavailable(
            f"{len(sent.failed)} messages did not get through: {'; '.join(sorted(set(sent.failed)))}",
            next_step="check the connections that include/alerts.yaml names; kho alerts list",
        )
    counts = {"standing": sent.standing, "resolved": sent.resolved, "messages": len(sent.messages)}
    told = "\n\n".join(f"{who}\n{message.subject}\n{message.text}" for who, message in sent.messages)
    return clock.result(None, counts=counts, message=told if dry_run else "")
