"""`kho`, the command line.

In: a command. Out: its result on standard output; what went wrong as one line on standard error, with
exit status 1. `--debug` shows the whole traceback instead.
"""

import os
import sys
from contextlib import suppress
from datetime import date, datetime
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from kho.cli import alerts, anomaly, dataset, gate, privacy, quality, quarantine, rebuild, report, rules
from kho.errors import ConfigurationError, KhoError
from kho.settings import TIMEZONE, get_settings

if TYPE_CHECKING:
    from kho.pipeline import StepResult

DEFAULT_UI_PORT = 8080
INTERRUPTED = 130

app = typer.Typer(
    help="The nightly load of the socio-economic master database.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
sandbox_app = typer.Typer(help="Sources to try with, where there are no real ones.", no_args_is_help=True)
docs_app = typer.Typer(help="Pages about rules and about the warehouse.", no_args_is_help=True)
quarantine_app = typer.Typer(help="The rows that wait for their owner.", no_args_is_help=True)
submissions_app = typer.Typer(help="Who has to report what by when, and who did.", no_args_is_help=True)
app.add_typer(sandbox_app, name="sandbox")
app.add_typer(submissions_app, name="submissions")
app.add_typer(dataset.app, name="dataset")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(rules.app, name="rules")
app.add_typer(gate.app, name="gate")
app.add_typer(report.app, name="report")
app.add_typer(docs_app, name="docs")
app.add_typer(anomaly.app, name="anomaly")
app.add_typer(alerts.app, name="alerts")
app.add_typer(privacy.app, name="privacy")
app.command("rebuild")(rebuild.rebuild)

# A log file or a pipe has no width of its own; tables need one.
out = Console(width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True)


def parse_date(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter("write the date as 2026-01-31") from None


Night = Annotated[
    date | None, typer.Option("--date", parser=parse_date, metavar="YYYY-MM-DD", help="The night; today.")
]


def tonight() -> date:
    """Today where the data is, whatever the clock of this machine is set to."""
    return datetime.now(ZoneInfo(TIMEZONE)).date()


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,  # noqa: ARG001
) -> None:
    """Options of all commands; `--debug` itself is read by `main`."""
    _keep_temporary_files_home()


@app.command()
def nightly(
    night: Night = None,
    size: Annotated[int | None, typer.Option(min=1, help="Dossiers that the sandbox begins with.")] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Minutes for the whole night.")] = 60.0,
) -> None:
    """Run tonight's load of all datasets on Airflow, follow it, and show how it went."""
    from kho.night.nightly import run_night
    from kho.night.outcome import show_causes
    from kho.score import render_scoreboard, scoreboard

    settings = get_settings()
    as_of = night or tonight()
    ended, warehouse = run_night(settings, as_of, out, size=size, timeout_minutes=timeout)
    outcomes = list(ended.datasets)
    render_scoreboard(scoreboard(warehouse, as_of), out)
    show_causes(err, outcomes)
    if ended.nothing_new:
        out.print(f"Nothing new in the night of {as_of}: the warehouse is as it was.")
    _show_report(settings.reports, as_of)
    out.print(f"The night of {as_of} took {ended.seconds:.0f} s.", highlight=False)
    bad = sorted({found.dataset for found in outcomes if found.bad} | set(ended.failed))
    if bad:
        err.print(f"[red]not loaded:[/] {', '.join(bad)}", highlight=False, soft_wrap=True)
        raise typer.Exit(1)


@app.command()
def up() -> None:
    """Start database, sandbox and Airflow with its user interface, and leave them running."""
    from kho.night.airflow_environment import HOST, USER
    from kho.night.sources import open_sources
    from kho.night.standing import standing_port, start_standing
    from kho.server.warehouse import open_warehouse

    settings = get_settings()
    open_warehouse(settings)
    sandbox = open_sources(settings, None, follow=True)
    started = start_standing(settings, ui_port())
    out.print(
        f"Airflow {'is up' if started else 'was up already'}: "
        f"http://{HOST}:{standing_port(settings)}  (user {USER}, password in "
        f"{settings.airflow_home / 'passwords.json'})",
        highlight=False,
        soft_wrap=True,
    )
    out.print(f"Sandbox: {'running' if sandbox else 'not needed, all sources are configured'}")
    out.print("Every night at 01:00; kho nightly runs one now; kho down stops all.")


@app.command()
def down() -> None:
    """Stop Airflow, the sandbox and the embedded databases."""
    from kho.night.sources import close_sources
    from kho.night.standing import stop_standing
    from kho.server import mariadb, postgres

    settings = get_settings()
    for name, stop in (
        ("Airflow", stop_standing),
        ("sandbox", close_sources),
        ("sandbox's MariaDB", mariadb.stop),
        ("database", postgres.stop),
    ):
        out.print(f"{name}: {'stopped' if stop(settings) else 'was not running'}")


@app.command()
def url() -> None:
    """Print the SQLAlchemy URL of the warehouse, password included."""
    from kho.server.warehouse import warehouse_url

    print(warehouse_url(get_settings()).render_as_string(hide_password=False))


@app.command()
def migrate() -> None:
    """Bring the warehouse's schema up to date."""
    from kho.server.warehouse import open_warehouse

    open_warehouse(get_settings())
    out.print("the warehouse's schema is up to date")


@app.command()
def run(dataset: str, night: Night = None) -> None:
    """Run one dataset's night here, without Airflow; the sources as they are."""
    from kho.connections import EnvironmentConnections
    from kho.contracts import load_contract
    from kho.pipeline import Context, run_dataset

    load_contract(dataset)
    context = Context.create(EnvironmentConnections(get_settings()))
    run_dataset(dataset, night or tonight(), context, _show_step)


@app.command()
def score(
    night: Night = None,
    day: Annotated[
        date | None,
        typer.Option(
            "--as-of",
            parser=parse_date,
            metavar="YYYY-MM-DD",
            help="The weighted index of that day, made again.",
        ),
    ] = None,
    weights: Annotated[
        date | None,
        typer.Option(
            "--weights-of", parser=parse_date, metavar="YYYY-MM-DD", help="By the weights of another day."
        ),
    ] = None,
    limit: quality.Limit = 15,
) -> None:
    """Show the night's counts, and the scores by dataset and principle; or the weighted index of a day."""
    from kho.quality.index import index_on
    from kho.score import render_scoreboard, scoreboard
    from kho.server.warehouse import open_warehouse

    if day or weights:
        with open_warehouse(get_settings()).connect() as db:
            weighting, lines = index_on(db, day or tonight(), weights)
        if not lines:
            raise ConfigurationError(
                f"there is no evidence up to {day or tonight()}",
                next_step="run kho nightly, or name another day",
            )
        quality.print_index(out, weighting, lines, limit)
        return
    as_of = night or tonight()
    board = scoreboard(open_warehouse(get_settings()), as_of)
    if not board.lines:
        raise ConfigurationError(
            f"nothing has run up to the night of {as_of}", next_step="run kho nightly, or name --date"
        )
    render_scoreboard(board, out)


@app.command()
def invariants() -> None:
    """Ask what always has to hold in the star, and show what breaks it; status 1 if something does."""
    from kho.connections import EnvironmentConnections
    from kho.pipeline import Context, check_star

    found = check_star(Context.create(EnvironmentConnections(get_settings())))
    quality.print_invariants(out, found)
    if any(one.broken for one in found):
        raise typer.Exit(1)


@docs_app.command("build")
def docs_build(night: Night = None) -> None:
    """Make Great Expectations' pages of all rules and their last results, and print the first one's path."""
    from kho.connections import EnvironmentConnections
    from kho.pipeline import Context, build_docs

    context = Context.create(EnvironmentConnections(get_settings()))
    print(build_docs(night or tonight(), context).message)


@docs_app.command("export")
def docs_export(folder: Path) -> None:
    """Write all suites into FOLDER/gx, as a project that Great Expectations' own tools open."""
    from kho.report.data_docs import export_suites

    print(export_suites(folder, tonight(), get_settings()))


@docs_app.command("warehouse")
def docs_warehouse(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if a page is stale.")] = False,
) -> None:
    """Write the data dictionary, the lineage and the diagram of the star into docs/."""
    from kho.server.warehouse import open_warehouse
    from kho.warehouse_docs.build import stale_pages, write_pages

    settings = get_settings()
    folder = settings.project_root / "docs"
    with open_warehouse(settings).connect() as db:
        if not check:
            for path in write_pages(db, folder):
                print(path)
        elif stale := stale_pages(db, folder):
            raise ConfigurationError(
                f"not what the warehouse is: {', '.join(stale)}",
                where=str(folder),
                next_step="run .venv/bin/kho docs warehouse, and commit the pages",
            )


@app.command()
def doctor() -> None:
    """Check this machine, the database and the connections: one line each."""
    from kho.cli.doctor import examine

    findings = examine(get_settings(), ui_port())
    for finding in findings:
        sign = "[green]ok[/]  " if finding.good else "[red]bad[/] "
        out.print(f"{sign} {finding.subject}: {finding.text}", highlight=False, soft_wrap=True)
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)


