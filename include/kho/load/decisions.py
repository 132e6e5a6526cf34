"""What a load leaves out of its batch, kept so that a rebuild can leave out the same.

In: a staged and judged batch in its load's transaction. Out: rows of `meta.row_decision`, by the records'
numbers in the raw zone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.quality.rejects import rejected_table

if TYPE_CHECKING:
    from kho.stage import StageTable


def note_decisions(db: sa.Connection, batch_key: int, table: StageTable, *, some_set_aside: bool) -> None:
    """Write down which rows of a batch are rejected or set aside.

    Args:
        some_set_aside: whether `kho.quality.superseded.set_aside` has been asked in this transaction.
    """
    _note(db, batch_key, "rejected", rejected_table(table).quoted)
    if some_set_aside:
        _note(db, batch_key, "set_aside", "pg_temp.superseded")


def _note(db: sa.Connection, batch_key: int, decision: str, source: str) -> None:
    db.execute(
        sa.text(
            "INSERT INTO meta.row_decision (batch_key, row_number, decision) "
            f"SELECT :batch_key, _row, :decision FROM {source}"
        ),
        {"batch_key": batch_key, "decision": decision},
    )
