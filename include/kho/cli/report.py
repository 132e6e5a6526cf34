"""`kho report`: the secretariat's report, and what people decide about it.

In: a night, a draft's id. Out: the files' paths, the list of reports, or a decision, through the same
functions that Airflow's question is answered by.
"""

from getpass import getuser
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from kho.cli.console import out, say
from kho.cli.options import By, Night, Number, Reason, context_of, tonight
from kho.settings import get_settings

if TYPE_CHECKING:
    from kho.pipeline import Context
    from kho.quality.gate import Decision

app = typer.Typer(help="The secretariat's report: write, review, number, send.", invoke_without_command=True)

KINDS = ("daily", "monthly", "quarterly")


def _kind(value: str) -> str:
    if value not in KINDS:
        raise typer.BadParameter(f"one of {', '.join(KINDS)}")
    return value


@app.callback()
def report(
    context: typer.Context,
    night: Night = None,
    kind: Annotated[
        str, typer.Option(callback=_kind, help="daily, or monthly or quarterly until that night.")
    ] = "daily",
) -> None:
    """Write the report of a night in all formats, keep it as a draft, and print the page's path."""
    if context.invoked_subcommand is not None:
        return
    from kho.pipeline import write_report

    print(write_report(night or tonight(), _context(), kind).message)  # type: ignore[arg-type]


@app.command("list")
def report_list(
    state: Annotated[str | None, typer.Option(help="draft, approved, rejected or superseded.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
) -> None:
    """List drafts and reports, the newest first."""
    from kho.report.register import list_registered

    table = Table(box=None, pad_edge=False)
    for name in ("id", "kind", "night", "state", "number", "revises", "decided by", "signed on", "mails"):
        table.add_column(name, overflow="fold")
    for row in list_registered(_context().engine, state, limit):
        table.add_row(
            str(row.report_id),
            row.kind,
            str(row.as_of),
            row.state,
            f"{row.number:02d}/{row.number_year}" if row.number else "",
            str(row.revises or ""),
            row.decided_by or "",
            str(row.signed_on or ""),
            f"{row.sent} sent, {row.unsent} not" if row.sent + row.unsent else "",
        )
    out.print(table)


@app.command("show")
def report_show(report_id: Annotated[int, Number]) -> None:
    """Show a draft's summary, or a report's number, archive and mails."""
    from kho.pipeline import show_draft
    from kho.report.mailing import list_mail
    from kho.report.register import archived_files, read_registered

    context = _context()
    found = read_registered(context.engine, report_id)
    say(f"{found.report_id}: {found.kind}, night of {found.as_of}, {found.state}")
    say(f"data {found.data_sha256}")
    if found.decided_by:
        say(f"{found.state} by {found.decided_by}: {found.reason}")
    if not found.number:
        say(show_draft(report_id, context)["body"])
        return
    say(f"number {found.number}/{found.year}" + (f", revises {found.revises}" if found.revises else ""))
    for name, path in archived_files(found, context.settings).items():
        say(f"  {found.files[name]}  {path}")
    for row in list_mail(context.engine, report_id):
        whose = row.agency_code or "whole report"
        say(f"  {row.state:8} {row.recipient}  {whose}  {row.error or ''}".rstrip())


@app.command("approve")
def report_approve(report_id: Annotated[int, Number], reason: Reason, by: By = "") -> None:
    """Approve a draft: it gets the next number of the year, its files are made and kept."""
    _decide(report_id, "approved", by, reason)


@app.command("reject")
def report_reject(report_id: Annotated[int, Number], reason: Reason, by: By = "") -> None:
    """Reject a draft: it gets no number."""
    _decide(report_id, "rejected", by, reason)


@app.command("send")
def report_send(
    report_id: Annotated[int, Number],
    again: Annotated[bool, typer.Option("--again", help="Those too that were cut off earlier.")] = False,
) -> None:
    """Mail a report in force to those whom include/report.yaml names; who has it gets it no second time."""
    from kho.pipeline import send_report

    say(send_report(report_id, _context(), again=again).message)


@app.command("restore")
def report_restore(report_id: Annotated[int, Number]) -> None:
    """Make the archive of an approved report again from what was kept; the bytes must be the same."""
    from kho.report.register import read_registered, restore_files

    context = _context()
    found = read_registered(context.engine, report_id)
    for path in restore_files(found, context.settings).values():
        say(str(path))


def _decide(report_id: int, decision: "Decision", by: str, reason: str) -> None:
    from kho.pipeline import decide_report

    result = decide_report(
        report_id,
        decision,
        _context(),
        by=by or getuser(),
        reason=reason,
        via="command line",
        on=tonight(),
    )
    say(result.message)


def _context() -> "Context":
    return context_of(get_settings())
