"""What is broken and who has to mend it by when.

In: the quarantine and the rule results. Out: the rules that fail, with the agencies concerned and a
deadline, and for each agency its rows to mend. A row that names no agency of the catalogue is a
matter for the dataset's owner.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from kho.report.names import NO_AGENCY_SHORT, Names
from kho.report.vietnamese import clip
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.quality.deadlines import Deadlines

_AGENCIES_NAMED = 2


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that fails.

    Attributes:
        records: rows that wait to be mended; for a warning, rows of the latest load.
        overdue: how many of them are past their deadline.
        first_seen_on: the oldest of them.
        due_on: the deadline of the oldest.
        agencies: the agencies with most rows, name and rows; the unknown come last.
        more_agencies: how many agencies are not named.
        owner: who answers for the dataset.
    """

    dataset: str
    rule_id: str
    severity: str
    title: str
    remedy: str
    records: int
    overdue: int
    first_seen_on: date
    due_on: date
    agencies: tuple[tuple[str, int], ...]
    more_agencies: int
    owner: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """An agency's rows to mend; a row counts once. `agency_code` is empty for rows of nobody known."""

    agency_code: str
    agency: str
    records: int
    overdue: int
    first_seen_on: date
    due_on: date
    main: Violation | None
    other_rules: int


@dataclass(frozen=True)
class Violations:
    """Everything that waits for somebody: rules and agencies, those with most rows first."""

    critical: tuple[Violation, ...]
    warnings: tuple[Violation, ...]
    backlog: tuple[Backlog, ...]

    @property
    def open_rows(self) -> int:
        return sum(item.records for item in self.backlog)

    @property
    def overdue_rows(self) -> int:
        return sum(item.overdue for item in self.backlog)


def read_violations(db: sa.Connection, as_of: date, names: Names, deadlines: Deadlines) -> Violations:
    """What is broken on the night of `as_of`."""
    when = {"as_of": as_of, "working_days": deadlines.working_days.critical}
    rules = run_file(db, "report/open_violations.sql", **when).all()
    warnings = run_file(db, "report/open_warnings.sql", as_of=as_of).all()
    rows = run_file(db, "report/open_rows.sql", **when).all()
    critical = _violations(rules, names, deadlines)
    return Violations(
        critical,
        _violations(warnings, names, deadlines),
        _backlog(rows, rules, {(v.dataset, v.rule_id): v for v in critical}, names),
    )


def _violations(rows: Iterable[Any], names: Names, deadlines: Deadlines) -> tuple[Violation, ...]:
    by_rule: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in rows:
        by_rule[row.dataset, row.rule_id].append(row)
    found = (_violation(group, names, deadlines) for group in by_rule.values())
    return tuple(sorted(found, key=lambda v: (-v.records, v.dataset, v.rule_id)))


def _violation(rows: list[Any], names: Names, deadlines: Deadlines) -> Violation:
    first = rows[0]
    first_seen_on = min(row.first_seen_on for row in rows)
    per_agency: dict[str, int] = defaultdict(int)
    for row in rows:
        per_agency[names.known(row.agency_code)] += row.records
    nobody = per_agency.pop("", 0)
    ranked = sorted(per_agency.items(), key=lambda item: (-item[1], item[0]))
    shown = [(names.short[code], records) for code, records in ranked[:_AGENCIES_NAMED]]
    if nobody:
        shown.append((NO_AGENCY_SHORT, nobody))
    return Violation(
        dataset=first.dataset,
        rule_id=clip(first.rule_id, 60),
        severity=first.severity,
        title=clip(first.title_vi),
        remedy=clip(first.remedy_vi),
        records=sum(row.records for row in rows),
        overdue=sum(row.overdue for row in rows),
        first_seen_on=first_seen_on,
        due_on=min(row.due_on or deadlines.due_on(first.severity, row.first_seen_on) for row in rows),
        agencies=tuple(shown),
        more_agencies=max(0, len(ranked) - _AGENCIES_NAMED),
        owner=names.owner(first.dataset),
    )


def _backlog(
    rows: Iterable[Any],
    rules: Iterable[Any],
    violations: dict[tuple[str, str], Violation],
    names: Names,
) -> tuple[Backlog, ...]:
    by_agency: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_agency[names.known(row.agency_code)].append(row)
    broken: dict[str, list[Any]] = defaultdict(list)
    for row in rules:
        broken[row.agency_code].append(row)
    found = []
    for code, group in by_agency.items():
        first_seen_on = min(row.first_seen_on for row in group)
        worst = sorted(broken[code] if code else (), key=lambda row: (-row.records, row.dataset, row.rule_id))
        main = violations.get((worst[0].dataset, worst[0].rule_id)) if worst else None
        found.append(
            Backlog(
                agency_code=code,
                agency=names.agency_and_before(code, {old for row in group for old in row.taken_over or ()}),
                records=sum(row.records for row in group),
                overdue=sum(row.overdue for row in group),
                first_seen_on=first_seen_on,
                due_on=min(row.due_on for row in group),
                main=main,
                other_rules=max(0, len(worst) - 1),
            )
        )
    # Those of nobody known come last: no agency can be asked for them.
    return tuple(sorted(found, key=lambda b: (not b.agency_code, -b.overdue, -b.records, b.agency_code)))
