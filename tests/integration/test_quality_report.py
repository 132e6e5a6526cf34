"""The secretariat's report and the scoreboard: what they say is what `dq` and `meta` hold.

Two small datasets, a dozen rows of results: every number is known beforehand.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from rich.console import Console

from kho.board.scores import read_agencies
from kho.report import write_quality_report
from kho.report.bands import GREEN, RED
from kho.report.compose import compose
from kho.report.compose.scoring import agency_scores
from kho.report.document import Paragraph, Section
from kho.report.measured import AgreementLine, IndexLine
from kho.report.names import read_names
from kho.report.overdue import OverdueDossiers
from kho.report.quality_report import read_report
from kho.report.refused_files import RefusedFile
from kho.report.vietnamese import decimal
from kho.score import render_scoreboard, scoreboard
from kho.server.postgres import Server
from kho.server.warehouse import open_warehouse
from kho.settings import Settings
from tests.integration.embedded import EMPTY, copy_database, temporary_home, throwaway_server
from tests.integration.report_warehouse import (
    BEFORE,
    DOSSIERS,
    FINANCE,
    HEALTH,
    HOSTILE,
    NIGHT,
    VOUCHERS,
    add_load,
    add_night,
    add_result,
    add_score,
    add_waiting,
    batch_of,
    fill_two_nights,
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with temporary_home() as settings:
        yield throwaway_server(settings)


@pytest.fixture
def settings(server: Server, tmp_path: Path) -> Settings:
    name = f"report_{uuid4().hex[:12]}"
    copy_database(server, EMPTY, name)
    return Settings(home=tmp_path, warehouse_url=server.url(name).render_as_string(hide_password=False))


@pytest.fixture
def empty(settings: Settings) -> Iterator[sa.Engine]:
    engine = open_warehouse(settings)
    yield engine
    engine.dispose()


@pytest.fixture
def filled(empty: sa.Engine) -> sa.Engine:
    """Two nights of two datasets; the finance agency's database is down in the second."""
    with empty.begin() as db:
        fill_two_nights(db)
    return empty


# What it says.


def test_every_count_is_that_of_the_warehouse(filled: sa.Engine, settings: Settings) -> None:
    report = read_report(filled, NIGHT, settings)
    equation = _one(
        filled, "SELECT * FROM dq.reconciliation WHERE dataset = :d AND fetched = 2345", d=DOSSIERS
    )
    counts = report.counts
    assert (counts.fetched, counts.accepted, counts.quarantined, counts.duplicates, counts.loaded) == (
        equation.fetched,
        equation.accepted,
        equation.quarantined,
        equation.duplicates,
        equation.loaded,
    )
    page = _text(write_quality_report(filled, NIGHT, settings))
    for number in ("2.345", "2.000", "300", "45"):
        assert number in page
    assert "Lấy về 2.345 bản ghi; chấp nhận và nạp vào cơ sở dữ liệu 2.000 bản ghi (85,28%)" in page
    assert "còn 312 bản ghi chờ sửa tại nguồn, trong đó 10 bản ghi đã quá hạn" in page
    assert _one(filled, "SELECT count(*) AS n FROM dq.quarantine WHERE status = 'open'").n == 312


def test_every_score_is_that_of_the_warehouse(filled: sa.Engine, settings: Settings) -> None:
    report = read_report(filled, NIGHT, settings)
    scores = {
        (row.dataset, row.principle): (row.score, row.evaluated, row.rules)
        for row in _all(
            filled,
            "SELECT dataset, principle, sum(evaluated) AS evaluated, max(rules) AS rules, "
            "floor(10000.0 * (sum(evaluated) - sum(failed)) / sum(evaluated)) / 100 AS score FROM dq.score "
            "WHERE as_of = :n AND dataset = :d OR as_of = :b AND dataset = :v GROUP BY dataset, principle",
            n=NIGHT,
            b=BEFORE,
            d=DOSSIERS,
            v=VOUCHERS,
        )
    }
    shown = {}
    for dataset, row in zip((VOUCHERS, DOSSIERS), report.scores.datasets, strict=True):
        for (principle, _, _), cell in zip(report.scores.principles, row.cells, strict=True):
            if cell:
                shown[dataset, principle] = (cell.score, cell.tally.evaluated, len(cell.tally.rules))
    assert shown == scores
    assert shown[DOSSIERS, "correct"] == (Decimal("87.20"), 2_345, 1)


