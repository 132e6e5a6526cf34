"""Days, periods, sectors, units, source systems, and what became of agencies: copies of what the project knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from kho.contracts import dataset_names, load_contract
from kho.errors import ConfigurationError
from kho.load.reference_dimensions import copy_dimensions
from kho.rules.suite import load_dataset_suite

from .reorganised import Units

SUCCESSIONS = "old_agency_name,old_agency_code,new_agency_code,effective_date,succession_kind,source_document,source_place"


@pytest.fixture(scope="module")
def star(empty_warehouse: tuple) -> Iterator[Units]:
    settings, server, engine = empty_warehouse
    engine.dispose()
    units = Units.create(settings, server, "empty")
    copy(units)
    yield units
    units.context.engine.dispose()


def copy(star: Units) -> None:
    with star.context.engine.begin() as db:
        copy_dimensions(db, star.context.settings)


def test_every_kind_of_document_of_the_decree_is_known_to_the_rule_and_the_dimension(star: Units) -> None:
    suite = load_dataset_suite(load_contract("electronic_documents"))
    (rule,) = [rule for rule in suite.rules if rule.rule_id == "document_type_known"]
    kinds = star.rows(
        "SELECT document_type_code, name_vi, source_document FROM dw.dim_document_type "
        "WHERE document_type_code NOT IN ('-1', '-2')"
    )
    assert {code for code, _, _ in kinds} == set(rule.kwargs["value_set"])
    assert len({name for _, name, _ in kinds}) == 29
    own = {code for code, _, source in kinds if source.startswith("Mã của kho dữ liệu")}
    assert own == {"CV", "ThC", "QD"}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        # 17 February 2026 is the first day of the year Bính Ngọ.
        pytest.param("2026-02-17", ("Tết Nguyên Đán", True, False, False, 0), id="Tết"),
        pytest.param("2026-02-13", (None, False, True, False, -4), id="the Friday before Tết"),
        pytest.param("2026-01-10", (None, False, True, True, -38), id="a Saturday that is worked"),
        pytest.param("2026-03-08", (None, False, False, False, 19), id="a Sunday"),
        # Halfway between two: 6 February 2027 is 157 days off, 17 February 2026 is 197.
        pytest.param("2026-09-02", ("Quốc khánh", True, False, False, -157), id="the next Tết is nearer"),
        pytest.param("2041-01-01", (None, None, None, None, -31), id="beyond the calendar of holidays"),
    ],
)
def test_days_know_holidays_and_tet(star: Units, day: str, expected: tuple[Any, ...]) -> None:
    found = star.rows(
        "SELECT holiday_name_vi, is_holiday, is_working_day, is_makeup_day, days_from_tet "
        "FROM dw.dim_date WHERE calendar_date = :d",
        d=date.fromisoformat(day),
    )
    assert found == [expected]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param("2026-02-17", (2026, 1, 1, False), id="Tết"),
        pytest.param("2007-02-17", (2007, 1, 1, False), id="Tết a day before China's, 2007"),
        pytest.param("2030-02-02", (2030, 1, 1, False), id="Tết a day before China's, 2030"),
        pytest.param("2025-07-25", (2025, 6, 1, True), id="the sixth month that came twice"),
        pytest.param("2034-01-19", (2033, 11, 29, True), id="the eleventh month that comes twice"),
        pytest.param("2000-01-01", (1999, 11, 25, False), id="the first day"),
        pytest.param("2049-12-31", (2049, 12, 7, False), id="the last day"),
    ],
)
def test_days_know_the_lunar_calendar(star: Units, day: str, expected: tuple[Any, ...]) -> None:
    found = star.rows(
        "SELECT lunar_year, lunar_month, lunar_day, is_lunar_leap_month FROM dw.dim_date WHERE calendar_date = :d",
        d=date.fromisoformat(day),
    )
    assert found == [expected]


def test_the_lunar_calendar_agrees_with_the_holidays_of_all_years(star: Units) -> None:
    """Tết and the Hùng kings' day (tenth of the third month) as the library of holidays has them."""
    from holidays.countries.vietnam import Vietnam

    names = {"Tết Nguyên Đán": (1, 1), "Ngày Giỗ Tổ Hùng Vương": (3, 10)}
    known = Vietnam(years=range(2000, 2050), language="vi")
    expected = {
        (day, names[name]) for day, said in known.items() for name in said.split("; ") if name in names
    }
    found = star.rows(
        "SELECT calendar_date, lunar_month, lunar_day, days_from_tet FROM dw.dim_date WHERE NOT is_lunar_leap_month "
        "AND (lunar_month, lunar_day) IN ((1, 1), (3, 10))"
    )
    told = {(day, (month, of_month)) for day, month, of_month, _ in found}
    assert {one for one in told if one[0].year >= 2007} == {one for one in expected if one[0].year >= 2007}
    assert {one for one in told if one[1] == (1, 1)} == {one for one in expected if one[1] == (1, 1)}
    assert {away for _, month, _, away in found if month == 1} == {0}


