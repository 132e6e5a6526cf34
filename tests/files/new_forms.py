"""Forms that no contract describes, as offices send them: for `kho dataset new --kind files`.

In: who sends and for which month. Out: the bytes of a workbook with merged headings, units in titles, a second
sheet, headings between the rows, a stray total and a signature; and the text of a CSV file.
"""

from __future__ import annotations

import io
from datetime import datetime

import xlsxwriter

PROJECTS = 14
HOUSEHOLDS = 30
OFFICER = "Nguyễn Văn Đặc Biệt"


def project_form(commune: str, month: int, projects: int = PROJECTS) -> bytes:
    """A form on public investment: 14 projects in two chapters."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "dd/mm/yyyy"})
    book.add_worksheet("Hướng dẫn").write("A1", "Điền đủ các ô; không xóa dòng.")
    page = book.add_worksheet("Biểu 05")
    page.write("A1", "ỦY BAN NHÂN DÂN XÃ")
    page.merge_range("D1:I1", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")
    page.merge_range("A3:I3", "BIỂU 05: ĐẦU TƯ CÔNG TRÊN ĐỊA BÀN")
    page.merge_range("A4:I4", f"(Tháng {month} năm 2026)")
    page.write("A5", "Mã đơn vị hành chính:")
    page.write("C5", int(commune))
    page.merge_range("F7:I7", "(Đơn vị tính: triệu đồng)")
    for column, text in enumerate(("STT", "Mã công trình", "Tên công trình", "Ngày khởi công")):
        page.merge_range(7, column, 8, column, text)
    page.merge_range("E8:F8", "Vốn giao")
    page.write("E9", "Ngân sách tỉnh")
    page.write("F9", "Nguồn khác (tỷ đồng)")
    for cells, text in (("G8:G9", "Diện tích (ha)"), ("H8:H9", "Tiến độ"), ("I8:I9", "Cán bộ theo dõi")):
        page.merge_range(cells, text)
    for column, text in enumerate(("A", "B", "C", "D", "(1)", "(2)", "(3)", "(4)", "E")):
        page.write_string(9, column, text)
    percent = book.add_format({"num_format": "0.0%"})
    row = 10
    for number in range(projects):
        if number in (0, 7):
            page.write(row, 2, "I. Đường giao thông" if number == 0 else "II. Trường học")
            row += 1
        page.write(row, 0, number + 1)
        page.write(row, 1, f"CT-{number + 1:03d}")
        # One of them is called like a total.
        page.write(row, 2, "Tổng kho vật tư" if number == 4 else f"Công trình số {number + 1}")
        if number % 2:
            page.write_datetime(row, 3, datetime(2026, 3, 1 + number))
        else:
            page.write(row, 3, f"{1 + number:02d}/04/2026")
        page.write(row, 4, "1.234,56" if number == 3 else 1000.5 + number)
        page.write(row, 5, {2: "-", 5: "…"}.get(number, 20 * number))
        page.write(row, 6, 3.5 + number)
        page.write(row, 7, (10 + number) / 100, percent)
        page.write(row, 8, OFFICER)
        row += 1
    page.write(row, 2, "Tổng cộng")
    page.write(row, 4, 99999)
    page.write(row + 2, 1, "Người lập biểu")
    book.close()
    return out.getvalue()


def support_form(month: int, households: int = HOUSEHOLDS) -> str:
    """A list of supported households as CSV: group headings without merged cells, Vietnamese numbers."""
    lines = [
        "Biểu hỗ trợ hộ nghèo;;;;;;",
        f"Tháng {month} năm 2026;;;;;;",
        "STT;Mã hộ;Họ tên chủ hộ;Ngày cấp;Mức hỗ trợ;;Ghi chú",
        ";;;;Tiền mặt (nghìn đồng);Gạo (kg);",
    ]
    lines += [
        f"{n + 1};{n:05d};Trần Văn {'ABCDEFGHIJ'[n % 10]};{1 + n % 28:02d}/08/2026;{1 + n}.250,5;{n * 10};"
        for n in range(households)
    ]
    return "\r\n".join([*lines, "Cộng;;;;999.999;99999;", ""])
