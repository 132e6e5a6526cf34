"""Spot fixes of single values: applied to what is staged, never to the raw zone, and only while they match."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlalchemy as sa

from kho import pipeline
from kho.contracts import load_contract
from kho.corrections import corrected, corrections_in_force, count_matches
from kho.errors import ConfigurationError, ContractError
from kho.pipeline import Context
from kho.raw_zone.landing import Landing, record_files
from kho.raw_zone.manifest import Manifest
from kho.report.corrections import read_corrections
from kho.settings import Settings

from .gates import AGENCIES, land, small_context  # noqa: F401

NIGHT = date(2026, 11, 20)
FIX = """
corrections:
  - id: agency_21_name
    key: {agency_code: 000.00.21.H48}
    column: name_vi
    from: null
    to: Sở Số 21
    why: Danh mục chưa có tên
    reported_to: Văn phòng UBND tỉnh, công văn 12
    by: Trần B
    date: 2026-11-12
    rows: 1
    valid_until: 2026-12-31
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Put a file of corrections where the project looks for them."""
    folder = tmp_path / "corrections"
    folder.mkdir()
    monkeypatch.setattr(Settings, "corrections_dir", property(lambda _: folder))

    def put(text: str = FIX, dataset: str = AGENCIES) -> Path:
        path = folder / f"{dataset}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return put


def rows(context: Context, query: str, **values: Any) -> list[Any]:
    with context.engine.connect() as db:
        return list(db.execute(sa.text(query), values))


def test_a_correction_is_applied_before_the_rules_and_written_down(context: Context, write: Write) -> None:
    write()
    batch = land(context, good=20, bad=3)
    before = [
        path.read_bytes() for path in map(Path, record_files(context.settings.raw_zone / AGENCIES / batch))
    ]
    staged = pipeline.stage(batch, context)
    assert staged.message == "corrected by hand: agency_21_name"
    assert pipeline.load(batch, context).counts["quarantined"] == 2
    (agency,) = rows(context, "SELECT name_vi FROM dw.dim_agency WHERE agency_code = '000.00.21.H48'")
    assert agency.name_vi == "Sở Số 21"
    pipeline.stage(batch, context)
    (applied,) = rows(context, "SELECT * FROM dq.correction_applied")
    assert (applied.batch_id, applied.correction_id, applied.rows) == (batch, "agency_21_name", 1)
    assert (applied.from_value, applied.to_value, applied.by_whom) == (None, "Sở Số 21", "Trần B")
    after = [
        path.read_bytes() for path in map(Path, record_files(context.settings.raw_zone / AGENCIES / batch))
    ]
    assert after == before
    pipeline.finish(AGENCIES, NIGHT, context, batch_id=batch, outcome="loaded")
    with context.engine.connect() as db:
        (said,) = read_corrections(db, NIGHT)
    assert (said.record, said.column, said.new, said.reported_to) == (
        "000.00.21.H48",
        "name_vi",
        "Sở Số 21",
        "Văn phòng UBND tỉnh, công văn 12",
    )
    page = Path(pipeline.write_report(NIGHT, context).message).read_text(encoding="utf-8")
    assert "(trống) → Sở Số 21" in page


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("from: null", 'from: "Sở cũ"', id="another value came"),
        pytest.param("rows: 1", "rows: 2", id="fewer records came"),
        pytest.param("000.00.21.H48", "000.00.05.H48", id="it is mended"),
        pytest.param("000.00.21.H48", "000.00.99.H48", id="the whole table came without it"),
    ],
)
def test_a_correction_that_does_not_match_fails_its_night_with_file_and_line(
    context: Context, write: Write, old: str, new: str
) -> None:
    write(FIX.replace(old, new))
    batch = land(context, good=20, bad=3)
    with pytest.raises(ConfigurationError, match="'agency_21_name' no longer matches") as caught:
        pipeline.stage(batch, context)
    assert caught.value.where == "corrections/agencies.yaml:3"
    assert rows(context, "SELECT * FROM dq.correction_applied") == []
    pipeline.finish(AGENCIES, NIGHT, context, batch_id=batch, error=caught.value)
    assert rows(context, "SELECT outcome, fault FROM meta.night") == [("failed", "own_fault")]


@pytest.mark.parametrize(
    ("end", "days"),
    [
        pytest.param("2026-11-19", 0, id="its time is over"),
        pytest.param("2026-12-31", -9, id="its time has not begun"),
    ],
)
def test_a_correction_whose_day_it_is_not_is_left_out_and_named(
    context: Context, write: Write, end: str, days: int
) -> None:
    write(FIX.replace("2026-12-31", end))
    night = NIGHT + timedelta(days=days)
    batch = land(context, good=20, bad=3, night=night)
    assert pipeline.stage(batch, context).message == (
        f"not corrected on {night}: agency_21_name matches and holds from 2026-11-12 to {end}"
    )
    assert pipeline.load(batch, context).counts["quarantined"] == 3
    assert rows(context, "SELECT * FROM dq.correction_applied") == []


def test_a_correction_written_after_the_night_mends_its_case_when_it_is_replayed(
    context: Context, write: Write
) -> None:
    pipeline.load(land(context, good=20, bad=3), context)
    write(FIX.replace("date: 2026-11-12", "date: 2026-11-23"))
    why: dict[str, Any] = {"by": "Trần B", "reason": "đã sửa"}
    early = pipeline.replay(AGENCIES, context, today=date(2026, 11, 22), **why)
    assert "holds from 2026-11-23" in early[1].message
    assert rows(context, "SELECT count(*) FROM dq.quarantine WHERE status = 'open'") == [(3,)]
    results = pipeline.replay(AGENCIES, context, today=date(2026, 11, 23), **why)
    assert results[1].message == "corrected by hand: agency_21_name"
    assert rows(context, "SELECT name_vi FROM dw.dim_agency WHERE agency_code = '000.00.21.H48'") == [
        ("Sở Số 21",)
    ]
    assert rows(context, "SELECT count(*) FROM dq.quarantine WHERE status = 'open'") == [(2,)]
    (checked,) = pipeline.rebuild(AGENCIES, context, check=True, **why)
    assert checked.outcome == "unchanged"


def test_a_night_is_replayed_with_the_corrections_of_the_day_of_the_replay(
    context: Context, write: Write
) -> None:
    pipeline.load(land(context, good=20, bad=3), context)
    write(FIX.replace("date: 2026-11-12", "date: 2026-11-23"))
    results = pipeline.replay_day(
        AGENCIES, NIGHT, context, by="Trần B", reason="đã sửa", today=date(2026, 11, 23)
    )
    assert results[1].message == "corrected by hand: agency_21_name"


def test_a_changed_correction_makes_the_night_run_again(write: Write) -> None:
    without = load_contract(AGENCIES).content_sha256
    write()
    with_one = load_contract(AGENCIES).content_sha256
    write(FIX.replace("Sở Số 21", "Sở Số hai mốt"))
    assert len({without, with_one, load_contract(AGENCIES).content_sha256}) == 3


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        pytest.param("    why: Danh mục chưa có tên\n", "", 3, "why", id="no reason"),
        pytest.param("rows: 1", "rows: 0", 12, "rows", id="no rows"),
        pytest.param("why:", "whi:", 8, "whi", id="misspelt"),
        pytest.param("to: Sở Số 21", "to: 21", 7, "string", id="a number without quotes"),
        pytest.param("name_vi", "ten", 5, "can be corrected", id="unknown column"),
        pytest.param("column: name_vi", "column: agency_code", 5, "can be corrected", id="the key itself"),
        pytest.param("{agency_code:", "{name_vi:", 4, "agency_code", id="not the key"),
        pytest.param("2026-12-31", "2026-11-01", 3, "before", id="ends before it begins"),
        pytest.param("from: null", "from: Sở Số 21", 3, "the same", id="changes nothing"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(write: Write, old: str, new: str, line: int, said: str) -> None:
    write(FIX.replace(old, new))
    with pytest.raises(ContractError, match=said) as caught:
        corrections_in_force(load_contract(AGENCIES), NIGHT)
    assert caught.value.where == f"corrections/agencies.yaml:{line}"


def test_personal_data_is_not_corrected_here(write: Write) -> None:
    text = FIX.replace("{agency_code: 000.00.21.H48}", "{dossier_code: H48.1}").replace(
        "name_vi", "applicant_name"
    )
    write(text, "public_service_dossiers")
    with pytest.raises(ContractError, match="personal data does not belong here"):
        corrections_in_force(load_contract("public_service_dossiers"), NIGHT)


def test_a_value_keeps_the_type_that_the_source_sends(tmp_path: Path, write: Write) -> None:
    contract = load_contract("land_parcels")
    text = FIX.replace("{agency_code: 000.00.21.H48}", "{parcel_code: A}").replace("name_vi", "area_m2")
    write(text.replace("from: null", 'from: "12.5"').replace("Sở Số 21", '"13.25"'), "land_parcels")
    fixes = corrections_in_force(contract, NIGHT)
    columns = {c.source_name: pa.nulls(2, pa.string()) for c in contract.columns}
    columns |= {"ma_thua": pa.array(["A", "B"]), "dien_tich": pa.array([12.5, 12.5])}
    with Landing(tmp_path / "raw", "land_parcels", "test") as landing:
        landing.write_batches([pa.record_batch(columns)])
        manifest = Manifest("x", "land_parcels", NIGHT, "1", "x", "x", 2)
        folder = landing.publish(manifest)
    (applied,) = count_matches(contract, fixes, manifest, folder)
    assert applied.rows == 1
    with duckdb.connect() as duck:
        changed = corrected(duck.read_parquet(record_files(folder)), contract, fixes).order("ma_thua")
        assert changed.select("ma_thua, dien_tich").fetchall() == [("A", 13.25), ("B", 12.5)]
    write(text.replace("from: null", 'from: "12.5"').replace("Sở Số 21", "nhiều"), "land_parcels")
    with pytest.raises(ConfigurationError, match="is no double"):
        count_matches(contract, corrections_in_force(contract, NIGHT), manifest, folder)


@pytest.mark.parametrize(("listed", "is_gone"), [(["A", "B"], False), (["B"], True), ([], False)])
def test_of_a_table_that_sends_its_changes_only_a_record_that_left_it_no_longer_matches(
    tmp_path: Path, write: Write, listed: list[str], is_gone: bool
) -> None:
    contract = load_contract("land_parcels")
    text = FIX.replace("{agency_code: 000.00.21.H48}", "{parcel_code: A}").replace("name_vi", "area_m2")
    write(text.replace("Sở Số 21", '"13.25"'), "land_parcels")
    columns = {c.source_name: pa.nulls(1, pa.string()) for c in contract.columns}
    columns["ma_thua"] = pa.array(["B"])
    with Landing(tmp_path / "raw", "land_parcels", "test") as landing:
        landing.write_batches([pa.record_batch(columns)])
        if listed:
            landing.write_batches([pa.record_batch({"ma_thua": pa.array(listed)})], "snapshot")
        manifest = Manifest("x", "land_parcels", NIGHT, "1", "x", "x", 1)
        folder = landing.publish(manifest)
    fixes = corrections_in_force(contract, NIGHT)
    if is_gone:
        with pytest.raises(ConfigurationError, match="no longer matches: 0 records have its key"):
            count_matches(contract, fixes, manifest, folder)
    else:
        assert count_matches(contract, fixes, manifest, folder) == ()
