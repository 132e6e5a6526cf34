"""Values unlike those of comparable nights: planted oddities are found, verdicts are learnt, nothing comes twice."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from rich.console import Console

from kho.anomalies import Anomaly, find_anomalies, judge, keep_profile, list_anomalies, measure_batch, show
from kho.anomalies.config import Indicator, Watch, config_path, watch_of
from kho.anomalies.profile import scope_of
from kho.anomalies.step import look_at_night
from kho.anomalies.words import explained_vi, measure_vi
from kho.cli import anomaly as command
from kho.contracts import load_contract
from kho.errors import ConfigurationError
from kho.raw_zone.manifest import Manifest
from kho.report.anomalies import read_anomalies
from kho.settings import get_settings

from .embedded import EMPTY, copy_database
from .many_nights import AGENCIES, DATASET, SCOPE, Profile, profiles

FIRST = date(2026, 6, 1)
HISTORY = 100
TONIGHT = FIRST + timedelta(days=HISTORY + 9)
"""A Friday in the middle of September 2026; its data is of Monday to Thursday."""

ONE_AGENCY = "000.00.02.H48"
Change = Callable[[str, Profile], None]


@dataclass
class Nights:
    """A warehouse with the profiles of many nights, as their loads would have written them."""

    engine: sa.Engine
    watch: Watch
    seed: int = 7

    def load(self, night: date, change: Change | None = None) -> str:
        """One night's batch; `change` alters what an agency ('' the whole) shows."""
        batch_id = f"{DATASET}-{night:%Y%m%d}-{uuid.uuid4().hex[:12]}"
        rows = []
        for code, profile in profiles(self.seed, night).items():
            if change:
                change(code, profile)
            if profile["rows"] or not code:
                metrics = json.dumps(profile["metrics"])
                rows.append(
                    {
                        "b": batch_id,
                        "a": code,
                        "d": DATASET,
                        "n": night,
                        "s": SCOPE,
                        "r": profile["rows"],
                        "m": metrics,
                    }
                )
        with self.engine.begin() as db:
            db.execute(
                sa.text(
                    "INSERT INTO meta.batch (batch_id, dataset, as_of, contract_version, content_sha256, "
                    "raw_path, fetched, status, loaded_at) VALUES (:b, :d, :n, '1', :b, '-', 0, 'loaded', clock_timestamp())"
                ),
                rows[0],
            )
            db.execute(
                sa.text("INSERT INTO dq.profile VALUES (:b, :a, :d, :n, :s, :r, CAST(:m AS jsonb))"), rows
            )
        return batch_id

    def look(self, night: date, change: Change | None = None) -> dict[tuple[str, str], Anomaly]:
        """Load a night and look at it; by agency and metric what was found and stands."""
        find_anomalies(self.engine, self.watch, DATASET, self.load(night, change), night)
        return self.of(night)

    def of(self, night: date) -> dict[tuple[str, str], Anomaly]:
        _, found = list_anomalies(self.engine, since=night, until=night)
        return {(one.agency_code, one.metric): one for one in found if one.status != "withdrawn"}

    def count(self) -> int:
        with self.engine.connect() as db:
            return int(db.scalar(sa.text("SELECT count(*) FROM dq.anomaly")) or 0)


@pytest.fixture(scope="module")
def watch() -> Watch:
    found = watch_of(load_contract(DATASET), config_path(get_settings()))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def history(empty_warehouse: tuple, watch: Watch) -> tuple[Any, str]:
    """A warehouse with a hundred clean nights; each test gets a copy of it."""
    _, server, engine = empty_warehouse
    engine.dispose()
    copy_database(server, EMPTY, "history")
    made = Nights(sa.create_engine(server.url("history")), watch)
    for number in range(HISTORY + 9):
        made.load(FIRST + timedelta(days=number))
    with made.engine.begin() as db:
        insert = "INSERT INTO dw.dim_agency (agency_code, name_vi, agency_type) VALUES (:c, :n, 'department')"
        db.execute(sa.text(insert), [{"c": code, "n": f"Sở {code[5:9]}"} for code in AGENCIES])
    made.engine.dispose()
    return server, "history"


