"""Tables of an agency's database, on a real server of each kind, and contracts for them.

In: the name of an engine. Out: `Agency`: run statements as the agency does, and read as kho does.
"""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncmy
import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq

from kho.connections import Connection
from kho.contracts import Column, Contract, SqlSource
from kho.extract.sql import extract_sql
from kho.raw_zone.landing import record_files
from kho.raw_zone.manifest import Manifest
from kho.server.mariadb import MariaDb

NIGHT = date(2026, 11, 20)


@dataclass
class Agency:
    """One database of an agency."""

    kind: str
    connection: Connection
    admin: dict[str, Any]

    def run(self, *statements: str) -> None:
        """Change something at the source; committed at once."""
        if self.kind == "postgres":
            with psycopg2.connect(**self.admin) as db, db.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
            db.close()
        elif self.kind == "mariadb":
            asyncio.run(self._run_mariadb(statements))
        else:
            with sqlite3.connect(self.admin["path"]) as file:
                for statement in statements:
                    file.execute(statement)
            file.close()

    async def _run_mariadb(self, statements: tuple[str, ...]) -> None:
        db = await asyncmy.connect(**self.admin, autocommit=True)
        try:
            async with db.cursor() as cursor:
                for statement in statements:
                    await cursor.execute(statement)
        finally:
            db.close()


def postgres_agency(uri: dict[str, Any]) -> Agency:
    """An agency on PostgreSQL; `uri` as psycopg2 takes it."""
    connection = Connection(
        "agency_test",
        "postgres",
        None,
        None,
        uri["user"],
        uri["password"],
        uri["dbname"],
        {"host": uri["host"]},
    )
    return Agency("postgres", connection, uri)


def mariadb_agency(server: MariaDb, database: str) -> Agency:
    """An agency on MariaDB, with a database of its own."""
    admin = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
    agency = Agency("mariadb", Connection("agency_test"), admin)
    agency.run(f"DROP DATABASE IF EXISTS {database}", f"CREATE DATABASE {database} CHARACTER SET utf8mb4")
    agency.admin = admin | {"database": database}
    agency.connection = Connection(
        "agency_test", "mysql", server.host, server.port, server.user, server.password, database
    )
    return agency


def sqlite_agency(path: Path) -> Agency:
    """An agency with a file."""
    sqlite3.connect(path).close()
    return Agency("sqlite", Connection("agency_test", "sqlite", schema=str(path)), {"path": path})


def a_contract(source: dict[str, Any], columns: dict[str, str], key: tuple[str, ...] = ("ma",)) -> Contract:
    """A contract for one table; columns by name: logical type, and a charset after a colon."""
    made = []
    for name, kind in columns.items():
        logical, _, charset = kind.partition(":")
        made.append(
            Column(
                name=name,
                source_name=name,
                title=name,
                logical_type=logical,  # type: ignore[arg-type]
                sql_type="text",
                classification="internal",
                key_position=key.index(name) + 1 if name in key else None,
                charset=charset or None,  # type: ignore[arg-type]
            )
        )
    binding = {"kind": "sql", "connection": "agency_test", "table": "ho_so", **source}
    return Contract(
        dataset="test_rows",
        version="1.0.0",
        title="",
        owner="",
        columns=tuple(made),
        source=SqlSource.model_validate(binding),
        quality={"owner_agency": "H48", "quarantine_limit": 0.5},  # type: ignore[arg-type]
        content_sha256="0" * 64,
    )


def land(
    agency: Agency,
    contract: Contract,
    raw_zone: Path,
    base: str | None = None,
    as_of: date = NIGHT,
    watermark: datetime | None = None,
) -> Manifest:
    """One night's extraction."""
    assert isinstance(contract.source, SqlSource)
    return extract_sql(contract, contract.source, agency.connection, as_of, watermark, raw_zone, base)


def landed(raw_zone: Path, manifest: Manifest, name: str = "records") -> list[dict[str, Any]]:
    """The records of a landed batch, by their first column."""
    files = record_files(raw_zone / manifest.dataset / manifest.batch_id, name)
    if not files:
        return []
    table = pa.concat_tables([pq.read_table(file) for file in files])
    names = [column for column in table.column_names if not column.startswith("_")]
    return sorted(table.select(names).to_pylist(), key=lambda row: str(row[names[0]]))
