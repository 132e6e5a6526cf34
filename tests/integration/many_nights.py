"""Months of nights as their profiles show them: weekdays, weekends, ends of months and quarters, holidays, Tết.

In: a seed and a night. Out: what the night's batch of dossiers looked like, whole and by agency.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from kho.anomalies.seasons import season_of

DATASET = "public_service_dossiers"
COVERS = 4
SCOPE = f"{COVERS} days"
AGENCIES = {"000.00.02.H48": 0.6, "000.00.03.H48": 0.3, "000.01.60.H48": 0.1}
STATUSES = {"4": 0.3, "9": 0.35, "10": 0.25, "5": 0.1}

Profile = dict[str, Any]


def profiles(seed: int, night: date) -> dict[str, Profile]:
    """By agency ('' is the whole batch) how many rows, and the metrics of them."""
    random = np.random.default_rng([seed, night.toordinal()])
    counts = {code: _rows(random, night, share) for code, share in AGENCIES.items()}
    counts = {"": sum(counts.values())} | counts
    return {
        code: {"rows": count, "metrics": _metrics(random, count)}
        for code, count in counts.items()
        if count or not code
    }


def _rows(random: np.random.Generator, night: date, share: float) -> int:
    """Rows of the four days before the night."""
    total = 0.0
    for number in range(1, COVERS + 1):
        day = night - timedelta(days=number)
        season = season_of(day + timedelta(days=1), 1)
        busy = {"end": 1.4, "quarter_end": 1.8, "start": 0.9}.get(season.month, 1.0)
        week = (1.3, 1.0, 0.95, 1.0, 1.1, 0.3, 0.05)[day.weekday()]
        off = {"tet": 0.15, "holiday": 0.1}.get(season.special, 1.0)
        total += 500 * busy * week * off * random.lognormal(0, 0.08)
    return int(random.poisson(total * share))


def _metrics(random: np.random.Generator, count: int) -> dict[str, list[float]]:
    if not count:
        return {}
    metrics: dict[str, list[float]] = {
        "nulls:fee_amount_vnd": [random.binomial(count, 0.02) / count, count],
        "nulls:commune_code": [0.0, count],
        "indicator:on_time": [random.binomial(count, 0.9) / count, count],
        "p50:fee_amount_vnd": [50_000 * random.lognormal(0, 0.05), count],
        "p90:fee_amount_vnd": [250_000 * random.lognormal(0, 0.08), count],
        "shares:status_code": [1.0, count],
    }
    shares = random.multinomial(count, list(STATUSES.values())) / count
    for value, share in zip(STATUSES, shares, strict=True):
        metrics[f"share:status_code={value}"] = [float(share), count]
    return metrics
