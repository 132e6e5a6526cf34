"""The lists of codes that the project knows, so that a column can be seen to hold codes of one.

In: `include/reference/*.csv` and the administrative units. Out: by `<file>.<column>` its codes.
"""

from __future__ import annotations

import csv
import re
from datetime import date

from kho.rules.references import commune_periods
from kho.settings import Settings

COMMUNES = "administrative_units.unit_code"


def reference_lists(settings: Settings) -> dict[str, list[str]]:
    """The codes of every list, sorted; only columns whose values are keys of their file."""
    found: dict[str, list[str]] = {}
    for path in sorted(settings.reference_dir.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        for name in rows[0] if rows else ():
            values = [row[name] for row in rows]
            if re.search(r"_code$", name) and len(set(values)) == len(values) > 1 and all(values):
                found[f"{path.stem}.{name}"] = sorted(values)
    return found


def commune_codes(settings: Settings, *, today: bool = False) -> frozenset[str]:
    """Every commune code that was ever in force in the province, or those that are."""
    now = date.today().isoformat()  # noqa: DTZ011
    periods = [
        period
        for period in commune_periods(settings.province, settings.reference_dir)
        if not today or str(period["valid_from"]) <= now <= str(period["valid_to"] or now)
    ]
    return frozenset(str(code) for period in periods for code in period["codes"])  # type: ignore[attr-defined]
