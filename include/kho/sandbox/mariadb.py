"""An agency's MariaDB database: a real one that only the agency writes.

In:  an administrator's URL of the server, whose query names the folder that the server may read files
     from; the password of the read-only user, tables and rows.
Out: database `sandbox_<name>` with each table in exactly the state of the rows.
"""

import asyncio
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncmy
from sqlalchemy.engine import URL, make_url

from kho.sandbox.defects import Row
from kho.sandbox.errors import SandboxDatabaseError
from kho.sandbox.source import AgencyTable

FILES = "files"
"""The key of the administrator's URL under which the folder stands."""

_CONNECT_SECONDS = 10
_IDS_AT_ONCE = 5_000
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})

# How each table was made.
_MADE = "name varchar(64) primary key, definition text"
# A statement, and the values bound to it.
_Statement = tuple[str, tuple[Any, ...]]


class MariaDbAgency:
    """One agency's database on one server; see `kho.sandbox.databases.Agency`."""

    def __init__(
        self, name: str, admin_url: str, reader_password: str, tables: Sequence[AgencyTable]
    ) -> None:
        self._admin = make_url(admin_url)
        self._database = f"sandbox_{name}"
        self._reader = f"{name}_reader"
        self._password = reader_password
        self._tables = tuple(tables)

    @property
    def reader_url(self) -> str:
        """SQLAlchemy URL for the user who may only read."""
        return URL.create(
            "mysql",
            username=self._reader,
            password=self._password,
            host=self._admin.host,
            port=self._admin.port,
            database=self._database,
        ).render_as_string(hide_password=False)

    def prepare(self) -> None:
        """Create user, database and tables where they are missing or were made differently.

        Raises `SandboxDatabaseError`.
        """
        reader = f"'{self._reader}'@'%%'"
        self._run(
            (f"create database if not exists {self._database} character set utf8mb4", ()),
            (f"create or replace user {reader} identified by %s", (self._password,)),
            (f"create table if not exists {self._database}.made ({_MADE})", ()),
        )
        for table in self._tables:
            definition = repr(table)
            [found] = self._run(
                (f"select definition from {self._database}.made where name = %s", (table.name,))
            )
            if found != [(definition,)]:
                self._run(
                    (f"drop table if exists {self._name(table)}", ()),
                    (self._create(table), ()),
                    (f"replace into {self._database}.made values (%s, %s)", (table.name, definition)),
                )
            self._run((f"grant select on {self._name(table)} to {reader}", ()))

    def replace(self, table: AgencyTable, chunks: Iterable[list[Row]]) -> None:
        """Bring the table to these rows; readers see the old or the new state.

        Raises `SandboxDatabaseError`.
        """
        name = self._name(table)
        with self._file(table, chunks) as path:
            # A table filled beside it and then renamed: deleting row by row would take much longer.
            self._run(
                (f"drop table if exists {name}__new, {name}__old", ()),
                (f"create table {name}__new like {name}", ()),
                (self._load(f"{name}__new"), (str(path),)),
                (f"rename table {name} to {name}__old, {name}__new to {name}", ()),
                (f"drop table {name}__old", ()),
            )

    def change(self, table: AgencyTable, gone: Sequence[int], chunks: Iterable[list[Row]]) -> None:
        """Take the rows with these ids out of the table and put these in, in one transaction.

        Raises `SandboxDatabaseError`.
        """
        deletions = [
            f"delete from {self._name(table)} where {table.row_id} in "
            f"({', '.join(str(int(number)) for number in gone[start : start + _IDS_AT_ONCE])})"
            for start in range(0, len(gone), _IDS_AT_ONCE)
        ]
        with self._file(table, chunks) as path:
            self._run(
                ("start transaction", ()),
                *((statement, ()) for statement in deletions),
                (self._load(self._name(table)), (str(path),)),
                ("commit", ()),
            )

    def drop(self) -> None:
        """Remove database and user; for tests."""
        self._run(
            (f"drop database if exists {self._database}", ()),
            (f"drop user if exists '{self._reader}'@'%%'", ()),
        )

    def _name(self, table: AgencyTable) -> str:
        return f"{self._database}.{table.name}"

    def _create(self, table: AgencyTable) -> str:
        """The table as the agency's software would have made it: described, and without keys."""
        parts = [
            f"{column.name} {column.type} comment '{column.comment.replace('%', '%%')}'"
            for column in table.columns
        ]
        parts += [f"index ({', '.join(index)})" for index in table.indexes]
        if table.row_id:
            parts.append(f"unique index ({table.row_id})")
        return f"create table {self._name(table)} ({', '.join(parts)}) comment '{table.comment}'"

    def _load(self, name: str) -> str:
        return f"load data infile %s into table {name} character set utf8mb4"

    @contextmanager
    def _file(self, table: AgencyTable, chunks: Iterable[list[Row]]) -> Iterator[Path]:
        """The rows in a file that the server may read, and nobody else; it is gone afterwards."""
        folder = Path(str(self._admin.query[FILES]))
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=f"{table.name}-")
        path = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                for rows in chunks:
                    file.writelines(_line(row, table) for row in rows)
            if os.geteuid() == 0:
                owner = folder.stat()
                os.chown(path, owner.st_uid, owner.st_gid)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _run(self, *statements: _Statement) -> list[list[Any]]:
        """What each statement answers; in a thread of its own, as the caller may have a running loop."""
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, self._ask(statements)).result()

    async def _ask(self, statements: Sequence[_Statement]) -> list[list[Any]]:
        admin = self._admin
        answers = []
        try:
            connection = await asyncmy.connect(
                host=admin.host,
                port=admin.port,
                user=admin.username,
                password=admin.password,
                charset="utf8mb4",
                connect_timeout=_CONNECT_SECONDS,
                autocommit=True,
            )
            try:
                async with connection.cursor() as cursor:
                    # As old installations have it: a date may be 0000-00-00.
                    await cursor.execute("set sql_mode = ''")
                    for statement, values in statements:
                        await cursor.execute(statement, values or ())
                        answers.append(list(await cursor.fetchall()) if cursor.description else [])
            finally:
                connection.close()
        except (asyncmy.errors.Error, OSError) as error:
            reason = str(error).strip().splitlines()[0]
            raise SandboxDatabaseError(f"agency database {self._database}: {reason}") from error
        return answers


def _line(row: Row, table: AgencyTable) -> str:
    return "\t".join([_text(row[column.name]) for column in table.columns]) + "\n"


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_ESCAPED)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else str(value)
