"""`kho nightly` and `kho run`: tonight's load, of all datasets on Airflow or of one without it.

In: a night. Out: how it went; exit status 1 if a dataset was not loaded.
"""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from kho.cli.console import err, out, show_step
from kho.cli.options import Night, context_of, tonight
from kho.settings import get_settings


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


def run(dataset: str, night: Night = None) -> None:
    """Run one dataset's night here, without Airflow; the sources as they are."""
    from kho.contracts import load_contract
    from kho.pipeline import run_dataset

    load_contract(dataset)
    run_dataset(dataset, night or tonight(), context_of(get_settings()), show_step)


def _show_report(folder: Path, as_of: date) -> None:
    found = sorted(folder.rglob(f"*{as_of.isoformat()}*.html"))
    if found:
        out.print(f"Report: {found[-1]}", highlight=False, soft_wrap=True)
