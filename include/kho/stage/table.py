"""The staging table of a batch and the tables beside it: their names, making them, dropping them.

In: a contract, a batch's id. Out: the UNLOGGED table `stg.<batch>` with the contract's columns and
`_row` (the record's number in the raw zone), `_unreadable` and `_repeat` (0: the one to load; 1: the
same record again; 2: another, older record with the same key). If the rows are judged on the way, three
tables stand beside it: `__repeated` has copies of the rows whose `_repeat` is not 0, which were judged last;
`__judged` the rows that break a rule, with their records as received if they are no repeats, and `__tally`
the number that each rule applies to, by agency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kho.conform.expressions import CONTENT_HASH
from kho.contracts.model import Contract

BESIDE = ("keys", "judged", "tally", "repeated", "failed", "rejected")
"""What the names of tables beside a staging table end in, after `__`."""


@dataclass(frozen=True)
class StageTable:
    """The staging table of one batch: `stg."<name>"`."""

    name: str
    schema: str = "stg"

    @property
    def quoted(self) -> str:
        return f'{self.schema}."{self.name}"'

    def beside(self, what: str) -> StageTable:
        """One of the tables beside it, see `BESIDE`."""
        return StageTable(f"{self.name}__{what}", self.schema)


def stage_table(batch_id: str) -> StageTable:
    """The staging table that belongs to a batch."""
    return StageTable(batch_id.replace("-", "_"))


def create_stage_table(db: sa.Connection, contract: Contract, table: StageTable) -> None:
    """An empty staging table, and those beside it that are filled with it."""
    # What every reader asks comes first: PostgreSQL takes a row apart only up to the last column it needs.
    columns: list[sa.Column[Any]] = [
        sa.Column("_row", sa.BigInteger),
        sa.Column(CONTENT_HASH, sa.BigInteger),
        sa.Column("_repeat", sa.SmallInteger, server_default="0", nullable=False),
    ]
    columns += [sa.Column(column.name, _SqlType(column.sql_type)) for column in contract.columns]
    columns.append(sa.Column("_unreadable", sa.Text))
    keys = [sa.Column(column.name, sa.Text) for column in contract.key]
    judged = [sa.Column(name, sa.Text) for name in ("_agency", "_key", "raw", "raw_md5")]
    numbers = {name: sa.Column(name, sa.BigInteger) for name in ("_row", "evaluated")}
    tally = [sa.Column("rule_id", sa.Text), sa.Column("_agency", sa.Text), numbers["evaluated"]]
    drop_tables(db, table)
    for target, parts in (
        (table, columns),
        (table.beside("keys"), keys),
        (table.beside("judged"), [numbers["_row"], *judged, sa.Column("rules", sa.ARRAY(sa.Text))]),
        (table.beside("tally"), tally),
    ):
        sa.Table(target.name, sa.MetaData(), *parts, schema=target.schema, prefixes=["UNLOGGED"]).create(db)
    db.exec_driver_sql(
        f"CREATE UNLOGGED TABLE {table.beside('repeated').quoted} (LIKE {table.quoted} INCLUDING DEFAULTS)"
    )


def drop_staging(engine: sa.Engine, table: StageTable) -> None:
    """Remove what a batch left in stg; the raw zone can make it again."""
    with engine.begin() as db:
        drop_tables(db, table)


def drop_tables(db: sa.Connection, table: StageTable) -> None:
    """The same within a transaction."""
    for one in (table, *map(table.beside, BESIDE)):
        db.exec_driver_sql(f"DROP TABLE IF EXISTS {one.quoted}")


class _SqlType(sa.types.UserDefinedType[object]):
    """A column type by the name that the contract gives it."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        return self.name