@sandbox_app.command("up")
def sandbox_up(
    night: Night = None,
    size: Annotated[int | None, typer.Option(min=1, help="Dossiers to begin with.")] = None,
) -> None:
    """Start the sandbox, turned to a date; it stays."""
    from kho.night.sources import open_sources

    settings = get_settings()
    if open_sources(settings, night or tonight(), size):
        out.print(f"The sandbox is up; {settings.home / 'connections.json'} says where.", soft_wrap=True)
    else:
        out.print("Not started: AIRFLOW_CONN_LGSP and AIRFLOW_CONN_AGENCY_FINANCE name real sources.")


@sandbox_app.command("down")
def sandbox_down() -> None:
    """Stop the sandbox."""
    from kho.night.sources import close_sources

    out.print("stopped" if close_sources(get_settings()) else "was not running")


@submissions_app.command("list")
def submissions_list(
    night: Night = None,
    dataset: quality.Dataset = None,
    agency: quality.Agency = None,
    period: quality.Period = None,
    state: quality.State = None,
    limit: quality.Limit = 50,
) -> None:
    """List the reports that are asked for, as a night saw them: in time, late, not reported, exempt…"""
    from kho.quality.submissions import list_submissions
    from kho.server.warehouse import open_warehouse

    count, found = list_submissions(
        open_warehouse(get_settings()),
        night or tonight(),
        dataset=dataset,
        agency=agency,
        period=period,
        state=state,
        limit=limit,
    )
    quality.print_submissions(out, count, found)


