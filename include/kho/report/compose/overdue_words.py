"""Section V: what is past its day, and what agencies have mended since the last report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kho.report import vietnamese
from kho.report.compose import cells
from kho.report.compose.outline import Outline
from kho.report.document import CENTRE, RIGHT, Column, Paragraph, Row, Table, cell, paragraph

if TYPE_CHECKING:
    from kho.report.movement import AgencyMovement, Movement
    from kho.report.overdue import OverduePlan
    from kho.report.quality_report import Report

_SUBMISSIONS = (
    ("Phải nộp", "asked", 17),
    ("Đúng hạn", "in_time", 17),
    ("Muộn", "late", 17),
    ("Chưa nộp", "not_reported", 17),
    ("Không dùng được", "unusable", 21),
    ("Chưa rõ", "unknown", 15),
    ("Miễn", "exempt", 15),
    ("Toàn số 0", "only_zeros", 17),
)


_STATES = {"not_reported": "Chưa nộp", "unusable": "Không dùng được"}


def overdue(report: Report) -> Outline:
    """Section V."""
    part = Outline("Quá hạn")
    limit, late = report.lines.agencies, report.overdue
    if any(item.overdue for item in report.violations.backlog):
        part.head("Bản ghi chờ sửa đã quá hạn", backlog(report, limit, only_overdue=True))
    else:
        part.head("Bản ghi chờ sửa đã quá hạn", paragraph("Không có bản ghi nào quá hạn sửa."))
    moved = movement(report, limit)
    if moved is not None:
        part.head("Bản ghi đã sửa từ báo cáo trước", _movement_words(report), moved)
    submitted = submissions(report)
    told = paragraph(
        f"Các kỳ có hạn trong {report.measured.submission_days} ngày gần đây. “Không dùng được”: đã gửi "
        "nhưng không bản ghi nào nạp được. “Chưa rõ”: kho chưa đọc được nguồn sau hạn, không tính là chưa "
        "nộp. Báo cáo toàn số 0 là đã nộp."
    )
    missed = (
        (
            paragraph(f"{vietnamese.sentence_case(missing_words(report))}."),
            missing(report, limit),
        )
        if late.reports
        else (paragraph("Không có."),)
    )
    part.head("Kỳ báo cáo chưa nộp hoặc không dùng được", *((told, submitted) if submitted else ()), *missed)
    if late.dossiers:
        told = paragraph(
            f"Có {vietnamese.number(late.dossier_count)} hồ sơ đang giải quyết đã qua ngày hẹn trả, theo lần "
            "cập nhật gần nhất."
        )
        part.head("Hồ sơ dịch vụ công quá hạn trả kết quả", told, dossiers(report, limit))
    else:
        part.head("Hồ sơ dịch vụ công quá hạn trả kết quả")
    plans = [block for plan in late.plans for block in _plan(plan, report)]
    part.head("Nhiệm vụ kế hoạch quá thời hạn", *plans)
    return part


def backlog(report: Report, limit: int | None = None, *, only_overdue: bool = False) -> Table:
    """Each agency's records to mend."""
    items = [item for item in report.violations.backlog if item.overdue or not only_overdue]
    columns = (
        cells.NUMBER,
        Column("Cơ quan"),
        Column("Quá hạn", 20, RIGHT),
        Column("Chờ sửa", 20, RIGHT),
        Column("Phát hiện sớm nhất", 27, CENTRE),
        Column("Hạn sớm nhất", 27, CENTRE),
    )
    listed, left = cells.some(items, limit)
    rows = [
        Row(
            (
                cells.place(at),
                cell(item.agency),
                cells.count(item.overdue),
                cells.count(item.records),
                cells.on(item.first_seen_on),
                cells.on(item.due_on),
            ),
            agency=item.agency_code,
        )
        for at, item in enumerate(listed, start=1)
    ]
    if left:
        numbers = (cells.count(sum(i.overdue for i in left)), cells.count(sum(i.records for i in left)))
        rows.append(
            cells.rest(
                f"Các đơn vị còn lại ({len(left)})", len(columns), *numbers, cells.empty(), cells.empty()
            )
        )
    total = (cells.count(sum(i.overdue for i in items)), cells.count(sum(i.records for i in items)))
    rows.append(Row((cells.empty(), cell("Cộng"), *total, cells.empty(), cells.empty()), "sum"))
    return cells.table("overdue" if only_overdue else "backlog", columns, rows)


def movement(report: Report, limit: int | None = None) -> Table | None:
    """Records that were found, mended and no longer sent since the last report, by agency."""
    items = report.movement.agencies
    if not items:
        return None
    columns = (
        cells.NUMBER,
        Column("Cơ quan"),
        Column("Phát hiện mới", 27, RIGHT),
        Column("Đã sửa", 20, RIGHT),
        Column("Không còn gửi", 27, RIGHT),
        Column("Còn chờ sửa", 25, RIGHT),
    )
    listed, left = cells.some(items, limit)
    rows = [
        Row(
            (cells.place(at), cell(item.agency), *map(cells.count, _moves(item))),
            agency=item.agency_code,
        )
        for at, item in enumerate(listed, start=1)
    ]
    if left:
        sums = map(sum, zip(*map(_moves, left), strict=True))
        rows.append(cells.rest(f"Các đơn vị còn lại ({len(left)})", len(columns), *map(cells.count, sums)))
    total = map(cells.count, _moves(report.movement))
    rows.append(Row((cells.empty(), cell("Cộng"), *total), "sum"))
    return cells.table("movement", columns, rows)


