"""Mutual TLS against a real TLS server."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from kho.errors import AuthenticationFailed, ConfigurationError, KhoError, SourceRejected, SourceUnavailable

from .authority import Authority, new_authority
from .rest_case import a_source, fetch, ids
from .rest_server import ALL_ROWS, RestServer, serve

NOT_LET_IN = (AuthenticationFailed, SourceUnavailable)
"""TLS 1.3 may close the line before its alert has come through."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return new_authority(tmp_path_factory.mktemp("ca"), "tinh")


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[RestServer]:
    """A server that talks only to clients with a certificate of the authority."""
    certificate, key = authority.issue("lgsp")
    with serve(
        ssl_certfile=certificate,
        ssl_keyfile=key,
        ssl_ca_certs=authority.ca,
        ssl_cert_reqs=ssl.CERT_REQUIRED,
    ) as running:
        yield running


def test_both_sides_show_their_certificate(server: RestServer, authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("kho")
    manifest = fetch(server, tmp_path, a_source(), ca=authority.ca, client_cert=certificate, client_key=key)
    assert ids(tmp_path, manifest) == [row["id"] for row in ALL_ROWS]
    assert manifest.endpoint.startswith("GET https://127.0.0.1:")


def test_without_a_certificate_nobody_gets_in(
    server: RestServer, authority: Authority, tmp_path: Path
) -> None:
    with pytest.raises(NOT_LET_IN) as raised:
        fetch(server, tmp_path, a_source(), ca=authority.ca)
    assert "check client_cert" in str(raised.value)


def test_a_certificate_of_another_authority_is_refused(
    server: RestServer, authority: Authority, tmp_path: Path
) -> None:
    certificate, key = new_authority(tmp_path, "khac").issue("kho")
    with pytest.raises(NOT_LET_IN) as raised:
        fetch(server, tmp_path, a_source(), ca=authority.ca, client_cert=certificate, client_key=key)
    assert "check client_cert" in str(raised.value)


def test_a_server_that_nobody_vouches_for_gets_no_secret(
    server: RestServer, authority: Authority, tmp_path: Path
) -> None:
    certificate, key = authority.issue("kho")
    with pytest.raises(SourceRejected, match="not to be trusted") as raised:
        fetch(server, tmp_path, a_source(), client_cert=certificate, client_key=key)
    assert "`ca`" in str(raised.value)


def test_a_missing_file_is_named(server: RestServer, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="client_cert") as raised:
        fetch(server, tmp_path, a_source(), client_cert="/nowhere/kho.pem")
    assert isinstance(raised.value, KhoError)
    assert "/nowhere/kho.pem" in str(raised.value)
