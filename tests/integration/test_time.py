"""What was believed on a day: three states of a dossier, a voucher that goes and comes back, a form sent again."""

from __future__ import annotations

import os
import random
import re
import signal
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kho import pipeline
from kho.connections import EnvironmentConnections
from kho.contracts import load_contract
from kho.errors import GateClosed
from kho.pipeline import Context
from kho.privacy.retention import remove_expired
from kho.quality.invariants import check_invariants
from kho.quality.lineage import tables_of
from kho.quality.links import unresolved_keys
from kho.settings import get_settings
from kho.sql_files import files_in, read_sql, run_file
from tests.forked import run_forked

from .night import in_order
from .ninety import RULED, Records, land_night, load_night, write_rules
from .reorganised import Units
from .test_agency_versions import BUILDING, FINANCE, agency, signature

RULES_HERE = {
    "commune_socioeconomic_forms": ("line_code", "DS01"),
    "digital_signatures": ("issued_count", "1"),
    "health_records": ("record_code", "SK"),
    "population": ("population_count", "1"),
    "students_schools": ("student_count", "1"),
}
DOSSIERS, VOUCHERS = "public_service_dossiers", "investment_disbursements"
CHANGES = re.compile(
    r"\b(?:UPDATE|DELETE FROM)\s+dw\.(\w+)|\bINSERT INTO dw\.(\w+)(?=[^;]*\bON CONFLICT[^;]*\bDO UPDATE)",
    re.I,
)


def day(text: str) -> date:
    """A day of October 2026, or of the month that is said: 5, 09-30."""
    return date.fromisoformat(f"2026-{text if '-' in text else f'10-{int(text):02d}'}")


@pytest.fixture(scope="module")
def template(empty_warehouse: tuple) -> str:
    """A warehouse that knows units and an agency since before October."""
    settings, server, engine = empty_warehouse
    engine.dispose()
    made = Units.create(settings, server, "empty")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kho.settings.get_settings", lambda: made.context.settings)
        made.load(day("09-01"))
        load_night(made.context, "agencies", day("09-01"), [agency(FINANCE, "Sở Kế hoạch")])
    made.context.engine.dispose()
    return str(made.context.engine.url.database)


@pytest.fixture
def units(empty_warehouse: tuple, template: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Units]:
    """A copy of it, in which datasets have one rule each."""
    settings, server, _ = empty_warehouse
    made = Units.create(settings, server, template)
    write_rules(made.context.settings.project_root, RULED | RULES_HERE)
    monkeypatch.setattr("kho.settings.get_settings", lambda: made.context.settings)
    yield made
    made.context.engine.dispose()


def dossier(status: str, changed: str, code: str = "H48-1") -> dict[str, str]:
    return {
        "MaHoSo": code, "MaTTHC": "1.000001", "MaDVHC": "21025", "NgayTiepNhan": "28/09/2026 08:00:00",
        "NgayHenTra": "12/10/2026 08:00:00", "DonViXuLy": FINANCE, "TrangThaiHoSo": status,
        "NgayCapNhat": f"{day(changed):%d/%m/%Y} 00:30:00",
    }  # fmt: skip


def voucher(code: str, amount: int, changed: str) -> dict[str, str]:
    return {
        "so_chung_tu": code, "ngay_chung_tu": "2026-09-30", "ma_du_an": "DA-1", "ma_don_vi": FINANCE,
        "nam_ngan_sach": "2026", "so_tien": str(amount), "nguon_von": "NSTW", "cap_nhat_luc": f"{day(changed)} 00:30:00",
    }  # fmt: skip


def health(code: str) -> dict[str, str]:
    return {
        "ma_ho_so": code, "so_dinh_danh": "051085001234", "ho_ten": "Người Thử", "ngay_sinh": "1985-01-02",
        "ma_xa": "21025", "ngay_kham": "2026-09-20", "phan_loai": "2", "cap_nhat": "2026-09-30 08:00:00",
    }  # fmt: skip


def keys(name: str, *codes: str) -> list[dict[str, str]]:
    return [{name: code} for code in codes]


def known(units: Units, fact: str, columns: str, days: str, where: str = "TRUE") -> dict[str, Any]:
    """The rows that were believed on each of these days; one value where it is one."""
    found = {}
    for text in days.split():
        query = f"SELECT {columns} FROM dw.{fact}_as_known_at(:day) AS t WHERE {where} ORDER BY 1"
        rows = units.rows(query, day=day(text))
        found[text] = [row[0] if len(row) == 1 else row for row in rows]
    return found