@submissions_app.command("due")
def submissions_due(
    dataset: str,
    night: Night = None,
) -> None:
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


@quarantine_app.command("list")
def quarantine_list(
    dataset: quarantine.Dataset = None,
    agency: quarantine.Agency = None,
    rule: quarantine.Rule = None,
    status: quarantine.Status = "open",
    limit: quarantine.Limit = 50,
) -> None:
    """List quarantined rows, the oldest first; no personal data."""
    from kho.quality.quarantine import list_cases
    from kho.server.warehouse import open_warehouse

    count, cases = list_cases(
        open_warehouse(get_settings()),
        dataset=dataset,
        agency=agency,
        rule=rule,
        status=None if status == quarantine.ALL else status,
        limit=limit,
    )
    quarantine.print_cases(out, count, cases)


@quarantine_app.command("show")
def quarantine_show(case: int) -> None:
    """Show one row, personal data masked, and what is wrong with it."""
    from kho.quality.quarantine import note_look, show_case
    from kho.server.warehouse import open_warehouse

    engine = open_warehouse(get_settings())
    file = show_case(engine, case)
    note_look(engine, case, f"kho quarantine show, {getuser()}")
    quarantine.print_case(out, file)


@quarantine_app.command("files")
def quarantine_files(dataset: quarantine.Dataset = None, limit: quarantine.Limit = 50) -> None:
    """List the files that could not be read, the oldest first: where, why, and what its sender should do."""
    from kho.quality.rejected_files import list_rejected_files
    from kho.server.warehouse import open_warehouse

    count, files = list_rejected_files(open_warehouse(get_settings()), dataset=dataset, limit=limit)
    quarantine.print_files(out, count, files)


