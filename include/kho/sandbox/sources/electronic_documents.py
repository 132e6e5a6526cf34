"""The document axis: what agencies send each other, served behind an X-Road gateway page after page."""

from typing import Any

import numpy as np

from kho.sandbox.clocks import DAY, date_of, moment_of
from kho.sandbox.cohorts import Daily
from kho.sandbox.defects import DAMAGED_TEXTS, DefectKind, Row, blank, put
from kho.sandbox.records import Batch, Columns, Draw, RecordSet
from kho.sandbox.reference import Reference
from kho.sandbox.services import Asked, CursorPages, Envelope, ListService, Reason, Span
from kho.sandbox.source import Source
from kho.sandbox.views import Page

_KEY = ("maVanBan", "maDonViNhan")
_SENT, _TAKEN, _DONE = "01", "03", "06"
_TYPES = ("CV", "BC", "TB", "KH", "QD", "TTr", "GM")
_SUBJECTS = (
    "V/v báo cáo tình hình giải quyết thủ tục hành chính",
    "V/v cung cấp số liệu phục vụ chỉ đạo, điều hành",
    "V/v góp ý dự thảo kế hoạch chuyển đổi số",
    "V/v triển khai nhiệm vụ phát triển kinh tế - xã hội",
    "V/v rà soát danh mục dữ liệu dùng chung",
)
_IMPOSSIBLE = ("2026-02-30T08:00:00", "2026-11-31T14:30:00", "chiều nay")


def _malformed(row: Row, _salt: int, _reference: Reference) -> None:
    row["maVanBan"] = row["maVanBan"].replace(".", "/")


def _other_receiver(row: Row, _salt: int, _reference: Reference) -> None:
    row["maDonViNhan"] = row["maDonViNhan"].replace(".H48", ".H99")


def _other_sender(row: Row, _salt: int, _reference: Reference) -> None:
    row["maDonViGui"] = row["maDonViGui"].replace(".H48", ".H99")


def _received_before_sent(row: Row, salt: int, _reference: Reference) -> None:
    sent = np.datetime64(row["thoiDiemGui"])
    row["thoiDiemNhan"] = str(sent - np.timedelta64(1 + salt % 5, "D"))
    row["trangThai"] = _TAKEN


def _received_impossible(row: Row, salt: int, _reference: Reference) -> None:
    row["thoiDiemNhan"] = _IMPOSSIBLE[salt % len(_IMPOSSIBLE)]
    row["trangThai"] = _TAKEN


def _done_without_receipt(row: Row, _salt: int, _reference: Reference) -> None:
    row["thoiDiemNhan"] = None
    row["trangThai"] = _DONE


KINDS = (
    DefectKind("document_exact_copy", (), 0.002, severity="none", correctable=False, repeat="exact"),
    DefectKind("document_contradicting_copy", ("document_unique",), 0.002, correctable=False,
               repeat="conflict"),
    DefectKind("document_code_missing", ("document_code_present",), 0.002, blank("maVanBan"),
               correctable=False),
    DefectKind("document_code_malformed", ("document_code_wellformed",), 0.002, _malformed,
               correctable=False),
    DefectKind("document_receiver_missing", ("receiver_present",), 0.002, blank("maDonViNhan"),
               correctable=False),
    DefectKind("document_receiver_unknown", ("receiver_known",), 0.003, _other_receiver, correctable=False),
    DefectKind("document_sender_missing", ("sender_present",), 0.002, blank("maDonViGui")),
    DefectKind("document_sender_unknown", ("sender_known",), 0.002, _other_sender),
    DefectKind("document_type_unknown", ("document_type_known",), 0.002,
               put("loaiVanBan", "CVAN", "9", "KHAC")),
    DefectKind("document_subject_missing", ("subject_present",), 0.003, blank("trichYeu"),
               severity="warning"),
    DefectKind("document_issue_missing", ("issued_on_present",), 0.002, blank("ngayBanHanh")),
    DefectKind("document_issue_impossible", ("issued_on_readable",), 0.002,
               put("ngayBanHanh", "31/02/2026", "30/02/2026", "tháng 11")),
    DefectKind("document_sending_missing", ("sent_at_present",), 0.002, blank("thoiDiemGui")),
    DefectKind("document_sending_impossible", ("sent_at_readable",), 0.002,
               put("thoiDiemGui", *_IMPOSSIBLE)),
    DefectKind("document_receipt_impossible", ("received_at_readable",), 0.002, _received_impossible),
    DefectKind("document_received_before_sent", ("received_not_before_sent",), 0.002,
               _received_before_sent),
    DefectKind("document_done_without_receipt", ("received_when_taken",), 0.003, _done_without_receipt,
               severity="warning"),
    DefectKind("document_status_missing", ("document_status_present",), 0.002, blank("trangThai")),
    DefectKind("document_status_unknown", ("document_status_known",), 0.002, put("trangThai", "99", "X")),
    DefectKind("document_update_missing", ("document_updated_present",), 0.002, blank("capNhatLuc")),
    DefectKind("document_subject_damaged", ("subject_encoding",), 0.002, put("trichYeu", *DAMAGED_TEXTS),
               severity="warning"),
)  # fmt: skip


