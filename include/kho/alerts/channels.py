"""Handing a message over: by mail, or to a webhook.

In: a recipient as `meta.alert_notice` names it, a message, the connections. Out: nothing, or an
`UndeliveredError` whose text has no address, password or body in it.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from kho.errors import KhoError
from kho.report.vietnamese import technical
from kho.smtp import Unreachable, set_subject, smtp_session

if TYPE_CHECKING:
    from kho.alerts.config import Mail
    from kho.alerts.messages import Message
    from kho.connections import Connection, Connections

_TIMEOUT_SECONDS = 15


class UndeliveredError(Exception):
    """The message did not get through; another try may help."""


def deliver(recipient: str, message: Message, mail: Mail, connections: Connections, now: datetime) -> None:
    """Hand one message over.

    Raises:
        UndeliveredError: it did not arrive, as far as anybody can know.
    """
    channel, _, where = recipient.partition(":")
    try:
        _CHANNELS[channel](where, message, mail, connections, now)
    except KhoError as error:
        raise UndeliveredError(technical(error.message)) from error


def _by_mail(address: str, told: Message, mail: Mail, connections: Connections, now: datetime) -> None:
    server = connections.get(mail.connection)
    message = EmailMessage()
    set_subject(message, told.subject)
    message["From"] = str(server.extra.get("from_email") or mail.sender)
    message["To"] = address
    message["Date"] = format_datetime(now)
    message["Message-ID"] = told.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(told.text)
    try:
        with smtp_session(server) as session:
            session.send_message(message)
    except Unreachable as error:
        raise UndeliveredError(technical(str(error))) from error
    except (smtplib.SMTPException, OSError) as error:
        # A refusal repeats the address, which is in the row already.
        raise UndeliveredError(f"the mail server: {type(error).__name__}") from error


def _to_webhook(name: str, told: Message, _: Mail, connections: Connections, now: datetime) -> None:
    import requests

    server = connections.get(name)
    # As bytes: a header of text may hold Latin letters only.
    headers = {str(key): str(value).encode() for key, value in (server.extra.get("headers") or {}).items()}
    if server.password and not server.login:
        headers["Authorization"] = f"Bearer {server.password}".encode()
    body: Mapping[str, Any] = {
        "text": f"{told.subject}\n\n{told.text}",
        "subject": told.subject,
        "id": told.message_id,
        "sent_at": now.isoformat(),
        "alerts": list(told.entries),
    }
    try:
        answer = requests.post(
            _url(server),
            json=body,
            headers=headers,
            auth=(server.login, server.password or "") if server.login else None,
            timeout=_TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        # Its text has the address, which may hold a token.
        raise UndeliveredError(f"the webhook '{name}': {type(error).__name__}") from error
    if not 200 <= answer.status_code < 300:
        raise UndeliveredError(f"the webhook '{name}' answered {answer.status_code}")


def _url(server: Connection) -> str:
    host = server.host or ""
    if "://" not in host:
        host = f"{server.schema or 'https'}://{host}" + (f":{server.port}" if server.port else "")
    path = str(server.extra.get("path") or "")
    return host + (f"/{path.lstrip('/')}" if path else "")


_CHANNELS: Mapping[str, Callable[..., None]] = {"mail": _by_mail, "webhook": _to_webhook}