def history(units: Units) -> int:
    """How many earlier states are kept, of all tables."""
    return sum(
        units.rows(f"SELECT count(*) FROM dw_history.{name}")[0][0]
        for (name,) in units.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'dw_history'")
    )


def test_a_dossier_in_three_states_and_news_of_an_older_night(units: Units) -> None:
    for night, status in (("1", "2"), ("3", "4"), ("6", "9")):
        load_night(units.context, DOSSIERS, day(night), [dossier(status, night)])
    assert known(units, "fact_dossier", "status_code", "09-30 1 2 3 5 6 30") == {
        "09-30": [], "1": ["2"], "2": ["2"], "3": ["4"], "5": ["4"], "6": ["9"], "30": ["9"],
    }  # fmt: skip
    # The second night is run again, after the third: what it brings was not believed before the third.
    late = [dossier("5", "6") | {"NgayCapNhat": "06/10/2026 00:45:00"}, dossier("2", "2", "H48-2")]
    load_night(units.context, DOSSIERS, day("2"), late)
    load_night(units.context, DOSSIERS, day("8"), [dossier("10", "8")])
    assert known(units, "fact_dossier", "dossier_code, status_code", "2 3 5 6 8") == {
        "2": [("H48-1", "2")],
        "3": [("H48-1", "4")],
        "5": [("H48-1", "4")],
        "6": [("H48-1", "5"), ("H48-2", "2")],
        "8": [("H48-1", "10"), ("H48-2", "2")],
    }
    assert units.rows(
        "SELECT h.status_code, b.as_of, h.believed_until, h.by_deletion FROM dw_history.fact_dossier AS h "
        "JOIN meta.batch AS b ON h.superseded_by = b.batch_key ORDER BY h.history_id"
    ) == [
        ("2", day("3"), day("3"), False),
        ("4", day("6"), day("6"), False),
        ("9", day("2"), day("6"), False),
        ("5", day("8"), day("8"), False),
    ]


def test_a_voucher_is_revised_and_deleted_and_comes_back(units: Units) -> None:
    def night(number: str, records: Records, *there: str) -> None:
        load_night(units.context, VOUCHERS, day(number), records, keys("so_chung_tu", *there))

    night("1", [voucher("A", 100, "1"), voucher("B", 200, "1")], "A", "B")
    night("2", [voucher("A", 150, "2")], "A", "B")
    night("3", [], "B")
    # It comes back as it was; its tombstone is no longer believed.
    night("4", [voucher("A", 150, "2")], "A", "B")
    live = known(units, "fact_disbursement", "sum(amount_vnd)", "09-30 1 2 3 4 5", "NOT t.is_deleted")
    assert live == {"09-30": [None], "1": [300], "2": [350], "3": [200], "4": [350], "5": [350]}
    assert known(units, "fact_disbursement", "voucher_code, is_deleted", "3")["3"] == [
        ("A", True),
        ("B", False),
    ]
    assert units.rows("SELECT amount_vnd, by_deletion FROM dw_history.fact_disbursement ORDER BY history_id") == [
        (100, False), (150, True), (150, False),
    ]  # fmt: skip


def test_a_form_that_is_sent_again_leaves_what_the_first_one_said(units: Units) -> None:
    def form(version: int, sent: str, people: str) -> list[dict[str, str]]:
        return [
            {
                "commune_code": "21025", "period_code": "2026-M09", "line_code": "DS01", "agency_code": FINANCE,
                "unit_name": "người", "month": people, "period_end": "30/09/2026", "form_version": str(version),
                "_modified_at": f"{day(sent):%d/%m/%Y} 08:00:00", "_file": "BM01.xlsx",
            }
        ]  # fmt: skip

    pipeline.run_dataset("commune_form_lines", day("09-01"), units.context)
    load_night(units.context, "commune_socioeconomic_forms", day("3"), form(1, "2", "1.000"))
    load_night(units.context, "commune_socioeconomic_forms", day("9"), form(2, "8", "1.200"))
    load_night(units.context, "commune_socioeconomic_forms", day("12"), form(2, "8", "1.250"))
    current = known(units, "fact_commune_form_value", "month_value", "2 3 8 9 11 12", "t.is_current")
    assert current == {"2": [], "3": [1000], "8": [1000], "9": [1200], "11": [1200], "12": [1250]}
    # The first form is kept beside the second, and no longer current.
    both = known(units, "fact_commune_form_value", "form_version, is_current", "8 9 12")
    assert both == {"8": [(1, True)], "9": [(1, False), (2, True)], "12": [(1, False), (2, True)]}


