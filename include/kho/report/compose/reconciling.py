"""Section IV: the count equation of every dataset, and what did not load, by whose matter it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kho.report import vietnamese
from kho.report.compose import cells
from kho.report.compose.outline import Outline
from kho.report.document import (
    CENTRE,
    RIGHT,
    Cell,
    Column,
    Paragraph,
    Row,
    Run,
    Table,
    cell,
    harmless,
    paragraph,
    run,
    small,
)
from kho.report.night import OUTCOMES

if TYPE_CHECKING:
    from kho.report.night import Counts, DatasetNight, Incident
    from kho.report.quality_report import Report


def reconciliation(report: Report) -> Outline:
    """Section IV."""
    part = Outline("Đối soát")
    equation = paragraph(
        "Số lấy về phải bằng số chấp nhận cộng số giữ lại cộng số trùng; số chấp nhận phải bằng số đã nạp."
    )
    part.head("Số bản ghi của từng bộ dữ liệu", equation, counts(report))
    part.head("Sự cố thuộc nền tảng", *_platform(report))
    part.head(
        "Bộ dữ liệu chưa nạp do nguồn hoặc do chất lượng",
        _incidents("source_incidents", report.source_incidents, report),
    )
    if report.refused_files:
        told = paragraph(
            f"Có {vietnamese.number(len(report.refused_files))} tệp chưa đọc được; số liệu của các tệp này "
            "chưa có trong kho."
        )
        part.head("Tệp chưa đọc được, chờ đơn vị gửi lại", told, refused(report, report.lines.agencies))
    part.head("Thay đổi cấu trúc dữ liệu của nguồn", *_schema_changes(report))
    if report.corrections:
        told = paragraph(
            "Các giá trị sau được sửa trong kho dữ liệu khi nguồn chưa sửa kịp; dữ liệu gốc vẫn được lưu "
            "giữ. Đề nghị cơ quan chủ quản sửa tại nguồn trước khi hết hiệu lực."
        )
        part.head("Giá trị được sửa tay", told, corrections(report))
    if report.unusual.items:
        told = paragraph(
            f"Có {vietnamese.number(report.unusual.count)} giá trị khác hẳn những đêm cùng loại. Đây là câu "
            "hỏi, chưa phải lỗi và không tính vào điểm; đề nghị cơ quan chủ quản xác nhận."
        )
        part.head("Số liệu khác thường, chờ xác nhận", told, _unusual(report))
    return part


def counts(report: Report) -> Table:
    columns = (
        Column("Bộ dữ liệu", 40),
        Column("Kết quả", 23),
        *(Column(title, 0, RIGHT) for title in ("Lấy về", "Chấp nhận", "Giữ lại", "Trùng", "Đã nạp")),
        Column("Cân đối", 15, CENTRE),
    )
    rows = [Row(_night(item, report)) for item in report.nights]
    loaded = report.with_outcome("loaded")
    total = _equation(report.counts, balance=bool(loaded))
    rows.append(Row((cell("Cộng các bộ dữ liệu đã nạp", span=2), *total), "sum"))
    return cells.table("reconciliation", columns, rows)


def refused(report: Report, limit: int | None = None) -> Table:
    columns = (
        cells.NUMBER,
        Column("Đơn vị, tệp"),
        Column("Lý do", 36),
        Column("Việc cần làm", 36),
        Column("Từ ngày", 22, CENTRE),
        Column("Hạn gửi lại", 22, CENTRE),
    )
    listed, left = cells.some(report.refused_files, limit)
    rows = []
    for at, item in enumerate(listed, start=1):
        told = "; ".join(part for part in (item.name, item.place) if part)
        sender = cell(item.sender, small(told))
        due = (
            cell(vietnamese.day(item.due), small("quá hạn"), value=item.due, align=CENTRE)
            if item.due < report.as_of
            else cells.on(item.due)
        )
        rows.append(
            Row((cells.place(at), sender, cell(item.title), cell(item.remedy), cells.on(item.since), due))
        )
    if left:
        rows.append(cells.rest(f"Các tệp còn lại: {len(left)}", len(columns)))
    return cells.table("refused_files", columns, rows)


def corrections(report: Report) -> Table:
    columns = (
        Column("Bộ dữ liệu", 34),
        Column("Bản ghi, trường", 40),
        Column("Từ → thành", 34),
        Column("Lý do; đã báo"),
        Column("Hiệu lực đến", 24, CENTRE),
    )
    rows = (
        Row(
            (
                cell(report.names.dataset(item.dataset)),
                cell(item.record, small(f"{item.column}; {vietnamese.number(item.rows)} bản ghi")),
                cell(f"{item.old or '(trống)'} → {item.new}"),
                cell(item.why, small(item.reported_to)),
                cells.on(item.valid_until),
            )
        )
        for item in report.corrections
    )
    return cells.table("corrected_values", columns, rows)


def _night(item: DatasetNight, report: Report) -> tuple[Cell, ...]:
    outcome = "Không đổi" if item.outcome == "unchanged" else OUTCOMES[item.outcome]
    head = (cell(report.names.dataset(item.dataset)), cell(outcome))
    if item.outcome == "loaded" and item.counts:
        return (*head, *_equation(item.counts))
    if item.outcome in ("blocked", "failed") and item.landed is not None:
        return (*head, cells.count(item.landed), cell(run("chưa nạp", italic=True), align=CENTRE, span=5))
    told = run("–")
    if item.outcome == "unchanged" and item.batch_as_of:
        words = f"không có dữ liệu mới; đang dùng bản nạp ngày {vietnamese.day(item.batch_as_of)}"
        told = run(words, italic=True)
    return (*head, cell(told, align=CENTRE, span=6))


def _equation(found: Counts, *, balance: bool = True) -> tuple[Cell, ...]:
    numbers = (found.fetched, found.accepted, found.quarantined, found.duplicates, found.loaded)
    said = ("Khớp" if found.balanced else "LỆCH") if balance else ""
    return (*map(cells.count, numbers), cell(said, align=CENTRE))


def _platform(report: Report) -> tuple[Paragraph | Table | None, ...]:
    blocks: list[Paragraph | Table | None] = []
    if report.platform_incidents:
        blocks += [
            paragraph(
                "Các sự cố sau do đường truyền, xác thực hoặc hệ thống kho dữ liệu; không tính vào điểm của "
                "cơ quan nào."
            ),
            _incidents("platform_incidents", report.platform_incidents, report),
        ]
    if report.measured.platform_faults:
        blocks += [
            paragraph("Các phép đo sau không đạt vì nền tảng, không tính vào điểm của cơ quan nào:"),
            _platform_faults(report),
        ]
    return tuple(blocks)


def _platform_faults(report: Report) -> Table:
    columns = (
        Column("Bộ dữ liệu", 40),
        Column("Phép đo"),
        Column("Thuộc về", 34),
        Column("Việc phải làm", 44),
        Column("Lượt", 16, RIGHT),
    )
    rows = (
        Row(
            (
                cell(item.dataset),
                cell(item.title),
                cell(item.whose),
                cell(item.remedy),
                cells.count(item.failed),
            )
        )
        for item in report.measured.platform_faults
    )
    return cells.table("platform_faults", columns, rows)


def _incidents(name: str, items: Sequence[Incident], report: Report) -> Table | None:
    if not items:
        return None
    columns = (
        Column("Bộ dữ liệu", 34),
        Column("Sự cố"),
        Column("Việc phải làm", 40),
        Column("Đơn vị xử lý", 31),
    )
    rows = []
    for item in items:
        owner = "Đơn vị vận hành nền tảng" if item.is_platform else report.names.owner(item.dataset)
        title = cell(item.title, Run(harmless(item.detail), technical=True))
        dataset = cell(report.names.dataset(item.dataset), small(OUTCOMES[item.outcome]))
        rows.append(Row((dataset, title, cell(item.remedy), cell(owner))))
    return cells.table(name, columns, rows)


def _schema_changes(report: Report) -> tuple[Paragraph | Table, ...]:
    if not report.schema_changes:
        return ()
    columns = (
        Column("Bộ dữ liệu", 38),
        Column("Trường dữ liệu", 30),
        Column("Thay đổi", 28),
        Column("Cách xử lý"),
        Column("Phát hiện", 24, CENTRE),
    )
    rows = (
        Row(
            (
                cell(report.names.dataset(item.dataset), small(report.names.owner(item.dataset))),
                cell(item.column),
                cell(item.change, Run(harmless(item.detail), technical=True)),
                cell(item.consequence),
                cells.on(item.first_seen_on),
            )
        )
        for item in report.schema_changes
    )
    return (
        paragraph(
            "Cấu trúc dữ liệu nguồn trả về khác với hợp đồng dữ liệu. Đề nghị cơ quan chủ quản xác nhận để "
            "cập nhật hợp đồng hoặc khôi phục cấu trúc cũ."
        ),
        cells.table("schema_changes", columns, rows),
    )


def _unusual(report: Report) -> Table:
    columns = (
        Column("Bộ dữ liệu, cơ quan", 40),
        Column("Nội dung", 44),
        Column("Giá trị", 22, RIGHT),
        Column("Vì sao khác thường"),
    )
    rows = [
        Row(
            (
                cell(report.names.dataset(item.dataset), small(item.agency)),
                cell(item.measure),
                cell(item.value, align=RIGHT),
                cell(item.usual),
            )
        )
        for item in report.unusual.items
    ]
    left = report.unusual.count - len(report.unusual.items)
    if left:
        rows.append(cells.rest(f"Các giá trị còn lại: {left}", len(columns)))
    return cells.table("unusual_values", columns, rows)
