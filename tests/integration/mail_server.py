"""A real SMTP server that keeps what it gets; it may refuse, or break off before it answers."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from kho.connections import Connection

LOGIN, PASSWORD = "kho@tinh.example", "bi-mat-3f9a"


@dataclass
class Mailbox:
    """What the server got: `mails`, and `logins`, the sessions that logged in."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    logins: int = 0
    answer: str = "250 OK"
    breaks: bool = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            mail: Any = message_from_bytes(envelope.content, policy=policy.default)
            assert envelope.rcpt_tos == [mail["To"]]
            self.mails.append(mail)
        if self.breaks:
            server.transport.abort()
        return self.answer

    def let_in(self, server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        is_right = (given.login.decode(), given.password.decode()) == (LOGIN, PASSWORD)
        self.logins += is_right
        return AuthResult(success=is_right, handled=False)

    def connection(self, **more: Any) -> Connection:
        """How to reach it without encryption, unless more is said."""
        extra = {"disable_tls": True, "timeout": 5} | more.pop("extra", {})
        return Connection("smtp", "smtp", "127.0.0.1", self.port, extra=extra, **more)


@contextmanager
def mail_server(certificate: tuple[str, str] | None = None, *, implicit: bool = False) -> Iterator[Mailbox]:
    """Run a server; with a certificate it wants TLS and a login, from the first byte if `implicit`."""
    # The controller wants to know its port beforehand.
    with socket.create_server(("127.0.0.1", 0)) as free:
        box = Mailbox(free.getsockname()[1])
    options: dict[str, Any] = {}
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
        options = {"authenticator": box.let_in, "auth_required": True}
        options |= (
            {"ssl_context": context, "auth_require_tls": False}
            if implicit
            else {"tls_context": context, "require_starttls": True}
        )
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **options)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
