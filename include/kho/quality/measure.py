"""Measure a night: the evidence of the principles that no row's rule speaks of.

In: the warehouse after all datasets' nights, the obligations, the pairs, the request logs of the raw zone.
Out: the night's rows of `dq.evidence`, and from all evidence that stands, `dq.score` and `dq.quality_index`,
for every dataset.

Evidence about the platform has no agency; the table refuses a platform's fault with one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kho.contracts import Contract, load_contracts
from kho.quality.agreements import compare, load_pairs
from kho.quality.index import index_night
from kho.quality.invariants import invariants_by_dataset
from kho.quality.links import unresolved_keys
from kho.quality.measures import MEASURES
from kho.quality.request_log import slow_answers
from kho.quality.sharing import documentation, publication, readership
from kho.quality.weighting import weighting_on, weighting_path
from kho.sql_files import run_file

if TYPE_CHECKING:
    from datetime import date

    from kho.settings import Settings


@dataclass(frozen=True, slots=True)
class Evidence:
    """So many checks of a rule, and so many that failed through one fault; no agency: the platform's."""

    dataset: str
    agency_code: str
    rule_id: str
    fault: str
    evaluated: int
    failed: int


def measure_night(db: sa.Connection, as_of: date, settings: Settings) -> int:
    """Measure the night of `as_of` and score every dataset; returns the number of rows of evidence.

    Can run twice: a night measured again replaces what it measured before.
    """
    contracts = load_contracts(settings.contracts_dir)
    pairs = load_pairs(settings)
    known = MEASURES | {pair.id: pair.measure for pair in pairs}
    loaded = {row.dataset for row in db.execute(sa.text("SELECT DISTINCT dataset FROM meta.batch"))}
    found = [
        row
        for row in _evidence(db, as_of, settings, [c for c in contracts if c.dataset in loaded])
        if row.evaluated
    ]
    for pair in pairs:
        found += [Evidence(**row) for row in compare(db, pair, as_of)]
    rows = sorted(_by_fault(found), key=lambda row: (row.dataset, row.rule_id, row.agency_code, row.fault))
    run_file(
        db,
        "measure/write_evidence.sql",
        as_of=as_of,
        datasets=[row.dataset for row in rows],
        agencies=[row.agency_code for row in rows],
        rule_ids=[row.rule_id for row in rows],
        principles=[known[row.rule_id].principle for row in rows],
        severities=[known[row.rule_id].severity for row in rows],
        faults=[row.fault for row in rows],
        evaluated=[row.evaluated for row in rows],
        failed=[row.failed for row in rows],
        known=list(known),
        titles=[measure.title for measure in known.values()],
        remedies=[measure.remedy for measure in known.values()],
    )
    run_file(db, "quality/score_night.sql", as_of=as_of, dataset=None, batch_id=None)
    index_night(db, as_of, settings)
    return len(rows)


def _evidence(
    db: sa.Connection, as_of: date, settings: Settings, contracts: list[Contract]
) -> Iterator[Evidence]:
    thresholds = weighting_on(as_of, weighting_path(settings)).thresholds
    fresh = [contract for contract in contracts if contract.freshness]
    remote = [contract for contract in contracts if contract.source.kind != "reference"]
    for name, parameters in (
        (
            "freshness",
            {
                "datasets": [contract.dataset for contract in fresh],
                "days": [contract.freshness.days for contract in fresh if contract.freshness],
                "owners": [contract.quality.owner_agency for contract in fresh],
            },
        ),
        ("submissions", {"submission_days": thresholds.submission_days}),
        ("batches", {}),
        (
            "nights",
            {
                "remote": [contract.dataset for contract in remote],
                "undated": [contract.dataset for contract in remote if not contract.freshness],
            },
        ),
    ):
        for row in run_file(db, f"measure/{name}.sql", as_of=as_of, **parameters).mappings():
            yield Evidence(**row)
    for dataset, agency, evaluated, failed in unresolved_keys(db, contracts):
        yield Evidence(dataset, agency, "keys_resolved", "data_defect", evaluated, failed)
    measured: list[tuple[str, str, str, int, int]] = [
        *((d, "answered_quickly", "gateway_down", n, bad) for d, n, bad in
          slow_answers(db, as_of, settings, float(thresholds.slow_seconds))),
        *((d, "invariants_hold", "own_fault", n, bad) for d, n, bad in
          invariants_by_dataset(db, contracts, as_of)),
        *((d, "published", "own_fault", n, bad) for d, n, bad in publication(db, contracts)),
        *((d, "documented", "own_fault", n, bad) for d, n, bad in documentation(contracts, settings)),
        *((d, "read_lately", "own_fault", n, bad) for d, n, bad in
          readership(db, contracts, as_of, thresholds.read_days)),
    ]  # fmt: skip
    for dataset, rule_id, fault, evaluated, failed in measured:
        yield Evidence(dataset, "", rule_id, fault, evaluated, failed)


def _by_fault(found: list[Any]) -> Iterator[Evidence]:
    """What passed and what failed apart: a fault belongs to failures only."""
    sums: dict[tuple[str, str, str, str], list[int]] = {}
    for row in found:
        passed = row.evaluated - row.failed
        for fault, count in (("none", passed), (row.fault, row.failed)):
            if count:
                sums.setdefault((row.dataset, row.agency_code, row.rule_id, fault), [0])[0] += count
    for (dataset, agency_code, rule_id, fault), (count,) in sums.items():
        yield Evidence(dataset, agency_code, rule_id, fault, count, 0 if fault == "none" else count)
