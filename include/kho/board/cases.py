"""Pages of the quarantine: filters, and a mark where the next page goes on.

In: filters and the mark of the page before. Out: cases of the masked view, the oldest first. The cost of a
page is that of its own rows, whichever page it is and however long the quarantine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from kho.errors import ConfigurationError
from kho.quality.classifications import copy_classifications
from kho.quality.quarantine import STATES, Case
from kho.settings import TIMEZONE
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

PAGE = 50
_MANY = 50_000
_MARK = re.compile(r"(\d{4}-\d{2}-\d{2})_(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Filters:
    """What to look for; empty lets everything through.

    Attributes:
        status: one of `kho.quality.quarantine.STATES`; empty for all.
        age: seen for the first time at least so many days ago.
    """

    dataset: str = ""
    agency: str = ""
    rule: str = ""
    status: str = "open"
    age: int = 0


@dataclass(frozen=True, slots=True)
class CasePage:
    """A page of cases; `next_mark` is empty on the last one.

    Attributes:
        titles: what the rules are called that the cases break, by dataset and rule id.
    """

    cases: tuple[Case, ...]
    next_mark: str
    titles: Mapping[tuple[str, str], str]


def read_cases(
    engine: sa.Engine, filters: Filters, mark: str = "", *, today: date | None = None, size: int = PAGE
) -> CasePage:
    """The cases that fit the filters, after the mark.

    Raises:
        ConfigurationError: there is no such status, or the mark is none of ours.
    """
    if filters.status and filters.status not in STATES:
        raise ConfigurationError(
            f"there is no status '{filters.status}'", next_step=f"choose one of: {', '.join(STATES)}"
        )
    after_day, after_id = _read_mark(mark)
    today = today or datetime.now(ZoneInfo(TIMEZONE)).date()
    is_expired = filters.status == "expired"
    with engine.begin() as db:
        copy_classifications(db)
        if filters.rule:
            _plan_for_rule(db, filters.rule)
        rows = run_file(
            db,
            "board/list_cases.sql",
            dataset=filters.dataset or None,
            agency=filters.agency or None,
            rule=filters.rule or None,
            status="open" if is_expired else filters.status or None,
            expired=is_expired,
            seen_until=today - timedelta(days=filters.age) if filters.age else None,
            after_day=after_day,
            after_id=after_id,
            at_most=size + 1,
        ).mappings()
        cases = tuple(Case(**{**row, "failed_rules": tuple(row["failed_rules"])}) for row in rows)
        titles = _titles(db, cases)
    last = cases[size - 1] if len(cases) > size else None
    mark = f"{last.first_seen_on}_{last.quarantine_id}" if last else ""
    return CasePage(cases[:size], mark, titles)


def _titles(db: sa.Connection, cases: tuple[Case, ...]) -> dict[tuple[str, str], str]:
    pairs = sorted({(case.dataset, rule) for case in cases for rule in case.failed_rules})
    rows = run_file(
        db,
        "board/rule_titles.sql",
        datasets=[dataset for dataset, _ in pairs],
        rules=[rule for _, rule in pairs],
    )
    return {(row.dataset, row.rule_id): row.title_vi for row in rows}


def _plan_for_rule(db: sa.Connection, rule: str) -> None:
    """A common rule is soon met when cases are walked in order; a rare one is looked up."""
    # The index stops at roughly its limit, so that counting a common rule costs little.
    run_file(db, "board/prefer_bitmaps.sql", walks="off", fuzzy_limit=str(2 * _MANY))
    are_many = run_file(db, "board/cases_break_rule.sql", rule=rule, most=_MANY).scalar_one()
    run_file(db, "board/prefer_bitmaps.sql", walks="on" if are_many else "off", fuzzy_limit="0")


def _read_mark(mark: str) -> tuple[date | None, int | None]:
    found = _MARK.fullmatch(mark)
    if mark and not found:
        raise ConfigurationError("there is no such page", next_step="begin with the first page")
    return (date.fromisoformat(found[1]), int(found[2])) if found else (None, None)
