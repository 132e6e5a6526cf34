"""The reporting system: indicator values, served by `soLieuChiTieu` page by page."""

from typing import Any

from kho.sandbox.services import Envelope, ListService, NumberedPages, Reason, Span
from kho.sandbox.source import Setup, Source
from kho.sandbox.sources.indicator_reports.defects import REPORT_DEFECTS
from kho.sandbox.sources.indicator_reports.population import KEY, ReportPopulation
from kho.sandbox.views import Page

_CODES: dict[Reason, str] = {"date": "01", "span": "02", "page": "03"}


def _populate(setup: Setup) -> ReportPopulation:
    return ReportPopulation(setup.seed, setup.epoch, setup.defect_scale, setup.reference)


def _answer(page: Page, _asked: Any) -> Envelope:
    """`error_code` "00" with `result`, or "04" where there is nothing."""
    if page.total == 0:
        return {"error_code": "04", "message": "Không có dữ liệu", "result": None}
    result = {"totalRecords": page.total, "items": page.rows}
    return {"error_code": "00", "message": "Thành công", "result": result}


def _refuse(reason: Reason, message: str) -> Envelope:
    return {"error_code": _CODES[reason], "message": message, "result": None}


SOURCE = Source(
    dataset="indicator_reports",
    key=KEY,
    kinds=REPORT_DEFECTS,
    populate=_populate,
    served=ListService(
        path="/baocao/v1/soLieuChiTieu",
        span=Span("tuNgay", "denNgay", "%Y%m%d", max_days=31),
        pages=NumberedPages("trang", "soDong", max_limit=2000),
        answer=_answer,
        refuse=_refuse,
    ),
)
