"""Options that several commands have, what they may say, and the context that their steps need.

A filter that names nothing there is would find nothing, which reads as "all is well": it is refused, with
what comes near it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from kho.errors import ConfigurationError
from kho.settings import TIMEZONE, Settings

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.pipeline import Context

_YEARS = range(1900, 2201)
_LARGEST = 2**63 - 1
"""The largest number that the warehouse can hold."""

_PERIOD = re.compile(r"[0-9]{4}(-(M(0[1-9]|1[0-2])|Q[1-4]))?")
_MONTHS = re.compile(r"(?P<year>[0-9]{4})\W?[MmTt]?(?P<month>[0-9]{1,2})")
_QUARTERS = re.compile(r"(?P<year>[0-9]{4})\W?[Qq](?P<quarter>[1-4])")


def parse_date(value: str) -> date:
    try:
        return in_reach(date.fromisoformat(value))
    except ValueError:
        raise typer.BadParameter("write the date as 2026-01-31") from None


def in_reach(day: date) -> date:
    """A day that calendars can be asked about; BadParameter if it lies centuries away."""
    if day.year not in _YEARS:
        raise typer.BadParameter(f"{day} is not between {_YEARS[0]} and {_YEARS[-1]}")
    return day


def known_number(value: int) -> int:
    """A number that may be one of the warehouse's; ConfigurationError if it is too large to be."""
    if abs(value) > _LARGEST:
        raise ConfigurationError(f"there is no number {value}", next_step="take it from a list")
    return value


def known_period(value: str | None) -> str | None:
    """A period as the calendar of obligations writes it; ConfigurationError with what may be meant."""
    if value is None or _PERIOD.fullmatch(value):
        return value
    near = ""
    if found := _QUARTERS.fullmatch(value):
        near = f"{found['year']}-Q{found['quarter']}"
    elif (found := _MONTHS.fullmatch(value)) and 1 <= int(found["month"]) <= 12:
        near = f"{found['year']}-M{int(found['month']):02d}"
    raise ConfigurationError(
        f"'{value}' is not a period",
        next_step=f"did you mean {near}?"
        if near
        else "write a month as 2026-M10, a quarter as 2026-Q4, a year as 2026",
    )


Night = Annotated[
    date | None, typer.Option("--date", parser=parse_date, metavar="YYYY-MM-DD", help="The night; today.")
]
Dataset = Annotated[str | None, typer.Option(help="Of this dataset.")]
Agency = Annotated[str | None, typer.Option(help="Of this agency.")]
Limit = Annotated[int, typer.Option(min=1, callback=known_number, help="How many to show.")]
Number = typer.Argument(callback=known_number)
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


def known_filters(
    engine: sa.Engine, *, dataset: str | None = None, agency: str | None = None, rule: str | None = None
) -> None:
    """Refuse filters that name nothing; those that are not given, or empty, are no filters.

    Raises:
        ConfigurationError: one of them is neither listed nor said by any case; what comes near is named.
    """
    from kho.contracts import dataset_names

    if dataset and dataset not in (shipped := dataset_names()):
        known = _known(engine, "dataset", dataset)
        _require("dataset", dataset, known, (*shipped, *known), f"choose one of: {', '.join(shipped)}")
    if agency:
        known = _known(engine, "agency", agency)
        _require("agency", agency, known, known, "dw.dim_agency has all that are known")
    if rule:
        known = _known(engine, "rule", rule, dataset)
        where = f" of {dataset}" if dataset else ""
        _require("rule", rule, known, known, f"docs/rules.md has all rules{where}", where)


def _known(engine: sa.Engine, kind: str, name: str, dataset: str | None = None) -> dict[str, bool]:
    """By name, whether it is listed or only said by a case."""
    from kho.sql_files import run_file

    with engine.connect() as db:
        rows = run_file(db, "quality/known_names.sql", kind=kind, named=name, dataset=dataset or None)
        return {row.name: row.is_listed for row in rows}


def _require(
    kind: str, name: str, known: dict[str, bool], listed: Iterable[str], otherwise: str, where: str = ""
) -> None:
    if name in known:
        return
    near = get_close_matches(name, sorted({one for one in listed if known.get(one, True)}), 3)
    raise ConfigurationError(
        f"there is no {kind} '{name}'{where}",
        next_step=f"did you mean {' or '.join(near)}?" if near else otherwise,
    )
