"""The sandbox in place of the sources, where no real source is configured.

In: the settings and the night's date. Out: a running sandbox turned to that date, and connections that
lead to it. A source named by `AIRFLOW_CONN_<NAME>` is left alone.
"""

from datetime import date, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import make_url

from kho.connections import Connection, is_overridden, write_connections
from kho.sandbox import process
from kho.sandbox.state import DEFAULT_SIZE, SandboxState, config_path, read_config
from kho.server.postgres import ensure_running
from kho.settings import TIMEZONE, Settings

GATEWAY = "lgsp"
FINANCE = "agency_finance"


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
        SandboxError: the sandbox does not start, or cannot go to that date.
    """
    if is_overridden(GATEWAY) and is_overridden(FINANCE):
        return False
    admin = ensure_running(settings).url("postgres").render_as_string(hide_password=False)
    state = process.up(settings, size=size or _earlier_size(settings), finance_admin_url=admin)
    if as_of is None and state.clock_date is None:
        as_of = datetime.now(ZoneInfo(TIMEZONE)).date()
    if as_of is not None:
        state = process.set_clock(settings, as_of)
    if follow:
        process.follow_calendar(settings)
    write_connections(settings, _connections(state))
    return True


def close_sources(settings: Settings) -> bool:
    """Stop the sandbox; return whether it was running."""
    return process.down(settings)


def _earlier_size(settings: Settings) -> int:
    home = settings.sandbox_home
    return read_config(home).size if config_path(home).exists() else DEFAULT_SIZE


def _connections(state: SandboxState) -> list[Connection]:
    gateway = urlsplit(state.lgsp_url)
    found = [
        Connection(
            GATEWAY,
            conn_type=gateway.scheme,
            host=gateway.hostname,
            port=gateway.port,
            login=state.consumer_key,
            password=state.consumer_secret,
        )
    ]
    if state.finance_url:
        url = make_url(state.finance_url)
        socket = url.query.get("host")
        found.append(
            Connection(
                FINANCE,
                conn_type="postgres",
                host=url.host,
                port=url.port,
                login=url.username,
                password=url.password,
                schema=url.database,
                extra={"host": socket} if isinstance(socket, str) else {},
            )
        )
    return found
