"""The files that could not be read and that their senders have to send again.

In: `dq.rejected_file`. Out: a `RefusedFile` for each, with its sender's name and what is to be done.
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
class RefusedFile:
    """A file that waits for its sender; `place` is sheet and cell, as far as they are known."""

    dataset: str
    sender: str
    name: str
    place: str
    title: str
    remedy: str
    since: date
    due: date


def read_refused_files(db: sa.Connection, as_of: date) -> tuple[RefusedFile, ...]:
    """The files that waited on the night of `as_of`, the oldest first."""
    return tuple(
        RefusedFile(
            dataset=row.dataset,
            sender=clip(row.sender, 80),
            name=clip(row.path, 80),
            place=clip(_place(row.sheet, row.cell), 60),
            title=row.title_vi,
            remedy=row.remedy_vi,
            since=row.first_seen_on,
            due=row.due_on,
        )
        for row in run_file(db, "report/rejected_files.sql", as_of=as_of)
    )


def _place(sheet: str | None, cell: str | None) -> str:
    parts = [f"trang tính {sheet}"] if sheet else []
    return ", ".join([*parts, f"ô {cell}"] if cell else parts)
