"""`kho up`, `down`, `url`, `migrate`, `doctor` and `kho sandbox`: what runs on this machine.

In: the settings; a night that the sandbox is turned to. Out: what was started or stopped, and where it is.
"""

import os
from typing import Annotated

import typer

from kho.cli.console import out
from kho.cli.options import Night, tonight
from kho.errors import ConfigurationError
from kho.settings import get_settings

DEFAULT_UI_PORT = 8080

sandbox_app = typer.Typer(help="Sources to try with, where there are no real ones.", no_args_is_help=True)


def up(
    *,
    stay: Annotated[bool, typer.Option("--stay", help="Wait here until Airflow ends; for systemd.")] = False,
) -> None:
    """Start database, sandbox and Airflow with its user interface, and leave them running."""
    from kho.night.airflow_environment import HOST, USER
    from kho.night.airflow_process import require_free_port
    from kho.night.sources import open_sources
    from kho.night.standing import standing_port, start_standing, wait_for_end
    from kho.server.warehouse import open_warehouse

    settings, port = get_settings(), _ui_port()
    # Before database and sandbox, which take their time.
    if standing_port(settings) is None:
        require_free_port(port)
    open_warehouse(settings)
    sandbox = open_sources(settings, None, follow=True)
    started = start_standing(settings, port)
    out.print(
        f"Airflow {'is up' if started else 'was up already'}: "
        f"http://{HOST}:{standing_port(settings)}  (user {USER}, password in "
        f"{settings.airflow_home / 'passwords.json'})",
        highlight=False,
        soft_wrap=True,
    )
    out.print(f"Sandbox: {'running' if sandbox else 'not needed, all sources are configured'}")
    out.print("Every night at 01:00; kho nightly runs one now; kho down stops all.")
    if stay:
        wait_for_end(settings)


def down() -> None:
    """Stop Airflow, the sandbox and the embedded databases."""
    from kho.night.sources import close_sources
    from kho.night.standing import stop_standing
    from kho.server import mariadb, postgres

    settings = get_settings()
    for name, stop in (
        ("Airflow", stop_standing),
        ("sandbox", close_sources),
        ("sandbox's MariaDB", mariadb.stop),
        ("database", postgres.stop),
    ):
        out.print(f"{name}: {'stopped' if stop(settings) else 'was not running'}")


def url() -> None:
    """Print the SQLAlchemy URL of the warehouse, password included."""
    from kho.server.warehouse import warehouse_url

    print(warehouse_url(get_settings()).render_as_string(hide_password=False))


def migrate() -> None:
    """Bring the warehouse's schema up to date."""
    from kho.server.warehouse import open_warehouse

    open_warehouse(get_settings())
    out.print("the warehouse's schema is up to date")


def doctor() -> None:
    """Check this machine, the database and the connections: one line each."""
    from kho.cli.doctor import examine

    good = True
    for finding in examine(get_settings(), _ui_port()):
        good = good and finding.good
        sign = "[green]ok[/]  " if finding.good else "[red]bad[/] "
        out.print(f"{sign} {finding.subject}: {finding.text}", highlight=False, soft_wrap=True)
    if not good:
        raise typer.Exit(1)


@sandbox_app.command("up")
def sandbox_up(
    night: Night = None,
    size: Annotated[int | None, typer.Option(min=1, help="Dossiers to begin with.")] = None,
) -> None:
    """Start the sandbox, turned to a date; it stays."""
    from kho.night.sources import open_sources

    settings = get_settings()
    if open_sources(settings, night or tonight(), size):
        out.print(f"The sandbox is up; {settings.home / 'connections.json'} says where.", soft_wrap=True)
    else:
        out.print("Not started: AIRFLOW_CONN_LGSP and AIRFLOW_CONN_AGENCY_FINANCE name real sources.")


@sandbox_app.command("down")
def sandbox_down() -> None:
    """Stop the sandbox."""
    from kho.night.sources import close_sources

    out.print("stopped" if close_sources(get_settings()) else "was not running")


def _ui_port() -> int:
    """The port of the user interface, from KHO_UI_PORT."""
    text = os.environ.get("KHO_UI_PORT") or str(DEFAULT_UI_PORT)
    if not text.isdigit() or not 1024 <= int(text) <= 65535:
        raise ConfigurationError(
            f"the port must be a number from 1024 to 65535, not {text!r}",
            where="KHO_UI_PORT",
            next_step="set KHO_UI_PORT to a free port, or unset it",
        )
    return int(text)
