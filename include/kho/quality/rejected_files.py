"""The files that could not be read and wait for their senders.

In: the warehouse. Out: frozen records: which file, where in it, why, and what its sender should do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class RejectedFile:
    """A file that was refused; `remedy` is in Vietnamese, for its sender."""

    dataset: str
    submitter: str | None
    period: str | None
    path: str
    sheet: str | None
    cell: str | None
    reason: str
    message: str
    remedy: str
    first_seen_on: date
    due_on: date

    @property
    def place(self) -> str:
        """Sheet and cell, as far as the trouble is in one place."""
        sheet = f", sheet '{self.sheet}'" if self.sheet else ""
        return f"{sheet}, cell {self.cell}" if self.cell else sheet


def list_rejected_files(
    engine: sa.Engine, *, dataset: str | None = None, limit: int = 50
) -> tuple[int, tuple[RejectedFile, ...]]:
    """How many files wait in all, and the oldest of them."""
    with engine.connect() as db:
        rows = run_file(db, "quality/list_rejected_files.sql", dataset=dataset, at_most=limit).all()
    files = tuple(
        RejectedFile(
            row.dataset, row.submitter, row.period, row.path, row.sheet, row.cell, row.reason,
            row.message, row.remedy_vi, row.first_seen_on, row.due_on,
        )
        for row in rows
    )  # fmt: skip
    return (rows[0].total if rows else 0), files
