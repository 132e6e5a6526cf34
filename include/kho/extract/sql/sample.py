"""The first rows of an agency's table, to look at: nothing is landed.

In: a SQL binding and a connection. Out: a `Sample` of all its columns with their native types, and the
database's own names of these types.
"""

from __future__ import annotations

import pyarrow as pa
import sqlalchemy as sa

from kho.connections import Connection
from kho.contracts.sources.sql import SqlSource
from kho.errors import SourceRejected
from kho.extract.sample import Sample
from kho.extract.sql.arrow import is_binary
from kho.extract.sql.failures import explained
from kho.extract.sql.queries import type_name
from kho.extract.sql.session import Session, open_session


def sample_sql(source: SqlSource, connection: Connection, rows: int) -> Sample:
    """At most `rows` rows; columns that hold binary data are left out.

    Raises:
        KhoError: what the database refused.
    """
    where = f"{connection.name}:{source.table}"
    with explained(connection, "", where), open_session(connection, source) as session:
        table = _table(session, source, where)
        columns = [column for column in table.c if not is_binary(column.type)]
        query = sa.select(*(session.column(one, source.charset).label(one.name) for one in columns))
        query = query.select_from(table).limit(rows)
        batches = list(session.stream(query, source.fetch_size))
        declared = session.rows(sa.select(sa.func.count().label("n")).select_from(table))[0][0]
        types = {column.name: type_name(column.type, session.dialect) for column in columns}
    return Sample(pa.Table.from_batches(batches), int(declared), where, types)


def _table(session: Session, source: SqlSource, where: str) -> sa.Table:
    schema, _, name = source.table.rpartition(".")
    try:
        return session.inspect(name, schema or None)
    except sa.exc.NoSuchTableError as error:
        raise SourceRejected(
            "the table does not exist or is hidden from us",
            where=where,
            next_step="ask the agency for SELECT on it, or correct the table's name",
        ) from error
