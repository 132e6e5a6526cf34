"""What goes wrong in the communes' forms: in a line, in the head of a form, or with the whole file.

In:  rows as they stand in a form; a value may be a `Formula` that nobody calculated or a `CellError`.
Out: `KINDS`, the defects of rows, and `FILE_KINDS`, the reasons why a file is refused.
"""

from dataclasses import dataclass

from kho.sandbox.defects import DAMAGED_TEXTS, DefectKind, Row, put
from kho.sandbox.reference import Reference


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula saved without its value."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class CellError:
    """The error that a formula gives."""

    text: str

    def __str__(self) -> str:
        return self.text


def _negative(row: Row, salt: int, _reference: Reference) -> None:
    row["month"] = -1 - salt % 40


def _above_hundred(row: Row, salt: int, _reference: Reference) -> None:
    row["month"] = 100.5 + salt % 80


def _below_month(row: Row, _salt: int, _reference: Reference) -> None:
    row["year"] = row["month"] / 2


def _retired_commune(row: Row, _salt: int, reference: Reference) -> None:
    row["commune_code"] = reference.retired_commune_codes[reference.commune_codes.index(row["commune_code"])]


def _thirteenth_month(row: Row, _salt: int, _reference: Reference) -> None:
    row["period_code"] = f"{row['period_code'][:4]}-M13"


_UNREADABLE = ("month_value_readable", "plan_value_readable", "year_value_readable")

LINE_KINDS = (
    DefectKind("form_line_copied", (), 0.002, severity="none", correctable=False, repeat="exact"),
    DefectKind("form_line_twice", ("form_line_unique",), 0.0015, correctable=False, repeat="conflict"),
    DefectKind("form_line_code_missing", ("line_code_present",), 0.0015, put("line_code", None, ""),
               correctable=False),
    DefectKind("form_line_code_unknown", ("line_code_known",), 0.0015, put("line_code", "NS99", "DS 1"),
               correctable=False),
    DefectKind("form_unit_unknown", ("line_unit_known", *_UNREADABLE), 0.0015,
               put("unit_name", "gùi", "mẫu")),
    DefectKind("form_month_blank", ("month_value_present",), 0.002, put("month", None, "")),
    DefectKind("form_month_in_words", ("month_value_readable",), 0.002,
               put("month", "khoảng 500", "1.234.5", "đang tổng hợp", "12 thôn")),
    DefectKind("form_month_not_calculated", ("month_value_readable",), 0.0015,
               put("month", Formula("=SUM(F9:F12)"), Formula("=E20/12"))),
    DefectKind("form_month_error", ("month_value_readable",), 0.0015,
               put("month", CellError("#REF!"), CellError("#DIV/0!"))),
    DefectKind("form_month_negative", ("month_value_not_negative",), 0.002, _negative),
    DefectKind("form_share_above_hundred", ("month_share_in_range",), 0.002, _above_hundred),
    DefectKind("form_month_not_yet_known", ("month_value_reported",), 0.003,
               put("month", "…", "chưa có", "không rõ"), severity="warning"),
    DefectKind("form_year_in_words", ("year_value_readable",), 0.0015, put("year", "tăng 5", "~ 1.000")),
    DefectKind("form_plan_in_words", ("plan_value_readable",), 0.0015, put("plan", "theo NQ", "1,5.000")),
    DefectKind("form_year_below_month", ("year_not_below_month",), 0.002, _below_month),
    DefectKind("form_line_name_damaged", ("line_name_encoding",), 0.0015, put("line_name", *DAMAGED_TEXTS),
               severity="warning"),
    DefectKind("form_note_damaged", ("form_note_encoding",), 0.0015, put("note", *DAMAGED_TEXTS),
               severity="warning"),
)  # fmt: skip

HEAD_KINDS = (
    DefectKind("form_agency_unknown", ("form_agency_known",), 0.004,
               put("agency_code", "000.99.60.H48", "H48.60")),
    DefectKind("form_commune_before_merger", ("form_commune_valid",), 0.0, _retired_commune,
               correctable=False),
    DefectKind("form_thirteenth_month", ("form_period_format",), 0.0, _thirteenth_month, correctable=False),
    DefectKind("form_period_end_missing", ("form_period_end_present",), 0.004, put("period_end", None)),
    DefectKind("form_period_end_in_words", ("form_period_end_readable",), 0.004,
               put("period_end", "hết tháng", "31/9")),
    DefectKind("form_sent_early", ("form_not_sent_before_period_end",), 0.004, severity="warning",
               correctable=False),
)  # fmt: skip

KINDS = (*LINE_KINDS, *HEAD_KINDS)

FILE_KINDS = ("macro", "encrypted", "no_table", "contradiction", "external_link")
"""Reasons, as the pipeline calls them, why the file of a form is refused."""
