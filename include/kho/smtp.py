"""A session with the mail server, as Airflow's own connections of type smtp describe it.

In: a connection (host, port, login, password; extra `disable_tls`, `disable_ssl`, `timeout`). Out: a session
that is encrypted, unless the connection says otherwise, and logged in.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.header import Header
from typing import TYPE_CHECKING

from kho.errors import ConfigurationError

if TYPE_CHECKING:
    from email.message import EmailMessage

    from kho.connections import Connection

_TIMEOUT_SECONDS = 30
_DEFAULT_PORT = 25


class Unreachable(Exception):
    """Nothing was handed over: no connection, no trusted encryption, no login."""


@contextmanager
def smtp_session(server: Connection) -> Iterator[smtplib.SMTP]:
    """Open a session; it is closed at the end.

    Raises:
        Unreachable: the server does not answer, is not to be trusted, or refuses the login.
        ConfigurationError: the connection names no host, or a password that is not ASCII.
    """
    if not server.host:
        raise ConfigurationError(f"the connection '{server.name}' names no host", next_step="set its host")
    extra = server.extra
    timeout = float(extra.get("timeout", _TIMEOUT_SECONDS))
    session: smtplib.SMTP | None = None
    try:
        if not _is_set(extra.get("disable_ssl", True)):
            context = ssl.create_default_context()
            session = smtplib.SMTP_SSL(server.host, server.port or 465, timeout=timeout, context=context)
        else:
            session = smtplib.SMTP(server.host, server.port or _DEFAULT_PORT, timeout=timeout)
            if not _is_set(extra.get("disable_tls", False)):
                session.starttls(context=ssl.create_default_context())
        if server.login and server.password:
            session.login(server.login, server.password)
    except UnicodeEncodeError as error:
        if session is not None:
            session.close()
        raise ConfigurationError(
            f"login or password of the connection '{server.name}' has letters that a mail login cannot carry",
            next_step="choose a password of plain letters, digits and signs",
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        if session is not None:
            session.close()
        raise Unreachable(f"{type(error).__name__}: {error}") from error
    try:
        yield session
    finally:
        session.close()


def set_subject(message: EmailMessage, subject: str) -> None:
    """Give a mail its subject.

    Python up to 3.12.3 loses spaces where it folds a subject that is not ASCII (gh-92081); the older way does
    not.
    """
    message.set_raw("Subject", Header(subject, "utf-8", header_name="Subject").encode())


def _is_set(value: object) -> bool:
    return str(value).strip().lower() in ("1", "true", "yes", "on")
