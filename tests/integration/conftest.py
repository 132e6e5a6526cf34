"""What the tests on a real PostgreSQL share."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from kho.server import mariadb
from kho.server.databases import ensure_database
from tests.integration.agency import Agency, mariadb_agency, postgres_agency, sqlite_agency
from tests.integration.embedded import EMPTY, copy_database, no_copies_left, temporary_home, throwaway_server

if TYPE_CHECKING:
    from tests.integration.fixture_dataset import FixtureNight
    from tests.integration.spoiling import Gateway


@pytest.fixture(autouse=True)
def _leave_no_copies() -> Iterator[None]:
    """What a test copies for itself goes with it; copies of a module's or session's fixtures stay."""
    with no_copies_left():
        yield


@pytest.fixture(scope="session")
def pg_engine() -> Iterator[sa.Engine]:
    """An engine on a database of this session's own, with an empty schema `stg`."""
    with temporary_home() as settings:
        server = throwaway_server(settings)
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


@pytest.fixture(scope="module")
def small_pages() -> Iterator[None]:
    """Every window takes several pages, as it does in a real province."""
    from tests.integration.night import with_small_pages

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kho.pipeline.batches.load_contract", with_small_pages)
        yield


@pytest.fixture(scope="module")
def gateway(sandbox: tuple) -> Iterator["Gateway"]:
    """A gateway before the module's sandbox, which spoils what passes."""
    from tests.integration.spoiling import a_gateway

    with a_gateway(sandbox[2].lgsp_url) as running:
        yield running


@pytest.fixture(scope="session")
def empty_warehouse() -> Iterator[tuple]:
    """Settings and server with one migrated, empty warehouse, and its engine."""
    from kho.server.warehouse import open_warehouse

    with temporary_home() as settings:
        server = throwaway_server(settings)
        url = server.url(EMPTY).render_as_string(hide_password=False)
        yield settings, server, open_warehouse(replace(settings, warehouse_url=url))


@pytest.fixture
def fixture_night(empty_warehouse: tuple) -> "FixtureNight":
    """A copy of the empty warehouse, into which a dataset's fixture is loaded."""
    return new_fixture_night(empty_warehouse)


def new_fixture_night(empty_warehouse: tuple) -> "FixtureNight":
    """Another copy of the empty warehouse."""
    from kho.pipeline import Context
    from kho.server.warehouse import open_warehouse
    from tests.integration.fixture_dataset import FixtureNight
    from tests.integration.night import Province

    settings, server, engine = empty_warehouse
    name = f"f_{uuid.uuid4().hex[:8]}"
    engine.dispose()
    copy_database(server, EMPTY, name)
    url = server.url(name).render_as_string(hide_password=False)
    own = replace(settings, home=settings.home / name, warehouse_url=url)
    own.home.mkdir()
    no_source: Any = None
    context = Context(open_warehouse(own), no_source, own)
    return FixtureNight(Province(settings, server, no_source, context))
