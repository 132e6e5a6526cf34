"""Mutual TLS against a real TLS server."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kho.errors import AuthenticationFailed, ConfigurationError, KhoError, SourceRejected, SourceUnavailable

from .rest_case import a_source, fetch, ids
from .rest_server import ALL_ROWS, RestServer, serve

NOT_LET_IN = (AuthenticationFailed, SourceUnavailable)
"""TLS 1.3 may close the line before its alert has come through."""


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the test's own."""

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def ca(self) -> str:
        return str(self.folder / f"{self.name}.pem")

    def issue(self, who: str) -> tuple[str, str]:
        """Certificate and key files for `who`, valid for 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(who, key, self.certificate.subject, self.key, is_ca=False)
        return _written(self.folder, who, key, certificate)


def _authority(folder: Path, name: str) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(name, key, None, key, is_ca=True)
    _written(folder, name, key, certificate)
    return Authority(folder, name, key, certificate)


def _certificate(
    who: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name | None,
    signer: ec.EllipticCurvePrivateKey,
    *,
    is_ca: bool,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, who)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    )
    return builder.sign(signer, hashes.SHA256())


def _written(
    folder: Path, who: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
) -> tuple[str, str]:
    files = folder / f"{who}.pem", folder / f"{who}.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(files[0]), str(files[1])


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return _authority(tmp_path_factory.mktemp("ca"), "tinh")


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
    certificate, key = _authority(tmp_path, "khac").issue("kho")
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
