"""Read one night's span from an agency's database and land it.

In: the contract's SQL binding, an SQLAlchemy URL, a span. Out: a landed batch. One read-only
REPEATABLE READ transaction gives count, rows and keys of the same instant; rows are streamed by a
server-side cursor.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from kho.connections import Connection
from kho.contracts import Contract, SqlSource
from kho.errors import SourceRejected, SourceUnavailable
from kho.extract.windows import Span
from kho.raw_zone.landing import Landing
from kho.raw_zone.manifest import Manifest, batch_id

STATEMENT_TIMEOUT_SECONDS = 600


def extract_sql(
    contract: Contract,
    source: SqlSource,
    connection: Connection,
    span: Span,
    as_of: date,
    raw_zone: Path,
) -> Manifest:
    """Land the rows changed within `span`, and all keys if deletions matter."""
    where = f"{connection.name}:{source.table}"
    engine = sa.create_engine(source_url(connection), pool_pre_ping=True)
    try:
        with (
            engine.connect() as db,
            Landing(raw_zone, contract.dataset, f"{as_of:%Y%m%d}") as landing,
        ):
            _make_read_only(db)
            table = _table(db, source, contract, where)
            changed = table.c[contract.column(source.watermark.column).source_name]
            query = sa.select(*(table.c[name] for name in contract.source_names)).order_by(
                *_keys(table, contract)
            )
            query = query.where(changed >= span.start, changed < span.end)
            declared = db.scalar(sa.select(sa.func.count()).select_from(query.order_by(None).subquery()))
            landing.write_batches(_batches(db, query, source.fetch_size))
            if source.deletions == "key_comparison":
                keys = sa.select(*_keys(table, contract)).order_by(*_keys(table, contract))
                landing.write_batches(_batches(db, keys, source.fetch_size), name="keys")
            landing.add_digest(contract.content_sha256)
            manifest = Manifest(
                batch_id=batch_id(contract.dataset, as_of, landing.content_sha256),
                dataset=contract.dataset,
                as_of=as_of,
                contract_version=contract.version,
                endpoint=where,
                content_sha256=landing.content_sha256,
                fetched=landing.rows,
                declared=declared,
                window_from=span.start,
                window_to=span.end,
                requests=1,
            )
            landing.publish(manifest)
            return manifest
    except sa.exc.OperationalError as error:
        raise SourceUnavailable(
            f"the database does not answer: {_first_line(error)}",
            dataset=contract.dataset,
            where=where,
            next_step=f"check the connection '{connection.name}' with the agency; the next run tries again",
        ) from error
    except sa.exc.DBAPIError as error:
        raise SourceRejected(
            f"the database refuses the query: {_first_line(error)}",
            dataset=contract.dataset,
            where=where,
            next_step="compare the table and our rights on it with the contract",
        ) from error
    finally:
        engine.dispose()


def source_url(connection: Connection) -> sa.URL:
    """The SQLAlchemy URL of an agency's database; the driver may be named in `extra.driver`."""
    drivers = {"postgres": "postgresql+psycopg2", "postgresql": "postgresql+psycopg2"}
    socket = connection.extra.get("host")
    return sa.URL.create(
        str(connection.extra.get("driver") or drivers.get(connection.conn_type, connection.conn_type)),
        username=connection.login,
        password=connection.password,
        host=connection.host,
        port=connection.port,
        database=connection.schema,
        query={"host": str(socket)} if socket else {},
    )


def _make_read_only(db: sa.Connection) -> None:
    if db.dialect.name == "postgresql":
        db.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        db.execute(
            sa.text("SELECT set_config('statement_timeout', :ms, true)"),
            {"ms": str(STATEMENT_TIMEOUT_SECONDS * 1000)},
        )


def _table(db: sa.Connection, source: SqlSource, contract: Contract, where: str) -> sa.Table:
    schema, _, name = source.table.rpartition(".")
    try:
        table = sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=db)
    except sa.exc.NoSuchTableError as error:
        raise SourceRejected(
            "the table does not exist or is hidden from us",
            dataset=contract.dataset,
            where=where,
            next_step="ask the agency for SELECT on it, or correct `table` in the contract",
        ) from error
    missing = [column for column in contract.source_names if column not in table.c]
    if missing:
        raise SourceRejected(
            f"the table has no column {', '.join(missing)}",
            dataset=contract.dataset,
            where=where,
            next_step="ask the agency what changed, then correct physicalName in the contract",
        )
    return table


def _keys(table: sa.Table, contract: Contract) -> list[sa.Column[Any]]:
    return [table.c[column.source_name] for column in contract.key]


def _batches(db: sa.Connection, query: sa.Select[Any], size: int) -> Iterator[pa.RecordBatch]:
    """Rows as Arrow batches of `size`; every batch has the column types of the query, not of its rows."""
    schema = pa.schema([(column.name, _arrow_type(column.type)) for column in query.selected_columns])
    result = db.execution_options(yield_per=size).execute(query)
    empty = True
    for rows in result.partitions():
        empty = False
        columns = list(zip(*rows, strict=True))
        yield pa.record_batch(
            [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)],
            schema=schema,
        )
    if empty:
        yield pa.RecordBatch.from_pylist([], schema=schema)


def _arrow_type(kind: Any) -> pa.DataType:
    if isinstance(kind, sa.Boolean):
        return pa.bool_()
    if isinstance(kind, sa.Integer):
        return pa.int64()
    if isinstance(kind, sa.Float):
        return pa.float64()
    if isinstance(kind, sa.Numeric):
        return pa.decimal128(38, kind.scale if kind.scale is not None else 10)
    if isinstance(kind, sa.DateTime):
        return pa.timestamp("us", tz="UTC" if kind.timezone else None)
    if isinstance(kind, sa.Date):
        return pa.date32()
    return pa.string()


def _first_line(error: sa.exc.DBAPIError) -> str:
    """The driver's first line: it names the trouble and never holds a row's values or a password."""
    return str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
