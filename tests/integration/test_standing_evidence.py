"""What stands of an agency's rows, night by night: the last that was found of them, until it sends others.

The batches are written by hand; judging, replacing and scoring go through the statements that a night runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from kho.contracts import load_contract
from kho.server.migrations import migrate
from kho.server.postgres import ensure_database
from kho.server.warehouse import engine, open_warehouse
from kho.settings import get_settings
from kho.sql_files import run_file

DATASET = "indicator_reports"
FIRST = date(2026, 11, 1)
Found = dict[str, tuple[int, int]]
"""What a rule found of each agency's rows: judged and failed."""


class Nights:
    """A dataset whose batches are judged and loaded by the test."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def judge(
        self, name: str, night: date, rows: Found, *, replays: str | None = None, status: str = "loaded"
    ) -> str:
        """Enter a batch and its results: a rule about the whole dataset, and one about rows."""
        enter = sa.text(
            "INSERT INTO meta.batch (batch_id, dataset, as_of, status, content_sha256, contract_version, fetched, "
            "raw_path, loaded_at, replays, rejudges_day) VALUES (:b, :d, :n, :s, 'x', '1', 0, 'x', "
            "CASE :s WHEN 'loaded' THEN clock_timestamp() END, :r, cast(:r AS text) IS NOT NULL)"
        )
        with self.engine.begin() as db:
            db.execute(enter, {"b": name, "d": DATASET, "n": night, "s": status, "r": replays})
        self.judge_again(name, rows)
        return name

    def judge_again(self, name: str, rows: Found) -> None:
        results = [("schema", True, "", 1, 0), *(("range", False, who, *n) for who, n in rows.items())]
        rules, of_dataset, agencies, evaluated, failed = map(list, zip(*results, strict=True))
        with self.engine.begin() as db:
            run_file(
                db,
                "quality/keep_results.sql",
                dataset=DATASET,
                batch_id=name,
                rule_ids=rules,
                principles=["correct"] * len(rules),
                severities=["critical"] * len(rules),
                of_dataset=of_dataset,
                agencies=agencies,
                evaluated=evaluated,
                failed=failed,
            )

    def score(self, night: date, batch: str | None = None) -> dict[str, tuple[int, int, date]]:
        """Score a night; by agency what was judged, what failed, and of which night the score speaks."""
        with self.engine.begin() as db:
            run_file(db, "quality/score_night.sql", as_of=night, dataset=DATASET, batch_id=batch)
            rows = db.execute(
                sa.text("SELECT * FROM dq.score WHERE as_of = :n AND principle = 'correct'"), {"n": night}
            )
            return {row.agency_code: (row.evaluated, row.failed, row.judged_on) for row in rows}


@pytest.fixture
def nights(empty_warehouse: tuple) -> Iterator[Nights]:
    from tests.integration.embedded import EMPTY, copy_database

    settings, server, engine = empty_warehouse
    engine.dispose()
    name = f"standing_{uuid4().hex[:12]}"
    copy_database(server, EMPTY, name)
    url = server.url(name).render_as_string(hide_password=False)
    own = open_warehouse(replace(settings, warehouse_url=url))
    yield Nights(own)
    own.dispose()


def _night(number: int) -> date:
    return FIRST + timedelta(days=number - 1)


def test_a_score_stands_until_the_agency_sends_other_rows(nights: Nights) -> None:
    nights.judge("one", _night(1), {"A": (10, 4), "B": (5, 0), "": (3, 1)})
    first = {"A": (10, 4, _night(1)), "B": (5, 0, _night(1)), "": (4, 1, _night(1))}
    assert nights.score(_night(1)) == first

    # A sends nothing, and no row is without an agency: the dataset's own rule is asked again, that is all.
    nights.judge("two", _night(2), {"B": (6, 6)})
    second = {**first, "B": (6, 6, _night(2))}
    assert nights.score(_night(2)) == second

    nights.judge("three", _night(3), {})
    assert nights.score(_night(3)) == second
    # Nothing runs on the fourth night.
    assert nights.score(_night(4)) == second

    nights.judge("five", _night(5), {"A": (2, 0)})
    assert nights.score(_night(5)) == {**second, "A": (2, 0, _night(5))}
    # Each earlier day still gives what stood then.
    assert [nights.score(_night(number)) for number in (1, 2, 3)] == [first, second, second]


def test_rows_are_spoken_of_for_a_year_unless_they_are_the_last(nights: Nights) -> None:
    nights.judge("one", _night(1), {"A": (10, 4)})
    assert nights.score(FIRST.replace(year=2029))["A"] == (10, 4, _night(1))
    nights.judge("two", _night(2), {"B": (5, 0)})
    assert nights.score(FIRST.replace(year=2027)).keys() == {"A", "B", ""}
    assert nights.score(_night(2).replace(year=2027)).keys() == {"B", ""}


def test_only_what_is_loaded_speaks_and_what_is_being_loaded_speaks_first(nights: Nights) -> None:
    nights.judge("loaded", _night(1), {"A": (10, 4)})
    nights.judge("blocked", _night(2), {"A": (10, 10)}, status="blocked")
    assert nights.score(_night(2))["A"] == (10, 4, _night(1))
    nights.judge("tonight", _night(2), {"A": (3, 3)})
    nights.judge("loading", _night(2), {"A": (2, 1)}, status="validated")
    assert nights.score(_night(2))["A"] == (3, 3, _night(2))
    assert nights.score(_night(2), "loading")["A"] == (2, 1, _night(2))


def test_a_batch_that_is_judged_again_speaks_of_the_agencies_it_has_now(nights: Nights) -> None:
    nights.judge("one", _night(1), {"A": (10, 4)})
    nights.judge("two", _night(2), {"A": (1, 1), "B": (1, 1)})
    nights.judge_again("two", {"B": (2, 0)})
    assert nights.score(_night(2)) == {"A": (10, 4, _night(1)), "B": (2, 0, _night(2)), "": (1, 0, _night(2))}


def test_a_night_judged_again_is_spoken_for_by_its_last_judgement(nights: Nights) -> None:
    """A correction has moved A's rows to B: A's older rows stand again, not those of the replaced judgement."""
    nights.judge("one", _night(1), {"A": (10, 4)})
    nights.judge("two", _night(2), {"A": (3, 3)})
    nights.judge("again", _night(2), {"A": (1, 1), "B": (2, 2)}, replays="two")
    nights.judge("once more", _night(2), {"B": (3, 0)}, replays="two")
    assert nights.score(_night(2)) == {"A": (10, 4, _night(1)), "B": (3, 0, _night(2)), "": (1, 0, _night(2))}
    assert nights.score(_night(1)) == {"A": (10, 4, _night(1)), "": (1, 0, _night(1))}


def test_a_replay_of_open_cases_speaks_for_nobody(nights: Nights) -> None:
    nights.judge("one", _night(1), {"A": (10, 4)})
    nights.judge("cases", _night(1), {"A": (4, 4)}, replays="one")
    with nights.engine.begin() as db:
        db.exec_driver_sql("UPDATE meta.batch SET rejudges_day = FALSE WHERE batch_id = 'cases'")
    assert nights.score(_night(1))["A"] == (10, 4, _night(1))


def test_a_warning_is_reported_until_the_agencys_rows_are_judged_again(nights: Nights) -> None:
    nights.judge("one", _night(1), {"A": (10, 4), "B": (5, 5)})
    nights.judge("two", _night(2), {"B": (5, 5)})
    nights.judge("three", _night(3), {"B": (5, 0)})
    nights.judge("four", _night(4), {"B": (5, 2)})
    with nights.engine.begin() as db:
        db.exec_driver_sql("UPDATE dq.rule_result SET severity = 'warning'")
        found: list[Any] = run_file(db, "report/open_warnings.sql", as_of=_night(4)).all()
    assert [(row.agency_code, row.records, row.first_seen_on) for row in found] == [
        ("A", 4, _night(1)),
        ("B", 2, _night(4)),
    ]


OWNER = load_contract(DATASET).quality.owner_agency


def _freshness(nights: Nights, night: date, days: int) -> tuple[str, int, str]:
    """What the night's measure says of the dataset: who is charged, failures, whose fault."""
    given = {"datasets": [DATASET], "days": [days], "owners": [OWNER]}
    with nights.engine.connect() as db:
        row = run_file(db, "measure/freshness.sql", as_of=night, **given).one()
    return row.agency_code, row.failed, row.fault if row.failed else "none"