def test_an_unscored_dataset_keeps_its_last_score_and_says_its_date(
    filled: sa.Engine, settings: Settings
) -> None:
    vouchers, dossiers = read_report(filled, NIGHT, settings).scores.datasets
    assert (vouchers.scored_on, dossiers.scored_on) == (BEFORE, NIGHT)
    assert "Điểm ngày 19/11/2026" in _text(write_quality_report(filled, NIGHT, settings))


def test_a_change_is_against_the_night_that_last_had_scores(filled: sa.Engine, settings: Settings) -> None:
    report = read_report(filled, NIGHT, settings)
    health = next(row for row in report.scores.agencies if row.title == "Sở Y tế")
    correct = health.cells[0]
    assert correct is not None
    assert (correct.score, correct.change) == (Decimal("75.00"), Decimal("-24.00"))
    assert report.previous == BEFORE
    assert "−24,00" in _text(write_quality_report(filled, NIGHT, settings))


def test_nights_with_far_more_or_fewer_checks_are_not_compared(filled: sa.Engine, settings: Settings) -> None:
    """After a first load a night of a few rows says nothing of a change; a dash does, explained once."""
    report = read_report(filled, NIGHT, settings)
    dossiers = report.scores.datasets[1]
    correct = dossiers.cells[0]
    assert correct is not None
    assert (correct.tally.evaluated, correct.change, correct.comparable) == (2_345, None, False)
    assert report.scores.fell_most is None
    page = _text(write_quality_report(filled, NIGHT, settings))
    assert "87,20 ▲ – 2.345/1" in page
    assert page.count("dưới 0,8 lần hoặc trên 1,25 lần") == 1
    assert "Giảm nhiều nhất" not in page


def test_an_agencys_open_and_overdue_cases_stand_beside_its_scores(
    filled: sa.Engine, settings: Settings
) -> None:
    document = compose(read_report(filled, NIGHT, settings))
    (annex,) = (
        table for part in document.annexes for table in part.tables if table.name == "scores_by_agency"
    )
    at = [column.title for column in annex.columns].index("Vụ việc đang mở (quá hạn)")
    shown = {row.cells[0].text.split(" Điểm")[0]: row.cells[at] for row in annex.rows}
    assert {name: (cell.text, cell.band) for name, cell in shown.items()} == {
        "Sở Y tế": ("310 (10)", "red"),
        "Sở Tài chính": ("0", ""),
        "Cộng 2 cơ quan": ("310 (10)", "red"),
        "Nền tảng": ("–", ""),
    }
    page = _text(write_quality_report(filled, NIGHT, settings))
    assert "310 (10)" in page
    assert (
        "Vụ việc đang mở là bản ghi chờ sửa tại nguồn tính đến hết đêm; trong ngoặc là số đã quá hạn" in page
    )


def test_the_summary_and_the_agencies_have_one_ranking(filled: sa.Engine, settings: Settings) -> None:
    report = read_report(filled, NIGHT, settings)
    province = report.measured.province
    assert province is not None
    health, finance = report.measured.agencies
    assert (health.agency_code, finance.agency_code) == (HEALTH, FINANCE)
    assert health.score < finance.score
    summary, scores = compose(report).sections[:2]
    first = "".join(run.text for run in summary.blocks[1].line)  # type: ignore[union-attr]
    assert first.startswith(f"Chỉ số chất lượng dữ liệu toàn tỉnh: {decimal(province.score)} điểm – ")
    assert f"thấp nhất là Sở Y tế ({decimal(health.score)})." in first
    assert "Điểm chung" not in first
    (agencies,) = (table for table in scores.tables if table.name == "scores_by_agency")
    assert [row.agency for row in agencies.rows[:2]] == [HEALTH, FINANCE]
    assert [column.title for column in agencies.columns[:2]] == ["Cơ quan", "Chỉ số"]
    assert agencies.rows[0].cells[1].value == health.score
    assert "league" not in {table.name for table in scores.tables}


