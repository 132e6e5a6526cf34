"""The reference CSVs and the packaged administrative units: counts, keys, references, figures."""

import csv
import re
import sqlite3
import unicodedata
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from kho.errors import ConfigurationError
from kho.extract import administrative_units as units_module
from kho.extract.administrative_units import (
    LAST_DAY_OF_OLD_ORDER,
    REFORM_DATE,
    UNKNOWN_START,
    AdministrativeUnit,
    AdministrativeUnitSuccession,
    PackagedDataError,
    read_successions,
    read_units,
)
from kho.extract.unit_sources import of_commune

REFERENCE = Path(__file__).parents[2] / "include" / "reference"
CITATION = ["source_document", "source_date", "source_place", "plan_code", "province_code"]
EVERY_FILE = sorted(path.stem for path in REFERENCE.glob("*.csv"))
KEYS = {
    "agencies": "agency_code",
    "indicator_targets": "target_code",
    "indicators": "indicator_code",
    "investment_projects": "project_code",
    "plan_tasks": "task_code",
    "procedures": "procedure_code",
}
# What was typed in from the documents at hand is whole; rows of another plan may stand beside it.
OF_PLANS = {
    "indicator_targets": {"KH1534": 39, "NQ-CDS": 22},
    "indicators": {"KH1534": 40, "NQ-CDS": 12},
    "investment_projects": {"DTC57": 4},
    "plan_tasks": {"KH1534": 60},
}
QUANG_NAM = {"KH1534", "NQ-CDS", "DTC57"}

Row = dict[str, str]


def read(name: str) -> list[Row]:
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def of_plan(name: str, plan: str) -> list[Row]:
    return [row for row in read(name) if row["plan_code"] == plan]


def by_key(name: str) -> dict[str, Row]:
    return {row[KEYS[name]]: row for row in read(name)}


def codes(cell: str) -> list[str]:
    return cell.split(";") if cell else []


# --- every file -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", KEYS)
def test_the_key_is_unique_and_the_plans_are_whole(name: str) -> None:
    rows = read(name)
    assert len({row[KEYS[name]] for row in rows}) == len(rows)
    for plan, count in OF_PLANS.get(name, {}).items():
        assert len(of_plan(name, plan)) == count, plan


@pytest.mark.parametrize("name", KEYS)
def test_every_cell_is_nfc_and_trimmed(name: str) -> None:
    for row in read(name):
        assert None not in row, "more cells than columns"
        for column, cell in row.items():
            where = f"{name}.{column}: {cell!r}"
            assert cell is not None, f"{name}.{column}: fewer cells than columns"
            assert unicodedata.is_normalized("NFC", cell), where
            assert cell == " ".join(cell.split()), where
            assert not any(unicodedata.category(char) in ("Cc", "Cf") for char in cell), where


@pytest.mark.parametrize("name", KEYS)
def test_file_is_plain_utf8_with_unix_line_ends(name: str) -> None:
    content = (REFERENCE / f"{name}.csv").read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in content
    assert content.endswith(b"\n")


@pytest.mark.parametrize("name", KEYS)
def test_every_row_has_the_document_its_day_its_plan_and_whose_plan_that_is(name: str) -> None:
    for row in read(name):
        assert list(row)[-5:] == CITATION
        assert row["source_date"] == "" or date.fromisoformat(row["source_date"])
        assert re.fullmatch(r"\d{2}", row["province_code"])
        if row["plan_code"] in QUANG_NAM:
            assert row["province_code"] == "49", "never shown as Quảng Ngãi's own"
        if row["plan_code"] == "KH1534":
            cited = (row["source_document"], row["source_date"])
            assert cited == ("1534/KH-UBND", "2025-02-27")


@pytest.mark.parametrize("name", EVERY_FILE)
def test_every_row_says_where_it_comes_from_or_that_nothing_is_known(name: str) -> None:
    """What a number can be (`indicator_ranges`) has grounds; everything else a document, or words."""
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    needed = {"source_document", "source_place"} & set(columns) or {"basis"}
    assert needed <= set(columns)
    assert [row for row in read(name) if not all(row[column].strip() for column in needed)] == []


# --- indicators and targets -----------------------------------------------------------------


