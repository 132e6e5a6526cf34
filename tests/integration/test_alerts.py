"""Alerts: one message per cause, to the right people, at the right hour, once; and one more when it is over."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from kho import pipeline
from kho.alerts import step
from kho.alerts.channels import UndeliveredError
from kho.alerts.config import config_path, load_alert_config
from kho.alerts.outside import standing_failure, tell_failure
from kho.alerts.step import Sent, send_alerts
from kho.cli import alerts as cli
from kho.connections import Connection
from kho.contracts import dataset_names
from kho.errors import ConfigurationError, ConnectionMissing, SourceUnavailable
from kho.pipeline import Context
from kho.server.warehouse import open_warehouse
from kho.settings import Settings, get_settings
from tests.integration.authority import new_authority
from tests.integration.embedded import EMPTY, copy_database
from tests.integration.mail_server import LOGIN, PASSWORD, Mailbox, mail_server

DESK, STATISTICS_DESK, STATISTICS = "truc@tinh.example", "thongke@tinh.example", "000.00.33.H48"
SECRET = "mã-bí-mật-của-webhook"
PERSON = "Nguyễn Thị Bí Mật"


def at(hour: str, day: int = 20) -> datetime:
    """A local time in November 2026."""
    return datetime.fromisoformat(f"2026-11-{day:02d}T{hour}").replace(tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


@dataclass
class World:
    """A warehouse, a project whose `alerts.yaml` a test writes, and a mail server."""

    context: Context
    box: Mailbox
    known: dict[str, Connection] = field(default_factory=dict)

    def get(self, name: str) -> Connection:
        if name not in self.known:
            raise ConnectionMissing(f"there is no connection '{name}'")
        return self.known[name]

    def configure(self, **changes: Any) -> None:
        path = config_path(self.context.settings)
        found = {
            "board_url": "https://kho.tinh.example/quality",
            "mail": {"connection": "smtp", "sender": "kho@tinh.example"},
            "quiet_hours": {"begin": "21:00", "end": "06:30"},
            "remind_after_days": 3,
            "old_after_days": 92,
            "night_over_by": "05:00",
            "urgent": ["night_unfinished", "outside"],
            "operators": {"mail": [DESK]},
            "owners": {STATISTICS: {"mail": [STATISTICS_DESK]}},
        }
        path.write_text(json.dumps(found | changes, indent=1), encoding="utf-8")

    def send(self, now: datetime, **more: Any) -> Sent:
        return send_alerts(self.context.engine, self.context.settings, self, now, **more)

    def run(self, statement: str, **about: Any) -> None:
        with self.context.engine.begin() as db:
            db.execute(sa.text(statement), about)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.context.engine.connect() as db:
            return [tuple(row) for row in db.execute(sa.text(query))]

    def night(self, day: int, **outcomes: str) -> None:
        """All datasets of a night, and its star: loaded, unless it says which fault made it fail."""
        for dataset in dataset_names():
            fault = outcomes.get(dataset)
            self.run(
                "INSERT INTO meta.night (as_of, dataset, outcome, fault, message) VALUES "
                "(:day, :dataset, :outcome, :fault, :message)",
                day=at("00:00", day).date(), dataset=dataset, fault=fault,
                outcome="failed" if fault else "loaded", message=f"hỏng ở {PERSON}" if fault else None,
            )  # fmt: skip
        self.run(
            "INSERT INTO dq.invariant_result (as_of, invariant, purpose, broken, relations, samples, seconds, "
            "checked_at) VALUES (:day, 'grain_is_unique', '', 0, '{}', '[]', 0, :at)",
            day=at("00:00", day).date(), at=at("02:00", day),
        )  # fmt: skip

    def told(self) -> list[tuple[str, str, str]]:
        """Recipient, subject and text of what came since the last time."""
        came = [(mail["To"], mail["Subject"], mail.get_content()) for mail in self.box.mails]
        self.box.mails.clear()
        return came


@pytest.fixture
def world(empty_warehouse: tuple, tmp_path: Path) -> Iterator[World]:
    _, server, engine = empty_warehouse
    name = f"alerts_{uuid4().hex[:8]}"
    engine.dispose()
    copy_database(server, EMPTY, name)
    root = tmp_path / "project"
    (root / "include").mkdir(parents=True)
    settings = Settings(
        home=tmp_path / "home", warehouse_url=server.url(name).render_as_string(hide_password=False)
    )
    own = replace(settings, project_root=root)
    none: Any = None
    with mail_server() as box:
        found = World(Context(open_warehouse(settings), none, own), box, {"smtp": box.connection()})
        found.configure()
        found.run(
            "INSERT INTO dw.dim_agency (agency_code, name_vi) VALUES (:code, 'Thống kê')", code=STATISTICS
        )
        yield found
        found.context.engine.dispose()


def test_one_message_tells_one_cause_to_whom_it_concerns(world: World) -> None:
    world.night(19)
    down = dict.fromkeys(("agencies", "procedures", "enterprises"), "gateway_down")
    world.night(
        20, **down, population="contract_breach", students_schools="own_fault", land_parcels="own_fault"
    )
    world.send(at("08:00"))
    (desk, subject, text), (owner, owners_subject, owners_text) = sorted(
        world.told(), key=lambda one: one[0] != DESK
    )
    assert (desk, owner) == (DESK, STATISTICS_DESK)
    assert subject == "[Kho dữ liệu] 2 việc cần biết"
    assert "CẦN BIẾT: Cổng kết nối “lgsp” không phục vụ" in text
    assert "3 bộ dữ liệu không lấy được qua kết nối “lgsp” từ đêm 20/11/2026" in text
    assert "Hệ thống này nạp hỏng 2 bộ dữ liệu" in text
    assert owners_subject == "[Kho dữ liệu] Cần biết: Nguồn của “Dân số cấp xã” không đúng thỏa thuận"
    for part in ("Chuyện gì: ", "Nghĩa là: ", "Việc cần làm: "):
        assert part in owners_text
    assert "Xem: https://kho.tinh.example/quality/datasets/population" in owners_text
    assert PERSON not in text + owners_text
    assert world.send(at("08:15")).messages == ()
    world.night(21, **down, students_schools="own_fault")
    assert [one[0] for one in world.send(at("09:00", 21)).messages] == [f"mail:{STATISTICS_DESK}"]
    ((_, subject, text),) = world.told()
    assert subject == "[Kho dữ liệu] Đã xong: Nguồn của “Dân số cấp xã” không đúng thỏa thuận"
    assert "Việc báo lúc 08:00 ngày 20/11/2026 không còn nữa." in text
    world.night(22)
    world.send(at("09:00", 22))
    ((who, subject, _),) = world.told()
    assert (who, subject) == (DESK, "[Kho dữ liệu] 2 việc đã xong")
    assert world.send(at("10:00", 22)) == Sent()


def test_what_is_not_urgent_waits_for_the_morning(world: World) -> None:
    world.night(20, population="data_defect", students_schools="own_fault")
    assert world.send(at("22:00")).messages == ()
    # Nobody hears of what is over before anybody was told.
    world.run("UPDATE meta.night SET outcome = 'loaded', fault = NULL WHERE dataset = 'students_schools'")
    assert world.send(at("23:00")).messages == ()
    # The night of the 21st does not come.
    assert world.send(at("04:45", 21)).messages == ()
    world.send(at("05:15", 21))
    ((who, subject, text),) = world.told()
    assert (who, subject) == (DESK, "[Kho dữ liệu] Cần biết: Đêm nạp dữ liệu 21/11/2026 chưa xong")
    assert f"còn {len(dataset_names())} bộ dữ liệu" in text
    world.send(at("06:31", 21))
    assert [who for who, *_ in world.told()] == [STATISTICS_DESK]
    world.night(21)
    world.send(at("06:45", 21))
    assert sorted(who for who, *_ in world.told()) == [STATISTICS_DESK, DESK]
    assert world.rows("SELECT count(*) FROM meta.alert_notice WHERE withdrawn_at IS NOT NULL") == [(1,)]


def test_before_its_first_night_nothing_is_late(world: World) -> None:
    assert world.send(at("08:00")) == Sent()
    world.night(19)
    world.night(20)
    world.run("DELETE FROM meta.night WHERE dataset = 'population'")
    assert world.send(at("08:00")) == Sent()
    world.run("DELETE FROM dq.invariant_result WHERE as_of = '2026-11-20'")
    ((_, message),) = world.send(at("08:15")).messages
    assert "đã có kết quả, nhưng kho dữ liệu chưa được dựng lại" in message.text


def test_what_has_not_changed_is_told_again_after_days(world: World) -> None:
    world.night(20, population="data_defect")
    counts = []
    for day in (20, 21, 22, 23, 24):
        if day > 20:
            world.night(day, population="data_defect")
        counts.append(len(world.send(at("08:00", day)).messages))
    assert counts == [1, 0, 0, 1, 0]
    assert "[Kho dữ liệu] Vẫn còn: Dữ liệu của “Dân số cấp xã” không dùng được" in [
        one[1] for one in world.told()
    ]


def test_a_run_that_dies_after_handing_over_repeats_one_message_and_loses_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.night(20, population="data_defect", students_schools="own_fault")

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(step, "note_sent", die)
        with pytest.raises(KeyboardInterrupt):
            world.send(at("08:00"))
    world.send(at("08:15"))
    ids = [(mail["To"], mail["Message-ID"]) for mail in world.box.mails]
    assert len(ids) == 3
    assert len(set(ids)) == 2


def test_a_mail_that_did_not_get_through_is_tried_again_and_holds_nobody_up(world: World) -> None:
    with hook() as (asked, port):
        world.known["ops"] = Connection(
            "ops", "http", "127.0.0.1", port, password=SECRET, schema="http", extra={"path": "/kho"}
        )
        world.configure(operators={"mail": [DESK], "webhooks": ["ops", "nowhere"]})
        world.night(20, students_schools="own_fault")
        world.box.answer = "451 4.3.0 try later"
        asked.status = 500
        sent = world.send(at("08:00"))
        assert sent.failed == (
            "the mail server: SMTPDataError",
            "the webhook 'ops' answered 500",
            "there is no connection 'nowhere'",
        )
        assert SECRET not in repr(sent)
        world.box.answer = "250 OK"
        asked.status = 204
        # The next try waits a little, and the run says that it still waits.
        assert len(world.send(at("08:01")).failed) == 3
        assert len(world.send(at("08:15")).messages) == 2
        told = asked.bodies[-1]
        assert told["alerts"][0]["title"] == "Hệ thống này nạp hỏng 1 bộ dữ liệu"
        assert told["alerts"][0]["event"] == "opened"
        assert told["text"].startswith("[Kho dữ liệu] Cần biết")
        assert asked.headers[-1]["Authorization"].encode("latin-1").decode() == f"Bearer {SECRET}"
        assert asked.paths[-1] == "/kho"
        assert len(asked.bodies) == 2
        assert len(world.told()) == 1


def test_the_step_fails_while_something_has_not_got_through(world: World) -> None:
    world.configure(quiet_hours={"begin": "00:00", "end": "00:00"})
    context = replace(world.context, connections=world)
    world.night(20, students_schools="own_fault")
    world.box.answer = "550 5.7.1 no"
    with pytest.raises(SourceUnavailable, match="SMTPDataError"):
        pipeline.send_alerts(context)


def test_a_mail_server_may_want_encryption_and_a_login(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = new_authority(tmp_path, "tinh")
    world.night(20, students_schools="own_fault")
    with mail_server(authority.issue("smtp")) as box:
        world.known["smtp"] = box.connection(login=LOGIN, password=PASSWORD, extra={"disable_tls": False})
        assert "SSLCertVerificationError" in world.send(at("08:00")).failed[0]
        monkeypatch.setenv("SSL_CERT_FILE", authority.ca)
        assert len(world.send(at("09:00")).messages) == len(box.mails) == box.logins == 1


def test_every_kind_of_cause_is_found_and_worded(world: World) -> None:
    world.night(19)
    world.night(20, population="source_late", agencies="authentication", health_records="data_defect")
    world.run(_EVERYTHING, person=PERSON, agency=STATISTICS)
    sent = world.send(at("08:00"))
    kinds = [kind for (kind,) in world.rows("SELECT kind FROM meta.alert ORDER BY alert_id")]
    assert set(kinds) == {
        "dataset_failed", "gate_waiting", "schema_changed", "submission_missing", "anomaly_open", "case_expired",
        "unbalanced", "invariant_broken",
    }  # fmt: skip
    texts = "\n".join(message.text for _, message in sent.messages)
    for said in (
        "12 trong 40 bản ghi của lô đêm 20/11/2026 không đạt",
        "Phát hiện 2 thay đổi cột từ đêm 18/11/2026",
        "CẦN BIẾT: Chưa nộp “Dân số cấp xã” kỳ 10/2026",
        "1 đơn vị chưa nộp",
        "2 bản ghi không đạt đã quá hạn sửa, cũ nhất từ ngày 01/11/2026",
        "1 giá trị khác thường từ đêm 19/11/2026",
        "nhận 40 bản ghi, nạp 39 bản ghi",
        "Đêm 20/11/2026 có 1 quy tắc toàn vẹn bị vi phạm",
        "Kết nối “lgsp” bị từ chối đăng nhập",
        "/quality/batches/land_parcels-waits",
        "/quality/cases?dataset=population&status=expired",
        "/quality/submissions?dataset=population&state=not_reported",
    ):
        assert said in texts
    assert "{" not in texts
    assert PERSON not in texts
    assert "051085001234" not in texts
    # A period of long ago is nobody's news; what was told stays until it has come.
    assert "2026-M01" not in str(world.rows("SELECT cause_key FROM meta.alert"))
    later = world.send(at("08:00", 30) + timedelta(days=120))
    assert not [
        one for _, message in later.messages for one in message.entries if "kỳ 10/2026" in one["title"]
    ]
    world.run(
        "UPDATE dq.submission SET first_submitted_at = '2026-11-04', row_count = 1 WHERE period_code = '2026-M10'"
    )
    latest = world.send(at("09:00", 30) + timedelta(days=120))
    assert [
        one["state"]
        for _, message in latest.messages
        for one in message.entries
        if "kỳ 10/2026" in one["title"]
    ]


def test_who_is_added_hears_of_all_that_stands_and_who_is_removed_of_nothing(world: World) -> None:
    world.night(20, population="data_defect", students_schools="own_fault")
    world.configure(operators={}, owners={})
    assert world.send(at("08:00")).messages == ()
    assert "nobody is named" in shown(world)
    world.configure()
    assert len(world.send(at("08:15")).messages) == 2
    world.configure(operators={"mail": ["moi@tinh.example"]}, owners={})
    world.night(21)
    assert world.send(at("08:00", 21)).messages == ()


def test_a_dry_run_changes_nothing(world: World) -> None:
    world.night(20, students_schools="own_fault")
    assert [who for who, _ in world.send(at("08:00"), dry_run=True).messages] == [f"mail:{DESK}"]
    assert world.rows("SELECT count(*) FROM meta.alert") == [(0,)]
    assert not world.box.mails


def test_two_at_once_send_once(world: World) -> None:
    world.night(20, students_schools="own_fault")
    with world.context.engine.connect() as other:
        assert other.exec_driver_sql("SELECT pg_try_advisory_lock(7310120)").scalar_one()
        assert world.send(at("08:00")).busy
        other.invalidate()
    assert len(world.send(at("08:00")).messages) == 1


def test_a_failure_outside_the_warehouse_is_told_once_at_any_hour(world: World) -> None:
    nowhere = replace(world.context.settings, warehouse_url="postgresql+psycopg2://nobody@127.0.0.1:1/none")
    for minute, dataset in enumerate(("population", "agencies", "procedures")):
        tell_failure(f"{dataset}.finish", "OperationalError", nowhere, world, at(f"01:{minute:02d}"))
    ((who, subject, text),) = world.told()
    assert (who, subject) == (DESK, "[Kho dữ liệu] Cần biết: Hệ thống hỏng và không ghi lại được vào kho")
    assert "Tác vụ population.finish hỏng (OperationalError)" in text
    assert standing_failure(nowhere).count == 3
    assert "population.finish (OperationalError), 3 times" in shown(world)
    world.night(19)
    world.night(20)
    assert world.send(at("03:00")) == Sent()
    world.send(at("06:45"))
    ((_, subject, _),) = world.told()
    assert subject == "[Kho dữ liệu] Đã xong: Hệ thống hỏng và không ghi lại được vào kho"
    assert standing_failure(nowhere) is None


def test_a_failure_that_nobody_could_be_told_is_tried_with_the_next(world: World) -> None:
    settings = world.context.settings
    world.box.answer = "550 5.7.1 no"
    with pytest.raises(UndeliveredError):
        tell_failure("star.build_star", "OperationalError", settings, world, at("01:30"))
    world.box.answer = "250 OK"
    tell_failure("star.build_star", "OperationalError", settings, world, at("01:31"))
    assert len(world.told()) == 1


@pytest.mark.parametrize(
    ("wrong", "said", "line"),
    [
        ({"urgnt": []}, "urgnt", 1),
        ({"quiet_hours": {"begin": "25:00", "end": "06:30"}}, "quiet_hours.begin", 8),
        ({"operators": {"mail": ["nobody"]}}, "operators.mail.0", 1),
        ({"owners": {"H48": {}}}, "no contract names 'H48'", 1),
        ({"urgent": ["fire"]}, "urgent.0", 1),
    ],
)
def test_a_wrong_key_is_named_with_file_and_line(
    world: World, wrong: dict[str, Any], said: str, line: int
) -> None:
    world.configure(**wrong)
    with pytest.raises(ConfigurationError, match=said) as raised:
        world.send(at("08:00"))
    assert str(raised.value.where).startswith("include/alerts.yaml:")
    assert int(str(raised.value.where).rpartition(":")[2]) >= line


def test_the_shipped_configuration_is_right() -> None:
    config = load_alert_config(config_path(get_settings()), [])
    assert config.operators.all() == ()


def shown(world: World) -> str:
    """What `kho alerts list` says."""
    with pytest.MonkeyPatch.context() as patched:
        settings = replace(world.context.settings, project_root=get_settings().project_root)
        patched.setattr(cli, "get_settings", lambda: settings)
        said = CliRunner().invoke(cli.app, ["list"])
    assert said.exit_code == 0, said.output
    return said.output


@dataclass
class _Asked:
    status: int = 204
    bodies: list[Any] = field(default_factory=list)
    headers: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def hook() -> Iterator[tuple[_Asked, int]]:
    """A web server that keeps what is posted."""
    asked = _Asked()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            asked.headers.append(self.headers)
            asked.paths.append(self.path)
            self.send_response(asked.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield asked, server.server_port
        server.shutdown()


_EVERYTHING = """
INSERT INTO meta.batch (batch_id, dataset, as_of, status, content_sha256, contract_version, fetched, raw_path)
VALUES ('land_parcels-waits', 'land_parcels', '2026-11-20', 'blocked', '', '1', 40, ''),
    ('population-x', 'population', '2026-11-19', 'loaded', '', '1', 40, '');
