"""Section I: what a chairman reads in half a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kho.report import vietnamese
from kho.report.compose import cells
from kho.report.compose.broken import worst_agencies, worst_rules
from kho.report.compose.outline import Outline
from kho.report.document import (
    Figures,
    Line,
    Paragraph,
    Table,
    bold,
    paragraph,
)
from kho.report.periods import DAILY

if TYPE_CHECKING:
    from kho.report.quality_report import Report
    from kho.report.score_tables import ScoreTables

_NIGHT = {True: "Kết quả trong đêm", False: "Kết quả của đêm cuối kỳ"}
_NAMED = 3
"""How many agencies and rules are called to act."""


def summary(report: Report) -> Outline:
    """Section I."""
    part = Outline("Tóm tắt")
    part.head("Kết luận", *_conclusion(report))
    part.head(_NIGHT[report.period.kind == DAILY], *_outcome(report), _period(report))
    part.head("Việc cần làm ngay", *_actions(report))
    return part


def _outcome(report: Report) -> tuple[Figures | Paragraph, ...]:
    number, nights = vietnamese.number, report.nights
    sizes = {name: len(report.with_outcome(name)) for name in ("loaded", "unchanged", "blocked", "failed")}
    not_run = len(report.with_outcome("not_run"))
    if not_run == len(nights):
        return (paragraph(f"Đêm {vietnamese.day(report.as_of)} chưa có bộ dữ liệu nào được xử lý."),)
    figures = Figures(
        (
            (f"{sizes['loaded']}/{len(nights)}", "bộ dữ liệu đã nạp"),
            (number(sizes["unchanged"]), "không có dữ liệu mới"),
            (number(sizes["blocked"]), "bị chặn do chất lượng"),
            (number(sizes["failed"]), "lỗi, chưa nạp"),
            (number(not_run), "chưa chạy"),
        )
    )
    counts, kept = report.counts, sizes["blocked"] + sizes["failed"]
    share = f" ({vietnamese.share(counts.accepted, counts.fetched)})" if counts.fetched else ""
    standing = (
        f" Số liệu đã nạp trước đây của {kept} bộ dữ liệu bị chặn hoặc lỗi được giữ nguyên." if kept else ""
    )
    words = paragraph(
        "Lấy về ", bold(number(counts.fetched)), " bản ghi; chấp nhận và nạp vào cơ sở dữ liệu ",
        bold(number(counts.accepted)), f" bản ghi{share}; giữ lại chờ cơ quan sửa ",
        bold(number(counts.quarantined)), f" bản ghi; loại bỏ {number(counts.duplicates)} bản ghi trùng hoàn "
        f"toàn.{standing}",
    )  # fmt: skip
    return figures, words


def _period(report: Report) -> Paragraph | None:
    """All nights of a month or quarter together."""
    found, number = report.period_counts, vietnamese.number
    if report.period.kind == DAILY:
        return None
    return paragraph(
        f"{vietnamese.sentence_case(report.period.within)} (đến hết đêm {vietnamese.day(report.as_of)}): "
        f"{number(found.nights)} đêm, {number(found.batches)} lượt nạp, lấy về {number(found.fetched)} bản "
        f"ghi, chấp nhận {number(found.accepted)}, giữ lại {number(found.quarantined)}, loại trùng "
        f"{number(found.duplicates)}."
    )


def _conclusion(report: Report) -> tuple[Paragraph, ...]:
    """What improved and what fell; what waits; who must do what by when."""
    asked = [item for item in report.violations.backlog if item.agency_code][:_NAMED]
    called = "; ".join(
        f"{item.agency}: sửa {vietnamese.number(item.records)} bản ghi"
        + (f", {vietnamese.number(item.overdue)} đã quá hạn" if item.overdue else "")
        + f", hạn {vietnamese.day(item.due_on)}"
        for item in asked
    )
    must = (paragraph(bold("Phải làm ngay: "), f"{called}."),) if called else ()
    return (*_principles(report), _open_rows(report), *must)


def _open_rows(report: Report) -> Paragraph:
    number, found, faults = vietnamese.number, report.violations, len(report.platform_incidents)
    platform = f" Có {faults} sự cố thuộc nền tảng, không tính vào điểm của cơ quan." if faults else ""
    mended = report.movement.mended
    since = f" Từ báo cáo trước, {number(mended)} bản ghi đã được sửa tại nguồn." if mended else ""
    return paragraph(
        "Tính đến hết đêm, còn ", bold(number(found.open_rows)), " bản ghi chờ sửa tại nguồn, trong đó ",
        bold(number(found.overdue_rows)), f" bản ghi đã quá hạn.{since}{platform}",
    )  # fmt: skip


def _principles(report: Report) -> tuple[Paragraph, ...]:
    scores = report.scores
    if scores.overall.score is None:
        return (paragraph("Chưa có căn cứ để chấm điểm."),)
    return (paragraph(*_overall(report), *_moves(scores)),)


def _overall(report: Report) -> Line:
    overall = report.scores.overall
    if overall.score is None:
        return ()
    band = "".join(run.text for run in cells.verdict(overall))
    against = ""
    if overall.change is not None and report.previous:
        moved = f"{vietnamese.change(overall.change)} điểm" if overall.change else "không đổi"
        against = f" ({moved} so với {report.before_words})"
    return paragraph(
        "Điểm chung ", bold(vietnamese.decimal(overall.score)), " – ", bold(band), f"{against}."
    ).line


def _moves(scores: ScoreTables) -> Line:
    words = ""
    if scores.rose_most:
        words += f" Tăng nhiều nhất: {scores.rose_most[0]} ({vietnamese.change(scores.rose_most[1].change)})."
    if scores.fell_most:
        words += f" Giảm nhiều nhất: {scores.fell_most[0]} ({vietnamese.change(scores.fell_most[1].change)})."
    return paragraph(words).line


def _actions(report: Report) -> tuple[Paragraph | Table | None, ...]:
    agencies, rules = worst_agencies(report, _NAMED), worst_rules(report, _NAMED)
    if agencies is None and rules is None and not report.incidents:
        return (paragraph("Không có bản ghi nào chờ sửa."),)
    today = vietnamese.day(report.as_of)
    incidents = []
    for item in report.incidents:
        who = "Đơn vị vận hành nền tảng" if item.is_platform else report.names.owner(item.dataset)
        what = f"{item.title[:1].lower()}{item.title[1:]}"
        incidents.append(
            paragraph(
                f"{who}: xử lý sự cố của bộ dữ liệu “{report.names.dataset(item.dataset)}” ({what}) trong "
                f"ngày {today}."
            )
        )
    return agencies, rules, *incidents
