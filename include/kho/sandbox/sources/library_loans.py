"""Loans of the provincial library: a service that no contract describes, to try `kho dataset new` with."""

from typing import Any

import numpy as np

from kho.sandbox.clocks import date_of, moment_of
from kho.sandbox.cohorts import Monthly
from kho.sandbox.defects import DefectKind
from kho.sandbox.records import Batch, Columns, Draw, RecordSet
from kho.sandbox.services import Envelope, ListService, NumberedPages, Reason, Span
from kho.sandbox.source import Setup, Source
from kho.sandbox.views import Page

_STATES = ("DANG_MUON", "DA_TRA", "QUA_HAN")
_READERS = ("Nguyễn Văn An", "Trần Thị Bích", "Lê Minh Chi", "Phạm Quốc Dũng", "Đinh Thị Giang", "Y Hnhi")
_BOOKS = ("Lịch sử Quảng Ngãi", "Địa chí Kon Tum", "Sổ tay chuyển đổi số", "Luật Dữ liệu", "Truyện Kiều")

KINDS = (DefectKind("loan_exact_copy", (), 0.004, severity="none", correctable=False, repeat="exact"),)


def _cells(setup: Setup) -> int:
    return setup.scaled(2_000, 150)


def _draw(draw: Draw) -> Columns:
    return {
        "reader": draw.random.integers(0, len(_READERS), draw.count),
        "book": draw.random.integers(0, len(_BOOKS), draw.count),
        "agency": draw.random.integers(0, len(draw.setup.reference.agencies), draw.count),
        "fee": draw.random.integers(1, 60, draw.count) * 500,
        "ordinal": np.arange(draw.count),
    }


def _write(batch: Batch) -> dict[str, list[Any]]:
    agencies = [batch.setup.reference.agencies[position] for position in batch["agency"]]
    days = batch["day"]
    return {
        "maPhieu": [
            f"PM-{date_of(day):%Y%m}-{ordinal:05d}"
            for day, ordinal in zip(days, batch["ordinal"], strict=True)
        ],
        "hoTenBanDoc": [_READERS[position] for position in batch["reader"]],
        "soDienThoai": [f"09{salt % 10**8:08d}" for salt in batch["salt"]],
        "tenSach": [_BOOKS[position] for position in batch["book"]],
        "maDonVi": [agency.code for agency in agencies],
        "ngayMuon": [f"{date_of(created // 86400):%d/%m/%Y}" for created in batch["created"]],
        "soNgayMuon": [7 + salt % 14 for salt in batch["salt"]],
        "phiMuon": [f"{fee:,}".replace(",", ".") for fee in batch["fee"]],
        "trangThai": [_STATES[version % len(_STATES)] for version in batch.version.tolist()],
        "capNhatLuc": [f"{moment_of(instant):%Y%m%d%H%M%S}" for instant in batch.updated.tolist()],
    }


def _answer(page: Page, _asked: Any) -> Envelope:
    if not page.total:
        return {"status": 201, "message": "Không có dữ liệu", "data": None}
    return {"status": 1, "message": "Thành công", "data": {"total": page.total, "items": page.rows}}


def _refuse(_reason: Reason, message: str) -> Envelope:
    return {"status": 302, "message": message, "data": None}


SOURCE = Source(
    dataset="library_loans",
    key=("maPhieu",),
    kinds=KINDS,
    populate=RecordSet(
        name="library_loans",
        kinds=KINDS,
        cohorts=Monthly(_cells, history_months=4),
        draw=_draw,
        write=_write,
        key=("maPhieu",),
        agency="maDonVi",
        changes=(0.4, 0.3),
    ).populate,
    served=ListService(
        path="/thuvien/v1/phieuMuon",
        span=Span("tuNgay", "denNgay", "%d/%m/%Y", max_days=31),
        pages=NumberedPages("trang", "soDong", max_limit=1000),
        answer=_answer,
        refuse=_refuse,
    ),
    has_contract=False,
)
