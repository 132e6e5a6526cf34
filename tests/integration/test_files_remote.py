"""Files on an SFTP server and in an S3 bucket: real SSH by asyncssh, S3's protocol over real HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from kho.connections import Connection
from kho.errors import AuthenticationFailed, ConfigurationError, SourceUnavailable
from kho.extract.files.extractor import extract_files
from kho.raw_zone.received import KnownFiles
from tests.files.drop import Drop
from tests.files.forms import NAME, NIGHT, workbook

PASSWORD = "một mật khẩu"


@dataclass
class SftpServer:
    connection: Connection
    opened_for_writing: list[str]


class _ReadOnly(asyncssh.SFTPServer):
    """Serves a folder; whoever tries to change it is written down."""

    log: list[str] = []

    def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
        if pflags & ~asyncssh.FXF_READ:
            self.log.append(path.decode())
        return super().open(path, pflags, attrs)

    def remove(self, path: bytes) -> None:
        self.log.append(path.decode())
        raise asyncssh.SFTPPermissionDenied("read only")

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        self.remove(oldpath)


class _Users(asyncssh.SSHServer):
    connections: list[asyncssh.SSHServerConnection] = []

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connections.append(conn)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("kho", PASSWORD)


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Drop:
    drop = Drop(tmp_path_factory.mktemp("drop"))
    drop.put(NAME, workbook())
    drop.put("tháng 9/BM01_21028_2026-09.xlsx", workbook(unit_code="21028"))
    drop.put("BM01_21034_2026-09.xlsx", workbook(unit_code="21034")[:2000])
    return drop


@pytest.fixture(scope="module")
def sftp(drop: Drop) -> Iterator[SftpServer]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[key],
            server_factory=_Users,
            sftp_factory=lambda channel: _ReadOnly(channel, chroot=str(drop.folder).encode()),
        )

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(20)
    host_key = key.export_public_key().decode()
    yield SftpServer(
        Connection(
            "commune_forms",
            "sftp",
            "127.0.0.1",
            server.get_port(),
            "kho",
            PASSWORD,
            "/",
            {"host_key": host_key.strip()},
        ),
        _ReadOnly.log,
    )

    async def stop() -> None:
        server.close()
        for connection in _Users.connections:
            connection.abort()
            await connection.wait_closed()
        await server.wait_closed()

    asyncio.run_coroutine_threadsafe(stop(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()


def _extract(drop: Drop, connection: Connection, raw_zone: Path, known: KnownFiles | None = None) -> Any:
    contract = drop.contract
    return extract_files(contract, contract.source, connection, NIGHT, known or KnownFiles(), raw_zone)  # type: ignore[arg-type]


def test_sftp_gives_what_the_folder_gives(drop: Drop, sftp: SftpServer, tmp_path: Path) -> None:
    local = drop.run()
    remote = _extract(drop, sftp.connection, tmp_path)
    assert remote.files == local.files
    assert [file.status for file in remote.files] == ["read", "not_ready", "read"]
    assert remote.fetched == 8
    assert sftp.opened_for_writing == []
    again = _extract(drop, sftp.connection, tmp_path, KnownFiles.of(remote.files))
    assert [file.status for file in again.files] == ["refused"]


def test_a_server_with_another_host_key_is_nobody_we_know(
    drop: Drop, sftp: SftpServer, tmp_path: Path
) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    connection = replace(sftp.connection, extra={"host_key": other})
    with pytest.raises(AuthenticationFailed, match="BadHostKey"):
        _extract(drop, connection, tmp_path)
    with pytest.raises(ConfigurationError, match="host key"):
        _extract(drop, replace(sftp.connection, extra={}), tmp_path)


def test_sftp_refuses_a_wrong_password_without_repeating_it(
    drop: Drop, sftp: SftpServer, tmp_path: Path
) -> None:
    connection = replace(sftp.connection, password="nhầm")
    with pytest.raises(AuthenticationFailed) as refused:
        _extract(drop, connection, tmp_path)
    assert "nhầm" not in str(refused.value)


def test_an_sftp_server_that_is_down_can_be_tried_again(drop: Drop, sftp: SftpServer, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable):
        _extract(drop, replace(sftp.connection, port=1), tmp_path)
    assert not list(tmp_path.rglob(".landing-*"))
