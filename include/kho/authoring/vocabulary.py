"""What the names of Vietnamese systems' columns mean.

In: a source's name, `NgayTiepNhan` or `so_dien_thoai`. Out: a name of ours, a Vietnamese title with its
diacritics, and what the name says about privacy. Words are looked up one by one; what is not known is kept
as the source writes it, so that a proposal is always there and never invented.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from kho.extract.source_names import snake_case, words

_WORDS = {
    "an": "án", "anh": "ảnh", "bao": "báo", "ban": "bản", "bang": "bằng", "benh": "bệnh", "bhxh": "BHXH",
    "bhyt": "BHYT", "bieu": "biểu", "ca": "cả", "cao": "cáo", "cap": "cấp", "canh": "cảnh", "cccd": "CCCD",
    "chi": "chỉ", "cho": "cho", "chu": "chủ", "chua": "chưa", "chuc": "chức", "chung": "chứng",
    "cmnd": "CMND",
    "co": "cơ", "con": "con", "cong": "công", "cu": "cũ", "cua": "của", "cuoi": "cuối", "da": "đã",
    "dai": "đại", "danh": "danh", "dan": "dân", "dang": "đăng", "dat": "đất", "dau": "đầu", "den": "đến",
    "dia": "địa", "dien": "điện", "diem": "điểm", "dinh": "định", "doanh": "doanh", "don": "đơn",
    "doi": "đổi", "dong": "đồng", "du": "dự", "duong": "đường", "dvhc": "đơn vị hành chính", "email": "email",
    "ghi": "ghi", "gia": "giá", "giay": "giấy", "giam": "giảm", "gioi": "giới", "gui": "gửi", "han": "hạn",
    "hang": "hàng", "hanh": "hành", "hen": "hẹn", "hien": "hiện", "hieu": "hiệu", "hinh": "hình", "ho": "họ",
    "hoc": "học", "huyen": "huyện", "hop": "hợp", "id": "định danh", "ke": "kế", "ket": "kết", "kenh": "kênh",
    "khach": "khách", "khai": "khai", "khau": "khẩu", "khoa": "khóa", "kien": "kiện", "kinh": "kinh",
    "ky": "kỳ", "lan": "lần", "lao": "lao", "le": "lệ", "linh": "lĩnh", "loai": "loại", "luc": "lúc",
    "luong": "lượng", "luot": "lượt", "ly": "lý", "ma": "mã", "mau": "mẫu", "mo": "mô", "mua": "mua",
    "muc": "mục", "muon": "mượn", "nam": "năm", "ngan": "ngân", "nganh": "ngành", "ngay": "ngày",
    "nghe": "nghề", "nghiep": "nghiệp", "nguoi": "người", "nguon": "nguồn", "nhan": "nhận", "nhom": "nhóm",
    "nhap": "nhập", "noi": "nơi", "nop": "nộp", "phat": "phát", "phieu": "phiếu",
    "phi": "phí", "phap": "pháp",
    "phong": "phòng",
    "phuong": "phường", "quan": "quan", "qua": "quả", "quyen": "quyền", "quy": "quý", "quyet": "quyết",
    "ra": "ra", "sach": "sách", "san": "sản", "sinh": "sinh", "so": "số", "sua": "sửa", "suat": "suất",
    "tac": "tác", "tai": "tài", "tam": "tạm", "tao": "tạo", "tap": "tập", "ten": "tên", "thai": "thái",
    "tham": "thẩm", "thang": "tháng", "thanh": "thành", "the": "thẻ", "thoi": "thời", "thon": "thôn",
    "thu": "thu", "thua": "thửa", "thue": "thuế", "thuc": "thực", "thuong": "thường", "tich": "tích",
    "tien": "tiền", "tiep": "tiếp", "tinh": "tỉnh", "tiet": "tiết", "to": "tổ", "tong": "tổng", "tra": "trả",
    "trang": "trạng", "tri": "trị", "trinh": "trình", "tro": "trợ", "truong": "trường", "tthc": "TTHC",
    "tu": "từ", "tuoi": "tuổi", "tuyen": "tuyến", "ty": "tỷ", "van": "văn", "vao": "vào", "vi": "vị",
    "vien": "viện", "viet": "việt", "von": "vốn", "vu": "vụ", "vuc": "vực", "xa": "xã", "xac": "xác",
    "xu": "xử", "xuat": "xuất", "y": "y", "yeu": "yếu",
}  # fmt: skip
"""Word without diacritics → as it most often stands in the names of columns."""

_PHRASES = {
    "ban doc": ("reader", "bạn đọc"),
    "bien lai": ("receipt", "biên lai"),
    "cap nhat": ("updated", "cập nhật"),
    "cap nhat luc": ("updated_at", "thời điểm cập nhật"),
    "chi tieu": ("indicator", "chỉ tiêu"),
    "chu ho so": ("applicant_name", "chủ hồ sơ"),
    "chu so huu": ("owner_name", "chủ sở hữu"),
    "co quan": ("agency", "cơ quan"),
    "con lai": ("remaining", "còn lại"),
    "cong dan": ("citizen", "công dân"),
    "da tra": ("is_returned", "đã trả"),
    "da xoa": ("is_deleted", "đã xóa"),
    "dan so": ("population", "dân số"),
    "dan toc": ("ethnicity", "dân tộc"),
    "dau sach": ("title", "đầu sách"),
    "di dong": ("mobile", "di động"),
    "dia chi": ("address", "địa chỉ"),
    "dien giai": ("note", "diễn giải"),
    "dien tich": ("area", "diện tích"),
    "dien thoai": ("phone_number", "điện thoại"),
    "dinh danh": ("identifier", "định danh"),
    "doanh nghiep": ("enterprise", "doanh nghiệp"),
    "don vi": ("agency", "đơn vị"),
    "don vi tinh": ("unit", "đơn vị tính"),
    "don vi xu ly": ("agency", "đơn vị xử lý"),
    "du an": ("project", "dự án"),
    "ghi chu": ("note", "ghi chú"),
    "gia tri": ("value", "giá trị"),
    "gioi tinh": ("sex_code", "giới tính"),
    "han tra": ("due_on", "hạn trả"),
    "hieu luc": ("validity", "hiệu lực"),
    "hinh thuc": ("form_code", "hình thức"),
    "ho so": ("dossier", "hồ sơ"),
    "ho ten": ("full_name", "họ tên"),
    "ho va ten": ("full_name", "họ và tên"),
    "khach hang": ("customer", "khách hàng"),
    "ky bao cao": ("period_code", "kỳ báo cáo"),
    "linh vuc": ("sector", "lĩnh vực"),
    "ma co quan": ("agency_code", "mã cơ quan"),
    "ma don vi": ("agency_code", "mã đơn vị"),
    "ma dvhc": ("commune_code", "mã đơn vị hành chính cấp xã"),
    "ma so thue": ("tax_code", "mã số thuế"),
    "ma xa": ("commune_code", "mã xã"),
    "ma phuong xa": ("commune_code", "mã phường, xã"),
    "ma thu tuc": ("procedure_code", "mã thủ tục hành chính"),
    "ma tthc": ("procedure_code", "mã thủ tục hành chính"),
    "nam ngan sach": ("budget_year", "năm ngân sách"),
    "nam sinh": ("birth_year", "năm sinh"),
    "ngan sach": ("budget", "ngân sách"),
    "ngay cap nhat": ("updated_at", "ngày cập nhật"),
    "ngay hen tra": ("due_at", "ngày hẹn trả"),
    "ngay muon": ("borrowed_on", "ngày mượn"),
    "ngay sinh": ("birth_date", "ngày sinh"),
    "ngay tao": ("created_at", "ngày tạo"),
    "ngay tiep nhan": ("received_at", "ngày tiếp nhận"),
    "ngay tra": ("returned_at", "ngày trả"),
    "nguoi nop": ("applicant", "người nộp"),
    "nguon von": ("fund_source", "nguồn vốn"),
    "nhan vien": ("employee", "nhân viên"),
    "noi dung": ("content", "nội dung"),
    "phuong xa": ("commune", "phường, xã"),
    "quoc tich": ("nationality", "quốc tịch"),
    "so cccd": ("citizen_id", "số CCCD"),
    "so chung tu": ("voucher_code", "số chứng từ"),
    "so dien thoai": ("phone_number", "số điện thoại"),
    "so dinh danh": ("citizen_id", "số định danh cá nhân"),
    "so luong": ("quantity", "số lượng"),
    "so tien": ("amount_vnd", "số tiền (đồng)"),
    "so the": ("card_number", "số thẻ"),
    "so thu tu": ("row_no", "số thứ tự"),
    "tam tru": ("temporary_residence", "tạm trú"),
    "ten don vi": ("agency_name", "tên đơn vị"),
    "thanh toan": ("payment", "thanh toán"),
    "thoi diem": ("moment", "thời điểm"),
    "thoi diem cap nhat": ("updated_at", "thời điểm cập nhật"),
    "thu tuc": ("procedure", "thủ tục"),
    "thu vien": ("library", "thư viện"),
    "thuong tru": ("residence", "thường trú"),
    "ton giao": ("religion", "tôn giáo"),
    "trang thai": ("status_code", "trạng thái"),
    "tu ngay": ("from_date", "từ ngày"),
    "den ngay": ("to_date", "đến ngày"),
    "tuoi": ("age", "tuổi"),
    "updated at": ("updated_at", "thời điểm cập nhật"),
    "created at": ("created_at", "thời điểm tạo"),
    "xu ly": ("processing", "xử lý"),
}
"""Words that belong together → our name where they are the whole name, and their title."""

_RESERVED = frozenset(
    {
        "agency_key",
        "all",
        "and",
        "any",
        "as",
        "asc",
        "batch_key",
        "both",
        "case",
        "cast",
        "check",
        "column",
        "default",
    }
    | {
        "desc",
        "do",
        "end",
        "for",
        "from",
        "grant",
        "group",
        "having",
        "in",
        "into",
        "is",
        "is_deleted",
        "leading",
        "limit",
    }
    | {
        "not",
        "null",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "primary",
        "references",
        "select",
        "table",
        "then",
        "to",
    }
    | {"trailing", "union", "unique", "user", "using", "when", "where", "window", "with", "year"}
)
"""Words that SQL or a load file keeps for itself."""

_PERSONAL = (
    ("citizen id", ("cccd", "cmnd", "so dinh danh", "can cuoc", "citizen id", "dinh danh ca nhan")),
    ("phone number", ("dien thoai", "sdt", "di dong", "phone", "mobile")),
    ("e-mail address", ("email", "thu dien tu")),
    ("name of a person", ("ho ten", "ho va ten", "ten nguoi", "chu ho so", "nguoi nop", "nguoi dai dien",
                          "full name", "ban doc", "chu the", "benh nhan", "ten khach hang", "chu so huu")),
    ("address of a person", ("dia chi", "thuong tru", "tam tru", "noi o", "address")),
    ("birth", ("ngay sinh", "nam sinh", "birth", "ngay thang nam sinh")),
    ("health or social insurance", ("bhyt", "bhxh", "benh", "chan doan")),
    ("origin or belief", ("dan toc", "ton giao", "quoc tich")),
    ("bank account", ("tai khoan", "so the")),
)  # fmt: skip


@cache
def _words_of(name: str) -> tuple[str, ...]:
    """The words of a name; a name written without gaps is taken apart where all its parts are known."""
    found: list[str] = []
    for word in words(name):
        found.extend([word] if word in _WORDS or len(word) < 5 else _taken_apart(word) or [word])
    return tuple(found)


def _taken_apart(word: str) -> list[str] | None:
    """The known words that make up `word`, the longest first; None if some part is not known."""
    if not word:
        return []
    for end in range(min(len(word), 7), 1, -1):
        if word[:end] in _WORDS and (rest := _taken_apart(word[end:])) is not None:
            return [word[:end], *rest]
    return None


def column_name(source_name: str, taken: Collection[str] = ()) -> str:
    """Our name for a source's column, unlike those in `taken`."""
    phrase = " ".join(_words_of(source_name))
    name = _PHRASES[phrase][0] if phrase in _PHRASES else snake_case("_".join(_words_of(source_name)))
    if name in _RESERVED:
        name = f"{name}_value"
    if name in taken:
        name = snake_case(source_name)
    number = 2
    base = name
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name


