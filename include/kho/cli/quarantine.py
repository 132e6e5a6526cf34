"""`kho quarantine`: the rows that wait for their owner.

In: filters, or the number of a case. Out: tables without personal data.
"""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kho.quality.quarantine import STATES, Case, CaseFile
from kho.quality.rejected_files import RejectedFile

ALL = "all"

Dataset = Annotated[str | None, typer.Option(help="Of this dataset.")]
Agency = Annotated[str | None, typer.Option(help="Of this agency.")]
Rule = Annotated[str | None, typer.Option(help="That break this rule.")]
Status = Annotated[str, typer.Option(help=f"{', '.join(STATES)} or {ALL}.")]
Limit = Annotated[int, typer.Option(min=1, help="How many to show.")]


def print_cases(console: Console, count: int, cases: tuple[Case, ...]) -> None:
    """Print how many there are, then a line each."""
    shown = f", the oldest {len(cases)} of them" if len(cases) < count else ""
    console.print(f"{count:,} in the quarantine{shown}", highlight=False)
    if not cases:
        return
    table = Table(box=None, pad_edge=False)
    for name in ("id", "dataset", "agency", "key", "status", "since", "failed rules"):
        table.add_column(name, overflow="fold")
    for case in cases:
        table.add_row(
            str(case.quarantine_id),
            case.dataset,
            escape(case.agency_code),
            escape(case.business_key),
            case.status,
            str(case.first_seen_on),
            ", ".join(case.failed_rules),
        )
    console.print(table)


def print_files(console: Console, count: int, files: tuple[RejectedFile, ...]) -> None:
    """Print how many files wait for their senders, then each with what is to be done."""
    shown = f", the oldest {len(files)} of them" if len(files) < count else ""
    console.print(f"{count:,} files wait for their senders{shown}", highlight=False)
    for file in files:
        lines = [f"{file.dataset} {file.path}{file.place}, since {file.first_seen_on}"]
        lines += [f"  {file.reason}: {file.message}", f"    → {file.remedy}"]
        for line in lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_case(console: Console, file: CaseFile) -> None:
    """Print one case: what it is, what it breaks, the record, how it ended."""
    case = file.case
    lines = [
        f"case {case.quarantine_id}: {case.dataset} {case.business_key}",
        f"agency {case.agency_code or '(none)'}, {case.status}, since {case.first_seen_on}",
        f"first in {file.batch_id}, last in {file.last_seen_batch_id}",
    ]
    if file.resolved_at is not None:
        lines.append(f"mended by {file.resolved_batch_id} at {file.resolved_at:%Y-%m-%d %H:%M}")
    if case.status == "waived":
        lines.append(f"waived by {file.waived_by}: {file.waived_reason}")
    for rule in file.rules:
        lines += [f"  {rule.rule_id} ({rule.severity}): {rule.title}", f"    → {rule.remedy}"]
    lines.append(json.dumps(file.raw, ensure_ascii=False, indent=2))
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