def test_the_board_ranks_agencies_as_the_report_does(filled: sa.Engine, settings: Settings) -> None:
    swap = "UPDATE dq.quality_index SET score = 40 WHERE as_of = :n AND agency_code = :a AND level = 'agency'"
    with filled.connect() as db:
        names = read_names(db, settings.contracts_dir)
    for lowest, next_one in ((HEALTH, FINANCE), (FINANCE, HEALTH)):
        if lowest == FINANCE:  # whose checks, each weighing the same, still pass more often
            with filled.begin() as db:
                db.execute(sa.text(swap), {"n": NIGHT, "a": FINANCE})
        table = agency_scores(read_report(filled, NIGHT, settings))
        board = read_agencies(filled, NIGHT, names, settings)
        assert [row.agency for row in table.rows[:2]] == [lowest, next_one]
        assert [row.agency_code for row in board.ranked] == [lowest, next_one]
        assert table.rows[0].cells[1].value == board.index[lowest][-1].score


def test_an_index_changes_only_between_nights_with_about_as_many_checks(
    filled: sa.Engine, settings: Settings
) -> None:
    health, finance = read_report(filled, NIGHT, settings).measured.agencies
    with filled.connect() as db:
        before = db.scalar(
            sa.text(
                "SELECT score FROM dq.quality_index WHERE as_of = :n AND level = 'agency' AND agency_code = :a"
            ),
            {"n": BEFORE, "a": FINANCE},
        )
    assert before is not None
    # Health was asked of 1,000 rows and then of 2,400, finance of 40 and then of 1,140.
    assert (health.change, health.comparable) == (None, False)
    assert (finance.change, finance.comparable) == (None, False)
    with filled.begin() as db:
        db.execute(
            sa.text("UPDATE dq.quality_index SET evaluated = 1000, score = 90 WHERE as_of = :n"),
            {"n": BEFORE},
        )
        db.execute(
            sa.text("UPDATE dq.quality_index SET evaluated = 1100, score = 89 WHERE as_of = :n"), {"n": NIGHT}
        )
    report = read_report(filled, NIGHT, settings)
    assert {item.change for item in report.measured.agencies} == {Decimal(-1)}
    page = _text(write_quality_report(filled, NIGHT, settings))
    assert "89,00 điểm – ▲ Cần cải thiện (−1,00 điểm so với đêm 19/11/2026)" in page


