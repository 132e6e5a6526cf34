"""A person is erased everywhere, stays away, and nobody else loses anything."""

from __future__ import annotations

import io
import json
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from kho import pipeline
from kho.cli import main as cli
from kho.cli import privacy as privacy_cli
from kho.errors import ConfigurationError, HostError
from kho.privacy.erasure import erase_person
from kho.privacy.keyring import Keyring
from kho.privacy.rotation import rotate_keys
from kho.privacy.subjects import read_identifiers, tokens
from kho.raw_zone.manifest import read_manifest
from kho.server.locking import file_lock
from tests.forked import run_forked

from . import erasure_victim
from .erasure_victim import ORDER
from .night import EPOCH, Province, a_loaded_province

MASTER = ("administrative_units", "agencies")
ABOUT_PERSONS = ("enterprises", "health_records")
PERSONAL = (*ABOUT_PERSONS, "land_parcels")
COLUMN = {"enterprises": "MaSo", "health_records": "so_dinh_danh", "land_parcels": "so_dinh_danh"}
KEY = {"enterprises": "SoHoSo", "health_records": "ma_ho_so"}


@pytest.fixture(scope="module")
def province() -> Iterator[Province]:
    with a_loaded_province(*MASTER, *PERSONAL, size=300, defect_scale=3.0) as province:
        yield province


def raw(province: Province, dataset: str) -> list[dict[str, Any]]:
    files = str(province.context.settings.raw_zone / dataset / "*" / "records-*.parquet")
    return (
        duckdb.sql(f"SELECT * FROM read_parquet('{files}', union_by_name = true)")
        .fetchdf()
        .to_dict("records")
    )


@pytest.fixture(scope="module")
def person(province: Province) -> tuple[str, ...]:
    """Identifiers of one person: of a record that is loaded and one that is not, wherever people are."""
    found: list[str] = []
    for dataset in PERSONAL:
        column = COLUMN[dataset]
        ids = [str(one[column]) for one in raw(province, dataset) if str(one[column]).isdigit()]
        found.append(next(one for one in ids if len(one) == 12 and one not in found))
    quarantined = province.rows(
        "SELECT raw ->> 'so_dinh_danh' FROM dq.quarantine WHERE dataset = 'health_records'"
    )
    found.append(next(one for (one,) in quarantined if one and one.isdigit() and len(one) == 12))
    return tuple(dict.fromkeys(found))


def mentions(text: str, person: tuple[str, ...]) -> bool:
    return any(token in person for token in tokens(text))


@pytest.fixture(scope="module")
def before(province: Province, person: tuple[str, ...]) -> dict[str, Any]:
    """What there is before the erasure; each record of a person was revised once."""
    with province.context.engine.begin() as db:
        for table in ("fact_health_record", "fact_enterprise_event", "dim_enterprise"):
            db.exec_driver_sql(
                f"UPDATE dw.{table} SET source_updated_at = source_updated_at + interval '1 second'"
            )
    rows = {dataset: raw(province, dataset) for dataset in PERSONAL}
    about = {
        dataset: {
            one[KEY[dataset]]
            for one in rows[dataset]
            if isinstance(one[KEY[dataset]], str) and mentions(str(one[COLUMN[dataset]]), person)
        }
        for dataset in ABOUT_PERSONS
    }
    return {
        "rows": {
            dataset: sum(
                one[KEY[dataset]] in about[dataset] or mentions(str(one[COLUMN[dataset]]), person)
                for one in rows[dataset]
            )
            for dataset in ABOUT_PERSONS
        },
        "raw": {dataset: len(found) for dataset, found in rows.items()},
        "about": about,
        "star": province.everything_in_dw(),
        "cases": province.scalar("SELECT count(*) FROM dq.quarantine"),
        "health": province.scalar("SELECT sum(health_records) FROM mart.health_state"),
        "records": province.scalar("SELECT count(*) FROM dw.fact_health_record"),
        "history": history(province),
    }


def history(province: Province) -> dict[str, set[tuple[Any, ...]]]:
    """Whose earlier states are kept."""
    queries = {
        "enterprises": "SELECT event_code FROM dw_history.fact_enterprise_event",
        "health_records": "SELECT record_code FROM dw_history.fact_health_record",
        "versions": "SELECT enterprise_ref, valid_from FROM dw_history.dim_enterprise",
    }
    return {name: set(province.rows(query)) for name, query in queries.items()}


@pytest.fixture(scope="module")
def erased(province: Province, person: tuple[str, ...], before: dict[str, Any]) -> Province:
    """Erased, after the process was killed at every turn."""
    assert before["about"]["health_records"]
    stage_leftovers(province)
    for where in (
        "_raw_zone",
        "second raw file",
        "manifest",
        "_erase_cases",
        "_look_again",
        "_vacuum",
    ):
        ended = run_forked(erasure_victim.erase, where, person, environment=province.environment())
        assert ended.status == -signal.SIGKILL, where
        if where == "_vacuum":
            break
        assert province.scalar("SELECT count(*) FROM meta.erasure WHERE finished_at IS NULL") == 1, where
    return province


