"""Reach the place where files are dropped: a folder, an SFTP server, an S3 bucket.

In: a connection. Out: an fsspec file system that is only ever read, and the root below which to look.

| conn_type | what it needs |
|---|---|
| `file`, `fs` | `extra.path`: the folder |
| `sftp` | host, port, login, password or `extra.key_file`; `extra.known_hosts` (a file) or `extra.host_key` |
| `s3`, `aws` | login and password (access key and secret), `extra.endpoint_url`, `extra.region_name` |
| `memory` | nothing; for tests |

The folder on the server, or bucket and prefix, is `schema` or `extra.path`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import fsspec

from kho.connections import Connection
from kho.errors import AuthenticationFailed, ConfigurationError, KhoError, SourceUnavailable

CONNECT_SECONDS = 20
_REFUSALS = ("Auth", "HostKey", "Credentials")
_S3_REFUSALS = (
    "ACCESS_DENIED",
    "INVALID_ACCESS_KEY_ID",
    "SIGNATURE_DOES_NOT_MATCH",
    "INVALID_CLIENT_TOKEN_ID",
)
_SERVER_ERRORS = ("SSH", "Client", "Connection", "Channel")


@contextmanager
def open_filesystem(connection: Connection) -> Iterator[tuple[fsspec.AbstractFileSystem, str]]:
    """The file system of a connection and its root, until it is no longer needed.

    Raises:
        ConfigurationError: the connection lacks something, or its kind is unknown.
        SourceUnavailable, AuthenticationFailed: the server does not let us in.
    """
    kind = connection.conn_type or "file"
    opener = _OPENERS.get(kind)
    if opener is None:
        raise ConfigurationError(
            f"the connection '{connection.name}' is of kind '{kind}', from which no files are read",
            next_step=f"use one of: {', '.join(sorted(_OPENERS))}",
        )
    with errors_named(connection.name):
        system, root = opener(connection)
        try:
            yield system, root
        finally:
            if hasattr(system, "close"):
                system.close()


@contextmanager
def errors_named(where: str) -> Iterator[None]:
    """Turn what file systems raise into errors that say what to do."""
    try:
        yield
    except KhoError:
        raise
    except FileNotFoundError as error:
        raise ConfigurationError(
            "the folder of files does not exist",
            where=f"{where}:{error.filename or error.args[-1] if error.args else ''}",
            next_step="create it, or correct the folder in the connection or the contract",
        ) from error
    except PermissionError as error:
        raise AuthenticationFailed(
            "the place where files are dropped refuses us",
            where=where,
            next_step="check login and rights of the connection with its owner",
        ) from error
    except Exception as error:
        name = type(error).__name__
        if any(word in name for word in _REFUSALS) or any(word in str(error) for word in _S3_REFUSALS):
            raise AuthenticationFailed(
                f"the place where files are dropped refuses us ({name})",
                where=where,
                next_step="check login, key and host key of the connection with its owner",
            ) from error
        if (
            isinstance(error, (OSError, EOFError))
            or "SSH" in name
            or "Client" in name
            or "Connection" in name
        ):
            raise SourceUnavailable(
                f"the place where files are dropped does not answer ({name})",
                where=where,
                next_step="check the server and the way to it; the next run tries again",
            ) from error
        raise


def _open_folder(connection: Connection) -> tuple[fsspec.AbstractFileSystem, str]:
    path = _needed(connection, "path", connection.extra.get("path") or connection.schema)
    return fsspec.filesystem("file", skip_instance_cache=True), path.rstrip("/") or "/"


def _open_memory(connection: Connection) -> tuple[fsspec.AbstractFileSystem, str]:
    return fsspec.filesystem("memory"), str(connection.extra.get("path") or connection.schema or "/")


def _open_sftp(connection: Connection) -> tuple[fsspec.AbstractFileSystem, str]:
    from kho.extract.files.sftp import KnownHostSftp

    system = KnownHostSftp.of(connection, CONNECT_SECONDS)
    root = str(connection.extra.get("path") or connection.schema or system.ftp.normalize("."))
    return system, root.rstrip("/") or "/"


def _open_s3(connection: Connection) -> tuple[fsspec.AbstractFileSystem, str]:
    """Through pyarrow, which is there anyway and speaks S3 itself."""
    from fsspec.implementations.arrow import ArrowFSWrapper
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    extra = connection.extra
    root = _needed(connection, "path", extra.get("path") or connection.schema)
    endpoint = urlsplit(str(extra.get("endpoint_url") or ""))
    server = S3FileSystem(
        access_key=connection.login,
        secret_key=connection.password,
        region=extra.get("region_name") or "us-east-1",
        endpoint_override=endpoint.netloc or None,
        scheme=endpoint.scheme or "https",
        connect_timeout=CONNECT_SECONDS,
        request_timeout=CONNECT_SECONDS,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=3),
    )
    return ArrowFSWrapper(server), root.strip("/")


def _needed(connection: Connection, name: str, value: Any) -> str:
    if not value:
        raise ConfigurationError(
            f"the connection '{connection.name}' does not say where the files are",
            next_step=f'add {{"{name}": "…"}} to its extra',
        )
    return str(value)


_OPENERS: dict[str, Callable[[Connection], tuple[fsspec.AbstractFileSystem, str]]] = {
    "file": _open_folder,
    "fs": _open_folder,
    "memory": _open_memory,
    "sftp": _open_sftp,
    "s3": _open_s3,
    "aws": _open_s3,
}
