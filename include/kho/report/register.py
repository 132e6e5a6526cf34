"""The life of a report: drafted, decided on by a person, numbered, kept.

In: `dq.report` and the documents in it. Out: drafts and reports in force. A person decides about exactly what
was drafted; what is approved gets the next number of its year in the transaction that keeps it, and its files
are never made again otherwise.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kho.errors import ConfigurationError, FatalError
from kho.report.differences import changes_section
from kho.report.files import FORMATS, render, replace_file
from kho.report.identity import files_sha256
from kho.report.stored import as_text, from_text
from kho.report.vietnamese import letter_date
from kho.sql_files import run_file

if TYPE_CHECKING:
    from datetime import date, datetime

    import sqlalchemy as sa

    from kho.report.document import Document
    from kho.settings import Settings

ARCHIVE = "luu-tru"
Decision = Literal["approved", "rejected"]
Via = Literal["airflow", "command line"]


@dataclass(frozen=True)
class Registered:
    """A draft or a report.

    Attributes:
        number: '05', empty for a draft or a rejected one.
        revises: the number of the report that it takes the place of.
        files: the archive's files by format, with their sha256; empty for a draft.
    """

    report_id: int
    kind: str
    as_of: date
    state: str
    number: str
    year: int | None
    revises: str
    data_sha256: str
    document: Document
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    files: Mapping[str, str]


def note_draft(db: sa.Connection, document: Document) -> int | None:
    """Keep a document as the draft of its kind and night; returns its id.

    None if a person has decided about the same data: there is nothing to decide. A draft that differs from
    the report in force becomes its revision.
    """
    run_file(db, "report_life/lock_reports.sql")
    what = {"kind": document.kind, "as_of": document.as_of}
    standing = {row.state: row for row in run_file(db, "report_life/standing.sql", **what)}
    old = standing.get("approved")
    settled = (old, standing.get("rejected"))
    if any(one is not None and one.data_sha256 == document.data_sha256 for one in settled):
        run_file(db, "report_life/drop_draft.sql", **what)
        return None
    if old is not None:
        document = replace(document, changes=changes_section(from_text(old.document), document))
    found = run_file(
        db,
        "report_life/draft.sql",
        **what,
        revises=old.report_id if old is not None else None,
        data_sha256=document.data_sha256,
        document=as_text(document),
    ).scalar_one()
    return int(found)


def decide_report(
    engine: sa.Engine,
    report_id: int,
    decision: Decision,
    settings: Settings,
    *,
    by: str,
    reason: str,
    via: Via,
    on: date,
    data_sha256: str | None = None,
) -> Registered:
    """Approve or reject a draft; approving numbers it, makes its files and keeps them.

    Args:
        on: the day of the decision: the document's date, and the year that it is numbered in.
        data_sha256: what the person saw; a draft of other data is not decided on.

    Raises:
        FatalError: it is no draft any more, or not the one that was seen.
    """
    if not reason.strip():
        raise ConfigurationError("a decision needs a reason", next_step="say why, with --reason")
    with engine.begin() as db:
        run_file(db, "report_life/lock_reports.sql")
        found = _read(db, report_id)
        _check_draft(found, data_sha256)
        values: dict[str, Any] = {"year": None, "number": None, "signed_on": None, "files": None}
        document = found.document
        if decision == "approved":
            number = int(run_file(db, "report_life/take_number.sql", year=on.year).scalar_one())
            document = replace(document, number=f"{number:02d}", dated=letter_date(on))
            # The number is nobody's until the transaction ends: what a killed run left there is replaced.
            files = _keep(document, on.year, settings)
            values = {"year": on.year, "number": number, "signed_on": on, "files": json.dumps(files)}
            revised = run_file(db, "report_life/get.sql", report_id=report_id).one().revises
            if revised is not None:
                run_file(db, "report_life/supersede.sql", report_id=revised)
        run_file(
            db,
            "report_life/decide.sql",
            report_id=report_id,
            state=decision,
            decided_by=by,
            reason=reason.strip(),
            via=via,
            document=as_text(document),
            **values,
        ).one()
        return _read(db, report_id)


def read_registered(engine: sa.Engine, report_id: int) -> Registered:
    """A draft or report by its id.

    Raises:
        FatalError: there is none.
    """
    with engine.connect() as db:
        return _read(db, report_id)


def draft_of(engine: sa.Engine, kind: str, as_of: date) -> int | None:
    """The id of the draft of a kind and night; None if there is none."""
    with engine.connect() as db:
        rows = run_file(db, "report_life/standing.sql", kind=kind, as_of=as_of)
        return next((row.report_id for row in rows if row.state == "draft"), None)


def list_registered(engine: sa.Engine, state: str | None = None, most: int = 50) -> list[sa.Row[Any]]:
    """Drafts and reports, the newest first, with how many of their mails were sent."""
    with engine.connect() as db:
        return list(run_file(db, "report_life/list.sql", state=state, most=most))


def archived_files(found: Registered, settings: Settings) -> dict[str, Path]:
    """The files of a report in the archive.

    Raises:
        FatalError: it has none, or one is not what was approved.
    """
    if not found.number or found.year is None:
        raise FatalError(f"report {found.report_id} has no files", next_step="approve it: kho report approve")
    paths = _paths(found.document, found.year, settings)
    try:
        now = files_sha256(paths)
    except FileNotFoundError:
        now = {}
    if now != dict(found.files):
        raise FatalError(
            f"the archive of report {found.number}/{found.year} is not what was approved",
            where=str(paths["pdf"].parent),
            next_step=f"restore it from a copy, or make it again: kho report restore {found.report_id}",
        )
    return paths


def restore_files(found: Registered, settings: Settings) -> dict[str, Path]:
    """Make the files of an approved report again from what was kept; they must be the same bytes.

    Raises:
        FatalError: they are not: the program that made them was another.
    """
    if found.number and found.year is not None:
        _keep(found.document, found.year, settings)
    return archived_files(found, settings)


def _check_draft(found: Registered, data_sha256: str | None) -> None:
    if found.state != "draft":
        who = f"{found.state} by {found.decided_by}" if found.decided_by else found.state
        raise FatalError(f"report {found.report_id} is no draft: {who}", next_step="kho report list")
    if data_sha256 is not None and data_sha256 != found.data_sha256:
        raise FatalError(
            f"draft {found.report_id} has changed since it was shown",
            next_step=f"look at it again: kho report show {found.report_id}",
        )


def _keep(document: Document, year: int, settings: Settings) -> dict[str, str]:
    paths = _paths(document, year, settings)
    shutil.rmtree(paths["pdf"].parent, ignore_errors=True)
    for name, path in paths.items():
        replace_file(path, render(name, document, settings))
    return files_sha256(paths)


def _paths(document: Document, year: int, settings: Settings) -> dict[str, Path]:
    folder = settings.reports / ARCHIVE / str(year) / document.number
    return {name: folder / f"bao-cao-so-{document.number}-{year}.{name}" for name in FORMATS}


def _read(db: sa.Connection, report_id: int) -> Registered:
    row = run_file(db, "report_life/get.sql", report_id=report_id).one_or_none()
    if row is None:
        raise FatalError(f"there is no report {report_id}", next_step="kho report list")
    return Registered(
        report_id=row.report_id,
        kind=row.kind,
        as_of=row.as_of,
        state=row.state,
        number=f"{row.number:02d}" if row.number else "",
        year=row.number_year,
        revises=f"{row.revised_number:02d}/{row.revised_year}" if row.revised_number else "",
        data_sha256=row.data_sha256,
        document=from_text(row.document),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        files=row.files or {},
    )
