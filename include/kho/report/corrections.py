"""The values that were corrected by hand in the batches of a night.

In: `dq.correction_applied`. Out: a `CorrectedValue` each, in words that may be shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from kho.report.vietnamese import clip
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class CorrectedValue:
    """One correction; `old` is empty where the source had sent nothing."""

    dataset: str
    record: str
    column: str
    old: str
    new: str
    rows: int
    why: str
    reported_to: str
    valid_until: date


def read_corrections(db: sa.Connection, as_of: date) -> tuple[CorrectedValue, ...]:
    """What was corrected in the night of `as_of`."""
    return tuple(
        CorrectedValue(
            dataset=row.dataset,
            record=clip(row.business_key, 60),
            column=clip(row.column_name, 60),
            old=clip(row.from_value or "", 60),
            new=clip(row.to_value, 60),
            rows=row.rows,
            why=clip(row.why),
            reported_to=clip(row.reported_to, 120),
            valid_until=row.valid_until,
        )
        for row in run_file(db, "report/corrections.sql", as_of=as_of)
    )