def test_a_row_that_vanishes_at_its_source_leaves_the_fact_and_its_marts_and_comes_back(units: Units) -> None:
    context = units.context

    def school(code: str, month: str, pupils: int) -> dict[str, str]:
        return {
            "ma_truong": code, "ten_truong": code, "cap_hoc": "TH", "ma_xa": "21025", "ky": month, "so_lop": "1",
            "hoc_sinh": str(pupils), "hoc_sinh_nu": "0", "cap_nhat": "2026-09-30 08:00:00",
        }  # fmt: skip

    schools = [school("T1", "202608", 10), school("T1", "202609", 20), school("T2", "202609", 30)]
    place = [{"ma_truong": one["ma_truong"], "ky": one["ky"]} for one in schools]
    load_night(context, "students_schools", day("1"), schools, place)
    # The source keeps no August any more, and takes one figure of September back.
    load_night(context, "students_schools", day("2"), [], place[1:2])
    load_night(context, "students_schools", day("4"), schools[2:], place[1:])
    pupils = known(units, "fact_school_month", "sum(student_count)", "1 2 3 4")
    assert pupils == {"1": [60], "2": [30], "3": [30], "4": [60]}

    def people(commune: str, count: int) -> dict[str, str]:
        return {
            "ma_xa": commune, "ky": "2026-09", "so_ho": "1", "dan_so": str(count), "dan_so_nu": "0",
            "cap_nhat": "2026-09-30 08:00:00",
        }  # fmt: skip

    communes = [people("21025", 7), people("21028", 9)]
    place = [{"ma_xa": one["ma_xa"], "ky": one["ky"]} for one in communes]
    load_night(context, "population", day("1"), communes, place)
    load_night(context, "population", day("2"), [], place[1:])
    units.refresh()
    assert sum(units.measure("population.people", None, "2026-M09").values()) == 9
    assert known(units, "fact_population", "sum(population_count)", "1 2") == {"1": [16], "2": [9]}

    load_night(
        context, "health_records", day("1"), [health("SK1"), health("SK2")], keys("ma_ho_so", "SK1", "SK2")
    )
    load_night(context, "health_records", day("2"), [], keys("ma_ho_so", "SK2"))
    assert units.rows("SELECT sum(record_count) FROM mart.health_by_commune") == [(1,)]
    # What is still there, and what comes without any keys, removes nothing.
    load_night(context, "health_records", day("3"), [health("SK1")])
    assert known(units, "fact_health_record", "record_code", "1 2 3") == {
        "1": ["SK1", "SK2"], "2": ["SK2"], "3": ["SK1", "SK2"],
    }  # fmt: skip
    gone = "SELECT 1 FROM dw_history.{} WHERE by_deletion"
    facts = ("fact_school_month", "fact_population", "fact_health_record")
    assert [len(units.rows(gone.format(fact))) for fact in facts] == [1, 1, 1]


def test_a_source_that_has_lost_most_of_its_records_waits_for_a_person(units: Units) -> None:
    codes = [f"SK{number}" for number in range(30)]

    def night(number: str, records: list[dict[str, str]], left: list[str]) -> None:
        load_night(units.context, "health_records", day(number), records, keys("ma_ho_so", *left))

    night("1", [health("SK0"), health("SK29")], codes)
    said = r"15 of 30 records are no longer at the source \(50.0%\), the limit is 20%"
    with pytest.raises(GateClosed, match=said):
        night("2", [], codes[15:])
    held = "SELECT record_code FROM dw.fact_health_record ORDER BY 1"
    assert units.rows(held) == [("SK0",), ("SK29",)]
    # Ten of thirty may go: a handful says nothing.
    night("3", [], codes[10:])
    assert units.rows(held) == [("SK29",)]
    # As many records as before, and none of them the same.
    with pytest.raises(GateClosed, match=r"20 of 20 records are no longer at the source \(100.0%\)"):
        night("4", [], [f"MOI-{code}" for code in codes[10:]])
    # A night that told no keys removed nothing; it hides nothing either.
    load_night(units.context, "health_records", day("5"), [health("SK29") | {"phan_loai": "3"}])
    with pytest.raises(GateClosed, match="15 of 20 records"):
        night("6", [], codes[25:])
    assert units.rows(held) == [("SK29",)]


