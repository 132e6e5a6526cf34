"""The finance agency's database: a real PostgreSQL database that only the agency writes.

In:  an administrator's URL of the server, the password of the read-only role, rows.
Out: database `sandbox_finance` with `tabmis.giai_ngan` in exactly the state of the rows.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from sqlalchemy.engine import URL, make_url

from kho.sandbox.defects import Row
from kho.sandbox.errors import SandboxFinanceError

DATABASE = "sandbox_finance"
OWNER = "tabmis_owner"
READER = "kho_reader"
COLUMNS = (
    "so_chung_tu",
    "ma_du_an",
    "ma_don_vi",
    "nam_ngan_sach",
    "ngay_chung_tu",
    "so_tien",
    "nguon_von",
    "dien_giai",
    "cap_nhat_luc",
)
_TABLE_SQL = Path(__file__).with_name("tabmis.sql")
_NULL = "\\N"
_CONNECT_SECONDS = 10


class FinanceDatabase:
    """The database on one server."""

    def __init__(self, admin_url: str, reader_password: str) -> None:
        self._admin = make_url(admin_url)
        self._own = self._admin.set(database=DATABASE)
        self._password = reader_password

    @property
    def reader_url(self) -> str:
        """SQLAlchemy URL for the role that may only read."""
        url = self._own.set(username=READER, password=self._password)
        return url.render_as_string(hide_password=False)

    def prepare(self) -> None:
        """Create roles, database and table where they are missing.

        Raises `SandboxFinanceError`.
        """
        with _cursor(self._admin, autocommit=True) as cursor:
            self._create_roles(cursor)
            cursor.execute("select 1 from pg_database where datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                _execute(cursor, "create database {} owner {}", DATABASE, OWNER)
            _execute(cursor, "revoke all on database {} from public", DATABASE)
            _execute(cursor, "grant connect on database {} to {}", DATABASE, READER)
        with _cursor(self._own) as cursor:
            cursor.execute(_TABLE_SQL.read_text(encoding="utf-8"))

    def replace_rows(self, rows: Sequence[Row]) -> None:
        """Bring the table to these rows in one transaction; readers see the old or the new state.

        Raises `SandboxFinanceError`.
        """
        with _cursor(self._own) as cursor:
            _execute(cursor, "set local role {}", OWNER)
            cursor.execute("delete from tabmis.giai_ngan")
            cursor.copy_expert(
                "copy tabmis.giai_ngan from stdin with (format csv, null '\\N')", _as_csv(rows)
            )

    def drop(self) -> None:
        """Remove database and roles; for tests."""
        with _cursor(self._admin, autocommit=True) as cursor:
            _execute(cursor, "drop database if exists {} with (force)", DATABASE)
            for role in (READER, OWNER):
                _execute(cursor, "drop role if exists {}", role)

    def _create_roles(self, cursor: Any) -> None:
        for role in (OWNER, READER):
            cursor.execute("select 1 from pg_roles where rolname = %s", (role,))
            if cursor.fetchone() is None:
                _execute(cursor, "create role {}", role)
        cursor.execute(
            sql.SQL("alter role {} login password {} connection limit 20").format(
                sql.Identifier(READER), sql.Literal(self._password)
            )
        )


@contextmanager
def _cursor(url: URL, *, autocommit: bool = False) -> Iterator[Any]:
    """A cursor whose work is committed at the end; the connection is closed."""
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        connection = psycopg2.connect(dsn, connect_timeout=_CONNECT_SECONDS)
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
        raise SandboxFinanceError(f"finance database {url.database}: {reason}") from error


def _execute(cursor: Any, statement: str, *names: str) -> None:
    cursor.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))


def _as_csv(rows: Sequence[Row]) -> io.StringIO:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([_NULL if row[name] is None else row[name] for name in COLUMNS])
    text.seek(0)
    return text
