"""What the SQL files of a load read: a batch's staging tables under names that every dataset shares.

In: the staging table of a batch that has been validated. Out: temporary views of one session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kho.quality.rejects import rejected_table

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.contracts.model import Contract
    from kho.stage import StageTable


def create_views(db: sa.Connection, contract: Contract, table: StageTable) -> None:
    """Make the views accepted, accepted_keys, rejected, source_keys and source_business_keys."""
    rejected = rejected_table(table)
    key = ", ".join(f"coalesce(s.{column.name}::text, '')" for column in contract.key)
    views = {
        # NOT IN: asked of each row while it is read, by a hash of the few; a join hashes the whole batch.
        "accepted": f"SELECT s.* FROM {table.quoted} AS s WHERE s._repeat = 0 "
        f"AND s._row NOT IN (SELECT r._row FROM {rejected.quoted} AS r)",
        "accepted_keys": f"SELECT concat_ws('|', {key}) AS business_key FROM pg_temp.accepted AS s",
        "rejected": "SELECT business_key, agency_code, failed_rules, raw::jsonb AS raw, raw_md5 "
        f"FROM {rejected.quoted}",
        "source_keys": f'SELECT * FROM {table.schema}."{table.name}__keys"',
        "source_business_keys": f"SELECT concat_ws('|', {key}) AS business_key FROM pg_temp.source_keys AS s",
    }
    for name, query in views.items():
        db.exec_driver_sql(f"CREATE TEMP VIEW {name} AS {query}")


def drop_views(db: sa.Connection) -> None:
    """Drop them: a pooled session outlives the load; its views must not keep the staging tables."""
    db.exec_driver_sql(
        "DROP VIEW pg_temp.accepted_keys, pg_temp.accepted, pg_temp.rejected, pg_temp.source_business_keys, "
        "pg_temp.source_keys"
    )
