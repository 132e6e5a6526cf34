"""What is kept too long goes, what is open stays, and what went is written down."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from kho import pipeline
from kho.cli import main as cli
from kho.cli import privacy as privacy_cli
from kho.contracts import load_contract
from kho.errors import ConfigurationError, HostError
from kho.pipeline import Context
from kho.privacy.erasure import Order, erase_person, without_suppressed
from kho.privacy.keyring import Keyring
from kho.privacy.retention import REQUEST_LOG, Removed, Retention, remove_expired
from kho.privacy.retention_policy import load_policy
from kho.raw_zone.manifest import read_manifest, write_manifest
from kho.report.files import report_paths
from kho.report.register import ARCHIVE
from kho.rules.suite import load_dataset_suite
from kho.server.warehouse import open_warehouse

from .embedded import copy_database
from .fixture_dataset import NIGHT, FixtureNight
from .night import Province

DATASET = "health_records"
TERM = load_contract(DATASET).retention_days or 0
POLICY = load_policy()


def record(code: str, **changes: Any) -> dict[str, Any]:
    """A record as the agency sends it: the suite's sample."""
    contract = load_contract(DATASET)
    sample = dict(load_dataset_suite(contract).sample) | {"record_code": code} | changes
    texts = {name: None if value is None else str(value) for name, value in sample.items()}
    return {column.source_name: texts[column.name] for column in contract.columns}


def copy_of(template: Province) -> Province:
    """A warehouse like this one, with a home of its own."""
    template.context.engine.dispose()
    name = f"r_{uuid.uuid4().hex[:8]}"
    copy_database(template.server, str(template.context.engine.url.database), name)
    url = template.server.url(name).render_as_string(hide_password=False)
    own = replace(template.settings, home=template.settings.home / name, warehouse_url=url)
    own.home.mkdir()
    no_source: Any = None
    return Province(
        template.settings, template.server, no_source, Context(open_warehouse(own), no_source, own)
    )


@pytest.fixture(scope="module")
def loaded(empty_warehouse: tuple) -> Province:
    """Three nights of records; of the first, one waits for its owner."""
    settings, server, engine = empty_warehouse
    no_source: Any = None
    province = copy_of(Province(settings, server, no_source, Context(engine, no_source, settings)))
    night = FixtureNight(province)
    pipeline.run_dataset("administrative_units", NIGHT, province.context)
    night.load(DATASET, 0, [record("SK5100000001"), record("SK5100000002", citizen_id="12")])
    night.load(DATASET, 1, [record("SK5100000003")])
    night.load(DATASET, 2, [record("SK5100000004")])
    return province


@pytest.fixture
def nights(loaded: Province) -> FixtureNight:
    """The three nights in a warehouse and a raw zone of the test's own."""
    own = copy_of(loaded)
    shutil.copytree(loaded.context.settings.raw_zone, own.context.settings.raw_zone)
    return FixtureNight(own)


def batches(nights: FixtureNight) -> list[str]:
    rows = nights.province.rows(
        "SELECT batch_id FROM meta.batch WHERE dataset = :dataset ORDER BY as_of", dataset=DATASET
    )
    return [row[0] for row in rows]


def folder(nights: FixtureNight, batch: str) -> Path:
    return nights.province.context.settings.raw_zone / DATASET / batch


def run(nights: FixtureNight, today: date, *, dry_run: bool = False) -> Retention:
    context = nights.province.context
    return remove_expired(context.engine, context.settings, today, dry_run=dry_run)


def test_an_old_batch_goes_and_what_is_open_or_last_stays(nights: FixtureNight) -> None:
    first, second, last = batches(nights)
    today = NIGHT + timedelta(days=TERM + 3)
    star = nights.everything_in_dw()
    would = run(nights, today, dry_run=True)
    assert folder(nights, second).is_dir()
    assert nights.province.scalar("SELECT count(*) FROM meta.retention_log") == 0
    went = run(nights, today)
    assert went == would
    assert [one for one in went.removed if one.dataset == DATASET] == [
        Removed("batch", DATASET, second, 1, today - timedelta(days=TERM))
    ]
    assert {(one.batch_id, one.reason) for one in went.kept if one.dataset == DATASET} == {
        (first, "a case of it is open or waived"),
        (last, "it is the last one that was loaded"),
    }
    assert [folder(nights, one).is_dir() for one in (first, second, last)] == [True, False, True]
    assert nights.everything_in_dw() == star
    logged = nights.province.rows(
        "SELECT kind, subject FROM meta.retention_log WHERE dataset = :d", d=DATASET
    )
    assert logged == [("batch", second)]
    assert run(nights, today).removed == []
    with pytest.raises(HostError, match="not in the raw zone"):
        pipeline.replay_day(DATASET, NIGHT + timedelta(days=1), nights.province.context, by="t", reason="t")


