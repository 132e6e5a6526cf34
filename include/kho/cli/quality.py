"""`kho submissions` and `kho score --as-of`: who reported what, and what a day scores.

In: filters, a day. Out: tables without personal data.
"""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kho.quality.index import IndexLine
from kho.quality.invariants import Invariant
from kho.quality.submissions import STATES, Submission
from kho.quality.weighting import Weighting

Dataset = Annotated[str | None, typer.Option(help="Of this dataset.")]
Agency = Annotated[str | None, typer.Option(help="Of this agency.")]
Period = Annotated[str | None, typer.Option(help="Of this period, such as 2026-M10.")]
State = Annotated[str | None, typer.Option(help=f"One of {', '.join(STATES)}.")]
Limit = Annotated[int, typer.Option(min=1, help="How many to show.")]


def print_submissions(console: Console, count: int, found: tuple[Submission, ...]) -> None:
    """Print how many there are, then a line each, the latest due first."""
    shown = f", the latest {len(found)} of them" if len(found) < count else ""
    console.print(f"{count:,} reports are asked for{shown}", highlight=False)
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
    console.print(table)


def print_index(console: Console, weighting: Weighting, lines: list[IndexLine], limit: int) -> None:
    """Print the province's index, the datasets', the lowest agencies', and the master keys."""
    console.print(f"weights in force since {weighting.valid_from}: {weighting.source}", highlight=False)
    for level, title in (
        ("province", "province"),
        ("dataset", "dataset"),
        ("agency", "agency, lowest first"),
        ("master_key", "master key"),
    ):
        found = sorted(
            (line for line in lines if line.level == level), key=lambda line: (line.score, _name(line))
        )
        table = Table(box=None, pad_edge=False)
        table.add_column(title, min_width=34)
        for name in ("index", "coverage", "checks", "failed"):
            table.add_column(name, justify="right")
        for line in found[:limit]:
            table.add_row(
                escape(_name(line)), str(line.score), f"{line.coverage} %", f"{line.evaluated:,}",
                f"{line.failed:,}",
            )  # fmt: skip
        if found:
            console.print(table)


def print_invariants(console: Console, found: Sequence[Invariant]) -> None:
    """Print a line for each invariant, and under a broken one the first rows that break it."""
    for one in found:
        state = f"[red]{one.broken} broken[/]" if one.broken else "[green]holds[/]"
        console.print(f"{one.name}: {state}  {one.seconds:.1f} s", highlight=False)
        if one.broken:
            console.print(f"  must hold: {escape(one.purpose)}", highlight=False)
        for row in one.rows:
            console.print(f"  {escape(f'{row.relation}: {row.subject}: {row.problem}')}", highlight=False)


def _name(line: IndexLine) -> str:
    if line.level == "agency":
        return line.agency_code or "(platform)"
    return line.dataset or line.master_key or line.level


def _note(item: Submission) -> str:
    notes = []
    if item.state in ("late", "not_reported"):
        notes.append(f"{item.late_days} days past the last day")
    if item.expected_units is not None and item.reported_units is not None:
        notes.append(f"{item.reported_units} of {item.expected_units} communes")
    if item.exempt_reason:
        notes.append(item.exempt_reason)
    return "; ".join(notes)
