"""The shared catalogue of agencies, asked for whole, page by page."""

from typing import Any

from kho.sandbox.catalogues import Catalogue
from kho.sandbox.defects import DAMAGED_TEXTS, DefectKind, Row, blank, put
from kho.sandbox.reference import Reference, reference_rows
from kho.sandbox.services import Envelope, ListService, NumberedPages, Reason
from kho.sandbox.source import Setup, Source
from kho.sandbox.views import Page

_FIELDS = {
    "maDinhDanh": "agency_code",
    "tenCoQuan": "name_vi",
    "tenNgan": "short_name",
    "loaiCoQuan": "agency_type",
    "maCoQuanCapTren": "parent_agency_code",
    "maDVHC": "administrative_unit_code",
    "thuDienTu": "contact_email",
    "hieuLucTu": "valid_from",
    "hieuLucDen": "valid_to",
}
_KEY = ("maDinhDanh",)


def _malformed(row: Row, _salt: int, _reference: Reference) -> None:
    row["maDinhDanh"] = row["maDinhDanh"].replace(".", "_")


KINDS = (
    DefectKind("agency_exact_copy", (), 0, severity="none", correctable=False, repeat="exact"),
    DefectKind("agency_contradicting_copy", ("agencies_key_unique",), 0, correctable=False,
               repeat="conflict"),
    DefectKind("agency_code_missing", ("agency_code_filled",), 0, blank("maDinhDanh"), correctable=False),
    DefectKind("agency_code_malformed", ("agency_code_wellformed",), 0, _malformed, correctable=False),
    DefectKind("agency_name_missing", ("name_vi_filled",), 0, blank("tenCoQuan")),
    DefectKind("agency_type_missing", ("agency_type_filled",), 0, blank("loaiCoQuan")),
    DefectKind("agency_type_unknown", ("agency_type_known",), 0, put("loaiCoQuan", "so", "office")),
    DefectKind("agency_start_impossible", ("valid_from_readable",), 0,
               put("hieuLucTu", "2025-02-30", "01/07/2025?")),
    DefectKind("agency_end_impossible", ("valid_to_readable",), 0,
               put("hieuLucDen", "9999-12-31", "chưa rõ"), severity="warning"),
    DefectKind("agency_name_damaged", ("agency_name_encoding",), 0, put("tenCoQuan", *DAMAGED_TEXTS)),
)  # fmt: skip


def _entry(number: int) -> Row:
    """A unit that no other source knows."""
    return {
        "maDinhDanh": f"000.90.{number:02d}.H48",
        "tenCoQuan": f"Đơn vị sự nghiệp số {number + 1}",
        "tenNgan": f"ĐVSN {number + 1}",
        "loaiCoQuan": "department",
        "maCoQuanCapTren": "000.00.00.H48",
        "maDVHC": "51",
        "thuDienTu": None,
        "hieuLucTu": "2025-07-01",
        "hieuLucDen": None,
    }


def _contradict(row: Row) -> None:
    row["tenCoQuan"] += " (tên cũ)"


def _populate(setup: Setup) -> Catalogue:
    rows = [
        {field: row[name] or None for field, name in _FIELDS.items()} for row in reference_rows("agencies")
    ]
    return Catalogue(setup, KINDS, _KEY, "000.00.00.H48", rows, _entry, _contradict)


def _answer(page: Page, _asked: Any) -> Envelope:
    """The way of business registration: codes and counts as text."""
    return {
        "Status": "1",
        "Message": "Thành công",
        "DataCount": str(page.total),
        "Data": page.rows,
    }


def _refuse(_reason: Reason, message: str) -> Envelope:
    return {"Status": "-1", "Message": message, "DataCount": "0", "Data": []}


SOURCE = Source(
    dataset="agencies",
    key=_KEY,
    kinds=KINDS,
    populate=_populate,
    served=ListService(
        path="/danhmuc/v1/coQuan",
        span=None,
        pages=NumberedPages("trang", "kichThuoc", max_limit=500),
        answer=_answer,
        refuse=_refuse,
        access="access_token_header",
    ),
)