def test_plan_1534_has_40_rows_of_which_39_are_measured() -> None:
    plan = of_plan("indicators", "KH1534")
    top = [str(number) for number in range(1, 32)]
    assert len(plan) == 40
    assert sorted(row["row_no"] for row in plan) == sorted(
        [*top, *(f"7.{number}" for number in range(1, 10))]
    )
    assert [row["indicator_code"] for row in plan if row["row_type"] == "header"] == ["KH1534-07"]


def test_children_of_row_7_point_to_it() -> None:
    indicators = by_key("indicators")
    children = [row for row in indicators.values() if row["parent_code"]]
    of_1534 = [row["row_no"] for row in children if row["plan_code"] == "KH1534"]
    assert of_1534 == [f"7.{number}" for number in range(1, 10)]
    for row in children:
        assert indicators[row["parent_code"]]["row_type"] == "header"


def test_rows_6_and_29_are_one_measure_at_two_horizons() -> None:
    indicators, targets = by_key("indicators"), by_key("indicator_targets")
    near, far = indicators["KH1534-06"], indicators["KH1534-29"]
    assert near["name_vi"] == far["name_vi"]
    assert near["unit_code"] == far["unit_code"] == "percent_grdp"
    assert near["lead_agency_codes"] != far["lead_agency_codes"]
    assert targets["KH1534-06-2030"]["target_low"] == "30"
    assert targets["KH1534-29-2045"]["target_low"] == "50"


@pytest.mark.parametrize(
    ("plan", "years"),
    [
        pytest.param("KH1534", {"2030": 36, "2045": 3}, id="plan 1534"),
        pytest.param("NQ-CDS", {"2025": 12, "2030": 10}, id="resolution"),
    ],
)
def test_targets_per_year(plan: str, years: dict[str, int]) -> None:
    assert Counter(row["target_year"] for row in of_plan("indicator_targets", plan)) == years


def test_every_leaf_has_a_target_and_every_target_a_leaf() -> None:
    indicators = by_key("indicators")
    targets = read("indicator_targets")
    leaves = {code for code, row in indicators.items() if row["row_type"] == "leaf"}
    assert {row["indicator_code"] for row in targets} == leaves
    for row in targets:
        indicator = indicators[row["indicator_code"]]
        assert row["target_code"] == f"{row['indicator_code']}-{row['target_year']}"
        assert row["unit_code"] == indicator["unit_code"]
        assert row["plan_code"] == indicator["plan_code"]


def test_bounds_fit_the_comparator() -> None:
    bounded = {
        "prose": (False, False),
        ">": (True, False),
        ">=": (True, False),
        "<=": (False, True),
        "=": (True, True),
        "range": (True, True),
    }
    for row in read("indicator_targets"):
        code, low, high = row["target_code"], row["target_low"], row["target_high"]
        assert (bool(low), bool(high)) == bounded[row["comparator"]], code
        if row["comparator"] == "=":
            assert low == high, code
        if row["comparator"] == "range":
            assert Decimal(low) < Decimal(high), code
        assert all(re.fullmatch(r"\d+(\.\d+)?", bound) for bound in (low, high) if bound), code


@pytest.mark.parametrize(
    ("code", "raw", "expected"),
    [
        (
            "KH1534-01-2030",
            "Đạt mức tiên tiến ở nhiều lĩnh vực quan trọng, thuộc nhóm dẫn đầu trong cả nước",
            ("prose", "", "", "rank"),
        ),
        ("KH1534-02-2030", "Đạt mức tiên tiến của Việt Nam", ("prose", "", "", "rank")),
        ("KH1534-03-2030", "≤ 20 các tỉnh, thành trên cả nước", ("<=", "", "20", "rank")),
        ("KH1534-10-2030", "> 0,7", (">", "0.7", "", "index")),
        (
            "KH1534-13-2030",
            "≥3% và tăng dần theo yêu cầu phát triển",
            (">=", "3", "", "percent"),
        ),
        ("KH1534-16-2030", "16 - 18", ("range", "16", "18", "percent_per_year")),
        ("KH1534-17-2030", "8 - 10", ("range", "8", "10", "percent")),
        ("KH1534-18-2030", "Tiên tiến, hiện đại", ("prose", "", "", "none")),
        ("KH1534-21-2030", "≥ 3", (">=", "3", "", "count")),
        ("KH1534-31-2045", "1", ("=", "1", "1", "per_1000_people")),
        ("NQ-CDS-07-2025", "từ 08 - 10% GRDP", ("range", "8", "10", "percent_grdp")),
        ("NQ-CDS-07-2030", "trên 15% GRDP", (">", "15", "", "percent_grdp")),
        ("NQ-CDS-09-2025", "tối thiểu 07%", (">=", "7", "", "percent_per_year")),
    ],
)
def test_tricky_targets(code: str, raw: str, expected: tuple[str, ...]) -> None:
    row = by_key("indicator_targets")[code]
    assert row["target_raw"] == raw
    columns = ("comparator", "target_low", "target_high", "unit_code")
    assert tuple(row[column] for column in columns) == expected