def test_a_month_that_its_source_has_archived_is_no_loss(units: Units) -> None:
    """Nothing of it leaves the fact, so nobody is asked."""

    def school(number: int, month: str) -> dict[str, str]:
        return {
            "ma_truong": f"T{number}", "ten_truong": "Trường", "cap_hoc": "TH", "ma_xa": "21025", "ky": month,
            "so_lop": "1", "hoc_sinh": "10", "hoc_sinh_nu": "0", "cap_nhat": "2026-09-30 08:00:00",
        }  # fmt: skip

    def place(*months: str) -> list[dict[str, str]]:
        return [{"ma_truong": f"T{number}", "ky": month} for month in months for number in range(15)]

    first = [school(0, "202607"), school(0, "202608"), school(0, "202609")]
    load_night(
        units.context, "students_schools", day("1"), first, place("202606", "202607", "202608", "202609")
    )
    load_night(units.context, "students_schools", day("2"), [], place("202608", "202609"))
    assert units.rows("SELECT count(*) FROM dw.fact_school_month") == [(3,)]


def test_a_target_that_the_plan_no_longer_has_is_no_target(units: Units) -> None:
    path = units.context.settings.reference_dir / "indicator_targets.csv"
    text = path.read_text(encoding="utf-8")
    pipeline.run_dataset("indicators", day("1"), units.context)
    counts = []
    for night, lines in (("1", text), ("2", text[: text.rstrip().rindex("\n") + 1]), ("5", text)):
        path.write_text(lines, encoding="utf-8")
        assert pipeline.run_dataset("indicator_targets", day(night), units.context)[-1].outcome == "loaded"
        counts += [row[0] for row in units.rows("SELECT count(*) FROM mart.indicator_target")]
    whole = counts[0]
    assert counts == [whole, whole - 1, whole]
    believed = known(units, "fact_indicator_target", "count(*)", "09-30 1 2 4 5")
    assert believed == {"09-30": [0], "1": [whole], "2": [whole - 1], "4": [whole - 1], "5": [whole]}


def test_earlier_states_follow_a_dimension_and_that_is_no_revision(units: Units) -> None:
    """September's counts were revised under the old name; the new one, which is told in December, holds since August."""
    load_night(units.context, "digital_signatures", day("1"), [signature(FINANCE, "202609", 40)])
    load_night(units.context, "digital_signatures", day("5"), [signature(FINANCE, "202609", 44)])
    kept = history(units)
    news = [agency(FINANCE, "Sở Tài chính", hieuLucTu="2026-08-01")]
    load_night(units.context, "agencies", day("12-01"), news)
    name = "issued_count, (SELECT a.name_vi FROM dw.dim_agency AS a WHERE a.agency_key = t.agency_key)"
    assert known(units, "fact_digital_signature", name, "1 4 5") == {
        "1": [(40, "Sở Tài chính")], "4": [(40, "Sở Tài chính")], "5": [(44, "Sở Tài chính")],
    }  # fmt: skip
    assert history(units) == kept == 1
    # Sent again, it is the row that it was.
    load_night(units.context, "digital_signatures", day("12-02"), [signature(FINANCE, "202609", 46)])
    assert known(units, "fact_digital_signature", name, "1 5 12-02")["12-02"] == [(46, "Sở Tài chính")]


def test_facts_of_a_commune_that_was_abolished_before_are_their_source_s_fault(units: Units) -> None:
    """It is known in December that 21028 went into 21025 on 1 October; September's and October's figures are there."""
    units.people("2026-M09", day("09-01"), {"21028": 5})
    units.people("2026-M10", day("1"), {"21028": 6, "21025": 7})
    dated = (
        "UPDATE dw.fact_population SET month_start_date_key = replace(period_code, '-M', '')::int * 100 + 1"
    )
    with units.context.engine.begin() as db:
        db.exec_driver_sql(dated)
    contract = [load_contract("population")]

    def found() -> tuple[Any, ...]:
        with units.context.engine.connect() as db:
            [(_, _, keys, lost)] = unresolved_keys(db, contract)
            misplaced = next(one for one in check_invariants(db) if one.name == "keys_are_of_their_day")
        return keys, lost, misplaced.broken

    assert found() == (3, 0, 0)
    merged = "2026-10-01,{},21025,commune,Phường Cẩm Thành,,,,,,made up,"
    units.load(day("12-01"), [merged.format(code) for code in ("21025", "21028")])
    assert found() == (3, 1, 0)
    units.refresh()
    assert units.measure("population.people", day("12-01"), "2026-M10") == {"21025": 13}


