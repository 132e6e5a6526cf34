"""The quarantine as people use it: look, waive, replay; on real rows of a small province."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from kho import pipeline
from kho.cli import main as cli
from kho.contracts import load_contract
from kho.errors import ConfigurationError
from kho.quality import judge
from kho.quality.quarantine import MASK, list_cases, show_case, waive_case
from kho.rules.suite import Suite, load_dataset_suite

from .night import EPOCH, Province, a_sandbox, new_province

DOSSIERS = "public_service_dossiers"
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
    copy = after_a_night.copy()
    shutil.copytree(after_a_night.context.settings.raw_zone, copy.context.settings.raw_zone)
    return copy


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
    monkeypatch.setattr(cli, "get_settings", lambda: after_a_night.context.settings)
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
    assert [result.step for result in results] == ["extract", "stage", "validate", "load"]
    assert open_keys(province) == still_open
    assert province.star() == star
    assert judgement_of_the_night(province) == night
    again = pipeline.replay(DOSSIERS, province.context)
    assert [(result.step, result.outcome) for result in again] == [("extract", "unchanged")]


def test_a_replay_after_a_rule_has_changed(province: Province, lenient: str) -> None:
    held, night, still_open = (
        open_keys(province, lenient),
        judgement_of_the_night(province),
        open_keys(province),
    )
    assert held
    results = pipeline.replay(DOSSIERS, province.context, rule=lenient)
    counts = results[-1].counts
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
    with province.context.engine.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO dw.fact_dossier SELECT (jsonb_populate_record(f, "
                "jsonb_build_object('dossier_code', :key, 'source_updated_at', '2027-01-01'))).* "
                "FROM dw.fact_dossier AS f LIMIT 1"
            ),
            {"key": key},
        )
    query = "SELECT * FROM dw.fact_dossier WHERE dossier_code = :key"
    newer = province.rows(query, key=key)
    pipeline.replay(DOSSIERS, province.context)
    assert province.rows(query, key=key) == newer
    assert key not in open_keys(province, lenient)
