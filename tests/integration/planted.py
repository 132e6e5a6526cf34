"""What the sandbox planted, and what the quarantine holds, in terms that can be compared."""

from collections import Counter
from typing import Any

import sqlalchemy as sa

Faulty = tuple[str, str, tuple[str, ...]]
"""A row's business key, its agency, and the rules it breaks."""


def planted_defects(manifest: dict[str, Any]) -> Counter[Faulty]:
    """The rows that the sandbox's own manifest says must not be loaded."""
    return Counter(
        (defect["business_key"], defect["agency_code"] or "", tuple(sorted(defect["rule_ids"])))
        for defect in manifest["defects"]
        if defect["severity"] == "critical"
    )


def open_cases(engine: sa.Engine, dataset: str) -> Counter[Faulty]:
    """The open cases of a dataset."""
    query = sa.text(
        "SELECT business_key, agency_code, failed_rules FROM dq.quarantine "
        "WHERE dataset = :dataset AND status = 'open'"
    )
    with engine.connect() as db:
        return Counter(
            (key, agency, tuple(sorted(rules)))
            for key, agency, rules in db.execute(query, {"dataset": dataset})
        )