def test_keys_that_lead_nowhere_are_told_to_the_agency_whose_rows_have_them(units: Units) -> None:
    both = [agency(FINANCE, "Sở Kế hoạch"), agency(BUILDING, "Sở Xây dựng")]
    load_night(units.context, "agencies", day("10-01"), both)
    sent = [signature(code, "202611", 40) for code in (FINANCE, BUILDING)]
    load_night(units.context, "digital_signatures", day("12-01"), sent)
    contract = [load_contract("digital_signatures")]

    def found(unit: str) -> dict[str, tuple[int, int]]:
        """The keys of each agency, and those that lead nowhere, where a row of FINANCE names this unit."""
        with units.context.engine.begin() as db:
            db.exec_driver_sql(
                f"UPDATE dw.fact_digital_signature SET unit_key = {unit} WHERE agency_key = "
                f"(SELECT agency_key FROM dw.dim_agency WHERE agency_code = '{FINANCE}' AND is_current)"
            )
            return {agency: (n, lost) for _, agency, n, lost in unresolved_keys(db, contract)}

    assert found("-2") == {FINANCE: (1, 0), BUILDING: (2, 0)}
    assert found("-1") == {FINANCE: (2, 1), BUILDING: (2, 0)}
    merged = "2026-10-01,{},21025,commune,Phường Cẩm Thành,,,,,,made up,"
    units.load(day("12-02"), [merged.format(code) for code in ("21025", "21028")])
    gone = "(SELECT max(unit_key) FROM dw.dim_administrative_unit WHERE unit_code = '21028')"
    assert found(gone) == {FINANCE: (2, 1), BUILDING: (2, 0)}


def test_a_registration_is_believed_with_the_version_that_it_made(units: Units) -> None:
    """An event is moved to another day: the version that it made is gone, and still known of the days before."""

    def event(effective: str, changed: str) -> dict[str, str]:
        return {
            "SoHoSo": "HS1", "MaSo": "4300000001", "LoaiHinh": "TNHH2", "Ten": "Công ty Thử", "MaNganh": "47190",
            "PhienBanNganh": "2018", "MaXa": "21025", "NgayCap": "01/02/2020", "TinhTrang": "HD",
            "LoaiThayDoi": "DK", "LanThayDoi": "1", "NgayHieuLuc": f"{day(effective):%d/%m/%Y}",
            "CoQuanDangKy": FINANCE, "NgayCapNhat": f"{day(changed)}T00:30:00",
        }  # fmt: skip

    load_night(units.context, "enterprises", day("2"), [event("09-10", "2")])
    load_night(units.context, "enterprises", day("4"), [event("09-20", "4")])
    query = (
        "SELECT d.valid_from FROM dw.fact_enterprise_event_as_known_at(:day) AS f "
        "LEFT JOIN dw.dim_enterprise_as_known_at(:day) AS d USING (enterprise_key)"
    )
    assert [units.rows(query, day=day(text)) for text in ("1", "2", "3", "4")] == [
        [], [(day("09-10"),)], [(day("09-10"),)], [(day("09-20"),)],
    ]  # fmt: skip


def test_the_same_night_again_keeps_nothing_and_a_load_that_fails_neither(units: Units) -> None:
    load_night(units.context, DOSSIERS, day("1"), [dossier("2", "1"), dossier("2", "1", "H48-2")])
    assert history(units) == 0
    again = land_night(
        units.context, DOSSIERS, day("1"), [dossier("2", "1"), dossier("2", "1", "H48-2")], None
    )
    pipeline.load(again, units.context)
    # Other content of which nothing is news.
    load_night(units.context, DOSSIERS, day("2"), [dossier("2", "1")])
    assert history(units) == 0
    batch = land_night(units.context, DOSSIERS, day("3"), [dossier("4", "3")], None)
    for step in (pipeline.stage, pipeline.validate):
        step(batch, units.context)
    environment = {
        "KHO_HOME": str(units.context.settings.home),
        "KHO_WAREHOUSE_URL": str(units.context.settings.warehouse_url),
    }
    ended = run_forked(load_and_die, batch, environment=environment)
    assert ended.status == -signal.SIGKILL
    assert history(units) == 0
    assert known(units, "fact_dossier", "status_code", "3", "t.dossier_code = 'H48-1'")["3"] == ["2"]
    assert pipeline.load(batch, units.context).counts["loaded"] == 1
    assert history(units) == 1
    assert units.rows("SELECT count(*) FROM meta.batch WHERE known_from IS NULL AND status = 'loaded'") == [
        (0,)
    ]