@pytest.fixture
def nights(history: tuple[Any, str], watch: Watch) -> Iterator[Nights]:
    server, template = history
    name = f"n_{uuid.uuid4().hex[:8]}"
    copy_database(server, template, name)
    made = Nights(sa.create_engine(server.url(name)), watch)
    yield made
    made.engine.dispose()


def of(agency: str, change: Callable[[Profile], None]) -> Change:
    """A change of what one agency shows."""
    return lambda code, profile: change(profile) if code == agency else None


def put(metric: str, value: float) -> Callable[[Profile], None]:
    def change(profile: Profile) -> None:
        profile["metrics"][metric][0] = value

    return change


def times(factor: float) -> Callable[[Profile], None]:
    def change(profile: Profile) -> None:
        profile["rows"] = int(profile["rows"] * factor)
        if not profile["rows"]:
            profile["metrics"] = {}

    return change


def moved(profile: Profile) -> None:
    """A quarter of the rows goes from two statuses to another."""
    profile["metrics"]["share:status_code=9"][0] -= 0.125
    profile["metrics"]["share:status_code=4"][0] -= 0.125
    profile["metrics"]["share:status_code=5"][0] += 0.25


def vanished(profile: Profile) -> None:
    """A status that no row has any more."""
    gone = profile["metrics"].pop("share:status_code=10")[0]
    profile["metrics"]["share:status_code=4"][0] += gone


def test_a_clean_night_has_nothing(nights: Nights) -> None:
    assert nights.look(TONIGHT) == {}


@pytest.mark.parametrize(
    ("agency", "change", "metric"),
    [
        ("", times(3), "rows"),
        ("", times(0), "rows"),
        (ONE_AGENCY, times(0), "rows"),
        (ONE_AGENCY, times(4), "rows"),
        ("", put("nulls:commune_code", 0.2), "nulls:commune_code"),
        (ONE_AGENCY, put("nulls:fee_amount_vnd", 0.5), "nulls:fee_amount_vnd"),
        ("", put("p50:fee_amount_vnd", 500_000), "p50:fee_amount_vnd"),
        ("", put("indicator:on_time", 0.5), "indicator:on_time"),
        ("", moved, "share:status_code=5"),
        (ONE_AGENCY, vanished, "share:status_code=10"),
    ],
)  # fmt: skip
def test_what_is_planted_is_found_and_nothing_else(
    nights: Nights, agency: str, change: Callable[[Profile], None], metric: str
) -> None:
    found = nights.look(TONIGHT, of(agency, change))
    assert set(found) == {(agency, metric)}
    one = found[agency, metric]
    assert not one.low <= one.value <= one.high
    assert len(one.comparable) >= 8
    assert all(one.low <= value <= one.high for _, value in one.comparable)
    assert {night.weekday() for night, _ in one.comparable} == {TONIGHT.weekday()}


def test_all_agencies_at_once_is_one_finding(nights: Nights) -> None:
    assert set(nights.look(TONIGHT, lambda _code, profile: times(3)(profile))) == {("", "rows")}


def test_too_little_history_says_nothing(empty_warehouse: tuple, watch: Watch) -> None:
    _, server, engine = empty_warehouse
    engine.dispose()
    copy_database(server, EMPTY, "short_history")
    nights = Nights(sa.create_engine(server.url("short_history")), watch)
    for number in range(27):
        nights.load(FIRST + timedelta(days=number))
    assert nights.look(FIRST + timedelta(days=27), of("", times(0))) == {}
    nights.engine.dispose()


def test_days_around_tet_are_not_judged_by_ordinary_ones(nights: Nights) -> None:
    night = date(2027, 2, 6)  # Tết 2027 is on 6 February
    for number in range(40):
        nights.load(night - timedelta(days=40 - number))
    assert nights.look(night, of("", times(3))) == {}


def test_looking_again_finds_nothing_twice(nights: Nights) -> None:
    batch_id = nights.load(TONIGHT, of("", times(3)))
    for _ in range(2):
        assert find_anomalies(nights.engine, nights.watch, DATASET, batch_id, TONIGHT) == 1
        assert nights.count() == 1


