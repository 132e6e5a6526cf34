"""The indicator feed on cashless payments: transactions by commune, month and channel."""

from typing import Any

import numpy as np

from kho.sandbox.clocks import date_of, moment_of
from kho.sandbox.cohorts import Monthly
from kho.sandbox.defects import DefectKind, Row, blank, put
from kho.sandbox.records import Batch, Columns, Draw, RecordSet
from kho.sandbox.reference import Reference
from kho.sandbox.services import Envelope, ListService, OffsetPages, Reason, Span
from kho.sandbox.source import Setup, Source
from kho.sandbox.texts import vietnamese_count, vietnamese_number
from kho.sandbox.views import Page

_CHANNELS = ("QR", "POS", "IB", "VDT")
_KEY = ("ma_xa", "thang", "kenh")
_WORDS = ("trên 500", "khoảng 1 tỷ", "đang tổng hợp")


def _retired_commune(row: Row, _salt: int, reference: Reference) -> None:
    # One for each of today's, so that what is distinct stays distinct.
    row["ma_xa"] = reference.retired_commune_codes[reference.commune_codes.index(row["ma_xa"])]


def _month_in_words(row: Row, salt: int, _reference: Reference) -> None:
    month, year = row["thang"].split("/")
    row["thang"] = (f"Tháng {int(month)}", f"{month}-{year}", f"{month}/{year} (bổ sung)")[salt % 3]


def _other_channel(row: Row, salt: int, _reference: Reference) -> None:
    row["kenh"] += ("-CU", "2")[salt % 2]


def _swapped(row: Row, _salt: int, _reference: Reference) -> None:
    row["so_giao_dich"], row["tong_giao_dich"] = row["tong_giao_dich"], row["so_giao_dich"]


def _halved_share(row: Row, _salt: int, _reference: Reference) -> None:
    row["ty_le"] = vietnamese_number(float(row["ty_le"].replace(",", ".")) / 2, 2)


def _lost_comma(row: Row, _salt: int, _reference: Reference) -> None:
    row["ty_le"] = vietnamese_number(100 + 100 * float(row["ty_le"].replace(",", ".")), 2)


KINDS = (
    DefectKind("payment_exact_copy", (), 0.002, severity="none", correctable=False, repeat="exact"),
    DefectKind("payment_contradicting_copy", ("payment_unique",), 0.002, correctable=False,
               repeat="conflict"),
    DefectKind("payment_commune_missing", ("payment_commune_present",), 0.002, blank("ma_xa"),
               correctable=False),
    DefectKind("payment_commune_before_merger", ("payment_commune_valid",), 0.002, _retired_commune,
               correctable=False),
    DefectKind("payment_month_missing", ("payment_month_present",), 0.002, blank("thang"),
               correctable=False),
    DefectKind("payment_month_in_words", ("payment_month_readable",), 0.002, _month_in_words,
               correctable=False),
    DefectKind("payment_channel_missing", ("payment_channel_present",), 0.002, blank("kenh"),
               correctable=False),
    DefectKind("payment_channel_unknown", ("payment_channel_known",), 0.002, _other_channel,
               correctable=False),
    DefectKind("payment_count_missing", ("transaction_count_present",), 0.002, blank("so_giao_dich")),
    DefectKind("payment_count_in_words", ("transaction_count_readable",), 0.002,
               put("so_giao_dich", *_WORDS)),
    DefectKind("payment_count_negative", ("share_matches_parts", "transaction_count_not_negative"), 0.002,
               put("so_giao_dich", "-1", "-250")),
    DefectKind("payment_whole_missing", ("total_count_present",), 0.002, blank("tong_giao_dich")),
    DefectKind("payment_whole_in_words", ("total_count_readable",), 0.002, put("tong_giao_dich", *_WORDS)),
    DefectKind("payment_parts_swapped", ("count_not_above_total", "share_matches_parts"), 0.003, _swapped),
    DefectKind("payment_share_not_of_its_parts", ("share_matches_parts",), 0.003, _halved_share),
    DefectKind("payment_value_missing", ("amount_present",), 0.002, blank("gia_tri_trieu_dong")),
    DefectKind("payment_value_in_words", ("amount_readable",), 0.002, put("gia_tri_trieu_dong", *_WORDS)),
    DefectKind("payment_value_negative", ("amount_not_negative",), 0.002,
               put("gia_tri_trieu_dong", "-12,50", "-1.200,00")),
    DefectKind("payment_share_in_words", ("share_readable",), 0.002, put("ty_le", "gần hết", "70 %")),
    DefectKind("payment_share_out_of_range", ("share_in_range", "share_matches_parts"), 0.003,
               _lost_comma),
    DefectKind("payment_time_missing", ("payment_updated_present",), 0.002, blank("thoi_diem")),
)  # fmt: skip


