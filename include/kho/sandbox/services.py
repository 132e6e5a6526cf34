"""The two LGSP services: what they accept and how they wrap an answer.

In:  query parameters as text.
Out: a `Window`, or `Rejection` with the envelope that says what is wrong (HTTP status 200: these
     services speak through the body).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from kho.sandbox.clocks import day_of
from kho.sandbox.views import Page

Envelope = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """Days of update from `first` to `last`, both included; `limit` rows from `offset`."""

    first: int
    last: int
    offset: int
    limit: int


class Rejection(Exception):
    """The service understands the request and refuses it."""

    def __init__(self, envelope: Envelope) -> None:
        super().__init__(str(envelope))
        self.envelope = envelope


class Service(Protocol):
    """One operation of the gateway."""

    path: str
    dataset: str

    def parse(self, query: Mapping[str, str]) -> Window:
        """The window asked for; raises `Rejection`."""

    def answer(self, page: Page) -> Envelope:
        """The envelope around a page."""


class DossierService:
    """`danhSachHoSo`: dates dd/MM/yyyy, five days at most, `offset` and `limit`."""

    path = "/dvc/v1/danhSachHoSo"
    dataset = "public_service_dossiers"
    max_days = 5
    max_limit = 5000

    def parse(self, query: Mapping[str, str]) -> Window:
        """The window asked for; raises `Rejection`."""
        first = self._day(query, "from_date")
        last = self._day(query, "to_date")
        if last < first:
            raise self._refused("to_date phải từ from_date trở đi")
        if (last - first).days + 1 > self.max_days:
            raise self._refused(f"Khoảng thời gian tra cứu tối đa {self.max_days} ngày")
        offset = self._number(query, "offset", 0, 0)
        limit = self._number(query, "limit", 100, 1)
        if limit > self.max_limit:
            raise self._refused(f"limit tối đa {self.max_limit}")
        return Window(day_of(first), day_of(last), offset, limit)

    def answer(self, page: Page) -> Envelope:
        """`status` 1 with `total` and `data`, or 201 where there is nothing."""
        if page.total == 0:
            return {"status": 201, "message": "Không tìm thấy dữ liệu", "total": 0}
        return {"status": 1, "message": "Thành công", "total": page.total, "data": page.rows}

    def _day(self, query: Mapping[str, str], name: str) -> date:
        found = _read_date(query.get(name), "%d/%m/%Y")
        if found is None:
            raise self._refused(f"{name} phải có dạng dd/MM/yyyy")
        return found

    def _number(self, query: Mapping[str, str], name: str, default: int, least: int) -> int:
        found = _read_number(query.get(name), default)
        if found is None or found < least:
            raise self._refused(f"{name} phải là số nguyên từ {least}")
        return found

    def _refused(self, message: str) -> Rejection:
        return Rejection({"status": 302, "message": message, "total": 0})


class ReportService:
    """`soLieuChiTieu`: dates yyyyMMdd, 31 days at most, pages by number from 1."""

    path = "/baocao/v1/soLieuChiTieu"
    dataset = "indicator_reports"
    max_days = 31
    max_limit = 2000

    def parse(self, query: Mapping[str, str]) -> Window:
        """The window asked for; raises `Rejection`."""
        first = _read_date(query.get("tuNgay"), "%Y%m%d")
        last = _read_date(query.get("denNgay"), "%Y%m%d")
        if first is None or last is None:
            raise self._refused("01", "tuNgay, denNgay phải có dạng yyyyMMdd")
        if not 0 <= (last - first).days < self.max_days:
            raise self._refused("02", f"Khoảng thời gian tra cứu tối đa {self.max_days} ngày")
        number = _read_number(query.get("trang"), 1)
        limit = _read_number(query.get("soDong"), 100)
        if number is None or limit is None or number < 1 or not 1 <= limit <= self.max_limit:
            raise self._refused("03", f"trang từ 1; soDong từ 1 đến {self.max_limit}")
        return Window(day_of(first), day_of(last), (number - 1) * limit, limit)

    def answer(self, page: Page) -> Envelope:
        """`error_code` "00" with `result`, or "04" where there is nothing."""
        if page.total == 0:
            return {"error_code": "04", "message": "Không có dữ liệu", "result": None}
        result = {"totalRecords": page.total, "items": page.rows}
        return {"error_code": "00", "message": "Thành công", "result": result}

    def _refused(self, code: str, message: str) -> Rejection:
        return Rejection({"error_code": code, "message": message, "result": None})


SERVICES: tuple[Service, ...] = (DossierService(), ReportService())


def _read_date(text: str | None, pattern: str) -> date | None:
    try:
        return datetime.strptime(text or "", pattern).date()  # noqa: DTZ007 - a date
    except ValueError:
        return None


def _read_number(text: str | None, default: int) -> int | None:
    if text is None:
        return default
    return int(text) if text.isascii() and text.isdigit() else None
