"""Land parcels night after night: a table that does not say what changed, all the way to the star."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from kho import pipeline
from kho.errors import GateClosed, ReconciliationError, SourceUnavailable
from kho.quality.measure import measure_night

from .night import EPOCH, Province, a_sandbox, new_province

DATASET = "land_parcels"
MASTER = ("administrative_units", "agencies")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple]:
    with a_sandbox(size=4_000, defect_scale=3.0) as running:
        yield running


@pytest.fixture
def province(sandbox: tuple) -> Province:
    """A province that knows its units and agencies."""
    made = new_province(*sandbox)
    made.set_clock(EPOCH)
    for dataset in MASTER:
        made.run(dataset, EPOCH)
    return made


def _quarantine(province: Province) -> Counter[str]:
    rows = province.rows(
        "SELECT business_key FROM dq.quarantine WHERE dataset = :d AND status = 'open'", d=DATASET
    )
    return Counter(key for (key,) in rows)


def _planted(province: Province, nights: int) -> Counter[str]:
    manifest = province.manifest(DATASET, EPOCH + timedelta(days=nights))
    return Counter(d["business_key"] for d in manifest["defects"] if d["severity"] == "critical")


def _live(province: Province) -> set[str]:
    return {
        key for (key,) in province.rows("SELECT parcel_code FROM dw.fact_land_parcel WHERE NOT is_deleted")
    }


def test_after_many_nights_star_and_quarantine_are_what_the_source_shows(province: Province) -> None:
    outcomes, landed = [], []
    for nights in (0, 1, 2, 2, 9, 30):
        today = EPOCH + timedelta(days=nights)
        province.set_clock(today)
        results = province.run(DATASET, today)
        outcomes.append(results[-1].outcome)
        landed.append(results[0].counts["fetched"])
        assert _quarantine(province) == _planted(province, nights), nights
    assert outcomes == ["loaded", "loaded", "loaded", "unchanged", "loaded", "loaded"]
    assert all(later < landed[0] / 4 for later in landed[1:3]), "only what changed is landed"

    fresh = new_province(province.settings, province.server, province.sandbox)
    for dataset in MASTER:
        fresh.run(dataset, today)
    fresh.run(DATASET, today)
    assert _live(province) == _live(fresh)
    assert province.scalar("SELECT count(*) FROM dw.fact_land_parcel WHERE is_deleted") > 0
    facts = (
        "SELECT parcel_code, map_sheet, parcel_number, area_m2, land_use_code, has_certificate, "
        "certified_date_key FROM dw.fact_land_parcel WHERE NOT is_deleted ORDER BY 1"
    )
    assert province.rows(facts) == fresh.rows(facts)


def test_a_deleted_row_closes_its_case(province: Province) -> None:
    province.run(DATASET, EPOCH)
    some = next(iter(sorted(key for key in _quarantine(province) if key)))
    with _land_database(province) as run:
        run("DELETE FROM dia_chinh.thua_dat WHERE ma_thua = %s", some)
        tomorrow = EPOCH + timedelta(days=1)
        assert province.run(DATASET, tomorrow)[-1].outcome == "loaded"
    status = province.rows("SELECT status FROM dq.quarantine WHERE business_key = :k", k=some)
    assert {row[0] for row in status} == {"resolved"}


def test_changes_that_were_overtaken_are_not_loaded(province: Province) -> None:
    province.run(DATASET, EPOCH)
    nights = [EPOCH + timedelta(days=n) for n in (1, 2)]
    province.set_clock(nights[0])
    late = pipeline.extract(DATASET, nights[0], province.context).batch_id
    province.set_clock(nights[1])
    province.run(DATASET, nights[1])
    star = province.everything_in_dw()
    assert late is not None
    with pytest.raises(ReconciliationError, match="cannot be loaded after"):
        pipeline.load(late, province.context)
    assert province.everything_in_dw() == star


def test_a_register_that_has_lost_half_waits_though_none_vanished_the_night_before(
    province: Province,
) -> None:
    """Only a night in which parcels vanished lands all keys; what was there before, the snapshot tells."""
    province.run(DATASET, EPOCH)
    live = sorted(_live(province))
    with _land_database(province) as run:
        run("UPDATE dia_chinh.thua_dat SET so_to = so_to + 1 WHERE ma_thua = %s", live[0])
        assert province.run(DATASET, EPOCH + timedelta(days=1))[-1].outcome == "loaded"
        run("DELETE FROM dia_chinh.thua_dat WHERE ma_thua = ANY(%s)", live[: len(live) // 2])
        with pytest.raises(GateClosed, match="records are no longer at the source"):
            province.run(DATASET, EPOCH + timedelta(days=2))
    assert sorted(_live(province)) == live


def test_a_source_without_a_change_date_is_live_as_of_the_night_that_saw_it(province: Province) -> None:
    """Parcels and agencies have no such date; the units are a file of ours, which nobody else keeps up to date."""
    province.run(DATASET, EPOCH)
    tomorrow = EPOCH + timedelta(days=1)
    # The second night finds no answer for the parcels, and does not run the agencies.
    pipeline.finish(DATASET, tomorrow, province.context, error=SourceUnavailable("no answer"))
    live = []
    for night in (EPOCH, tomorrow):
        with province.context.engine.begin() as db:
            measure_night(db, night, province.context.settings)
        found = province.rows(
            "SELECT dataset, failed, fault FROM dq.evidence WHERE as_of = :n AND principle = 'live'", n=night
        )
        live.append(sorted(tuple(row) for row in found))
    assert live == [
        [("agencies", 0, "none"), (DATASET, 0, "none")],
        [("agencies", 1, "own_fault"), (DATASET, 1, "gateway_down")],
    ]


def _land_database(province: Province):  # type: ignore[no-untyped-def]
    import contextlib

    import psycopg2

    @contextlib.contextmanager
    def open_database() -> Iterator[object]:
        db = psycopg2.connect(province.server.libpq_uri("sandbox_land"))
        db.autocommit = True
        yield lambda statement, *values: db.cursor().execute(statement, values)
        db.close()

    return open_database()
