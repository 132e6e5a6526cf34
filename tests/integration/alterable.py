"""A table of an agency's database that a test may change, and that is afterwards as it was.

In: a simulated dataset that is served as a table, and the sandbox. Out: statements in the engine's own words:
columns added, renamed, retyped, dropped, rows changed. PostgreSQL and MariaDB, each as its administrator would.
"""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import asyncmy
import sqlalchemy as sa

from kho.contracts import Contract, SqlSource
from kho.sandbox.registry import source_of
from kho.sandbox.source import MARIADB, AgencyTable
from kho.sandbox.state import SandboxState


@dataclass
class Alterable(ABC):
    """The table `name`, as its agency calls it, in one database."""

    name: str
    url: sa.URL

    @abstractmethod
    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements in one session; the rows of the last one that has some."""

    @abstractmethod
    def quoted(self, name: str) -> str: ...

    @abstractmethod
    def retype(self, column: str) -> str:
        """The column becomes text."""

    @abstractmethod
    def widen(self, column: str) -> str:
        """The column of text has room for more."""

    @abstractmethod
    def set_in_row(self, number: int, column: str, value: str) -> str:
        """One row, by its place, gets a value."""

    @abstractmethod
    def _keep(self) -> None: ...

    @abstractmethod
    def _restore(self) -> None: ...

    def add(self, column: str, kind: str = "text") -> str:
        return f"ALTER TABLE {self.name} ADD COLUMN {self.quoted(column)} {kind}"

    def rename(self, column: str, to: str) -> str:
        return f"ALTER TABLE {self.name} RENAME COLUMN {self.quoted(column)} TO {self.quoted(to)}"

    def drop(self, column: str) -> str:
        return f"ALTER TABLE {self.name} DROP COLUMN {self.quoted(column)}"

    @contextlib.contextmanager
    def altered(self, *statements: str) -> Iterator[None]:
        """The agency changes its table; afterwards it is as it was."""
        self._keep()
        self.run(*statements)
        try:
            yield
        finally:
            self._restore()

    @contextlib.contextmanager
    def moved_away(self) -> Iterator[None]:
        """The table is not where it was, until the agency puts it back."""
        schema, _, name = self.name.rpartition(".")
        before = f"{schema}." if schema else ""
        self.run(f"ALTER TABLE {self.name} RENAME TO moved_away")
        try:
            yield
        finally:
            self.run(f"ALTER TABLE {before}moved_away RENAME TO {name}")


class PostgresTable(Alterable):
    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        engine = sa.create_engine(self.url)
        rows: list[tuple[Any, ...]] = []
        try:
            with engine.begin() as db:
                for statement in statements:
                    result = db.exec_driver_sql(statement)
                    rows = [tuple(row) for row in result] if result.returns_rows else rows
        finally:
            engine.dispose()
        return rows

    def quoted(self, name: str) -> str:
        return f'"{name}"'

    def retype(self, column: str) -> str:
        return f'ALTER TABLE {self.name} ALTER COLUMN "{column}" TYPE text USING "{column}"::text'

    def widen(self, column: str) -> str:
        return f'ALTER TABLE {self.name} ALTER COLUMN "{column}" TYPE varchar(200)'

    def set_in_row(self, number: int, column: str, value: str) -> str:
        return (
            f"UPDATE {self.name} SET \"{column}\" = '{value}' "
            f"WHERE ctid = (SELECT ctid FROM {self.name} ORDER BY ctid OFFSET {number} LIMIT 1)"
        )

    def _keep(self) -> None:
        self.run(f"CREATE TABLE _before AS SELECT * FROM {self.name}")
        self._described = self._describe()

    def _describe(self) -> dict[str, str]:
        engine = sa.create_engine(self.url)
        schema, _, name = self.name.rpartition(".")
        try:
            with engine.connect() as db:
                found = sa.inspect(db).get_columns(name, schema or None)
                return {one["name"]: one["type"].compile(db.dialect) for one in found}
        finally:
            engine.dispose()

    def _restore(self) -> None:
        """The columns and rows of before; rights and indexes were never touched."""
        there = self._describe()
        undone = [f"DELETE FROM {self.name}"]
        undone += [self.drop(name) for name in there.keys() - self._described.keys()]
        for name, kind in self._described.items():
            if name not in there:
                undone.append(self.add(name, kind))
            elif there[name] != kind:
                undone.append(f'ALTER TABLE {self.name} ALTER COLUMN "{name}" TYPE {kind} USING NULL')
        names = ", ".join(f'"{name}"' for name in self._described)
        undone.append(f"INSERT INTO {self.name} ({names}) SELECT {names} FROM _before")
        self.run(*undone, "DROP TABLE _before")


class MariaDbTable(Alterable):
    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        return asyncio.run(self._ask(statements))

    async def _ask(self, statements: tuple[str, ...]) -> list[tuple[Any, ...]]:
        connection = await asyncmy.connect(
            host=self.url.host,
            port=self.url.port,
            user=self.url.username,
            password=self.url.password,
            db=self.url.database,
            charset="utf8mb4",
            autocommit=True,
        )
        rows: list[tuple[Any, ...]] = []
        try:
            async with connection.cursor() as cursor:
                await cursor.execute("set sql_mode = ''")
                for statement in statements:
                    await cursor.execute(statement)
                    rows = list(await cursor.fetchall()) if cursor.description else rows
        finally:
            connection.close()
        return rows

    def quoted(self, name: str) -> str:
        return f"`{name}`"

    def retype(self, column: str) -> str:
        return f"ALTER TABLE {self.name} MODIFY COLUMN `{column}` varchar(60)"

    def widen(self, column: str) -> str:
        return f"ALTER TABLE {self.name} MODIFY COLUMN `{column}` varchar(200)"

    def set_in_row(self, number: int, column: str, value: str) -> str:
        """The row is known by all that it holds: the agency's table has no key."""
        (row,) = self.run(f"SELECT * FROM {self.name} LIMIT 1 OFFSET {number}")
        names = [name for (name, *_) in self.run(f"SHOW COLUMNS FROM {self.name}")]
        same = [
            f"`{name}` <=> '{text}'" if text is not None else f"`{name}` IS NULL"
            for name, text in zip(names, row, strict=True)
            if not isinstance(text, str) or (text.isascii() and "'" not in text)
        ]
        return f"UPDATE {self.name} SET `{column}` = '{value}' WHERE {' AND '.join(same)} LIMIT 1"

    def _keep(self) -> None:
        self.run(f"CREATE TABLE _before LIKE {self.name}", f"INSERT INTO _before SELECT * FROM {self.name}")

    def _restore(self) -> None:
        """The table of before; rights go by its name."""
        self.run(f"DROP TABLE {self.name}", f"RENAME TABLE _before TO {self.name}")


def alterable(contract: Contract, sandbox: SandboxState) -> Alterable:
    """The table that serves a dataset."""
    source, served = contract.source, source_of(contract.dataset).served
    assert isinstance(source, SqlSource)
    assert isinstance(served, AgencyTable)
    reader = sa.make_url(sandbox.database_urls[served.database])
    admin = sa.make_url(sandbox.config.admin_urls[served.engine]).set(database=reader.database)
    return (MariaDbTable if served.engine == MARIADB else PostgresTable)(source.table, admin)