def business_name(source_name: str) -> str:
    """A Vietnamese title: known phrases, then known words; what is unknown stays as it is written."""
    parts: list[str] = []
    rest = list(_words_of(source_name))
    while rest:
        length = next(
            (n for n in range(min(4, len(rest)), 0, -1) if " ".join(rest[:n]) in _PHRASES), 0
        )  # the longest phrase that begins here
        if length:
            parts.append(_PHRASES[" ".join(rest[:length])][1])
        else:
            parts.append(_WORDS.get(rest[0], rest[0]))
        rest = rest[length or 1 :]
    title = " ".join(parts)
    return title[:1].upper() + title[1:]


def unknown_words(source_name: str) -> list[str]:
    """The words of a name that no title could be given to."""
    phrase_words = {word for phrase in _PHRASES for word in phrase.split()}
    return [word for word in _words_of(source_name) if word not in _WORDS and word not in phrase_words]


def personal_hint(source_name: str) -> str | None:
    """What kind of personal data a name says that its column holds; None if it says nothing of the kind."""
    phrase = f" {' '.join(_words_of(source_name))} "
    joined = phrase.replace(" ", "")
    for meaning, hints in _PERSONAL:
        for hint in hints:
            if f" {hint} " in phrase or (len(hint) > 7 and hint.replace(" ", "") in joined):
                return meaning
    return None


def classification_by_name(source_name: str) -> str | None:
    """`personal` where the name says so; None where it says nothing."""
    return "personal" if personal_hint(source_name) else None
