"""The business registration: what happened to each enterprise, branch and household business, in order.

Every event is a record of its own. Of twenty entities thirteen are enterprises, two are branches of
one of these, four are household businesses and one is an individual; the last five have their owner's
citizen id for a tax code.
"""

from functools import cache
from typing import Any

import numpy as np

from kho.sandbox.clocks import DAY, as_ints, date_of, moment_of
from kho.sandbox.cohorts import Daily
from kho.sandbox.defects import Row
from kho.sandbox.people import applicant_pool
from kho.sandbox.records import Batch, Columns, Draw, RecordSet
from kho.sandbox.reference import Reference
from kho.sandbox.services import Envelope, ListService, NumberedPages, Reason, Span
from kho.sandbox.source import Setup, Source
from kho.sandbox.sources.enterprises.codes import entity_code, entity_type, parent_code
from kho.sandbox.sources.enterprises.defects import ENTERPRISE_DEFECTS
from kho.sandbox.texts import vietnamese_count
from kho.sandbox.views import Page

_REGISTRAR = "000.00.05.H48"
_SECTORS = ("01110", "03110", "10201", "25920", "41000", "46320", "47190", "49331", "55101", "56101")
_NEW = 0.6
_ACTIVE, _SUSPENDED, _CLOSED = "00", "05", "01"


@cache
def _committees(reference: Reference) -> dict[str | None, str]:
    return {agency.commune_code: agency.code for agency in reference.agencies}


def _draw(draw: Draw) -> Columns:
    random, count = draw.random, draw.count
    capital = np.round(random.lognormal(0.0, 1.1, count) * 1_800) * 1_000_000
    return {
        "commune": random.integers(0, len(draw.setup.reference.commune_codes), count),
        "sector": random.integers(0, len(_SECTORS), count),
        "capital": as_ints(np.maximum(capital, 20_000_000)),
        "older_days": np.where(random.random(count) < _NEW, 0, random.integers(200, 5_000, count)),
        "suspends": random.random(count) < 0.45,
    }


def _write(batch: Batch) -> dict[str, list[Any]]:
    names = ("commune", "sector", "capital", "older_days", "suspends", "salt", "created")
    columns = [batch[name] for name in names]
    own = (batch.number.tolist(), batch.version.tolist(), batch.happened, batch.updated.tolist())
    rows = [_row(batch.setup, *values) for values in zip(*own, *columns, strict=True)]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _row(
    setup: Setup, number: int, version: int, happened: int, updated: int, commune: int, sector: int,
    capital: int, older_days: int, suspends: bool, salt: int, created: int,
) -> Row:  # fmt: skip
    kind = entity_type(number)
    communes, people = setup.reference.commune_codes, applicant_pool(setup.seed)
    home = communes[commune]
    event, status = _event(version, suspends, older_days)
    moved = version > 0 and not suspends and salt % 4 == 0
    person = people.men[salt % len(people.men)]
    is_company = kind in ("DN", "CN")
    return {
        "SoHoSo": f"51DK{number:07d}.{version + 1}",
        "MaSo": entity_code(number, salt),
        "LoaiHinh": kind,
        "Ten": people.enterprises[number % len(people.enterprises)] if is_company else f"Hộ {person}",
        "MaSoChuQuan": parent_code(number),
        "NguoiDaiDien": person,
        "MaNganh": _SECTORS[(sector + (version if not suspends else 0)) % len(_SECTORS)],
        "PhienBanNganh": "2025",
        "MaXa": communes[(commune + 7) % len(communes)] if moved else home,
        "NgayCap": f"{date_of(created // DAY - older_days):%d/%m/%Y}",
        "VonDieuLe": vietnamese_count(capital * (10 + version) // 10 if is_company else capital // 20),
        "TinhTrang": status,
        "LoaiThayDoi": event,
        "LanThayDoi": str(version),
        "NgayHieuLuc": f"{date_of(happened // DAY):%d/%m/%Y}",
        "CoQuanDangKy": _REGISTRAR if is_company else _committees(setup.reference)[home],
        "NgayCapNhat": moment_of(updated).isoformat(sep=" "),
    }


def _event(version: int, suspends: bool, older_days: int) -> tuple[str, str]:
    """The event's type and the status that it leaves: suspended and resumed, or changed and closed."""
    if version == 0:
        return ("TD" if older_days else "DK"), _ACTIVE
    if version == 1:
        return ("TN", _SUSPENDED) if suspends else ("TD", _ACTIVE)
    return ("HD", _ACTIVE) if suspends else ("GT", _CLOSED)


def _contradict(row: Row) -> None:
    row["VonDieuLe"] = "1.000.000"


def _answer(page: Page, _asked: Any) -> Envelope:
    """Codes and counts are texts."""
    if page.total == 0:
        return {"Status": "0", "Message": "Không có dữ liệu", "DataCount": "0", "Data": None}
    return {"Status": "1", "Message": "Thành công", "DataCount": str(page.total), "Data": page.rows}


def _refuse(reason: Reason, message: str) -> Envelope:
    return {"Status": "-1", "Message": f"{reason}: {message}", "DataCount": "0", "Data": None}


SOURCE = Source(
    dataset="enterprises",
    key=("SoHoSo",),
    kinds=ENTERPRISE_DEFECTS,
    populate=RecordSet(
        name="enterprises",
        kinds=ENTERPRISE_DEFECTS,
        cohorts=Daily(rows=9_000, history_days=300, least=300),
        draw=_draw,
        write=_write,
        key=("SoHoSo",),
        agency="CoQuanDangKy",
        changes=(0.3, 0.25),
        change_after=(3, 60),
        contradict=_contradict,
        history=True,
    ).populate,
    served=ListService(
        path="/dkkd/v1/danhSachThayDoi",
        span=Span("TuNgay", "DenNgay", "%Y%m%d", max_days=31),
        pages=NumberedPages("Trang", "SoBanGhi", max_limit=1000),
        answer=_answer,
        refuse=_refuse,
    ),
)