def load_and_die(batch: str) -> None:
    """In a process of its own: load, and be killed when everything is done but for the commit."""
    settings = get_settings()
    context = Context.create(EnvironmentConnections(settings), settings)

    @sa.event.listens_for(context.engine, "before_cursor_execute")
    def die(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "SET status = 'loaded'" in statement:
            os.kill(os.getpid(), signal.SIGKILL)

    pipeline.load(batch, context)


def test_a_rebuild_that_mends_keeps_what_was_reported_and_one_that_finds_nothing_keeps_nothing(
    units: Units,
) -> None:
    for night, amount in (("1", 100), ("4", 300)):
        load_night(
            units.context, VOUCHERS, day(night), [voucher("A", amount, night)], keys("so_chung_tu", "A")
        )
    assert history(units) == 1
    pipeline.rebuild(VOUCHERS, units.context, by="Lê C", reason="thử")
    assert history(units) == 1
    with units.context.engine.begin() as db:
        db.exec_driver_sql("SET LOCAL kho.history = 'off'")
        db.exec_driver_sql("UPDATE dw.fact_disbursement SET amount_vnd = 1")
    pipeline.rebuild(VOUCHERS, units.context, by="Lê C", reason="thử")
    assert units.rows(
        "SELECT amount_vnd, superseded_by IS NULL, believed_until FROM dw_history.fact_disbursement "
        "ORDER BY history_id"
    ) == [(100, False, day("4")), (1, True, day("4"))]
    assert known(units, "fact_disbursement", "amount_vnd", "3 4") == {"3": [100], "4": [300]}


def test_what_is_older_than_its_term_goes_and_is_then_refused_instead_of_guessed(units: Units) -> None:
    for night, status in (("1", "2"), ("3", "4"), ("6", "9")):
        load_night(units.context, DOSSIERS, day(night), [dossier(status, night)])
    context = units.context
    # Two years after the fourth: of the three states, the one that was given up on the third is over.
    today = date(2028, 10, 3)
    beforehand = remove_expired(context.engine, context.settings, today, dry_run=True)
    assert beforehand.counts().get("history") == 1
    assert history(units) == 2
    remove_expired(context.engine, context.settings, today, dry_run=False)
    assert known(units, "fact_dossier", "status_code", "4 6") == {"4": ["4"], "6": ["9"]}
    with pytest.raises(sa.exc.DBAPIError, match="what dw.fact_dossier held on 2026-10-01 is not known"):
        known(units, "fact_dossier", "status_code", "1")
    assert units.rows("SELECT dataset, subject, items FROM meta.retention_log WHERE kind = 'history'") == [
        (DOSSIERS, "dw.fact_dossier", 1)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_loads_do_on_a_day_it_is_told_as_it_stood_at_its_end(units: Units, seed: int) -> None:
    """Rows come, change, go and come back, several loads a night, some undone, some of an older night; hands too."""
    chance = random.Random(seed)
    codes = [f"V{number}" for number in range(6)]
    stood: dict[date, list[tuple[Any, ...]]] = {}
    latest = day("1")
    columns = "voucher_code, amount_vnd, is_deleted"
    for number in range(60):
        night = latest + timedelta(days=chance.choice([0, 0, 1, 1, 2, -3]))
        with units.context.engine.connect() as db, db.begin() as transaction:
            batch = db.scalar(
                sa.text(
                    "INSERT INTO meta.batch (batch_id, dataset, as_of, status, loaded_at, contract_version, "
                    "content_sha256, raw_path, fetched) VALUES (:id, :dataset, :night, 'landed', now(), '1', "
                    "'x', 'x', 0) RETURNING batch_key"
                ),
                {"id": f"{VOUCHERS}-{number}", "dataset": VOUCHERS, "night": night},
            )
            by_hand = chance.random() < 0.1
            if not by_hand:
                run_file(db, "history/begin_load.sql", batch_key=batch)
                run_file(db, "load/name_batch.sql", batch_key=batch)
            for _ in range(chance.randint(0, 5)):
                change(db, chance.choice(codes), chance, None if by_hand else batch)
            run_file(db, "load/name_batch.sql", batch_key="")
            if by_hand or chance.random() < 0.2:
                if not by_hand:
                    transaction.rollback()
                    continue
                db.execute(sa.text("DELETE FROM meta.batch WHERE batch_key = :key"), {"key": batch})
            else:
                db.execute(
                    sa.text("UPDATE meta.batch SET status = 'loaded' WHERE batch_key = :key"), {"key": batch}
                )
                latest = max(latest, night)
            stood[latest] = [
                tuple(row)
                for row in db.execute(sa.text(f"SELECT {columns} FROM dw.fact_disbursement ORDER BY 1"))
            ]
    believed = {
        one: units.rows(f"SELECT {columns} FROM dw.fact_disbursement_as_known_at(:day) ORDER BY 1", day=one)
        for one in stood
    }
    assert believed == stood


def change(db: sa.Connection, code: str, chance: random.Random, batch: int | None) -> None:
    """One thing that may happen to a voucher; a hand leaves the batch as it is."""
    match chance.choice(["write", "write", "mark", "delete", "nothing"]):
        case "write" if batch:
            db.execute(
                sa.text(
                    "INSERT INTO dw.fact_disbursement (voucher_code, project_key, agency_key, disbursed_date_key, "
                    "budget_year, amount_vnd, fund_source_code, is_deleted, source_updated_at, batch_key) VALUES "
                    "(:code, -1, -1, -1, 2026, :amount, 'NSTW', FALSE, '2026-10-01', :batch) "
                    "ON CONFLICT (voucher_code) DO UPDATE SET amount_vnd = excluded.amount_vnd, "
                    "is_deleted = FALSE, batch_key = excluded.batch_key"
                ),
                {"code": code, "amount": chance.randint(1, 5), "batch": batch},
            )
        case "write" | "mark":
            db.execute(
                sa.text(
                    "UPDATE dw.fact_disbursement SET is_deleted = TRUE, batch_key = coalesce(:batch, batch_key) "
                    "WHERE voucher_code = :code"
                ),
                {"code": code, "batch": batch},
            )
        case "delete":
            db.execute(sa.text("DELETE FROM dw.fact_disbursement WHERE voucher_code = :code"), {"code": code})
        case _:
            db.execute(sa.text("UPDATE dw.fact_disbursement SET amount_vnd = amount_vnd"))


def changed_by_loads() -> set[str]:
    """The tables of the star of which some load changes or removes rows, by the texts of the loads."""
    texts: Sequence[str] = [read_sql(name) for dataset in in_order() for name in files_in(f"load/{dataset}")]
    return {
        name
        for text in texts
        for statement in re.sub(r"--.*", "", text).split(";")
        for pair in CHANGES.findall(statement)
        for name in pair
        if name
    }


def test_every_fact_that_a_load_changes_has_a_history_with_all_of_its_columns(units: Units) -> None:
    query = (
        "SELECT c.relname, h.dataset FROM meta.history_table AS h JOIN pg_class AS c ON h.table_name = c.oid"
    )
    kept: dict[str, str] = dict(units.rows(query))  # type: ignore[arg-type]
    changed = {name for name in changed_by_loads() if name.startswith("fact_")}
    assert len(changed) == 14
    assert {name for name in kept if name.startswith("fact_")} == changed
    assert {
        name: tables_of(dataset) for name, dataset in kept.items() if name not in tables_of(dataset)
    } == {}
    left_out = units.rows(
        "SELECT a.attrelid::regclass::text, a.attname FROM meta.history_table AS h "
        "JOIN pg_class AS c ON h.table_name = c.oid "
        "JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        "WHERE NOT EXISTS (SELECT FROM pg_attribute AS b WHERE b.attname = a.attname AND NOT b.attisdropped "
        "AND b.attrelid = ('dw_history.' || c.relname)::regclass)"
    )
    assert left_out == []
    for name in kept:
        assert units.rows(f"SELECT count(*) FROM dw.{name}_as_known_at('2026-10-01')")[0][0] >= 0