def stage_leftovers(province: Province) -> None:
    """What a night that died leaves in stg."""
    batch = province.scalar("SELECT batch_id FROM meta.batch WHERE dataset = 'health_records'")
    pipeline.stage(batch, province.context)
    with province.context.engine.begin() as db:
        db.exec_driver_sql("UPDATE meta.batch SET status = 'loaded' WHERE dataset = 'health_records'")


def test_killed_at_every_turn_it_is_one_order_and_finished(erased: Province, person: tuple[str, ...]) -> None:
    rows = erased.rows("SELECT order_reference, decided_by, finished_at IS NOT NULL FROM meta.erasure")
    assert rows == [(ORDER.reference, ORDER.decided_by, True)]
    assert erased.scalar("SELECT count(*) FROM meta.erasure_work") == 0
    places = dict(erased.rows("SELECT place, sum(items) FROM meta.erasure_place GROUP BY 1"))
    assert {"health_records: star", "health_records: cases", "health_records: staging tables"} <= set(places)
    assert erased.scalar("SELECT count(*) FROM meta.suppressed_subject WHERE kind = 'identifier'") == len(
        person
    )


def test_what_was_known_of_the_person_before_is_gone_too(erased: Province, before: dict[str, Any]) -> None:
    left = history(erased)
    for dataset in ABOUT_PERSONS:
        gone = before["history"][dataset] - left[dataset]
        assert gone
        assert {code for (code,) in gone} <= before["about"][dataset]
        assert not before["about"][dataset] & {code for (code,) in left[dataset]}
        assert not left[dataset] - before["history"][dataset], "an erasure is no revision"
    refs = {ref for (ref,) in erased.rows("SELECT enterprise_ref FROM dw.dim_enterprise")}
    assert {ref for ref, _ in left["versions"]} <= refs
    assert left["versions"] < before["history"]["versions"]


def test_the_person_is_in_no_file(erased: Province, person: tuple[str, ...]) -> None:
    looked = 0
    for path in sorted(erased.context.settings.raw_zone.rglob("*")):
        if path.suffix == ".parquet":
            for batch in pq.ParquetFile(path).iter_batches():
                for column in batch.columns:
                    for value in column.to_pylist():
                        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                        assert not mentions(text, person), path
            looked += 1
        elif path.is_file():
            assert not mentions(path.read_text("utf-8", "replace"), person), path
    assert looked > 10


def test_the_person_is_in_no_table(erased: Province, person: tuple[str, ...]) -> None:
    query = """
    SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON c.relnamespace = n.oid
    WHERE n.nspname IN ('stg', 'dw', 'mart', 'dq', 'meta', 'open_data') AND c.relkind IN ('r', 'm', 'v')
    """
    for (relation,) in erased.rows(query):
        for (row,) in erased.rows(f"SELECT t::text FROM {relation} AS t WHERE t::text ~ '[0-9]{{9}}'"):
            assert not mentions(row, person), relation


def test_only_the_person_s_records_are_gone(erased: Province, before: dict[str, Any]) -> None:
    for dataset in PERSONAL:
        gone = before["rows"].get(dataset, 0)
        assert len(raw(erased, dataset)) == before["raw"][dataset] - gone, dataset
    star = erased.everything_in_dw()
    lost = {name: set(rows) - set(star[name]) for name, rows in before["star"].items()}
    new = {name: set(star[name]) - set(rows) for name, rows in before["star"].items()}
    assert {name for name, rows in lost.items() if rows} == {
        "fact_health_record",
        "fact_enterprise_event",
        "dim_enterprise",
    }
    assert not any(new.values())
    for name, dataset in (("fact_health_record", "health_records"), ("fact_enterprise_event", "enterprises")):
        about = before["about"][dataset]
        assert all(any(key in row for key in about) for row in lost[name])
    assert erased.scalar("SELECT count(*) FROM dq.quarantine") == before["cases"]


def test_marts_are_counted_anew(erased: Province, before: dict[str, Any]) -> None:
    left = erased.scalar("SELECT count(*) FROM dw.fact_health_record")
    assert left < before["records"]
    assert erased.scalar("SELECT sum(health_records) FROM mart.health_state") == left


def test_a_case_about_the_person_waits_for_nobody(erased: Province) -> None:
    rows = erased.rows(
        "SELECT status, waived_by, waived_reason, waived_until, business_key FROM dq.quarantine "
        "WHERE dataset = 'health_records' AND raw = '{}'"
    )
    assert rows
    for status, by, reason, until, key in rows:
        assert (status, until) == ("waived", None)
        assert by == ORDER.decided_by
        assert reason == f"{ORDER.reference}: {ORDER.reason}"
        assert key.startswith("P-")


