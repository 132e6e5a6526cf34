"""Defects of dossiers: each row rule of the suite is broken by at least one kind.

Rows are those of `danhSachHoSo`, before they become JSON.
"""

import unicodedata
from datetime import datetime, timedelta

from kho.conform.legacy_encoding import to_tcvn3
from kho.sandbox.defects import DAMAGED_TEXTS, DefectKind, Row, Spoiler, blank, put, retired_commune
from kho.sandbox.reference import Reference

_FORMAT = "%d/%m/%Y %H:%M:%S"
_DAYS_THAT_NEVER_COME = ("31/02", "30/02", "31/04", "31/06", "31/09", "31/11")
# Each has letters that only TCVN3 explains (¨, ¸, ¹, », ·), so that nobody can take it for a name.
_NAMES_FOR_TCVN3 = (
    "Nguyễn Văn Ánh", "Trần Văn Thắng", "Phạm Văn Hải", "Lê Văn Mạnh", "Huỳnh Văn Tài",
    "Võ Văn Toàn", "Đặng Văn Bảy", "Bùi Văn Đạt", "Đỗ Văn Hạnh", "Phan Văn Bằng",
)  # fmt: skip
_THREE_YEARS = timedelta(days=1096)


def _moment(row: Row, field: str) -> datetime:
    return datetime.strptime(row[field], _FORMAT)  # noqa: DTZ007 - the sources write local time


def _impossible_day(field: str) -> Spoiler:
    def spoil(row: Row, salt: int, _reference: Reference) -> None:
        day = _DAYS_THAT_NEVER_COME[salt % len(_DAYS_THAT_NEVER_COME)]
        row[field] = f"{day}{row[field][5:]}"

    return spoil


def _iso_received(row: Row, _salt: int, _reference: Reference) -> None:
    row["NgayTiepNhan"] = _moment(row, "NgayTiepNhan").isoformat()


def _slashes_in_code(row: Row, _salt: int, _reference: Reference) -> None:
    row["MaHoSo"] = row["MaHoSo"].replace("-", "/")


def _received_days_early(row: Row, salt: int, _reference: Reference) -> None:
    moved = _moment(row, "NgayTiepNhan") - timedelta(days=1 + salt % 3)
    row["NgayTiepNhan"] = moved.strftime(_FORMAT)


def _received_in_three_years(row: Row, _salt: int, _reference: Reference) -> None:
    moved = _moment(row, "NgayTiepNhan") + _THREE_YEARS
    agency, _, number = row["MaHoSo"].split("-")
    row["NgayTiepNhan"] = moved.strftime(_FORMAT)
    row["MaHoSo"] = f"{agency}-{moved:%y%m%d}-{number}"
    row["NgayHenTra"] = None


def _before_received(field: str) -> Spoiler:
    def spoil(row: Row, salt: int, _reference: Reference) -> None:
        moved = _moment(row, "NgayTiepNhan") - timedelta(days=1 + salt % 5, minutes=salt % 60)
        row[field] = moved.strftime(_FORMAT)

    return spoil


def _returned_before_finished(row: Row, salt: int, _reference: Reference) -> None:
    moved = _moment(row, "NgayKetThucXuLy") - timedelta(hours=1 + salt % 40)
    row["NgayTra"] = moved.strftime(_FORMAT)


def _foreign_province(row: Row, salt: int, _reference: Reference) -> None:
    row["SoDinhDanh"] = ("099", "000", "097")[salt % 3] + row["SoDinhDanh"][3:]


def _lost_digit(row: Row, _salt: int, _reference: Reference) -> None:
    row["SoDinhDanh"] = row["SoDinhDanh"][:-1]


def _wrong_check_digit(row: Row, salt: int, _reference: Reference) -> None:
    code = row["MaSoThue"]
    row["MaSoThue"] = f"{code[:9]}{(int(code[9]) + 1 + salt % 9) % 10}"


def _legacy_name(row: Row, salt: int, _reference: Reference) -> None:
    row["ChuHoSo"] = to_tcvn3(_NAMES_FOR_TCVN3[salt % len(_NAMES_FOR_TCVN3)])


def _decomposed_name(row: Row, salt: int, _reference: Reference) -> None:
    # Not every name of the highlands has a letter that can be decomposed.
    name = _NAMES_FOR_TCVN3[salt % len(_NAMES_FOR_TCVN3)]
    row["ChuHoSo"] = unicodedata.normalize("NFD", name)


def _negative_fee(row: Row, salt: int, _reference: Reference) -> None:
    amount = (20_000, 50_000, 8_000, 120_000)[salt % 4]
    row["DanhSachLePhi"] = [{"TenLePhi": "Hoàn lệ phí", "SoTien": f"-{amount}", "DaThu": "1"}]


def _fee_in_words(row: Row, salt: int, _reference: Reference) -> None:
    amount = ("miễn phí", "20 nghìn", "không thu")[salt % 3]
    row["DanhSachLePhi"] = [{"TenLePhi": "Lệ phí", "SoTien": amount, "DaThu": "0"}]


