"""A dataset's tables once more, as temporary tables beside the star, filled by the dataset's own load files.

In: staged batches, in the order in which they were loaded. Out: temporary tables named like those of the
star (`pg_temp.fact_dossier` for `dw.fact_dossier`), which end with the transaction. The load files are the
ones that a night runs; only the names of the tables that the dataset owns are others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.load.load import COUNT_FILE
from kho.quality.lineage import tables_of
from kho.sql_files import files_in, read_sql, run_file

if TYPE_CHECKING:
    from kho.stage import StageTable

# Numbers that the star does not use: a statement that meets one of them in the star finds nothing.
_FIRST_KEY = 1_000_000_000
_MENDS = r"(?:^\s*UPDATE\s+dw\.{0}\b|ON CONFLICT[^;]*DO UPDATE)"


@dataclass(frozen=True)
class StarTable:
    """A table of the star that a dataset owns.

    Attributes:
        surrogate: the column with a number of this warehouse's own; None if there is none.
        known_by: the columns by which a row is the same row in the star and in the shadow.
        columns: all columns that are not computed, those above among them.
        month_key: the column that says in which month a row lies; None if it is one table.
    """

    name: str
    surrogate: str | None
    known_by: tuple[str, ...]
    columns: tuple[str, ...]
    month_key: str | None = None

    @property
    def is_dimension(self) -> bool:
        """Whether other tables may point to it."""
        return self.name.startswith("dim_")

    @property
    def compared(self) -> tuple[str, ...]:
        """The columns that have to be equal: not the lineage, and no number of this warehouse's own."""
        aside = {*self.known_by, self.surrogate, "batch_key"}
        return tuple(name for name in self.columns if name not in aside)


@dataclass(frozen=True)
class Counted:
    """What a batch came to in the shadow."""

    accepted: int
    quarantined: int
    duplicates: int
    loaded: int


@cache
def owned_tables(dataset: str) -> tuple[str, ...]:
    """The tables that are this dataset's alone, dimensions first.

    A load that gives an unknown member of somebody else's dimension a row, to be completed, does not own it.
    """
    texts = [read_sql(name) for name in files_in(f"load/{dataset}")]
    found = tables_of(dataset)
    owned = [
        name for name in found if not name.startswith("dim_") or any(_mends(text, name) for text in texts)
    ]
    return tuple(sorted(owned, key=lambda name: (not name.startswith("dim_"), name)))


def _mends(text: str, table: str) -> bool:
    """Whether statements of this file change rows of the table that are there already."""
    return any(
        re.search(rf"\bdw\.{table}\b", statement) and re.search(_MENDS.format(table), statement, re.M | re.I)
        for statement in text.split(";")
        if re.search(rf"(?:INSERT INTO|UPDATE)\s+dw\.{table}\b", statement, re.I)
    )


def create_shadow(db: sa.Connection, dataset: str) -> tuple[StarTable, ...]:
    """Make the dataset's tables empty once more; dimensions with their unknown members."""
    made = []
    for name in owned_tables(dataset):
        described = run_file(db, "rebuild/describe_table.sql", table_name=f"dw.{name}").one()
        table = StarTable(
            name,
            described.surrogate,
            tuple(described.known_by),
            tuple(described.columns),
            described.month_key,
        )
        db.exec_driver_sql(f"CREATE TEMP TABLE {name} (LIKE dw.{name} INCLUDING ALL) ON COMMIT DROP")
        if table.surrogate:
            columns = ", ".join(table.columns)
            db.exec_driver_sql(
                f"ALTER TABLE pg_temp.{name} ALTER COLUMN {table.surrogate} RESTART WITH {_FIRST_KEY}"
            )
            db.exec_driver_sql(
                f"INSERT INTO pg_temp.{name} ({columns}) "
                f"SELECT {columns} FROM dw.{name} WHERE {table.surrogate} < 0"
            )
        made.append(table)
    db.exec_driver_sql(
        "CREATE TEMP TABLE decided (row_number bigint PRIMARY KEY, decision text NOT NULL) ON COMMIT DROP"
    )
    return tuple(made)


def load_into_shadow(
    db: sa.Connection, dataset: str, key: Sequence[str], batch_key: int, table: StageTable
) -> Counted:
    """Load a staged batch into the shadow as its night loaded it; `decided` says what is left out.

    Args:
        key: the names of the contract's key columns.
    """
    _create_views(db, key, table)
    db.exec_driver_sql("ANALYZE pg_temp.decided")
    counted = db.execute(
        sa.text(
            "SELECT count(*) FILTER (WHERE s._repeat = 0 AND d.row_number IS NULL) AS accepted, "
            "count(*) FILTER (WHERE d.decision = 'rejected') AS quarantined, "
            "count(*) FILTER (WHERE d.decision = 'set_aside' "
            "OR (s._repeat = 1 AND d.row_number IS NULL)) AS duplicates "
            f"FROM {table.quoted} AS s LEFT JOIN pg_temp.decided AS d ON s._row = d.row_number"
        )
    ).one()
    loaded = 0
    run_file(db, "load/name_batch.sql", batch_key=batch_key)
    for name in files_in(f"load/{dataset}"):
        statement = sa.text(_beside_the_star(dataset, name))
        wanted = statement.compile().params
        parameters = {"batch_key": batch_key, "accepted": counted.accepted}
        result = db.execute(statement, {k: v for k, v in parameters.items() if k in wanted})
        if name.endswith(COUNT_FILE):
            loaded = int(result.scalar_one())
    run_file(db, "load/name_batch.sql", batch_key="")
    db.exec_driver_sql("DROP VIEW pg_temp.accepted, pg_temp.rejected, pg_temp.source_keys")
    # Nobody else analyses temporary tables.
    for owned in owned_tables(dataset):
        db.exec_driver_sql(f"ANALYZE pg_temp.{owned}")
    return Counted(counted.accepted, counted.quarantined, counted.duplicates, loaded)


def _create_views(db: sa.Connection, key: Sequence[str], table: StageTable) -> None:
    """What the load files read, as in an ordinary load."""
    names = ", ".join(key)
    for name, query in {
        "accepted": f"SELECT s.* FROM {table.quoted} AS s WHERE s._repeat = 0 AND NOT EXISTS "
        "(SELECT FROM pg_temp.decided AS d WHERE d.row_number = s._row)",
        "rejected": "SELECT d.row_number FROM pg_temp.decided AS d WHERE d.decision = 'rejected'",
        "source_keys": f'SELECT {names} FROM {table.schema}."{table.name}__keys"',
    }.items():
        db.exec_driver_sql(f"CREATE TEMP VIEW {name} AS {query}")


@cache
def _beside_the_star(dataset: str, file: str) -> str:
    """A load file whose tables are the shadow's."""
    names = "|".join(owned_tables(dataset))
    return re.sub(rf"\bdw\.({names})\b", r"pg_temp.\1", read_sql(file))
