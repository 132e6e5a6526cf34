"""An agency's PostgreSQL database: a real one that only the agency writes.

In:  an administrator's URL of the server, the password of the read-only role, tables and rows.
Out: database `sandbox_<name>` with each table in exactly the state of the rows.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2 import sql
from sqlalchemy.engine import URL, make_url

from kho.sandbox.defects import Row
from kho.sandbox.errors import SandboxDatabaseError
from kho.sandbox.source import AgencyTable

_NULL = "\\N"
_CONNECT_SECONDS = 10


class _Made:
    """How each table was made, in a schema that the reader does not see."""

    schema = "sandbox"
    create = "create table if not exists sandbox.made (name text primary key, definition text)"
    find = "select definition from sandbox.made where name = %s and to_regclass(name) is not null"
    keep = (
        "insert into sandbox.made values (%s, %s) "
        "on conflict (name) do update set definition = excluded.definition"
    )


class PostgresAgency:
    """One agency's database on one server; see `kho.sandbox.databases.Agency`."""

    def __init__(
        self, name: str, admin_url: str, reader_password: str, tables: Sequence[AgencyTable]
    ) -> None:
        self._admin = make_url(admin_url)
        self._database = f"sandbox_{name}"
        self._owner, self._reader = f"{name}_owner", f"{name}_reader"
        self._own = self._admin.set(database=self._database)
        self._password = reader_password
        self._tables = tuple(tables)

    @property
    def reader_url(self) -> str:
        """SQLAlchemy URL for the role that may only read."""
        url = self._own.set(username=self._reader, password=self._password)
        return url.render_as_string(hide_password=False)

    def prepare(self) -> None:
        """Create roles, database and tables where they are missing or were made differently.

        Raises `SandboxDatabaseError`.
        """
        with self._cursor(self._admin, autocommit=True) as cursor:
            self._create_roles(cursor)
            cursor.execute("select 1 from pg_database where datname = %s", (self._database,))
            if cursor.fetchone() is None:
                _execute(cursor, "create database {} owner {}", self._database, self._owner)
            _execute(cursor, "alter database {} owner to {}", self._database, self._owner)
            _execute(cursor, "revoke all on database {} from public", self._database)
            _execute(cursor, "grant connect on database {} to {}", self._database, self._reader)
        with self._cursor(self._own) as cursor:
            for schema in sorted({_Made.schema, *(_parts(table)[0] for table in self._tables)}):
                self._create_schema(cursor, schema)
            _execute(cursor, "set local role {}", self._owner)
            cursor.execute(_Made.create)
            for table in self._tables:
                cursor.execute(_Made.find, (table.name,))
                if cursor.fetchone() != (_definition(table),):
                    self._create(cursor, table)
                    cursor.execute(_Made.keep, (table.name, _definition(table)))

    def replace(self, table: AgencyTable, chunks: Iterable[list[Row]]) -> None:
        """Bring the table to these rows in one transaction; readers see the old or the new state.

        Raises `SandboxDatabaseError`.
        """
        with self._writing() as cursor:
            cursor.execute(sql.SQL("delete from {}").format(sql.Identifier(*_parts(table))))
            _copy(cursor, table, chunks)

    def change(self, table: AgencyTable, gone: Sequence[int], chunks: Iterable[list[Row]]) -> None:
        """Take the rows with these ids out of the table and put these in, in one transaction.

        Raises `SandboxDatabaseError`.
        """
        with self._writing() as cursor:
            statement = sql.SQL("delete from {} where {} = any(%s)").format(
                sql.Identifier(*_parts(table)), sql.Identifier(str(table.row_id))
            )
            cursor.execute(statement, (list(gone),))
            _copy(cursor, table, chunks)

    def drop(self) -> None:
        """Remove database and roles; for tests."""
        with self._cursor(self._admin, autocommit=True) as cursor:
            _execute(cursor, "drop database if exists {} with (force)", self._database)
            for role in (self._reader, self._owner):
                _execute(cursor, "drop role if exists {}", role)

    def _create_roles(self, cursor: Any) -> None:
        for role in (self._owner, self._reader):
            cursor.execute("select 1 from pg_roles where rolname = %s", (role,))
            if cursor.fetchone() is None:
                _execute(cursor, "create role {}", role)
        cursor.execute(
            sql.SQL("alter role {} login password {} connection limit 20").format(
                sql.Identifier(self._reader), sql.Literal(self._password)
            )
        )

    def _create_schema(self, cursor: Any, schema: str) -> None:
        """The schema; one that belongs to somebody else is from another time and goes."""
        cursor.execute(
            "select nspowner::regrole::text <> %s from pg_namespace where nspname = %s",
            (self._owner, schema),
        )
        if cursor.fetchone() == (True,):
            _execute(cursor, "drop schema {} cascade", schema)
        cursor.execute(
            sql.SQL("create schema if not exists {} authorization {}").format(
                sql.Identifier(schema), sql.Identifier(self._owner)
            )
        )
        if schema != _Made.schema:
            _execute(cursor, "grant usage on schema {} to {}", schema, self._reader)

    def _create(self, cursor: Any, table: AgencyTable) -> None:
        """The table as the agency's software would have made it: described, and without keys."""
        name = sql.Identifier(*_parts(table))
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.type))
            for column in table.columns
        )
        cursor.execute(sql.SQL("drop table if exists {}").format(name))
        cursor.execute(sql.SQL("create table {} ({})").format(name, columns))
        cursor.execute(sql.SQL("comment on table {} is {}").format(name, sql.Literal(table.comment)))
        for column in table.columns:
            cursor.execute(
                sql.SQL("comment on column {}.{} is {}").format(
                    name, sql.Identifier(column.name), sql.Literal(column.comment)
                )
            )
        for index in table.indexes:
            names = sql.SQL(", ").join(map(sql.Identifier, index))
            cursor.execute(sql.SQL("create index on {} ({})").format(name, names))
        if table.row_id:
            cursor.execute(
                sql.SQL("create unique index on {} ({})").format(name, sql.Identifier(table.row_id))
            )
        cursor.execute(sql.SQL("grant select on {} to {}").format(name, sql.Identifier(self._reader)))

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        with self._cursor(self._own) as cursor:
            _execute(cursor, "set local role {}", self._owner)
            yield cursor

    @contextmanager
    def _cursor(self, url: URL, *, autocommit: bool = False) -> Iterator[Any]:
        """A cursor whose work is committed at the end; the connection is closed."""
        # Not as a text: libpq takes a `+`, which stands for a space in SQLAlchemy's, as it is.
        given = {**url.translate_connect_args(username="user", database="dbname"), **url.query}
        try:
            connection = psycopg2.connect(**given, connect_timeout=_CONNECT_SECONDS)
            try:
                connection.autocommit = autocommit
                with connection.cursor() as cursor:
                    yield cursor
                if not autocommit:
                    connection.commit()
            finally:
                connection.close()
        except psycopg2.Error as error:
            reason = str(error).strip().splitlines()[0]
            raise SandboxDatabaseError(f"agency database {url.database}: {reason}") from error


def _definition(table: AgencyTable) -> str:
    return repr(table)


def _parts(table: AgencyTable) -> tuple[str, str]:
    schema, _, name = table.name.rpartition(".")
    return schema or "public", name


def _execute(cursor: Any, statement: str, *names: str) -> None:
    cursor.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))


def _copy(cursor: Any, table: AgencyTable, chunks: Iterable[list[Row]]) -> None:
    statement = sql.SQL("copy {} from stdin with (format csv, null '\\N')").format(
        sql.Identifier(*_parts(table))
    )
    names = [column.name for column in table.columns]
    for rows in chunks:
        cursor.copy_expert(statement.as_string(cursor), _as_csv(names, rows))


def _as_csv(names: Sequence[str], rows: Sequence[Row]) -> io.StringIO:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([_NULL if row[name] is None else row[name] for name in names])
    text.seek(0)
    return text
