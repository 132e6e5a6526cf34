"""The rejected rows of a batch, with their records as received.

In: a labelled staging table and the batch's raw zone. Out: `stg.<batch>__rejected`: one row for each
that broke a critical rule: its number, business key, agency, all rules it broke (warnings too), and
the raw record as JSON with its checksum. Rows that broke a rule while the batch was staged brought their
records along; those of the others are looked for in the raw zone and moved as a stream, so a batch of
which every row fails needs little more memory than a good one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from kho.contracts.model import Contract
from kho.raw_zone.landing import record_files
from kho.rules.duck_labels import RAW_RECORD
from kho.stage import BATCH_ROWS, StageTable, libpq_uri

_RAW_RECORDS = f"""
WITH record AS (
    SELECT _row, struct_pack(*COLUMNS(* EXCLUDE (_row))) AS record
    FROM landed SEMI JOIN failing USING (_row)
),
safe AS (SELECT _row, {RAW_RECORD.format("record")} AS raw FROM record)
SELECT
    safe._row,
    failing.business_key,
    failing.agency_code,
    failing.failed_rules,
    safe.raw,
    md5(safe.raw) AS raw_md5
FROM safe JOIN failing USING (_row)
"""


def rejected_table(table: StageTable) -> StageTable:
    """The table of a batch's rejected rows."""
    return table.beside("rejected")


def write_rejects(
    engine: sa.Engine,
    contract: Contract,
    table: StageTable,
    failed_table: StageTable,
    critical: Sequence[str],
    folder: Path,
) -> int:
    """Make the table of rejected rows; returns how many there are.

    Args:
        failed_table: the labelled rows: `_row`, `_key`, `_agency`, `rules text[]`.
        critical: ids of the rules that keep a row out of the warehouse.
        folder: the batch in the raw zone.
    """
    rejected = rejected_table(table)
    text = [sa.Column(name, sa.Text) for name in ("business_key", "agency_code", "raw", "raw_md5")]
    target = sa.Table(
        rejected.name,
        sa.MetaData(),
        sa.Column("_row", sa.BigInteger),
        sa.Column("failed_rules", sa.ARRAY(sa.Text)),
        *text,
        schema=rejected.schema,
        prefixes=["UNLOGGED"],
    )
    agency = (
        "coalesce(_agency, '')" if contract.quality.agency_column else f"'{contract.quality.owner_agency}'"
    )
    failing = (
        f"SELECT _row, _key AS business_key, {agency} AS agency_code, rules AS failed_rules "
        f"FROM {failed_table.quoted} WHERE rules && cast(:critical AS text[])"
    )
    columns = "_row, business_key, agency_code, failed_rules"
    with engine.begin() as db:
        target.drop(db, checkfirst=True)
        target.create(db)
        # Few, looked up in a hash while the batch is read: by several processes, if this is not.
        db.exec_driver_sql(f"ALTER TABLE {rejected.quoted} SET (parallel_workers = 0)")
        # Nobody has counted these tables yet: a join that takes them for small would take minutes.
        db.execute(sa.text("SET LOCAL enable_nestloop = off"))
        brought = db.execute(
            sa.text(
                f"INSERT INTO {rejected.quoted} ({columns}, raw, raw_md5) SELECT {columns}, raw, raw_md5 "
                f"FROM ({failing}) AS f JOIN {table.beside('judged').quoted} AS j USING (_row)"
            ),
            {"critical": list(critical)},
        ).rowcount
        left = db.scalar(sa.text(f"SELECT count(*) FROM ({failing}) AS f"), {"critical": list(critical)})
    missing = int(left or 0) - brought
    if missing:
        query = f"{failing} AND _row NOT IN (SELECT _row FROM {rejected.quoted})"
        array = "{" + ",".join(f'"{rule}"' for rule in critical) + "}"
        _copy_raw(engine, rejected, query.replace(":critical", "$1"), array, record_files(folder))
    with engine.begin() as db:
        # The load leaves these rows out by a hashed set; the planner must know how many there are.
        db.execute(sa.text(f"ANALYZE {rejected.quoted} (_row)"))
    return brought + missing


def _copy_raw(
    engine: sa.Engine, rejected: StageTable, query: str, critical: str, files: Sequence[str]
) -> None:
    # Imported on the way: where records were brought along nobody needs them.
    import adbc_driver_postgresql.dbapi as adbc

    from kho.bulk_copy import copy_batches
    from kho.duck import connect as duck_connect

    with adbc.connect(libpq_uri(engine)) as connection, connection.cursor() as cursor:
        cursor.execute(query, (critical,))
        failing = cursor.fetch_arrow_table()
        with duck_connect(threads=2, memory="200MB") as duck:
            duck.register("failing", failing)
            duck.register("landed", duck.read_parquet(list(files)))
            raw = duck.sql(_RAW_RECORDS).to_arrow_reader(BATCH_ROWS)
            copy_batches(engine, raw, rejected.quoted)
        connection.commit()