def _changed(nights: Nights, newest: datetime) -> None:
    with nights.engine.begin() as db:
        db.execute(sa.text("DELETE FROM meta.freshness"))
        db.execute(
            sa.text("INSERT INTO meta.freshness (dataset, newest) VALUES (:d, :n)"),
            {"d": DATASET, "n": newest},
        )


def _asked(nights: Nights, night: date, outcome: str = "unchanged", fault: str | None = None) -> None:
    with nights.engine.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO meta.night (as_of, dataset, outcome, fault) VALUES (:n, :d, :o, :f) "
                "ON CONFLICT (as_of, dataset) DO NOTHING"
            ),
            {"d": DATASET, "n": night, "o": outcome, "f": fault},
        )


def _know_the_owner(nights: Nights) -> None:
    with nights.engine.begin() as db:
        db.execute(sa.text("INSERT INTO dw.dim_agency (agency_code, name_vi) VALUES (:c, :c)"), {"c": OWNER})


def test_an_old_source_counts_against_its_owner_unless_nobody_could_ask_it(nights: Nights) -> None:
    """The newest change is of Sunday, 1 November, and may be forty working days old: until 28 December, as 24 November is off."""
    _changed(nights, datetime(2026, 11, 1))
    for night in (date(2026, 12, 28), date(2026, 12, 29)):
        _asked(nights, night)
    _asked(nights, date(2026, 12, 30), "failed", "gateway_down")
    # The batch was asked for and is not fit to load: the source was seen.
    _asked(nights, date(2026, 12, 31), "blocked", "data_defect")

    # An owner that the catalogue does not know is not charged.
    assert _freshness(nights, date(2026, 12, 29), 40) == ("", 1, "source_late")
    _know_the_owner(nights)
    assert _freshness(nights, date(2026, 12, 28), 40) == (OWNER, 0, "none")
    assert _freshness(nights, date(2026, 12, 29), 40) == (OWNER, 1, "source_late")
    assert _freshness(nights, date(2026, 12, 30), 40) == ("", 1, "gateway_down")
    assert _freshness(nights, date(2026, 12, 31), 40) == (OWNER, 1, "source_late")