def test_an_index_is_compared_with_the_named_night_alone_and_by_the_same_weights(
    filled: sa.Engine, settings: Settings
) -> None:
    def said() -> tuple[str, set[Decimal | None], str]:
        report = read_report(filled, NIGHT, settings)
        document = compose(report)
        (first,) = (line for line in _lines(document.sections[0]) if line.startswith("Chỉ số chất lượng"))
        (words,) = (line for line in _lines(document.sections[1]) if "Chỉ số của toàn tỉnh là " in line)
        return (
            first,
            {item.change for item in report.measured.agencies},
            words.split("Chỉ số của toàn tỉnh")[0],
        )

    with filled.begin() as db:
        db.exec_driver_sql("UPDATE dq.quality_index SET evaluated = 1000, score = 90")
    first, changes, _ = said()
    assert "90,00 điểm – ● Đạt (không đổi so với đêm 19/11/2026), độ phủ" in first
    assert changes == {Decimal(0)}
    with filled.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO dq.weighting (valid_from, sha256, source_vi, content) "
            "SELECT valid_from, 'y', source_vi, content FROM dq.weighting"
        )
        db.execute(
            sa.text(
                "UPDATE dq.quality_index SET weighting_id = (SELECT weighting_id FROM dq.weighting "
                "WHERE sha256 = 'y') WHERE as_of = :n"
            ),
            {"n": BEFORE},
        )
    first, changes, night = said()
    assert "● Đạt (không so với đêm 19/11/2026 vì bộ trọng số đã thay đổi), độ phủ" in first
    assert (changes, night) == ({None}, "")
    # The night before was scored, but its index is missing: that of the night before it is another's.
    with filled.begin() as db:
        db.exec_driver_sql(
            "UPDATE dq.quality_index SET weighting_id = (SELECT min(weighting_id) FROM dq.weighting)"
        )
        db.execute(sa.text("UPDATE dq.quality_index SET as_of = as_of - 1 WHERE as_of = :n"), {"n": BEFORE})
    first, changes, night = said()
    assert "● Đạt, độ phủ" in first
    assert (changes, night) == ({None}, "")
    # And tonight's.
    with filled.begin() as db:
        db.execute(sa.text("DELETE FROM dq.quality_index WHERE as_of = :n"), {"n": NIGHT})
        db.execute(sa.text("UPDATE dq.quality_index SET as_of = :n"), {"n": BEFORE})
    first, changes, night = said()
    assert first.startswith("Chỉ số chất lượng dữ liệu toàn tỉnh của đêm 19/11/2026: 90,00 điểm – ")
    assert "● Đạt (đêm 20/11/2026 chưa tính được chỉ số), độ phủ" in first
    assert changes == {None}
    assert night == (
        "Đêm 20/11/2026 chưa tính được chỉ số; chỉ số và điểm của mã định danh dưới đây là của đêm 19/11/2026. "
    )


def test_the_summary_says_what_must_not_be_and_only_that(filled: sa.Engine, settings: Settings) -> None:
    report = read_report(filled, NIGHT, settings)
    labels = (
        "Mã định danh phải đạt 100 điểm nhưng chưa đạt: Số định danh cá nhân 98,47 điểm (sai 3/197).",
        "Cùng một số liệu nhưng hai nguồn khác nhau: 270/4.115 cặp đã so.",
        "Báo cáo định kỳ: 1 kỳ chưa nộp.",
        "Tệp chưa đọc được: 1 tệp.",
        "Hồ sơ dịch vụ công quá ngày hẹn trả kết quả: 1.002 hồ sơ.",
    )
    wrong = IndexLine("Số định danh cá nhân", Decimal("98.47"), GREEN, Decimal(100), 197, 3, met=False)
    right = IndexLine("Mã số thuế", Decimal(100), GREEN, Decimal(100), 137, 0)
    pairs = (AgreementLine("a", "", 4_000, 270), AgreementLine("b", "", 115, 0))
    file = RefusedFile(DOSSIERS, "Sở Y tế", "a.xlsx", "", "Sai mẫu", "Gửi lại", BEFORE, NIGHT)
    late = OverdueDossiers("Sở Y tế", 1_002, BEFORE, HEALTH)
    bad = replace(
        report,
        measured=replace(report.measured, master_keys=(wrong, right), agreements=pairs),
        overdue=replace(report.overdue, dossiers=(late,)),
        refused_files=(file,),
    )
    said = _lines(compose(bad).sections[0])
    assert [line for line in said if line in labels] == list(labels)
    (keys,) = (table for table in compose(bad).sections[1].tables if table.name == "master_keys")
    assert [(row.cells[-1].text, row.cells[-1].band) for row in keys.rows] == [
        ("■ Chưa đạt", "red"),
        ("● Đạt", "green"),
    ]
    good = replace(
        bad,
        measured=replace(bad.measured, master_keys=(right,), agreements=pairs[1:]),
        overdue=replace(bad.overdue, dossiers=(), reports=()),
        refused_files=(),
        violations=replace(bad.violations, backlog=()),
    )
    said = _lines(compose(good).sections[0])
    assert not [line for line in said if line.split(":")[0] in {label.split(":")[0] for label in labels}]
    assert not [line for line in said if "quá hạn" in line]


