"""Section III and the deadlines of section I: what is broken, whose it is, what is to be done by when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kho.report import vietnamese
from kho.report.compose import cells
from kho.report.compose.outline import Outline
from kho.report.document import (
    CENTRE,
    LEFT,
    RIGHT,
    Cell,
    Column,
    Line,
    Row,
    Table,
    bold,
    cell,
    line,
    paragraph,
    small,
)

if TYPE_CHECKING:
    from kho.report.quality_report import Report
    from kho.report.violations import Backlog, Violation

_CONSEQUENCES = {"critical": "chưa nạp, chưa có trong số liệu tổng hợp", "warning": "vẫn nạp, có đánh dấu"}
_COUNT, _WHEN = Column("Số bản ghi", 18, RIGHT), Column("Hạn", 26, CENTRE)


def broken(report: Report) -> Outline:
    """Section III."""
    part = Outline("Quy tắc bị vi phạm nhiều nhất")
    found, lines, days = report.violations, report.lines, report.deadlines.working_days
    if found.critical:
        asked = paragraph(
            "Đề nghị các cơ quan xác minh, sửa tại hệ thống nguồn và gửi lại trong "
            f"{days.critical} ngày làm việc kể từ ngày lỗi được phát hiện lần đầu; danh sách từng bản ghi có "
            "trong tệp Excel của mỗi cơ quan. Một bản ghi có thể vi phạm nhiều quy tắc."
        )
        part.head("Lỗi phải sửa (bản ghi bị giữ lại, chưa nạp)", asked, critical(report, lines.rules))
    else:
        part.head("Lỗi phải sửa (bản ghi bị giữ lại, chưa nạp)")
    if found.warnings:
        asked = paragraph(
            "Số bản ghi trong lần nạp gần nhất của từng bộ dữ liệu; đề nghị rà soát trong "
            f"{days.warning} ngày làm việc."
        )
        part.head("Cảnh báo (bản ghi vẫn được nạp)", asked, warnings(report, lines.warnings))
    else:
        part.head("Cảnh báo (bản ghi vẫn được nạp)")
    return part


def critical(report: Report, limit: int | None = None) -> Table:
    return _rules("critical", report.violations.critical, report, limit)


def warnings(report: Report, limit: int | None = None) -> Table:
    return _rules("warnings", report.violations.warnings, report, limit)


def worst_agencies(report: Report, limit: int) -> Table | None:
    """Who has to mend most, and what."""
    asked = [item for item in report.violations.backlog if item.agency_code][:limit]
    if not asked:
        return None
    columns = (cells.NUMBER, Column("Cơ quan phải sửa", 50), Column("Việc phải làm"), _COUNT, _WHEN)
    return cells.table(
        "actions_by_agency",
        columns,
        (
            Row(
                (
                    cells.place(at),
                    cell(bold(item.agency)),
                    cell(_work(item)),
                    cells.count(item.records),
                    due(item),
                )
            )
            for at, item in enumerate(asked, start=1)
        ),
    )


def worst_rules(report: Report, limit: int) -> Table | None:
    """The rules that keep most records out, with who answers for the dataset."""
    rules = report.violations.critical[:limit]
    if not rules:
        return None
    columns = (cells.NUMBER, Column("Quy tắc bị vi phạm", 50), Column("Việc phải làm"), _COUNT, _WHEN)

    def title(rule: Violation) -> Cell:
        told = f"{report.names.dataset(rule.dataset)}; đầu mối: {rule.owner}"
        return cell(bold(rule.title), small(told))

    return cells.table(
        "actions_by_rule",
        columns,
        (
            Row((cells.place(at), title(rule), cell(rule.remedy), cells.count(rule.records), due(rule)))
            for at, rule in enumerate(rules, start=1)
        ),
    )


def due(item: Violation | Backlog) -> Cell:
    """The deadline, and whether it is over."""
    on = vietnamese.day(item.due_on)
    if item.overdue:
        told = line(bold("Quá hạn"), f" {vietnamese.number(item.overdue)} bản ghi (hạn {on})")
    else:
        told = line(f"Hết ngày {on}")
    return cell(told, value=item.due_on, align=CENTRE)


def _work(item: Backlog) -> Line:
    if item.main is None:
        return line("Sửa và gửi lại các bản ghi bị giữ")
    others = f"; và {item.other_rules} loại lỗi khác" if item.other_rules else ""
    return line(f"{item.main.title}: {item.main.remedy}{others}")


def _rules(name: str, rules: Sequence[Violation], report: Report, limit: int | None) -> Table:
    listed, left = cells.some(rules, limit)
    columns = (
        cells.NUMBER,
        Column("Nội dung vi phạm", 0, LEFT),
        _COUNT,
        Column("Cơ quan liên quan (số bản ghi)", 33),
        Column("Việc phải làm", 33),
        Column("Hạn", 23, CENTRE),
    )
    rows = [Row(_rule(at, rule, report)) for at, rule in enumerate(listed, start=1)]
    if left:
        records = vietnamese.number(sum(rule.records for rule in left))
        rows.append(cells.rest(f"Và {len(left)} quy tắc khác với {records} lượt vi phạm.", len(columns)))
    return cells.table(name, columns, rows)


def _rule(at: int, rule: Violation, report: Report) -> tuple[Cell, ...]:
    told = (
        f"{report.names.dataset(rule.dataset)}; từ {vietnamese.day(rule.first_seen_on)}; "
        f"{_CONSEQUENCES.get(rule.severity, _CONSEQUENCES['warning'])}"
    )
    whose = "; ".join(f"{name} ({vietnamese.number(records)})" for name, records in rule.agencies)
    if rule.more_agencies:
        whose += f"; và {rule.more_agencies} cơ quan khác"
    return (
        cells.place(at),
        cell(bold(rule.title), small(told)),
        cells.count(rule.records),
        cell(whose),
        cell(rule.remedy),
        due(rule),
    )