def test_a_source_ages_on_working_days_only(nights: Nights) -> None:
    """By the measure of a night and by the load of a batch alike, it is fresh on `last` and old a day later."""
    _know_the_owner(nights)
    for newest, days, last in (
        # Friday at five: Monday, and Tuesday if two working days are allowed. The night after finds it old.
        (datetime(2026, 11, 6, 17), 1, date(2026, 11, 9)),
        (datetime(2026, 11, 6, 17), 2, date(2026, 11, 10)),
        # A change made on Saturday is as good as one of Friday.
        (datetime(2026, 11, 7, 9), 2, date(2026, 11, 10)),
        (datetime(2026, 11, 4), 2, date(2026, 11, 6)),
        (datetime(2026, 11, 4, 23, 59), 2, date(2026, 11, 6)),
        # Tết 2027: offices close from Thursday, 4 February, and work again from Thursday, 11 February.
        (datetime(2027, 2, 3, 17), 2, date(2027, 2, 12)),
        # What is dated later than the night is not old.
        (datetime(2027, 3, 5, 9), 0, date(2027, 3, 5)),
    ):
        _changed(nights, newest)
        found = {
            night: _judged_twice(nights, newest, days, night) for night in (last, last + timedelta(days=1))
        }
        assert found == {last: (0, 0), last + timedelta(days=1): (1, 1)}, newest


def _judged_twice(nights: Nights, newest: datetime, days: int, night: date) -> tuple[int, int]:
    """How often it is not fresh enough by the night's measure, and by the load of a batch."""
    _asked(nights, night)
    measured = _freshness(nights, night, days)[1]
    batch = nights.judge(uuid4().hex, night, {})
    with nights.engine.begin() as db:
        run_file(
            db,
            "quality/note_batch_evidence.sql",
            dataset=DATASET,
            as_of=night,
            batch_id=batch,
            newest=newest,
            fresh_days=days,
            owner=OWNER,
        )
        loaded = db.execute(
            sa.text("SELECT failed FROM dq.evidence WHERE rule_id = 'fresh_enough'")
        ).scalar_one()
        db.execute(sa.text("DELETE FROM dq.evidence"))
        db.execute(sa.text("DELETE FROM dq.newest"))
    return measured, loaded


def test_a_night_that_we_did_not_run_is_charged_to_nobody(nights: Nights) -> None:
    """A paused DAG and a dead scheduler leave no row of the night; a crash of ours leaves one without a cause."""
    _know_the_owner(nights)
    _changed(nights, datetime(2026, 11, 2, 9))
    _asked(nights, date(2026, 11, 12), "failed")
    assert _freshness(nights, date(2026, 11, 11), 2) == ("", 1, "own_fault")
    assert _freshness(nights, date(2026, 11, 12), 2) == ("", 1, "own_fault")
    _asked(nights, date(2026, 11, 11))
    assert _freshness(nights, date(2026, 11, 11), 2) == (OWNER, 1, "source_late")


