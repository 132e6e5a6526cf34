"""A second warehouse out of the first one's raw zone, and whether both hold the same star.

In: a warehouse with loaded batches. Out: another one, into which these batches were loaded a dataset at a
time, so that facts meet dimensions with their whole history; and the rows of both, comparable: surrogate keys
are replaced by what the member is known by, and `batch_key` is left out.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kho import pipeline
from kho.pipeline import Context
from kho.pipeline.batches import enter_batch, read_batch
from kho.pipeline.rebuilds import datasets_loaded
from kho.sql_files import run_file


def load_again(first: Context, second: Context) -> int:
    """Load every batch that `first` has loaded into `second`, which is empty; how many there were."""
    if first.settings.secrets_file.is_file():
        # The same persons have to get the same pseudonyms.
        shutil.copy(first.settings.secrets_file, second.settings.secrets_file)
    second.settings.raw_zone.symlink_to(first.settings.raw_zone)
    count = 0
    for dataset in datasets_loaded(first):
        with first.engine.connect() as db:
            batches = run_file(db, "rebuild/loaded_batches.sql", dataset=dataset).all()
        for batch in batches:
            enter_batch(read_batch(batch.batch_id, second)[0], second)
            for step in (pipeline.stage, pipeline.validate, pipeline.load):
                step(batch.batch_id, second)
            count += 1
    return count


def whole_star(context: Context) -> dict[str, list[str]]:
    """All rows of all tables of the star that loads fill, without what is this warehouse's own."""
    with context.engine.connect() as db:
        names = db.execute(
            sa.text(
                "SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'dw'::regnamespace "
                "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND EXISTS (SELECT FROM pg_attribute AS a "
                "WHERE a.attrelid = c.oid AND a.attname = 'batch_key') ORDER BY c.relname"
            )
        ).scalars()
        return {name: _rows(db, name) for name in names.all()}


def whole_history(context: Context) -> dict[str, list[str]]:
    """All earlier states of these rows, with the nights on which they were given up."""
    with context.engine.connect() as db:
        names = db.execute(
            sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'dw_history'")
        ).scalars()
        return {
            name: _rows(db, name, "dw_history", ("believed_until", "by_deletion")) for name in names.all()
        }


def _rows(db: sa.Connection, table: str, schema: str = "dw", more: Sequence[str] = ()) -> list[str]:
    described = _describe(db, table)
    targets = dict(db.execute(_FOREIGN, {"name": f"dw.{table}"}).tuples().all())
    columns = [f"t.{name}" for name in more]
    for name in described.columns:
        if name in {"batch_key", described.surrogate}:
            continue
        known = _describe(db, targets[name].removeprefix("dw.")) if name in targets else None
        if known and known.surrogate:
            natural = " || ' ' || ".join(f"d.{part}::text" for part in known.known_by)
            columns.append(
                f"(SELECT {natural} FROM {targets[name]} AS d WHERE d.{known.surrogate} = t.{name}) AS {name}"
            )
        else:
            columns.append(f"t.{name}")
    return sorted(
        map(repr, db.execute(sa.text(f"SELECT {', '.join(columns)} FROM {schema}.{table} AS t")).all())
    )


_FOREIGN = sa.text(
    "SELECT a.attname, 'dw.' || f.relname FROM pg_constraint AS c INNER JOIN pg_attribute AS a "
    "ON c.conrelid = a.attrelid AND c.conkey[1] = a.attnum INNER JOIN pg_class AS f ON c.confrelid = f.oid "
    "WHERE c.contype = 'f' AND c.conrelid = cast(:name AS regclass)"
)


def _describe(db: sa.Connection, table: str) -> Any:
    return run_file(db, "rebuild/describe_table.sql", table_name=f"dw.{table}").one()
