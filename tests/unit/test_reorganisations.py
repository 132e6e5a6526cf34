"""A reorganisation written down in a CSV file: what ends, what begins, what goes where."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from kho.errors import ConfigurationError
from kho.extract.reorganisations import FILE, successions_of, units_of
from kho.rules.references import commune_periods

HEADER = (
    "effective_date,old_unit_code,new_unit_code,unit_level,new_name_vi,new_parent_code,new_area_km2,"
    "weight,part_population,part_area_km2,source_document,source_place"
)
DAY = date(2027, 7, 1)


def write(folder: Path, *lines: str) -> Path:
    (folder / FILE).write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    return folder


def of_code(folder: Path, code: str) -> list[tuple[str, date, date | None, str | None]]:
    return [
        (unit["name_vi"], unit["valid_from"], unit["valid_to"], unit["parent_code"])
        for unit in units_of("51", folder)
        if unit["unit_code"] == code and unit["valid_from"] > date(1900, 1, 1)
    ]


def test_a_rename_keeps_the_code_and_begins_a_new_span(tmp_path: Path) -> None:
    write(tmp_path, "2027-07-01,21028,21028,commune,Phường Trần Phú,,,,,,,")
    assert of_code(tmp_path, "21028") == [
        ("Phường Nghĩa Lộ", date(2025, 7, 1), date(2027, 6, 30), "51"),
        ("Phường Trần Phú", DAY, None, "51"),
    ]
    *_, step = successions_of("51", tmp_path)
    assert (step["old_unit_code"], step["new_unit_code"], step["succession_kind"]) == (
        "21028",
        "21028",
        "whole",
    )


def test_a_merger_and_a_split_with_what_the_parts_are(tmp_path: Path) -> None:
    write(
        tmp_path,
        "2027-07-01,21136,21157,commune,Xã Trà Bùi,,,,,,,",
        "2027-07-01,21157,21157,commune,,,,,,,,",
        "2027-07-01,21025,21025,,,,,,6000,,,",
        "2027-07-01,21025,21900,,Phường Trà Khúc,,3.5,,4000,,,",
    )
    assert of_code(tmp_path, "21136") == [("Xã Cà Đam", date(2025, 7, 1), date(2027, 6, 30), "51")]
    assert of_code(tmp_path, "21157")[1] == ("Xã Trà Bùi", DAY, None, "51")
    assert of_code(tmp_path, "21025")[1] == ("Phường Cẩm Thành", DAY, None, "51")
    assert of_code(tmp_path, "21900") == [("Phường Trà Khúc", DAY, None, "51")]
    steps = {
        (step["old_unit_code"], step["new_unit_code"]): (
            step["succession_kind"], step["is_default"], step["part_population"],
        )
        for step in successions_of("51", tmp_path)
        if step["effective_date"] == DAY
    }  # fmt: skip
    assert steps == {
        ("21136", "21157"): ("whole", True, None),
        ("21157", "21157"): ("whole", True, None),
        ("21025", "21025"): ("split", True, 6000),
        ("21025", "21900"): ("split", False, 4000),
    }


def test_codes_are_right_from_their_day_on(tmp_path: Path) -> None:
    write(tmp_path, "2027-07-01,21136,21901,,Xã Trà Tân,,,,,,,")
    allowed = {
        code: (period["valid_from"], period["valid_to"])
        for period in commune_periods("51", tmp_path)
        for code in period["codes"]  # type: ignore[attr-defined]
    }
    assert allowed["21136"] == ("2025-07-01", "2027-06-30")
    assert allowed["21901"] == ("2027-07-01", None)
    assert allowed["21025"] == ("2025-07-01", None)


def test_what_is_known_of_the_parts_of_a_packaged_split(tmp_path: Path) -> None:
    write(tmp_path, "2025-07-01,21142,21136,,,,,0.7,,,,", "2025-07-01,21142,21157,,,,,0.3,,,,")
    shares = {s["new_unit_code"]: s["weight"] for s in successions_of("51", tmp_path) if s["weight"]}
    assert shares == {"21136": Decimal("0.7"), "21157": Decimal("0.3")}
    assert len(units_of("51", tmp_path)) == 394, "no unit begins or ends by it"


def test_what_a_line_makes_cites_the_document_of_the_line(tmp_path: Path) -> None:
    write(
        tmp_path,
        '2027-07-01,21136,21901,,Xã Trà Tân,,,,,,99/NQ-UBTVQH16,"Điều 1, khoản 2"',
        "2027-07-01,21028,21028,,Phường Trần Phú,,,,,,,",
        '2025-07-01,21142,21136,,,,,0.7,,,12/BC-UBND,"Bảng 3"',
        '2025-07-01,21142,21157,,,,,0.3,,,12/BC-UBND,"Bảng 3"',
    )
    units = {(u["unit_code"], u["valid_from"]): u for u in units_of("51", tmp_path)}
    steps = {(s["old_unit_code"], s["new_unit_code"]): s for s in successions_of("51", tmp_path)}
    for made in (units["21901", DAY], steps["21136", "21901"]):
        assert (made["source_document"], made["source_place"]) == ("99/NQ-UBTVQH16", "Điều 1, khoản 2")
    for made in (units["21028", DAY], steps["21028", "21028"]):
        assert made["source_document"] == "Không ghi văn bản"
    assert units["21136", date(2025, 7, 1)]["source_document"].startswith("vietnamadminunits ")
    part = steps["21142", "21157"]
    assert part["source_document"].startswith("vietnamadminunits ")
    assert part["source_place"].endswith("; phần chia: 12/BC-UBND, Bảng 3")


def test_a_province_changes_its_name(tmp_path: Path) -> None:
    write(tmp_path, "2027-07-01,51,51,province,Tỉnh Quảng Ngãi Kon Tum,,,,,,,")
    assert of_code(tmp_path, "51")[1][:3] == ("Tỉnh Quảng Ngãi Kon Tum", DAY, None)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        pytest.param(["2027-07-01,99999,21025,,,,,,,,,"], "99999 is no commune in force", id="unknown unit"),
        pytest.param(["2027-07-01,21142,21136,,,,,,,,,"], "21142 is no commune in force", id="ended before"),
        pytest.param(["2027-07-01,21136,21157,,,,,,,,,"], "21157 is still in force", id="half a merger"),
        pytest.param(["2027-07-01,21136,21902,,,,,,,,,"], "21902 has no name", id="no name"),
        pytest.param(["2027-07-01,21136,21902,,Trà Tân,,,,,,,"], "no known type", id="no type"),
        pytest.param(["2027-07-01,21136,21136,,,77,,,,,,"], "77, above 21136, is not", id="unknown parent"),
        pytest.param(["2027-07-01,51,52,province,Tỉnh Mới,,,,,,,"], "51 ends on", id="orphans"),
        pytest.param(["01/07/2027,21136,21136,,,,,,,,,"], "a cell cannot be used", id="date"),
        pytest.param(["2027-07-01,21136,21136,,,,,,-5,,,"], "a cell cannot be used", id="negative"),
        pytest.param(["2025-06-01,21136,21136,,,,,,,,,"], "a cell cannot be used", id="too early"),
        pytest.param(["2025-07-01,21010,21025,,,,,,5,,,"], "21010 did not become 21025", id="no such part"),
        pytest.param(
            ["2027-07-01,21136,21136,,,,,0.5,,,,", "2027-07-01,21136,21902,,Xã Trà Tân,,,0.4,,,,"],
            "do not add up to 1",
            id="shares",
        ),
        pytest.param(
            ["2027-07-01,21136,21902,,Xã Một,,,,,,,", "2027-07-01,21157,21902,,Xã Hai,,,,,,,"],
            "two values of new_name_vi",
            id="two names",
        ),
    ],
)
def test_a_line_that_contradicts_what_is_in_force_is_named(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    write(tmp_path, *lines)
    with pytest.raises(ConfigurationError, match=message) as raised:
        (units_of("51", tmp_path), successions_of("51", tmp_path))
    assert f"{FILE}, line {len(lines) + 1}" in str(raised.value)


def test_without_a_file_nothing_changes(tmp_path: Path) -> None:
    assert len(units_of("51", tmp_path)) == 394
    assert len(successions_of("51", tmp_path)) == 274
