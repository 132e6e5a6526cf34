"""Defects of registration events. Rows are items of the business registration's `Data`."""

import unicodedata

from kho.conform.legacy_encoding import to_tcvn3
from kho.sandbox.defects import DAMAGED_NAMES, DefectKind, Row, Spoiler, blank, put
from kho.sandbox.reference import Reference

_NAMES_FOR_TCVN3 = (
    "Công ty TNHH Vận tải Thắng Lợi", "Công ty TNHH Hải sản Ánh Dương", "Cơ sở may mặc Bằng Hạnh",
    "Công ty Cổ phần Vật liệu Toàn Phát", "Cửa hàng tạp hóa Văn Mạnh",
)  # fmt: skip
_PARENT, _BRANCH = "4300205943", "4300205943-001"


def _wrong_number(row: Row, salt: int, _reference: Reference) -> None:
    code = row["MaSo"]
    if len(code) == 12:
        row["MaSo"] = ("099", "000", "097")[salt % 3] + code[3:]
    else:
        row["MaSo"] = f"{code[:9]}{(int(code[9]) + 1 + salt % 9) % 10}{code[10:]}"


def _code(entity_type: str, code: str, parent: str | None = None) -> Spoiler:
    """A spoiler that makes the entity one of a type, with this code and parent."""

    def spoil(row: Row, _salt: int, _reference: Reference) -> None:
        row["LoaiHinh"], row["MaSo"], row["MaSoChuQuan"] = entity_type, code, parent

    return spoil


def _wrong_parent(row: Row, salt: int, _reference: Reference) -> None:
    row["LoaiHinh"], row["MaSo"] = "CN", _BRANCH
    row["MaSoChuQuan"] = ("4300000001", "430010", "0100109107")[salt % 3]


def _legacy_name(row: Row, salt: int, _reference: Reference) -> None:
    row["Ten"] = to_tcvn3(_NAMES_FOR_TCVN3[salt % len(_NAMES_FOR_TCVN3)])


def _decomposed_name(row: Row, salt: int, _reference: Reference) -> None:
    row["Ten"] = unicodedata.normalize("NFD", _NAMES_FOR_TCVN3[salt % len(_NAMES_FOR_TCVN3)])


def _retired_commune(row: Row, salt: int, reference: Reference) -> None:
    codes = reference.retired_commune_codes
    row["MaXa"] = codes[salt % len(codes)]


def _registered_later(row: Row, salt: int, _reference: Reference) -> None:
    row["NgayCap"] = f"{1 + salt % 28:02d}/01/2049"


def _dissolved_but_active(row: Row, _salt: int, _reference: Reference) -> None:
    row["LoaiThayDoi"], row["TinhTrang"] = "GT", "00"


