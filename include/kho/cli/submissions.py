"""`kho submissions`: who has to report what by when, and who did.

In: filters, a night. Out: a line for each report that is asked for, or for each period.
"""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from kho.cli.console import out
from kho.cli.options import Agency, Dataset, Limit, Night, known_filters, known_period, tonight
from kho.errors import ConfigurationError
from kho.quality.submissions import STATES, Submission
from kho.settings import get_settings

app = typer.Typer(help="Who has to report what by when, and who did.", no_args_is_help=True)

Period = Annotated[str | None, typer.Option(callback=known_period, help="Of this period, such as 2026-M10.")]
State = Annotated[str | None, typer.Option(help=f"One of {', '.join(STATES)}.")]


@app.command("list")
def submissions_list(
    night: Night = None,
    dataset: Dataset = None,
    agency: Agency = None,
    period: Period = None,
    state: State = None,
    limit: Limit = 50,
) -> None:
    """List the reports that are asked for, as a night saw them: in time, late, not reported, exempt…"""
    from kho.quality.submissions import list_submissions
    from kho.server.warehouse import open_warehouse

    engine = open_warehouse(get_settings())
    known_filters(engine, dataset=dataset, agency=agency)
    count, found = list_submissions(
        engine,
        night or tonight(),
        dataset=dataset,
        agency=agency,
        period=period,
        state=state,
        limit=limit,
    )
    _print(count, found)


@app.command("due")
def submissions_due(dataset: str, night: Night = None) -> None:
    """Show when each period of a dataset is due, and the last day on which it is in time."""
    from kho.calendar import load_calendar
    from kho.quality.obligations import load_obligations, obligations_path

    as_of = night or tonight()
    calendar = load_obligations(obligations_path(get_settings()))
    found = [item for item in calendar.obligations if item.dataset == dataset]
    if not found:
        raise ConfigurationError(f"nobody must report '{dataset}'", next_step="see include/obligations.yaml")
    for item in found:
        for span in item.periods(calendar.since(as_of), as_of, load_calendar()):
            out.print(f"{span.code}  due {span.due_on}  in time until {span.last_day}", highlight=False)


def _print(count: int, found: tuple[Submission, ...]) -> None:
    """Print how many there are, then a line each, the latest due first."""
    shown = f", the latest {len(found)} of them" if len(found) < count else ""
    out.print(f"{count:,} reports are asked for{shown}", highlight=False)
    if not found:
        return
    table = Table(box=None, pad_edge=False)
    for name in (
        "dataset",
        "agency",
        "name",
        "period",
        "due",
        "last day",
        "state",
        "sent",
        "rows",
        "zeros",
        "note",
    ):
        table.add_column(name, overflow="fold", justify="right" if name in ("rows", "zeros") else "left")
    for item in found:
        sent = f"{item.first_submitted_at:%Y-%m-%d %H:%M}" if item.first_submitted_at else ""
        table.add_row(
            item.dataset, escape(item.agency_code), escape(item.agency_name), escape(item.period_code),
            str(item.due_on), str(item.last_day), item.state, sent, str(item.row_count), str(item.zero_count),
            escape(_note(item)),
        )  # fmt: skip
    out.print(table)


def _note(item: Submission) -> str:
    notes = []
    if item.state in ("late", "not_reported"):
        notes.append(f"{item.late_days} days past the last day")
    if item.expected_units is not None and item.reported_units is not None:
        notes.append(f"{item.reported_units} of {item.expected_units} communes")
    if item.exempt_reason:
        notes.append(item.exempt_reason)
    return "; ".join(notes)