def test_no_evidence_is_no_score(filled: sa.Engine, settings: Settings) -> None:
    report = read_report(filled, NIGHT, settings)
    principles = {principle: cell for principle, _, cell in report.scores.principles}
    assert principles["shared"] is None
    page = _text(write_quality_report(filled, NIGHT, settings))
    assert "Dùng chung chưa có căn cứ" in page


def test_the_platforms_evidence_is_charged_to_no_agency(filled: sa.Engine, settings: Settings) -> None:
    scores = read_report(filled, NIGHT, settings).scores
    assert {row.title for row in scores.agencies} == {"Sở Y tế", "Sở Tài chính"}
    assert scores.all_agencies is not None
    assert scores.platform is not None
    charged = sum(row.overall.tally.evaluated for row in scores.agencies)
    blank = _one(
        filled,
        "SELECT sum(evaluated) AS n FROM dq.score WHERE agency_code = '' AND "
        "(dataset, as_of) IN (SELECT dataset, max(as_of) FROM dq.score GROUP BY dataset)",
    ).n
    assert (scores.all_agencies.overall.tally.evaluated, scores.platform.overall.tally.evaluated) == (
        charged,
        blank,
    )
    assert scores.overall.tally.evaluated == charged + blank
    connected = [cell for row in scores.agencies for cell in row.cells[6:7]]
    assert connected == [None, None]


def test_a_failure_of_the_platform_blames_no_agency(filled: sa.Engine, settings: Settings) -> None:
    report = read_report(filled, NIGHT, settings)
    assert [(item.dataset, item.is_platform) for item in report.incidents] == [(VOUCHERS, True)]
    assert not report.source_incidents
    page = _text(write_quality_report(filled, NIGHT, settings))
    assert "Trục tích hợp hoặc hệ thống nguồn không trả lời" in page
    assert "no answer after 5 tries" in page
    assert "không tính vào điểm của cơ quan nào" in page


def test_a_rule_says_whose_rows_what_to_do_and_by_when(filled: sa.Engine, settings: Settings) -> None:
    report = read_report(filled, NIGHT, settings)
    (rule,) = report.violations.critical
    assert (rule.title, rule.remedy, rule.records, rule.overdue) == (
        "Mã hồ sơ sai cấu trúc",
        "Cấp lại mã",
        312,
        10,
    )
    assert rule.agencies == (("Sở Y tế", 310), ("không rõ cơ quan", 2))
    assert rule.due_on == date(2026, 11, 13)
    (warning,) = report.violations.warnings
    assert (warning.records, warning.due_on) == (7, date(2026, 12, 7))
    assert [(item.agency, item.records, item.overdue) for item in report.violations.backlog] == [
        ("Sở Y tế", 310, 10),
        ("Chưa xác định được cơ quan", 2, 0),
    ]


def test_rows_of_an_unlisted_agency_are_shown_apart_and_its_code_is_not_repeated(
    filled: sa.Engine, settings: Settings
) -> None:
    with filled.begin() as db:
        add_result(db, DOSSIERS, NIGHT, "name_nfc", "Nguyễn Văn An", 10, 10)
        add_score(db, DOSSIERS, NIGHT)
        add_waiting(db, DOSSIERS, NIGHT, "code_format", "Nguyễn Văn An", 1, seen=NIGHT)
    report = read_report(filled, NIGHT, settings)
    assert report.scores.unknown is not None
    assert report.scores.unknown.overall.score == 0
    assert len(report.scores.agencies) == 2
    page = _text(write_quality_report(filled, NIGHT, settings))
    assert "Mã cơ quan ngoài danh mục" in page
    assert "Nguyễn Văn An" not in page


