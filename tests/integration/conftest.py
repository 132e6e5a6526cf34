"""What the tests on a real PostgreSQL share."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from kho.server import mariadb
from kho.server.databases import ensure_database
from kho.server.postgres import ensure_running
from tests.integration.agency import Agency, mariadb_agency, postgres_agency, sqlite_agency
from tests.integration.embedded import temporary_home


@pytest.fixture(scope="session")
def pg_engine() -> Iterator[sa.Engine]:
    """An engine on a database of this session's own, with an empty schema `stg`."""
    with temporary_home() as settings:
        server = ensure_running(settings)
        ensure_database(server, "session")
        engine = sa.create_engine(server.url("session"))
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA stg")
        yield engine
        engine.dispose()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[mariadb.MariaDb]:
    """A MariaDB of this session's own."""
    with temporary_home() as settings:
        yield mariadb.ensure_running(settings)


@pytest.fixture
def new_agency(
    pg_engine: sa.Engine, mariadb_server: mariadb.MariaDb, tmp_path: Path
) -> Iterator[Callable[[str], Agency]]:
    """Make a database of an agency's own on the engine that is named; it is dropped at the end."""
    made: list[Agency] = []
    admin = sa.create_engine(pg_engine.url, isolation_level="AUTOCOMMIT")

    def make(kind: str, options: str = "") -> Agency:
        name = f"a_{uuid.uuid4().hex[:8]}"
        if kind == "postgres":
            with admin.connect() as db:
                db.exec_driver_sql(f"CREATE DATABASE {name} {options}")
            url = pg_engine.url
            own = {"host": url.query["host"], "user": url.username, "password": url.password}
            made.append(postgres_agency(own | {"dbname": name}))
        elif kind == "mariadb":
            made.append(mariadb_agency(mariadb_server, name))
        else:
            made.append(sqlite_agency(tmp_path / f"{name}.db"))
        return made[-1]

    yield make
    for agency in made:
        name = agency.admin.get("dbname") or agency.admin.get("database")
        if agency.kind == "postgres":
            with admin.connect() as db:
                db.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        elif agency.kind == "mariadb":
            agency.run(f"DROP DATABASE {name}")
    admin.dispose()
