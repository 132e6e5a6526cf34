"""What the tests on a real PostgreSQL share."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from kho.server import mariadb
from kho.server.databases import ensure_database
from kho.server.postgres import ensure_running
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