def test_the_overdue_are_those_whose_day_is_over(filled: sa.Engine, settings: Settings) -> None:
    overdue = read_report(filled, NIGHT, settings).overdue
    assert [(line.agency, line.periods) for line in overdue.reports] == [("Sở Y tế", ("9/2026",))]
    (plan,) = overdue.plans
    assert (len(plan.tasks), plan.is_own) == (1, False)
    page = _text(write_quality_report(filled, NIGHT, settings))
    assert "Ủy ban nhân dân tỉnh Quảng Nam" in page
    assert "Kế hoạch này không phải của tỉnh Quảng Ngãi (mã tỉnh trong kế hoạch: 49)" in page


def test_reports_that_never_came_are_told_from_those_that_could_not_be_used(
    filled: sa.Engine, settings: Settings
) -> None:
    """Each kind by its number, the same in words, in the table by dataset and in the list of agencies."""
    with filled.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO dq.submission (dataset, agency_code, period_code, due_on, unusable_since) VALUES "
                "('indicator_reports', :finance, '2026-M08', '2026-09-03', '2026-09-02'), "
                "('indicator_reports', :finance, '2026-M09', '2026-10-03', '2026-10-02'), "
                "('indicator_reports', :health, '2026-M01', '2026-02-03', NULL), "
                "('indicator_reports', :finance, '2026-M01', '2026-02-03', '2026-02-02')"
            ),
            {"health": HEALTH, "finance": FINANCE},
        )
    report = read_report(filled, NIGHT, settings)
    (line,) = report.measured.submissions
    assert (line.not_reported, line.unusable) == (1, 2)
    assert (report.overdue.not_reported, report.overdue.unusable) == (1, 2)
    assert [(item.agency, item.state, item.periods) for item in report.overdue.reports] == [
        ("Sở Y tế", "not_reported", ("9/2026",)),
        ("Sở Tài chính", "unusable", ("8/2026", "9/2026")),
    ]
    page = _text(write_quality_report(filled, NIGHT, settings))
    assert "1 kỳ chưa nộp, 2 kỳ đã gửi nhưng không dùng được." in page
    assert "2 Sở Tài chính Báo cáo chỉ tiêu kinh tế - xã hội Không dùng được 2 8/2026; 9/2026" in page


def test_a_past_night_is_told_as_it_was(filled: sa.Engine, settings: Settings) -> None:
    with filled.begin() as db:
        add_load(db, DOSSIERS, NIGHT + timedelta(days=1), fetched=5, quarantined=0, duplicates=0)
        db.execute(
            sa.text(
                "UPDATE dq.quarantine SET status = 'resolved', resolved_at = now(), resolved_batch_id = :b"
            ),
            {"b": batch_of(DOSSIERS, NIGHT + timedelta(days=1))},
        )
    assert read_report(filled, NIGHT, settings).violations.open_rows == 312
    assert read_report(filled, NIGHT + timedelta(days=1), settings).violations.open_rows == 0


@pytest.mark.parametrize(
    ("mended", "unsent", "summary", "words"),
    [
        pytest.param(
            2,
            0,
            " Từ báo cáo trước, 2 bản ghi đã được sửa tại nguồn.",
            "2 bản ghi đã được sửa tại nguồn và nạp.",
            id="mended",
        ),
        pytest.param(
            0,
            1,
            " Từ báo cáo trước, 1 bản ghi nguồn không còn gửi.",
            "0 bản ghi đã được sửa tại nguồn và nạp; 1 bản ghi nguồn không còn gửi, không tính là đã sửa.",
            id="gone",
        ),
        pytest.param(
            2,
            1,
            " Từ báo cáo trước, 2 bản ghi đã được sửa tại nguồn, 1 bản ghi nguồn không còn gửi.",
            "2 bản ghi đã được sửa tại nguồn và nạp; 1 bản ghi nguồn không còn gửi, không tính là đã sửa.",
            id="both",
        ),
    ],
)
def test_what_is_no_longer_sent_was_not_mended(
    filled: sa.Engine, settings: Settings, mended: int, unsent: int, summary: str, words: str
) -> None:
    with filled.begin() as db:
        db.execute(
            sa.text(
                "WITH chosen AS (SELECT quarantine_id, row_number() OVER (ORDER BY quarantine_id) AS n "
                "FROM dq.quarantine WHERE agency_code = :a), closed AS (UPDATE dq.quarantine AS q SET "
                "status = 'resolved', resolved_at = now(), resolved_batch_id = :b FROM chosen AS c "
                "WHERE q.quarantine_id = c.quarantine_id AND c.n <= :m + :u) "
                "INSERT INTO dq.case_event (quarantine_id, event, happened_on) "
                "SELECT quarantine_id, 'no_longer_sent', :d FROM chosen WHERE n <= :u"
            ),
            {"a": HEALTH, "b": batch_of(DOSSIERS, NIGHT), "d": NIGHT, "m": mended, "u": unsent},
        )
    report = read_report(filled, NIGHT, settings)
    health = report.movement.agencies[0]
    assert (health.agency_code, health.mended, health.unsent) == (HEALTH, mended, unsent)
    assert health.open == 310 - mended - unsent
    document = compose(report)
    assert any(summary in line for line in _lines(document.sections[0]))
    assert any(line.endswith(f"phải sửa; {words}") for line in _lines(document.sections[4]))


