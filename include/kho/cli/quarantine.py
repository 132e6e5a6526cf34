"""`kho quarantine`: the rows that wait for their owner, and what people decide about them.

In: filters, or the number of a case. Out: tables without personal data, or the lists to mend.
"""

from datetime import date
from getpass import getuser
from pathlib import Path
from typing import Annotated

import typer

from kho.cli.console import out, say, show_step
from kho.cli.options import (
    Agency,
    Dataset,
    Limit,
    Night,
    Number,
    context_of,
    known_filters,
    parse_date,
    tonight,
)
from kho.cli.quarantine_text import print_backlogs, print_case, print_cases, print_files, print_replays
from kho.quality.quarantine import STATES
from kho.settings import get_settings

ALL = "all"

app = typer.Typer(help="The rows that wait for their owner.", no_args_is_help=True)

Rule = Annotated[str | None, typer.Option(help="That break this rule.")]
Status = Annotated[str, typer.Option(help=f"{', '.join(STATES)} or {ALL}.")]


@app.command("list")
def quarantine_list(
    dataset: Dataset = None,
    agency: Agency = None,
    rule: Rule = None,
    status: Status = "open",
    limit: Limit = 50,
) -> None:
    """List quarantined rows, the oldest first; no personal data."""
    from kho.quality.quarantine import list_cases
    from kho.server.warehouse import open_warehouse

    engine = open_warehouse(get_settings())
    known_filters(engine, dataset=dataset, agency=agency, rule=rule)
    count, cases = list_cases(
        engine,
        dataset=dataset,
        agency=agency,
        rule=rule,
        status=None if status == ALL else status,
        limit=limit,
    )
    print_cases(out, count, cases)


@app.command("show")
def quarantine_show(case: Annotated[int, Number]) -> None:
    """Show one row, personal data masked, and what is wrong with it."""
    from kho.quality.quarantine import note_look, show_case
    from kho.server.warehouse import open_warehouse

    engine = open_warehouse(get_settings())
    file = show_case(engine, case)
    note_look(engine, case, f"kho quarantine show, {getuser()}")
    print_case(out, file)


@app.command("files")
def quarantine_files(dataset: Dataset = None, limit: Limit = 50) -> None:
    """List the files that could not be read, the oldest first: where, why, and what its sender should do."""
    from kho.quality.rejected_files import list_rejected_files
    from kho.server.warehouse import open_warehouse

    engine = open_warehouse(get_settings())
    known_filters(engine, dataset=dataset)
    count, files = list_rejected_files(engine, dataset=dataset, limit=limit)
    print_files(out, count, files)


@app.command("waive")
def quarantine_waive(
    case: Annotated[int, Number],
    by: Annotated[str, typer.Option(help="Who decides so.")],
    reason: Annotated[str, typer.Option(help="Why it need not be mended.")],
    until: Annotated[
        date | None,
        typer.Option(parser=parse_date, metavar="YYYY-MM-DD", help="The last day; include/deadlines.yaml."),
    ] = None,
) -> None:
    """Take a row off the list of open ones until a day; it stays out of the warehouse."""
    from kho.quality.quarantine import waive_case
    from kho.server.warehouse import open_warehouse

    ends = waive_case(open_warehouse(get_settings()), case, by, reason, until, tonight())
    out.print(f"case {case} is waived until {ends}", highlight=False)


@app.command("deadlines")
def quarantine_deadlines(dataset: Dataset = None, agency: Agency = None, night: Night = None) -> None:
    """Show what each agency has to mend by when: open, past their deadline, due soon."""
    from kho.quality.case_calendar import list_backlogs
    from kho.server.warehouse import open_warehouse

    engine = open_warehouse(get_settings())
    known_filters(engine, dataset=dataset, agency=agency)
    print_backlogs(out, list_backlogs(engine, night or tonight(), dataset=dataset, agency=agency))


@app.command("export")
def quarantine_export(
    agency: Agency = None,
    night: Night = None,
    folder: Annotated[Path | None, typer.Option(help="Where to; KHO_HOME/reports/<night>/can-sua.")] = None,
) -> None:
    """Write each agency's list of records to mend as an Excel file, without personal data."""
    from kho.report.mend_lists import write_mend_lists
    from kho.server.warehouse import open_warehouse

    settings = get_settings()
    engine = open_warehouse(settings)
    known_filters(engine, agency=agency)
    lists = write_mend_lists(engine, night or tonight(), settings, agency=agency, folder=folder)
    for item in lists:
        say(f"{item.records:>9,}  {item.path}")
    if not lists:
        out.print("nothing is to be mended")


@app.command("replay")
def quarantine_replay(
    dataset: str,
    rule: Rule = None,
    night: Annotated[
        date | None,
        typer.Option("--date", parser=parse_date, metavar="YYYY-MM-DD", help="All that this night brought."),
    ] = None,
    by: Annotated[str, typer.Option(help="Who does it; the user of this machine.")] = "",
    reason: Annotated[str, typer.Option(help="Why; a night's needs one.")] = "",
) -> None:
    """Judge a dataset's open rows, or a whole night, again by today's rules; load what passes."""
    from kho.pipeline import replay
    from kho.quality.quarantine import list_cases

    context = context_of(get_settings())
    known_filters(context.engine, dataset=dataset, rule=rule)
    before, _ = list_cases(context.engine, dataset=dataset, rule=rule, limit=1)
    reason = reason or ("" if night else "rules have changed")
    replay(dataset, context, rule, show_step, night=night, by=by or getuser(), reason=reason)
    after, _ = list_cases(context.engine, dataset=dataset, rule=rule, limit=1)
    out.print(f"{before - after:,} closed, {after:,} still open", highlight=False)


@app.command("replays")
def quarantine_replays(dataset: Dataset = None, limit: Limit = 20) -> None:
    """List the replays, the newest first: who, why, and what they did to cases and scores."""
    from kho.quality.replay_log import list_replays
    from kho.server.warehouse import open_warehouse

    engine = open_warehouse(get_settings())
    known_filters(engine, dataset=dataset)
    print_replays(out, list_replays(engine, dataset, limit))