@pytest.mark.parametrize("number", ["01", "02", "03", "04", "07.1", "08", "09", "21", "30"])
def test_contradictions_in_the_sources_are_noted(number: str) -> None:
    notes = [
        row["note_vi"] for row in read("indicator_targets") if row["indicator_code"] == f"KH1534-{number}"
    ]
    assert len(notes) == 1
    assert notes[0]


def test_direction_follows_the_unit() -> None:
    expected = {"rank": "lower_is_better", "none": "none"}
    for row in read("indicators"):
        assert row["direction"] in ("lower_is_better", "higher_is_better", "none"), row
        if row["unit_code"] in expected or row["plan_code"] in QUANG_NAM:
            assert row["direction"] == expected.get(row["unit_code"], "higher_is_better"), row


# --- tasks and projects ---------------------------------------------------------------------


def test_tasks_run_from_1_to_60_in_seven_groups() -> None:
    tasks = of_plan("plan_tasks", "KH1534")
    assert [int(row["task_no"]) for row in tasks] == list(range(1, 61))
    assert [row["task_code"] for row in tasks] == [f"KH1534-NV-{no:02d}" for no in range(1, 61)]
    groups = [row["source_place"].split(", ")[1] for row in tasks]
    assert Counter(groups) == {
        "mục I": 9,
        "mục II": 5,
        "mục III": 16,
        "mục IV": 2,
        "mục V": 22,
        "mục VI": 5,
        "mục VII": 1,
    }
    assert len({row["group_vi"] for row in tasks}) == 7
    for row in tasks:
        for column in ("name_vi", "lead_agency_raw", "partner_agencies_raw", "output_vi"):
            assert row[column], (row["task_code"], column)


@pytest.mark.parametrize(
    ("number", "raw", "day", "kind"),
    [
        (1, "02/2025", "2025-02-28", "date"),
        (4, "Ngay sau khi Trung ương ban hành", "", "other"),
        (10, "2025", "2025-12-31", "date"),
        (16, "Hằng năm", "", "yearly"),
        (17, "Thường xuyên", "", "continuous"),
        (30, "2025 - 2030", "2030-12-31", "date"),
        (46, "9/2025", "2025-09-30", "date"),
        (59, "2028", "2028-12-31", "date"),
    ],
)
def test_deadlines(number: int, raw: str, day: str, kind: str) -> None:
    row = by_key("plan_tasks")[f"KH1534-NV-{number:02d}"]
    assert (row["deadline_raw"], row["deadline_date"], row["deadline_kind"]) == (raw, day, kind)


def test_a_deadline_has_a_date_exactly_when_it_is_one() -> None:
    tasks = read("plan_tasks")
    kinds = Counter(row["deadline_kind"] for row in of_plan("plan_tasks", "KH1534"))
    assert kinds == {"date": 55, "continuous": 2, "other": 2, "yearly": 1}
    for row in tasks:
        assert bool(row["deadline_date"]) == (row["deadline_kind"] == "date"), row["task_code"]
        if row["deadline_date"]:
            assert row["deadline_date"][:4] in row["deadline_raw"]


