"""A source declared in a page: what the kit promises for every record set."""

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kho.sandbox.clocks import day_of, moment_of
from kho.sandbox.cohorts import Cohorts, Daily, Monthly
from kho.sandbox.defects import DefectKind, put
from kho.sandbox.files import DropFolders
from kho.sandbox.records import Batch, RecordSet
from kho.sandbox.records_view import RecordsView
from kho.sandbox.reference import load_reference
from kho.sandbox.source import FileDrop, Setup, Source
from kho.sandbox.views import ALL_DAYS, View, chunks
from kho.sandbox.world import World

EPOCH = date(2026, 11, 20)
KINDS = (
    DefectKind("copied", (), 0.02, severity="none", correctable=False, repeat="exact"),
    DefectKind("contradicted", ("unique",), 0.02, correctable=False, repeat="conflict"),
    DefectKind("spoiled", ("state_known",), 0.05, put("state", "?")),
)


def write(batch: Batch) -> dict[str, Any]:
    return {
        "code": [f"R{number}" for number in batch.number.tolist()],
        "state": [str(version) for version in batch.version.tolist()],
        "updated": [moment_of(instant) for instant in batch.updated.tolist()],
    }


def declared(cohorts: Cohorts, **more: Any) -> RecordSet:
    return RecordSet("things", KINDS, cohorts, write, ("code",), owner="H48", **more)


DAILY = declared(
    Daily(20_000, 90),
    changes=(0.5, 0.5),
    deleted=0.3,
    contradict=lambda row: row.update(state="old"),
    row_id="id",
)
MONTHLY = declared(Monthly(lambda setup: 400, 4), changes=(0.2,))
BOTH = pytest.mark.parametrize("record_set", [DAILY, MONTHLY], ids=["daily", "monthly"])


@cache
def setup(scale: float = 1.0) -> Setup:
    return Setup(51, 20_000, day_of(EPOCH), scale, load_reference())


def on(population: Any, nights: int) -> RecordsView:
    view = population.on(day_of(EPOCH + timedelta(days=nights)))
    assert isinstance(view, RecordsView)
    return view


def rows(view: View) -> list[Any]:
    return view.page(*ALL_DAYS, 0, 1_000_000).rows


@BOTH
def test_rows_depend_on_the_date_alone(record_set: RecordSet) -> None:
    wandering, fresh = record_set.populate(setup()), record_set.populate(setup())
    for nights in (-10, 40, 0):
        on(wandering, nights)
    assert rows(on(wandering, 7)) == rows(on(fresh, 7)) != rows(on(fresh, 6))


@BOTH
def test_rows_arrive_in_order_and_at_most_three_days_late(record_set: RecordSet) -> None:
    population, ages, before = record_set.populate(setup()), set(), None
    for nights in range(-25, 12):
        today = EPOCH + timedelta(days=nights)
        shown = rows(on(population, nights))
        times = [row["updated"] for row in shown]
        assert times == sorted(times)
        if before is not None:
            new = [row for row in shown if (row["code"], row["updated"], row["state"]) not in before]
            ages |= {(today - row["updated"].date()).days for row in new}
        before = {(row["code"], row["updated"], row["state"]) for row in shown}
    assert ages == {1, 2, 3}


@BOTH
def test_every_kind_is_there_and_mended_only_where_it_says_so(record_set: RecordSet) -> None:
    population = record_set.populate(setup())
    view = on(population, 0)
    assert {planted.kind for planted in view.planted()} == {"contradicted", "spoiled"}
    assert view.copies()
    assert {planted.agency_code for planted in view.planted()} == {"H48"}
    mended = {planted.business_key for planted in on(population, 60).corrected()}
    assert mended
    states = {row["code"]: row["state"] for row in rows(on(population, 60))}
    assert all(states[code] == "0" for code in mended)
    good = {row["code"] for row in rows(view)} - {planted.business_key for planted in view.planted()}
    assert not good & {planted.business_key for planted in on(population, 60).planted()}


def test_of_contradicting_copies_the_older_one_is_the_defect() -> None:
    view = on(DAILY.populate(setup()), 0)
    losers = {planted.business_key for planted in view.planted() if planted.kind == "contradicted"}
    copies = [row for row in rows(view) if row["code"] in losers]
    assert len(copies) == 2 * len(losers)
    assert {row["code"]: row["state"] for row in copies} == dict.fromkeys(losers, "0")
    assert sum(row["state"] == "old" for row in copies) == len(losers)


def test_nothing_is_planted_at_scale_zero() -> None:
    view = on(DAILY.populate(setup(0.0)), 0)
    assert (view.planted(), view.copies(), view.corrected()) == ([], [], [])


@pytest.mark.parametrize("nights", [(0, 1), (0, 25), (25, 3)], ids=["next", "weeks", "back"])
def test_changes_bring_one_date_to_another(nights: tuple[int, int]) -> None:
    population = DAILY.populate(setup())
    earlier, later = on(population, nights[0]), on(population, nights[1])
    table = {row["id"]: row for row in rows(earlier)}
    assert len(table) == len(rows(earlier))
    changes = later.changes_since(earlier)
    for gone in changes.gone:
        table.pop(gone, None)
    for part in changes.chunks(100):
        for row in part:
            assert table.setdefault(row["id"], row) is row
    assert sorted(table.values(), key=lambda row: row["id"]) == sorted(rows(later), key=lambda row: row["id"])


def test_chunks_hold_every_row_once() -> None:
    view = on(MONTHLY.populate(setup()), 0)
    parts = list(chunks(view, 33))
    assert [row for part in parts for row in part] == rows(view)
    assert max(map(len, parts)) == 33


def test_a_drop_folder_follows_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def drop(view: View, today: date, folder: Path) -> None:
        (folder / "count.txt").write_text(f"{today} {view.page(*ALL_DAYS, 0, 1).total}")

    served = FileDrop("post_box", drop)
    source = Source("things", ("code",), KINDS, MONTHLY.populate, served)
    monkeypatch.setattr("kho.sandbox.files.drops", lambda: {"things": served})
    world = World(51, 1000, EPOCH, sources=[source])
    folders = DropFolders(tmp_path)
    folder = Path(folders.folders()["post_box"])
    said = set()
    for nights in (0, 20):
        folders.turn_to(world.on(EPOCH + timedelta(days=nights)))
        said.add((folder / "count.txt").read_text())
    assert len(said) == 2