ENTERPRISE_DEFECTS = (
    DefectKind("event_code_missing", ("event_code_present",), 0.001, blank("SoHoSo"), correctable=False),
    DefectKind("event_exact_copy", (), 0.002, severity="none", correctable=False, repeat="exact"),
    DefectKind("event_contradicting_copy", ("enterprise_event_unique",), 0.0015, correctable=False,
               repeat="conflict"),
    DefectKind("enterprise_code_missing", ("enterprise_code_present",), 0.001, blank("MaSo")),
    DefectKind("enterprise_code_checksum", ("enterprise_code_valid",), 0.002, _wrong_number),
    DefectKind("entity_type_missing", ("entity_type_present",), 0.001, blank("LoaiHinh")),
    DefectKind("entity_type_unknown", ("entity_type_known",), 0.001, put("LoaiHinh", "DNNN", "5", "HTX?")),
    DefectKind("enterprise_name_missing", ("enterprise_name_present",), 0.001, blank("Ten")),
    DefectKind("enterprise_name_in_tcvn3", ("enterprise_name_encoding",), 0.0015, _legacy_name),
    DefectKind("enterprise_name_not_composed", ("enterprise_name_nfc",), 0.0015, _decomposed_name,
               severity="warning"),
    DefectKind("branch_without_parent", ("branch_has_parent",), 0.001, _code("CN", _BRANCH)),
    DefectKind("parent_code_invalid", ("parent_code_valid",), 0.001, _wrong_parent),
    DefectKind("enterprise_with_code_of_branch", ("enterprise_code_of_enterprise",), 0.001,
               _code("DN", _BRANCH)),
    DefectKind("branch_with_code_of_enterprise", ("enterprise_code_of_branch",), 0.001,
               _code("CN", _PARENT, _PARENT)),
    DefectKind("household_with_code_of_enterprise", ("enterprise_code_of_person",), 0.0015,
               _code("HKD", _PARENT)),
    DefectKind("sector_of_no_division", ("sector_code_known",), 0.0015,
               put("MaNganh", "04110", "3400", "45200")),
    DefectKind("sector_malformed", ("sector_code_format",), 0.0015, put("MaNganh", "G47", "4711a", "bán lẻ")),
    DefectKind("sector_version_unknown", ("sector_version_known",), 0.001, put("PhienBanNganh", "2007", "4")),
    DefectKind("sector_of_old_version", ("sector_version_in_force",), 0.004, put("PhienBanNganh", "2018"),
               severity="warning"),
    DefectKind("enterprise_commune_missing", ("enterprise_commune_present",), 0.001, blank("MaXa")),
    DefectKind("enterprise_commune_before_merger", ("enterprise_commune_valid",), 0.002, _retired_commune),
    DefectKind("registered_date_missing", ("registered_on_present",), 0.001, blank("NgayCap")),
    DefectKind("registered_on_impossible_date", ("registered_on_readable",), 0.001,
               put("NgayCap", "31/02/2019", "2019-05-06", "00/00/2020")),
    DefectKind("registered_after_event", ("effective_not_before_registered",), 0.0015, _registered_later),
    DefectKind("effective_date_missing", ("effective_on_present",), 0.001, blank("NgayHieuLuc")),
    DefectKind("effective_on_impossible_date", ("effective_on_readable",), 0.001,
               put("NgayHieuLuc", "30/02/2026", "2026-05-06")),
    DefectKind("capital_in_words", ("capital_readable",), 0.001, put("VonDieuLe", "2 tỷ", "chưa góp đủ")),
    DefectKind("capital_negative", ("capital_not_negative",), 0.001, put("VonDieuLe", "-1.000.000", "-5")),
    DefectKind("enterprise_status_missing", ("enterprise_status_present",), 0.001, blank("TinhTrang")),
    DefectKind("enterprise_status_unknown", ("enterprise_status_known",), 0.0015,
               put("TinhTrang", "99", "HĐ", "2")),
    DefectKind("event_type_missing", ("event_type_present",), 0.001, blank("LoaiThayDoi")),
    DefectKind("event_type_unknown", ("event_type_known",), 0.001, put("LoaiThayDoi", "XX", "ĐK")),
    DefectKind("dissolved_but_active", ("dissolution_closes",), 0.0015, _dissolved_but_active),
    DefectKind("event_number_missing", ("event_number_present",), 0.001, blank("LanThayDoi")),
    DefectKind("event_number_in_words", ("event_number_readable",), 0.001,
               put("LanThayDoi", "lần đầu", "thứ hai")),
    DefectKind("registrar_missing", ("registrar_present",), 0.001, blank("CoQuanDangKy")),
    DefectKind("registrar_unknown", ("registrar_known",), 0.001,
               put("CoQuanDangKy", "000.00.99.H99", "000.99.60.H48")),
    DefectKind("enterprise_update_missing", ("enterprise_updated_present",), 0.001, blank("NgayCapNhat")),
    DefectKind("representative_name_damaged", ("representative_name_encoding",), 0.001,
               put("NguoiDaiDien", *DAMAGED_NAMES), severity="warning"),
)  # fmt: skip
