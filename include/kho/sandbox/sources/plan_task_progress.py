"""The reporting system: how far each agency is with each plan task, month by month."""

from functools import cache
from typing import Any

import numpy as np

from kho.sandbox.clocks import date_of, moment_of
from kho.sandbox.cohorts import Monthly
from kho.sandbox.defects import DAMAGED_TEXTS, DefectKind, Row, blank, put
from kho.sandbox.records import Batch, Columns, Draw, RecordSet
from kho.sandbox.reference import Reference, task_leads
from kho.sandbox.services import Envelope, ListService, NumberedPages, Reason, Span
from kho.sandbox.source import Setup, Source
from kho.sandbox.texts import vietnamese_number
from kho.sandbox.views import Page

_KEY = ("MA_NHIEM_VU", "MA_DON_VI", "KY_BAO_CAO")
_NOT_BEGUN, _UNDER_WAY, _DONE = "CTH", "DTH", "HT"
_HISTORY_MONTHS = 9
_NOTES = (
    "Đang lấy ý kiến các sở, ngành",
    "Đã trình UBND tỉnh dự thảo",
    "Đang triển khai theo kế hoạch",
    "Vướng mắc về kinh phí, đề nghị bổ sung",
)


def _period_in_words(row: Row, salt: int, _reference: Reference) -> None:
    month, year = row["KY_BAO_CAO"].split("/")
    row["KY_BAO_CAO"] = (f"Tháng {int(month)}", f"{year}.{month}", f"{month}/{year[2:]}?")[salt % 3]


def _other_plan(row: Row, salt: int, _reference: Reference) -> None:
    row["MA_NHIEM_VU"] = row["MA_NHIEM_VU"].replace("KH1534", ("KH1543", "1534")[salt % 2])


def _other_province(row: Row, _salt: int, _reference: Reference) -> None:
    row["MA_DON_VI"] = row["MA_DON_VI"].replace(".H48", ".H99")


def _unfinished_hundred(row: Row, _salt: int, _reference: Reference) -> None:
    row["TRANG_THAI"] = _DONE
    row["TY_LE"] = "65,0"


KINDS = (
    DefectKind("progress_exact_copy", (), 0.002, severity="none", correctable=False, repeat="exact"),
    DefectKind("progress_contradicting_copy", ("progress_unique",), 0.003, correctable=False,
               repeat="conflict"),
    DefectKind("progress_task_missing", ("task_code_present",), 0.003, blank("MA_NHIEM_VU"),
               correctable=False),
    DefectKind("progress_task_unknown", ("task_known",), 0.003,
               _other_plan, correctable=False),
    DefectKind("progress_agency_missing", ("progress_agency_present",), 0.003, blank("MA_DON_VI"),
               correctable=False),
    DefectKind("progress_agency_unknown", ("progress_agency_known",), 0.003,
               _other_province, correctable=False),
    DefectKind("progress_period_missing", ("progress_period_present",), 0.003, blank("KY_BAO_CAO"),
               correctable=False),
    DefectKind("progress_period_in_words", ("progress_period_readable",), 0.003, _period_in_words,
               correctable=False),
    DefectKind("percent_missing", ("percent_done_present",), 0.003, blank("TY_LE")),
    DefectKind("percent_in_words", ("percent_done_readable",), 0.003,
               put("TY_LE", "gần xong", "50 %", "một nửa")),
    DefectKind("percent_above_hundred", ("percent_done_in_range",), 0.003, put("TY_LE", "110,0", "450,0")),
    DefectKind("progress_status_missing", ("progress_status_present",), 0.003, blank("TRANG_THAI")),
    DefectKind("progress_status_unknown", ("progress_status_known",), 0.003,
               put("TRANG_THAI", "XONG", "9", "QH")),
    DefectKind("done_but_not_whole", ("done_means_hundred",), 0.004, _unfinished_hundred),
    DefectKind("expected_finish_impossible", ("expected_finish_readable",), 0.003,
               put("NGAY_DU_KIEN", "31/02/2027", "30/02/2027", "quý I/2027")),
    DefectKind("expected_finish_missing", ("expected_finish_when_open",), 0.005, blank("NGAY_DU_KIEN"),
               severity="warning"),
    DefectKind("progress_sent_missing", ("progress_sent_present",), 0.003, blank("NGAY_GUI")),
    DefectKind("progress_note_damaged", ("progress_note_encoding",), 0.003, put("NOI_DUNG", *DAMAGED_TEXTS),
               severity="warning"),
)  # fmt: skip


