"""The health agency: electronic health records of people, in a MariaDB table; half a million by default."""

from typing import Any

from kho.conform.legacy_encoding import to_tcvn3
from kho.sandbox.clocks import DAY, date_of, moment_of
from kho.sandbox.cohorts import Daily
from kho.sandbox.defects import DefectKind, Row, citizen_of_no_province, null, put, retired_commune
from kho.sandbox.people import applicant_pool, citizen_ids
from kho.sandbox.records import Batch, Columns, Draw, RecordSet
from kho.sandbox.reference import Reference
from kho.sandbox.source import MARIADB, AgencyTable, Column, Source

ROWS = 500_000
"""In a sandbox of the default size."""

_OWNER = "000.00.11.H48"
_HISTORY_DAYS = 360
_ZERO_DATE = "0000-00-00"


def _legacy_name(row: Row, salt: int, _reference: Reference) -> None:
    row["ho_ten"] = to_tcvn3(("Nguyễn Văn Bình", "Trần Thị Hồng", "Đặng Hữu Phước")[salt % 3])


def _other_birth_year(row: Row, salt: int, _reference: Reference) -> None:
    row["ngay_sinh"] = f"{int(row['ngay_sinh'][:4]) - 1 - salt % 9}{row['ngay_sinh'][4:]}"


def _other_sex(row: Row, _salt: int, _reference: Reference) -> None:
    row["gioi_tinh"] = 3 - row["gioi_tinh"]


KINDS = (
    DefectKind("health_exact_copy", (), 0.0004, severity="none", correctable=False, repeat="exact"),
    DefectKind("health_contradicting_copy", ("health_record_unique",), 0.0004, correctable=False,
               repeat="conflict"),
    DefectKind("health_code_missing", ("health_record_present",), 0.0004, null("ma_ho_so"),
               correctable=False),
    DefectKind("health_citizen_missing", ("health_citizen_present",), 0.0004, null("so_dinh_danh")),
    DefectKind("health_citizen_invalid", ("health_citizen_valid",), 0.0004,
               citizen_of_no_province("so_dinh_danh")),
    DefectKind("health_name_missing", ("health_name_present",), 0.0004, null("ho_ten")),
    DefectKind("health_name_in_tcvn3", ("health_name_encoding",), 0.0004, _legacy_name),
    DefectKind("health_birth_zero", ("health_birth_readable",), 0.0004, put("ngay_sinh", _ZERO_DATE)),
    DefectKind("health_birth_missing", ("health_birth_present",), 0.0004, null("ngay_sinh")),
    DefectKind("health_birth_not_in_citizen_id", ("health_citizen_birth_matches",), 0.0004,
               _other_birth_year),
    DefectKind("health_sex_not_in_citizen_id", ("health_citizen_sex_matches",), 0.0004, _other_sex),
    DefectKind("health_gender_unknown", ("health_gender_known",), 0.0004, put("gioi_tinh", 7, 9)),
    DefectKind("health_commune_missing", ("health_commune_present",), 0.0004, null("ma_xa")),
    DefectKind("health_commune_before_merger", ("health_commune_current",), 0.0004, retired_commune("ma_xa")),
    DefectKind("health_insurance_invalid", ("health_insurance_valid",), 0.0004,
               put("so_bhyt", "BH123", "4797512345678901", "khong co the", "510701234"), severity="warning"),
    DefectKind("health_class_unknown", ("health_class_known",), 0.0004, put("phan_loai", 0, 6)),
    DefectKind("health_height_implausible", ("health_height_plausible",), 0.0006,
               put("chieu_cao_cm", 1.65, 316), severity="warning"),
    DefectKind("health_update_missing", ("health_updated_present",), 0.0004, null("cap_nhat"),
               correctable=False),
    DefectKind("health_examination_zero", ("health_measures_readable",), 0.0004, put("ngay_kham", _ZERO_DATE),
               severity="warning"),
)  # fmt: skip