def test_within_its_term_nothing_goes(nights: FixtureNight) -> None:
    found = run(nights, NIGHT + timedelta(days=TERM))
    assert not [one for one in found.removed if one.dataset == DATASET]


def test_a_run_that_was_killed_is_finished_by_the_next(nights: FixtureNight) -> None:
    second = batches(nights)[1]
    with nights.province.context.engine.begin() as db:
        marked = sa.text("UPDATE meta.batch SET raw_removed_on = :day WHERE batch_id = :batch")
        db.execute(marked, {"day": NIGHT, "batch": second})
    run(nights, NIGHT)
    assert not folder(nights, second).exists()


def test_a_batch_at_the_gate_stays_until_somebody_has_decided(nights: FixtureNight) -> None:
    second = batches(nights)[1]
    today = NIGHT + timedelta(days=TERM + 3)
    with nights.province.context.engine.begin() as db:
        blocked = sa.text("UPDATE meta.batch SET status = 'blocked' WHERE batch_id = :batch")
        db.execute(blocked, {"batch": second})
    kept = {one.batch_id: one.reason for one in run(nights, today, dry_run=True).kept}
    assert kept[second] == "it stands at the gate"


def test_what_the_present_state_of_a_table_consists_of_stays(nights: FixtureNight) -> None:
    with nights.province.context.engine.begin() as db:
        db.exec_driver_sql(
            "UPDATE dq.quarantine SET status = 'resolved', resolved_at = now(), resolved_batch_id = batch_id"
        )
    before = ""
    for batch in batches(nights):
        place = folder(nights, batch)
        write_manifest(place, replace(read_manifest(place), follows=before))
        before = batch
    found = run(nights, NIGHT + timedelta(days=TERM + 3))
    assert not [one for one in found.removed if one.kind == "batch" and one.dataset == DATASET]
    assert {one.reason for one in found.kept if one.dataset == DATASET} == {
        "the present state of the table consists of it",
        "it is the last one that was loaded",
    }


def test_rows_go_by_their_own_terms(nights: FixtureNight) -> None:
    province = nights.province
    requests = folder(nights, batches(nights)[2]) / REQUEST_LOG
    requests.touch()
    today = NIGHT + timedelta(days=500)
    with province.context.engine.begin() as db:
        db.execute(
            sa.text(
                "UPDATE dq.quarantine SET status = 'resolved', resolved_batch_id = batch_id, resolved_at = :day"
            ),
            {"day": today - timedelta(days=POLICY.closed_case_days + 1)},
        )
        for state, age in (("draft", 1), ("draft", -1), ("rejected", 1)):
            day = today - timedelta(days=POLICY.report_draft_days + age)
            db.execute(
                sa.text(
                    "INSERT INTO dq.report (kind, as_of, state, data_sha256, document, drafted_at, decided_at) "
                    "VALUES ('daily', :day, :state, 'x', '{}', :day, "
                    "CASE WHEN :state = 'rejected' THEN now() END)"
                ),
                {"day": day, "state": state},
            )
        for age in (POLICY.access_log_days + 1, POLICY.access_log_days - 1):
            db.execute(
                sa.text(
                    "INSERT INTO dq.access_log (accessed_at, login, application, object_name, quarantine_id, "
                    "purpose, found) VALUES (:day, 'a', '', 'dq.quarantine_masked', 1, 'x', TRUE)"
                ),
                {"day": today - timedelta(days=age)},
            )
    found = run(nights, today)
    assert {(one.kind, one.items) for one in found.removed} == {
        ("request_log", 1),
        ("closed_case", 1),
        ("report_draft", 1),
        ("access_log", 1),
    }
    assert not requests.exists()
    assert province.rows("SELECT raw::text, cardinality(failed_rules) > 0 FROM dq.quarantine") == [
        ("{}", True)
    ]
    assert sorted(province.rows("SELECT state FROM dq.report")) == [("draft",), ("rejected",)]
    assert province.scalar("SELECT count(*) FROM dq.access_log") == 1
    assert run(nights, today).removed == []


