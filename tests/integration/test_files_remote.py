"""Files on an SFTP server and in an S3 bucket: real SSH by asyncssh, S3's protocol over real HTTP."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

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

    log: ClassVar[list[str]] = []

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
    connections: ClassVar[list[asyncssh.SSHServerConnection]] = []

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


class _Bucket(BaseHTTPRequestHandler):
    """As much of S3 as reading takes: list, head, get; whoever writes is written down."""

    folder: Path
    access_key = "kho"
    writes: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_PUT(self) -> None:
        self.writes.append(self.path)
        self.send_error(403)

    def do_POST(self) -> None:
        self.do_PUT()

    def do_DELETE(self) -> None:
        self.do_PUT()

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, *, body: bool) -> None:
        if f"Credential={self.access_key}/" not in self.headers.get("Authorization", ""):
            error = b"<Error><Code>InvalidAccessKeyId</Code><Message>no</Message></Error>"
            return self._send(403, error if body else b"")
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        if bucket != "bieu-mau":
            return self._send(404, b"")
        if not key:
            return self._send(200, self._listing(query) if "list-type" in query else b"")
        path = self.folder / key
        if not path.is_file():
            return self._send(404, b"")
        content = path.read_bytes()
        written = formatdate(path.stat().st_mtime, usegmt=True)
        headers = {"Last-Modified": written, "Accept-Ranges": "bytes", "ETag": '"x"'}
        if wanted := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")):
            first, last = int(wanted[1]), min(int(wanted[2]), len(content) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
            return self._send(206, content[first : last + 1], headers)
        if not body:
            headers["Content-Length"] = str(len(content))
        return self._send(200, content if body else b"", headers)

    def _listing(self, query: dict[str, str]) -> bytes:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        entries, folders = [], set()
        for path in sorted(self.folder.rglob("*")):
            key = str(path.relative_to(self.folder))
            if not path.is_file() or not key.startswith(prefix):
                continue
            inside = key.removeprefix(prefix)
            if delimiter and delimiter in inside:
                folders.add(prefix + inside.split(delimiter)[0] + delimiter)
                continue
            written = datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            entries.append(
                f"<Contents><Key>{escape(key)}</Key><LastModified>{written}</LastModified>"
                f"<Size>{path.stat().st_size}</Size></Contents>"
            )
        prefixes = "".join(
            f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in sorted(folders)
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bieu-mau</Name>'
            f"<Prefix>{escape(prefix)}</Prefix><KeyCount>{len(entries) + len(folders)}</KeyCount>"
            f"<IsTruncated>false</IsTruncated>{''.join(entries)}{prefixes}</ListBucketResult>"
        ).encode()

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def s3(drop: Drop) -> Iterator[Connection]:
    _Bucket.folder = drop.folder
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Bucket)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Connection(
        "commune_forms",
        "s3",
        login="kho",
        password="mật",
        schema="bieu-mau",
        extra={"endpoint_url": f"http://127.0.0.1:{server.server_port}"},
    )
    server.shutdown()
    server.server_close()
    thread.join(20)


def test_s3_gives_what_the_folder_gives(drop: Drop, s3: Connection, tmp_path: Path) -> None:
    remote = _extract(drop, s3, tmp_path)
    assert remote.files == drop.run().files
    assert _Bucket.writes == []
    below = _extract(drop, replace(s3, schema="bieu-mau/tháng 9"), tmp_path)
    assert [file.path for file in below.files] == ["BM01_21028_2026-09.xlsx"]


def test_s3_refuses_a_wrong_key_without_repeating_the_secret(
    drop: Drop, s3: Connection, tmp_path: Path
) -> None:
    with pytest.raises(AuthenticationFailed) as refused:
        _extract(drop, replace(s3, login="ai đó"), tmp_path)
    assert "mật" not in str(refused.value)


def test_a_bucket_that_is_not_there_is_said_to_be_missing(drop: Drop, s3: Connection, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        _extract(drop, replace(s3, schema="khac"), tmp_path)


def test_an_s3_server_that_is_down_can_be_tried_again(drop: Drop, s3: Connection, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable):
        _extract(drop, replace(s3, extra={"endpoint_url": "http://127.0.0.1:1"}), tmp_path)
