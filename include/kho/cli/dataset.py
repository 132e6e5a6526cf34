"""`kho dataset`: make a new source's files, check them, and see how sources have changed.

In: a slug. Out: what was proposed and why, or what a night would do, on standard output; exit status 1 if it
would fail.
"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from kho.settings import TIMEZONE, get_settings

if TYPE_CHECKING:
    from kho.authoring.dry_run import DryRun
    from kho.authoring.lint import Finding

app = typer.Typer(help="Contracts and suites: new ones, and what is wrong.", no_args_is_help=True)
out = Console(width=None if sys.stdout.isatty() else 160)

_SIGNS = {"error": "[red]bad[/] ", "warning": "[yellow]look[/]"}


@app.command()
def check(
    dataset: Annotated[str | None, typer.Argument(help="One dataset; without it all, and no source.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Read the files only; ask no source.")] = False,
    rows: Annotated[int, typer.Option(min=1, max=100_000, help="How many rows to ask for.")] = 1_000,
) -> None:
    """Say what is wrong with a dataset's files, then try one page of its source, dry."""
    from kho.contracts import dataset_names

    good = True
    for name in (dataset,) if dataset else dataset_names():
        good &= _check_files(name, thorough=dataset is not None)
    if dataset and not offline:
        good &= _try_source(dataset, rows)
    if not good:
        raise typer.Exit(1)


@app.command()
def changes(
    dataset: Annotated[str | None, typer.Argument()] = None,
    everything: Annotated[bool, typer.Option("--all", help="Acknowledged ones too.")] = False,
) -> None:
    """List how the columns of sources differ from their contracts."""
    from kho.quality.schema_changes import list_changes
    from kho.server.warehouse import open_warehouse

    found = list_changes(open_warehouse(get_settings()), dataset, acknowledged=everything)
    table = _table(
        "no.", "dataset", "change", "column", "detail", "policy", "first seen", "last seen", "known to"
    )
    for one in found:
        kind = f"{one.kind}, stops" if one.stops else one.kind
        table.add_row(
            str(one.change_id),
            one.dataset,
            kind,
            one.column_name,
            one.detail,
            one.policy,
            str(one.first_seen_on),
            str(one.last_seen_on),
            one.acknowledged_by or "",
        )
    out.print(table if found else "No source has changed its columns.")


@app.command()
def acknowledge(change: int, by: Annotated[str, typer.Option(help="Who knows of it.")]) -> None:
    """Take a change of a source's columns off the report."""
    from kho.quality.schema_changes import acknowledge as take_off
    from kho.server.warehouse import open_warehouse

    out.print(take_off(open_warehouse(get_settings()), change, by), highlight=False)


def _check_files(name: str, *, thorough: bool) -> bool:
    from kho.authoring.lint import lint
    from kho.contracts import load_contract
    from kho.rules.suite import load_dataset_suite

    found = lint(name, get_settings(), style=thorough)
    contract = load_contract(name)
    rules = len(load_dataset_suite(contract).rules)
    errors = sum(finding.level == "error" for finding in found)
    out.print(
        f"{name}: {len(contract.columns)} columns, {rules} rules, {errors} errors, "
        f"{len(found) - errors} warnings",
        highlight=False,
    )
    for finding in found:
        if thorough or finding.level == "error":
            _print_finding(finding)
    return errors == 0


def _print_finding(finding: Finding) -> None:
    place = f" ({finding.where})" if finding.where else ""
    out.print(f"  {_SIGNS[finding.level]} {finding.text}{place}", highlight=False, soft_wrap=True)


def _try_source(name: str, rows: int) -> bool:
    from kho.authoring.dry_run import dry_run
    from kho.authoring.sampling import sample_dataset
    from kho.connections import EnvironmentConnections
    from kho.contracts import load_contract
    from kho.rules.suite import load_dataset_suite
    from kho.server.warehouse import open_warehouse

    settings = get_settings()
    contract = load_contract(name)
    today = datetime.now(ZoneInfo(TIMEZONE)).date()
    sample = sample_dataset(contract, EnvironmentConnections(settings), settings, rows)
    tried = dry_run(contract, load_dataset_suite(contract), sample, open_warehouse(settings), today, settings)
    _print_dry_run(tried)
    return tried.passes


def _print_dry_run(tried: DryRun) -> None:
    declared = "states no total" if tried.declared is None else f"declares {tried.declared:,} in all"
    out.print(f"\nAsked {tried.where}: {tried.rows:,} rows came, the source {declared}.", highlight=False)
    if tried.drift:
        for change in tried.drift.changes:
            sign = _SIGNS["error" if change.stops else "warning"]
            out.print(f"  {sign} {change.text}", highlight=False, soft_wrap=True)
    else:
        out.print("  [green]ok[/]   its columns are those of the contract", highlight=False)
    if tried.rows == 0:
        out.print("  [yellow]look[/] no row came: rules could not be tried", highlight=False)
    if tried.columns:
        table = _table("column", "from", "type", "values", "unreadable")
        for one in tried.columns:
            lost = f"{one.unreadable:,}" if one.unreadable else ""
            table.add_row(one.name, one.source_name, one.sql_type, f"{one.given:,}", lost)
        out.print(table)
        out.print(
            f"{tried.duplicates:,} identical copies, {tried.conflicts:,} repeated keys.", highlight=False
        )
    if tried.failures:
        table = _table("rule", "severity", "rows", "of", "what is wrong")
        for rule in tried.failures:
            table.add_row(rule.rule_id, rule.severity, f"{rule.failed:,}", f"{rule.evaluated:,}", rule.title)
        out.print(table)
    if tried.passes:
        out.print(
            f"[green]The gate would open[/]: {tried.accepted:,} rows would load, "
            f"{tried.rejected:,} would wait in the quarantine.",
            highlight=False,
        )
    else:
        why = "; ".join(tried.reasons) or "the source's columns do not allow it"
        out.print(f"[red]Nothing would be loaded[/]: {why}.", highlight=False, soft_wrap=True)
    out.print("Nothing was landed or written.")


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        right = name in ("rows", "of", "values", "unreadable", "no.")
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    return table
