"""Who gets the cases of an agency that was dissolved: its successor, or else the dataset's owner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kho.alerts.causes import read_causes
from kho.alerts.config import config_path, load_alert_config
from kho.contracts import load_contracts
from kho.quality.case_calendar import list_backlogs, turn_cases
from kho.quality.deadlines import load_deadlines
from kho.report.mend_lists import write_mend_lists
from kho.report.movement import read_movement
from kho.report.names import read_names
from kho.report.overdue import read_overdue
from kho.report.violations import read_violations
from kho.settings import Settings, get_settings
from kho.sql_files import run_file

from .cases import DOSSIERS, FIRST, HEALTH, a_case, case_engine, case_warehouse  # noqa: F401
from .test_alerts import at
from .test_mend_lists import lines

OWNER = "000.00.00.H48"
"""Who answers for dossiers: the province's committee."""

# X was dissolved on the 18th without a successor; OLD went into HEALTH by two steps; SPLIT into two.
AGENCIES = {"OLD": "Sở Cũ", "X": "Sở Không Còn", "SPLIT": "Sở Bị Chia", OWNER: "UBND tỉnh"}


@pytest.fixture
def cases(engine: sa.Engine) -> Iterator[sa.Engine]:
    with engine.begin() as db:
        for code, name in AGENCIES.items():
            db.execute(
                sa.text(
                    "INSERT INTO dw.dim_agency (agency_code, name_vi, retired_on) "
                    "VALUES (:c, :n, CASE WHEN :c <> :o THEN date '2026-11-18' END)"
                ),
                {"c": code, "n": name, "o": OWNER},
            )
        db.execute(
            sa.text(
                "INSERT INTO dw.bridge_agency_succession (old_agency_name, old_agency_code, new_agency_code, "
                "effective_date, succession_kind) VALUES ('a', 'OLD', 'BETWEEN', '2026-11-17', 'merged'), "
                "('b', 'BETWEEN', :h, '2026-11-18', 'merged'), ('c', 'SPLIT', :h, '2026-11-18', 'split'), "
                "('c', 'SPLIT', :o, '2026-11-18', 'split'), ('d', :h, 'LATER', '2026-12-24', 'merged')"
            ),
            {"h": HEALTH, "o": OWNER},
        )
    for agency in (HEALTH, "OLD", "X", "SPLIT"):
        a_case(engine, f"of {agency}", agency=agency, seen=date(2026, 11, 10), due=FIRST - timedelta(days=1))
    yield engine
    with engine.begin() as db:
        db.execute(sa.text("DELETE FROM dw.bridge_agency_succession"))
        db.execute(sa.text("DELETE FROM dw.dim_agency WHERE agency_code = any(:c)"), {"c": list(AGENCIES)})


def test_a_list_to_mend_goes_to_the_successor_and_says_of_whom(cases: sa.Engine, tmp_path: Path) -> None:
    written = {item.agency_code: item for item in write_mend_lists(cases, FIRST, Settings(home=tmp_path))}
    states = {code: {x["Hồ sơ"]: x["Tình trạng"] for x in lines(item.path)} for code, item in written.items()}
    assert states == {
        HEALTH: {f"of {HEALTH}": "Quá hạn", "of OLD": "Quá hạn; trước đây của Sở Cũ"},
        # Nobody follows X, and of two that follow nobody knows whose a case is.
        OWNER: {
            "of X": "Quá hạn; trước đây của Sở Không Còn",
            "of SPLIT": "Quá hạn; trước đây của Sở Bị Chia",
        },
    }
    before = write_mend_lists(cases, date(2026, 11, 16), Settings(home=tmp_path))
    assert {item.agency_code for item in before} == {HEALTH, "OLD", "X", "SPLIT"}


def test_who_gives_a_part_away_answers_for_its_own_cases(cases: sa.Engine) -> None:
    """HEALTH gives a part of its work to OWNER on the 18th and lives on, for a while; OLD's came to it by two steps."""
    with cases.connect() as db:

        def answers(agency: str) -> tuple[Any, ...]:
            query = (
                "SELECT answers_code, answers_from FROM dw.agencies_answering(:day) WHERE agency_code = :a"
            )
            return tuple(db.execute(sa.text(query), {"day": FIRST, "a": agency}).one())

        db.execute(
            sa.text(
                "INSERT INTO dw.bridge_agency_succession (old_agency_name, old_agency_code, new_agency_code, "
                "effective_date, succession_kind) VALUES ('f', :h, :o, '2026-11-18', 'split')"
            ),
            {"h": HEALTH, "o": OWNER},
        )
        lives = answers(HEALTH), answers("OLD")
        db.execute(
            sa.text("UPDATE dw.dim_agency SET retired_on = :d WHERE agency_code = :h"),
            {"d": FIRST, "h": HEALTH},
        )
        ended = answers(HEALTH), answers("OLD")
        db.rollback()
    handed_on = date(2026, 11, 18)
    assert lives == ((HEALTH, None), (HEALTH, handed_on))
    assert ended == ((OWNER, handed_on), (OWNER, handed_on))