def _moves(item: AgencyMovement | Movement) -> tuple[int, int, int, int]:
    return item.found, item.mended, item.unsent, item.open


def submissions(report: Report) -> Table | None:
    """How the reports that were due lately stand, by dataset."""
    if not report.measured.submissions:
        return None
    columns = (
        Column("Bộ dữ liệu"),
        *(Column(title, width, RIGHT) for title, _, width in _SUBMISSIONS),
    )
    rows = (
        Row((cell(item.dataset), *(cells.count(getattr(item, name)) for _, name, _ in _SUBMISSIONS)))
        for item in report.measured.submissions
    )
    return cells.table("submissions", columns, rows)


def missing_words(report: Report) -> str:
    """How many periods never came and how many could not be used; empty where there are none."""
    late, number = report.overdue, vietnamese.number
    parts = (
        f"{number(late.not_reported)} kỳ chưa nộp" if late.not_reported else "",
        f"{number(late.unusable)} kỳ đã gửi nhưng không dùng được" if late.unusable else "",
    )
    return ", ".join(filter(None, parts))


def missing(report: Report, limit: int | None = None) -> Table | None:
    """The periods that nobody has usably reported, by agency."""
    if not report.overdue.reports:
        return None
    columns = (
        cells.NUMBER,
        Column("Cơ quan"),
        Column("Bộ dữ liệu", 36),
        Column("Tình trạng", 22),
        Column("Số kỳ", 12, RIGHT),
        Column("Kỳ báo cáo", 28),
        Column("Hạn sớm nhất", 24, CENTRE),
    )
    listed, left = cells.some(report.overdue.reports, limit)
    rows = []
    for at, item in enumerate(listed, start=1):
        more = f"; và {item.more_periods} kỳ khác" if item.more_periods else ""
        periods = cell("; ".join(item.periods) + more)
        rows.append(
            Row(
                (
                    cells.place(at),
                    cell(item.agency),
                    cell(item.dataset),
                    cell(_STATES[item.state]),
                    cells.count(item.count),
                    periods,
                    cells.on(item.oldest_due_on),
                ),
                agency=item.agency_code,
            )
        )
    if left:
        count = cells.count(sum(item.count for item in left))
        words = f"Các dòng còn lại ({len(left)})"
        rows.append(cells.rest(words, len(columns), count, cells.empty(), cells.empty()))
    return cells.table("missing_reports", columns, rows)


def dossiers(report: Report, limit: int | None = None) -> Table | None:
    """The dossiers whose day is over, by agency."""
    if not report.overdue.dossiers:
        return None
    columns = (
        cells.NUMBER,
        Column("Cơ quan"),
        Column("Số hồ sơ", 25, RIGHT),
        Column("Ngày hẹn trả sớm nhất", 40, CENTRE),
    )
    listed, left = cells.some(report.overdue.dossiers, limit)
    rows = [
        Row(
            (cells.place(at), cell(item.agency), cells.count(item.dossiers), cells.on(item.oldest_due_on)),
            agency=item.agency_code,
        )
        for at, item in enumerate(listed, start=1)
    ]
    if left:
        count = cells.count(sum(item.dossiers for item in left))
        rows.append(cells.rest(f"Các đơn vị còn lại ({len(left)})", len(columns), count, cells.empty()))
    total = cells.count(report.overdue.dossier_count)
    rows.append(Row((cells.empty(), cell("Cộng"), total, cells.empty()), "sum"))
    return cells.table("overdue_dossiers", columns, rows)


def tasks(plan: OverduePlan, limit: int | None = None) -> Table:
    columns = (
        Column("Mã nhiệm vụ", 33),
        Column("Nhiệm vụ"),
        Column("Cơ quan chủ trì theo kế hoạch", 40),
        Column("Thời hạn", 24, CENTRE),
    )
    listed, left = cells.some(plan.tasks, limit)
    rows = [
        Row((cell(item.task_code), cell(item.name), cell(item.lead), cells.on(item.deadline)))
        for item in listed
    ]
    if left:
        rows.append(cells.rest(f"Và {len(left)} nhiệm vụ khác.", len(columns)))
    return cells.table("overdue_tasks", columns, rows)


def _plan(plan: OverduePlan, report: Report) -> tuple[Paragraph | Table, ...]:
    told = (
        f"{plan.title}: {len(plan.tasks)} nhiệm vụ đã qua thời hạn mà kho dữ liệu chưa nhận được báo cáo "
        "hoàn thành."
    )
    if not plan.is_own:
        note = f" {plan.note}" if plan.note else ""
        told += (
            f"{note} Kế hoạch này không phải của {report.province} (mã tỉnh trong kế hoạch: "
            f"{plan.province_code}); số liệu chỉ để tham khảo."
        )
    return paragraph(told), tasks(plan, report.lines.tasks)


def _movement_words(report: Report) -> Paragraph:
    found, number = report.movement, vietnamese.number
    gone = f"; {number(found.unsent)} bản ghi nguồn không còn gửi, không tính là đã sửa"
    return paragraph(
        f"Từ sau ngày {vietnamese.day(found.since)}, phát hiện mới {number(found.found)} bản ghi phải sửa; "
        f"{number(found.mended)} bản ghi đã được sửa tại nguồn và nạp{gone if found.unsent else ''}."
    )