def _draw(draw: Draw) -> Columns:
    agencies = len(draw.setup.reference.agencies)
    sender = draw.random.integers(0, agencies, draw.count)
    # Never to oneself.
    receiver = (sender + draw.random.integers(1, agencies, draw.count)) % agencies
    return {"sender": sender, "receiver": receiver}


def _write(batch: Batch) -> dict[str, list[Any]]:
    agencies = batch.setup.reference.agencies
    created, salts, versions = batch["created"], batch["salt"], batch.version.tolist()
    taken = [
        moment_of(instant + 600 + salt % 7_200).isoformat() if version else None
        for instant, salt, version in zip(created, salts, versions, strict=True)
    ]
    return {
        "maVanBan": [
            f"H48.{moment_of(instant).year}.{number:07d}"
            for instant, number in zip(created, batch.number.tolist(), strict=True)
        ],
        "soKyHieu": [f"{salt % 4_000 + 1}/{_TYPES[salt % len(_TYPES)]}-UBND" for salt in salts],
        "loaiVanBan": [_TYPES[salt % len(_TYPES)] for salt in salts],
        "trichYeu": [_SUBJECTS[salt % len(_SUBJECTS)] for salt in salts],
        "maDonViGui": [agencies[position].code for position in batch["sender"]],
        "maDonViNhan": [agencies[position].code for position in batch["receiver"]],
        "ngayBanHanh": [
            f"{date_of(instant // DAY - salt % 3):%d/%m/%Y}"
            for instant, salt in zip(created, salts, strict=True)
        ],
        "thoiDiemGui": [moment_of(instant).isoformat() for instant in created],
        "thoiDiemNhan": taken,
        "trangThai": [(_SENT, _TAKEN, _DONE)[min(version, 2)] for version in versions],
        "capNhatLuc": [moment_of(instant).isoformat() for instant in batch.updated.tolist()],
    }


def _contradict(row: Row) -> None:
    row["soKyHieu"] = "0/CV-NHAP"


PAGES = CursorPages("conTro", "kichThuoc", max_limit=2000)


def _answer(page: Page, asked: Asked) -> Envelope:
    if page.total == 0:
        return {"responseCode": "04", "responseDesc": "Không có văn bản"}
    return {
        "responseCode": "00",
        "responseDesc": "Thành công",
        "total": page.total,
        "conTroTiep": CursorPages.following(page, asked),
        "danhSach": page.rows,
    }


def _refuse(_reason: Reason, message: str) -> Envelope:
    return {"responseCode": "11", "responseDesc": message}


SOURCE = Source(
    dataset="electronic_documents",
    key=_KEY,
    kinds=KINDS,
    populate=RecordSet(
        name="electronic_documents",
        kinds=KINDS,
        cohorts=Daily(rows=20_000, history_days=60),
        draw=_draw,
        write=_write,
        key=_KEY,
        agency="maDonViGui",
        changes=(0.9, 0.8),
        change_after=(1, 6),
        contradict=_contradict,
    ).populate,
    served=ListService(
        path="/r1/VN/GOV/H48/TRUCVANBAN/tracuu/v1/danhSachVanBan",
        span=Span("tuNgay", "denNgay", "%Y%m%d", max_days=7),
        pages=PAGES,
        answer=_answer,
        refuse=_refuse,
        access="x_road",
    ),
)