DOSSIER_DEFECTS = (
    # The key is the defect, so a corrected record would be another one.
    DefectKind("dossier_code_missing", ("dossier_code_present",), 0.0005, blank("MaHoSo"),
               correctable=False, stage="frozen"),
    DefectKind("dossier_code_malformed", ("dossier_code_format",), 0.001, _slashes_in_code,
               correctable=False),
    DefectKind("dossier_exact_copy", (), 0.002, severity="none", correctable=False, repeat="exact"),
    DefectKind("dossier_contradicting_copy", ("dossier_code_unique",), 0.001, correctable=False,
               repeat="conflict"),
    DefectKind("received_date_not_in_code", ("dossier_date_matches",), 0.001, _received_days_early),
    DefectKind("received_date_missing", ("received_at_present",), 0.0008, blank("NgayTiepNhan")),
    DefectKind("received_on_impossible_day", ("received_at_readable",), 0.0008,
               _impossible_day("NgayTiepNhan")),
    DefectKind("received_date_in_other_format", ("received_at_readable",), 0.0006, _iso_received),
    DefectKind("due_on_impossible_day", ("due_at_readable",), 0.0008,
               _impossible_day("NgayHenTra")),
    DefectKind("finished_on_impossible_day", ("finished_at_readable",), 0.0008,
               _impossible_day("NgayKetThucXuLy"), stage="finished"),
    DefectKind("returned_on_impossible_day", ("returned_at_readable",), 0.0008,
               _impossible_day("NgayTra"), stage="returned"),
    DefectKind("updated_time_missing", ("updated_at_present",), 0.0006, blank("NgayCapNhat")),
    DefectKind("received_in_future", ("received_not_in_future",), 0.0006, _received_in_three_years,
               correctable=False, stage="open"),
    DefectKind("due_before_received", ("due_not_before_received",), 0.001,
               _before_received("NgayHenTra")),
    DefectKind("finished_before_received", ("finished_not_before_received",), 0.001,
               _before_received("NgayKetThucXuLy"), stage="finished"),
    DefectKind("processed_without_finish_date", ("finished_when_processed",), 0.0015,
               blank("NgayKetThucXuLy"), stage="finished"),
    DefectKind("processed_without_due_date", ("due_when_processed",), 0.0015, blank("NgayHenTra"),
               severity="warning", stage="finished"),
    DefectKind("returned_before_finished", ("returned_not_before_finished",), 0.001,
               _returned_before_finished, stage="returned"),
    DefectKind("status_outside_code_list", ("status_code_known",), 0.001,
               put("TrangThaiHoSo", "99", "11", "0", "DXL")),
    DefectKind("status_missing", ("status_code_present",), 0.0008, blank("TrangThaiHoSo")),
    DefectKind("channel_outside_code_list", ("channel_code_known",), 0.001,
               put("KenhThucHien", "8", "4", "TT")),
    DefectKind("agency_missing", ("agency_code_present",), 0.0006, blank("DonViXuLy")),
    DefectKind("agency_malformed", ("agency_code_format", "agency_code_known"), 0.0008,
               put("DonViXuLy", "H48_02", "00.00.02.H48", "UBND-XA")),
    DefectKind("agency_unknown", ("agency_code_known",), 0.0008,
               put("DonViXuLy", "000.00.99.H99", "000.99.60.H48")),
    DefectKind("procedure_unknown", ("procedure_code_known",), 0.0015,
               put("MaTTHC", "9.999999", "2.999001"), severity="warning"),
    DefectKind("procedure_malformed", ("procedure_code_format", "procedure_code_known"), 0.001,
               put("MaTTHC", "1.00419", "1-004194", "KHAI-SINH"), severity="warning"),
    DefectKind("citizen_id_of_no_province", ("citizen_id_valid",), 0.0012, _foreign_province,
               applicant="citizen"),
    DefectKind("citizen_id_lost_digit", ("citizen_id_valid",), 0.0008, _lost_digit,
               applicant="citizen"),
    DefectKind("tax_code_checksum", ("tax_code_valid",), 0.001, _wrong_check_digit,
               applicant="enterprise"),
    DefectKind("name_in_tcvn3", ("applicant_name_encoding",), 0.001, _legacy_name,
               applicant="citizen"),
    DefectKind("name_not_composed", ("applicant_name_nfc",), 0.0015, _decomposed_name,
               severity="warning", applicant="citizen"),
    DefectKind("commune_before_merger", ("commune_valid_on_date",), 0.0015, retired_commune("MaDVHC")),
    DefectKind("commune_unknown", ("commune_valid_on_date",), 0.0006,
               put("MaDVHC", "99999", "00000")),
    DefectKind("fee_negative", ("fee_not_negative",), 0.0008, _negative_fee),
    DefectKind("fee_in_words", ("dossier_parts_readable",), 0.0006, _fee_in_words, severity="warning"),
    DefectKind("procedure_name_damaged", ("procedure_name_encoding",), 0.0008, put("TenTTHC", *DAMAGED_TEXTS),
               severity="warning"),
)  # fmt: skip
