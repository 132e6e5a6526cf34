"""The wire below the conversation: addresses, TLS, and answers of bounded size.

In: a connection; a streamed response. Out: an `Answer`, decompressed, or an error that says what broke in
words that hold no address and no secret.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3

from kho.connections import Connection
from kho.errors import AuthenticationFailed, ConfigurationError, KhoError, SourceRejected, SourceUnavailable

_CHUNK = 1 << 18


class _WithoutQueries(logging.Filter):
    """Keeps queries, which may hold a session, out of what urllib3 writes at level DEBUG."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                part.partition("?")[0] if isinstance(part, str) else part for part in record.args
            )
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_WithoutQueries())


@dataclass(frozen=True)
class Answer:
    """What came: the status, the headers by lower-case name, the body decompressed."""

    status: int
    headers: dict[str, str]
    body: bytes


def base_url_of(connection: Connection) -> str:
    """Scheme, host and port of a source."""
    scheme = connection.extra.get("scheme") or (
        connection.conn_type if connection.conn_type in ("http", "https") else "https"
    )
    return f"{scheme}://{connection.host}" + (f":{connection.port}" if connection.port else "")


def open_session(connection: Connection) -> requests.Session:
    """A session with the connection's certificates, and no credentials from anywhere else.

    Raises:
        ConfigurationError: a certificate file is not there.
    """
    session = requests.Session()
    # Without this, requests would put what a .netrc knows in place of our own Authorization.
    session.auth = _leave_alone
    session.headers.update({"Accept-Encoding": "gzip, deflate", "User-Agent": "kho"})
    files = {name: connection.extra.get(name) for name in ("client_cert", "client_key", "ca")}
    for name, file in files.items():
        if file and not Path(file).is_file():
            raise ConfigurationError(
                f"the file that the connection '{connection.name}' names as {name} is not there",
                where=str(file),
                next_step=f"put the file there, or correct {name} in the connection's extra",
            )
    if files["client_cert"]:
        session.cert = (files["client_cert"], files["client_key"] or files["client_cert"])
    if files["ca"]:
        session.verify = files["ca"]
    return session


def read_answer(response: requests.Response, max_bytes: int, deadline: float, where: str) -> Answer:
    """The whole answer; a compressed one is refused as soon as it grows beyond `max_bytes`.

    Raises:
        SourceUnavailable: it trickles in and is not whole at the deadline.
        SourceRejected: it is too large.
        urllib3.exceptions.HTTPError: it breaks off, or cannot be decompressed.
    """
    body = bytearray()
    for chunk in _chunks(response.raw):
        body += chunk
        if len(body) > max_bytes:
            raise SourceRejected(
                f"an answer is larger than {max_bytes >> 20} MiB",
                where=where,
                next_step="lower page_size in the contract, or raise max_body_mb in the connection's extra",
            )
        if time.monotonic() > deadline:
            raise SourceUnavailable("the answer trickles in and was not whole in time", where=where)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, bytes(body))


def _chunks(raw: urllib3.HTTPResponse) -> Iterator[bytes]:
    """What is there, as soon as it is there, decompressed piece by piece."""
    while chunk := raw.read1(_CHUNK, decode_content=True):
        yield chunk


def reason_of(error: Exception, where: str, connection: str) -> KhoError:
    """The error in our own words."""
    cause = _innermost(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return SourceRejected(
            f"the source's certificate is not to be trusted: {cause.verify_message}",
            where=where,
            next_step=f"compare host and `ca` of the connection '{connection}' with the source's certificate",
        )
    if isinstance(cause, ssl.SSLError) and "ALERT" in str(cause.reason or ""):
        return AuthenticationFailed(
            f"the source refuses our certificate ({cause.reason})",
            where=where,
            next_step=f"check client_cert and client_key of the connection '{connection}'",
        )
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return ConfigurationError(
            "the address is not one", where=where, next_step=f"correct the connection '{connection}'"
        )
    told = getattr(cause, "strerror", None) or type(cause).__name__
    broke_off = isinstance(
        cause,
        urllib3.exceptions.ProtocolError | urllib3.exceptions.IncompleteRead | urllib3.exceptions.DecodeError,
    )
    if broke_off:
        return SourceUnavailable(f"the answer broke off: {told}", where=where)
    hint = None
    if "https://" in where and isinstance(cause, ConnectionError):
        hint = (
            "try again; a source that closes a TLS connection without a word often wants our certificate: "
            f"check client_cert and client_key of the connection '{connection}'"
        )
    return SourceUnavailable(f"no answer: {told}", where=where, next_step=hint)


def _innermost(error: BaseException) -> BaseException:
    """What lies at the bottom of the wrapped errors of requests and urllib3."""
    seen = [error]
    while True:
        inner = getattr(seen[-1], "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((item for item in seen[-1].args if isinstance(item, BaseException)), None)
        if inner is None or inner in seen or (isinstance(seen[-1], OSError) and seen[-1].errno):
            return seen[-1]
        seen.append(inner)


def _leave_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
