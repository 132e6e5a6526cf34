"""The history of enterprises: spans without gaps, events in any order, and nobody's citizen id."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kho.privacy.handing import handed_keys
from kho.privacy.keyring import Keyring
from kho.sql_files import files_in, run_file

from .night import EPOCH, Province, a_sandbox, new_province

MASTER = ("administrative_units", "agencies")


@pytest.fixture(scope="module")
def province() -> Iterator[Province]:
    with a_sandbox(size=4_000, defect_scale=1.0) as running:
        province = new_province(*running)
        for nights in (0, 20):
            province.set_clock(EPOCH + timedelta(days=nights))
            for dataset in (*MASTER, "enterprises"):
                province.run(dataset, EPOCH + timedelta(days=nights))
        yield province


def test_spans_follow_each_other_without_gap_or_overlap(province: Province) -> None:
    assert province.scalar("SELECT count(*) FROM dw.dim_enterprise WHERE NOT is_current") > 20
    wrong = province.rows(
        "SELECT * FROM (SELECT enterprise_ref, valid_to, "
        "lead(valid_from) OVER (PARTITION BY enterprise_ref ORDER BY valid_from) - 1 AS ends_on "
        "FROM dw.dim_enterprise) AS d WHERE valid_to IS DISTINCT FROM ends_on"
    )
    assert wrong == []


def test_closing_and_suspending_are_in_the_history(province: Province) -> None:
    found = dict(
        province.rows(
            "SELECT event_type_code, count(DISTINCT d.status_code) FROM dw.fact_enterprise_event AS f "
            "JOIN dw.dim_enterprise AS d USING (enterprise_key) GROUP BY 1"
        )
    )
    assert found.keys() == {"DK", "TD", "TN", "HD", "GT"}
    branches = province.scalar(
        "SELECT count(*) FROM dw.dim_enterprise WHERE enterprise_ref = parent_ref || right(enterprise_ref, 4)"
    )
    assert branches > 0


def test_the_star_holds_nobody_s_citizen_id_or_name(province: Province) -> None:
    texts = province.rows(
        "SELECT table_schema, table_name, column_name FROM information_schema.columns "
        "WHERE table_schema IN ('dw', 'mart') AND data_type = 'text'"
    )
    for schema, table, column in texts:
        found = province.scalar(
            f"SELECT count(*) FROM {schema}.{table} WHERE {column} ~ '(^|[^0-9a-f])0[0-9]{{11}}($|[^0-9a-f])'"
        )
        assert found == 0, f"{schema}.{table}.{column}"
    persons = (
        "SELECT count(*) FILTER (WHERE name_vi IS NOT NULL), count(*) FROM dw.dim_enterprise WHERE is_person"
    )
    assert province.rows(persons)[0][0] == 0
    assert province.rows(persons)[0][1] > 20


def test_a_pseudonym_is_stable_here_and_different_elsewhere(province: Province) -> None:
    def pseudonym(of: Province) -> str:
        with of.context.engine.begin() as db, handed_keys(db, Keyring(of.context.settings, None)):
            return db.scalar(sa.text("SELECT meta.pseudonym('051085001234')"))

    assert pseudonym(province) == pseudonym(province)
    elsewhere = new_province(province.settings, province.server, province.sandbox)
    assert pseudonym(elsewhere) != pseudonym(province)


def event(number: int, day: date, updated: int = 0, **changes: Any) -> dict[str, Any]:
    """An accepted event of one enterprise."""
    return {
        "event_code": f"E.{number}", "enterprise_code": "4300205943", "entity_type_code": "DN",
        "enterprise_name": "Công ty", "parent_code": None, "sector_code": "4711", "sector_version": "2025",
        "commune_code": "21025", "registered_on": date(2019, 5, 6), "charter_capital_vnd": number * 1_000,
        "status_code": "00", "event_type_code": "TD", "event_number": number, "effective_on": day,
        "agency_code": "000.00.05.H48", "updated_at": EPOCH + timedelta(days=updated),
    } | changes  # fmt: skip


def load(province: Province, *events: dict[str, Any]) -> None:
    """Run the load's files on these rows, as a batch would."""
    columns = ", ".join(
        f"{name} {kind}"
        for name, kind in {
            "event_code": "text", "enterprise_code": "text", "entity_type_code": "text",
            "enterprise_name": "text", "parent_code": "text", "sector_code": "text",
            "sector_version": "text", "commune_code": "text", "registered_on": "date",
            "charter_capital_vnd": "numeric", "status_code": "text", "event_type_code": "text",
            "event_number": "bigint", "effective_on": "date", "agency_code": "text",
            "updated_at": "timestamp",
        }.items()
    )  # fmt: skip
    with province.context.engine.begin() as db:
        db.exec_driver_sql(f"CREATE TEMP TABLE accepted ({columns}) ON COMMIT DROP")
        names = ", ".join(f":{name}" for name in events[0])
        db.execute(sa.text(f"INSERT INTO accepted ({', '.join(events[0])}) VALUES ({names})"), list(events))
        for name in files_in("load/enterprises"):
            result = run_file(db, name, batch_key=1)
            if name.endswith("90_count_loaded.sql"):
                assert result.scalar_one() == len(events)


def history(province: Province) -> list[tuple[Any, ...]]:
    return province.rows(
        "SELECT valid_from, valid_to, charter_capital_vnd::integer FROM dw.dim_enterprise "
        "WHERE enterprise_ref = '4300205943' ORDER BY valid_from"
    )


@pytest.fixture
def empty(province: Province) -> Province:
    own = new_province(province.settings, province.server, province.sandbox)
    for dataset in MASTER:
        own.run(dataset, EPOCH)
    return own


MARCH, MAY, JULY = date(2026, 3, 1), date(2026, 5, 1), date(2026, 7, 1)
DAY = timedelta(days=1)


def test_events_make_the_same_history_in_any_order_and_twice(empty: Province) -> None:
    first, second, third = event(1, MARCH), event(2, MAY), event(3, JULY)
    expected = [(MARCH, MAY - DAY, 1_000), (MAY, JULY - DAY, 2_000), (JULY, None, 3_000)]
    load(empty, third)
    load(empty, first)
    load(empty, second)
    assert history(empty) == expected
    before = empty.everything_in_dw()
    load(empty, second, first, third)
    assert empty.everything_in_dw() == before


def test_of_two_events_on_one_day_the_later_one_counts(empty: Province) -> None:
    load(empty, event(2, MARCH))
    load(empty, event(1, MARCH))
    assert history(empty) == [(MARCH, None, 2_000)]
    assert empty.scalar("SELECT count(*) FROM dw.fact_enterprise_event") == 2


def test_an_event_that_is_moved_leaves_no_ghost(empty: Province) -> None:
    load(empty, event(1, MARCH), event(2, JULY))
    load(empty, event(2, MAY, updated=1))
    assert history(empty) == [(MARCH, MAY - DAY, 1_000), (MAY, None, 2_000)]
    load(empty, event(2, JULY, updated=0))
    assert history(empty) == [(MARCH, MAY - DAY, 1_000), (MAY, None, 2_000)]
    load(empty, event(2, MAY, updated=2, enterprise_code="0100109106"))
    assert history(empty) == [(MARCH, None, 1_000)]
