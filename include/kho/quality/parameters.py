"""What a suite's `{$PARAMETER: …}` stand for on a night.

In:  the warehouse, a dataset, the night. Out: values by name: `as_of`, `as_of_end`, and for a dataset with a
     file in `sql/quality/previous/` what the warehouse has of the period before, `previous_<measure>`: by the
     key of the row that it is compared with, its value. So a rule about this period and the last looks at one
     row alone, and is judged in the same pass as the others.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa

from kho.contracts.model import Contract
from kho.settings import get_settings
from kho.sql_files import run_file


def night_parameters(engine: sa.Engine, contract: Contract, as_of: date) -> dict[str, Any]:
    """The parameters of a dataset's suite in the night of `as_of`."""
    return {
        "as_of": as_of,
        "as_of_end": datetime.combine(as_of, time.max),
        **_previous(engine, contract.dataset, as_of),
    }


def _previous(engine: sa.Engine, dataset: str, as_of: date) -> dict[str, dict[str, float]]:
    name = f"quality/previous/{dataset}.sql"
    if not (get_settings().sql_dir / name).is_file():
        return {}
    values: dict[str, dict[str, float]] = defaultdict(dict)
    with engine.connect() as db:
        for row in run_file(db, name, as_of=as_of):
            known = values[f"previous_{row.measure}"]
            if row.value is not None:
                known[row.key] = float(row.value)
    return {name: dict(sorted(known.items())) for name, known in values.items()}
