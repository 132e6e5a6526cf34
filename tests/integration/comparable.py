"""A warehouse in a form that can be compared with another one.

In: a warehouse. Out: the rows of every table, as the database's catalogue has them. In the star, surrogate keys
are replaced by what the member is known by, and `batch_key` is left out. A new table is compared without being
named here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kho.pipeline import Context
from kho.sql_files import run_file

Rows = dict[str, list[str]]


def whole_star(context: Context, *only: str) -> Rows:
    """All rows of all tables of the star, or only of these, without what is this warehouse's own."""
    with context.engine.connect() as db:
        names = db.execute(
            sa.text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'dw'::regnamespace "
                "AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname"
            )
        ).scalars()
        return {name: _rows(db, name) for name in only or names.all()}


def whole_history(context: Context) -> Rows:
    """All earlier states of these rows, with the nights on which they were given up."""
    with context.engine.connect() as db:
        names = db.execute(
            sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'dw_history'")
        ).scalars()
        return {
            name: _rows(db, name, "dw_history", ("believed_until", "by_deletion")) for name in names.all()
        }


def whole_record(context: Context) -> Rows:
    """What is known of batches, cases, scores and the rest beside the star, but for when it was written down.

    Numbers that the database gives are left out, and how often a source was asked: whoever had to begin again
    has used more of both.
    """
    with context.engine.connect() as db:
        return {name: _texts(db, name, columns) for name, columns in db.execute(_RECORD).all()}


def differences(mine: Rows, other: Rows) -> Rows:
    """Some rows of each table that is not the same in both; empty if all are."""
    assert mine.keys() == other.keys()
    return {
        name: (sorted({*mine[name]} ^ {*other[name]}) or ["the same rows, not as often"])[:4]
        for name in mine
        if mine[name] != other[name]
    }


def _rows(db: sa.Connection, table: str, schema: str = "dw", more: Sequence[str] = ()) -> list[str]:
    described = _describe(db, table)
    targets = {row.attname: row.target for row in db.execute(_FOREIGN, {"name": f"dw.{table}"})}
    columns = [f"t.{name}" for name in more]
    for name in described.columns:
        if name in {"batch_key", described.surrogate}:
            continue
        known = _describe(db, targets[name].removeprefix("dw.")) if name in targets else None
        if known and known.surrogate:
            natural = " || ' ' || ".join(f"d.{part}::text" for part in known.known_by)
            columns.append(
                f"(SELECT {natural} FROM {targets[name]} AS d WHERE d.{known.surrogate} = t.{name})"
            )
        else:
            columns.append(f"t.{name}")
    return _texts(db, f"{schema}.{table}", ", ".join(columns))


def _texts(db: sa.Connection, table: str, columns: str) -> list[str]:
    return sorted(db.execute(sa.text(f"SELECT cast(row({columns}) AS text) FROM {table} AS t")).scalars())


_RECORD = sa.text(
    "SELECT a.attrelid::regclass::text, string_agg(format('t.%I', a.attname), ', ' ORDER BY a.attnum) "
    "FROM pg_attribute AS a INNER JOIN pg_class AS r ON a.attrelid = r.oid "
    "WHERE r.relnamespace IN ('dq'::regnamespace, 'meta'::regnamespace) AND r.relkind IN ('r', 'p') "
    "AND NOT r.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = '' "
    "AND a.atttypid <> 'timestamptz'::regtype "
    "AND a.attname NOT IN ('batch_key', 'quarantine_id', 'requests') "
    "GROUP BY a.attrelid ORDER BY 1"
)
_FOREIGN = sa.text(
    "SELECT a.attname, 'dw.' || f.relname AS target FROM pg_constraint AS c INNER JOIN pg_attribute AS a "
    "ON c.conrelid = a.attrelid AND c.conkey[1] = a.attnum INNER JOIN pg_class AS f ON c.confrelid = f.oid "
    "WHERE c.contype = 'f' AND c.conrelid = cast(:name AS regclass)"
)


def _describe(db: sa.Connection, table: str) -> Any:
    return run_file(db, "rebuild/describe_table.sql", table_name=f"dw.{table}").one()
