"""`kho anomaly`: values unlike those of comparable nights, and what people say of them.

In: filters, or the number of a finding and a verdict. Out: tables and evidence, without personal data.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from kho.anomalies.cases import STATES, Anomaly
from kho.cli.console import out, say
from kho.cli.options import Agency, Dataset, Limit, in_reach, known_filters, known_number
from kho.settings import get_settings

app = typer.Typer(help="Values unlike those of comparable nights.", no_args_is_help=True)
ALL = "all"


@app.command("list")
def list_(
    dataset: Dataset = None,
    agency: Agency = None,
    status: Annotated[str, typer.Option(help=f"{', '.join(STATES)} or {ALL}.")] = "open",
    night: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Of this night.")] = None,
    limit: Limit = 50,
) -> None:
    """List findings, the latest first."""
    from kho.anomalies.cases import list_anomalies
    from kho.anomalies.seasons import label_en
    from kho.anomalies.words import measure_en, value_en
    from kho.errors import ConfigurationError
    from kho.server.warehouse import open_warehouse

    if status not in (*STATES, ALL):
        raise ConfigurationError(f"--status is one of {', '.join(STATES)}, {ALL}, not '{status}'")
    day = in_reach(night.date()) if night else None
    engine = open_warehouse(get_settings())
    known_filters(engine, dataset=dataset, agency=agency)
    count, found = list_anomalies(
        engine,
        dataset=dataset,
        agency=agency,
        status=None if status == ALL else status,
        since=day,
        until=day,
        limit=limit,
    )
    shown = f", the latest {len(found)} of them" if len(found) < count else ""
    out.print(f"{count:,} unusual values{shown}", highlight=False)
    if not found:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("no.", "night", "dataset", "agency", "what", "value", "usual", "season", "verdict"):
        table.add_column(name, overflow="fold", justify="right" if name in ("no.", "value") else "left")
    for one in found:
        table.add_row(
            str(one.anomaly_id),
            str(one.as_of),
            one.dataset,
            escape(one.agency_code),
            escape(measure_en(one.metric)),
            value_en(one, one.value),
            f"{value_en(one, one.low)} to {value_en(one, one.high)}",
            label_en(one.season),
            one.status,
        )
    out.print(table)


@app.command()
def show(number: Annotated[int, typer.Argument(callback=known_number, help="The finding's number.")]) -> None:
    """Show one finding with the nights it was compared with."""
    from kho.anomalies.cases import show as find
    from kho.server.warehouse import open_warehouse

    _print(find(open_warehouse(get_settings()), number))


@app.command()
def judge(
    number: Annotated[int, typer.Argument(callback=known_number, help="The finding's number.")],
    verdict: Annotated[str, typer.Argument(help="expected (it is all right) or defect (it is wrong).")],
    by: Annotated[str, typer.Option(help="Who says so.")],
    reason: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Say what a value is; the next nights learn from it."""
    from kho.anomalies.cases import judge as keep
    from kho.server.warehouse import open_warehouse

    _print(keep(open_warehouse(get_settings()), number, verdict, by, reason))


def _print(one: Anomaly) -> None:
    from kho.anomalies.words import explained_en, measure_en, value_en

    who = f"{one.agency_code} {one.agency_name}".strip() or "the whole batch"
    lines = [
        f"{one.anomaly_id}: {one.dataset}, night of {one.as_of}, {who}",
        f"{measure_en(one.metric)}: {value_en(one, one.value)}",
        *explained_en(one),
        f"batch {one.batch_id}",
    ]
    if one.judged_by:
        lines.append(f"{one.status}, says {one.judged_by} at {one.judged_at:%Y-%m-%d %H:%M}: {one.reason}")
    else:
        lines.append(f"{one.status}: kho anomaly judge {one.anomaly_id} expected|defect --by … --reason …")
    lines += [
        f"  before: {old['status']}, said {old['by']} at {str(old['at'])[:16]}: {old['reason']}"
        for old in one.earlier_verdicts
    ]
    for line in lines:
        say(line)
