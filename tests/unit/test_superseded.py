"""Which records of an old batch a newer one has in a newer form, or no more."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from kho.contracts import load_contract
from kho.quality.superseded import superseded_rows
from kho.raw_zone.landing import Landing
from kho.raw_zone.manifest import Manifest

PARCELS = load_contract("land_parcels")
TYPES = {"so_to": pa.int64(), "so_thua": pa.int64(), "dien_tich": pa.float64()}


def batch(home: Path, name: str, parcels: list[str | None], keys: list[str] | None = None) -> Path:
    """A batch of the raw zone with these parcels, and with the source's keys if they were read."""
    columns = {
        c.source_name: pa.nulls(len(parcels), TYPES.get(c.source_name, pa.string())) for c in PARCELS.columns
    }
    records = pa.record_batch(columns | {"ma_thua": pa.array(parcels, pa.string())})
    with Landing(home, "land_parcels", name) as landing:
        landing.write_batches([records])
        if keys is not None:
            landing.write_batches([pa.record_batch({"ma_thua": pa.array(keys, pa.string())})], "keys")
        return landing.publish(Manifest(name, "land_parcels", None, "1", "x", "x", len(parcels)))  # type: ignore[arg-type]


def rows(folder: Path, *later: Path) -> list[int]:
    return sorted(n for found in superseded_rows(PARCELS, folder, later) for n in found.column(0).to_pylist())


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return batch(tmp_path, "old", ["A", "B", "C", " D ", None])


def test_without_anything_newer_nothing_is_superseded(old: Path) -> None:
    assert rows(old) == []


def test_a_key_that_came_again_is_superseded_however_it_is_spaced(tmp_path: Path, old: Path) -> None:
    first, second = batch(tmp_path, "first", ["B", "X"]), batch(tmp_path, "second", ["D", None])
    assert rows(old, first) == [1]
    assert rows(old, first, second) == [1, 3]


def test_a_key_that_vanished_is_superseded_by_its_absence(tmp_path: Path, old: Path) -> None:
    """The newest list of keys counts; a record without a key is in no list."""
    first = batch(tmp_path, "first", ["X"], keys=["A", "X"])
    second = batch(tmp_path, "second", ["Y"], keys=["A", "B", "D", "X", "Y"])
    third = batch(tmp_path, "third", ["A"])
    assert rows(old, first, second, third) == [0, 2, 4]
