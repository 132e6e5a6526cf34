"""Airflow's configuration, as the environment of its processes.

In: the settings and a port. Out: variables; what the caller's own environment says of Airflow wins.
No file holds a secret but `var/secrets.json` and the password of the user interface, both 0600.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from kho.errors import HostError
from kho.server.postgres import ensure_database, ensure_running
from kho.server.secrets import get_or_create_secret
from kho.settings import Settings

HOST = "127.0.0.1"
USER = "admin"
METADATA = "airflow"
"""Name of Airflow's database on the embedded server."""

_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
_PARALLEL_TASKS = 6


def airflow_environment(
    settings: Settings, port: int, given: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the whole environment of Airflow's processes; start the embedded server if need be.

    Args:
        settings: where everything is.
        port: of the api-server on the loopback address, for tasks and for the user interface.
        given: the environment of the caller.

    Raises:
        HostError: a folder or file cannot be written, or the database does not start.
    """
    home = settings.airflow_home
    try:
        for folder in (home, settings.logs, settings.home / "cache", settings.home / "tmp"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Airflow would write one of its own, with keys in it, for everybody to read.
        (home / "airflow.cfg").touch(mode=0o600)
    except OSError as error:
        raise HostError(
            f"cannot make Airflow's folder: {error.strerror}",
            where=str(home),
            next_step="allow writing there, or set KHO_HOME to a folder of your own",
        ) from error
    ours = {
        **_places(settings, given),
        **_quiet(),
        **_components(settings, port),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(_password_file(settings)),
        _DATABASE: given.get(_DATABASE) or _metadata_url(settings),
    }
    kept = {name: value for name, value in given.items() if name != "PYTHONDONTWRITEBYTECODE"}
    theirs = {name: value for name, value in given.items() if name.startswith("AIRFLOW__")}
    return {**kept, **ours, **theirs}


def password(settings: Settings) -> str:
    """Return the password of the user interface's user."""
    return get_or_create_secret(settings.secrets_file, "airflow_admin_password")


def _metadata_url(settings: Settings) -> str:
    server = ensure_running(settings)
    ensure_database(server, METADATA)
    return server.url(METADATA).render_as_string(hide_password=False)


def _password_file(settings: Settings) -> Path:
    path = settings.airflow_home / "passwords.json"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            json.dump({USER: password(settings)}, file)
    return path


def _places(settings: Settings, given: Mapping[str, str]) -> dict[str, str]:
    plugins = settings.project_root / "plugins"
    return {
        "KHO_HOME": str(settings.home),
        "AIRFLOW_HOME": str(settings.airflow_home),
        "AIRFLOW_CONFIG": str(settings.airflow_home / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(settings.project_root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(settings.logs / "airflow"),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(settings.airflow_home / "bundles"),
        "PATH": f"{Path(sys.executable).parent}:{given.get('PATH', '/usr/bin:/bin')}",
        "PYTHONPATH": os.pathsep.join(filter(None, (given.get("PYTHONPATH"), str(plugins)))),
        "PYTHONPYCACHEPREFIX": given.get("PYTHONPYCACHEPREFIX") or str(settings.home / "cache" / "python"),
        # Libraries that keep something in the user's home keep it here.
        "HOME": str(settings.airflow_home),
        "XDG_CACHE_HOME": str(settings.home / "cache"),
        "XDG_CONFIG_HOME": str(settings.airflow_home),
        "TMPDIR": str(settings.home / "tmp"),
    }


def _quiet() -> dict[str, str]:
    """Nothing calls home; warnings of libraries about each other are not for us."""
    return {
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "False",
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
        "PYTHONUNBUFFERED": "1",
    }


def _components(settings: Settings, port: int) -> dict[str, str]:
    def secret(name: str) -> str:
        return get_or_create_secret(settings.secrets_file, f"airflow_{name}")

    return {
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(_PARALLEL_TASKS),
        "AIRFLOW__CORE__MP_START_METHOD": "fork",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__ASSET_MANAGER_CLASS": "kho_assets.NightAssetManager",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{HOST}:{port}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__FERNET_KEY": secret("fernet_key") + "=",
        "AIRFLOW__API__SECRET_KEY": secret("session_key"),
        "AIRFLOW__API_AUTH__JWT_SECRET": secret("jwt_secret"),
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://{HOST}:{port}",
        "AIRFLOW__API__WORKERS": "1",
        # The launcher sees to the schema, once for all components.
        "AIRFLOW__DATABASE__CHECK_MIGRATIONS": "False",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
        # A finished task is noticed this many seconds late at worst, and keeps its slot so long.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
    }