@pytest.fixture
def at_version(empty_warehouse: tuple, tmp_path: Path) -> Iterator[Callable[[str], sa.Engine]]:
    """Makes a database of its own that has the migrations before a number."""
    settings, server, _ = empty_warehouse
    made: list[sa.Engine] = []

    def before(number: str) -> sa.Engine:
        name = f"standing_{uuid4().hex[:12]}"
        ensure_database(server, name)
        made.append(engine(server.url(name)))
        for file in settings.migrations_dir.glob("*.sql"):
            if file.name < number:
                (tmp_path / file.name).symlink_to(file)
        migrate(made[-1], tmp_path)
        return made[-1]

    yield before
    for one in made:
        one.dispose()


def test_what_was_judged_before_the_update_stands_by_agency_too(
    at_version: Callable[[str], sa.Engine],
) -> None:
    old = at_version("0165")
    with old.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO meta.batch (batch_id, dataset, as_of, status, content_sha256, contract_version, fetched, "
            "raw_path, loaded_at) SELECT n, 'd', date '2026-11-01' + n, 'loaded', 'x', '1', 0, 'x', now() "
            "FROM generate_series(1, 3) AS n"
        )
        db.exec_driver_sql(
            "INSERT INTO dq.rule_result (dataset, batch_id, rule_id, principle, severity, agency_code, evaluated, "
            "failed) VALUES ('d', '1', 'range', 'correct', 'critical', 'A', 10, 4), "
            "('d', '1', 'range', 'correct', 'critical', '', 1, 1), ('d', '2', 'range', 'correct', 'critical', 'B', 5, 0), "
            "('d', '1', 'schema', 'correct', 'critical', '', 1, 1), ('d', '2', 'schema', 'correct', 'critical', '', 1, 0), "
            "('d', '3', 'schema', 'correct', 'critical', '', 1, 0)"
        )
    migrate(old, get_settings().migrations_dir)
    with old.connect() as db:
        found = db.exec_driver_sql(
            "SELECT * FROM dq.evidence_on('2026-11-20') ORDER BY rule_id, agency_code"
        ).all()
    assert [(row.rule_id, row.agency_code, row.failed, row.judged_on.day) for row in found] == [
        ("range", "", 1, 2),
        ("range", "A", 4, 2),
        ("range", "B", 0, 3),
        ("schema", "", 0, 4),
    ]


def test_rows_that_were_nobodys_become_their_owners(at_version: Callable[[str], sa.Engine]) -> None:
    """The rows of `owned` name no agency; of those of `named` one does."""
    old = at_version("0174")
    with old.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO dw.dim_source_system (dataset, name_vi, owner_agency_code) "
            "VALUES ('owned', 'x', 'A'), ('named', 'x', 'A')"
        )
        db.exec_driver_sql(
            "INSERT INTO meta.batch (batch_id, dataset, as_of, status, content_sha256, contract_version, fetched, "
            "raw_path, loaded_at) SELECT d || n, d, date '2026-11-01' + n, 'loaded', 'x', '1', 0, 'x', now() "
            "FROM generate_series(1, 2) AS n, unnest(ARRAY['owned', 'named']) AS d"
        )
        db.exec_driver_sql(
            "INSERT INTO dq.rule_result (dataset, batch_id, rule_id, principle, severity, agency_code, evaluated, "
            "failed, of_dataset) VALUES ('owned', 'owned1', 'range', 'correct', 'critical', '', 10, 4, FALSE), "
            "('owned', 'owned1', 'schema', 'correct', 'critical', '', 1, 1, TRUE), "
            "('owned', 'owned2', 'schema', 'correct', 'critical', '', 1, 0, TRUE), "
            "('named', 'named1', 'range', 'correct', 'critical', '', 3, 3, FALSE), "
            "('named', 'named2', 'range', 'correct', 'critical', 'B', 5, 0, FALSE)"
        )
        db.exec_driver_sql(
            "INSERT INTO dq.judged_agency (dataset, agency_code, as_of, batch_id) "
            "SELECT r.dataset, r.agency_code, b.as_of, r.batch_id FROM dq.rule_result AS r "
            "JOIN meta.batch AS b USING (batch_id) WHERE NOT r.of_dataset"
        )
    migrate(old, get_settings().migrations_dir)
    with old.connect() as db:
        found = db.exec_driver_sql(
            "SELECT * FROM dq.evidence_on('2026-11-20') ORDER BY dataset, rule_id, agency_code"
        ).all()
    assert [(row.dataset, row.rule_id, row.agency_code, row.failed) for row in found] == [
        ("named", "range", "", 3),
        ("named", "range", "B", 0),
        ("owned", "range", "A", 4),
        ("owned", "schema", "", 0),
    ]
