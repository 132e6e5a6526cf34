"""`kho alerts`: what is wrong, who was told, and telling it now.

In: nothing, or `--dry-run`. Out: a table of alerts, or what was sent.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from kho.cli.console import out
from kho.cli.options import context_of
from kho.settings import get_settings

app = typer.Typer(help="What is wrong, and who was told.", no_args_is_help=True)


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
) -> None:
    """List open alerts, the newest first."""
    from kho.alerts.book import list_alerts
    from kho.alerts.config import local
    from kho.alerts.messages import title_of
    from kho.alerts.outside import standing_failure
    from kho.server.warehouse import open_warehouse

    settings = get_settings()
    if failure := standing_failure(settings):
        out.print(
            f"outside the warehouse: {failure.where} ({failure.error}), {failure.count} times since "
            f"{local(failure.first_at):%Y-%m-%d %H:%M}, "
            + ("told" if failure.told_at else "nobody was told"),
            highlight=False,
            markup=False,
        )
    found = list_alerts(open_warehouse(settings), all_of_them=everything)
    out.print(f"{len(found)} alerts", highlight=False)
    if not found:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("no.", "since", "over", "what", "for", "told", "waiting"):
        table.add_column(name, overflow="fold")
    for one in found:
        waiting = f"{one.waiting} ({escape(one.error)})" if one.error else str(one.waiting)
        table.add_row(
            str(one.alert_id),
            f"{local(one.opened_at):%Y-%m-%d %H:%M}",
            f"{local(one.resolved_at):%Y-%m-%d %H:%M}" if one.resolved_at else "",
            escape(title_of(one.wording, one.about)) + (" (urgent)" if one.is_urgent else ""),
            one.owner or "operators",
            str(one.told) if one.told or one.waiting else "nobody is named",
            waiting if one.waiting else "",
        )
    out.print(table)


@app.command()
def send(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Send nothing; show what would be sent.")
    ] = False,
) -> None:
    """Tell whoever is to be told now; nobody is told the same thing twice."""
    from kho import pipeline

    result = pipeline.send_alerts(context_of(get_settings()), dry_run=dry_run)
    counts = ", ".join(f"{count} {name}" for name, count in result.counts.items())
    out.print(counts or result.message, highlight=False, markup=False)
    if dry_run and result.counts:
        out.print(result.message, highlight=False, markup=False)
