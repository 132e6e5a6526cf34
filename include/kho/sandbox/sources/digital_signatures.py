"""The indicator feed on digital signatures: how many each agency needs, was issued and uses, by month."""

from typing import Any

import numpy as np

from kho.sandbox.clocks import date_of, moment_of
from kho.sandbox.cohorts import Monthly
from kho.sandbox.defects import DefectKind, Row, blank, put, retired_commune
from kho.sandbox.records import Batch, Columns, Draw, RecordSet
from kho.sandbox.reference import Reference
from kho.sandbox.services import Envelope, ListService, NumberedPages, Reason, Span
from kho.sandbox.source import Setup, Source
from kho.sandbox.texts import vietnamese_count
from kho.sandbox.views import Page

_WORDS = ("khoảng 20", "đã cấp đủ", "chưa rõ")


def _more_used_than_issued(row: Row, salt: int, _reference: Reference) -> None:
    row["soDangHoatDong"] = vietnamese_count(_number(row["soDaCap"]) + 1 + salt % 9)


def _more_issued_than_needed(row: Row, salt: int, _reference: Reference) -> None:
    row["soPhaiCap"] = vietnamese_count(_number(row["soDaCap"]) - 1 - salt % 2)


def _other_province(row: Row, _salt: int, _reference: Reference) -> None:
    row["maDonVi"] = row["maDonVi"].replace(".H48", ".H99")


def _period_in_words(row: Row, salt: int, _reference: Reference) -> None:
    year, month = row["kyThongKe"][:4], row["kyThongKe"][4:]
    row["kyThongKe"] = (f"tháng {month}", f"{month}/{year}", f"T{month}")[salt % 3]


KINDS = (
    DefectKind("signature_exact_copy", (), 0.002, severity="none", correctable=False, repeat="exact"),
    DefectKind("signature_contradicting_copy", ("signature_unique",), 0.002, correctable=False,
               repeat="conflict"),
    DefectKind("signature_agency_missing", ("signature_agency_present",), 0.002, blank("maDonVi"),
               correctable=False),
    DefectKind("signature_agency_unknown", ("signature_agency_known",), 0.002,
               _other_province, correctable=False),
    DefectKind("signature_commune_before_merger", ("signature_commune_valid",), 0.002,
               retired_commune("maDVHC")),
    DefectKind("signature_period_missing", ("signature_period_present",), 0.002, blank("kyThongKe"),
               correctable=False),
    DefectKind("signature_period_in_words", ("signature_period_readable",), 0.002, _period_in_words,
               correctable=False),
    DefectKind("signature_staff_missing", ("staff_count_present",), 0.002, blank("soPhaiCap")),
    DefectKind("signature_staff_in_words", ("staff_count_readable",), 0.002, put("soPhaiCap", *_WORDS)),
    DefectKind("signatures_issued_missing", ("issued_count_present",), 0.002, blank("soDaCap")),
    DefectKind("signatures_issued_in_words", ("issued_count_readable",), 0.002, put("soDaCap", *_WORDS)),
    DefectKind("signatures_active_missing", ("active_count_present",), 0.002, blank("soDangHoatDong")),
    DefectKind("signatures_active_in_words", ("active_count_readable",), 0.002,
               put("soDangHoatDong", *_WORDS)),
    DefectKind("signatures_active_negative", ("active_count_not_negative",), 0.002,
               put("soDangHoatDong", "-3", "-12")),
    DefectKind("signatures_active_above_issued", ("active_not_above_issued",), 0.003,
               _more_used_than_issued),
    DefectKind("signatures_issued_above_staff", ("issued_not_above_staff",), 0.003,
               _more_issued_than_needed, severity="warning"),
    DefectKind("signature_update_missing", ("signature_updated_present",), 0.002, blank("capNhatLuc")),
)  # fmt: skip


def _number(text: str) -> int:
    return int(text.replace(".", ""))


def _cells(setup: Setup) -> int:
    return len(setup.reference.agencies)


def _draw(draw: Draw) -> Columns:
    agency = np.arange(draw.count)
    staff = 12 + (agency * 37 + draw.setup.seed) % 90
    staff = np.where(agency % 23 == 0, staff + 1_100, staff)
    grows = 0.55 + 0.35 * draw.random.random(draw.count)
    return {"agency": agency, "staff": staff, "issued": (staff * grows).astype(int) - 2}


def _write(batch: Batch) -> dict[str, list[Any]]:
    agencies = [batch.setup.reference.agencies[position] for position in batch["agency"]]
    issued = [
        number + version for number, version in zip(batch["issued"], batch.version.tolist(), strict=True)
    ]
    return {
        "maDonVi": [agency.code for agency in agencies],
        "maDVHC": [agency.commune_code for agency in agencies],
        "kyThongKe": [f"{date_of(day):%Y%m}" for day in batch["day"]],
        "soPhaiCap": [vietnamese_count(number) for number in batch["staff"]],
        "soDaCap": [vietnamese_count(number) for number in issued],
        "soDangHoatDong": [vietnamese_count(number * 9 // 10) for number in issued],
        "capNhatLuc": [moment_of(instant).isoformat() for instant in batch.updated.tolist()],
    }


def _contradict(row: Row) -> None:
    row["soDangHoatDong"] = "1"


def _answer(page: Page, _asked: Any) -> Envelope:
    return {"error_code": 0, "message": None, "data": {"total": page.total, "rows": page.rows}}


def _refuse(_reason: Reason, message: str) -> Envelope:
    return {"error_code": 17, "message": message, "data": None}


SOURCE = Source(
    dataset="digital_signatures",
    key=("maDonVi", "kyThongKe"),
    kinds=KINDS,
    populate=RecordSet(
        name="digital_signatures",
        kinds=KINDS,
        cohorts=Monthly(_cells, history_months=6),
        draw=_draw,
        write=_write,
        key=("maDonVi", "kyThongKe"),
        agency="maDonVi",
        changes=(0.12,),
        contradict=_contradict,
    ).populate,
    served=ListService(
        path="/chiso/v1/chuKySo",
        access="access_token_header",
        span=Span("tuNgay", "denNgay", "%Y-%m-%d", max_days=31),
        pages=NumberedPages("page", "size", max_limit=1000),
        answer=_answer,
        refuse=_refuse,
    ),
)
