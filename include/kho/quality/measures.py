"""The rules that no row breaks: what is measured of a dataset as a whole, each night.

In: nothing. Out: `MEASURES`, by rule id: principle, severity, and what officials read. Rules about rows live
in the suites; these judge the platform, the sources and their senders, and have no condition of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kho.rules.suite import Principle, Severity


@dataclass(frozen=True, slots=True)
class Measure:
    """A rule that is measured."""

    rule_id: str
    principle: Principle
    severity: Severity
    title: str
    remedy: str


_ALL = (
    Measure("submission_received", "complete", "critical", "Chưa báo cáo kỳ đến hạn",
            "Gửi báo cáo của kỳ còn thiếu, kể cả khi số liệu bằng 0"),
    Measure("all_communes_reported", "complete", "warning", "Báo cáo thiếu xã, phường, đặc khu",
            "Bổ sung số liệu của các đơn vị hành chính còn thiếu"),
    Measure("fresh_enough", "live", "critical", "Dữ liệu mới nhất đã quá thời hạn cập nhật",
            "Cập nhật dữ liệu lên hệ thống nguồn theo đúng tần suất đã cam kết"),
    Measure("source_seen", "live", "critical", "Nguồn không ghi ngày thay đổi và đêm nay chưa xem lại được",
            "Xem nguyên nhân của đêm nay, khắc phục rồi chạy lại bộ dữ liệu"),
    Measure("submitted_in_time", "live", "warning", "Báo cáo gửi sau hạn hoặc chưa gửi",
            "Gửi báo cáo trong thời hạn của lịch báo cáo"),
    Measure("counts_agree", "synchronised", "critical", "Số bản ghi nguồn và kho không khớp",
            "Chạy lại bộ dữ liệu và đối chiếu số bản ghi"),
    Measure("sums_agree", "synchronised", "critical", "Tổng giá trị nguồn và kho không khớp",
            "Chạy lại bộ dữ liệu và đối chiếu các cột số"),
    Measure("rows_agree", "synchronised", "critical", "Bản ghi trong kho khác bản ghi nguồn gửi",
            "Chạy lại bộ dữ liệu và đối chiếu các bản ghi sai khác"),
    Measure("invariants_hold", "synchronised", "critical", "Kho dữ liệu không giữ được quy tắc toàn vẹn",
            "Chạy kho invariants, sửa lỗi của kho theo hướng dẫn vận hành"),
    Measure("in_step", "synchronised", "warning", "Kho chưa nhận được dữ liệu của đêm nay",
            "Xem nguyên nhân của đêm nay, khắc phục rồi chạy lại bộ dữ liệu"),
    Measure("source_reached", "connected", "critical", "Không kết nối được hệ thống nguồn",
            "Kiểm tra đường truyền, dịch vụ và thông tin xác thực"),
    Measure("requests_answered", "connected", "critical", "Có lượt gọi dịch vụ không được trả lời",
            "Kiểm tra trục tích hợp và dịch vụ của hệ thống nguồn"),
    Measure("answered_quickly", "connected", "warning", "Dịch vụ trả lời chậm",
            "Kiểm tra tải và chỉ mục của hệ thống nguồn"),
    Measure("keys_resolved", "connected", "warning", "Mã chưa nối được với danh mục dùng chung",
            "Bổ sung mã còn thiếu vào danh mục hoặc sửa mã tại nguồn"),
    Measure("published", "shared", "warning", "Chưa công bố ở kho dùng chung",
            "Xây dựng bảng dùng chung cho bộ dữ liệu"),
    Measure("documented", "shared", "warning", "Chưa có đủ mô tả dữ liệu",
            "Bổ sung mô tả bộ dữ liệu, tên các cột và hướng dẫn vận hành"),
    Measure("read_lately", "shared", "warning", "Không có đơn vị nào khai thác trong kỳ gần nhất",
            "Rà soát nhu cầu khai thác, giới thiệu dữ liệu với các đơn vị"),
)  # fmt: skip

MEASURES: dict[str, Measure] = {measure.rule_id: measure for measure in _ALL}