def test_a_night_that_is_run_again_still_counts_as_loaded(filled: sa.Engine, settings: Settings) -> None:
    first = write_quality_report(filled, NIGHT, settings).read_bytes()
    with filled.begin() as db:
        add_night(db, DOSSIERS, NIGHT, "unchanged", batch=batch_of(DOSSIERS, NIGHT))
    assert write_quality_report(filled, NIGHT, settings).read_bytes() == first


# How it says it.


def test_the_same_data_gives_the_same_bytes(filled: sa.Engine, settings: Settings) -> None:
    path = write_quality_report(filled, NIGHT, settings)
    first = path.read_bytes()
    assert path.name == "bao-cao-chat-luong-du-lieu-2026-11-20.html"
    assert write_quality_report(filled, NIGHT, settings).read_bytes() == first
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_the_page_needs_nothing_else_and_is_nfc(filled: sa.Engine, settings: Settings) -> None:
    html = write_quality_report(filled, NIGHT, settings).read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", html)
    assert not re.search(r"""src\s*=\s*"(?!data:)|href\s*=|https?://|@import|url\(""", html)


def test_the_letterhead_is_that_of_an_official_document(filled: sa.Engine, settings: Settings) -> None:
    page = _text(write_quality_report(filled, NIGHT, settings))
    parts = (
        "UBND tỉnh Quảng Ngãi",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Số: /BC-SKHCN",
        "Quảng Ngãi, ngày 20 tháng 11 năm 2026",
        "BÁO CÁO",
        "Kính gửi:",
        "I. Tóm tắt",
        "II. Điểm theo nguyên tắc",
        "III. Quy tắc bị vi phạm nhiều nhất",
        "IV. Đối soát",
        "V. Quá hạn",
        "kính báo cáo./.",
        "Nơi nhận:",
        "- Lưu: VT",
    )
    places = [page.index(part) for part in parts]
    assert places == sorted(places)


def test_another_province_has_another_letterhead(filled: sa.Engine, settings: Settings) -> None:
    report = read_report(filled, NIGHT, replace(settings, province="48"))
    assert report.letterhead.parent == "UBND thành phố Đà Nẵng"
    assert "57-NQ/TW" not in "".join(report.letterhead.legal_bases)