@cache
def _leads(reference: Reference) -> tuple[tuple[str, str], ...]:
    """(task, leading agency) of each report that is expected."""
    known = {agency.code for agency in reference.agencies}
    return tuple(pair for pair in task_leads() if pair[1] in known)


def _cells(setup: Setup) -> int:
    return len(_leads(setup.reference))


def _draw(draw: Draw) -> Columns:
    cell = np.arange(draw.count)
    pace = 3 + (cell * 29 + draw.setup.seed) % 14
    months = (draw.day - draw.setup.epoch) / 30.4 + _HISTORY_MONTHS
    tenths = (10 * pace * months + 30 * draw.random.random(draw.count)).astype(int)
    # What is to be asked about its expected finish is not finished.
    open_still = draw.has("expected_finish_missing", "expected_finish_impossible", "percent_in_words",
                          "percent_missing", "percent_above_hundred")  # fmt: skip
    tenths = np.where(open_still, np.minimum(tenths, 900), np.minimum(tenths, 1000))
    return {"cell": cell, "tenths": np.maximum(tenths, 0), "wait": draw.random.integers(30, 300, draw.count)}


def _write(batch: Batch) -> dict[str, list[Any]]:
    leads = _leads(batch.setup.reference)
    pairs = [leads[cell] for cell in batch["cell"]]
    tenths = [
        min(1000, number + 15 * version) if number < 900 else number
        for number, version in zip(batch["tenths"], batch.version.tolist(), strict=True)
    ]
    days = zip(batch["day"], batch["wait"], tenths, strict=True)
    return {
        "MA_NHIEM_VU": [task for task, _ in pairs],
        "MA_DON_VI": [agency for _, agency in pairs],
        "KY_BAO_CAO": [f"{date_of(day):%m/%Y}" for day in batch["day"]],
        "TY_LE": [vietnamese_number(number / 10, 1) for number in tenths],
        "TRANG_THAI": [_status(number) for number in tenths],
        "NOI_DUNG": [_NOTES[salt % len(_NOTES)] for salt in batch["salt"]],
        "NGAY_DU_KIEN": [
            f"{date_of(day + wait):%d/%m/%Y}" if number < 1000 else None for day, wait, number in days
        ],
        "NGAY_GUI": [f"{moment_of(instant):%d/%m/%Y %H:%M}" for instant in batch.updated.tolist()],
    }


def _status(tenths: int) -> str:
    if tenths == 0:
        return _NOT_BEGUN
    return _DONE if tenths == 1000 else _UNDER_WAY


def _contradict(row: Row) -> None:
    row["NOI_DUNG"] = "Báo cáo nhầm kỳ"


def _answer(page: Page, _asked: Any) -> Envelope:
    """The way of the older document systems: everything in capitals, totals as text."""
    return {
        "STATUS": "SUCCESS",
        "DESCRIPTION": "",
        "TOTALROW": str(page.total),
        "LISTCONTENT": page.rows,
    }


def _refuse(_reason: Reason, message: str) -> Envelope:
    return {"STATUS": "FAIL", "DESCRIPTION": message, "TOTALROW": "0", "LISTCONTENT": None}


SOURCE = Source(
    dataset="plan_task_progress",
    key=_KEY,
    kinds=KINDS,
    populate=RecordSet(
        name="plan_task_progress",
        kinds=KINDS,
        cohorts=Monthly(_cells, history_months=_HISTORY_MONTHS),
        draw=_draw,
        write=_write,
        key=_KEY,
        agency="MA_DON_VI",
        changes=(0.15,),
        contradict=_contradict,
    ).populate,
    served=ListService(
        path="/baocao/v1/tienDoNhiemVu",
        span=Span("TU_NGAY", "DEN_NGAY", "%d/%m/%Y", max_days=92),
        pages=NumberedPages("TRANG", "SO_DONG", max_limit=500),
        answer=_answer,
        refuse=_refuse,
    ),
)