def test_four_projects_add_up() -> None:
    projects = of_plan("investment_projects", "DTC57")
    amount = {row["project_code"]: int(row["total_investment_million_vnd"]) for row in projects}
    assert list(amount.values()) == [360_000, 300_000, 370_000, 275_000]
    assert sum(amount.values()) == 1_305_000
    funds = [row["fund_source_code"] for row in projects]
    assert funds == ["central_budget"] * 3 + ["provincial_budget"]
    assert all("05 dự án" in row["note"] for row in projects)


# --- agencies and procedures ----------------------------------------------------------------


def test_agency_codes_have_the_legacy_form_and_are_marked_as_assumed() -> None:
    for row in read("agencies"):
        assert re.fullmatch(r"\d{3}\.\d{2}\.\d{2}\.H48", row["agency_code"])
        assert row["code_certainty"] == "assumed"
        assert row["contact_email"] == ""


def test_agencies_have_one_root_and_unique_names() -> None:
    agencies = by_key("agencies")
    roots = [code for code, row in agencies.items() if not row["parent_agency_code"]]
    assert roots == ["000.00.00.H48"]
    assert {row["parent_agency_code"] for row in agencies.values()} <= {"", *agencies}
    assert len({row["name_vi"] for row in agencies.values()}) == len(agencies)
    assert len({row["short_name"] for row in agencies.values()}) == len(agencies)
    kinds = Counter(row["agency_type"] for row in agencies.values())
    assert kinds >= Counter(commune=96, committee=1, department=15, central_branch=5)
    assert kinds["committee"] == 1


def test_every_commune_of_today_has_its_agency_in_the_order_of_codes() -> None:
    agencies = [row for row in read("agencies") if row["agency_type"] == "commune"]
    communes = {
        unit["unit_code"]: unit["name_vi"]
        for unit in read_units("51")
        if unit["unit_level"] == "commune" and unit["valid_to"] is None
    }
    assert [row["administrative_unit_code"] for row in agencies] == sorted(communes)
    assert [row["agency_code"] for row in agencies] == [f"000.{number:02d}.60.H48" for number in range(1, 97)]
    for row in agencies:
        name = communes[row["administrative_unit_code"]]
        assert row["short_name"] == f"UBND {name[0].lower()}{name[1:]}"


@pytest.mark.parametrize(
    ("name", "column", "resolved"),
    [
        pytest.param("indicators", "lead_agency_codes", 37, id="indicators"),
        pytest.param("plan_tasks", "lead_agency_codes", 51, id="tasks"),
        pytest.param("procedures", "agency_code", 30, id="procedures"),
    ],
)
def test_named_agencies_exist(name: str, column: str, resolved: int) -> None:
    agencies = by_key("agencies")
    rows = [row for row in read(name) if row[column]]
    typed = [r for r in rows if r["plan_code"] in QUANG_NAM or r.get("certainty") == "illustrative"]
    assert len(typed) == resolved
    for row in rows:
        assert set(codes(row[column])) <= set(agencies), row[KEYS[name]]


def test_several_leads_keep_the_order_of_the_text() -> None:
    task = by_key("plan_tasks")["KH1534-NV-11"]
    names = [by_key("agencies")[code]["name_vi"] for code in codes(task["lead_agency_codes"])]
    assert ", ".join(names) == task["lead_agency_raw"] == "Sở Tư pháp, Sở Khoa học và Công nghệ"


def test_procedures_are_well_formed_and_admit_to_be_illustrative() -> None:
    for row in read("procedures"):
        assert re.fullmatch(r"\d\.\d{6}", row["procedure_code"])
        assert row["level"] in ("province", "commune")
        assert bool(row["agency_code"]) == (row["level"] == "province"), row["procedure_code"]
        assert row["online_level"] in ("full", "partial", "none")
        assert int(row["processing_working_days"]) >= 1
        assert ("minh họa" in row["source_document"]) == (row["certainty"] == "illustrative")
    sectors = {(row["sector_code"], row["sector_vi"]) for row in read("procedures")}
    assert len({code for code, _ in sectors}) == len(sectors)


# --- administrative units -------------------------------------------------------------------


@pytest.fixture(scope="module")
def units() -> list[AdministrativeUnit]:
    return read_units("51")


@pytest.fixture(scope="module")
def successions() -> list[AdministrativeUnitSuccession]:
    return read_successions("51")


