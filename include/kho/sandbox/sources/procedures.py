"""The shared catalogue of administrative procedures, asked for whole, page by page."""

from typing import Any

from kho.sandbox.catalogues import Catalogue
from kho.sandbox.defects import DAMAGED_TEXTS, DefectKind, Row, blank, put
from kho.sandbox.reference import Reference, reference_rows
from kho.sandbox.services import Envelope, ListService, NumberedPages, Reason
from kho.sandbox.source import Setup, Source
from kho.sandbox.views import Page

_FIELDS = {
    "MATTHC": "procedure_code",
    "TENTTHC": "name_vi",
    "MALINHVUC": "sector_code",
    "TENLINHVUC": "sector_vi",
    "CAPTHUCHIEN": "level",
    "COQUANTHUCHIEN": "agency_code",
    "MUCDO": "online_level",
    "THOIHAN": "processing_working_days",
}
_KEY = ("MATTHC",)


def _short(row: Row, _salt: int, _reference: Reference) -> None:
    row["MATTHC"] = row["MATTHC"][:-1]


KINDS = (
    DefectKind("procedure_exact_copy", (), 0, severity="none", correctable=False, repeat="exact"),
    DefectKind("procedure_contradicting_copy", ("procedures_key_unique",), 0, correctable=False,
               repeat="conflict"),
    DefectKind("procedure_code_missing", ("procedure_code_filled",), 0, blank("MATTHC"), correctable=False),
    DefectKind("procedure_code_malformed", ("procedure_code_wellformed",), 0, _short, correctable=False),
    DefectKind("procedure_name_missing", ("name_vi_filled",), 0, blank("TENTTHC")),
    DefectKind("procedure_term_in_words", ("processing_working_days_readable",), 0,
               put("THOIHAN", "5 ngày", "trong ngày")),
    DefectKind("procedure_term_implausible", ("processing_days_plausible",), 0,
               put("THOIHAN", "1000", "-3")),
    DefectKind("procedure_name_in_catalogue_damaged", ("procedures_name_encoding",), 0,
               put("TENTTHC", *DAMAGED_TEXTS)),
)  # fmt: skip


def _entry(number: int) -> Row:
    """A procedure that nobody ever files."""
    return {
        "MATTHC": f"9.9900{number:02d}",
        "TENTTHC": f"Thủ tục nội bộ số {number + 1}",
        "MALINHVUC": "LV-NB",
        "TENLINHVUC": "Nội bộ",
        "CAPTHUCHIEN": "province",
        "COQUANTHUCHIEN": "000.00.01.H48",
        "MUCDO": "none",
        "THOIHAN": "10",
    }


def _contradict(row: Row) -> None:
    row["THOIHAN"] = "15"


def _populate(setup: Setup) -> Catalogue:
    rows = [
        {field: row[name] or None for field, name in _FIELDS.items()} for row in reference_rows("procedures")
    ]
    return Catalogue(setup, KINDS, _KEY, "000.00.00.H48", rows, _entry, _contradict)


def _answer(page: Page, _asked: Any) -> Envelope:
    return {"errorCode": 0, "errorMessage": "", "result": {"tongSo": page.total, "danhSach": page.rows}}


def _refuse(_reason: Reason, message: str) -> Envelope:
    return {"errorCode": 302, "errorMessage": message, "result": None}


SOURCE = Source(
    dataset="procedures",
    key=_KEY,
    kinds=KINDS,
    populate=_populate,
    served=ListService(
        path="/danhmuc/v1/thuTucHanhChinh",
        span=None,
        pages=NumberedPages("page", "size", max_limit=500, first=0),
        answer=_answer,
        refuse=_refuse,
        access="authorization_json",
    ),
)
