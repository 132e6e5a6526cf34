"""What `kho quarantine` prints.

In: cases, deadlines, files, replays. Out: tables and lines without personal data.
"""

import json

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kho.quality.case_calendar import Backlog
from kho.quality.quarantine import Case, CaseEvent, CaseFile
from kho.quality.rejected_files import RejectedFile
from kho.quality.replay_log import ReplayEntry


def print_cases(console: Console, count: int, cases: tuple[Case, ...]) -> None:
    """Print how many there are, then a line each."""
    shown = f", the oldest {len(cases)} of them" if len(cases) < count else ""
    console.print(f"{count:,} in the quarantine{shown}", highlight=False)
    if not cases:
        return
    table = Table(box=None, pad_edge=False)
    for name in ("id", "dataset", "agency", "key", "status", "since", "due", "failed rules"):
        table.add_column(name, overflow="fold")
    for case in cases:
        table.add_row(
            str(case.quarantine_id),
            case.dataset,
            escape(case.agency_code),
            escape(case.business_key),
            _state(case),
            str(case.first_seen_on),
            str(case.due_on or ""),
            ", ".join(case.failed_rules),
        )
    console.print(table)


def print_backlogs(console: Console, backlogs: tuple[Backlog, ...]) -> None:
    """Print what each agency has to mend, the nearest deadline first."""
    table = Table(box=None, pad_edge=False)
    table.add_column("agency")
    table.add_column("dataset")
    for name in ("open", "expired", "due soon", "waiver ended"):
        table.add_column(name, justify="right")
    table.add_column("first deadline")
    for backlog in backlogs:
        table.add_row(
            backlog.agency_code or "(not known)",
            backlog.dataset,
            *(
                f"{count:,}"
                for count in (backlog.open_cases, backlog.expired, backlog.due_soon, backlog.reopened)
            ),
            str(backlog.first_due_on or ""),
        )
    console.print(table if backlogs else "nothing waits for anybody")


def print_replays(console: Console, entries: tuple[ReplayEntry, ...]) -> None:
    """Print a line for each replay, and one for its reason."""
    for entry in entries:
        what = f"night of {entry.night}" if entry.night else f"open cases{_of_rule(entry.rule_id)}"
        after = "?" if entry.open_after is None else f"{entry.open_after:,}"
        unfinished = f"waits ({entry.note})" if entry.note else "unfinished"
        ended = f"{entry.outcome or unfinished}, by {entry.started_by}: {entry.reason}"
        lines = [
            f"{entry.replay_id}  {entry.started_at:%Y-%m-%d %H:%M}  {entry.dataset}, {what}: {ended}",
            f"    open cases {entry.open_before:,} → {after}; scores: {entry.difference or 'as they were'}",
        ]
        for line in lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    if not entries:
        console.print("nothing was replayed")


def _of_rule(rule: str | None) -> str:
    return f" of rule {rule}" if rule else ""


def _state(case: Case) -> str:
    """`open (waiver ended 2026-01-31)` where the calendar opened it again."""
    ended = f" (waiver ended {case.reopened_on})" if case.reopened_on and case.status == "open" else ""
    until = f" until {case.waived_until}" if case.status == "waived" and case.waived_until else ""
    return f"{case.state}{until}{ended}"


def _event(event: CaseEvent) -> str:
    what = {
        "waived": f"waived until {event.until} by {event.by_whom}: {event.reason}",
        "waiver_ended": f"the waiver of {event.by_whom} until {event.until} has ended",
        "expired": f"the deadline of {event.until} has passed",
        "no_longer_sent": "closed: the source no longer sends this record",
    }
    return f"  {event.happened_on}: {what[event.event]}"


def print_files(console: Console, count: int, files: tuple[RejectedFile, ...]) -> None:
    """Print how many files wait for their senders, then each with what is to be done."""
    shown = f", the oldest {len(files)} of them" if len(files) < count else ""
    console.print(f"{count:,} files wait for their senders{shown}", highlight=False)
    for file in files:
        lines = [f"{file.dataset} {file.path}{file.place}, since {file.first_seen_on}, due {file.due_on}"]
        lines += [f"  {file.reason}: {file.message}", f"    → {file.remedy}"]
        for line in lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_case(console: Console, file: CaseFile) -> None:
    """Print one case: what it is, what it breaks, the record, how it ended."""
    case = file.case
    lines = [
        f"case {case.quarantine_id}: {case.dataset} {case.business_key}",
        f"agency {case.agency_code or '(none)'}, {_state(case)}",
        f"since {case.first_seen_on}, to be mended by {case.due_on}",
        f"first in {file.batch_id}, last in {file.last_seen_batch_id}",
    ]
    if file.resolved_at is not None:
        lines.append(f"mended by {file.resolved_batch_id} at {file.resolved_at:%Y-%m-%d %H:%M}")
    if case.status == "waived":
        lines.append(f"waived by {file.waived_by} until {case.waived_until}: {file.waived_reason}")
    lines += [_event(event) for event in file.events]
    for rule in file.rules:
        lines += [f"  {rule.rule_id} ({rule.severity}): {rule.title}", f"    → {rule.remedy}"]
    lines.append(json.dumps(file.raw, ensure_ascii=False, indent=2))
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
