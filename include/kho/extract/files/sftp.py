"""SFTP that talks to known servers only.

In: a connection with the server's host key. Out: fsspec's SFTP file system, connected. A server whose
key is not the declared one is refused: it could be anybody.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

from kho.connections import Connection
from kho.errors import ConfigurationError


class KnownHostSftp(SFTPFileSystem):  # type: ignore[misc]
    """fsspec's SFTP file system with a list of trusted host keys."""

    cachable = False

    @classmethod
    def of(cls, connection: Connection, timeout: float) -> KnownHostSftp:
        """Connect.

        Raises:
            ConfigurationError: the connection does not say which host key is the right one.
        """
        extra = connection.extra
        if not extra.get("known_hosts") and not extra.get("host_key"):
            raise ConfigurationError(
                f"the connection '{connection.name}' does not say which host key its server has",
                next_step="add known_hosts (a file) or host_key (type and key) to its extra; "
                "ssh-keyscan prints them, the server's owner confirms them",
            )
        return cls(
            str(connection.host),
            known_hosts=extra.get("known_hosts"),
            host_key=extra.get("host_key"),
            port=connection.port or 22,
            username=connection.login,
            password=connection.password,
            key_filename=extra.get("key_file"),
            passphrase=extra.get("private_key_passphrase"),
            timeout=timeout,
            banner_timeout=timeout,
            auth_timeout=timeout,
            allow_agent=False,
            look_for_keys=False,
        )

    def _connect(self) -> None:
        options: dict[str, Any] = dict(self.ssh_kwargs)
        known_hosts, host_key = options.pop("known_hosts"), options.pop("host_key")
        self.client = paramiko.SSHClient()
        if known_hosts:
            self.client.load_host_keys(str(Path(known_hosts).expanduser()))
        if host_key:
            kind, _, encoded = str(host_key).strip().partition(" ")
            key = paramiko.PKey.from_type_string(kind, base64.b64decode(encoded.split()[0]))
            port = options["port"]
            name = self.host if port == 22 else f"[{self.host}]:{port}"
            self.client.get_host_keys().add(name, kind, key)
        self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
        try:
            self.client.connect(self.host, **options)
            self.ftp = self.client.open_sftp()
        except BaseException:
            self.client.close()
            raise

    def close(self) -> None:
        """End the connection."""
        self.client.close()