INSERT INTO dq.gate (batch_id, dataset, as_of, content_sha256, contract_version, suite_sha256, score, reasons,
    fetched, rejected, examples, fingerprint)
VALUES ('land_parcels-waits', 'land_parcels', '2026-11-20', '', '1', '', 70, ARRAY['too many'], 40, 12,
    jsonb_build_array(cast(:person AS text)), 'f');
INSERT INTO meta.schema_change (dataset, kind, column_name, detail, policy, stops, first_seen_on, last_seen_on)
VALUES ('population', 'added', 'so_cccd', :person, 'freeze', true, '2026-11-18', '2026-11-20'),
    ('population', 'missing', 'ky', '', 'freeze', true, '2026-11-19', '2026-11-20');
INSERT INTO dq.quarantine (dataset, business_key, batch_id, failed_rules, raw, raw_md5, agency_code,
    first_seen_on, due_on, expired_on, last_seen_batch_id)
SELECT 'population', '051085001234-' || n, 'population-x', ARRAY['r'], jsonb_build_object('ten', cast(:person AS text)),
    md5(n::text), :agency, date '2026-11-01', date '2026-11-08', CASE WHEN n < 3 THEN date '2026-11-09' END,
    'population-x'
FROM generate_series(1, 3) AS n;
INSERT INTO dq.reconciliation (dataset, batch_id, declared, fetched, duplicates, quarantined, accepted, loaded)
VALUES ('population', 'population-x', 40, 40, 0, 0, 40, 39);
INSERT INTO dq.anomaly (dataset, agency_code, metric, as_of, batch_id, kind, season, value, center, low, high, evidence)
VALUES ('population', '', 'rows', '2026-11-19', 'population-x', 'volume', '', 1, 2, 2, 3, '{}');
INSERT INTO dq.invariant_result (as_of, invariant, purpose, broken, relations, samples, seconds)
VALUES ('2026-11-20', 'keys_resolve', '', 3, '{}', jsonb_build_array(cast(:person AS text)), 0);
INSERT INTO dq.submission (dataset, agency_code, period_code, due_on)
VALUES ('population', :agency, '2026-M10', '2026-11-05'), ('population', :agency, '2026-M01', '2026-02-05')
"""