def communes(units: list[AdministrativeUnit], *, today: bool) -> dict[str, AdministrativeUnit]:
    return {
        unit["unit_code"]: unit
        for unit in units
        if unit["unit_level"] == "commune" and (unit["valid_to"] is None) is today
    }


@pytest.mark.parametrize(
    ("province", "new_communes", "old_communes", "districts", "provinces", "steps", "divided"),
    [
        pytest.param("51", 96, 272, {"51": 13, "62": 10}, 2, 274, 1, id="Quảng Ngãi"),
        pytest.param("48", 94, 280, {"48": 8, "49": 17}, 2, 282, 1, id="Đà Nẵng"),
        pytest.param("01", 126, 526, {"01": 30}, 1, 794, 199, id="Hà Nội"),
    ],
)
def test_counts_of_a_province(
    province: str,
    new_communes: int,
    old_communes: int,
    districts: dict[str, int],
    provinces: int,
    steps: int,
    divided: int,
) -> None:
    found = read_units(province)
    assert Counter((unit["unit_level"], unit["valid_to"] is None) for unit in found) == {
        ("province", True): 1,
        ("province", False): provinces,
        ("district", False): sum(districts.values()),
        ("commune", True): new_communes,
        ("commune", False): old_communes,
    }
    in_districts = [unit["province_code"] for unit in found if unit["unit_level"] == "district"]
    assert Counter(in_districts) == districts
    taken = read_successions(province)
    assert len(taken) == steps
    split = {step["old_unit_code"] for step in taken if step["succession_kind"] == "split"}
    assert len(split) == divided


def test_communes_by_type_and_old_province(units: list[AdministrativeUnit]) -> None:
    new, old = communes(units, today=True), communes(units, today=False)
    assert Counter(unit["unit_type"] for unit in new.values()) == {
        "Xã": 86,
        "Phường": 9,
        "Đặc khu": 1,
    }
    assert Counter(unit["province_code"] for unit in old.values()) == {"51": 170, "62": 102}


def test_units_are_padded_named_and_have_a_parent_in_their_period(
    units: list[AdministrativeUnit],
) -> None:
    width = {"province": 2, "district": 3, "commune": 5}
    keys = {(unit["unit_code"], unit["valid_from"]) for unit in units}
    assert len(keys) == len(units)
    for unit in units:
        assert re.fullmatch(rf"\d{{{width[unit['unit_level']]}}}", unit["unit_code"])
        assert unit["name_vi"] == f"{unit['unit_type']} {unit['short_name']}"
        assert unicodedata.is_normalized("NFC", unit["name_vi"])
        period = (unit["valid_from"], unit["valid_to"])
        assert period in ((REFORM_DATE, None), (UNKNOWN_START, LAST_DAY_OF_OLD_ORDER))
        parent = unit["parent_code"]
        if unit["unit_level"] == "province":
            assert parent is None
        else:
            assert parent is not None
            assert (parent, unit["valid_from"]) in keys
        is_commune_of_today = unit["unit_level"] == "commune" and unit["valid_to"] is None
        assert (unit["area_km2"] is not None) is is_commune_of_today


def test_the_communes_of_every_province_go_back_to_its_own_resolution() -> None:
    rows = units_module._query("select distinct provinceCode as code from admin_units", ())
    places = {row["code"]: of_commune(row["code"]).place for row in rows}
    assert len(set(places.values())) == len(places) == 34
    for province, resolution in (("51", "1677"), ("48", "1659"), ("44", "1680")):
        assert f"căn cứ {resolution}/NQ-UBTVQH15 ngày 16/6/2025" in places[province]


def test_a_code_alone_is_not_a_key(units: list[AdministrativeUnit]) -> None:
    new, old = communes(units, today=True), communes(units, today=False)
    reused = new.keys() & old.keys()
    assert len(reused) == 95
    assert new.keys() - reused == {"21548"}
    other_place = [code for code in reused if new[code]["short_name"] != old[code]["short_name"]]
    other_name = [code for code in reused if new[code]["name_vi"] != old[code]["name_vi"]]
    assert len(other_place) == 62
    assert len(other_name) == 69, "seven more townships became communes of the same name"


