"""Remove what is kept longer than it may be, and write down what went.

In: the terms of contracts and of `include/retention.yaml`, and a day. Out: what goes (or, in a dry run, what
would go), and which old batches stay and why. Nothing goes that is still open: a batch with an open or waived
case, one at the gate, one that is not loaded, the one that was loaded last, and those that the present state
of a table consists of, because it comes as changes only.

A batch is marked before its files are removed: killed in between, the next run removes the files that are
left. The star keeps what a batch brought, though it cannot be made again from the raw zone. Its history goes
with the term of what the source sent. Facts that are kept by month lose whole months if the policy says so;
those are detached, not dropped.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.contracts import load_contracts
from kho.errors import HostError
from kho.privacy.retention_policy import Policy, load_policy
from kho.raw_zone.manifest import read_manifest
from kho.report.files import rendered_files
from kho.sql_files import run_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kho.contracts import Contract
    from kho.settings import Settings

REQUEST_LOG = "requests.parquet"


@dataclass(frozen=True, slots=True)
class Removed:
    """Something whose time is over: how many, of what, from before which day."""

    kind: str
    dataset: str
    subject: str
    items: int
    older_than: date


@dataclass(frozen=True, slots=True)
class Kept:
    """An old batch that has to stay."""

    dataset: str
    batch_id: str
    reason: str


@dataclass
class Retention:
    """What went, or would go, and what stays although it is old."""

    removed: list[Removed] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How much of each kind."""
        found: dict[str, int] = {}
        for one in self.removed:
            found[one.kind] = found.get(one.kind, 0) + one.items
        return found


@dataclass(frozen=True, slots=True)
class _Sweep:
    """One run: in which warehouse, by which terms, on which day; what it finds goes into `found`."""

    engine: sa.Engine
    settings: Settings
    policy: Policy
    today: date
    dry_run: bool
    found: Retention = field(default_factory=Retention)

    def before(self, days: int) -> date:
        """The day before which something kept for so many days is over."""
        return self.today - timedelta(days=days)

    def sent_before(self, contract: Contract) -> date:
        """The same for what a dataset's source sent."""
        return self.before(contract.retention_days or self.policy.raw_zone_days)


def remove_expired(
    engine: sa.Engine, settings: Settings, today: date, *, dry_run: bool, policy: Policy | None = None
) -> Retention:
    """Remove what is older than its term on a day; in a dry run only say what would go.

    Raises:
        ConfigurationError: the policy or a contract cannot be read.
        HostError: files cannot be removed.
    """
    sweep = _Sweep(engine, settings, policy or load_policy(), today, dry_run)
    for contract in load_contracts():
        _remove_leftovers(sweep, contract)
        _raw_zone(sweep, contract)
        _request_logs(sweep, contract)
        _history(sweep, contract)
    _rows(sweep)
    _report_files(sweep)
    return sweep.found


def _raw_zone(sweep: _Sweep, contract: Contract) -> None:
    older_than = sweep.sent_before(contract)
    with sweep.engine.connect() as db:
        rows = run_file(
            db, "privacy/retain/batches.sql", dataset=contract.dataset, older_than=older_than
        ).all()
    needed = _present_state(sweep, contract) if rows else set()
    for row in rows:
        reason = row.kept_because or (
            "the present state of the table consists of it" if row.batch_id in needed else None
        )
        if reason:
            sweep.found.kept.append(Kept(contract.dataset, row.batch_id, reason))
            continue
        gone = Removed("batch", contract.dataset, row.batch_id, 1, older_than)
        sweep.found.removed.append(gone)
        if not sweep.dry_run:
            with sweep.engine.begin() as db:
                run_file(db, "privacy/retain/mark_batch.sql", batch_id=row.batch_id, today=sweep.today)
                _note(db, gone)
            _remove(sweep.settings.raw_zone / contract.dataset / row.batch_id)


def _history(sweep: _Sweep, contract: Contract) -> None:
    """States that the dataset's rows gave up as long ago as what its source sent then is kept."""
    older_than = sweep.sent_before(contract)
    with sweep.engine.begin() as db:
        pruned = run_file(
            db,
            "privacy/retain/prune_history.sql",
            dataset=contract.dataset,
            older_than=older_than,
            dry_run=sweep.dry_run,
        )
        for row in pruned.all():
            if row.items:
                gone = Removed("history", contract.dataset, row.table_name, row.items, older_than)
                sweep.found.removed.append(gone)
                if not sweep.dry_run:
                    _note(db, gone)