def test_hostile_text_is_shown_and_does_nothing(filled: sa.Engine, settings: Settings) -> None:
    with filled.begin() as db:
        db.execute(sa.text("UPDATE dw.dim_agency SET name_vi = :t, short_name = :t"), {"t": HOSTILE})
        db.execute(sa.text("UPDATE dq.rule SET title_vi = :t, remedy_vi = :t"), {"t": HOSTILE})
        db.execute(sa.text("UPDATE meta.night SET message = :t, next_step = :t"), {"t": HOSTILE})
        db.execute(
            sa.text("UPDATE dw.dim_plan_task SET name_vi = :t, lead_agency_raw = :t, plan_code = :t"),
            {"t": HOSTILE},
        )
        db.execute(sa.text("UPDATE dq.submission SET period_code = left(:t, 200) || due_on"), {"t": HOSTILE})
        add_night(db, HOSTILE[:200], NIGHT, "failed", message=HOSTILE)
    path = write_quality_report(filled, NIGHT, settings)
    html = path.read_text(encoding="utf-8")
    assert "<script" not in html
    assert re.findall('<img[^>]*? src="(.{5})', html) == ["data:"] * html.count("<img")
    assert "&lt;script&gt;" in html
    assert "{{ 7*7 }}" in html
    assert not set("\u202e\u2066") & set(html)
    assert len(html) < 200_000
    assert max(map(len, re.findall("Ặ+", html))) < 500


def test_an_empty_warehouse_gives_a_sensible_page(empty: sa.Engine, settings: Settings) -> None:
    page = _text(write_quality_report(empty, NIGHT, settings))
    assert "Đêm 20/11/2026 chưa có bộ dữ liệu nào được xử lý." in page
    assert "Chưa có căn cứ để chấm điểm." in page
    assert "Chưa có điểm nào" in page
    assert "100,00" not in page
    assert page.count("Chưa chạy") == len(read_report(empty, NIGHT, settings).nights)


# The scoreboard.


def test_the_scoreboard_agrees_with_the_report(filled: sa.Engine, settings: Settings) -> None:
    board = scoreboard(filled, NIGHT)
    report = read_report(filled, NIGHT, settings)
    vouchers, dossiers = board.lines
    assert (vouchers.dataset, vouchers.outcome, vouchers.counts) == (VOUCHERS, "failed", None)
    assert dossiers.counts == report.counts
    assert [line.overall for line in board.lines] == [row.overall for row in report.scores.datasets]
    assert [score.cell for score in dossiers.scores] == list(report.scores.datasets[1].cells)
    assert board.overall == report.scores.overall


def test_bands_can_be_given(filled: sa.Engine) -> None:
    correct = {line.dataset: line.scores[0].band for line in scoreboard(filled, NIGHT).lines}
    assert correct[VOUCHERS] is GREEN
    strict = scoreboard(filled, NIGHT, bands=replace(scoreboard(filled, NIGHT).bands, amber=Decimal(89)))
    assert {line.dataset: line.scores[0].band for line in strict.lines}[DOSSIERS] is RED


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_scoreboard_fits_120_columns(filled: sa.Engine, encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    render_scoreboard(scoreboard(filled, NIGHT), Console(file=stream, width=120))
    stream.flush()
    drawn = raw.getvalue().decode(encoding)
    assert max(map(len, drawn.splitlines())) <= 120
    for shown in ("2,345", "2,000", "300", "87.20", "failed", DOSSIERS):
        assert shown in drawn
    assert ("Thống" if encoding == "utf-8" else "Thong") in drawn


def test_the_scoreboard_of_an_empty_warehouse(empty: sa.Engine) -> None:
    stream = io.StringIO()
    render_scoreboard(scoreboard(empty, NIGHT), Console(file=stream, width=120))
    assert "nothing has run yet" in stream.getvalue()


# Reading the result.


def _lines(section: Section) -> list[str]:
    return ["".join(run.text for run in one.line) for one in section.blocks if isinstance(one, Paragraph)]


def _all(engine: sa.Engine, query: str, **parameters: Any) -> list[Any]:
    with engine.connect() as db:
        return list(db.execute(sa.text(query), parameters))


def _one(engine: sa.Engine, query: str, **parameters: Any) -> Any:
    (row,) = _all(engine, query, **parameters)
    return row


class _TextOf(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag == "style"
        # Marks inside a line do not part words; everything else does.
        if tag not in ("b", "i"):
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def _text(path: Path) -> str:
    """What a reader sees, spaces collapsed."""
    parser = _TextOf()
    parser.feed(path.read_text(encoding="utf-8"))
    return " ".join("".join(parser.parts).split())
