"""Judge a staged batch by its suite.

In: a staging table. Out: the rule results in `dq.rule_result`, the labelled and the rejected rows in
`stg`, and a verdict: how many rows are rejected, and the reasons, if any, why the batch as a whole is
not fit to load.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kho.contracts.model import Contract
from kho.quality.catalogues import loaded_codes
from kho.quality.parameters import night_parameters
from kho.quality.rejects import rejected_table, write_rejects
from kho.quality.vanished import vanished
from kho.raw_zone.manifest import Manifest
from kho.rules.suite import Rule, Suite, load_dataset_suite
from kho.rules.validate import RuleResult, validate
from kho.sql_files import run_file
from kho.stage import StageTable


@dataclass(frozen=True)
class Verdict:
    """What the suite says of a batch; without reasons it may be loaded."""

    rejected: int
    warned: int
    reasons: tuple[str, ...]


def suite_of_batch(engine: sa.Engine, contract: Contract, manifest: Manifest) -> tuple[Suite, dict[str, Any]]:
    """The suite that judges a batch, with the code lists of today, and the values of its parameters."""
    suite = load_dataset_suite(contract, loaded_codes(engine))
    if manifest.only_cases:
        suite = replace(suite, rules=suite.row_rules)
    return suite, night_parameters(engine, contract, manifest.as_of)


def judge_batch(
    engine: sa.Engine, contract: Contract, manifest: Manifest, table: StageTable, folder: Path
) -> Verdict:
    """Run the whole suite on a staged batch and keep the results; judging again replaces them.

    Of a replay of open cases only the rows are judged: a handful of records that failed before says nothing
    about the whole dataset, and most of them may well fail again.
    """
    suite, params = suite_of_batch(engine, contract, manifest)
    key = [column.name for column in contract.key]
    validation = validate(engine, suite, table, contract.quality, params, key)
    critical = [rule.rule_id for rule in suite.rules if rule.severity == "critical"]
    rejected = write_rejects(engine, table, validation.failed_table, critical, folder, validation.failed_rows)
    with engine.begin() as db:
        _keep_results(db, contract, manifest, suite, validation.results)
    reasons = [f"{rule.title} ({rule.rule_id})" for rule in _broken(suite, validation.dataset_failures)]
    limit = contract.quality.quarantine_limit
    most = max(contract.quality.quarantine_floor, limit * manifest.fetched)
    if not manifest.only_cases and rejected > most:
        # Rows that wait for their owner already, and only came again, say nothing about tonight.
        news = _rejected_anew(engine, contract, table)
        if news > most:
            share = news / manifest.fetched
            reasons.append(
                f"{news} of {manifest.fetched} rows ({share:.1%}) are rejected, the limit is {limit:.0%}"
            )
    if lost := vanished(engine, contract, manifest, folder):
        reasons.append(lost)
    return Verdict(rejected, validation.failed_rows - rejected, tuple(reasons))


def _rejected_anew(engine: sa.Engine, contract: Contract, table: StageTable) -> int:
    """How many of the rejected rows are not in the quarantine yet, in this form."""
    query = sa.text(
        f"SELECT count(*) FROM {rejected_table(table).quoted} AS r WHERE NOT EXISTS ("
        "SELECT FROM dq.quarantine AS q WHERE q.dataset = :dataset AND q.status <> 'resolved' "
        "AND q.business_key = r.business_key AND q.raw_md5 = r.raw_md5)"
    )
    with engine.connect() as db:
        return int(db.scalar(query, {"dataset": contract.dataset}) or 0)


def _broken(suite: Suite, failures: tuple[str, ...]) -> list[Rule]:
    return [rule for rule in suite.rules if rule.rule_id in failures and rule.severity == "critical"]


def _keep_results(
    db: sa.Connection,
    contract: Contract,
    manifest: Manifest,
    suite: Suite,
    results: tuple[RuleResult, ...],
) -> None:
    run_file(
        db,
        "quality/sync_rules.sql",
        dataset=contract.dataset,
        rule_ids=[rule.rule_id for rule in suite.rules],
        principles=[rule.principle for rule in suite.rules],
        severities=[rule.severity for rule in suite.rules],
        titles=[rule.title for rule in suite.rules],
        remedies=[rule.remedy for rule in suite.rules],
    )
    run_file(
        db,
        "quality/keep_results.sql",
        dataset=contract.dataset,
        batch_id=manifest.batch_id,
        rule_ids=[result.rule_id for result in results],
        principles=[result.principle for result in results],
        severities=[result.severity for result in results],
        of_dataset=[result.of_dataset for result in results],
        agencies=[result.agency_code or "" for result in results],
        evaluated=[result.evaluated for result in results],
        failed=[result.failed for result in results],
    )
