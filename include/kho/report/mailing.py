"""Sending an approved report: the whole of it to some, to each agency its own extract.

In: a report in force, `include/report.yaml`, the mail server's connection. Out: mails, and a row of
`dq.report_mail` for each.

The row is committed before a mail is handed over and changed after. So no mail is sent twice by itself: one
that was cut off in between stays 'sending', for nobody can know whether the server took it; a person looks
and asks for it again. One that surely failed is tried again by the next run. Every try of a mail carries the
same Message-ID, by which a mail system knows a repetition.
"""

from __future__ import annotations

import hashlib
import smtplib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kho.errors import ConfigurationError, FatalError
from kho.report.config import Mail, config_path, load_report_config
from kho.report.extracts import extract_for
from kho.report.mend_lists import write_mend_lists
from kho.report.register import Registered, archived_files, read_registered
from kho.report.vietnamese import clip, day, technical
from kho.smtp import Unreachable, set_subject, smtp_session
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.connections import Connection, Connections
    from kho.settings import Settings

_TYPES = {
    ".docx": ("application", "vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ".xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ".pdf": ("application", "pdf"),
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to be sent; `agency_code` is empty for the whole report. `attach` makes its files."""

    recipient: str
    agency_code: str
    attach: Callable[[], tuple[tuple[str, bytes], ...]]


@dataclass(frozen=True, slots=True)
class Sending:
    """How a run went: sent now, sent before, failed, cut off earlier and left alone, nothing to say to."""

    sent: int = 0
    before: int = 0
    failed: int = 0
    cut_off: int = 0
    silent: int = 0


def send_report(
    engine: sa.Engine, report_id: int, settings: Settings, connections: Connections, *, again: bool = False
) -> Sending:
    """Send a report in force to everyone whom the configuration names; who has it already gets nothing.

    Args:
        again: send those too that were cut off earlier, after somebody has looked.

    Raises:
        FatalError: the report is not in force, or its archive is not what was approved.
        ConfigurationError: there is no connection to the mail server.
    """
    mail = load_report_config(config_path(settings)).mail
    found = read_registered(engine, report_id)
    if found.state != "approved":
        raise FatalError(f"report {report_id} is not in force: {found.state}", next_step="kho report list")
    archived = archived_files(found, settings)
    letters, silent = _letters(engine, found, archived, mail, settings)
    counts = {"sent": 0, "before": 0, "failed": 0, "cut_off": 0}
    if letters:
        server = connections.get(mail.connection)
        for letter in letters:
            counts[_send(engine, found, letter, mail, server, again=again)] += 1
    return Sending(**counts, silent=silent)


def list_mail(engine: sa.Engine, report_id: int) -> list[sa.Row[Any]]:
    """The mails of a report and how they stand."""
    with engine.connect() as db:
        return list(run_file(db, "report_life/list_mail.sql", report_id=report_id))


def _letters(
    engine: sa.Engine, found: Registered, archived: dict[str, Path], mail: Mail, settings: Settings
) -> tuple[list[Letter], int]:
    def whole() -> tuple[tuple[str, bytes], ...]:
        return tuple((archived[kind].name, archived[kind].read_bytes()) for kind in ("docx", "pdf", "xlsx"))

    letters, silent = [Letter(recipient, "", whole) for recipient in mail.whole], 0
    for code, recipients in sorted(mail.agencies.items()):
        extract = extract_for(found.document, code)
        if extract is None:
            silent += len(recipients)
            continue

        def own(code: str = code) -> tuple[tuple[str, bytes], ...]:
            return _agency_files(engine, found, code, settings)

        letters += [Letter(recipient, code, own) for recipient in recipients]
    return letters, silent


def _agency_files(
    engine: sa.Engine, found: Registered, code: str, settings: Settings
) -> tuple[tuple[str, bytes], ...]:
    """The agency's extract, and its list to mend as of the report's night."""
    from kho.report.formats.xlsx import render_xlsx

    extract = extract_for(found.document, code)
    if extract is None:
        raise ConfigurationError(f"the report says nothing about agency {code}")
    files = [(f"trich-bao-cao-so-{found.number}-{found.year}.xlsx", render_xlsx(extract))]
    with tempfile.TemporaryDirectory() as folder:
        lists = write_mend_lists(engine, found.as_of, settings, agency=code, folder=Path(folder))
        files += [(f"can-sua-{found.as_of:%Y-%m-%d}.xlsx", item.path.read_bytes()) for item in lists]
    return tuple(files)


def _send(
    engine: sa.Engine, found: Registered, letter: Letter, mail: Mail, server: Connection, *, again: bool
) -> str:
    """Hand one mail over; returns what became of it."""
    what = {
        "report_id": found.report_id,
        "recipient": letter.recipient,
        "agency_code": letter.agency_code,
    }
    message_id = _message_id(found, letter)
    with engine.begin() as db:
        opened = run_file(
            db, "report_life/open_mail.sql", **what, message_id=message_id, again=again
        ).one_or_none()
        if opened is None:
            rows = run_file(db, "report_life/list_mail.sql", report_id=found.report_id)
            states = {(row.recipient, row.agency_code): row.state for row in rows}
            return "before" if states[letter.recipient, letter.agency_code] == "sent" else "cut_off"
    state, error = "failed", "the mail could not be made"
    try:
        message = _message(found, letter, mail, server)
        with smtp_session(server) as session:
            session.send_message(message)
        state, error = "sent", ""
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as refused:
        state, error = "failed", technical(f"{type(refused).__name__}: {refused}")
    except Unreachable as unreachable:
        state, error = "failed", technical(str(unreachable))
    # A connection that breaks later leaves the row at 'sending': the server may have the mail.
    except (smtplib.SMTPServerDisconnected, OSError):
        state = "cut_off"
    finally:
        if state != "cut_off":
            with engine.begin() as db:
                run_file(db, "report_life/close_mail.sql", **what, state=state, error=error or None)
    return state


def _message(found: Registered, letter: Letter, mail: Mail, server: Connection) -> EmailMessage:
    head, title = found.document.letterhead, found.document.title
    number = f"{found.number}/{head.number_symbol}"
    message = EmailMessage()
    set_subject(message, clip(f"{title} (số {number})", 180))
    message["From"] = str(server.extra.get("from_email") or mail.sender)
    message["To"] = letter.recipient
    message["Date"] = format_datetime(found.decided_at or datetime.now(UTC))
    message["Message-ID"] = _message_id(found, letter)
    message["Auto-Submitted"] = "auto-generated"
    attached = "báo cáo" if not letter.agency_code else "phần trích của báo cáo và danh sách bản ghi cần sửa"
    message.set_content(
        f"Kính gửi Quý cơ quan,\n\n{head.issuer} gửi {attached} “{title}”, số {number}, số liệu đến hết đêm "
        f"{day(found.as_of)} (xem tệp kèm theo).\n\nĐề nghị sửa tại hệ thống nguồn trước hạn nêu trong danh "
        f"sách.\n\n{head.issuer}\n"
    )
    for name, content in letter.attach():
        kind, subtype = _TYPES[Path(name).suffix]
        message.add_attachment(content, maintype=kind, subtype=subtype, filename=name)
    return message


def _message_id(found: Registered, letter: Letter) -> str:
    """The same for every try of the same mail."""
    whose = hashlib.sha256(f"{letter.recipient} {letter.agency_code}".encode()).hexdigest()[:16]
    return f"<report-{found.report_id}-{found.data_sha256[:16]}.{whose}@kho>"
