"""The sandbox in place of the sources, where no real source is configured.

In: the settings and the night's date. Out: a running sandbox turned to that date, and connections that
lead to it. A source named by `AIRFLOW_CONN_<NAME>` is left alone.
"""

from datetime import date, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import URL, make_url

from kho.connections import Connection, is_overridden, write_connections
from kho.errors import ConfigurationError, HostError
from kho.sandbox import process
from kho.sandbox.access import X_ROAD_CLIENT
from kho.sandbox.databases import database_names
from kho.sandbox.mariadb import FILES
from kho.sandbox.reference import PROVINCE
from kho.sandbox.registry import GATEWAY, agency_connection, connection_names
from kho.sandbox.source import MARIADB, POSTGRESQL
from kho.sandbox.state import DEFAULT_SIZE, SandboxState, config_path, read_config
from kho.server import mariadb
from kho.server.postgres import ensure_running
from kho.settings import TIMEZONE, Settings

# SQLAlchemy's name of a kind of database → Airflow's.
_CONNECTION_TYPES = {"postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql"}


def open_sources(
    settings: Settings, as_of: date | None, size: int | None = None, *, follow: bool = False
) -> bool:
    """Start the sandbox unless every source is a real one; return whether it runs.

    Args:
        settings: where the sandbox lives.
        as_of: the date to turn it to; None leaves its clock alone once it was set.
        size: dossiers at its beginning; None keeps what an earlier start chose.
        follow: let it move on by itself at midnight, for the nights that the scheduler starts.

    Raises:
        ConfigurationError: it would play sources of another province than the settings'.
        SandboxError: the sandbox does not start, or cannot go to that date.
    """
    simulated = sorted(name for name in connection_names() if not is_overridden(name))
    if not simulated:
        return False
    _require_its_province(settings.province, simulated)
    admin_urls, missing = _servers(settings)
    state = process.up(settings, size=size or _earlier_size(settings), admin_urls=admin_urls)
    if as_of is None and state.clock_date is None:
        as_of = datetime.now(ZoneInfo(TIMEZONE)).date()
    if as_of is not None:
        state = process.set_clock(settings, as_of)
    if follow:
        process.follow_calendar(settings)
    write_connections(settings, [*connections_of(state), *missing])
    return True


def _require_its_province(province: str, simulated: list[str]) -> None:
    """Refuse to let one province's communes be judged by the lists of another."""
    if province != PROVINCE:
        raise ConfigurationError(
            f"the sandbox plays the sources of province {PROVINCE} only",
            where=f"KHO_PROVINCE={province}",
            next_step=f"name real sources by {', '.join(f'AIRFLOW_CONN_{n.upper()}' for n in simulated)}; "
            "docs/deployment.md says under 'Another province' which files are a province's own",
        )


def _servers(settings: Settings) -> tuple[dict[str, str], list[Connection]]:
    """Administrators' URLs by engine; and for an engine that cannot run here, connections that say why."""
    found = {POSTGRESQL: ensure_running(settings).url("postgres").render_as_string(hide_password=False)}
    names = [agency_connection(name) for name, engine in database_names().items() if engine == MARIADB]
    names = [name for name in names if not is_overridden(name)]
    if not names:
        return found, []
    try:
        found[MARIADB] = admin_url(mariadb.ensure_running(settings), settings)
    except HostError as error:
        reason = {"unavailable": error.message, "next_step": error.next_step}
        return found, [Connection(name, conn_type="mysql", extra=reason) for name in names]
    return found, []


def admin_url(server: mariadb.MariaDb, settings: Settings) -> str:
    """The administrator's URL of the private MariaDB, as the sandbox wants it."""
    url = URL.create(
        "mysql",
        username=server.user,
        password=server.password,
        host=server.host,
        port=server.port,
        query={FILES: str(mariadb.files_folder(settings))},
    )
    return url.render_as_string(hide_password=False)


def close_sources(settings: Settings) -> bool:
    """Stop the sandbox; return whether it was running."""
    return process.down(settings)


def _earlier_size(settings: Settings) -> int:
    home = settings.sandbox_home
    return read_config(home).size if config_path(home).exists() else DEFAULT_SIZE


def connections_of(state: SandboxState) -> list[Connection]:
    """The connections that lead to a sandbox."""
    gateway = urlsplit(state.lgsp_url)
    found = [
        Connection(
            GATEWAY,
            conn_type=gateway.scheme,
            host=gateway.hostname,
            port=gateway.port,
            login=state.consumer_key,
            password=state.consumer_secret,
            extra={"x_road_client": X_ROAD_CLIENT},
        )
    ]
    found += [_database_connection(agency_connection(name), url) for name, url in state.database_urls.items()]
    found += [
        Connection(name, conn_type="file", extra={"path": folder})
        for name, folder in state.drop_folders.items()
    ]
    return found


def _database_connection(name: str, text: str) -> Connection:
    url = make_url(text)
    socket = url.query.get("host")
    return Connection(
        name,
        conn_type=_CONNECTION_TYPES[url.get_backend_name()],
        host=url.host,
        port=url.port,
        login=url.username,
        password=url.password,
        schema=url.database,
        extra={"host": socket} if isinstance(socket, str) else {},
    )
