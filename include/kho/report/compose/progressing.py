"""Section VI: how indicators and tasks of a plan stand, beside what the plan asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kho.report import vietnamese
from kho.report.compose import cells
from kho.report.compose.outline import Outline
from kho.report.document import RIGHT, Column, Paragraph, Row, Table, bold, cell, paragraph, small

if TYPE_CHECKING:
    from kho.report.progress import PlanProgress
    from kho.report.quality_report import Report


def progress(report: Report, limit: int | None) -> Outline:
    """Section VI."""
    part = Outline("Tiến độ chỉ tiêu và nhiệm vụ kế hoạch")
    if not report.progress:
        part.add(paragraph("Chưa có kế hoạch nào được theo dõi."))
    for plan in report.progress:
        part.head(plan.title, *_plan(plan, report), indicators(plan, limit))
    return part


def indicators(plan: PlanProgress, limit: int | None = None) -> Table | None:
    """Targets, the last values, and what their trend promises."""
    if not plan.indicators:
        return None
    columns = (
        cells.NUMBER,
        Column("Chỉ tiêu"),
        Column("Mục tiêu", 40),
        Column("Số liệu gần nhất", 26, RIGHT),
        Column("Kỳ", 16),
        Column("Kết quả", 24),
    )
    listed, left = cells.some(plan.indicators, limit)
    rows = []
    for at, item in enumerate(listed, start=1):
        value = cells.points(item.value) if item.value is not None else cell("–", align=RIGHT)
        rows.append(
            Row(
                (
                    cells.place(at),
                    cell(item.name, small(item.lead)),
                    cell(f"{item.year}: {item.target}"),
                    value,
                    cell(item.period or "–"),
                    cell(item.verdict, small(item.forecast)) if item.forecast else cell(item.verdict),
                )
            )
        )
    if left:
        rows.append(cells.rest(f"Và {len(left)} chỉ tiêu khác.", len(columns)))
    return cells.table("indicator_progress", columns, rows)


def _plan(plan: PlanProgress, report: Report) -> tuple[Paragraph, ...]:
    number = vietnamese.number
    words = paragraph(
        "Nhiệm vụ: ",
        bold(number(plan.tasks)),
        f", đã hoàn thành {number(plan.done)}, quá thời hạn {number(plan.late)}. Mục tiêu: ",
        bold(number(len(plan.indicators))),
        f", đã có số liệu {number(plan.reported)}, đã đạt {number(plan.reached)}.",
    )
    if plan.is_own:
        return (words,)
    return (
        words,
        paragraph(f"{plan.note} " if plan.note else "", f"Kế hoạch này không phải của {report.province}; "
                  "số liệu chỉ để tham khảo."),
    )  # fmt: skip
