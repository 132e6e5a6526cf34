"""The whole document: letterhead's texts, sections in order, closing, annexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kho.report import vietnamese
from kho.report.compose import overdue_words, reconciling, scoring
from kho.report.compose.broken import broken, critical, warnings
from kho.report.compose.outline import roman
from kho.report.compose.progressing import indicators, progress
from kho.report.compose.summary import summary
from kho.report.config import harmless_letterhead
from kho.report.document import Block, Document, Section, line, note
from kho.report.identity import data_sha256
from kho.report.periods import DAILY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kho.report.quality_report import Report


def compose(report: Report, number: str = "") -> Document:
    """The document that tells `report`; `number` is what was given on approval."""
    head, period = harmless_letterhead(report.letterhead), report.period
    outlines = [
        summary(report),
        scoring.scores(report),
        broken(report),
        reconciling.reconciliation(report),
        overdue_words.overdue(report),
    ]
    if period.kind != DAILY:
        outlines.append(progress(report, report.lines.indicators))
    return Document(
        kind=period.kind,
        as_of=report.as_of,
        number=number,
        place=report.place,
        dated=vietnamese.letter_date(report.as_of),
        letterhead=head,
        title=f"Báo cáo chất lượng dữ liệu {period.short}",
        subject=(
            f"Chất lượng dữ liệu kinh tế - xã hội {report.province}",
            f"({period.long})",
        ),
        opening=line(
            f"{head.issuer} báo cáo chất lượng dữ liệu đã thu nhận, kiểm tra cho Cơ sở dữ liệu tổng thể kinh "
            f"tế - xã hội {report.province} {period.within}, như sau:"
        ),
        sections=tuple(outline.section(at) for at, outline in enumerate(outlines, start=1)),
        closing=line(
            f"Trên đây là báo cáo chất lượng dữ liệu {period.within.removeprefix('trong ')}, {head.issuer} "
            "kính báo cáo./."
        ),
        annexes=_annexes(report),
        data_sha256=data_sha256(report),
    )


def _annexes(report: Report) -> tuple[Section, ...]:
    """The lists in full; one without lines is left out, and the others close up."""
    found: tuple[tuple[str, Iterable[Block | None]], ...] = (
        ("Chỉ số và điểm của các cơ quan theo tám nguyên tắc", (scoring.agency_scores(report),)),
        ("Lỗi phải sửa", (critical(report) if report.violations.critical else None,)),
        ("Cảnh báo", (warnings(report) if report.violations.warnings else None,)),
        (
            "Bản ghi chờ sửa của các cơ quan",
            (overdue_words.backlog(report) if report.violations.backlog else None,),
        ),
        ("Bản ghi phát hiện mới và đã sửa", (overdue_words.movement(report),)),
        ("Kỳ báo cáo chưa nộp hoặc không dùng được", (overdue_words.missing(report),)),
        ("Hồ sơ dịch vụ công quá hạn trả kết quả", (overdue_words.dossiers(report),)),
        *(
            (f"Nhiệm vụ quá thời hạn: {plan.title}", (overdue_words.tasks(plan),))
            for plan in report.overdue.plans
        ),
        *((f"Tiến độ mục tiêu: {plan.title}", (indicators(plan),)) for plan in report.progress),
        ("Tệp chưa đọc được", (reconciling.refused(report) if report.refused_files else None,)),
        ("Giá trị được sửa tay", (reconciling.corrections(report) if report.corrections else None,)),
    )
    annexes: list[Section] = []
    told = note(f"(Kèm theo Báo cáo chất lượng dữ liệu {report.period.short})")
    for title, blocks in found:
        kept = tuple(block for block in blocks if block is not None)
        if kept and any(getattr(block, "rows", ()) for block in kept):
            annexes.append(Section(roman(len(annexes) + 1), title, (told, *kept)))
    return tuple(annexes)