def test_a_night_killed_before_it_was_looked_at_is_looked_at_by_the_next_run(nights: Nights) -> None:
    batch_id = nights.load(TONIGHT, of("", times(3)))
    said = [look_at_night(nights.engine, DATASET, batch_id, TONIGHT, get_settings()) for _ in range(2)]
    assert said == [f"1 unusual values: kho anomaly list --dataset {DATASET}", ""]
    assert nights.count() == 1


def test_a_night_that_is_mended_withdraws_what_nobody_judged(nights: Nights) -> None:
    assert nights.look(TONIGHT, of("", times(3)))
    assert nights.look(TONIGHT) == {}
    assert nights.count() == 1  # withdrawn, not deleted
    # It breaks again: the finding is open again.
    assert nights.look(TONIGHT, of("", times(3)))["", "rows"].status == "open"


def test_an_expected_value_widens_what_is_usual(nights: Nights) -> None:
    found = nights.look(TONIGHT, of("", times(3)))["", "rows"]
    judge(nights.engine, found.anomaly_id, "expected", "Trần Thị B", "đợt cao điểm cấp đổi giấy phép")
    again = nights.look(TONIGHT + timedelta(days=7), of("", times(3)))
    assert again == {}
    # Of another metric it says nothing.
    assert nights.look(TONIGHT + timedelta(days=14), of("", put("nulls:commune_code", 0.2)))
    assert nights.look(TONIGHT + timedelta(days=21), of("", times(0)))


def test_a_defect_never_becomes_usual_and_fires_again(nights: Nights) -> None:
    for week in range(10):
        night = TONIGHT + timedelta(days=7 * week)
        if season_like(night):
            found = nights.look(night, of("", put("nulls:commune_code", 0.2)))
            assert ("", "nulls:commune_code") in found, night
            judge(nights.engine, found["", "nulls:commune_code"].anomaly_id, "defect", "A", "mất mã xã")
        for day in range(1, 7):
            nights.load(night + timedelta(days=day))


def season_like(night: date) -> bool:
    """Whether a night is judged by ordinary ones."""
    from kho.anomalies.seasons import season_of

    return season_of(night, 4).special == "" and season_of(night, 4).month == "mid"


def test_a_verdict_has_an_author_a_reason_and_a_past(nights: Nights) -> None:
    found = nights.look(TONIGHT, of("", times(3)))["", "rows"]
    with pytest.raises(ConfigurationError, match="author and a reason"):
        judge(nights.engine, found.anomaly_id, "expected", "A", " ")
    with pytest.raises(ConfigurationError, match="no verdict"):
        judge(nights.engine, found.anomaly_id, "maybe", "A", "b")
    with pytest.raises(ConfigurationError, match="no anomaly 999"):
        judge(nights.engine, 999, "defect", "A", "b")
    judge(nights.engine, found.anomaly_id, "expected", "A", "đợt cao điểm")
    judge(nights.engine, found.anomaly_id, "defect", "B", "gửi lặp")
    judge(nights.engine, found.anomaly_id, "defect", "B", "gửi lặp")
    one = show(nights.engine, found.anomaly_id)
    assert (one.status, one.judged_by, one.reason) == ("defect", "B", "gửi lặp")
    assert [(old["status"], old["by"]) for old in one.earlier_verdicts] == [("expected", "A")]
    # The same night again, with the same value: the verdict stands.
    assert nights.look(TONIGHT, of("", times(3)))["", "rows"].status == "defect"


