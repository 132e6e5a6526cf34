"""The agencies' databases: which tables each holds, and how they follow the clock.

In:  administrators' URLs of database servers by engine, scenes.
Out: for each database whose engine has a server the URL of its read-only role; tables in exactly
     the state of the scene.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from kho.sandbox.defects import Row
from kho.sandbox.registry import tables
from kho.sandbox.source import MARIADB, POSTGRESQL, AgencyTable
from kho.sandbox.views import ChangingView, View, chunks
from kho.sandbox.world import Scene

_CHUNK = 20_000


class Agency(Protocol):
    """One agency's database on a server of some engine."""

    @property
    def reader_url(self) -> str:
        """SQLAlchemy URL for the role that may only read."""

    def prepare(self) -> None:
        """Make roles, database and tables; raises `SandboxDatabaseError`."""

    def replace(self, table: AgencyTable, chunks: Iterable[list[Row]]) -> None:
        """Bring the table to these rows in one transaction; raises `SandboxDatabaseError`."""

    def change(self, table: AgencyTable, gone: Sequence[int], chunks: Iterable[list[Row]]) -> None:
        """Take rows out by their ids and put rows in, in one transaction; raises `SandboxDatabaseError`."""

    def drop(self) -> None:
        """Remove the database and its roles; for tests."""


def _postgresql(name: str, admin_url: str, password: str, of: Sequence[AgencyTable]) -> Agency:
    # The driver and SQLAlchemy take a second to import; most tests need neither.
    from kho.sandbox.postgres import PostgresAgency

    return PostgresAgency(name, admin_url, password, of)


def _mariadb(name: str, admin_url: str, password: str, of: Sequence[AgencyTable]) -> Agency:
    from kho.sandbox.mariadb import MariaDbAgency

    return MariaDbAgency(name, admin_url, password, of)


ENGINES: Mapping[str, Callable[[str, str, str, Sequence[AgencyTable]], Agency]] = {
    POSTGRESQL: _postgresql,
    MARIADB: _mariadb,
}


def database_names() -> dict[str, str]:
    """Every agency database's engine, by the database's name."""
    return {table.database: table.engine for table in tables().values()}


class AgencyDatabases:
    """The databases of the engines that have a server."""

    def __init__(self, admin_urls: Mapping[str, str], passwords: Mapping[str, str]) -> None:
        self._agencies = {
            name: ENGINES[engine](
                name,
                admin_urls[engine],
                passwords[name],
                [table for table in tables().values() if table.database == name],
            )
            for name, engine in database_names().items()
            if engine in admin_urls
        }
        # What each dataset's table holds, once this process has written it.
        self._shown: dict[str, View] = {}

    def prepare(self) -> dict[str, str]:
        """Make what is missing; the readers' URLs by database.

        Raises `SandboxDatabaseError`.
        """
        for agency in self._agencies.values():
            agency.prepare()
        return {name: agency.reader_url for name, agency in self._agencies.items()}

    def turn_to(self, scene: Scene) -> None:
        """Bring every table to the scene.

        Raises `SandboxDatabaseError`.
        """
        for dataset, table in tables().items():
            agency = self._agencies.get(table.database)
            if agency is not None:
                self._turn(agency, table, dataset, scene.view(dataset))

    def _turn(self, agency: Agency, table: AgencyTable, dataset: str, view: View) -> None:
        shown = self._shown.pop(dataset, None)
        if shown is view:
            pass
        elif table.row_id and shown is not None and isinstance(view, ChangingView):
            changes = view.changes_since(shown)
            agency.change(table, changes.gone, changes.chunks(_CHUNK))
        else:
            agency.replace(table, chunks(view, _CHUNK))
        self._shown[dataset] = view
