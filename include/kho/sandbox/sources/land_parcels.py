"""The land agency: the cadastre's parcels, in a large table that does not say when a row changed."""

from typing import Any

from kho.sandbox.clocks import DAY, date_of
from kho.sandbox.cohorts import Daily
from kho.sandbox.defects import (
    DAMAGED_NAMES,
    DefectKind,
    Row,
    citizen_of_no_province,
    null,
    put,
    retired_commune,
)
from kho.sandbox.people import applicant_pool, citizen_ids
from kho.sandbox.records import Batch, Columns, Draw, RecordSet
from kho.sandbox.source import AgencyTable, Column, Source

ROWS = 100_000
"""In a sandbox of the default size."""

_OWNER = "000.00.07.H48"
_HISTORY_DAYS = 330
_USES = ("ODT", "ONT", "LUC", "BHK", "CLN", "RSX", "NTS", "SKC")


KINDS = (
    DefectKind("parcel_exact_copy", (), 0.001, severity="none", correctable=False, repeat="exact"),
    DefectKind("parcel_contradicting_copy", ("parcel_unique",), 0.001, correctable=False, repeat="conflict"),
    DefectKind("parcel_code_missing", ("parcel_code_present",), 0.001, null("ma_thua"), correctable=False),
    DefectKind("parcel_commune_missing", ("parcel_commune_present",), 0.001, null("ma_xa")),
    DefectKind("parcel_commune_before_merger", ("parcel_commune_current",), 0.001, retired_commune("ma_xa")),
    DefectKind("parcel_sheet_missing", ("map_sheet_present",), 0.001, null("so_to")),
    DefectKind("parcel_number_missing", ("parcel_number_present",), 0.001, null("so_thua")),
    DefectKind("parcel_area_missing", ("parcel_area_present",), 0.001, null("dien_tich")),
    DefectKind("parcel_area_not_positive", ("parcel_area_positive",), 0.001,
               put("dien_tich", "0.0", "-12.5")),
    DefectKind("parcel_use_unknown", ("land_use_known",), 0.001, put("loai_dat", "XXX", "T", "ODT?")),
    DefectKind("parcel_holder_invalid", ("holder_citizen_valid",), 0.001,
               citizen_of_no_province("so_dinh_danh")),
    DefectKind("parcel_certificate_undated", ("certificate_dated",), 0.001, put("ngay_cap", None),
               severity="warning"),
    DefectKind("parcel_holder_damaged", ("holder_name_encoding",), 0.001, put("chu_su_dung", *DAMAGED_NAMES),
               severity="warning"),
)  # fmt: skip


def _draw(draw: Draw) -> Columns:
    citizen, woman = citizen_ids(draw.random, draw.count)
    return {
        "citizen": citizen,
        "woman": woman,
        "name": draw.random.integers(0, 4_000, draw.count),
        "commune": draw.random.integers(0, len(draw.setup.reference.commune_codes), draw.count),
        "sheet": draw.random.integers(1, 90, draw.count),
        "parcel": draw.random.integers(1, 900, draw.count),
        "area": draw.random.integers(400, 60_000, draw.count),
        "use": draw.random.integers(0, len(_USES), draw.count),
        "certified": (draw.random.random(draw.count) < 0.86) | draw.has("parcel_certificate_undated"),
    }


def _write(batch: Batch) -> dict[str, list[Any]]:
    pool, codes = applicant_pool(batch.setup.seed), batch.setup.reference.commune_codes
    people = zip(batch["name"], batch["woman"], batch.version.tolist(), strict=True)
    certified = batch["certified"]
    days = [instant // DAY for instant in batch["created"]]
    return {
        "ma_thua": [f"QN{number:09d}" for number in batch.number.tolist()],
        "ma_xa": [codes[place] for place in batch["commune"]],
        "so_to": batch["sheet"],
        "so_thua": batch["parcel"],
        "dien_tich": [f"{tenths // 10}.{tenths % 10}" for tenths in batch["area"]],
        "loai_dat": [_USES[place] for place in batch["use"]],
        # What changes is the holder.
        "chu_su_dung": [
            (pool.women if woman else pool.men)[(place + version * 17) % 4_000]
            for place, woman, version in people
        ],
        "so_dinh_danh": [f"{number:012d}" for number in batch["citizen"]],
        "so_gcn": [
            f"CH{number:08d}" if yes else None
            for number, yes in zip(batch.number.tolist(), certified, strict=True)
        ],
        "ngay_cap": [date_of(day) if yes else None for day, yes in zip(days, certified, strict=True)],
    }


def _contradict(row: Row) -> None:
    row["so_thua"] += 1


SOURCE = Source(
    dataset="land_parcels",
    key=("ma_thua",),
    kinds=KINDS,
    populate=RecordSet(
        name="land_parcels",
        kinds=KINDS,
        cohorts=Daily(ROWS, _HISTORY_DAYS, least=400),
        draw=_draw,
        write=_write,
        key=("ma_thua",),
        owner=_OWNER,
        changes=(0.1,),
        deleted=0.03,
        contradict=_contradict,
        row_id="id",
    ).populate,
    # No change date, no key: the table is a nightly export of the cadastre's own system.
    served=AgencyTable(
        database="land",
        name="dia_chinh.thua_dat",
        comment="Thửa đất",
        columns=(
            Column("id", "bigint", "Số thứ tự"),
            Column("ma_thua", "text", "Mã thửa đất"),
            Column("ma_xa", "text", "Mã xã"),
            Column("so_to", "integer", "Số tờ bản đồ"),
            Column("so_thua", "integer", "Số thửa"),
            Column("dien_tich", "numeric(12, 1)", "Diện tích (m²)"),
            Column("loai_dat", "text", "Mã loại đất"),
            Column("chu_su_dung", "text", "Người sử dụng đất"),
            Column("so_dinh_danh", "text", "Số định danh của người sử dụng đất"),
            Column("so_gcn", "text", "Số giấy chứng nhận"),
            Column("ngay_cap", "date", "Ngày cấp giấy chứng nhận"),
        ),
        row_id="id",
    ),
)
