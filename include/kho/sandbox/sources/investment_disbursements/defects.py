"""Defects of disbursement vouchers. Rows are those of `tabmis.giai_ngan`, with native values."""

from datetime import timedelta
from decimal import Decimal

from kho.sandbox.defects import DAMAGED_TEXTS, DefectKind, Row, null, put
from kho.sandbox.reference import Reference

_THREE_YEARS = timedelta(days=1096)


def _in_three_years(row: Row, _salt: int, _reference: Reference) -> None:
    row["ngay_chung_tu"] += _THREE_YEARS


def _negative(row: Row, _salt: int, _reference: Reference) -> None:
    row["so_tien"] = -row["so_tien"]


VOUCHER_DEFECTS = (
    DefectKind("voucher_code_missing", ("voucher_code_present",), 0.001, null("so_chung_tu"),
               correctable=False),
    DefectKind("voucher_exact_copy", (), 0.002, severity="none", correctable=False, repeat="exact"),
    DefectKind("voucher_contradicting_copy", ("voucher_unique",), 0.0015, correctable=False,
               repeat="conflict"),
    DefectKind("project_missing", ("project_present",), 0.001, null("ma_du_an")),
    DefectKind("project_unknown", ("project_known",), 0.0015,
               put("ma_du_an", "DA-KHONG-CO", "DTC57-99")),
    DefectKind("disbursing_agency_unknown", ("disbursing_agency_known",), 0.0015,
               put("ma_don_vi", "000.00.99.H99", "000.99.60.H48")),
    DefectKind("amount_missing", ("amount_present",), 0.001, null("so_tien")),
    DefectKind("amount_zero", ("amount_positive",), 0.001, put("so_tien", Decimal("0.00"))),
    DefectKind("amount_negative", ("amount_positive",), 0.0015, _negative),
    DefectKind("disbursed_in_future", ("disbursed_not_in_future",), 0.001, _in_three_years),
    DefectKind("disbursed_date_missing", ("disbursed_on_present",), 0.001, null("ngay_chung_tu")),
    DefectKind("fund_source_outside_code_list", ("fund_source_known",), 0.0015,
               put("nguon_von", "NSTW", "XHH?", "9")),
    DefectKind("budget_year_implausible", ("budget_year_plausible",), 0.001,
               put("nam_ngan_sach", 206, 2206, 26)),
    DefectKind("disbursement_note_damaged", ("disbursement_note_encoding",), 0.001,
               put("dien_giai", *DAMAGED_TEXTS), severity="warning"),
)  # fmt: skip