def test_periods_have_their_days(star: Units) -> None:
    found = star.rows(
        "SELECT period_code, first_date, last_date, label_vi FROM dw.dim_period "
        "WHERE period_code IN ('2024-M02', '2026-Q4', '2026-H1', '2026') ORDER BY 1"
    )
    assert found == [
        ("2024-M02", date(2024, 2, 1), date(2024, 2, 29), "Tháng 02/2024"),
        ("2026", date(2026, 1, 1), date(2026, 12, 31), "Năm 2026"),
        ("2026-H1", date(2026, 1, 1), date(2026, 6, 30), "6 tháng đầu năm 2026"),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31), "Quý IV/2026"),
    ]
    agree = "SELECT count(*) FROM dw.dim_period WHERE last_date IS DISTINCT FROM dw.period_end(period_code)"
    assert star.rows(agree) == [(0,)]


def test_the_copies_are_what_the_project_knows_and_copying_twice_changes_nothing(star: Units) -> None:
    tables = ("dim_sector", "dim_source_system", "dim_unit_spelling", "bridge_agency_succession")

    def versions() -> list[Any]:
        return [star.rows(f"SELECT xmin::text, t.* FROM dw.{table} AS t ORDER BY 2, 3") for table in tables]

    before = versions()
    copy(star)
    assert versions() == before
    assert star.rows(
        "SELECT sector_version, name_vi FROM dw.dim_sector WHERE sector_code = '01' AND sector_version = '2018'"
    ) == [("2018", "Nông nghiệp và hoạt động dịch vụ có liên quan")]
    known = star.rows(
        "SELECT dataset FROM dw.dim_source_system WHERE source_system_key > 0 AND NOT is_retired"
    )
    assert {name for (name,) in known} == set(dataset_names())
    assert star.rows("SELECT unit_code, multiplier FROM dw.dim_unit_spelling WHERE spelling = 'tỷ đồng'") == [
        ("vnd", 1_000_000_000)
    ]
    assert star.rows("SELECT DISTINCT new_agency_code FROM dw.bridge_agency_succession WHERE "
                     "old_agency_name = 'Sở Giao thông vận tải'") == [("000.00.10.H48",)]  # fmt: skip


def test_a_dissolved_agency_leads_to_the_one_that_does_its_work_today(star: Units) -> None:
    """A went into B in 2020, B into C and D in 2025; what is decided for 2999 is not so yet."""
    path = star.context.settings.reference_dir / "agency_successions.csv"
    shipped = path.read_text(encoding="utf-8")
    lines = (
        "Sở A,A,B,2020-01-01,merged,,", "Sở B,B,C,2025-03-01,split,,", "Sở B,B,D,2025-03-01,split,,",
        "Sở D,D,E,2999-01-01,merged,,",
    )  # fmt: skip
    path.write_text("\n".join([SUCCESSIONS, *lines, ""]), encoding="utf-8")
    copy(star)
    found = star.rows("SELECT agency_code, today_code, steps FROM dw.agency_today ORDER BY 1, 2")
    assert found == [("A", "C", 2), ("A", "D", 2), ("B", "C", 1), ("B", "D", 1), ("D", "D", 0)]
    path.write_text(f"{SUCCESSIONS}\nSở A,A,B,01/03/2025,merged,,\n", encoding="utf-8")
    with (
        star.context.engine.connect() as db,
        pytest.raises(ConfigurationError, match=r"agency_successions.csv, line 2"),
    ):
        copy_dimensions(db, star.context.settings)
    path.write_text(shipped, encoding="utf-8")
    copy(star)
    lines = len(shipped.splitlines()) - 1
    with star.context.engine.connect() as db:
        assert db.scalar(sa.text("SELECT count(*) FROM dw.bridge_agency_succession")) == lines
