"""The statistics agency: population of each commune by month, in a table of its database."""

from typing import Any

import numpy as np

from kho.sandbox.clocks import date_of, moment_of
from kho.sandbox.cohorts import Monthly
from kho.sandbox.defects import DefectKind, Row, null, put, retired_commune
from kho.sandbox.records import Batch, Columns, Draw, RecordSet
from kho.sandbox.reference import Reference
from kho.sandbox.source import AgencyTable, Column, Setup, Source

_OWNER = "000.00.33.H48"


def _more_women_than_people(row: Row, salt: int, _reference: Reference) -> None:
    row["dan_so_nu"] = row["dan_so"] + 1 + salt % 900


def _more_households_than_people(row: Row, salt: int, _reference: Reference) -> None:
    row["so_ho"] = row["dan_so"] + 1 + salt % 90


def _miscounted_men(row: Row, salt: int, _reference: Reference) -> None:
    row["dan_so_nam"] += 1 + salt % 70


def _period_in_words(row: Row, salt: int, _reference: Reference) -> None:
    year, month = row["ky"].split("-")
    row["ky"] = (f"tháng {month}", f"{month}/{year}", f"{year}-13")[salt % 3]


KINDS = (
    DefectKind("population_exact_copy", (), 0.003, severity="none", correctable=False, repeat="exact"),
    DefectKind("population_contradicting_copy", ("population_unique",), 0.003, correctable=False,
               repeat="conflict"),
    DefectKind("population_commune_missing", ("population_commune_present",), 0.003, null("ma_xa"),
               correctable=False),
    DefectKind("population_commune_before_merger", ("population_commune_valid",), 0.003,
               retired_commune("ma_xa"), correctable=False),
    DefectKind("population_period_missing", ("population_period_present",), 0.003, null("ky"),
               correctable=False),
    DefectKind("population_period_in_words", ("population_period_readable",), 0.003, _period_in_words,
               correctable=False),
    DefectKind("population_missing", ("population_present",), 0.003, null("dan_so")),
    DefectKind("population_implausible", ("population_parts_add_up", "population_plausible"), 0.003,
               put("dan_so", 3_000_000, 9_999_999)),
    DefectKind("women_missing", ("female_count_present",), 0.003, null("dan_so_nu")),
    DefectKind("women_above_population", ("female_not_above_population", "population_parts_add_up"), 0.003,
               _more_women_than_people),
    DefectKind("men_and_women_not_the_whole", ("population_parts_add_up",), 0.003, _miscounted_men),
    DefectKind("households_missing", ("household_count_present",), 0.003, null("so_ho")),
    DefectKind("households_above_population", ("households_not_above_population",), 0.003,
               _more_households_than_people),
    DefectKind("births_negative", ("births_not_negative",), 0.003, put("so_sinh", -1, -12)),
    DefectKind("deaths_missing", ("deaths_present",), 0.005, null("so_chet"), severity="warning"),
    DefectKind("population_update_missing", ("population_updated_present",), 0.003, null("cap_nhat"),
               correctable=False),
)  # fmt: skip


def _cells(setup: Setup) -> int:
    return len(setup.reference.commune_codes)


def _draw(draw: Draw) -> Columns:
    commune = np.arange(draw.count)
    people = 6_000 + (commune * 7_919 + draw.setup.seed * 31) % 24_000
    months = (draw.day - draw.setup.epoch) // 30
    return {
        "commune": commune,
        "people": people + months * 4,
        "births": draw.random.integers(4, 40, draw.count),
        "deaths": draw.random.integers(2, 25, draw.count),
    }


def _write(batch: Batch) -> dict[str, list[Any]]:
    codes = batch.setup.reference.commune_codes
    people = [
        number + version * 3 for number, version in zip(batch["people"], batch.version.tolist(), strict=True)
    ]
    return {
        "ma_xa": [codes[position] for position in batch["commune"]],
        "ky": [f"{date_of(day):%Y-%m}" for day in batch["day"]],
        "so_ho": [number * 10 // 37 for number in people],
        "dan_so": people,
        "dan_so_nam": [number - number * 502 // 1000 for number in people],
        "dan_so_nu": [number * 502 // 1000 for number in people],
        "so_sinh": batch["births"],
        "so_chet": batch["deaths"],
        "cap_nhat": [moment_of(instant) for instant in batch.updated.tolist()],
    }


def _contradict(row: Row) -> None:
    row["so_sinh"] += 1


SOURCE = Source(
    dataset="population",
    key=("ma_xa", "ky"),
    kinds=KINDS,
    populate=RecordSet(
        name="population",
        kinds=KINDS,
        cohorts=Monthly(_cells, history_months=8),
        draw=_draw,
        write=_write,
        key=("ma_xa", "ky"),
        owner=_OWNER,
        changes=(0.15,),
        contradict=_contradict,
    ).populate,
    served=AgencyTable(
        database="statistics",
        name="thong_ke.dan_so_xa",
        comment="Dân số cấp xã theo tháng",
        columns=(
            Column("ma_xa", "text", "Mã đơn vị hành chính cấp xã"),
            Column("ky", "text", "Kỳ thống kê, năm-tháng"),
            Column("so_ho", "integer", "Số hộ"),
            Column("dan_so", "integer", "Dân số cuối tháng"),
            Column("dan_so_nam", "integer", "Trong đó: nam"),
            Column("dan_so_nu", "integer", "Trong đó: nữ"),
            Column("so_sinh", "integer", "Số trẻ sinh trong tháng"),
            Column("so_chet", "integer", "Số người chết trong tháng"),
            Column("cap_nhat", "timestamp", "Thời điểm cập nhật"),
        ),
        indexes=(("cap_nhat",),),
    ),
)