def test_near_collisions_stay_apart(units: list[AdministrativeUnit]) -> None:
    names = {code: unit["name_vi"] for code, unit in communes(units, today=True).items()}
    assert (names["21289"], names["21292"]) == ("Xã Sơn Hà", "Xã Sơn Hạ")
    assert (names["21484"], names["21523"]) == ("Xã Ba Tơ", "Xã Ba Tô")


def test_steps_cover_every_commune_once_by_default(
    units: list[AdministrativeUnit], successions: list[AdministrativeUnitSuccession]
) -> None:
    by_level = Counter(step["old_unit_level"] for step in successions)
    assert by_level == {"commune": 273, "district": 1}
    of_communes = [step for step in successions if step["old_unit_level"] == "commune"]
    defaults = [step["old_unit_code"] for step in of_communes if step["is_default"]]
    assert sorted(defaults) == sorted(communes(units, today=False))
    assert {step["new_unit_code"] for step in successions} == set(communes(units, today=True))
    assert {step["effective_date"] for step in successions} == {date(2025, 7, 1)}
    assert {step["weight"] for step in successions} == {None}


def test_tra_bui_is_the_only_divided_commune(
    successions: list[AdministrativeUnitSuccession],
) -> None:
    split = [
        (step["old_unit_code"], step["new_unit_code"], step["is_default"])
        for step in successions
        if step["succession_kind"] == "split"
    ]
    assert split == [("21142", "21136", True), ("21142", "21157", False)]


def test_ly_son_goes_from_district_to_special_zone(
    units: list[AdministrativeUnit], successions: list[AdministrativeUnitSuccession]
) -> None:
    [step] = [step for step in successions if step["old_unit_level"] == "district"]
    assert (step["old_unit_code"], step["new_unit_code"]) == ("536", "21548")
    assert (step["succession_kind"], step["is_default"]) == ("whole", True)
    assert communes(units, today=True)["21548"]["name_vi"] == "Đặc khu Lý Sơn"
    assert not [unit for unit in units if unit["parent_code"] == "536"]


def test_tra_giang_of_today_is_not_tra_giang_of_before(
    units: list[AdministrativeUnit], successions: list[AdministrativeUnitSuccession]
) -> None:
    old = {c for c, u in communes(units, today=False).items() if u["name_vi"] == "Xã Trà Giang"}
    new = {c for c, u in communes(units, today=True).items() if u["name_vi"] == "Xã Trà Giang"}
    assert (old, new) == ({"21118"}, {"21244"})
    became = {s["old_unit_code"]: s["new_unit_code"] for s in successions if s["is_default"]}
    assert became["21118"] == "21127"
    assert {code for code, to in became.items() if to == "21244"} == {"21241", "21244", "21259"}


@pytest.mark.parametrize("code", ["62", "49", "51 ", "1", ""])
def test_a_code_that_is_no_province_today_is_refused(code: str) -> None:
    with pytest.raises(ConfigurationError, match=r"at KHO_PROVINCE\)\. Next: set KHO_PROVINCE .* 51,"):
        read_units(code)
    with pytest.raises(ConfigurationError):
        read_successions(code)


def test_a_lost_commune_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = list(units_module._steps("tinhquangngai"))
    monkeypatch.setattr(units_module, "_steps", lambda _key: iter(steps[1:]))
    with pytest.raises(PackagedDataError, match="273 old units, but 272"):
        read_successions("51")


def test_a_step_to_an_unknown_commune_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    stray = ("tinhquangngai_huyenlyson_", "xakhongco", "whole", True)
    monkeypatch.setattr(units_module, "_steps", lambda _key: iter([stray]))
    with pytest.raises(PackagedDataError, match="xakhongco"):
        read_successions("51")


def test_the_package_is_read_as_files_and_never_asks_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked for")

    opened: list[str] = []
    connect = sqlite3.connect

    def note(database: str, *, uri: bool) -> sqlite3.Connection:
        opened.append(database)
        return connect(database, uri=uri)

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr(sqlite3, "connect", note)
    assert read_units("51")
    assert read_successions("51")
    assert opened
    assert all(database.endswith("?mode=ro&immutable=1") for database in opened)
