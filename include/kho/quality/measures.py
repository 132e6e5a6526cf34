"""The rules that no row breaks: what is measured of a dataset as a whole, each night.

In: nothing. Out: `MEASURES`, by rule id: principle, severity, and what officials read, in the report, on the
board and in `docs/rules.md`. Rules about rows live in the suites; these judge the platform, the sources and
their senders, and have no condition of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kho.rules.suite import Principle, Severity


@dataclass(frozen=True, slots=True)
class Measure:
    """A rule that is measured.

    Attributes:
        meaning: what it demands.
        answers: who mends it.
        example: what breaks it.
    """

    rule_id: str
    principle: Principle
    severity: Severity
    title: str
    remedy: str
    meaning: str
    answers: str
    example: str


_SENDER = "Cơ quan báo cáo"
_PLATFORM = "Đơn vị vận hành kho dữ liệu"
_GATEWAY = "Đơn vị quản lý trục tích hợp và hệ thống nguồn"

_ALL = (
    Measure("submission_received", "complete", "critical",
            "Chưa báo cáo kỳ đến hạn",
            "Gửi báo cáo của kỳ còn thiếu, kể cả khi số liệu bằng 0",
            "Mỗi cơ quan có nghĩa vụ báo cáo phải gửi báo cáo dùng được của từng kỳ đã đến hạn",
            _SENDER,
            "Xã chưa gửi báo cáo tháng 10 khi đã hết hạn"),
    Measure("all_communes_reported", "complete", "warning",
            "Báo cáo thiếu xã, phường, đặc khu",
            "Bổ sung số liệu của các đơn vị hành chính còn thiếu",
            "Báo cáo phải có số liệu của mọi xã, phường, đặc khu mà cơ quan phải báo cáo",
            _SENDER,
            "Phải có số liệu của 124 xã, báo cáo chỉ có 120 xã"),
    Measure("fresh_enough", "live", "critical",
            "Dữ liệu mới nhất đã quá thời hạn cập nhật",
            "Cập nhật dữ liệu lên hệ thống nguồn theo đúng tần suất đã cam kết",
            "Thay đổi mới nhất ở nguồn không được cũ hơn số ngày làm việc ghi trong hợp đồng dữ liệu",
            "Cơ quan chủ quản dữ liệu; đêm không hỏi được nguồn thì bên gây gián đoạn, "
            "đêm kho không chạy thì đơn vị vận hành kho",
            "Hợp đồng ghi 3 ngày làm việc, từ thay đổi mới nhất đã qua 5 ngày làm việc"),
    Measure("source_seen", "live", "critical",
            "Nguồn không ghi ngày thay đổi và đêm nay chưa xem lại được",
            "Xem nguyên nhân của đêm nay, khắc phục rồi chạy lại bộ dữ liệu",
            "Nguồn không ghi ngày thay đổi phải được xem lại mỗi đêm",
            "Bên gây ra nguyên nhân dừng: nguồn, đường truyền hoặc đơn vị vận hành kho",
            "Đêm nay không đọc được danh mục cơ quan"),
    Measure("submitted_in_time", "live", "warning",
            "Báo cáo gửi sau hạn hoặc chưa gửi",
            "Gửi báo cáo trong thời hạn của lịch báo cáo",
            "Báo cáo phải đến trong hạn, kể cả số ngày làm việc được gia hạn",
            _SENDER,
            "Hạn ngày 05/11, báo cáo đến ngày 09/11"),
    Measure("counts_agree", "synchronised", "critical",
            "Số bản ghi nguồn và kho không khớp",
            "Chạy lại bộ dữ liệu và đối chiếu số bản ghi",
            "Số bản ghi nhận được phải bằng số đã nạp, cách ly và trùng cộng lại",
            _PLATFORM,
            "Nhận 1.000 bản ghi, nạp 980, cách ly 15, trùng 0"),
    Measure("sums_agree", "synchronised", "critical",
            "Tổng giá trị nguồn và kho không khớp",
            "Chạy lại bộ dữ liệu và đối chiếu các cột số",
            "Tổng của từng cột số trong kho phải bằng tổng của các bản ghi nguồn đã nạp",
            _PLATFORM,
            "Tổng giải ngân ở nguồn 1.250 tỷ đồng, trong kho 1.245 tỷ đồng"),
    Measure("rows_agree", "synchronised", "critical",
            "Bản ghi trong kho khác bản ghi nguồn gửi",
            "Chạy lại bộ dữ liệu và đối chiếu các bản ghi sai khác",
            "Từng bản ghi trong kho phải có đúng giá trị mà nguồn gửi",
            _PLATFORM,
            "Nguồn gửi trạng thái 9, kho ghi trạng thái 10"),
    Measure("invariants_hold", "synchronised", "critical",
            "Kho dữ liệu không giữ được quy tắc toàn vẹn",
            "Chạy kho invariants, sửa lỗi của kho theo hướng dẫn vận hành",
            "Các quy tắc toàn vẹn của kho (`kho invariants`) luôn phải đúng",
            _PLATFORM,
            "Một đơn vị hành chính có hai phiên bản cùng hiệu lực một ngày"),
    Measure("in_step", "synchronised", "warning",
            "Kho chưa nhận được dữ liệu của đêm nay",
            "Xem nguyên nhân của đêm nay, khắc phục rồi chạy lại bộ dữ liệu",
            "Mỗi bộ dữ liệu phải chạy xong trong đêm",
            "Bên gây ra nguyên nhân dừng: nguồn, đường truyền hoặc đơn vị vận hành kho",
            "Đêm nay bộ dữ liệu bị dừng ở bước kiểm tra"),
    Measure("source_reached", "connected", "critical",
            "Không kết nối được hệ thống nguồn",
            "Kiểm tra đường truyền, dịch vụ và thông tin xác thực",
            "Mỗi đêm phải kết nối và đăng nhập được vào hệ thống nguồn",
            _GATEWAY,
            "Dịch vụ từ chối tài khoản của kho"),
    Measure("requests_answered", "connected", "critical",
            "Có lượt gọi dịch vụ không được trả lời",
            "Kiểm tra trục tích hợp và dịch vụ của hệ thống nguồn",
            "Mọi lượt gọi dịch vụ của lô dữ liệu phải được trả lời",
            _GATEWAY,
            "40 lượt gọi, 3 lượt không có trả lời"),
    Measure("answered_quickly", "connected", "warning",
            "Dịch vụ trả lời chậm",
            "Kiểm tra tải và chỉ mục của hệ thống nguồn",
            "Mỗi lượt gọi phải được trả lời trong ngưỡng `slow_seconds` của include/quality.yaml",
            _GATEWAY,
            "Một trang dữ liệu mất 45 giây"),
    Measure("keys_resolved", "connected", "warning",
            "Mã chưa nối được với danh mục dùng chung",
            "Bổ sung mã còn thiếu vào danh mục hoặc sửa mã tại nguồn",
            "Mã của bản ghi (cơ quan, đơn vị hành chính, thủ tục…) phải có trong danh mục dùng chung",
            "Cơ quan chủ quản dữ liệu và cơ quan quản lý danh mục",
            "Hồ sơ ghi thủ tục `9.999999` mà danh mục không có"),
    Measure("published", "shared", "warning",
            "Chưa công bố ở kho dùng chung",
            "Xây dựng bảng dùng chung cho bộ dữ liệu",
            "Bộ dữ liệu phải có ít nhất một bảng dùng chung",
            _PLATFORM,
            "Dữ liệu đã nạp nhưng không bảng dùng chung nào hiển thị"),
    Measure("documented", "shared", "warning",
            "Chưa có đủ mô tả dữ liệu",
            "Bổ sung mô tả bộ dữ liệu, tên các cột và hướng dẫn vận hành",
            "Bộ dữ liệu phải có mục đích, tên gọi, tên của mọi cột và hướng dẫn vận hành",
            _PLATFORM,
            "Một cột chưa có tên tiếng Việt"),
    Measure("read_lately", "shared", "warning",
            "Không có đơn vị nào khai thác trong kỳ gần nhất",
            "Rà soát nhu cầu khai thác, giới thiệu dữ liệu với các đơn vị",
            "Bảng dùng chung phải có người đọc trong `read_days` ngày gần nhất của include/quality.yaml",
            "Đơn vị vận hành kho dữ liệu và các đơn vị khai thác",
            "Cả tháng không ai đọc bảng dùng chung của bộ dữ liệu"),
)  # fmt: skip

MEASURES: dict[str, Measure] = {measure.rule_id: measure for measure in _ALL}
