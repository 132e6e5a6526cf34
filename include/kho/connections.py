"""Connections to the sources: what the pipeline needs to know to reach one.

In: a name. Out: a `Connection`. Airflow serves its own (see plugins); the command line reads the
same environment variables, `AIRFLOW_CONN_<NAME>`, and then `var/connections.json`, where the sandbox
writes down how to reach it (mode 0600).
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from kho.errors import ConfigurationError, ConnectionMissing, HostError
from kho.settings import Settings

_PREFIX = "AIRFLOW_CONN_"


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach one source; the password stays out of its text form."""

    name: str
    conn_type: str = ""
    host: str | None = None
    port: int | None = None
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    schema: str | None = None
    extra: dict[str, Any] = field(default_factory=dict, repr=False)


class Connections(Protocol):
    """Where connections come from."""

    def get(self, name: str) -> Connection:
        """Return the connection `name`.

        Raises:
            ConnectionMissing: there is none.
            ConfigurationError: it cannot be read.
        """


class EnvironmentConnections:
    """Connections out of the environment, then out of `var/connections.json`."""

    def __init__(self, settings: Settings, environment: Mapping[str, str] = os.environ) -> None:
        self._path = connections_file(settings)
        self._environment = environment

    def get(self, name: str) -> Connection:
        """Return the connection `name`; see `Connections.get`."""
        variable = _PREFIX + name.upper()
        text = self._environment.get(variable)
        if text:
            return parse_connection(name, text, where=variable)
        kept = _read(self._path)
        if name not in kept:
            raise ConnectionMissing(
                f"there is no connection '{name}'",
                where=str(self._path),
                next_step=f"start the sandbox (kho sandbox up), or set {variable}",
            )
        return _connection(name, kept[name], where=str(self._path))


def is_overridden(name: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment names a source of its own for the connection `name`."""
    return bool(environment.get(_PREFIX + name.upper()))


def connections_file(settings: Settings) -> Path:
    """The file of generated connections, readable by its owner only."""
    return settings.home / "connections.json"


def write_connections(settings: Settings, connections: Iterable[Connection]) -> Path:
    """Keep `connections` in the file, beside those of other names, and return its path.

    Raises:
        HostError: the file cannot be written.
    """
    path = connections_file(settings)
    content = _read(path)
    for connection in connections:
        values = {key: value for key, value in asdict(connection).items() if value not in (None, {})}
        content[values.pop("name")] = values
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(content, file, indent=2, sort_keys=True)
        new.replace(path)
    except OSError as error:
        raise HostError(
            f"cannot write the connections: {error.strerror}",
            where=str(path),
            next_step="make room or allow writing there, or set KHO_HOME to another folder",
        ) from error
    return path


def parse_connection(name: str, text: str, *, where: str) -> Connection:
    """Read a connection as Airflow writes it: a JSON object or a URI.

    Raises:
        ConfigurationError: it is neither; the message does not repeat it.
    """
    if text.lstrip().startswith("{"):
        try:
            values = json.loads(text)
        except json.JSONDecodeError:
            raise _unreadable(name, where) from None
        return _connection(name, values, where=where)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _unreadable(name, where) from None
    if not parts.scheme:
        raise _unreadable(name, where)
    query: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "__extra__" in query:
        query = json.loads(query["__extra__"] or "{}")
    return Connection(
        name=name,
        conn_type=parts.scheme.replace("-", "_").replace("postgresql", "postgres"),
        host=unquote(parts.hostname) if parts.hostname else None,
        port=port,
        login=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        schema=unquote(parts.path.lstrip("/")) or None,
        extra=query,
    )


def _connection(name: str, values: Any, *, where: str) -> Connection:
    if not isinstance(values, dict):
        raise _unreadable(name, where)
    known = {"conn_type", "host", "port", "login", "password", "schema", "extra"}
    found = {key: value for key, value in values.items() if key in known and value is not None}
    try:
        if isinstance(found.get("extra"), str):
            found["extra"] = json.loads(found["extra"] or "{}")
        if "port" in found:
            found["port"] = int(found["port"])
    except ValueError:
        raise _unreadable(name, where) from None
    return Connection(name=name, **found)


def _unreadable(name: str, where: str) -> ConfigurationError:
    return ConfigurationError(
        f"the connection '{name}' can be read neither as JSON nor as a URI",
        where=where,
        next_step='write it as {"conn_type": "http", "host": "…", "login": "…", "password": "…"}',
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, json.JSONDecodeError) as error:
        raise ConfigurationError(
            "the file of connections cannot be read",
            where=str(path),
            next_step="remove it, then start the sandbox again (kho sandbox up)",
        ) from error
    if not isinstance(content, dict):
        raise _unreadable("*", str(path))
    return content