def _cells(setup: Setup) -> int:
    return len(setup.reference.commune_codes) * len(_CHANNELS)


def _draw(draw: Draw) -> Columns:
    total = 400 + (draw.random.lognormal(0.0, 0.6, draw.count) * 3_000).astype(int)
    share = np.tile([0.34, 0.12, 0.28, 0.09], draw.count // len(_CHANNELS))
    part = (total * share * (0.8 + 0.4 * draw.random.random(draw.count))).astype(int)
    worth = part * (0.2 + draw.random.random(draw.count))
    return {"cell": np.arange(draw.count), "total": total, "part": part, "worth": worth}


def _write(batch: Batch) -> dict[str, list[Any]]:
    communes = batch.setup.reference.commune_codes
    parts = [part + version for part, version in zip(batch["part"], batch.version.tolist(), strict=True)]
    totals = batch["total"]
    return {
        "ma_xa": [communes[cell // len(_CHANNELS)] for cell in batch["cell"]],
        "thang": [f"{date_of(day):%m/%Y}" for day in batch["day"]],
        "kenh": [_CHANNELS[cell % len(_CHANNELS)] for cell in batch["cell"]],
        "so_giao_dich": [vietnamese_count(part) for part in parts],
        "tong_giao_dich": [vietnamese_count(total) for total in totals],
        "gia_tri_trieu_dong": [vietnamese_number(worth, 2) for worth in batch["worth"]],
        "ty_le": [
            vietnamese_number(100 * part / total, 2) for part, total in zip(parts, totals, strict=True)
        ],
        "thoi_diem": [f"{moment_of(instant):%Y%m%d%H%M%S}" for instant in batch.updated.tolist()],
    }


def _contradict(row: Row) -> None:
    row["gia_tri_trieu_dong"] = "0,10"


def _answer(page: Page, _asked: Any) -> Envelope:
    """A number with the outcome, none where there is nothing."""
    if page.total == 0:
        return {"status": 201, "desc": "not found"}
    return {"status": 100, "desc": "success", "totalItems": str(page.total), "items": page.rows}


def _refuse(_reason: Reason, message: str) -> Envelope:
    return {"status": 302, "desc": message}


SOURCE = Source(
    dataset="cashless_payments",
    key=_KEY,
    kinds=KINDS,
    populate=RecordSet(
        name="cashless_payments",
        kinds=KINDS,
        cohorts=Monthly(_cells, history_months=6),
        draw=_draw,
        write=_write,
        key=_KEY,
        owner="000.00.02.H48",
        changes=(0.08, 0.2),
        contradict=_contradict,
    ).populate,
    served=ListService(
        path="/chiso/v1/thanhToanKhongDungTienMat",
        access="authorization_json",
        span=Span("tu_ngay", "den_ngay", "%d-%m-%Y", max_days=31),
        pages=OffsetPages("bat_dau", "so_dong", max_limit=2000),
        answer=_answer,
        refuse=_refuse,
    ),
)