@quarantine_app.command("waive")
def quarantine_waive(
    case: int,
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


@quarantine_app.command("deadlines")
def quarantine_deadlines(
    dataset: quarantine.Dataset = None, agency: quarantine.Agency = None, night: Night = None
) -> None:
    """Show what each agency has to mend by when: open, past their deadline, due soon."""
    from kho.quality.case_calendar import list_backlogs
    from kho.server.warehouse import open_warehouse

    engine = open_warehouse(get_settings())
    quarantine.print_backlogs(out, list_backlogs(engine, night or tonight(), dataset=dataset, agency=agency))


@quarantine_app.command("export")
def quarantine_export(
    agency: quarantine.Agency = None,
    night: Night = None,
    folder: Annotated[Path | None, typer.Option(help="Where to; KHO_HOME/reports/<night>/can-sua.")] = None,
) -> None:
    """Write each agency's list of records to mend as an Excel file, without personal data."""
    from kho.report.mend_lists import write_mend_lists
    from kho.server.warehouse import open_warehouse

    settings = get_settings()
    lists = write_mend_lists(
        open_warehouse(settings), night or tonight(), settings, agency=agency, folder=folder
    )
    for item in lists:
        out.print(f"{item.records:>9,}  {item.path}", markup=False, highlight=False, soft_wrap=True)
    if not lists:
        out.print("nothing is to be mended")


@quarantine_app.command("replay")
def quarantine_replay(
    dataset: str,
    rule: quarantine.Rule = None,
    night: Annotated[
        date | None,
        typer.Option("--date", parser=parse_date, metavar="YYYY-MM-DD", help="All that this night brought."),
    ] = None,
    by: quarantine.By = "",
    reason: Annotated[str, typer.Option(help="Why; a night's needs one.")] = "",
) -> None:
    """Judge a dataset's open rows, or a whole night, again by today's rules; load what passes."""
    from kho.connections import EnvironmentConnections
    from kho.pipeline import Context, replay
    from kho.quality.quarantine import list_cases

    settings = get_settings()
    context = Context.create(EnvironmentConnections(settings), settings)
    before, _ = list_cases(context.engine, dataset=dataset, rule=rule, limit=1)
    reason = reason or ("" if night else "rules have changed")
    replay(dataset, context, rule, _show_step, night=night, by=by or getuser(), reason=reason)
    after, _ = list_cases(context.engine, dataset=dataset, rule=rule, limit=1)
    out.print(f"{before - after:,} closed, {after:,} still open", highlight=False)


@quarantine_app.command("replays")
def quarantine_replays(dataset: quarantine.Dataset = None, limit: quarantine.Limit = 20) -> None:
    """List the replays, the newest first: who, why, and what they did to cases and scores."""
    from kho.quality.replay_log import list_replays
    from kho.server.warehouse import open_warehouse

    quarantine.print_replays(out, list_replays(open_warehouse(get_settings()), dataset, limit))


def ui_port() -> int:
    """The port of the user interface, from KHO_UI_PORT."""
    text = os.environ.get("KHO_UI_PORT") or str(DEFAULT_UI_PORT)
    if not text.isdigit() or not 1024 <= int(text) <= 65535:
        raise ConfigurationError(
            f"the port must be a number from 1024 to 65535, not {text!r}",
            where="KHO_UI_PORT",
            next_step="set KHO_UI_PORT to a free port, or unset it",
        )
    return int(text)


def _show_step(result: "StepResult") -> None:
    counts = ", ".join(f"{name} {value:,}" for name, value in result.counts.items())
    text = "  ".join(part for part in (counts, result.message) if part)
    out.print(
        f"{result.step:<9} {result.outcome:<10} {result.seconds:6.1f} s  {text}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _show_report(folder: Path, as_of: date) -> None:
    found = sorted(folder.rglob(f"*{as_of.isoformat()}*.html"))
    if found:
        out.print(f"Report: {found[-1]}", highlight=False, soft_wrap=True)


def _keep_temporary_files_home() -> None:
    """Let libraries, and what they start, put temporary files into the state directory."""
    if os.environ.get("TMPDIR"):
        return
    folder = get_settings().home / "tmp"
    # Where it cannot be made, the command itself says so better.
    with suppress(OSError):
        # Nobody else may look, but the database server that tests start as root has to pass through.
        folder.mkdir(parents=True, exist_ok=True, mode=0o711)
        os.environ["TMPDIR"] = str(folder)


def main() -> None:
    """Run the command line; the entry point of `kho`."""
    debug = "--debug" in sys.argv[1:]
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        app(args=arguments, prog_name="kho")
    except KhoError as error:
        if debug:
            raise
        err.print(f"[red]error:[/] {_escaped(str(error))}", highlight=False, soft_wrap=True)
        raise SystemExit(1) from None
    except SystemExit as leaving:
        if leaving.code == INTERRUPTED:
            err.print("stopped; the same command goes on from there")
        raise


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(" ".join(text.split()))
