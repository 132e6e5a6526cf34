"""The life of a report: drafted, decided on, numbered without a gap, kept, revised, sent once to the right people."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from kho.cli import report as cli
from kho.connections import Connection
from kho.errors import ConfigurationError, FatalError, SourceUnavailable
from kho.pipeline import Context, decide_report, send_report, show_draft, waiting_draft
from kho.report import mailing, register
from kho.report.compose import compose
from kho.report.files import write_report_files
from kho.report.mend_lists import copy_classifications
from kho.report.quality_report import read_report
from kho.report.stored import as_text, from_text
from kho.server.warehouse import open_warehouse
from kho.settings import Settings
from tests.integration.authority import new_authority
from tests.integration.embedded import EMPTY, copy_database
from tests.integration.mail_server import LOGIN, PASSWORD, Mailbox, mail_server
from tests.integration.report_reading import docx_lines, pdf_pages
from tests.integration.report_warehouse import (
    DOSSIERS,
    FINANCE,
    HEALTH,
    NIGHT,
    add_waiting,
    fill_two_nights,
)

SIGNED = date(2026, 12, 1)
HEALTH_DESK, FINANCE_DESK, CHAIR = "yte@tinh.example", "taichinh@tinh.example", "lanhdao@tinh.example"


class _Connections:
    def __init__(self, server: Connection) -> None:
        self._server = server

    def get(self, name: str) -> Connection:
        assert name == self._server.name
        return self._server


@pytest.fixture
def context(empty_warehouse: tuple, tmp_path: Path) -> Iterator[Context]:
    """A warehouse with two nights, rows of two agencies to mend, and a project of its own that says who gets mail."""
    _, server, engine = empty_warehouse
    name = f"life_{uuid4().hex[:8]}"
    engine.dispose()
    copy_database(server, EMPTY, name)
    settings = Settings(
        home=tmp_path / "home", warehouse_url=server.url(name).render_as_string(hide_password=False)
    )
    own = replace(settings, project_root=_project(tmp_path, settings))
    filled = open_warehouse(settings)
    with filled.begin() as db:
        fill_two_nights(db)
        add_waiting(db, DOSSIERS, NIGHT, "code_format", FINANCE, 4, seen=NIGHT)
    yield Context(filled, _Connections(Connection("nothing")), own)
    filled.dispose()


def _project(folder: Path, settings: Settings) -> Path:
    root = folder / "project"
    root.mkdir()
    for path in settings.project_root.iterdir():
        if path.name in ("sql", "expectations"):
            (root / path.name).symlink_to(path)
    (root / "include").mkdir()
    for path in (settings.project_root / "include").iterdir():
        if path.name != "report.yaml":
            (root / "include" / path.name).symlink_to(path)
    text = (settings.project_root / "include" / "report.yaml").read_text(encoding="utf-8")
    whole = text.replace("  whole: []\n", f"  whole: [{CHAIR}]\n")
    agencies = f'  agencies: {{"{HEALTH}": [{HEALTH_DESK}], "{FINANCE}": [{FINANCE_DESK}]}}\n'
    (root / "include" / "report.yaml").write_text(
        whole.replace("  agencies: {}\n", agencies), encoding="utf-8"
    )
    return root


def drafted(context: Context, kind: Any = "daily") -> int:
    found = write_report_files(context.engine, NIGHT, context.settings, kind).draft
    assert found is not None
    return found


def approve(context: Context, report_id: int, **more: Any) -> register.Registered:
    said = {"by": "chánh văn phòng", "reason": "đã rà soát", "via": "command line", "on": SIGNED} | more
    decide_report(report_id, "approved", context, **said)
    return register.read_registered(context.engine, report_id)


# Drafting and deciding.


@pytest.mark.parametrize("kind", ["daily", "monthly"])
def test_a_document_is_read_again_as_it_was_kept(context: Context, kind: Any) -> None:
    document = compose(read_report(context.engine, NIGHT, context.settings, kind))
    assert from_text(as_text(document)) == document


def test_a_draft_is_numbered_dated_and_kept_when_it_is_approved(context: Context) -> None:
    report_id = drafted(context)
    assert drafted(context) == report_id == waiting_draft(NIGHT, context)
    seen = show_draft(report_id, context)
    assert seen["subject"] == "Chờ duyệt: Báo cáo chất lượng dữ liệu 20/11/2026"
    assert "bản ghi chờ sửa tại nguồn" in seen["body"]
    found = approve(context, report_id, fingerprint=seen["fingerprint"])
    assert (found.state, found.number, found.year) == ("approved", "01", 2026)
    paths = register.archived_files(found, context.settings)
    assert "Số: 01/BC-SKHCN" in docx_lines(paths["docx"].read_bytes())
    first = pdf_pages(paths["pdf"].read_bytes())[0]
    assert "Số: 01/BC-SKHCN" in first
    assert "Quảng Ngãi, ngày 01 tháng 12 năm 2026" in first
    assert write_report_files(context.engine, NIGHT, context.settings).draft is None
    paths["pdf"].write_bytes(b"changed by hand")
    with pytest.raises(FatalError, match="not what was approved"):
        register.archived_files(found, context.settings)
    assert set(register.restore_files(found, context.settings)) == {"html", "docx", "pdf", "xlsx"}


def test_what_was_not_seen_is_not_decided_on(context: Context) -> None:
    report_id = drafted(context)
    seen = show_draft(report_id, context)["fingerprint"]
    with context.engine.begin() as db:
        add_waiting(db, DOSSIERS, NIGHT, "code_format", HEALTH, 1, seen=NIGHT - timedelta(days=1))
    assert drafted(context) == report_id
    with pytest.raises(FatalError, match="has changed since it was shown"):
        approve(context, report_id, fingerprint=seen)
    with pytest.raises(ConfigurationError, match="needs a reason"):
        approve(context, report_id, reason=" ")
    approve(context, report_id)
    with pytest.raises(FatalError, match="is no draft: approved by chánh văn phòng"):
        approve(context, report_id)


def test_a_rejected_draft_takes_no_number_and_is_not_asked_about_again(context: Context) -> None:
    said = {"by": "a", "reason": "sai kỳ", "via": "airflow", "on": SIGNED}
    report_id = drafted(context)
    decide_report(report_id, "timed_out", context, **said)
    assert register.read_registered(context.engine, report_id).state == "draft"
    decide_report(report_id, "rejected", context, **said)
    assert write_report_files(context.engine, NIGHT, context.settings).draft is None
    assert approve(context, drafted(context, "monthly")).number == "01"


def test_numbers_have_no_gap_when_two_approve_and_one_dies(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [drafted(context, kind) for kind in ("daily", "monthly", "quarterly")]

    def dies(*_: Any) -> dict[str, str]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(register, "files_sha256", dies)
        with pytest.raises(KeyboardInterrupt):
            approve(context, ids[0])
    assert register.read_registered(context.engine, ids[0]).state == "draft"
    threads = [threading.Thread(target=approve, args=(context, one)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [register.read_registered(context.engine, one) for one in ids]
    assert sorted(one.number for one in found) == ["01", "02", "03"]
    for one in found:
        register.archived_files(one, context.settings)


def test_a_revision_is_a_new_number_with_what_it_changes(context: Context) -> None:
    old = approve(context, drafted(context))
    with context.engine.begin() as db:
        db.execute(sa.text("UPDATE dq.rule SET remedy_vi = 'Cấp mã mới' WHERE rule_id = 'code_format'"))
    new = approve(context, drafted(context))
    before = register.read_registered(context.engine, old.report_id)
    assert (before.state, before.files) == ("superseded", old.files)
    assert (new.number, new.revises) == ("02", "01/2026")
    text = " ".join(
        "".join(pdf_pages(register.archived_files(new, context.settings)["pdf"].read_bytes())).split()
    )
    assert "THAY ĐỔI SO VỚI BÁO CÁO SỐ 01/BC-SKHCN" in text
    assert "Cấp lại mã" in text[text.index("THAY ĐỔI SO VỚI") :]
    register.archived_files(before, context.settings)


def test_the_command_line_writes_shows_and_decides(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kho.cli.report.get_settings", lambda: context.settings)

    def kho(*arguments: str) -> str:
        result = CliRunner().invoke(cli.app, arguments)
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    page = kho("--date", NIGHT.isoformat(), "--kind", "monthly")
    assert Path(page).is_file()
    assert "1 monthly 2026-11-20 draft" in kho("list")
    assert "Chờ duyệt" not in kho("show", "1")
    assert "report 1 approved as number 01/" in kho("approve", "1", "--by", "a", "--reason", "đã rà soát")
    shown = kho("show", "1")
    assert "approved by a: đã rà soát" in shown
    assert "bao-cao-so-01-" in shown
    assert "monthly 2026-11-20 approved 01/" in kho("list", "--state", "approved")


# Sending.


@pytest.fixture
def mailbox(context: Context) -> Iterator[Mailbox]:
    with mail_server() as box:
        _reach(context, box.connection())
        with context.engine.begin() as db:
            copy_classifications(db)
        yield box


def _reach(context: Context, server: Connection) -> None:
    object.__setattr__(context, "connections", _Connections(server))


def test_each_agency_gets_its_own_extract_and_nobody_elses(context: Context, mailbox: Mailbox) -> None:
    report_id = drafted(context)
    with pytest.raises(FatalError, match="is not in force"):
        send_report(report_id, context)
    approve(context, report_id)
    sent = send_report(report_id, context)
    assert sent.counts["sent"] == 3
    got = {mail["To"]: mail for mail in mailbox.mails}
    assert set(got) == {CHAIR, HEALTH_DESK, FINANCE_DESK}
    health, finance = _attached(got[HEALTH_DESK]), _attached(got[FINANCE_DESK])
    assert set(health) == {"trich-bao-cao-so-01-2026.xlsx", "can-sua-2026-11-20.xlsx"}
    for name, own, other in (
        (HEALTH_DESK, "Sở Y tế", "Sở Tài chính"),
        (FINANCE_DESK, "Sở Tài chính", "Sở Y tế"),
    ):
        words = "".join(_words(content) for content in _attached(got[name]).values())
        assert own in words
        assert other not in words
        assert other not in got[name].get_body().get_content()
    assert _records(health["can-sua-2026-11-20.xlsx"]) == 310
    assert _records(finance["can-sua-2026-11-20.xlsx"]) == 4
    assert {name[-4:] for name in _attached(got[CHAIR])} == {"docx", ".pdf", "xlsx"}
    assert "01/BC-SKHCN" in got[CHAIR]["Subject"]


def test_a_mail_is_not_sent_twice(context: Context, mailbox: Mailbox) -> None:
    report_id = approve(context, drafted(context)).report_id
    mailbox.breaks = True
    with pytest.raises(FatalError, match="were cut off"):
        send_report(report_id, context)
    taken = {mail["To"]: mail["Message-ID"] for mail in mailbox.mails}
    mailbox.breaks = False
    with pytest.raises(FatalError, match="were cut off"):
        send_report(report_id, context)
    assert len(mailbox.mails) == len(taken) == 3
    assert send_report(report_id, context, again=True).counts["sent"] == 3
    assert {mail["To"]: mail["Message-ID"] for mail in mailbox.mails[3:]} == taken
    assert send_report(report_id, context).counts["before"] == 3
    assert len(mailbox.mails) == 6


def test_a_mail_that_was_refused_is_tried_again(context: Context, mailbox: Mailbox) -> None:
    report_id = approve(context, drafted(context)).report_id
    mailbox.answer = "451 4.3.0 try later"
    with pytest.raises(SourceUnavailable, match="failed 3"):
        send_report(report_id, context)
    assert {row.state for row in mailing.list_mail(context.engine, report_id)} == {"failed"}
    mailbox.answer = "250 OK"
    assert send_report(report_id, context).counts["sent"] == 3


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "smtps"])
def test_a_mail_server_may_want_encryption_and_a_login(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, implicit: bool
) -> None:
    report_id = approve(context, drafted(context)).report_id
    with context.engine.begin() as db:
        copy_classifications(db)
    authority = new_authority(tmp_path, "tinh")
    own = {"disable_tls": implicit, "disable_ssl": not implicit}
    with mail_server(authority.issue("smtp"), implicit=implicit) as box:
        _reach(context, box.connection(login=LOGIN, password=PASSWORD, extra=own))
        with pytest.raises(SourceUnavailable, match="failed 3"):
            send_report(report_id, context)
        monkeypatch.setenv("SSL_CERT_FILE", authority.ca)
        _reach(context, box.connection(login=LOGIN, password="wrong", extra=own))
        with pytest.raises(SourceUnavailable, match="failed 3"):
            send_report(report_id, context)
        errors = {row.error for row in mailing.list_mail(context.engine, report_id)}
        assert "SMTPAuthenticationError" in errors.pop()
        assert not box.mails
        _reach(context, box.connection(login=LOGIN, password=PASSWORD, extra=own))
        assert send_report(report_id, context).counts["sent"] == 3
        assert len(box.mails) == box.logins == 3


def _attached(mail: EmailMessage) -> dict[str, bytes]:
    return {str(part.get_filename()): part.get_payload(decode=True) for part in mail.iter_attachments()}


def _cells(content: bytes) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [row for sheet in book for row in sheet.iter_rows(values_only=True)]


def _words(content: bytes) -> str:
    return " ".join(str(value) for row in _cells(content) for value in row if value is not None)


def _records(content: bytes) -> int:
    return sum(isinstance(row[0], int) for row in _cells(content))