def test_manifests_say_what_is_left_and_that_it_changed(erased: Province, before: dict[str, Any]) -> None:
    for dataset in ABOUT_PERSONS:
        folders = [
            path.parent for path in (erased.context.settings.raw_zone / dataset).glob("*/manifest.json")
        ]
        manifests = [read_manifest(folder) for folder in folders]
        assert sum(one.erased for one in manifests) == before["rows"][dataset]
        assert any("erasure 1" in said for one in manifests for said in one.rewritten)
        for folder, manifest in zip(folders, manifests, strict=True):
            rows = sum(pq.read_metadata(path).num_rows for path in folder.glob("records-*.parquet"))
            assert rows == manifest.fetched
            assert manifest.batch_id.endswith(manifest.content_sha256[:12])
            for path in folder.glob("pages-*.parquet"):
                for page in pq.read_table(path).to_pylist():
                    json.loads(page["body"])


@pytest.fixture(scope="module")
def next_night(erased: Province) -> Province:
    """The sources send everything again."""
    tomorrow = EPOCH + timedelta(days=1)
    erased.set_clock(tomorrow)
    with erased.context.engine.begin() as db:
        db.exec_driver_sql("DELETE FROM meta.watermark")
    rotate_keys(erased.context.engine, Keyring(erased.context.settings, None), "Trần Bí", "thử")
    for dataset in PERSONAL:
        erased.run(dataset, tomorrow)
    return erased


def test_the_next_night_does_not_bring_the_person_back(
    next_night: Province, person: tuple[str, ...], before: dict[str, Any]
) -> None:
    tomorrow = EPOCH + timedelta(days=1)
    batch = next_night.rows(
        "SELECT batch_id FROM meta.batch WHERE dataset = 'health_records' AND as_of = :day", day=tomorrow
    )
    assert batch
    manifest = read_manifest(next_night.context.settings.raw_zone / "health_records" / batch[0][0])
    assert manifest.erased == before["rows"]["health_records"]
    test_the_person_is_in_no_file(next_night, person)
    test_the_person_is_in_no_table(next_night, person)
    codes = {row[0] for row in next_night.rows("SELECT record_code FROM dw.fact_health_record")}
    assert not codes & before["about"]["health_records"]
    balanced = next_night.rows("SELECT DISTINCT balanced FROM dq.reconciliation")
    assert balanced == [(True,)]


def test_a_night_that_is_judged_again_gives_the_same(next_night: Province, person: tuple[str, ...]) -> None:
    star = next_night.star()
    for dataset in ABOUT_PERSONS:
        pipeline.replay_day(dataset, EPOCH, next_night.context, by="Trần Bí", reason="thử")
    assert next_night.star() == star
    test_the_person_is_in_no_table(next_night, person)


def test_the_command_takes_the_person_from_standard_input_only(
    next_night: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = Keyring(next_night.context.settings, None)
    monkeypatch.setattr(privacy_cli, "_opened", lambda: (next_night.context.engine, keyring))
    words = ["privacy", "erase", "--order", "13/QĐ", "--by", "Trần Bí", "--reason", "thử"]
    done = CliRunner().invoke(cli.app, words, input="051 185 009 999\n")
    assert done.exit_code == 0, done.output
    assert "nothing of this person was found" in done.output
    assert "051" not in done.output
    listed = CliRunner().invoke(cli.app, ["privacy", "erasures"])
    assert ORDER.reference in listed.output
    assert "NOT FINISHED" not in listed.output
    with pytest.raises(ConfigurationError, match="line 1 is no identifier") as caught:
        read_identifiers(io.StringIO("Nguyễn Văn An"))
    assert "An" not in str(caught.value).replace("Next", "")


def test_a_running_extraction_is_not_disturbed(next_night: Province) -> None:
    settings = next_night.context.settings
    landing = settings.raw_zone / "enterprises" / ".landing-2026-11-22"
    landing.mkdir()
    with (
        file_lock(landing.with_name(f"{landing.name}.lock"), timeout=0, purpose="test"),
        pytest.raises(HostError),
    ):
        erase_person(next_night.context.engine, settings, Keyring(settings, None), ("051185009998",), ORDER)
    assert landing.is_dir()
    erase_person(next_night.context.engine, settings, Keyring(settings, None), ("051185009998",), ORDER)
    assert not landing.exists()
    with next_night.context.engine.connect() as db:
        assert db.scalar(sa.text("SELECT count(*) FROM meta.erasure WHERE finished_at IS NULL")) == 0


def test_an_order_without_a_person_who_decided_it_is_refused(province: Province, tmp_path: Path) -> None:
    settings = province.context.settings
    order = erasure_victim.erasure.Order("1/QĐ", " ", "thử")
    with pytest.raises(ConfigurationError, match="an order, a person who decided it and a reason"):
        erase_person(province.context.engine, settings, Keyring(settings, None), ("051185009997",), order)
