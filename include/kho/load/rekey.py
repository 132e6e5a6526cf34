"""Late news of a dimension's history: facts that are loaded already find the version of their own day.

In: a dimension whose members have just changed, in the transaction that changed them. Out: keys of facts.
Of `sql/rekey/<dataset>/` the first file lists, in the temporary table `moved_version`, between which versions
of the changed members facts may have to move; the others, a file per fact and key, move them. Where no
changed member has more than one version, as on nearly every night, no fact is looked at. Earlier states of a
row (dw_history) move as the row does: it stays the same row, and moving it is no revision.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.sql_files import files_in, read_sql, run_file

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOVES = re.compile(r"\bUPDATE dw\.(\w+)")


def rekey_facts(
    db: sa.Connection, dataset: str, batch_key: int | None, stale: Sequence[int] = ()
) -> dict[str, int]:
    """Move facts to the version of their day, after a dataset's dimension has changed.

    Args:
        batch_key: only members that this batch has changed; None is all members.
        stale: keys of versions that are valid on no day any more, from which facts must go.

    Returns:
        How many rows moved, by the file that moved them; empty where the dataset fills no dimension with a
        history.
    """
    files = files_in(f"rekey/{dataset}")
    if not files:
        return {}
    run_file(db, files[0], batch_key=batch_key, stale=list(stale))
    moved: dict[str, int] = {}
    if db.scalar(sa.text("SELECT EXISTS (SELECT FROM pg_temp.moved_version)")):
        db.exec_driver_sql("ANALYZE pg_temp.moved_version")
        run_file(db, "history/switch.sql", state="off")
        for name in files[1:]:
            # First the history, which is to do what the fact does: its place may not be taken yet.
            if earlier := _of_history(db, name):
                db.execute(sa.text(earlier))
            moved[name.rpartition("/")[2]] = int(run_file(db, name).scalar_one())
        run_file(db, "history/switch.sql", state="on")
    db.exec_driver_sql("DROP TABLE pg_temp.moved_version")
    return {name: rows for name, rows in moved.items() if rows}


def _of_history(db: sa.Connection, file: str) -> str | None:
    """A file's statement for the earlier states of the table that it moves; None where none are kept."""
    text = read_sql(file)
    table = _MOVES.search(text)
    if table is None:
        raise ValueError(f"sql/{file} updates no table of the star")
    kept = db.scalar(sa.text("SELECT to_regclass('dw_history.' || :name)"), {"name": table[1]})
    return _MOVES.sub(r"UPDATE dw_history.\1", text, count=1) if kept else None