def _draw(draw: Draw) -> Columns:
    citizen, woman = citizen_ids(draw.random, draw.count)
    return {
        "citizen": citizen,
        "woman": woman,
        "name": draw.random.integers(0, 4_000, draw.count),
        "commune": draw.random.integers(0, len(draw.setup.reference.commune_codes), draw.count),
        "born": draw.random.integers(0, 365, draw.count),
        "height": draw.random.integers(145, 182, draw.count),
        "weight": draw.random.integers(400, 820, draw.count),
        "class": draw.random.choice([1, 2, 3, 4, 5], draw.count, p=[0.25, 0.4, 0.22, 0.09, 0.04]),
        "insured": draw.random.random(draw.count) < 0.94,
    }


def _write(batch: Batch) -> dict[str, list[Any]]:
    pool, codes = applicant_pool(batch.setup.seed), batch.setup.reference.commune_codes
    citizens = [f"{number:012d}" for number in batch["citizen"]]
    women = batch["woman"]
    people = zip(batch["name"], women, strict=True)
    days = {day: date_of(day) for day in {instant // DAY for instant in batch.updated.tolist()}}
    return {
        "ma_ho_so": [f"SK51{number:08d}" for number in batch.number.tolist()],
        "so_dinh_danh": citizens,
        "ho_ten": [(pool.women if woman else pool.men)[place % 4_000] for place, woman in people],
        "ngay_sinh": [
            f"{_birth_year(citizen)}-{1 + born // 31:02d}-{1 + born % 28:02d}"
            for citizen, born in zip(citizens, batch["born"], strict=True)
        ],
        "gioi_tinh": [2 if woman else 1 for woman in women],
        "ma_xa": [codes[place] for place in batch["commune"]],
        "so_bhyt": [
            f"HS4{citizen[2:]}51" if insured else None
            for citizen, insured in zip(citizens, batch["insured"], strict=True)
        ],
        "ngay_kham": [days[instant // DAY] for instant in batch.updated.tolist()],
        "chieu_cao_cm": batch["height"],
        "can_nang_kg": [f"{tenths // 10}.{tenths % 10}" for tenths in batch["weight"]],
        "phan_loai": [
            min(5, health + version)
            for health, version in zip(batch["class"], batch.version.tolist(), strict=True)
        ],
        "cap_nhat": [moment_of(instant) for instant in batch.updated.tolist()],
    }


def _birth_year(citizen: str) -> int:
    return 1900 + 100 * (int(citizen[3]) // 2) + int(citizen[4:6])


def _contradict(row: Row) -> None:
    row["can_nang_kg"] = "99.9"


SOURCE = Source(
    dataset="health_records",
    key=("ma_ho_so",),
    kinds=KINDS,
    populate=RecordSet(
        name="health_records",
        kinds=KINDS,
        cohorts=Daily(ROWS, _HISTORY_DAYS, least=600),
        draw=_draw,
        write=_write,
        key=("ma_ho_so",),
        owner=_OWNER,
        changes=(0.08,),
        contradict=_contradict,
        row_id="id",
    ).populate,
    served=AgencyTable(
        database="health",
        name="ho_so_suc_khoe",
        comment="Hồ sơ sức khoẻ điện tử",
        columns=(
            Column("id", "bigint", "Số thứ tự"),
            Column("ma_ho_so", "varchar(20)", "Mã hồ sơ sức khoẻ"),
            Column("so_dinh_danh", "varchar(12)", "Số định danh cá nhân"),
            Column("ho_ten", "varchar(100)", "Họ và tên"),
            Column("ngay_sinh", "date", "Ngày sinh"),
            Column("gioi_tinh", "tinyint", "1 nam, 2 nữ, 3 khác"),
            Column("ma_xa", "varchar(5)", "Mã xã nơi cư trú"),
            Column("so_bhyt", "varchar(20)", "Số thẻ bảo hiểm y tế"),
            Column("ngay_kham", "date", "Ngày khám gần nhất"),
            Column("chieu_cao_cm", "decimal(5,1)", "Chiều cao (cm)"),
            Column("can_nang_kg", "decimal(5,1)", "Cân nặng (kg)"),
            Column("phan_loai", "tinyint", "Phân loại sức khoẻ 1-5"),
            Column("cap_nhat", "datetime", "Thời điểm cập nhật"),
        ),
        indexes=(("cap_nhat",),),
        row_id="id",
        engine=MARIADB,
    ),
)
