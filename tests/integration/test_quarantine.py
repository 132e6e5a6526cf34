"""The quarantine as people use it: look, waive, replay; on real rows of a small province."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from kho import pipeline
from kho.cli import main as cli
from kho.cli import quarantine as quarantine_cli
from kho.connections import EnvironmentConnections, write_connections
from kho.contracts import load_contract
from kho.errors import ConfigurationError
from kho.quality import judge
from kho.quality.quarantine import MASK, list_cases, show_case, waive_case
from kho.quality.replay_log import list_replays, score
from kho.rules.suite import Suite, load_dataset_suite
from kho.settings import get_settings
from tests.forked import run_forked

from .night import EPOCH, Province, a_sandbox, new_province

DOSSIERS, PARCELS = "public_service_dossiers", "land_parcels"
SECOND = EPOCH + timedelta(days=1)
PERSONAL = {
    column.source_name for column in load_contract(DOSSIERS).columns if column.classification == "personal"
}


@pytest.fixture(scope="module")
def after_a_night() -> Iterator[Province]:
    """A province with dossiers in its quarantine; tests that change something use a copy."""
    with a_sandbox(size=1_500, defect_scale=3.0) as running:
        province = new_province(*running)
        province.set_clock(EPOCH)
        for dataset in ("administrative_units", "agencies", "procedures", DOSSIERS):
            province.run(dataset, EPOCH)
        yield province


@pytest.fixture
def province(after_a_night: Province) -> Province:
    """A copy to change, raw zone included."""
    return _with_raw_zone(after_a_night)


@pytest.fixture
def lenient(after_a_night: Province, monkeypatch: pytest.MonkeyPatch) -> str:
    """The suite without the rule that alone keeps most rows out; the rule's id."""
    rule = after_a_night.scalar(
        "SELECT failed_rules[1] FROM dq.quarantine WHERE dataset = 'public_service_dossiers' "
        "AND cardinality(failed_rules) = 1 "
        "AND failed_rules[1] NOT LIKE '%unique%' AND business_key <> '' "
        "GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    )

    def without(contract: object, loaded: object) -> Suite:
        suite = load_dataset_suite(contract, loaded)
        return replace(suite, rules=tuple(found for found in suite.rules if found.rule_id != rule))

    monkeypatch.setattr(judge, "load_dataset_suite", without)
    return str(rule)


def open_keys(province: Province, rule: str | None = None) -> list[str]:
    only = "AND failed_rules = ARRAY[:rule]" if rule else "AND :rule IS NULL"
    query = f"SELECT business_key FROM dq.quarantine WHERE dataset = 'public_service_dossiers' AND status = 'open' {only} ORDER BY 1"
    return [key for (key,) in province.rows(query, rule=rule)]


def judgement_of_the_night(province: Province) -> list[list[tuple]]:
    tables = ("dq.score", "meta.watermark", "meta.night", "meta.freshness")
    return [sorted(province.rows(f"SELECT * FROM {table}"), key=repr) for table in tables]


def test_cases_are_listed_by_every_filter(after_a_night: Province) -> None:
    engine = after_a_night.context.engine
    count, cases = list_cases(engine, dataset=DOSSIERS, limit=5)
    held = "SELECT count(*) FROM dq.quarantine WHERE dataset = :d"
    assert count == after_a_night.scalar(held, d=DOSSIERS) > len(cases) == 5
    case = cases[0]
    for name, value in {"agency": case.agency_code, "rule": case.failed_rules[0]}.items():
        fewer, found = list_cases(engine, **{name: value}, limit=10_000)
        assert len(found) == fewer
        assert case in found
        assert all(value in (other.agency_code, *other.failed_rules) for other in found)
    assert list_cases(engine, status="waived") == (0, ())
    with pytest.raises(ConfigurationError, match="open, expired, resolved, waived"):
        list_cases(engine, status="lost")


def test_nothing_personal_is_shown(after_a_night: Province, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine_cli, "get_settings", lambda: after_a_night.context.settings)
    ids = after_a_night.rows(
        "SELECT quarantine_id, raw FROM dq.quarantine WHERE dataset = :d ORDER BY 1 LIMIT 40", d=DOSSIERS
    )
    shown = CliRunner().invoke(cli.app, ["quarantine", "list", "--limit", "40"])
    assert shown.exit_code == 0, shown.output
    listed = shown.output
    for number, raw in ids:
        file = show_case(after_a_night.context.engine, number)
        assert all(file.raw[name] in (MASK, None) for name in PERSONAL)
        assert file.raw["MaHoSo"] == raw["MaHoSo"]
        assert all(rule.title and rule.remedy for rule in file.rules)
        for secret in filter(None, (raw[name] for name in PERSONAL)):
            assert secret not in listed
            assert secret not in json.dumps(file.raw, ensure_ascii=False)
    shown = CliRunner().invoke(cli.app, ["quarantine", "show", str(ids[0][0])])
    looks = "SELECT purpose, found FROM dq.access_log WHERE quarantine_id = :id"
    ((purpose, found),) = after_a_night.rows(looks, id=ids[0][0])
    assert (purpose.startswith("kho quarantine show, "), found) == (True, True)
    assert shown.exit_code == 0, shown.output
    assert MASK in shown.output


def test_a_waiver_is_recorded_once(province: Province) -> None:
    engine = province.context.engine
    _, (case, *_) = list_cases(engine)
    with pytest.raises(ConfigurationError, match="reason"):
        waive_case(engine, case.quarantine_id, "Trần B", " ")
    waive_case(engine, case.quarantine_id, "Trần B", "hồ sơ giấy đã đối chiếu")
    file = show_case(engine, case.quarantine_id)
    assert (file.case.status, file.waived_by) == ("waived", "Trần B")
    with pytest.raises(ConfigurationError, match="is waived, not open"):
        waive_case(engine, case.quarantine_id, "Lê C", "khác")
    with pytest.raises(ConfigurationError, match="no case 999999"):
        waive_case(engine, 999_999, "Lê C", "khác")


def test_a_replay_under_the_same_rules_loads_nothing(province: Province) -> None:
    star, night, still_open = province.star(), judgement_of_the_night(province), open_keys(province)
    results = pipeline.replay(DOSSIERS, province.context)
    assert [result.step for result in results] == ["extract", "stage", "validate", "load", "compare"]
    assert open_keys(province) == still_open
    assert province.star() == star
    assert judgement_of_the_night(province) == night
    again = pipeline.replay(DOSSIERS, province.context)
    assert [(result.step, result.outcome) for result in again] == [
        ("extract", "unchanged"),
        ("compare", "done"),
    ]


def test_a_replay_after_a_rule_has_changed(province: Province, lenient: str) -> None:
    held, night, still_open = (
        open_keys(province, lenient),
        judgement_of_the_night(province),
        open_keys(province),
    )
    assert held
    results = pipeline.replay(DOSSIERS, province.context, rule=lenient)
    counts = results[-2].counts
    assert counts["fetched"] == counts["accepted"] + counts["quarantined"] + counts["duplicates"]
    assert counts["accepted"] == counts["loaded"] >= len(held)
    assert open_keys(province, lenient) == []
    assert set(still_open) - set(open_keys(province)) == set(held)
    batch = results[0].batch_id
    resolved = province.rows("SELECT business_key FROM dq.quarantine WHERE resolved_batch_id = :b", b=batch)
    assert sorted(key for (key,) in resolved) == held
    loaded = province.scalar("SELECT count(*) FROM dw.fact_dossier WHERE dossier_code = ANY(:k)", k=held)
    assert loaded == len(set(held))
    assert judgement_of_the_night(province) == night
    assert province.scalar("SELECT count(*) FROM dq.rule_result WHERE batch_id = :b", b=batch) > 0


def test_a_replay_does_not_undo_later_news(province: Province, lenient: str) -> None:
    key = open_keys(province, lenient)[0]
    received = date.fromisoformat("20" + key.split("-")[1])
    with province.context.engine.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO dw.fact_dossier SELECT (jsonb_populate_record(f, "
                "jsonb_build_object('dossier_code', :key, 'source_updated_at', '2027-01-01', "
                "'received_at', cast(:received AS date), "
                "'received_date_key', to_char(cast(:received AS date), 'YYYYMMDD')::int))).* "
                "FROM dw.fact_dossier AS f LIMIT 1"
            ),
            {"key": key, "received": received},
        )
    query = "SELECT * FROM dw.fact_dossier WHERE dossier_code = :key"
    newer = province.rows(query, key=key)
    pipeline.replay(DOSSIERS, province.context)
    assert province.rows(query, key=key) == newer
    assert key not in open_keys(province, lenient)


# Replays of a whole night, and what is written down of any.

WHY: dict[str, str] = {"by": "Lê C", "reason": "lỗi đọc ngày"}


@pytest.fixture(scope="module")
def after_two_nights(after_a_night: Province) -> Province:
    """The same province one night later, with parcels of both nights."""
    later = _with_raw_zone(after_a_night)
    later.run(PARCELS, EPOCH)
    later.set_clock(SECOND)
    for dataset in (DOSSIERS, PARCELS):
        later.run(dataset, SECOND)
    return later


@pytest.fixture
def two_nights(after_two_nights: Province) -> Province:
    """A copy to change, raw zone included."""
    return _with_raw_zone(after_two_nights)


def _with_raw_zone(province: Province) -> Province:
    copy = province.copy()
    shutil.copytree(province.context.settings.raw_zone, copy.context.settings.raw_zone)
    return copy


def state(province: Province) -> dict[str, Any]:
    """What a replay that finds nothing new must leave as it is."""
    return {
        "star": province.star(),
        "cases": province.rows(
            "SELECT business_key, raw_md5, failed_rules, status, first_seen_on, due_on FROM dq.quarantine "
            "ORDER BY 1, 2, 4"
        ),
        "scores": province.rows("SELECT * FROM dq.score ORDER BY 1, 2, 3, 4"),
        "watermarks": province.rows("SELECT dataset, as_of, value FROM meta.watermark ORDER BY 1, 2"),
        "night": province.rows("SELECT as_of, dataset, outcome, batch_id FROM meta.night ORDER BY 1, 2"),
    }


def without(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the suite be without a rule from now on."""

    def suite(contract: Any, loaded: Any) -> Suite:
        full = load_dataset_suite(contract, loaded)
        return replace(full, rules=tuple(found for found in full.rules if found.rule_id != rule))

    monkeypatch.setattr(judge, "load_dataset_suite", suite)


def a_common_rule(province: Province) -> str:
    return str(
        province.scalar(
            "SELECT failed_rules[1] FROM dq.quarantine WHERE dataset = :d AND cardinality(failed_rules) = 1 AND "
            "status = 'open' AND failed_rules[1] NOT LIKE '%unique%' AND business_key <> '' "
            "GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
            d=DOSSIERS,
        )
    )


@pytest.mark.parametrize("dataset", [DOSSIERS, PARCELS])
@pytest.mark.parametrize("night", [EPOCH, SECOND], ids=["older", "newest"])
def test_a_night_under_the_same_rules_changes_nothing(two_nights: Province, dataset: str, night: Any) -> None:
    before = state(two_nights)
    for _ in range(2):
        results = pipeline.replay_day(dataset, night, two_nights.context, **WHY)
        assert [result.step for result in results] == ["extract", "stage", "validate", "load", "compare"]
        counts = results[3].counts
        assert counts["fetched"] == counts["accepted"] + counts["quarantined"] + counts["duplicates"]
        assert results[-1].message == "scores: as they were"
        assert state(two_nights) == before
    assert two_nights.scalar("SELECT bool_and(balanced) FROM dq.reconciliation")
    entries = list_replays(two_nights.context.engine, dataset)
    assert [
        (e.kind, e.night, e.started_by, e.outcome, e.open_before - (e.open_after or 0)) for e in entries
    ] == [("day", night, "Lê C", "done", 0)] * 2
    assert entries[0].scores_before == entries[0].scores_after != {}


def test_an_old_state_does_not_come_back(two_nights: Province) -> None:
    """A dossier of the first night that the second has newer."""
    key = two_nights.scalar(
        "SELECT f.dossier_code FROM dw.fact_dossier AS f JOIN meta.batch AS b USING (batch_key) "
        "WHERE b.as_of = :n ORDER BY 1 LIMIT 1",
        n=SECOND,
    )
    newer = two_nights.rows("SELECT * FROM dw.fact_dossier WHERE dossier_code = :k", k=key)
    with two_nights.context.engine.begin() as db:
        # Even if nothing in the warehouse said how new a row is, the raw zone does.
        db.execute(
            sa.text("UPDATE dw.fact_dossier SET source_updated_at = '2000-01-01' WHERE dossier_code = :k"),
            {"k": key},
        )
    pipeline.replay_day(DOSSIERS, EPOCH, two_nights.context, **WHY)
    with two_nights.context.engine.begin() as db:
        db.execute(
            sa.text("UPDATE dw.fact_dossier SET source_updated_at = :t WHERE dossier_code = :k"),
            {"k": key, "t": dict(zip(columns(two_nights), newer[0], strict=True))["source_updated_at"]},
        )
    assert two_nights.rows("SELECT * FROM dw.fact_dossier WHERE dossier_code = :k", k=key) == newer


def columns(province: Province) -> list[str]:
    return [
        name
        for (name,) in province.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'dw' "
            "AND table_name = 'fact_dossier' ORDER BY ordinal_position"
        )
    ]


def test_a_bug_that_is_mended_is_made_good(two_nights: Province, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that our own code had lost come back, and the night's score is the one of the whole batch."""
    with two_nights.context.engine.begin() as db:
        lost = db.execute(
            sa.text(
                "DELETE FROM dw.fact_dossier WHERE dossier_code IN (SELECT dossier_code FROM dw.fact_dossier AS f "
                "JOIN meta.batch AS b USING (batch_key) WHERE b.as_of = :n ORDER BY 1 LIMIT 5) RETURNING dossier_code"
            ),
            {"n": EPOCH},
        ).all()
    assert len(lost) == 5
    rule = a_common_rule(two_nights)
    without(rule, monkeypatch)
    results = pipeline.replay_day(DOSSIERS, EPOCH, two_nights.context, **WHY)
    assert "→" in results[-1].message
    back = two_nights.scalar(
        "SELECT count(*) FROM dw.fact_dossier WHERE dossier_code = ANY(:k)", k=[key for (key,) in lost]
    )
    assert back == 5
    (entry,) = list_replays(two_nights.context.engine, DOSSIERS)
    assert entry.difference in results[-1].message
    assert entry.open_after is not None
    assert entry.open_after < entry.open_before
    principle = entry.difference.split()[0]
    stored = two_nights.rows(
        "SELECT sum(evaluated), sum(failed) FROM dq.score WHERE as_of = :n AND dataset = :d AND principle = :p",
        n=EPOCH,
        d=DOSSIERS,
        p=principle,
    )[0]
    assert entry.scores_after is not None
    assert score({"evaluated": stored[0], "failed": stored[1]}) == score(entry.scores_after[principle])


def test_a_replay_of_open_cases_says_what_it_did_to_the_scores(
    two_nights: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = a_common_rule(two_nights)
    alone = two_nights.scalar(
        "SELECT count(*) FROM dq.quarantine WHERE dataset = :d AND status = 'open' AND :r = ANY(failed_rules)",
        d=DOSSIERS,
        r=rule,
    )
    scores = state(two_nights)["scores"]
    without(rule, monkeypatch)
    results = pipeline.replay(DOSSIERS, two_nights.context, rule, by="Lê C", reason="quy tắc bỏ")
    (entry,) = list_replays(two_nights.context.engine, DOSSIERS)
    assert (entry.kind, entry.rule_id, entry.reason, entry.outcome) == (
        "open_cases",
        rule,
        "quy tắc bỏ",
        "done",
    )
    assert "→" in entry.difference
    assert results[-1].message == f"scores: {entry.difference}"
    before, after = entry.scores_before, entry.scores_after
    assert after is not None
    (principle,) = (name for name in before if before[name]["failed"] != after[name]["failed"])
    assert before[principle]["failed"] - after[principle]["failed"] == alone
    assert state(two_nights)["scores"] == scores


def test_a_night_without_a_batch_and_an_old_whole_table_are_refused(two_nights: Province) -> None:
    with pytest.raises(ConfigurationError, match="no batch of its own") as caught:
        pipeline.replay_day(DOSSIERS, EPOCH - timedelta(days=9), two_nights.context, **WHY)
    assert str(EPOCH) in str(caught.value)
    with two_nights.context.engine.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO meta.batch (batch_id, dataset, as_of, status, content_sha256, contract_version, fetched, "
                "raw_path) VALUES ('agencies-new', 'agencies', '2026-12-31', 'loaded', 'x', '1', 1, 'x')"
            )
        )
    with pytest.raises(ConfigurationError, match="newer version of the whole table") as caught:
        pipeline.replay_day("agencies", EPOCH, two_nights.context, **WHY)
    assert "2026-12-31" in str(caught.value)
    with pytest.raises(ConfigurationError, match="name and a reason"):
        pipeline.replay_day(DOSSIERS, EPOCH, two_nights.context, by="Lê C", reason=" ")


def replay_until(statement: int) -> None:
    """Judge the first night again; die, by SIGKILL, before the given SQL statement (0: never)."""
    context = pipeline.Context.create(EnvironmentConnections(get_settings()))
    left = [statement]

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def count(*_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    pipeline.replay_day(DOSSIERS, EPOCH, context, **WHY)


def test_killed_and_run_again_is_one_replay(two_nights: Province) -> None:
    """At several statements, one death after the other; the last run goes on with the first one's entry."""
    write_connections(two_nights.context.settings, two_nights.context.connections.all())
    before = state(two_nights)
    for statement in (8, 30, 60, 85):
        assert run_forked(replay_until, statement, environment=two_nights.environment()).status == -9
    assert run_forked(replay_until, 0, environment=two_nights.environment()).status == 0
    assert state(two_nights) == before
    (entry,) = list_replays(two_nights.context.engine, DOSSIERS)
    assert (entry.outcome, entry.scores_before) == ("done", entry.scores_after)
    assert two_nights.rows("SELECT cardinality(batches) FROM dq.replay") == [(1,)]


def test_the_command_line_replays_a_night_and_lists_replays(
    two_nights: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine_cli, "get_settings", lambda: two_nights.context.settings)
    write_connections(two_nights.context.settings, two_nights.context.connections.all())

    def kho(*arguments: str) -> str:
        done = CliRunner().invoke(cli.app, list(arguments))
        assert done.exit_code == 0, done.output
        return done.output

    said = kho("quarantine", "replay", DOSSIERS, "--date", str(EPOCH), "--by", "Lê C", "--reason", "thử lại")
    assert "scores: as they were" in said
    listed = kho("quarantine", "replays", "--dataset", DOSSIERS)
    assert "thử lại" in listed
    assert "Lê C" in listed
    assert list(Path(two_nights.context.settings.raw_zone / DOSSIERS).glob(".landing-day-*")) == []
