"""The education agency: schools and their students by month; its MySQL software writes names in TCVN3."""

from typing import Any

import numpy as np

from kho.conform.legacy_encoding import to_tcvn3
from kho.sandbox.clocks import date_of, moment_of
from kho.sandbox.cohorts import Monthly
from kho.sandbox.defects import DefectKind, Row, null, put, retired_commune
from kho.sandbox.records import Batch, Columns, Draw, RecordSet
from kho.sandbox.reference import Reference
from kho.sandbox.source import MARIADB, AgencyTable, Column, Setup, Source

_OWNER = "000.00.03.H48"
_KEY = ("ma_truong", "ky")
_SCHOOLS_EACH = 6
# Level, its name, and how many students a class has.
_LEVELS = (("MN", "Mầm non", 25), ("TH", "Tiểu học", 32), ("THCS", "Trung học cơ sở", 38),
           ("TH", "Tiểu học", 28), ("THPT", "Trung học phổ thông", 41), ("MN", "Mầm non", 22))  # fmt: skip
_NAMES = (
    "Trần Hưng Đạo", "Lê Hồng Phong", "Nguyễn Trãi", "Trà Bồng", "Sơn Hà", "Võ Nguyên Giáp", "Đăk Hà",
    "Bình Minh", "Hoa Sen", "Phổ Thạnh", "Măng Bút", "Nghĩa Hành",
)  # fmt: skip


def _more_girls_than_students(row: Row, salt: int, _reference: Reference) -> None:
    row["hoc_sinh_nu"] = row["hoc_sinh"] + 1 + salt % 20


def _period_in_words(row: Row, salt: int, _reference: Reference) -> None:
    row["ky"] = ("hoc ky 1", row["ky"][:4] + "13", "T" + row["ky"][4:])[salt % 3]


KINDS = (
    DefectKind("school_exact_copy", (), 0.002, severity="none", correctable=False, repeat="exact"),
    DefectKind("school_contradicting_copy", ("school_unique",), 0.002, correctable=False, repeat="conflict"),
    DefectKind("school_code_missing", ("school_code_present",), 0.002, null("ma_truong"), correctable=False),
    DefectKind("school_name_missing", ("school_name_present",), 0.002, null("ten_truong")),
    DefectKind("school_level_unknown", ("school_level_known",), 0.002, put("cap_hoc", "DH", "?", "CAP1")),
    DefectKind("school_commune_missing", ("school_commune_present",), 0.002, null("ma_xa")),
    DefectKind("school_commune_before_merger", ("school_commune_valid",), 0.002, retired_commune("ma_xa")),
    DefectKind("school_period_in_words", ("school_period_readable",), 0.002, _period_in_words,
               correctable=False),
    DefectKind("students_missing", ("student_count_present",), 0.002, null("hoc_sinh")),
    DefectKind("students_negative", ("girls_not_above_students", "student_count_not_negative"), 0.002,
               put("hoc_sinh", -1, -40)),
    DefectKind("girls_missing", ("girl_count_present",), 0.002, null("hoc_sinh_nu")),
    DefectKind("girls_above_students", ("girls_not_above_students",), 0.002, _more_girls_than_students),
    DefectKind("classes_missing", ("class_count_present",), 0.002, null("so_lop")),
    DefectKind("teachers_missing", ("teacher_count_present",), 0.003, null("giao_vien"), severity="warning"),
    DefectKind("school_update_missing", ("school_updated_present",), 0.002, null("cap_nhat"),
               correctable=False),
    DefectKind("school_name_damaged", ("school_name_encoding",), 0.002,
               put("ten_truong", "Tr??ng THCS Nguy?n Du", "TRU?NG TI?U H?C"), severity="warning"),
)  # fmt: skip


def _cells(setup: Setup) -> int:
    return _SCHOOLS_EACH * len(setup.reference.commune_codes)


def _draw(draw: Draw) -> Columns:
    school = np.arange(draw.count)
    classes = 6 + (school * 31 + draw.setup.seed) % 20
    return {"school": school, "classes": classes, "more": draw.random.integers(0, 60, draw.count)}


def _write(batch: Batch) -> dict[str, list[Any]]:
    codes = batch.setup.reference.commune_codes
    schools = batch["school"]
    levels = [_LEVELS[school % _SCHOOLS_EACH] for school in schools]
    counts = zip(batch["classes"], levels, batch["more"], batch.version.tolist(), strict=True)
    students = [
        classes * level[2] + 12 if level[0] == "MN" else classes * level[2] + more + version
        for classes, level, more, version in counts
    ]
    return {
        "ma_truong": [f"51{school:06d}" for school in schools],
        "ten_truong": [
            to_tcvn3(f"Trường {level[1]} {_NAMES[school % len(_NAMES)]}")
            for school, level in zip(schools, levels, strict=True)
        ],
        "cap_hoc": [level[0] for level in levels],
        "ma_xa": [codes[school // _SCHOOLS_EACH] for school in schools],
        "ky": [f"{date_of(day):%Y%m}" for day in batch["day"]],
        "so_lop": batch["classes"],
        "hoc_sinh": students,
        "hoc_sinh_nu": [number * 49 // 100 for number in students],
        "giao_vien": [number * 3 // 2 for number in batch["classes"]],
        "cap_nhat": [moment_of(instant) for instant in batch.updated.tolist()],
    }


def _contradict(row: Row) -> None:
    row["so_lop"] += 1


SOURCE = Source(
    dataset="students_schools",
    key=_KEY,
    kinds=KINDS,
    populate=RecordSet(
        name="students_schools",
        kinds=KINDS,
        cohorts=Monthly(_cells, history_months=5),
        draw=_draw,
        write=_write,
        key=_KEY,
        owner=_OWNER,
        changes=(0.1,),
        contradict=_contradict,
    ).populate,
    served=AgencyTable(
        database="education",
        name="truong_hoc_sinh",
        comment="Trường và học sinh theo tháng",
        columns=(
            Column("ma_truong", "varchar(10)", "Mã trường"),
            Column("ten_truong", "varchar(200) character set latin1", "Tên trường (TCVN3)"),
            Column("cap_hoc", "varchar(5)", "Cấp học"),
            Column("ma_xa", "varchar(5)", "Mã xã"),
            Column("ky", "varchar(10)", "Năm tháng"),
            Column("so_lop", "smallint", "Số lớp"),
            Column("hoc_sinh", "int", "Số học sinh"),
            Column("hoc_sinh_nu", "int", "Trong đó: nữ"),
            Column("giao_vien", "smallint unsigned", "Số giáo viên"),
            Column("cap_nhat", "datetime", "Thời điểm cập nhật"),
        ),
        indexes=(("cap_nhat",),),
        engine=MARIADB,
    ),
)