def _request_logs(sweep: _Sweep, contract: Contract) -> None:
    home, older_than = sweep.settings.raw_zone / contract.dataset, sweep.before(sweep.policy.request_log_days)
    gone_with_batch = {one.subject for one in sweep.found.removed if one.kind == "batch"}
    query = sa.text("SELECT batch_id FROM meta.batch WHERE dataset = :dataset AND as_of < :older_than")
    with sweep.engine.connect() as db:
        old = db.scalars(query, {"dataset": contract.dataset, "older_than": older_than}).all()
    logs = [home / one / REQUEST_LOG for one in old if one not in gone_with_batch]
    logs = [path for path in logs if path.is_file()]
    if not logs:
        return
    gone = Removed("request_log", contract.dataset, "requests of old batches", len(logs), older_than)
    sweep.found.removed.append(gone)
    if not sweep.dry_run:
        for path in logs:
            path.unlink()
        with sweep.engine.begin() as db:
            _note(db, gone)


def _report_files(sweep: _Sweep) -> None:
    """What nights rendered of drafts; of a report that somebody has decided about everything stays."""
    settings, older_than = sweep.settings, sweep.before(sweep.policy.report_draft_days)
    with sweep.engine.connect() as db:
        decided = {tuple(row) for row in run_file(db, "privacy/retain/decided_reports.sql")}
    old: dict[str, list[Path]] = {}
    for kind, as_of, paths in rendered_files(settings):
        if as_of < older_than and (kind, as_of) not in decided:
            old.setdefault(kind, []).extend(paths)
    for name, paths in old.items():
        gone = Removed("report_draft", "", f"files of {name}", len(paths), older_than)
        sweep.found.removed.append(gone)
        if sweep.dry_run:
            continue
        for path in paths:
            path.unlink(missing_ok=True)
            if path.parent != settings.reports and not any(path.parent.iterdir()):
                path.parent.rmdir()
        with sweep.engine.begin() as db:
            _note(db, gone)


def _remove_leftovers(sweep: _Sweep, contract: Contract) -> None:
    """Files of batches that were marked by a run that was killed."""
    if sweep.dry_run:
        return
    query = sa.text("SELECT batch_id FROM meta.batch WHERE dataset = :dataset AND raw_removed_on IS NOT NULL")
    with sweep.engine.connect() as db:
        for batch_id in db.scalars(query, {"dataset": contract.dataset}):
            _remove(sweep.settings.raw_zone / contract.dataset / batch_id)


def _present_state(sweep: _Sweep, contract: Contract) -> set[str]:
    """The batches that a table which comes as changes consists of, from the last one back."""
    with sweep.engine.connect() as db:
        at: str | None = run_file(db, "quality/last_loaded.sql", dataset=contract.dataset).scalar()
    chain: set[str] = set()
    while at and at not in chain:
        try:
            follows = read_manifest(sweep.settings.raw_zone / contract.dataset / at).follows
        except HostError:
            break
        if follows is None:
            return set()
        chain.add(at)
        at = follows
    return chain


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise HostError(
            f"an old batch cannot be removed: {error.strerror}",
            where=str(folder),
            next_step="let the user who runs the nights own the raw zone, then run it again",
        ) from error


def _rows(sweep: _Sweep) -> None:
    with sweep.engine.begin() as db:
        for gone in _expired_rows(db, sweep):
            sweep.found.removed.append(gone)
            if sweep.dry_run:
                continue
            older_than = gone.older_than
            if gone.kind == "closed_case":
                run_file(db, "privacy/retain/empty_cases.sql", dataset=gone.dataset, older_than=older_than)
            elif gone.kind == "report_draft":
                run_file(db, "privacy/retain/drop_drafts.sql", kind=gone.subject, older_than=older_than)
            elif gone.kind == "fact_month":
                run_file(db, "privacy/retain/detach_month.sql", month=gone.subject)
            else:
                run_file(db, "privacy/retain/prune_access_log.sql", older_than=older_than)
            _note(db, gone)


def _expired_rows(db: sa.Connection, sweep: _Sweep) -> Iterator[Removed]:
    policy = sweep.policy
    before = sweep.before(policy.closed_case_days)
    for row in run_file(db, "privacy/retain/closed_cases.sql", older_than=before).all():
        yield Removed("closed_case", row.dataset, "records of closed cases", row.items, before)
    before = sweep.before(policy.report_draft_days)
    for row in run_file(db, "privacy/retain/report_drafts.sql", older_than=before).all():
        yield Removed("report_draft", "", row.kind, row.items, before)
    before = sweep.before(policy.access_log_days)
    items = run_file(db, "privacy/retain/access_log.sql", older_than=before).scalar_one()
    if items:
        yield Removed("access_log", "", "who looked at what", items, before)
    if policy.fact_month_days is not None:
        before = sweep.before(policy.fact_month_days)
        for row in run_file(db, "privacy/retain/fact_months.sql", older_than=before).all():
            yield Removed("fact_month", "", row.name, row.items, before)


def _note(db: sa.Connection, gone: Removed) -> None:
    run_file(
        db,
        "privacy/retain/note.sql",
        kind=gone.kind,
        dataset=gone.dataset,
        subject=gone.subject,
        items=gone.items,
        older_than=gone.older_than,
    )
