"""Section I: what a chairman reads in half a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kho.report import vietnamese
from kho.report.bands import GREEN
from kho.report.compose.broken import worst_agencies, worst_rules
from kho.report.compose.outline import Outline
from kho.report.compose.overdue_words import missing_words
from kho.report.compose.scoring import agency_bands
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
    """The index, what moved and what waits; then a line for each thing that is not as it must be."""
    told = (paragraph(bold(f"{label}: "), f"{words}.") for label, words in _failures(report) if words)
    return (_index(report), _open_rows(report), *told)


def _failures(report: Report) -> tuple[tuple[str, str], ...]:
    """What must not be: a label, and the numbers; no words where all is as it must be."""
    number, late, agreements = vietnamese.number, report.overdue, report.measured.agreements
    keys = "; ".join(
        f"{key.title} {vietnamese.decimal(key.score)} điểm (sai {number(key.failed)}/{number(key.evaluated)})"
        for key in report.measured.master_keys
        if not key.met
    )
    differ, compared = sum(pair.differ for pair in agreements), sum(pair.compared for pair in agreements)
    files, dossiers = len(report.refused_files), late.dossier_count
    return (
        ("Mã định danh phải đạt 100 điểm nhưng chưa đạt", keys),
        (
            "Cùng một số liệu nhưng hai nguồn khác nhau",
            f"{number(differ)}/{number(compared)} cặp đã so" if differ else "",
        ),
        ("Báo cáo định kỳ", missing_words(report)),
        ("Tệp chưa đọc được", f"{number(files)} tệp" if files else ""),
        ("Hồ sơ dịch vụ công quá ngày hẹn trả kết quả", f"{number(dossiers)} hồ sơ" if dossiers else ""),
    )


def _open_rows(report: Report) -> Paragraph:
    number, found, faults = vietnamese.number, report.violations, len(report.platform_incidents)
    platform = f" Có {faults} sự cố thuộc nền tảng, không tính vào điểm của cơ quan." if faults else ""
    moved = report.movement
    moves = (
        f"{number(moved.mended)} bản ghi đã được sửa tại nguồn" if moved.mended else "",
        f"{number(moved.unsent)} bản ghi nguồn không còn gửi" if moved.unsent else "",
    )
    since = f" Từ báo cáo trước, {', '.join(filter(None, moves))}." if any(moves) else ""
    overdue = found.overdue_rows
    late = (", trong đó ", bold(number(overdue)), " bản ghi đã quá hạn") if overdue else ()
    return paragraph(
        "Tính đến hết đêm, còn ", bold(number(found.open_rows)), " bản ghi chờ sửa tại nguồn", *late,
        f".{since}{platform}",
    )  # fmt: skip


def _index(report: Report) -> Paragraph:
    """The one number that all are ranked by, and who is lowest."""
    found = report.measured
    index, agencies = found.province, found.agencies
    if index is None:
        return paragraph("Chưa có căn cứ để chấm điểm.")
    against, night = "", ""
    if found.indexed_on and found.indexed_on < report.as_of:
        night = f" của đêm {vietnamese.day(found.indexed_on)}"
        against = f" (đêm {vietnamese.day(report.as_of)} chưa tính được chỉ số)"
    elif found.reweighted:
        against = f" (không so với {report.before_words} vì bộ trọng số đã thay đổi)"
    elif index.change is not None:
        moved = f"{vietnamese.change(index.change)} điểm" if index.change else "không đổi"
        against = f" ({moved} so với {report.before_words})"
    lowest = "; ".join(
        f"{report.names.short[item.agency_code]} ({vietnamese.decimal(item.score)})"
        for item in agencies[:_NAMED]
        if item.band != GREEN
    )
    whose = f" Theo chỉ số: {agency_bands(report)}" + (f"; thấp nhất là {lowest}." if lowest else ".")
    return paragraph(
        f"Chỉ số chất lượng dữ liệu toàn tỉnh{night}: ", bold(vietnamese.decimal(index.score)), " điểm – ",
        bold(f"{index.band.sign} {index.band.word}"), f"{against}, độ phủ căn cứ "
        f"{vietnamese.decimal(index.coverage)}%.",
        whose if agencies else "",
        *_moves(report.scores),
    )  # fmt: skip


def _moves(scores: ScoreTables) -> Line:
    return paragraph(
        *(
            f" Nguyên tắc {word} điểm nhiều nhất: {moved[0]} ({vietnamese.change(moved[1].change)})."
            for word, moved in (("tăng", scores.rose_most), ("giảm", scores.fell_most))
            if moved
        )
    ).line


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
