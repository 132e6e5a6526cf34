"""The ground truth: which planted defects a date shows, as JSON.

In:  a view and its date.
Out: the manifest of the dataset. Filtering `defects` by `updated_at` gives what a fetch of those
     days of update must find.
"""

from collections import Counter
from datetime import date
from typing import Any

from kho.sandbox.views import Planted, View


def build_manifest(dataset: str, on: date, view: View) -> dict[str, Any]:
    """The manifest of one dataset on one clock date.

    `defects` lists records that are bad on that date (of two contradicting copies the older one,
    which loses); their `corrected_on` is the clock date from which they are good, empty if never.
    `corrected` lists those that were bad before and are good now. `exact_duplicates` counts the
    further identical copies. `totals` counts rows served, copies included, per day of update.
    """
    defects = view.planted()
    copies = view.copies()
    totals = view.totals()
    per_day = Counter[str]()
    for copy in copies:
        per_day[copy.updated_at.date().isoformat()] += copy.copies
    return {
        "dataset": dataset,
        "date": on.isoformat(),
        "defects": [_entry(planted) for planted in defects],
        "corrected": [_entry(planted) for planted in view.corrected()],
        "kinds": dict(sorted(Counter(planted.kind for planted in defects).items())),
        "exact_duplicates": {
            "total": per_day.total(),
            "by_date": dict(sorted(per_day.items())),
            "records": [
                {
                    "business_key": copy.business_key,
                    "updated_at": copy.updated_at.isoformat(),
                    "copies": copy.copies,
                }
                for copy in copies
            ],
        },
        "totals": {
            "records": sum(totals.values()),
            "by_date": {day.isoformat(): count for day, count in sorted(totals.items())},
        },
    }


def _entry(planted: Planted) -> dict[str, Any]:
    return {
        "kind": planted.kind,
        "business_key": planted.business_key,
        "rule_ids": list(planted.rule_ids),
        "severity": planted.severity,
        "agency_code": planted.agency_code,
        "updated_at": planted.updated_at.isoformat(),
        "first_seen_on": planted.first_seen_on.isoformat(),
        "corrected_on": planted.corrected_on.isoformat() if planted.corrected_on else None,
    }
