"""Options that several commands have, and the context that their steps need."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from kho.settings import TIMEZONE, Settings

if TYPE_CHECKING:
    from kho.pipeline import Context


def parse_date(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter("write the date as 2026-01-31") from None


Night = Annotated[
    date | None, typer.Option("--date", parser=parse_date, metavar="YYYY-MM-DD", help="The night; today.")
]
Dataset = Annotated[str | None, typer.Option(help="Of this dataset.")]
Agency = Annotated[str | None, typer.Option(help="Of this agency.")]
Limit = Annotated[int, typer.Option(min=1, help="How many to show.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the decision.")]
By = Annotated[str, typer.Option(help="Who decides; the user of this machine.")]


def tonight() -> date:
    """Today where the data is, whatever the clock of this machine is set to."""
    return datetime.now(ZoneInfo(TIMEZONE)).date()


def context_of(settings: Settings) -> Context:
    """The warehouse, and the sources as the environment names them."""
    from kho.connections import EnvironmentConnections
    from kho.pipeline import Context

    return Context.create(EnvironmentConnections(settings), settings)
