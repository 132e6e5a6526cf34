"""The one-stop shop: dossiers, served by `danhSachHoSo` in windows of five days at most."""

from typing import Any

from kho.sandbox.services import Envelope, ListService, OffsetPages, Reason, Span
from kho.sandbox.source import Setup, Source
from kho.sandbox.sources.public_service_dossiers.defects import DOSSIER_DEFECTS
from kho.sandbox.sources.public_service_dossiers.population import DossierPopulation
from kho.sandbox.sources.public_service_dossiers.rows import DossierWriter
from kho.sandbox.sources.public_service_dossiers.view import DossierView
from kho.sandbox.views import Page


class Dossiers:
    """The population, and the writer that it shares among its views."""

    def __init__(self, setup: Setup) -> None:
        self._population = DossierPopulation(
            setup.seed, setup.size, setup.epoch, setup.defect_scale, setup.reference
        )
        self._writer = DossierWriter(self._population)

    def on(self, day: int) -> DossierView:
        """The dossiers on a clock day."""
        return DossierView(self._population, self._writer, day)


def _answer(page: Page, _asked: Any) -> Envelope:
    """`status` 1 with `total` and `data`, or 201 where there is nothing."""
    if page.total == 0:
        return {"status": 201, "message": "Không tìm thấy dữ liệu", "total": 0}
    return {"status": 1, "message": "Thành công", "total": page.total, "data": page.rows}


def _refuse(_reason: Reason, message: str) -> Envelope:
    return {"status": 302, "message": message, "total": 0}


SOURCE = Source(
    dataset="public_service_dossiers",
    key=("MaHoSo",),
    kinds=DOSSIER_DEFECTS,
    populate=Dossiers,
    served=ListService(
        path="/dvc/v1/danhSachHoSo",
        span=Span("from_date", "to_date", "%d/%m/%Y", max_days=5),
        pages=OffsetPages("offset", "limit", max_limit=5000),
        answer=_answer,
        refuse=_refuse,
    ),
)
