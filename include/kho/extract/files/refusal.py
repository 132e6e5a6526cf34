"""Why a file is not read: for the engineer in English, for its sender in Vietnamese.

In: a reason and the place. Out: `FileRefused` (somebody must send the file again) or `FileNotReady`
(the file is left for the next night). Neither ever stops the other files of the night.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reason = Literal[
    "wrong_name",
    "too_large",
    "bomb",
    "unsafe_name",
    "unsafe_xml",
    "nested_file",
    "macro",
    "external_link",
    "data_connection",
    "embedded_object",
    "encrypted",
    "not_a_workbook",
    "other_format",
    "damaged",
    "encoding",
    "no_sheet",
    "hidden_sheet",
    "no_table",
    "ambiguous_table",
    "missing_cell",
    "contradiction",
    "wrong_unit",
    "wrong_total",
    "no_rows",
]

_SENDERS: dict[Reason, tuple[str, str]] = {
    "wrong_name": ("Tên tệp không theo quy định", "Đặt lại tên tệp theo mẫu rồi gửi lại"),
    "too_large": ("Tệp vượt quá dung lượng cho phép", "Bỏ hình ảnh, trang tính thừa rồi gửi lại tệp"),
    "bomb": ("Tệp nén bất thường, có nguy cơ làm treo hệ thống", "Lập lại biểu từ mẫu gốc rồi gửi lại tệp"),
    "unsafe_name": ("Tệp chứa đường dẫn không an toàn", "Lập lại biểu từ mẫu gốc rồi gửi lại tệp"),
    "unsafe_xml": ("Tệp chứa khai báo XML không an toàn", "Lập lại biểu từ mẫu gốc rồi gửi lại tệp"),
    "nested_file": ("Tệp chứa tệp nén bên trong", "Gửi từng biểu dưới dạng .xlsx hoặc .csv, không nén"),
    "macro": ("Tệp có macro", "Lưu lại dạng Excel Workbook (.xlsx) không có macro rồi gửi lại"),
    "external_link": (
        "Tệp liên kết tới tệp khác",
        "Dán giá trị (Paste Values) thay cho liên kết rồi gửi lại tệp",
    ),
    "data_connection": (
        "Tệp có kết nối dữ liệu ra ngoài",
        "Xóa kết nối dữ liệu, giữ giá trị rồi gửi lại tệp",
    ),
    "embedded_object": ("Tệp có đối tượng nhúng", "Xóa đối tượng nhúng rồi gửi lại tệp"),
    "encrypted": ("Tệp đặt mật khẩu", "Bỏ mật khẩu rồi gửi lại tệp"),
    "not_a_workbook": ("Nội dung không phải là bảng tính", "Lưu lại biểu dạng .xlsx hoặc .csv rồi gửi lại"),
    "other_format": ("Định dạng tệp không được nhận", "Lưu lại biểu dạng Excel Workbook (.xlsx) rồi gửi lại"),
    "damaged": ("Tệp hỏng hoặc gửi chưa trọn", "Mở kiểm tra, lưu lại rồi gửi lại tệp"),
    "encoding": ("Không xác định được bảng mã chữ", "Lưu lại dạng CSV UTF-8 rồi gửi lại tệp"),
    "no_sheet": ("Thiếu trang tính theo mẫu", "Bổ sung trang tính đúng tên theo mẫu rồi gửi lại tệp"),
    "hidden_sheet": ("Trang tính theo mẫu đang bị ẩn", "Bỏ ẩn trang tính rồi gửi lại tệp"),
    "no_table": ("Không tìm thấy bảng số liệu theo mẫu", "Giữ nguyên tiêu đề cột của mẫu rồi gửi lại tệp"),
    "ambiguous_table": ("Tiêu đề cột bị trùng", "Giữ mỗi tiêu đề một cột theo mẫu rồi gửi lại tệp"),
    "missing_cell": ("Thiếu thông tin đầu biểu", "Điền đủ thông tin đầu biểu theo mẫu rồi gửi lại tệp"),
    "contradiction": (
        "Thông tin trong biểu khác với tên tệp",
        "Kiểm tra mã đơn vị, kỳ báo cáo rồi gửi lại tệp",
    ),
    "wrong_unit": ("Đơn vị tính khác với mẫu", "Quy đổi về đơn vị tính của mẫu rồi gửi lại tệp"),
    "wrong_total": ("Dòng tổng không bằng tổng các dòng", "Kiểm tra số liệu và dòng tổng rồi gửi lại tệp"),
    "no_rows": ("Biểu không có số liệu", "Điền số liệu rồi gửi lại tệp"),
}


@dataclass(frozen=True)
class Place:
    """Where in a file: a sheet, and a cell such as `D7`, as far as they are known."""

    sheet: str | None = None
    cell: str | None = None

    def __str__(self) -> str:
        parts = [f"sheet '{self.sheet}'"] if self.sheet else []
        return ", ".join([*parts, f"cell {self.cell}"] if self.cell else parts)


class FileNotReady(Exception):
    """The file is still being written, or not whole yet."""


class FileRefused(Exception):
    """The file cannot be taken as it is; its sender must mend it.

    Args:
        reason: what kind of trouble it is.
        message: what happened, as a clause without a full stop.
        sheet, cell: where, if it is in one place.
    """

    def __init__(
        self, reason: Reason, message: str, *, sheet: str | None = None, cell: str | None = None
    ) -> None:
        super().__init__(message)
        self.reason, self.message, self.place = reason, message, Place(sheet or None, cell)


def for_sender(reason: str) -> tuple[str, str]:
    """What happened and what to do, in Vietnamese, for the people who sent the file."""
    return _SENDERS.get(reason, ("Tệp không đọc được", "Lập lại biểu từ mẫu gốc rồi gửi lại tệp"))  # type: ignore[call-overload, no-any-return]
