"""Late news of a dimension's history: facts that are loaded already find the version of their own day.

In: a dimension whose members have just changed, in the transaction that changed them. Out: keys of facts.
Of `sql/rekey/<dataset>/` the first file lists, in the temporary table `moved_version`, between which versions
of the changed members facts may have to move; the others, a file per fact and key, move them. Where no
changed member has more than one version, as on nearly every night, no fact is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.sql_files import files_in, run_file

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        for name in files[1:]:
            moved[name.rpartition("/")[2]] = int(run_file(db, name).scalar_one())
    db.exec_driver_sql("DROP TABLE pg_temp.moved_version")
    return {name: rows for name, rows in moved.items() if rows}
