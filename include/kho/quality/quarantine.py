"""The quarantine as people see it: find cases, look at one, waive one.

In: the warehouse, and the contracts, which say what is personal. Out: frozen records without personal
data: `***` stands for each value that the contract does not call public or internal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from kho.contracts import load_contract
from kho.errors import ConfigurationError, ContractError
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.contracts import Contract

MASK = "***"
STATES = ("open", "resolved", "waived")


@dataclass(frozen=True, slots=True)
class Case:
    """A quarantined row, in one line."""

    quarantine_id: int
    dataset: str
    agency_code: str
    status: str
    business_key: str
    failed_rules: tuple[str, ...]
    first_seen_on: date


@dataclass(frozen=True, slots=True)
class FailedRule:
    """A rule that the row breaks, in the words of the suite."""

    rule_id: str
    severity: str
    title: str
    remedy: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """All that may be shown of a case.

    Attributes:
        case: the case itself.
        raw: the record as received, personal values masked.
        rules: what it breaks.
        batch_id: the batch in which it first came.
        last_seen_batch_id: the batch in which it last failed.
        resolved_at: when it was closed because its owner mended it.
        resolved_batch_id: the batch that brought the mended row.
        waived_by: who took it off the list.
        waived_reason: and why.
    """

    case: Case
    raw: dict[str, Any]
    rules: tuple[FailedRule, ...]
    batch_id: str
    last_seen_batch_id: str
    resolved_at: datetime | None
    resolved_batch_id: str | None
    waived_by: str | None
    waived_reason: str | None


def list_cases(
    engine: sa.Engine,
    *,
    dataset: str | None = None,
    agency: str | None = None,
    rule: str | None = None,
    status: str | None = "open",
    limit: int = 50,
) -> tuple[int, tuple[Case, ...]]:
    """The cases that fit every filter given: how many in all, and the oldest of them."""
    if status is not None and status not in STATES:
        raise ConfigurationError(
            f"there is no status '{status}'", next_step=f"choose one of: {', '.join(STATES)}"
        )
    filters = {"dataset": dataset, "agency": agency, "rule": rule, "status": status}
    with engine.connect() as db:
        rows = run_file(db, "quality/list_quarantine.sql", at_most=limit, **filters).all()
    return (rows[0].matching if rows else 0), tuple(_case(row) for row in rows)


def show_case(engine: sa.Engine, quarantine_id: int) -> CaseFile:
    """One case, with the masked record and the broken rules.

    Raises:
        ConfigurationError: there is no such case.
    """
    with engine.connect() as db:
        row = run_file(db, "quality/show_quarantine.sql", quarantine_id=quarantine_id).one_or_none()
        if row is None:
            raise _no_case(quarantine_id)
        rules = run_file(db, "quality/show_failed_rules.sql", quarantine_id=quarantine_id).all()
    return CaseFile(
        case=_case(row),
        raw=mask_record(row.raw, _contract(row.dataset)),
        rules=tuple(FailedRule(r.rule_id, r.severity, r.title_vi, r.remedy_vi) for r in rules),
        batch_id=row.batch_id,
        last_seen_batch_id=row.last_seen_batch_id,
        resolved_at=row.resolved_at,
        resolved_batch_id=row.resolved_batch_id,
        waived_by=row.waived_by,
        waived_reason=row.waived_reason,
    )


def waive_case(engine: sa.Engine, quarantine_id: int, by: str, reason: str) -> None:
    """Take an open case off the list; the row stays out of the warehouse.

    Raises:
        ConfigurationError: the case is unknown or not open, or name or reason is missing.
    """
    if not by.strip() or not reason.strip():
        raise ConfigurationError(
            "a waiver needs a name and a reason", next_step="say who waives it (--by) and why (--reason)"
        )
    with engine.begin() as db:
        waived = run_file(
            db,
            "quality/waive_quarantine.sql",
            quarantine_id=quarantine_id,
            by=by.strip(),
            reason=reason.strip(),
        ).one_or_none()
        if waived is not None:
            return
        row = run_file(db, "quality/show_quarantine.sql", quarantine_id=quarantine_id).one_or_none()
    if row is None:
        raise _no_case(quarantine_id)
    raise ConfigurationError(
        f"case {quarantine_id} is {row.status}, not open", next_step="kho quarantine list shows the open ones"
    )


def mask_record(raw: dict[str, Any], contract: Contract | None) -> dict[str, Any]:
    """The record as received, with `***` for what is personal, nested, or not in the contract."""
    public: set[str] = set()
    if contract is not None:
        personal = {c.source_name for c in contract.columns if c.classification == "personal"}
        public = set(contract.source_names) - personal
    return {name: _outside(value) if name in public else _masked(value) for name, value in raw.items()}


def _outside(value: Any) -> Any:
    """A value that may be seen, unless it is a structure: no contract says what is inside."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            return _masked(json.loads(value))
        except ValueError:
            return MASK
    return _masked(value) if isinstance(value, (list, dict)) else value


def _masked(value: Any) -> Any:
    """The shape of a value without its content."""
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    return None if value is None else MASK


def _case(row: sa.Row[Any]) -> Case:
    contract = _contract(row.dataset)
    known = contract is not None and all(column.classification != "personal" for column in contract.key)
    return Case(
        quarantine_id=row.quarantine_id,
        dataset=row.dataset,
        agency_code=row.agency_code,
        status=row.status,
        business_key=row.business_key if known else MASK,
        failed_rules=tuple(row.failed_rules),
        first_seen_on=row.first_seen_on,
    )


def _contract(dataset: str) -> Contract | None:
    """The dataset's contract; None for one that was removed, of which nothing may be shown."""
    try:
        return load_contract(dataset)
    except ContractError:
        return None


def _no_case(quarantine_id: int) -> ConfigurationError:
    return ConfigurationError(
        f"there is no case {quarantine_id} in the quarantine", next_step="kho quarantine list shows them"
    )