def test_the_files_of_old_drafts_go_and_those_of_reports_stay(nights: FixtureNight) -> None:
    settings = nights.province.context.settings
    today = NIGHT + timedelta(days=500)
    last = today - timedelta(days=POLICY.report_draft_days)
    old, decided = last - timedelta(days=1), last - timedelta(days=2)
    with nights.province.context.engine.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO dq.report (kind, as_of, state, data_sha256, document, decided_at) "
                "VALUES ('daily', :day, 'rejected', 'x', '{}', now())"
            ),
            {"day": decided},
        )
    made = {day: list(report_paths(settings, day).values()) for day in (old, decided, last)}
    lists = settings.reports / old.isoformat() / "can-sua" / "H48.xlsx"
    archived = settings.reports / ARCHIVE / "2026" / "05" / "bao-cao.pdf"
    for path in (*made[old], *made[decided], *made[last], lists, archived):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    run(nights, today, dry_run=True)
    assert all(path.exists() for path in made[old])
    found = run(nights, today)
    assert [one.items for one in found.removed if one.subject == "files of daily"] == [4]
    assert not any(path.exists() for path in made[old])
    assert all(path.exists() for path in (*made[decided], *made[last], lists, archived))
    assert [one for one in run(nights, today).removed if one.kind == "report_draft"] == []


def test_the_log_of_who_looked_is_kept_for_a_year_whoever_asks(nights: FixtureNight) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="a year at least"):
        nights.province.rows("SELECT dq.prune_access_log(current_date - 364)")


def test_a_person_is_erased_from_the_star_when_the_raw_zone_is_gone(nights: FixtureNight) -> None:
    context = nights.province.context
    run(nights, NIGHT + timedelta(days=TERM + 3))
    keyring = Keyring(context.settings, None)
    order = Order("1/QĐ", "Trần Bí", "thử")
    known = [(DATASET, "SK5100000003")]
    done = erase_person(context.engine, context.settings, keyring, ("051285009999",), order, known)
    assert done.places["health_records: star"] == 1
    assert (
        nights.province.scalar(
            "SELECT count(*) FROM dw.fact_health_record WHERE record_code = :c", c="SK5100000003"
        )
        == 0
    )
    with pytest.raises(ConfigurationError, match="no record of 'land_parcels' is about one person"):
        erase_person(
            context.engine, context.settings, keyring, ("051285009999",), order, [("land_parcels", "x")]
        )


def test_a_record_whose_identifier_changes_stays_away_by_its_key(nights: FixtureNight) -> None:
    context = nights.province.context
    order = Order("2/QĐ", "Trần Bí", "thử")
    erase_person(context.engine, context.settings, Keyring(context.settings, None), ("051085001234",), order)
    assert nights.province.rows("SELECT record_code FROM dw.fact_health_record") == []
    nights.load(
        DATASET,
        3,
        [
            record("SK5100000004", citizen_id="051085001235"),
            record("SK5100000009", citizen_id="051085001235"),
        ],
    )
    batch = batches(nights)[-1]
    manifest = read_manifest(folder(nights, batch))
    left = without_suppressed(context.engine, context.settings, Keyring(context.settings, None), manifest)
    assert (left.fetched, left.declared, left.erased) == (1, 1, 1)


def test_the_command_says_beforehand_what_would_go(
    nights: FixtureNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = nights.province.context
    monkeypatch.setattr(privacy_cli, "_opened", lambda: (context.engine, Keyring(context.settings, None)))
    old = NIGHT - timedelta(days=4000)
    with context.engine.begin() as db:
        db.execute(
            sa.text("UPDATE meta.batch SET as_of = :old WHERE dataset = :d"), {"old": old, "d": DATASET}
        )
    said = CliRunner().invoke(cli.app, ["privacy", "retain", "--dry-run"])
    assert said.exit_code == 0, said.output
    assert f"would go: batch, {DATASET}, {batches(nights)[1]}" in said.output
    assert "a case of it is open or waived" in said.output
    assert folder(nights, batches(nights)[1]).is_dir()


def test_a_term_that_cannot_be_meant_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "retention.yaml"
    path.write_text(
        Path("include/retention.yaml").read_text().replace("access_log_days: 1095", "access_log_days: 90")
    )
    with pytest.raises(ConfigurationError, match="greater than or equal to 365") as caught:
        load_policy(path)
    assert "retention.yaml:" in str(caught.value)