def test_deadlines_are_those_of_the_successor(cases: sa.Engine) -> None:
    assert {x.agency_code: x.open_cases for x in list_backlogs(cases, FIRST)} == {HEALTH: 2, "": 2}
    assert [x.open_cases for x in list_backlogs(cases, FIRST, agency=HEALTH)] == [2]


def test_the_report_lists_overdue_cases_under_the_successor(cases: sa.Engine) -> None:
    with cases.connect() as db:
        names = read_names(db, get_settings().contracts_dir)
        found = read_violations(db, FIRST, names, load_deadlines())
    assert [(x.agency_code, x.agency, x.overdue) for x in found.backlog] == [
        (HEALTH, "Sở Y tế (trước đây của Sở Cũ)", 2),
        ("", "Chưa xác định được cơ quan (trước đây của Sở Bị Chia; Sở Không Còn)", 2),
    ]


def test_the_report_lists_what_moved_under_the_successor(cases: sa.Engine) -> None:
    with cases.connect() as db:
        names = read_names(db, get_settings().contracts_dir)
        found = read_movement(db, date(2026, 11, 9), FIRST, names)
        before = read_movement(db, date(2026, 11, 9), date(2026, 11, 16), names)
    assert [(x.agency_code, x.agency, x.found, x.open) for x in found.agencies] == [
        (HEALTH, "Sở Y tế (trước đây của Sở Cũ)", 2, 2),
        ("", "Chưa xác định được cơ quan (trước đây của Sở Bị Chia; Sở Không Còn)", 2, 2),
    ]
    assert {x.agency_code: x.open for x in before.agencies} == dict.fromkeys((HEALTH, "OLD", "SPLIT", "X"), 1)


def test_overdue_dossiers_are_those_of_the_successor(cases: sa.Engine) -> None:
    with cases.connect() as db:
        _overdue(db)
        names = read_names(db, get_settings().contracts_dir)
        config: Any = None
        found = read_overdue(db, FIRST, names, config, "51", days=92)
        db.rollback()
    assert [(x.agency_code, x.agency, x.dossiers) for x in found.dossiers] == [
        (HEALTH, "Sở Y tế (trước đây của Sở Cũ)", 2),
        ("", "Chưa xác định được cơ quan (trước đây của Sở Không Còn)", 1),
    ]


def _overdue(db: sa.Connection) -> None:
    """A dossier of each of three agencies, past its due day, in the mart."""
    db.exec_driver_sql("SELECT dw.make_month('dw.fact_dossier', '2026-11-01')")
    db.execute(
        sa.text(
            "INSERT INTO dw.fact_dossier (dossier_code, agency_key, procedure_key, unit_key, received_date_key, "
            "due_date_key, finished_date_key, returned_date_key, batch_key, received_at, source_updated_at, "
            "status_code) SELECT a.agency_code, a.agency_key, -1, -1, dw.date_key(date '2026-11-02', -1), "
            "dw.date_key(date '2026-11-09', -1), -1, -1, -1, '2026-11-02', '2026-11-02', '4' "
            "FROM dw.dim_agency AS a WHERE a.agency_code IN (:h, 'OLD', 'X')"
        ),
        {"h": HEALTH},
    )
    db.exec_driver_sql("REFRESH MATERIALIZED VIEW mart.dossier_overdue")


def test_the_successor_of_an_owner_is_told(cases: sa.Engine) -> None:
    with cases.begin() as db:
        turn_cases(db, FIRST)

    def told() -> list[str | None]:
        settings = get_settings()
        config = load_alert_config(config_path(settings))
        with cases.connect() as db:
            causes = read_causes(db, load_contracts(), config, at("09:00"))
        return [cause.owner for cause in causes if cause.kind == "case_expired"]

    assert told() == [OWNER]
    with cases.begin() as db:
        db.execute(
            sa.text("UPDATE dw.dim_agency SET retired_on = '2026-11-19' WHERE agency_code = :o"), {"o": OWNER}
        )
    assert told() == [None]
    with cases.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO dw.bridge_agency_succession (old_agency_name, old_agency_code, new_agency_code, "
                "effective_date, succession_kind) VALUES ('e', :o, :h, '2026-11-19', 'merged')"
            ),
            {"o": OWNER, "h": HEALTH},
        )
    assert told() == [HEALTH]


def test_the_scores_of_an_agency_end_with_it(cases: sa.Engine) -> None:
    nights = (date(2026, 11, 17), date(2026, 11, 18))
    with cases.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO dq.evidence SELECT :n, :d, a, 'r', 'live', 'critical', 'source_late', 1, 1 "
                "FROM unnest(cast(:a AS text[])) AS a"
            ),
            {"n": nights[0], "d": DOSSIERS, "a": [HEALTH, "OLD"]},
        )
        scored = []
        for night in nights:
            run_file(db, "quality/score_night.sql", as_of=night, dataset=DOSSIERS, batch_id=None)
            found = db.execute(sa.text("SELECT agency_code FROM dq.score WHERE as_of = :n"), {"n": night})
            scored.append(set(found.scalars()))
        db.rollback()
    assert scored == [{HEALTH, "OLD"}, {HEALTH}]
