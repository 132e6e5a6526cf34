"""Who rebuilt what, when and why: `meta.rebuild`.

In: a rebuild that begins, and how it failed. Out: an entry; one that succeeds is closed by the rebuild
itself, in the transaction of its changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kho.errors import ConfigurationError
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.rebuild.span import Span


def open_rebuild(engine: sa.Engine, dataset: str, span: Span | None, *, by: str, reason: str) -> int:
    """Open an entry; its id.

    Raises:
        ConfigurationError: nobody says who or why.
    """
    if not by.strip() or not reason.strip():
        raise ConfigurationError(
            "a rebuild needs a name and a reason",
            dataset=dataset,
            next_step="say who rebuilds (--by) and why (--reason)",
        )
    with engine.begin() as db:
        entry = run_file(
            db,
            "rebuild/open_rebuild.sql",
            dataset=dataset,
            first_night=span.first if span else None,
            last_night=span.last if span else None,
            by=by.strip(),
            reason=reason.strip(),
        )
        return int(entry.scalar_one())


def fail_rebuild(engine: sa.Engine, rebuild_id: int, said: str) -> None:
    """Say that a rebuild failed, and with which words."""
    with engine.begin() as db:
        run_file(
            db,
            "rebuild/close_rebuild.sql",
            rebuild_id=rebuild_id,
            outcome="failed",
            note=said,
            batches=None,
            tables=None,
        )