def test_people_read_why(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    found = nights.look(TONIGHT, of(ONE_AGENCY, put("nulls:fee_amount_vnd", 0.5)))[
        ONE_AGENCY, "nulls:fee_amount_vnd"
    ]
    titles = {column.name: column.title for column in load_contract(DATASET).columns}
    assert measure_vi(found.metric, titles) == f"Tỷ lệ ô trống của “{titles['fee_amount_vnd']}”"
    assert "đêm cùng loại: thứ" in explained_vi(found)
    console = Console(record=True, width=160)
    monkeypatch.setattr("kho.cli.console.out", console)
    command._print(found)
    printed = console.export_text()
    assert "empty cells of fee_amount_vnd: 50.0%" in printed
    assert "season: Thursday" in printed
    assert str(found.comparable[-1][0]) in printed
    with nights.engine.connect() as db:
        section = read_anomalies(db, TONIGHT, config_path(get_settings()))
    assert [(item.agency, item.value) for item in section.items] == [("Sở 0.02", "50,0%")]
    judge(nights.engine, found.anomaly_id, "expected", "A", "miễn phí theo nghị quyết")
    with nights.engine.connect() as db:
        assert read_anomalies(db, TONIGHT, config_path(get_settings())).items == ()


ROWS = """(1, 'a', 100.0, 'x', '2026-01-02', '2026-01-03'), (2, 'a', 300.0, 'x', '2026-01-05', '2026-01-03'),
(3, 'b', NULL, 'y', NULL, '2026-01-03'), (4, 'b', 200.0, NULL, '2026-01-03', '2026-01-03')"""


def test_a_batch_is_measured_as_counted_by_hand(empty_warehouse: tuple, watch: Watch) -> None:
    _, _, engine = empty_warehouse
    own = Watch(
        limits=watch.limits,
        agency_column="agency",
        nulls=("fee", "kind"),
        categories=("kind",),
        measures=("fee",),
        indicators=(
            Indicator(name="on_time", title="x", kind="share_not_later", column="done", than="due"),
            Indicator(name="sum", title="x", kind="sum", column="fee"),
            Indicator(name="mean", title="x", kind="mean", column="fee"),
            Indicator(name="ratio", title="x", kind="ratio", column="fee", over="_row"),
        ),
    )
    manifest = Manifest(
        "d-1", "d", FIRST, "1", "-", "-", 4,
        window_from=datetime(2026, 1, 1), window_to=datetime(2026, 1, 5),
    )  # fmt: skip
    with engine.connect() as db:
        db.exec_driver_sql(
            "CREATE TEMP VIEW accepted AS SELECT _row::bigint, agency::text, fee::numeric, kind::text, done::date, "
            f"due::date FROM (VALUES {ROWS}) AS v (_row, agency, fee, kind, done, due)"
        )
        db.exec_driver_sql(
            "INSERT INTO meta.batch (batch_id, dataset, as_of, status, content_sha256, contract_version, fetched, "
            "raw_path) VALUES ('d-1', 'd', '2026-06-01', 'validated', '-', '1', 4, '-')"
        )
        for _ in range(2):  # the second run writes nothing
            profile = measure_batch(db, own, manifest)
            assert profile
            keep_profile(db, profile, manifest)
        found = {
            row.agency_code: row
            for row in db.execute(sa.text("SELECT agency_code, row_count, scope, metrics FROM dq.profile"))
        }
        db.rollback()
    assert {code: row.row_count for code, row in found.items()} == {"": 4, "a": 2, "b": 2}
    assert found[""].scope == "4 days"
    assert found[""].metrics == {
        "nulls:fee": [0.25, 4], "nulls:kind": [0.25, 4],
        "indicator:on_time": [pytest.approx(2 / 3), 3], "indicator:sum": [600, 3],
        "indicator:mean": [200, 3], "indicator:ratio": [pytest.approx(600 / 7), 7],
        "p10:fee": [120, 3], "p50:fee": [200, 3], "p90:fee": [280, 3],
        "share:kind=x": [pytest.approx(2 / 3), 3], "share:kind=y": [pytest.approx(1 / 3), 3],
        "shares:kind": [1, 3],
    }  # fmt: skip
    assert found["b"].metrics["nulls:fee"] == [0.5, 2]
    assert found["b"].metrics["share:kind=y"] == [1, 1]
    assert found["a"].metrics["indicator:on_time"] == [0.5, 2]


def test_first_loads_and_replays_are_no_ordinary_nights() -> None:
    plain = Manifest("d-1", "d", FIRST, "1", "-", "-", 4)
    assert scope_of(plain) == "all"
    assert scope_of(Manifest("d-1", "d", FIRST, "1", "-", "-", 4, follows="")) is None
    assert scope_of(Manifest("d-1", "d", FIRST, "1", "-", "-", 4, follows="d-0")) == "changes"
    assert scope_of(Manifest("d-1", "d", FIRST, "1", "-", "-", 4, replays="d-0")) is None
