"""Defects of reported indicator values. Rows are items of `soLieuChiTieu`.

A spoiler that changes a part of the key keeps it unique: what is distinct stays distinct.
"""

from kho.sandbox.defects import DefectKind, Row, blank, put
from kho.sandbox.reference import Reference
from kho.sandbox.texts import vietnamese_number

_WORDS = ("khoảng 80", "trên 75", "gần một nửa", "đạt kế hoạch")


def _unknown_indicator(row: Row, _salt: int, _reference: Reference) -> None:
    row["maChiTieu"] = "CT-" + row["maChiTieu"].rpartition("-")[2]


def _retired_commune(row: Row, _salt: int, reference: Reference) -> None:
    position = reference.commune_codes.index(row["maDVHC"])
    row["maDVHC"] = reference.retired_commune_codes[position]


def _period_in_words(row: Row, salt: int, _reference: Reference) -> None:
    year, month = row["kyBaoCao"].split("-M")
    row["kyBaoCao"] = (f"T{int(month)}/{year}", f"{year}{month}", f"{year}-T{month}")[salt % 3]


def _shifted_point(row: Row, salt: int, _reference: Reference) -> None:
    value = float(row["giaTri"].replace(".", "").replace(",", "."))
    row["giaTri"] = vietnamese_number(-value - 1 if salt % 4 == 0 else 100 + 10 * value + 0.5, 2)


def _shifted_without_unit(row: Row, salt: int, reference: Reference) -> None:
    _shifted_point(row, salt, reference)
    row["donViTinh"] = None


def _halved(row: Row, _salt: int, _reference: Reference) -> None:
    row["giaTri"] = vietnamese_number(float(row["giaTri"].replace(",", ".")) / 2, 2)


def _swapped_parts(row: Row, _salt: int, _reference: Reference) -> None:
    row["tuSo"], row["mauSo"] = row["mauSo"], row["tuSo"]


REPORT_DEFECTS = (
    DefectKind("report_exact_copy", (), 0.002, severity="none", correctable=False, repeat="exact"),
    DefectKind("report_contradicting_copy", ("report_unique",), 0.0015, correctable=False,
               repeat="conflict"),
    DefectKind("reporter_unknown", ("reporter_known",), 0.0015,
               put("maDonVi", "000.00.99.H99", "000.99.60.H48"), correctable=False),
    DefectKind("indicator_unknown", ("indicator_known",), 0.0015, _unknown_indicator,
               correctable=False),
    DefectKind("report_commune_before_merger", ("report_commune_valid",), 0.0015, _retired_commune,
               correctable=False),
    DefectKind("period_malformed", ("period_format",), 0.0015, _period_in_words, correctable=False),
    DefectKind("value_missing", ("value_present",), 0.002, blank("giaTri")),
    DefectKind("value_in_words", ("value_readable",), 0.002, put("giaTri", *_WORDS)),
    DefectKind("percent_out_of_range", ("value_matches_parts", "value_possible"), 0.002, _shifted_point),
    DefectKind("value_impossible_without_unit", ("value_possible",), 0.002, _shifted_without_unit),
    DefectKind("value_not_of_its_parts", ("value_matches_parts",), 0.002, _halved),
    DefectKind("numerator_above_denominator", ("parts_not_above_whole", "value_matches_parts"), 0.002,
               _swapped_parts),
    DefectKind("sent_before_period_end", ("not_sent_before_period_end",), 0.0025,
               severity="warning"),
    DefectKind("submission_time_missing", ("submitted_at_present",), 0.0015, blank("thoiDiemGui")),
    DefectKind("period_end_in_words", ("report_dates_readable",), 0.0015,
               put("ngayCuoiKy", "cuối tháng 9", "31.9.2026")),
    DefectKind("denominator_in_words", ("parts_readable",), 0.002, put("mauSo", *_WORDS), severity="warning"),
)  # fmt: skip
